/* SPDX-License-Identifier: BSD-2-Clause */
/* Every call in every state of the guest that it is for, and messages with every count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "abi/tenon.h"
#include "kernel/arch/host/app.h"
#include "kernel/guest/guest.h"
#include "kernel/ta/image.h"

#define PAGES  1200
#define VICTIM 2u

static const uint8_t device_uuid[16] = {0x70, 0x11, 0xa6, 0x88, 0xdd, 0xde, 0x40, 0x53,
					0xa5, 0xa9, 0x7b, 0x3c, 0x4d, 0xdf, 0x13, 0xb8};
static struct model guest, victim;

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

/* --- states -------------------------------------------------------------------------------------
 */

enum life {
	ABSENT,
	CREATED,
	CONFIGURED,
	CALLED,    /* with memory registered and a session open */
	SUSPENDED, /* and with a call that waits for its answer */
	DYING,     /* VM_DESTROYED has begun, and the hypervisor has not come back */
	DESTROYED,
	LIVES
};

static bool is_alive(enum life life)
{
	return life >= CREATED && life <= SUSPENDED;
}

static bool stop_there(struct model *model, uint32_t cmd, struct msg_header *message, bool *served)
{
	(void)model;
	(void)cmd;
	(void)message;
	(void)served;
	return false;
}

static void suspend_a_call(void)
{
	uint8_t uuid[16];
	uint32_t session;

	app_uuid(uuid, "023f8f1a-292a-432b-8fc4-de8471358067");
	victim.on_rpc = stop_there;
	assert_int_equal(model_open(&victim, uuid, &session), 0xAAAA0000u);
}

static void begin_to_destroy(void)
{
	host_foreign_pending = true;
	assert_int_equal(model_admin(SMC_VM_DESTROYED, VICTIM, 0, 0).a[0], SMC_EBUSY);
	host_foreign_pending = false;
}

static void bring_victim_to(enum life life)
{
	const uint32_t yes[4] = {1};
	uint32_t session;

	/* One that never was has memory to call from, too. */
	victim = (struct model){.vm_id = VICTIM, .ram = HOST_NS_BASE, .ram_size = 16 * PAGE_SIZE};
	if (life == ABSENT)
		return;
	model_start(&victim, VICTIM);
	if (life >= CONFIGURED)
		assert_int_equal(guest_configure(VICTIM, TENON_KEY_RESTARTABLE, yes), SMC_OK);
	if (life >= CALLED) {
		uint64_t pa = model_alloc(&victim, PAGE_SIZE);
		assert_int_equal(model_register(&victim, pa, PAGE_SIZE, 0x40), TEE_SUCCESS);
		assert_int_equal(model_open(&victim, device_uuid, &session), TEE_SUCCESS);
	}
	if (life >= SUSPENDED)
		suspend_a_call();
	if (life == DYING)
		begin_to_destroy();
	if (life == DESTROYED)
		assert_int_equal(model_admin(SMC_VM_DESTROYED, VICTIM, 0, 0).a[0], SMC_OK);
}

/* Whatever was done to it, it goes, all pages come back, and its neighbour has not noticed. */
static void end_victim(void)
{
	uint32_t session;

	assert_int_equal(model_admin(SMC_VM_DESTROYED, VICTIM, 0, 0).a[0], SMC_OK);
	assert_int_equal(guest_count(), 2);
	assert_int_equal(model_open(&guest, device_uuid, &session), TEE_SUCCESS);
	assert_int_equal(model_close(&guest, session), TEE_SUCCESS);
}

static bool answers_everybody(uint32_t id)
{
	return id == SMC_CALLS_COUNT || id == SMC_CALLS_UID || id == SMC_CALLS_REVISION ||
	       id == SMC_GET_OS_UUID || id == SMC_GET_OS_REVISION || id == SMC_GET_THREAD_COUNT;
}

static bool is_the_hypervisors(uint32_t id)
{
	return id == SMC_VM_CREATED || id == SMC_VM_DESTROYED || id == SMC_TENON_GUEST_CONFIGURE ||
	       id == SMC_TENON_GUEST_STATS || id == SMC_TENON_NOTIFY_NEXT || id == SMC_TENON_TRACE;
}

static bool is_the_guests(uint32_t id)
{
	return (id >= SMC_EXCHANGE_CAPABILITIES && id <= SMC_BOOT_SECONDARY) ||
	       id == SMC_GET_SHM_CONFIG || id == SMC_ENABLE_ASYNC_NOTIF ||
	       id == SMC_GET_ASYNC_NOTIF_VALUE;
}

static bool is_yielding(uint32_t id)
{
	return id == SMC_RETURN_FROM_RPC || id == SMC_CALL_WITH_ARG ||
	       id == SMC_CALL_WITH_RPC_ARG || id == SMC_CALL_WITH_REGD_ARG;
}

/* The victim makes the call, with registers that name nothing. */
static void call_of_victim(uint32_t id, enum life life)
{
	uint32_t a0 = model_smc(&victim, id, 0, 0x77, 0x7000).a[0];

	if (is_the_hypervisors(id))
		assert_int_equal(a0, SMC_ENOTAVAIL);
	else if (answers_everybody(id))
		assert_true(a0 == SMC_OK || id != SMC_GET_THREAD_COUNT);
	else if (is_the_guests(id) && !is_alive(life))
		assert_int_equal(a0, SMC_ENOTAVAIL);
	else if (is_the_guests(id))
		assert_true(a0 == SMC_OK || a0 == SMC_ENOTAVAIL || a0 == SMC_EBUSY);
	else if (id == SMC_RETURN_FROM_RPC)
		assert_int_equal(a0, is_alive(life) ? SMC_ERESUME : SMC_ENOTAVAIL);
	else if (is_yielding(id))
		assert_int_equal(a0, is_alive(life) ? SMC_EBADADDR : SMC_ENOTAVAIL);
	else
		assert_int_equal(a0, id & SMC_FAST ? SMC_UNKNOWN_FUNCTION : SMC_EBADCMD);
}

/* Attack row 30: every function, also those that are none, from a guest in every state. */
static void every_call_of_a_guest_in_any_state_is_answered(void **state)
{
	static const uint32_t bases[] = {0x32000000, 0xB2000000, 0xB2000F00, 0xBF00FF00};

	(void)state;
	for (enum life life = ABSENT; life < LIVES; life++) {
		for (unsigned i = 0; i < array_count(bases); i++) {
			for (uint32_t id = bases[i]; id < bases[i] + 0x18; id++) {
				bring_victim_to(life);
				call_of_victim(id, life);
				end_victim();
			}
		}
	}
}

/* Attack row 30: what the hypervisor may ask for about a guest, in every state of that guest. */
static void every_call_about_a_guest_in_any_state_has_its_answer(void **state)
{
	static const struct {
		uint32_t id, a2, a3;
		uint32_t answer[LIVES];
	} calls[] = {
		{SMC_VM_CREATED, 0, 0, {SMC_OK, 7, 7, 7, 7, 7, SMC_OK}},
		{SMC_VM_DESTROYED, 0, 0, {SMC_OK}},
		{SMC_TENON_GUEST_CONFIGURE, TENON_KEY_LIMIT_CALLS, 3, {7, 0, 0, 7, 7, 7, 7}},
		{SMC_TENON_GUEST_CONFIGURE, TENON_KEY_RESERVE_PAGES, 9, {7, 0, 0, 7, 7, 7, 7}},
		{SMC_TENON_GUEST_CONFIGURE, TENON_KEY_IDENTITY, 9, {7, 0, 0, 7, 7, 7, 7}},
		{SMC_TENON_GUEST_STATS, TENON_STAT_CALLS, 0, {7, 0, 0, 0, 0, 7, 7}},
	};

	(void)state;
	assert_int_equal(SMC_ENOTAVAIL, 7);
	for (unsigned i = 0; i < array_count(calls); i++) {
		for (enum life life = ABSENT; life < LIVES; life++) {
			bring_victim_to(life);
			assert_int_equal(
				model_admin(calls[i].id, VICTIM, calls[i].a2, calls[i].a3).a[0],
				calls[i].answer[life]);
			end_victim();
		}
	}
}

/* Attack row 30: a message from every state; it is served for a living guest only, and what the
 * guest cannot reach any more is not written to. */
static void a_message_of_a_guest_that_is_not_alive_is_not_looked_at(void **state)
{
	(void)state;
	for (enum life life = ABSENT; life < LIVES; life++) {
		struct model_message m = {.header = {.cmd = MSG_CMD_CANCEL, .ret = 0x1234}};
		bring_victim_to(life);
		victim.on_rpc = NULL;
		assert_int_equal(model_call_bare(&victim, &m),
				 is_alive(life) ? SMC_OK : SMC_ENOTAVAIL);
		assert_int_equal(m.header.ret, is_alive(life) ? TEE_ERROR_BAD_PARAMETERS : 0x1234);
		end_victim();
	}
}

/* --- lifecycle ----------------------------------------------------------------------------------
 */

#define NAMES 8

/* Attack row 21: creating and destroying in any order, with ids that are 0, taken, strange, or in
 * one bucket, does what a list of names does. */
static void guests_come_and_go_in_any_order(void **state)
{
	static const uint32_t ids[NAMES] = {0,       2,       66,         0x10000,
					    0x10002, 0xFFFF0, 0x80000002, UINT32_MAX};
	bool alive[NAMES] = {true};
	uint64_t seed = 21;
	uint32_t count = 2;

	(void)state;
	for (unsigned step = 0; step < 20000; step++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		unsigned n = (seed >> 33) % NAMES, what = (seed >> 40) % 4;
		struct model m = {.vm_id = ids[n]};
		if (what == 0) {
			assert_int_equal(model_admin(SMC_VM_CREATED, ids[n], 0, 0).a[0],
					 alive[n] ? SMC_ENOTAVAIL : SMC_OK);
			count += !alive[n];
			alive[n] = true;
		} else if (what == 1) {
			assert_int_equal(model_admin(SMC_VM_DESTROYED, ids[n], 0, 0).a[0], SMC_OK);
			count -= alive[n] && n != 0;
			alive[n] = n == 0;
		} else if (what == 2) {
			assert_int_equal(model_smc(&m, SMC_EXCHANGE_CAPABILITIES, 0, 0, 0).a[0],
					 alive[n] ? SMC_OK : SMC_ENOTAVAIL);
		} else {
			uint32_t a0 = model_admin(SMC_TENON_GUEST_STATS, ids[n], 0, 0).a[0];
			assert_int_equal(a0, alive[n] || ids[n] == TENON_STATS_SYSTEM
						     ? SMC_OK
						     : SMC_ENOTAVAIL);
		}
		assert_int_equal(guest_count(), count);
	}
	for (unsigned n = 1; n < NAMES; n++)
		assert_int_equal(model_admin(SMC_VM_DESTROYED, ids[n], 0, 0).a[0], SMC_OK);
}

/* --- counts in messages -------------------------------------------------------------------------
 */

#define COOKIE 0x40u

/* A parameter of some kind that is right by itself. */
static struct msg_param right_param(unsigned kind, uint64_t list)
{
	switch (kind % 4) {
	case 0:
		return (struct msg_param){MSG_ATTR_RMEM_INOUT, .u.rmem = {0, 64, COOKIE}};
	case 1:
		return (struct msg_param){MSG_ATTR_TMEM_IN | MSG_ATTR_NONCONTIG,
					  .u.tmem = {list, PAGE_SIZE, 0}};
	case 2:
		return (struct msg_param){MSG_ATTR_TMEM_OUT, .u.tmem = {0, 64, 0}};
	default:
		return (struct msg_param){.attr = MSG_ATTR_VALUE_IN};
	}
}

/* The most parameters with which a command can succeed. */
static unsigned params_max(uint32_t cmd)
{
	switch (cmd) {
	case MSG_CMD_OPEN_SESSION:
		return 6;
	case MSG_CMD_INVOKE_COMMAND:
		return 4;
	case MSG_CMD_REGISTER_SHM:
	case MSG_CMD_UNREGISTER_SHM:
		return 1;
	default:
		return 0;
	}
}

static struct msg_header *write_message(uint64_t page, uint32_t cmd, uint32_t session,
					uint32_t num_params, unsigned kind, uint64_t list)
{
	struct msg_header *header = host_ns(page);
	struct msg_param *params = (struct msg_param *)(header + 1);

	*header = (struct msg_header){
		.cmd = cmd, .session = session, .func = 99, .num_params = num_params};
	for (unsigned i = 0; i < num_params && i < MSG_MAX_PARAMS; i++)
		params[i] = right_param(kind + i, list);
	if (cmd == MSG_CMD_OPEN_SESSION && num_params > 1) {
		params[0] = params[1] = (struct msg_param){.attr = MSG_ATTR_META_VALUE_IN};
		memcpy(params[0].u.octets, device_uuid, 16);
	}
	return header;
}

/* Nothing that a refused message named is still held: the memory goes at once. */
static void nothing_is_held(uint64_t pa)
{
	uint64_t pages;

	assert_int_equal(guest_stat(1, TENON_STAT_SHM_PAGES, &pages), SMC_OK);
	assert_int_equal(pages, 1);
	assert_int_equal(model_unregister(&guest, COOKIE), TEE_SUCCESS);
	assert_int_equal(model_register(&guest, pa, PAGE_SIZE, COOKIE), TEE_SUCCESS);
}

/* Attack row 12: a count is never more than what was kept of the message, and giving back never
 * goes by it: every command with every number of parameters, whatever they are. */
static void more_parameters_than_a_command_takes_are_refused_and_nothing_is_held(void **state)
{
	uint64_t pa = model_alloc(&guest, PAGE_SIZE), page = model_alloc(&guest, PAGE_SIZE);
	uint64_t list = model_page_list(&guest, pa, PAGE_SIZE);
	uint32_t session;

	(void)state;
	assert_int_equal(model_register(&guest, pa, PAGE_SIZE, COOKIE), TEE_SUCCESS);
	assert_int_equal(model_open(&guest, device_uuid, &session), TEE_SUCCESS);
	for (uint32_t cmd = 0; cmd <= MSG_CMD_STOP_ASYNC_NOTIF; cmd++) {
		for (unsigned n = params_max(cmd) + 1; n <= MSG_MAX_PARAMS; n++) {
			for (unsigned kind = 0; kind < 4; kind++) {
				struct msg_header *header =
					write_message(page, cmd, session, n, kind, list);
				assert_int_equal(model_smc(&guest, SMC_CALL_WITH_ARG, page >> 32,
							   (uint32_t)page, 0)
							 .a[0],
						 SMC_OK);
				assert_int_equal(header->ret, TEE_ERROR_BAD_PARAMETERS);
				nothing_is_held(pa);
			}
		}
	}
	assert_int_equal(model_close(&guest, session), TEE_SUCCESS);
}

/* Attack row 12: a parameter that is bad, behind others that are right and hold memory already. */
static void a_bad_parameter_behind_good_ones_gives_back_what_they_took(void **state)
{
	static const uint64_t bad[] = {4, MSG_ATTR_META_VALUE_IN, MSG_ATTR_TMEM_IN};
	uint64_t pa = model_alloc(&guest, PAGE_SIZE), page = model_alloc(&guest, PAGE_SIZE);
	uint64_t list = model_page_list(&guest, pa, PAGE_SIZE);
	uint32_t session;

	(void)state;
	assert_int_equal(model_register(&guest, pa, PAGE_SIZE, COOKIE), TEE_SUCCESS);
	assert_int_equal(model_open(&guest, device_uuid, &session), TEE_SUCCESS);
	for (uint32_t cmd = MSG_CMD_OPEN_SESSION; cmd <= MSG_CMD_INVOKE_COMMAND; cmd++) {
		unsigned meta = cmd == MSG_CMD_OPEN_SESSION ? 2 : 0;
		for (unsigned n = meta + 1; n <= params_max(cmd); n++) {
			for (unsigned i = 0; i < array_count(bad) * 4; i++) {
				struct msg_header *header =
					write_message(page, cmd, session, n, i / 3, list);
				struct msg_param *last = (struct msg_param *)(header + 1) + n - 1;
				*last = (struct msg_param){bad[i % 3],
							   .u.tmem = {list, PAGE_SIZE, 0}};
				assert_int_equal(model_smc(&guest, SMC_CALL_WITH_ARG, page >> 32,
							   (uint32_t)page, 0)
							 .a[0],
						 SMC_OK);
				assert_int_equal(header->ret, TEE_ERROR_BAD_PARAMETERS);
				nothing_is_held(pa);
			}
		}
	}
	assert_int_equal(model_close(&guest, session), TEE_SUCCESS);
}

/* Attack rows 5, 6 and 7: counts whose product with the size of a parameter wraps, or nearly. */
static void counts_that_wrap_are_refused_before_anything_is_read(void **state)
{
	uint64_t pa = model_alloc(&guest, 2 * PAGE_SIZE);
	const uint32_t size = sizeof(struct msg_param);

	(void)state;
	assert_int_equal(model_register(&guest, pa, 2 * PAGE_SIZE, COOKIE), TEE_SUCCESS);
	for (uint64_t wraps = 1; wraps <= size; wraps++) {
		for (uint32_t more = 0; more < 8; more++) {
			uint32_t count = (uint32_t)((wraps << 32) / size + more - 4);
			if (count <= MSG_MAX_PARAMS)
				continue;
			struct msg_header *header =
				write_message(pa, MSG_CMD_INVOKE_COMMAND, 1, count, 0, 0);
			header->ret = 0x1234;
			for (unsigned i = 0; i < 3; i++) {
				const uint32_t ids[] = {SMC_CALL_WITH_ARG, SMC_CALL_WITH_RPC_ARG,
							SMC_CALL_WITH_REGD_ARG};
				uint64_t where = i == 2 ? COOKIE : pa;
				assert_int_equal(
					model_smc(&guest, ids[i], where >> 32, (uint32_t)where, 0)
						.a[0],
					SMC_EBADADDR);
			}
			assert_int_equal(header->ret, 0x1234);
		}
	}
}

/* Attack rows 19 and 37: there is no second way to lend memory. Calls of that interface, in both
 * widths, are unknown to whoever makes them, whatever descriptor they name. */
static void calls_of_other_interfaces_to_lend_memory_are_unknown(void **state)
{
	uint64_t pa = model_alloc(&guest, PAGE_SIZE);
	struct model everybody[] = {{.vm_id = 0}, guest, {.vm_id = 99}};
	uint8_t before[PAGE_SIZE];

	(void)state;
	memset(host_ns(pa), 0xA5, PAGE_SIZE);
	memcpy(before, host_ns(pa), PAGE_SIZE);
	for (uint32_t n = 0x60; n <= 0xFF; n++) {
		for (unsigned who = 0; who < array_count(everybody); who++) {
			const uint32_t ids[] = {0x84000000u | n, 0xC4000000u | n};
			for (unsigned wide = 0; wide < 2; wide++) {
				struct smc_args r = model_smc(&everybody[who], ids[wide], pa >> 32,
							      (uint32_t)pa, PAGE_SIZE);
				assert_int_equal(r.a[0], SMC_UNKNOWN_FUNCTION);
			}
		}
	}
	assert_memory_equal(host_ns(pa), before, PAGE_SIZE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(every_call_of_a_guest_in_any_state_is_answered),
		TEST(every_call_about_a_guest_in_any_state_has_its_answer),
		TEST(a_message_of_a_guest_that_is_not_alive_is_not_looked_at),
		TEST(guests_come_and_go_in_any_order),
		TEST(more_parameters_than_a_command_takes_are_refused_and_nothing_is_held),
		TEST(a_bad_parameter_behind_good_ones_gives_back_what_they_took),
		TEST(counts_that_wrap_are_refused_before_anything_is_read),
		TEST(calls_of_other_interfaces_to_lend_memory_are_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
