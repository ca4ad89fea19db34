/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls that are suspended, resumed, interleaved and killed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "abi/tenon.h"
#include "kernel/arch/host/app.h"
#include "kernel/guest/guest.h"
#include "kernel/ta/ta.h"

#define PAGES 1200

static struct model guest;
static uint8_t uuid[16];

static const struct app_step interrupted[] = {
	{.what = APP_INTERRUPTED},
	{APP_SYSCALL, SYS_RANDOM, {0, 0}},
	{.what = APP_INTERRUPTED},
};
static const struct app_step waits[] = {{APP_SYSCALL, SYS_WAIT, {100}}};

static void load(struct model *model)
{
	app_uuid(uuid, "023f8f1a-292a-432b-8fc4-de8471358067");
	app_load_file(model, KIT_TA_DIR, "023f8f1a-292a-432b-8fc4-de8471358067");
}

static int start(void **state)
{
	(void)state;
	model_boot(&guest, PAGES);
	app_reset();
	load(&guest);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	host_foreign_pending = false;
	host_point_hook = NULL;
	model_end(&guest);
	return 0;
}

/* --- stopping at the n-th exit
 * ------------------------------------------------------------------------- */

struct stopper {
	unsigned left;
	uint32_t cmd; /* of the RPC that it stopped at */
};

static bool stop_at(struct model *model, uint32_t cmd, struct msg_header *message, bool *served)
{
	struct stopper *stopper = model->context;

	(void)message;
	(void)served;
	stopper->cmd = cmd;
	return stopper->left-- != 0;
}

static unsigned points_left;

static void interrupt_at_point(void)
{
	if (points_left && --points_left == 0)
		host_foreign_pending = true;
}

/*
 * A life with everything in it: memory registered, a session opened (which loads the app), three
 * invocations with RPCs and interrupts, closed, unregistered. Returns MODEL_LEFT when the guest
 * stopped on the way.
 */
static uint32_t live(struct model *m)
{
	uint64_t pa = model_alloc(m, 3 * PAGE_SIZE);
	uint32_t session;
	uint32_t result = model_register(m, pa, 3 * PAGE_SIZE, 0x40);

	app_step_count = 0;
	if (result == TEE_SUCCESS)
		result = model_open(m, uuid, &session);
	for (unsigned i = 0; i < 3 && result == TEE_SUCCESS; i++) {
		struct model_message msg = {
			.header = {.cmd = MSG_CMD_INVOKE_COMMAND,
				   .session = session,
				   .num_params = 1},
			.params[0] = {MSG_ATTR_RMEM_INOUT, .u.rmem = {5, 2 * PAGE_SIZE, 0x40}},
		};
		app_steps = i == 1 ? waits : interrupted;
		app_step_count = i == 1 ? 1 : 3;
		uint32_t a0 = model_call(m, &msg);
		result = a0 ? a0 : msg.header.ret;
	}
	app_step_count = 0;
	if (result == TEE_SUCCESS)
		result = model_close(m, session);
	if (result == TEE_SUCCESS)
		result = model_unregister(m, 0x40);
	return result;
}

/* NW-164, NW-187, A.7: the guest dies in every RPC and at every preemption there is. */
static void a_guest_killed_at_any_exit_leaves_nothing(void **state)
{
	uint32_t result = MODEL_LEFT;
	unsigned n, kinds[0x110] = {0};

	(void)state;
	for (n = 0; result != TEE_SUCCESS; n++) {
		struct stopper stopper = {.left = n};
		struct model m;
		model_start(&m, 2);
		load(&m);
		m.on_rpc = stop_at;
		m.context = &stopper;
		result = live(&m);
		if (result != TEE_SUCCESS) {
			kinds[stopper.cmd]++;
			/* Another guest works while it is dead but not destroyed (NW-038). */
			uint32_t session;
			assert_int_equal(model_open(&guest, uuid, &session), TEE_SUCCESS);
			assert_int_equal(model_close(&guest, session), TEE_SUCCESS);
		}
		assert_int_equal(model_admin(SMC_VM_DESTROYED, 2, 0, 0).a[0], SMC_OK);
		assert_int_equal(guest_count(), 2);
		assert_int_equal(host_ns_mappings(), 0);
	}
	assert_true(kinds[RPC_CMD_LOAD_TA] >= 2 && kinds[RPC_CMD_SHM_ALLOC] &&
		    kinds[RPC_CMD_SHM_FREE]);
	assert_true(kinds[RPC_CMD_SUSPEND] && kinds[0x104] >= 4);
}

/* Same at the points that only an interrupt makes visible: brackets, polls, entries into the app.
 */
static void a_guest_killed_at_any_point_leaves_nothing(void **state)
{
	uint32_t result = MODEL_LEFT;
	unsigned stopped = 0;

	(void)state;
	for (unsigned n = 1; n < 400; n++) {
		struct stopper stopper = {.left = 1000};
		struct model m;
		model_start(&m, 2);
		load(&m);
		if (n % 2)
			assert_int_equal(
				guest_configure(2, TENON_KEY_RESTARTABLE, (uint32_t[4]){1}),
				SMC_OK);
		points_left = n / 2;
		host_point_hook = interrupt_at_point;
		m.on_rpc = stop_at;
		m.context = &stopper;
		host_foreign_pending = false;
		uint64_t pa = model_alloc(&m, 3 * PAGE_SIZE);
		(void)pa;
		stopper.left = 0;
		/* Only the preemption stops the guest, not its ordinary RPCs: count those. */
		unsigned rpcs = n % 13;
		stopper.left = rpcs;
		result = live(&m);
		stopped += result == MODEL_LEFT;
		host_foreign_pending = n % 3 == 0;
		uint32_t status;
		unsigned rounds = 0;
		while ((status = model_admin(SMC_VM_DESTROYED, 2, 0, 0).a[0]) == SMC_EBUSY) {
			assert_true(n % 2 && ++rounds < 100);
			host_foreign_pending = rounds % 2;
		}
		assert_int_equal(status, SMC_OK);
		host_foreign_pending = false;
		host_point_hook = NULL;
		assert_int_equal(host_ns_mappings(), 0);
	}
	assert_true(stopped > 50);
}

static uint32_t left_in_open(struct model *m, unsigned rpcs)
{
	static struct stopper stopper;
	uint32_t session;

	stopper.left = rpcs;
	m->on_rpc = stop_at;
	m->context = &stopper;
	return model_open(m, uuid, &session);
}

static uint32_t resume(const struct model *m, uint32_t thread_id)
{
	struct smc_args args = {{SMC_RETURN_FROM_RPC, 0, 0, thread_id, 0, 0, 0, m->vm_id}};

	entry_yielding(&args);
	return args.a[0];
}

static void nw_036_only_the_owner_resumes_a_suspended_call_and_only_once(void **state)
{
	struct model other;

	(void)state;
	model_start(&other, 2);
	assert_int_equal(left_in_open(&guest, 0), 0xAAAA0000);
	uint32_t id = guest.thread_id;
	assert_true(id <= SMC_THREAD_ID_MAX);
	assert_int_equal(resume(&other, id), SMC_ERESUME);
	assert_int_equal(resume(&guest, id + 1), SMC_ERESUME);
	assert_int_equal(resume(&guest, id | 0x80000000), SMC_ERESUME);
	guest.on_rpc = NULL;
	host_cpu = 3; /* NW-037 */
	assert_int_equal(model_resume(&guest), SMC_OK);
	assert_int_equal(resume(&guest, id), SMC_ERESUME);
	host_cpu = 0;
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 2, 0, 0).a[0], SMC_OK);
}

/* NW-017, NW-044, NW-035 */
static void calls_in_flight_are_limited_and_a_guest_without_one_can_always_start(void **state)
{
	uint32_t ids[3], session;

	(void)state;
	assert_int_equal(guest_configure(1, TENON_KEY_LIMIT_CALLS, (uint32_t[4]){3}), SMC_OK);
	/* Three openers of the same app: the second and third wait for the first's load. */
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(left_in_open(&guest, 0), 0xAAAA0000);
		ids[i] = guest.thread_id;
		for (unsigned n = 0; n < i; n++)
			assert_int_not_equal(ids[n], ids[i]);
	}
	guest.on_rpc = NULL;
	assert_int_equal(model_open(&guest, uuid, &session), 0xAAAA0000 | SMC_ETHREAD_LIMIT);
	assert_int_equal(model_smc(&guest, SMC_DISABLE_SHM_CACHE, 0, 0, 0).a[0], SMC_EBUSY);
	struct model poor;
	model_start(&poor, 2);
	assert_int_equal(guest_configure(2, TENON_KEY_RESERVE_PAGES, (uint32_t[4]){0}), SMC_OK);
	assert_int_equal(guest_configure(2, TENON_KEY_LIMIT_PAGES, (uint32_t[4]){2}), SMC_OK);
	assert_int_equal(model_open(&poor, uuid, &session), 0xAAAA0000 | SMC_ENOMEM);
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 2, 0, 0).a[0], SMC_OK);
}

static void three_openers(unsigned rpcs, TEE_Result first, unsigned sessions_expected)
{
	uint64_t instances, sessions;
	uint32_t ids[3];

	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(left_in_open(&guest, i ? 0 : rpcs), 0xAAAA0000);
		ids[i] = guest.thread_id;
	}
	guest.on_rpc = NULL;
	for (unsigned i = 0; i < 3; i++) {
		const struct msg_header *header =
			host_ns(guest.left[ids[i] % 64].message - MSG_SIZE(2));
		guest.thread_id = ids[i];
		assert_int_equal(model_resume(&guest), SMC_OK);
		assert_int_equal(header->ret, i ? TEE_SUCCESS : first);
	}
	assert_int_equal(guest_stat(1, TENON_STAT_INSTANCES, &instances), SMC_OK);
	assert_int_equal(guest_stat(1, TENON_STAT_SESSIONS, &sessions), SMC_OK);
	assert_int_equal(instances, 1);
	assert_int_equal(sessions, sessions_expected);
}

/* Attack row 25: openers of an app that is being loaded wait for it; if that fails the next one
 * loads it. */
static void concurrent_first_opens_of_a_single_instance_make_one(void **state)
{
	(void)state;
	/* Resumed without an answer to LOAD_TA, the first one's load fails. */
	three_openers(0, TEE_ERROR_GENERIC, 2);
}

/* Attack row 23: a session is published when its app has accepted it, whoever comes meanwhile. */
static void openers_of_an_instance_that_is_inside_wait_their_turn(void **state)
{
	(void)state;
	app_steps = interrupted;
	app_step_count = 1;
	three_openers(4, TEE_SUCCESS, 3);
}

static uint32_t left_in_invoke(struct model *m, uint32_t session, struct msg_rmem rmem,
			       unsigned rpcs)
{
	static struct stopper stopper;
	struct model_message msg = {
		.header = {.cmd = MSG_CMD_INVOKE_COMMAND, .session = session, .num_params = 1},
		.params[0] = {MSG_ATTR_RMEM_INOUT, .u.rmem = rmem},
	};

	stopper.left = rpcs;
	m->on_rpc = stop_at;
	m->context = &stopper;
	return model_call(m, &msg);
}

/* NW-077, A.7, attack rows 18 and 24: memory that a running call uses is unregistered. TA-077: the
 * second in a session waits its turn. */
static void unregistering_memory_waits_for_the_call_that_uses_it(void **state)
{
	static struct stopper stopper;
	uint64_t pa = model_alloc(&guest, PAGE_SIZE), shm_pages;
	uint32_t session;

	(void)state;
	assert_int_equal(model_register(&guest, pa, 100, 0x40), TEE_SUCCESS);
	assert_int_equal(model_open(&guest, uuid, &session), TEE_SUCCESS);
	app_steps = interrupted;
	app_step_count = 1;
	assert_int_equal(left_in_invoke(&guest, session, (struct msg_rmem){0, 100, 0x40}, 0),
			 MODEL_LEFT);
	uint32_t invoker = guest.thread_id;
	/* A second user of the session waits for its turn. */
	assert_int_equal(left_in_invoke(&guest, session, (struct msg_rmem){0, 100, 0x40}, 0),
			 MODEL_LEFT);
	uint32_t second = guest.thread_id;
	stopper.left = 0;
	guest.context = &stopper;
	assert_int_equal(model_unregister(&guest, 0x40), 0xAAAA0000);
	assert_int_equal(stopper.cmd, RPC_CMD_NOTIFICATION);
	uint32_t unregister = guest.thread_id;
	/* The cookie is forgotten already, the memory is not. */
	guest.on_rpc = NULL;
	assert_int_equal(model_unregister(&guest, 0x40), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(guest_stat(1, TENON_STAT_SHM_PAGES, &shm_pages), SMC_OK);
	assert_int_equal(shm_pages, 1);
	assert_int_equal(host_ns_mappings(), 1);
	guest.thread_id = invoker;
	assert_int_equal(model_resume(&guest), SMC_OK);
	assert_int_equal(resume(&guest, unregister),
			 SMC_RPC_CMD); /* waits again: the second is still there */
	guest.thread_id = second;
	assert_int_equal(model_resume(&guest), SMC_OK);
	guest.thread_id = unregister;
	assert_int_equal(model_resume(&guest), SMC_OK);
	assert_int_equal(guest_stat(1, TENON_STAT_SHM_PAGES, &shm_pages), SMC_OK);
	assert_int_equal(shm_pages, 0);
}

static struct smc_args answer(const struct smc_args *exit, uint64_t pa, uint64_t cookie)
{
	struct smc_args args = {{SMC_RETURN_FROM_RPC, pa >> 32, (uint32_t)pa, exit->a[3],
				 cookie >> 32, (uint32_t)cookie, 0, 1}};

	entry_yielding(&args);
	return args;
}

/* NW-077: a message in registered memory that is being unregistered: once the call has let the
 * memory go, its RPCs lie somewhere else. */
static void a_call_that_let_its_own_message_go_sends_rpcs_from_elsewhere(void **state)
{
	static struct stopper stopper;
	uint64_t pa = model_alloc(&guest, PAGE_SIZE), page = model_alloc(&guest, PAGE_SIZE);
	uint32_t session;

	(void)state;
	assert_int_equal(model_register(&guest, pa, PAGE_SIZE, 0x40), TEE_SUCCESS);
	assert_int_equal(model_open(&guest, uuid, &session), TEE_SUCCESS);
	app_steps = interrupted;
	app_step_count = 1;
	*(struct msg_header *)host_ns(pa) =
		(struct msg_header){.cmd = MSG_CMD_INVOKE_COMMAND, .session = session};
	struct smc_args invoke = {{SMC_CALL_WITH_REGD_ARG, 0, 0x40, 0, 0, 0, 0, 1}};
	entry_yielding(&invoke);
	assert_int_equal(invoke.a[0], SMC_RPC_FOREIGN_INTR);
	guest.on_rpc = stop_at;
	guest.context = &stopper;
	assert_int_equal(model_unregister(&guest, 0x40), 0xAAAA0000);
	guest.on_rpc = NULL;
	invoke = answer(&invoke, 0, 0);
	assert_int_equal(invoke.a[0], SMC_RPC_ALLOC);
	/* Whoever waited sees that the memory is free, with the waker's message not yet answered.
	 */
	assert_int_equal(model_resume(&guest), SMC_OK);
	memset(host_ns(pa), 0x5a, PAGE_SIZE);
	invoke = answer(&invoke, page, 0x77);
	assert_int_equal(invoke.a[0], SMC_RPC_CMD);
	assert_int_equal(invoke.a[2], 0x77);
	invoke = answer(&invoke, 0, 0);
	assert_int_equal(invoke.a[0], SMC_RPC_FREE);
	invoke = answer(&invoke, 0, 0);
	assert_int_equal(invoke.a[0], SMC_OK);
	for (unsigned i = 0; i < PAGE_SIZE; i++)
		assert_int_equal(*(uint8_t *)host_ns(pa + i), 0x5a);
}

/* NW-105, NW-038, attack row 38: no wait turns into a loop inside, even if no message can be sent.
 */
static void a_wait_whose_message_cannot_be_sent_gives_the_cpu_back(void **state)
{
	uint32_t session;

	(void)state;
	assert_int_equal(left_in_open(&guest, 0), 0xAAAA0000);
	uint32_t loading = guest.thread_id;
	assert_int_equal(left_in_open(&guest, 0), 0xAAAA0000);
	uint32_t waiting = guest.thread_id;
	host_ns_dead = true;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(resume(&guest, waiting), SMC_RPC_FOREIGN_INTR);
	host_ns_dead = false;
	guest.on_rpc = NULL;
	guest.thread_id = loading;
	assert_int_equal(model_resume(&guest), SMC_OK);
	guest.thread_id = waiting;
	assert_int_equal(model_resume(&guest), SMC_OK);
	assert_int_equal(model_open(&guest, uuid, &session), TEE_SUCCESS);
}

/* NW-164: destroyed with one call in the app, one waiting for it, one unregistering, one loading.
 */
static void a_guest_dies_with_calls_in_every_state(void **state)
{
	for (unsigned restartable = 0; restartable < 2; restartable++) {
		static struct stopper stopper;
		struct model m;
		uint32_t session;

		(void)state;
		model_start(&m, 2);
		load(&m);
		assert_int_equal(
			guest_configure(2, TENON_KEY_RESTARTABLE, (uint32_t[4]){restartable}),
			SMC_OK);
		app_step_count = 0;
		assert_int_equal(model_register(&m, model_alloc(&m, 100), 100, 0x40), TEE_SUCCESS);
		assert_int_equal(model_open(&m, uuid, &session), TEE_SUCCESS);
		app_steps = interrupted;
		app_step_count = 1;
		left_in_invoke(&m, session, (struct msg_rmem){0, 100, 0x40}, 0);
		left_in_invoke(&m, session, (struct msg_rmem){0, 100, 0x40}, 0);
		stopper.left = 0;
		m.context = &stopper;
		model_unregister(&m, 0x40);
		stopper.left = 1;
		app_load_file(&m, TEST_TA_DIR, "02a42f43-d8b7-4a57-aa4d-87bd9b5587cb");
		uint8_t other[16];
		app_uuid(other, "02a42f43-d8b7-4a57-aa4d-87bd9b5587cb");
		model_open(&m, other, &session);
		uint64_t calls;
		assert_int_equal(guest_stat(2, TENON_STAT_CALLS, &calls), SMC_OK);
		assert_int_equal(calls, 4);
		unsigned rounds = 0;
		host_foreign_pending = true;
		while (model_admin(SMC_VM_DESTROYED, 2, 0, 0).a[0] == SMC_EBUSY)
			assert_true(restartable && rounds++ < 50);
		assert_int_equal(rounds > 0, restartable);
		host_foreign_pending = false;
		assert_int_equal(host_ns_mappings(), 0);
		/* The id can be used at once. */
		assert_int_equal(model_admin(SMC_VM_CREATED, 2, 0, 0).a[0], SMC_OK);
		assert_int_equal(model_admin(SMC_VM_DESTROYED, 2, 0, 0).a[0], SMC_OK);
	}
}

/* A dying guest that is not destroyed in one go is closed for calls meanwhile. */
static void a_dying_guest_is_refused(void **state)
{
	struct model m;

	(void)state;
	model_start(&m, 2);
	load(&m);
	assert_int_equal(guest_configure(2, TENON_KEY_RESTARTABLE, (uint32_t[4]){1}), SMC_OK);
	left_in_open(&m, 1);
	host_foreign_pending = true;
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 2, 0, 0).a[0], SMC_EBUSY);
	assert_int_equal(resume(&m, m.thread_id), SMC_ENOTAVAIL);
	assert_int_equal(model_smc(&m, SMC_EXCHANGE_CAPABILITIES, 0, 0, 0).a[0], SMC_ENOTAVAIL);
	assert_int_equal(model_admin(SMC_VM_CREATED, 2, 0, 0).a[0], SMC_ENOTAVAIL);
	host_foreign_pending = false;
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 2, 0, 0).a[0], SMC_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(a_guest_killed_at_any_exit_leaves_nothing),
		TEST(a_guest_killed_at_any_point_leaves_nothing),
		TEST(nw_036_only_the_owner_resumes_a_suspended_call_and_only_once),
		TEST(calls_in_flight_are_limited_and_a_guest_without_one_can_always_start),
		TEST(concurrent_first_opens_of_a_single_instance_make_one),
		TEST(openers_of_an_instance_that_is_inside_wait_their_turn),
		TEST(unregistering_memory_waits_for_the_call_that_uses_it),
		TEST(a_call_that_let_its_own_message_go_sends_rpcs_from_elsewhere),
		TEST(a_wait_whose_message_cannot_be_sent_gives_the_cpu_back),
		TEST(a_guest_dies_with_calls_in_every_state),
		TEST(a_dying_guest_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
