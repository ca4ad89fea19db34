/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that guests lend: its last page, and what races with its coming and going. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "abi/tenon.h"
#include "kernel/arch/host/app.h"
#include "kernel/guest/guest.h"
#include "kernel/shm/shm.h"
#include "kernel/ta/image.h"

#define PAGES  1600
#define COOKIE 0x40u

static struct model guest;
static uint8_t uuid[16];

static int start(void **state)
{
	(void)state;
	model_boot(&guest, PAGES);
	app_reset();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	host_foreign_pending = false;
	model_end(&guest);
	return 0;
}

static uint64_t counter(uint32_t vm_id, uint32_t key)
{
	uint64_t value;

	assert_int_equal(guest_stat(vm_id, key, &value), SMC_OK);
	return value;
}

/* --- the last page ------------------------------------------------------------------------------
 */

/* Secure memory, which no guest may name. */
#define SECURE 0x0E100000u

/* A list of four pages that are not neighbours; what is behind the last one that is needed is
 * secure. */
static uint64_t *spread_list(uint64_t list, uint64_t pa, unsigned needed)
{
	uint64_t *entries = host_ns(list);

	for (unsigned i = 0; i < 4; i++)
		entries[i] = i < needed ? pa + 2 * i * PAGE_SIZE : SECURE;
	return entries;
}

static uint32_t register_list(uint64_t list, uint64_t size)
{
	struct model_message m = {
		.header = {.cmd = MSG_CMD_REGISTER_SHM, .num_params = 1},
		.params[0] = {.attr = MSG_ATTR_SHM_LIST, .u.tmem = {list, size, COOKIE}},
	};

	assert_int_equal(model_call(&guest, &m), SMC_OK);
	return m.header.ret;
}

/* The bytes at both ends go where the guest has them, and there is none behind the last. */
static void check_ends(uint64_t pa, uint64_t offset, uint64_t size)
{
	struct guest *g = guest_enter(1);
	struct shm *shm = shm_get(g, COOKIE);
	uint64_t last = offset + size - 1;
	uint8_t *first_byte = host_ns(pa + offset);
	uint8_t *last_byte = host_ns(pa + last / PAGE_SIZE * 2 * PAGE_SIZE + last % PAGE_SIZE);

	assert_non_null(shm);
	assert_true(shm_contains(shm, 0, size));
	assert_true(shm_contains(shm, size - 1, 1));
	assert_false(shm_contains(shm, size - 1, 2));
	assert_false(shm_contains(shm, size, 1));
	assert_false(shm_contains(shm, 1, UINT64_MAX));
	*first_byte = *last_byte = 0;
	assert_true(shm_write(shm, 0, "F", 1));
	assert_int_equal(*first_byte, 'F');
	assert_true(shm_write(shm, size - 1, "L", 1));
	assert_int_equal(*last_byte, 'L');
	shm_put(shm);
	guest_leave(g);
}

/* Exactly the pages that are touched count, and each of them is checked. */
static void check_range(uint64_t list, uint64_t pa, uint64_t offset, uint64_t size)
{
	unsigned needed = (offset + size + PAGE_SIZE - 1) / PAGE_SIZE;
	uint64_t *entries = spread_list(list, pa, needed);

	assert_int_equal(register_list(list + offset, size), TEE_SUCCESS);
	assert_int_equal(counter(1, TENON_STAT_SHM_PAGES), needed);
	check_ends(pa, offset, size);
	assert_int_equal(model_unregister(&guest, COOKIE), TEE_SUCCESS);
	entries[needed - 1] = SECURE;
	assert_int_equal(register_list(list + offset, size), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(counter(1, TENON_STAT_SHM_PAGES), 0);
}

/* Attack row 2: every offset in a page, with every size that ends one before, at or one behind the
 * end of a page, and the smallest. */
static void the_last_page_of_any_range_is_counted_and_checked(void **state)
{
	uint64_t list = model_alloc(&guest, PAGE_SIZE), pa = model_alloc(&guest, 8 * PAGE_SIZE);

	(void)state;
	for (uint64_t offset = 0; offset < PAGE_SIZE; offset++) {
		check_range(list, pa, offset, 1);
		for (uint64_t end = PAGE_SIZE; end <= 3 * PAGE_SIZE; end += PAGE_SIZE) {
			for (uint64_t at = end - 1; at <= end + 1; at++) {
				if (at > offset + 1)
					check_range(list, pa, offset, at - offset);
			}
		}
	}
}

/* --- several calls under one cookie -------------------------------------------------------------
 */

#define CALLS      4u
#define LIST_PAGES 200u

static bool stop_there(struct model *model, uint32_t cmd, struct msg_header *message, bool *served)
{
	(void)cmd;
	(void)message;
	(void)served;
	return model->context && (*(unsigned *)model->context)-- > 0;
}

/* Begins to register under COOKIE and leaves the call after so many bites of the list. */
static uint32_t left_in_register(unsigned bites)
{
	uint64_t pa = model_alloc(&guest, LIST_PAGES * PAGE_SIZE);
	struct model_message m = {
		.header = {.cmd = MSG_CMD_REGISTER_SHM, .num_params = 1},
		.params[0] = {.attr = MSG_ATTR_SHM_LIST,
			      .u.tmem = {model_page_list(&guest, pa, LIST_PAGES * PAGE_SIZE),
					 LIST_PAGES * PAGE_SIZE, COOKIE}},
	};
	struct smc_args args;

	guest.on_rpc = stop_there;
	guest.context = NULL;
	host_foreign_pending = true;
	assert_int_equal(model_call(&guest, &m), MODEL_LEFT);
	for (; bites > 1; bites--) {
		args = model_smc(&guest, SMC_RETURN_FROM_RPC, 0, 0, guest.thread_id);
		assert_int_equal(args.a[0], SMC_RPC_FOREIGN_INTR);
	}
	host_foreign_pending = false;
	guest.on_rpc = NULL;
	return guest.thread_id;
}

static void finish(uint32_t thread_id)
{
	guest.thread_id = thread_id;
	assert_int_equal(model_resume(&guest), SMC_OK);
}

/* Nobody finds what is being registered, be it by name or as the place of a message. */
static void nothing_is_found(void)
{
	assert_int_equal(model_unregister(&guest, COOKIE), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(model_smc(&guest, SMC_CALL_WITH_REGD_ARG, 0, COOKIE, 0).a[0],
			 SMC_EBADADDR);
}

/* Attack row 22: calls of several vCPUs register under one cookie, each of them interrupted in the
 * middle of its list, and end in any order: none is lost, and none is found before it is whole. */
static void registrations_under_one_cookie_may_end_in_any_order(void **state)
{
	(void)state;
	for (unsigned order = 0; order < 24; order++) {
		unsigned left = CALLS, digits = order;
		uint32_t ids[CALLS];

		guest.used = 0;
		for (unsigned i = 0; i < CALLS; i++)
			ids[i] = left_in_register(1 + i % 3);
		nothing_is_found();
		assert_int_equal(counter(1, TENON_STAT_SHM_PAGES), CALLS * LIST_PAGES);
		for (; left > 0; left--) {
			unsigned next = digits % left;
			digits /= left;
			finish(ids[next]);
			ids[next] = ids[left - 1];
		}
		for (unsigned i = 0; i < CALLS; i++)
			assert_int_equal(model_unregister(&guest, COOKIE), TEE_SUCCESS);
		nothing_is_found();
		assert_int_equal(counter(1, TENON_STAT_SHM_PAGES), 0);
	}
}

/* Attack row 22: and if the guest dies meanwhile, all of it goes. */
static void a_guest_that_dies_in_several_registrations_leaves_nothing(void **state)
{
	(void)state;
	for (unsigned finished = 0; finished <= CALLS; finished++) {
		uint32_t ids[CALLS];

		for (unsigned i = 0; i < CALLS; i++)
			ids[i] = left_in_register(1 + i % 3);
		for (unsigned i = 0; i < finished; i++)
			finish(ids[i]);
		stop(state);
		model_start(&guest, 1);
	}
}

/* --- lending, using and taking back, against each other -----------------------------------------
 */

#define GUESTS 3u
#define IN_APP 6u /* calls that a guest has at once */

enum role {
	REGISTER,
	INVOKE,
	UNREGISTER
};

/* A guest, and what it should find. Each buffer holds the number of the registration. */
static struct player {
	struct model model;
	uint64_t ram_mark;
	uint32_t session;
	uint64_t buffer[2]; /* registered in turn under one cookie */
	unsigned registered;
	struct {
		uint32_t thread_id;
		enum role role;
	} call[IN_APP];
	unsigned calls;
} players[GUESTS];
static uint64_t seed;
static unsigned entries, done[3], waits;

static uint64_t draw(uint64_t below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 33) % below;
}

static void check_memory(struct arch_aspace *as, const struct utee_params *p)
{
	const uint64_t *seen = host_user_memory(as, p->vals[0], PROT_R | PROT_W | PROT_NS);

	assert_non_null(seen);
	assert_int_equal(*seen, p->vals[2]);
}

/* The app sees the memory of the guest that called, and no other: when it enters … */
static void see_memory(struct arch_aspace *as, struct user_context *ctx, struct utee_params *p)
{
	if (ctx->x[0] != TA_FUNC_INVOKE_COMMAND)
		return;
	check_memory(as, p);
	entries++;
}

/* … and after it was interrupted, whatever happened meanwhile. */
static void see_it_again(const struct app_step *step, struct arch_aspace *as,
			 struct user_context *ctx)
{
	const struct utee_params *p = host_user_memory(as, ctx->sp, PROT_R);

	(void)step;
	if (p->types)
		check_memory(as, p);
}

static void start_player(unsigned n)
{
	struct player *p = &players[n];

	memset(p, 0, sizeof(*p));
	model_start(&p->model, n + 1);
	app_load_file(&p->model, KIT_TA_DIR, "023f8f1a-292a-432b-8fc4-de8471358067");
	p->buffer[0] = model_alloc(&p->model, PAGE_SIZE);
	p->buffer[1] = model_alloc(&p->model, PAGE_SIZE);
	for (unsigned i = 0; i < 2; i++)
		*(uint64_t *)host_ns(p->buffer[i]) = n + 1;
	assert_int_equal(model_open(&p->model, uuid, &p->session), TEE_SUCCESS);
	p->ram_mark = p->model.used;
}

static void end_player(unsigned n)
{
	assert_int_equal(model_admin(SMC_VM_DESTROYED, n + 1, 0, 0).a[0], SMC_OK);
}

static struct model_message message_of(struct player *p, enum role role)
{
	struct model_message m = {.header = {.num_params = 1}};

	switch (role) {
	case REGISTER:
		m.header.cmd = MSG_CMD_REGISTER_SHM;
		m.params[0].attr = MSG_ATTR_SHM_LIST;
		m.params[0].u.tmem = (struct msg_tmem){
			model_page_list(&p->model, p->buffer[draw(2)], 64), 64, COOKIE};
		break;
	case INVOKE:
		m.header.cmd = MSG_CMD_INVOKE_COMMAND;
		m.header.session = p->session;
		m.header.num_params = 2;
		m.params[0] = (struct msg_param){MSG_ATTR_RMEM_INOUT, .u.rmem = {0, 64, COOKIE}};
		m.params[1] = (struct msg_param){MSG_ATTR_VALUE_IN, .u.value.a = p->model.vm_id};
		break;
	default:
		m.header.cmd = MSG_CMD_UNREGISTER_SHM;
		m.params[0] = (struct msg_param){MSG_ATTR_RMEM_IN, .u.rmem = {0, 0, COOKIE}};
	}
	return m;
}

/* Only what the guest itself has registered may be found, and only that often. */
static void check_result(struct player *p, enum role role, uint32_t result)
{
	if (role == REGISTER) {
		assert_int_equal(result, TEE_SUCCESS);
		p->registered++;
	} else {
		assert_true(result == TEE_SUCCESS || result == TEE_ERROR_BAD_PARAMETERS);
	}
	done[role] += result == TEE_SUCCESS;
}

static bool stop_sometimes(struct model *model, uint32_t cmd, struct msg_header *message,
			   bool *served)
{
	(void)model;
	(void)cmd;
	(void)message;
	(void)served;
	host_foreign_pending = false;
	return draw(3) == 0;
}

static void begin(struct player *p)
{
	enum role role = draw(3);
	struct model_message m;

	if (p->calls == 0)
		p->model.used = p->ram_mark;
	m = message_of(p, role);
	host_foreign_pending = draw(2);
	p->model.on_rpc = stop_sometimes;
	uint32_t a0 = model_call(&p->model, &m);
	host_foreign_pending = false;
	if (a0 == MODEL_LEFT) {
		p->call[p->calls].role = role;
		p->call[p->calls++].thread_id = p->model.thread_id;
		waits += role == UNREGISTER;
		return;
	}
	assert_int_equal(a0, SMC_OK);
	check_result(p, role, m.header.ret);
}

static void go_on(struct player *p)
{
	unsigned n = draw(p->calls);
	uint32_t id = p->call[n].thread_id;
	enum role role = p->call[n].role;
	const struct msg_header *header;

	header = host_ns(p->model.left[id % 64].message - MSG_SIZE(role == INVOKE ? 2 : 1));
	p->model.thread_id = id;
	host_foreign_pending = draw(2);
	uint32_t a0 = model_resume(&p->model);
	host_foreign_pending = false;
	if (a0 == MODEL_LEFT)
		return;
	assert_int_equal(a0, SMC_OK);
	p->call[n] = p->call[--p->calls];
	check_result(p, role, header->ret);
}

static void step(void)
{
	unsigned n = draw(GUESTS);
	struct player *p = &players[n];

	if (draw(400) == 0) {
		end_player(n);
		start_player(n);
	} else if (p->calls == IN_APP || (p->calls > 0 && draw(2))) {
		go_on(p);
	} else if (p->model.used + 16 * PAGE_SIZE < p->model.ram_size) {
		begin(p);
	} else {
		end_player(n);
		start_player(n);
	}
}

/*
 * Attack rows 18 and 24: calls of several guests register, use and unregister memory under the same
 * name, stop wherever they can, and go on in any order; guests die in the middle. Whoever has found
 * memory keeps it until it has done, and nobody finds what is another's or gone.
 */
static void memory_comes_and_goes_while_calls_of_several_guests_use_it(void **state)
{
	static const struct app_step interrupted[] = {{.what = APP_INTERRUPTED},
						      {APP_SYSCALL, SYS_RANDOM, {0, 0}},
						      {.what = APP_INTERRUPTED},
						      {APP_SYSCALL, SYS_RANDOM, {0, 0}}};

	(void)state;
	model_destroy(&guest);
	app_uuid(uuid, "023f8f1a-292a-432b-8fc4-de8471358067");
	app_on_entry = see_memory;
	app_prepare = see_it_again;
	for (seed = 1; seed != 0 && seed < 4; seed++) {
		uint64_t this = seed;
		for (unsigned n = 0; n < GUESTS; n++)
			start_player(n);
		app_steps = interrupted;
		app_step_count = array_count(interrupted);
		for (unsigned i = 0; i < 8000; i++)
			step();
		app_step_count = 0;
		for (unsigned n = 0; n < GUESTS; n++)
			end_player(n);
		assert_int_equal(host_ns_mappings(), 0);
		seed = this;
	}
	assert_true(done[REGISTER] > 1000 && done[INVOKE] > 500 && done[UNREGISTER] > 500);
	assert_true(entries >= done[INVOKE] && waits > 100);
	app_reset();
	model_start(&guest, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(the_last_page_of_any_range_is_counted_and_checked),
		TEST(registrations_under_one_cookie_may_end_in_any_order),
		TEST(a_guest_that_dies_in_several_registrations_leaves_nothing),
		TEST(memory_comes_and_goes_while_calls_of_several_guests_use_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
