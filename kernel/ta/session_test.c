/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions, instances and parameters, with real images and scripted apps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "abi/tenon.h"
#include "kernel/arch/host/app.h"
#include "kernel/guest/guest.h"
#include "kernel/ta/ta.h"

#define PAGES 1200
/* Flags of ta_head in these shipped files: see each. */
#define MULTI_SESSION "023f8f1a-292a-432b-8fc4-de8471358067" /* single-instance, multi-session */
#define ONE_SESSION   "731e279e-aafb-4575-a771-38caa6f0cca6" /* single-instance */
#define PER_SESSION   "02a42f43-d8b7-4a57-aa4d-87bd9b5587cb" /* an instance per session */
#define KEEP_ALIVE                                                                                 \
	"fd02c9da-306c-48c7-a49c-bbd827ae86ee" /* single-instance, multi-session, keep-alive */

static struct model guest;
static uint8_t uuid[16];

static void use_app(struct model *model, const char *name)
{
	app_uuid(uuid, name);
	bool in_kit = !strcmp(name, MULTI_SESSION) || !strcmp(name, KEEP_ALIVE);
	app_load_file(model, in_kit ? KIT_TA_DIR : TEST_TA_DIR, name);
}

static int start(void **state)
{
	(void)state;
	model_boot(&guest, PAGES);
	app_reset();
	use_app(&guest, MULTI_SESSION);
	return 0;
}

static void everything_is_back(void)
{
	struct image_totals images;

	model_all_back();
	image_totals(&images);
	assert_int_equal(images.images, 0);
}

static int stop(void **state)
{
	(void)state;
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 1, 0, 0).a[0], SMC_OK);
	everything_is_back();
	return 0;
}

static struct model_message invoke_message(uint32_t session, uint32_t func, unsigned params)
{
	return (struct model_message){.header = {.cmd = MSG_CMD_INVOKE_COMMAND,
						 .session = session,
						 .func = func,
						 .num_params = params}};
}

static uint32_t invoke(struct model *model, uint32_t session)
{
	struct model_message m = invoke_message(session, 1, 0);
	uint32_t a0 = model_call(model, &m);

	return a0 ? 0xAAAA0000u | a0 : m.header.ret;
}

static uint32_t open(uint32_t *session)
{
	return model_open(&guest, uuid, session);
}

static void ta_044_to_048_an_entry_has_its_registers_and_results(void **state)
{
	uint32_t a, b;

	(void)state;
	assert_int_equal(open(&a), TEE_SUCCESS);
	assert_int_equal(open(&b), TEE_SUCCESS);
	assert_int_not_equal(a, b);
	assert_int_equal(app_entries[TA_FUNC_OPEN_SESSION], 2);
	app_result = 0x12345678;
	struct model_message m = invoke_message(a, 0xFFFFFFFE, 0);
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	assert_int_equal(m.header.ret, 0x12345678);
	assert_int_equal(m.header.ret_origin, TEE_ORIGIN_TRUSTED_APP);
	assert_int_equal(model_close(&guest, a), TEE_SUCCESS);
	app_result = 0;
	assert_int_equal(model_close(&guest, b), TEE_SUCCESS);
	assert_int_equal(app_entries[TA_FUNC_CLOSE_SESSION], 2);
	assert_int_equal(invoke(&guest, b), TEE_ERROR_BAD_PARAMETERS);
}

static struct utee_params seen;

static void swap_params(struct arch_aspace *as, struct user_context *ctx, struct utee_params *p)
{
	if (ctx->x[0] != TA_FUNC_INVOKE_COMMAND)
		return;
	seen = *p;
	for (unsigned n = 0; n < 4; n++) {
		uint64_t *vals = &p->vals[2 * n];
		switch (TEE_PARAM_TYPE(p->types, n)) {
		case TEE_PARAM_VALUE_INOUT:
		case TEE_PARAM_VALUE_OUTPUT:
			vals[0] += 0x100000001ull;
			vals[1] += 2;
			break;
		case TEE_PARAM_MEMREF_INPUT:
			assert_null(host_user_memory(as, vals[0], PROT_W));
			assert_non_null(host_user_memory(as, vals[0], PROT_R));
			assert_null(host_user_memory(as, vals[0], PROT_X));
			break;
		case TEE_PARAM_MEMREF_OUTPUT:
			if (vals[0])
				memset(host_user_memory(as, vals[0], PROT_R | PROT_W), 'x',
				       vals[1] > 8 ? 8 : vals[1]);
			vals[1] = 1ull << 40;
			break;
		default:
			vals[0] = vals[1] = 77;
			break;
		}
	}
	p->types = 0; /* the kernel keeps to its own */
}

/* TA-047, TA-055, TA-056, TA-059, NW-074, NW-075, NW-085 */
static void parameters_of_all_kinds_go_in_and_out(void **state)
{
	uint64_t pa = model_alloc(&guest, 2 * PAGE_SIZE);
	uint32_t session;

	(void)state;
	assert_int_equal(model_register(&guest, pa + 100, 5000, 0x40), TEE_SUCCESS);
	assert_int_equal(open(&session), TEE_SUCCESS);
	app_on_entry = swap_params;
	struct model_message m = invoke_message(session, 1, 4);
	m.params[0] =
		(struct msg_param){MSG_ATTR_VALUE_INOUT, .u.value = {0xAAAAAAAA00000001, 5, 99}};
	m.params[1] = (struct msg_param){MSG_ATTR_RMEM_IN, .u.rmem = {10, 4990, 0x40}};
	m.params[2] = (struct msg_param){MSG_ATTR_RMEM_OUT, .u.rmem = {20, 30, 0x40}};
	m.params[3] = (struct msg_param){MSG_ATTR_VALUE_OUT, .u.value = {7, 8, 9}};
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_SUCCESS);
	assert_int_equal(seen.types, 0x2653);
	assert_int_equal(seen.vals[0], 1);
	assert_int_equal(seen.vals[2] % PAGE_SIZE, (pa + 110) % PAGE_SIZE);
	assert_int_equal(seen.vals[3], 4990);
	assert_int_equal(seen.vals[6], 0);
	assert_int_equal(m.params[0].u.value.a, 2);
	assert_int_equal(m.params[0].u.value.b, 7);
	assert_int_equal(m.params[0].u.value.c, 99);
	assert_int_equal(m.params[1].u.rmem.size, 4990);
	assert_int_equal(m.params[2].u.rmem.size, 1ull << 40);
	assert_int_equal(m.params[3].u.value.a, 1);
	assert_memory_equal(host_ns(pa + 120), "xxxxxxxx", 8);
	assert_int_equal(host_ns_mappings(), 0);
	m = invoke_message(session, 1, 2);
	m.params[0] = (struct msg_param){MSG_ATTR_TMEM_OUT, .u.tmem = {0, 12, 0}};
	m.params[1] = (struct msg_param){MSG_ATTR_RMEM_OUT, .u.rmem = {5000, 0, 0x40}};
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_SUCCESS);
	assert_int_equal(seen.vals[0], 0);
	assert_int_equal(seen.vals[1], 0);
	assert_int_not_equal(seen.vals[2], 0);
	assert_int_equal(seen.vals[3], 0);
	assert_int_equal(m.params[0].u.tmem.size, 1ull << 40);
	app_on_entry = NULL;
	assert_int_equal(model_close(&guest, session), TEE_SUCCESS);
	assert_int_equal(model_unregister(&guest, 0x40), TEE_SUCCESS);
}

static void dies_and_is_dead(const struct app_step *step)
{
	uint32_t a, b, fresh;

	assert_int_equal(open(&a), TEE_SUCCESS);
	assert_int_equal(open(&b), TEE_SUCCESS);
	app_steps = step;
	app_step_count = 1;
	struct model_message m = invoke_message(a, 1, 0);
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_ERROR_TARGET_DEAD);
	assert_int_equal(m.header.ret_origin, TEE_ORIGIN_TEE);
	app_step_count = 0;
	unsigned entries = app_entries[TA_FUNC_INVOKE_COMMAND];
	assert_int_equal(invoke(&guest, a), TEE_ERROR_TARGET_DEAD);
	assert_int_equal(invoke(&guest, b), TEE_ERROR_TARGET_DEAD);
	assert_int_equal(app_entries[TA_FUNC_INVOKE_COMMAND], entries);
	assert_int_equal(open(&fresh), TEE_SUCCESS);
	assert_int_equal(invoke(&guest, fresh), TEE_SUCCESS);
	assert_int_equal(model_close(&guest, a), TEE_SUCCESS);
	assert_int_equal(model_close(&guest, b), TEE_SUCCESS);
	assert_int_equal(model_close(&guest, fresh), TEE_SUCCESS);
}

/* Attack row 14: no session goes on with the state of the next instance. */
static void ta_049_to_051_a_panic_kills_one_instance_and_the_next_open_gets_another(void **state)
{
	const struct app_step panics = {APP_SYSCALL, SYS_PANIC, {0xdead}};
	const struct app_step faults = {.what = APP_FAULT};

	(void)state;
	dies_and_is_dead(&panics);
	dies_and_is_dead(&faults);
	use_app(&guest, KEEP_ALIVE);
	dies_and_is_dead(&panics);
}

static void an_app_that_dies_or_refuses_in_open_leaves_nothing(void **state)
{
	const struct app_step panics = {APP_SYSCALL, SYS_PANIC, {1}};
	uint32_t session;

	(void)state;
	app_steps = &panics;
	app_step_count = 1;
	assert_int_equal(open(&session), TEE_ERROR_TARGET_DEAD);
	app_step_count = 0;
	app_result = TEE_ERROR_GENERIC;
	struct model_message m = {.header = {.cmd = MSG_CMD_OPEN_SESSION, .num_params = 2},
				  .params = {{.attr = 0x101}, {.attr = 0x101}}};
	memcpy(m.params[0].u.octets, uuid, 16);
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_ERROR_GENERIC);
	assert_int_equal(m.header.ret_origin, TEE_ORIGIN_TRUSTED_APP);
	uint64_t instances;
	assert_int_equal(guest_stat(1, TENON_STAT_INSTANCES, &instances), SMC_OK);
	assert_int_equal(instances, 0);
}

static uint64_t stat(uint32_t key)
{
	uint64_t value;

	assert_int_equal(guest_stat(1, key, &value), SMC_OK);
	return value;
}

static void ta_072_073_074_flags_decide_how_many_instances_there_are(void **state)
{
	uint32_t a, b;

	(void)state;
	use_app(&guest, ONE_SESSION);
	assert_int_equal(open(&a), TEE_SUCCESS);
	assert_int_equal(open(&b), TEE_ERROR_BUSY);
	assert_int_equal(model_close(&guest, a), TEE_SUCCESS);
	assert_int_equal(open(&a), TEE_SUCCESS);
	assert_int_equal(model_close(&guest, a), TEE_SUCCESS);
	use_app(&guest, PER_SESSION);
	assert_int_equal(open(&a), TEE_SUCCESS);
	assert_int_equal(open(&b), TEE_SUCCESS);
	assert_int_equal(stat(TENON_STAT_INSTANCES), 2);
	assert_int_equal(model_close(&guest, a), TEE_SUCCESS);
	assert_int_equal(model_close(&guest, b), TEE_SUCCESS);
	assert_int_equal(stat(TENON_STAT_INSTANCES), 0);
	use_app(&guest, KEEP_ALIVE);
	assert_int_equal(open(&a), TEE_SUCCESS);
	assert_int_equal(model_close(&guest, a), TEE_SUCCESS);
	assert_int_equal(stat(TENON_STAT_INSTANCES), 1);
	unsigned rpcs = guest.rpcs;
	assert_int_equal(open(&a), TEE_SUCCESS);
	assert_int_equal(guest.rpcs, rpcs);
	assert_int_equal(model_close(&guest, a), TEE_SUCCESS);
}

static void ta_076_an_app_that_is_nowhere_is_not_found(void **state)
{
	uint32_t session;

	(void)state;
	guest.ta_file = NULL;
	struct model_message m = {.header = {.cmd = MSG_CMD_OPEN_SESSION, .num_params = 2},
				  .params = {{.attr = 0x101}, {.attr = 0x101}}};
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_ERROR_ITEM_NOT_FOUND);
	assert_int_equal(m.header.ret_origin, TEE_ORIGIN_TEE);
	assert_int_equal(open(&session), TEE_ERROR_ITEM_NOT_FOUND);
}

static void a_second_guest_pays_for_writable_pages_only(void **state)
{
	struct model other;
	struct page_totals t0, t1, t2;
	uint32_t a, b;

	(void)state;
	model_start(&other, 2);
	use_app(&other, MULTI_SESSION);
	pages_totals(&t0);
	assert_int_equal(open(&a), TEE_SUCCESS);
	pages_totals(&t1);
	assert_int_equal(model_open(&other, uuid, &b), TEE_SUCCESS);
	pages_totals(&t2);
	assert_true(t1.free - t2.free + 20 < t0.free - t1.free);
	uint64_t mine = stat(TENON_STAT_PAGES), others;
	assert_int_equal(guest_stat(2, TENON_STAT_PAGES, &others), SMC_OK);
	assert_in_range(others, mine - 1, mine + 1); /* charged alike */
	/* NW-073, I2: a session of the other is unknown, closing it impossible. */
	assert_int_equal(invoke(&other, a + 100), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(model_close(&other, b), TEE_SUCCESS);
	assert_int_equal(invoke(&other, a), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 2, 0, 0).a[0], SMC_OK);
	assert_int_equal(invoke(&guest, a), TEE_SUCCESS);
}

/* I8, attack rows 13, 33: every allocation on the way fails once. */
static void running_out_of_pages_anywhere_is_an_error_code(void **state)
{
	unsigned refused = 0;
	bool all = false;

	(void)state;
	for (uint32_t limit = 1; !all; limit++) {
		struct model m;
		uint32_t session, result;

		assert_true(limit < 300);
		model_start(&m, 2);
		use_app(&m, MULTI_SESSION);
		assert_int_equal(
			model_admin(SMC_TENON_GUEST_CONFIGURE, 2, TENON_KEY_RESERVE_PAGES, 0).a[0],
			SMC_OK);
		assert_int_equal(
			model_admin(SMC_TENON_GUEST_CONFIGURE, 2, TENON_KEY_LIMIT_PAGES, limit)
				.a[0],
			SMC_OK);
		result = model_register(&m, model_alloc(&m, 9 * PAGE_SIZE), 9 * PAGE_SIZE, 0x40);
		if (result == TEE_SUCCESS)
			result = model_open(&m, uuid, &session);
		if (result == TEE_SUCCESS) {
			struct model_message msg = invoke_message(session, 1, 1);
			msg.params[0] = (struct msg_param){MSG_ATTR_RMEM_INOUT,
							   .u.rmem = {0, 9 * PAGE_SIZE, 0x40}};
			assert_int_equal(model_call(&m, &msg), SMC_OK);
			result = msg.header.ret;
			all = result == TEE_SUCCESS;
		}
		assert_true(result == TEE_SUCCESS || result == TEE_ERROR_OUT_OF_MEMORY ||
			    result == (0xAAAA0000u | SMC_ENOMEM));
		refused += result != TEE_SUCCESS;
		assert_int_equal(m.payload_count, 0);
		assert_int_equal(model_admin(SMC_VM_DESTROYED, 2, 0, 0).a[0], SMC_OK);
	}
	assert_true(refused > 20);
}

/* Unreferenced images stay for the next guest, and go when somebody needs the memory. */
static void unused_images_give_way_to_whoever_needs_pages(void **state)
{
	struct image_totals images;
	uint32_t session;
	void *taken = NULL, *page;

	(void)state;
	assert_int_equal(open(&session), TEE_SUCCESS);
	assert_int_equal(model_close(&guest, session), TEE_SUCCESS);
	image_totals(&images);
	assert_int_equal(images.images, 1);
	assert_true(images.unused_pages > 20);
	while ((page = page_alloc(&system_budget))) {
		*(void **)page = taken;
		taken = page;
	}
	image_totals(&images);
	assert_int_equal(images.images, 0);
	while ((page = taken)) {
		taken = *(void **)page;
		page_free(&system_budget, page);
	}
}

static unsigned corrupt_at;

static bool corrupt_file(struct model *model, uint32_t cmd, struct msg_header *message,
			 bool *served)
{
	(void)served;
	struct msg_param *p = (struct msg_param *)(message + 1);
	static uint8_t copy[2 << 20];

	if (cmd != RPC_CMD_LOAD_TA || p[1].attr != MSG_ATTR_RMEM_OUT)
		return true;
	memcpy(copy, model->context, model->ta_size);
	copy[corrupt_at] ^= 1;
	model->ta_file = copy;
	return true;
}

/* TA-009, NW-113 */
static void a_corrupt_file_is_refused_and_nothing_stays(void **state)
{
	const unsigned offsets[] = {0, 4, 8, 12, 16, 18, 20, 52, 3000, 8000};
	uint32_t session;

	(void)state;
	guest.on_rpc = corrupt_file;
	guest.context = (void *)guest.ta_file;
	for (unsigned i = 0; i < array_count(offsets); i++) {
		corrupt_at = offsets[i];
		assert_int_equal(open(&session), TEE_ERROR_SECURITY);
		assert_int_equal(guest.payload_count, 0);
	}
	assert_int_equal(stat(TENON_STAT_INSTANCES), 0);
	guest.on_rpc = NULL;
	guest.ta_file = guest.context;
	assert_int_equal(open(&session), TEE_SUCCESS);
}

static uint64_t lie_size;
static unsigned lie_when;

static bool lie_about_size(struct model *model, uint32_t cmd, struct msg_header *message,
			   bool *served)
{
	struct msg_param *p = (struct msg_param *)(message + 1);
	bool first = p[1].attr == MSG_ATTR_TMEM_OUT;

	(void)model;
	if (cmd == RPC_CMD_LOAD_TA && lie_when == (first ? 1 : 2)) {
		p[1].u.tmem.size = lie_size;
		message->ret = TEE_SUCCESS;
		*served = true;
	}
	return true;
}

/* NW-103, NW-110, NW-113, TA-020 */
static void hostile_answers_to_load_ta_are_refused(void **state)
{
	const uint64_t sizes[] = {0, 1, 19, 400, 1ull << 24, 1ull << 32, 1ull << 63, UINT64_MAX};
	uint32_t session;

	(void)state;
	guest.on_rpc = lie_about_size;
	for (lie_when = 1; lie_when <= 2; lie_when++) {
		for (unsigned i = 0; i < array_count(sizes); i++) {
			lie_size = sizes[i];
			if (lie_when == 1 && sizes[i] == 1ull << 24)
				continue; /* a model guest has not that much memory to give */
			uint32_t result = open(&session);
			assert_true(result == TEE_ERROR_SECURITY ||
				    result == TEE_ERROR_OUT_OF_MEMORY);
		}
	}
	guest.on_rpc = NULL;
	assert_int_equal(guest.payload_count, 0);
}

static bool stop_when_told(struct model *model, uint32_t cmd, struct msg_header *message,
			   bool *served)
{
	unsigned *left = model->context;

	(void)cmd;
	(void)message;
	(void)served;
	return (*left)-- != 0;
}

/* Leaves a call of the session at its first exit; its thread id. */
static uint32_t leave(uint32_t cmd, uint32_t session)
{
	unsigned left = 0;
	struct model_message m = {.header = {.cmd = cmd, .session = session}};

	guest.on_rpc = stop_when_told;
	guest.context = &left;
	assert_int_equal(model_call(&guest, &m), MODEL_LEFT);
	guest.on_rpc = NULL;
	return guest.thread_id;
}

static uint32_t finish(uint32_t thread_id)
{
	const struct msg_header *header = host_ns(guest.left[thread_id % 64].message - MSG_SIZE(0));

	guest.thread_id = thread_id;
	assert_int_equal(model_resume(&guest), SMC_OK);
	return header->ret;
}

/* Attack row 23: the guest decides which of its waiting calls goes on first, so a command can come
 * to its turn when its session has been closed. */
static void a_command_that_waited_until_its_session_was_closed_does_not_enter(void **state)
{
	static const struct app_step interrupted = {.what = APP_INTERRUPTED};
	uint32_t session, keeper;

	(void)state;
	assert_int_equal(open(&keeper), TEE_SUCCESS);
	assert_int_equal(open(&session), TEE_SUCCESS);
	app_steps = &interrupted;
	app_step_count = 1;
	uint32_t inside = leave(MSG_CMD_INVOKE_COMMAND, session);
	uint32_t waiting = leave(MSG_CMD_INVOKE_COMMAND, session);
	uint32_t closing = leave(MSG_CMD_CLOSE_SESSION, session);
	assert_int_equal(finish(inside), TEE_SUCCESS);
	assert_int_equal(finish(closing), TEE_SUCCESS);
	assert_int_equal(finish(waiting), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(app_entries[TA_FUNC_INVOKE_COMMAND], 1);
	app_step_count = 0;
	assert_int_equal(invoke(&guest, keeper), TEE_SUCCESS);
	assert_int_equal(model_close(&guest, keeper), TEE_SUCCESS);
}

/* Attack row 13: the image is verified, and then there is no page for the system to take it over.
 */
static void an_image_that_the_system_has_no_room_for_stays_its_guests_own(void **state)
{
	static void *eaten[PAGES];
	unsigned count = 0;
	uint32_t session;

	(void)state;
	assert_int_equal(guest_configure(1, TENON_KEY_RESERVE_PAGES, (uint32_t[4]){400}), SMC_OK);
	while ((eaten[count] = page_alloc(&system_budget)))
		count++;
	/* Twice: the second time it is found, or loaded again after it went. */
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(open(&session), TEE_SUCCESS);
		assert_int_equal(model_close(&guest, session), TEE_SUCCESS);
	}
	while (count > 0)
		page_free(&system_budget, eaten[--count]);
	assert_int_equal(open(&session), TEE_SUCCESS);
	assert_int_equal(model_close(&guest, session), TEE_SUCCESS);
}

/* I7: while interrupts wait, no VM_DESTROYED of a restartable guest gives back more than a batch.
 */
static void the_memory_of_apps_is_given_back_in_small_steps(void **state)
{
	struct page_totals before, after;
	uint32_t session, status;
	unsigned rounds = 0;

	(void)state;
	assert_int_equal(guest_configure(1, TENON_KEY_RESTARTABLE, (uint32_t[4]){1}), SMC_OK);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(open(&session), TEE_SUCCESS);
	use_app(&guest, KEEP_ALIVE);
	assert_int_equal(open(&session), TEE_SUCCESS);
	host_foreign_pending = true;
	do {
		pages_totals(&before);
		status = model_admin(SMC_VM_DESTROYED, 1, 0, 0).a[0];
		pages_totals(&after);
		assert_in_range(after.free - before.free, 0, 40);
		assert_true(++rounds < 200);
	} while (status == SMC_EBUSY);
	host_foreign_pending = false;
	assert_int_equal(status, SMC_OK);
	assert_true(rounds > 10);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(ta_044_to_048_an_entry_has_its_registers_and_results),
		TEST(parameters_of_all_kinds_go_in_and_out),
		TEST(ta_049_to_051_a_panic_kills_one_instance_and_the_next_open_gets_another),
		TEST(an_app_that_dies_or_refuses_in_open_leaves_nothing),
		TEST(ta_072_073_074_flags_decide_how_many_instances_there_are),
		TEST(ta_076_an_app_that_is_nowhere_is_not_found),
		TEST(a_second_guest_pays_for_writable_pages_only),
		TEST(running_out_of_pages_anywhere_is_an_error_code),
		TEST(unused_images_give_way_to_whoever_needs_pages),
		TEST(a_corrupt_file_is_refused_and_nothing_stays),
		TEST(hostile_answers_to_load_ta_are_refused),
		TEST(a_command_that_waited_until_its_session_was_closed_does_not_enter),
		TEST(an_image_that_the_system_has_no_room_for_stays_its_guests_own),
		TEST(the_memory_of_apps_is_given_back_in_small_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
