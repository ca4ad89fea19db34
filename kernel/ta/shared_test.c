/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared apps: one instance, several guests. */
#include "kernel/ta/shared_test.h"

#define SYSTEM "3a2f8978-5dc0-11e8-9c2d-fa7ae01bbebc"
#define STATS  "d96a5b40-e2c7-b1af-8794-1002a5d5c61b"

/* TA-045: the app knows each session under a number of its own, whatever the guests call them. */
static void one_instance_serves_all_guests_and_tells_them_apart(void **state)
{
	uint32_t a, b, c, who;

	(void)state;
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_int_equal(open_app(&two, &b), TEE_SUCCESS);
	assert_int_equal(open_app(&two, &c), TEE_SUCCESS);
	assert_int_equal(app.opened, 3);
	assert_int_not_equal(app.session_numbers[0], app.session_numbers[1]);
	assert_int_not_equal(app.session_numbers[1], app.session_numbers[2]);
	assert_int_equal(invoke(&one, a, WHOSE, &who), TEE_SUCCESS);
	assert_int_equal(who, 1);
	assert_int_equal(invoke(&two, b, WHOSE, &who), TEE_SUCCESS);
	assert_int_equal(who, 2);
	/* A number of another guest is no name (I2). */
	assert_int_equal(invoke(&three, a, WHOSE, &who), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(model_close(&two, b), TEE_SUCCESS);
	assert_int_equal(app.closed, 1);
	assert_int_equal(app.closed_sessions[0], app.session_numbers[1]);
	assert_int_equal(invoke(&two, c, WHOSE, &who), TEE_SUCCESS);
	assert_int_equal(model_close(&two, c), TEE_SUCCESS);
	assert_int_equal(model_close(&one, a), TEE_SUCCESS);
	assert_int_equal(app.closed, 3);
}

static void a_command_waits_in_its_own_guest_and_goes_on_when_it_is_woken(void **state)
{
	uint32_t a, b, abandoned;

	(void)state;
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_int_equal(open_app(&two, &b), TEE_SUCCESS);
	assert_int_equal(invoke(&one, a, LOCK, &abandoned), TEE_SUCCESS);
	assert_true(leave(&two, b, LOCK, 0));
	/* It is not inside: others go on. */
	assert_int_equal(invoke(&one, a, HALVES, NULL), TEE_SUCCESS);
	assert_int_equal(take_notifications(&two), 0);
	assert_int_equal(invoke(&one, a, UNLOCK, NULL), TEE_SUCCESS);
	assert_int_equal(take_notifications(&two), 1);
	assert_int_equal(finish(&two, &abandoned), TEE_SUCCESS);
	assert_int_equal(abandoned, 0);
	assert_int_equal(app.holder, app.session_numbers[1]);
}

/* A guest without notifications looks again by itself; a wait that ends early changes nothing. */
static void a_guest_without_notifications_finds_out_by_looking(void **state)
{
	struct model_message stop = {.header = {.cmd = MSG_CMD_STOP_ASYNC_NOTIF}};
	uint32_t a, b;

	(void)state;
	assert_int_equal(model_call(&two, &stop), SMC_OK);
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_int_equal(open_app(&two, &b), TEE_SUCCESS);
	assert_int_equal(invoke(&one, a, LOCK, NULL), TEE_SUCCESS);
	assert_true(leave(&two, b, LOCK, 0));
	for (unsigned i = 0; i < 5; i++) {
		unsigned entries = app.entries;
		stop_again(&two, 0);
		assert_int_equal(finish(&two, NULL), LEFT);
		assert_int_equal(app.entries, entries);
	}
	assert_int_equal(invoke(&one, a, UNLOCK, NULL), TEE_SUCCESS);
	assert_int_equal(finish(&two, NULL), TEE_SUCCESS);
}

static void a_busy_instance_lets_the_next_in_whichever_guest_it_is_of(void **state)
{
	uint32_t a, b;

	(void)state;
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_int_equal(open_app(&two, &b), TEE_SUCCESS);
	assert_true(leave(&one, a, HALVES, 0)); /* inside, interrupted */
	assert_true(leave(&two, b, LOCK, 0));   /* parked */
	assert_int_equal(app.holder, 0);
	assert_int_equal(take_notifications(&two), 0);
	assert_int_equal(finish(&one, NULL), TEE_SUCCESS);
	assert_int_equal(take_notifications(&two), 1);
	assert_int_equal(finish(&two, NULL), TEE_SUCCESS);
	assert_int_equal(app.holder, app.session_numbers[1]);
}

static void a_command_that_wakes_itself_does_not_sleep(void **state)
{
	uint32_t a;

	(void)state;
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_false(leave(&one, a, WAKE_SELF, 0));
	assert_int_equal(invoke(&one, a, WAKE_SELF, NULL), TEE_SUCCESS);
}

static void misuse_of_the_wait_service_is_an_error(void **state)
{
	uint8_t wait[16];
	uint32_t a, b;

	(void)state;
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_int_equal(invoke(&one, a, WAIT_TWICE, NULL), TEE_ERROR_BAD_STATE);
	assert_int_equal(invoke(&one, a, RETRY, NULL), TEE_ERROR_BAD_STATE);
	app_uuid(wait, WAIT);
	assert_int_equal(model_open(&one, wait, &b), TEE_ERROR_ACCESS_DENIED);
	/* The private app asks for it when it is opened. */
	app.wait_session = 0;
	app_uuid(wait, PRIVATE);
	assert_int_equal(model_open(&one, wait, &b), TEE_ERROR_ACCESS_DENIED);
}

static void a_waiter_is_cancelled_once(void **state)
{
	struct model_message cancel = {.header = {.cmd = MSG_CMD_CANCEL}};
	uint32_t a, b;

	(void)state;
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_int_equal(open_app(&two, &b), TEE_SUCCESS);
	assert_true(leave(&one, a, ASK, 0));
	uint32_t waits = one.thread_id;
	cancel.header.session = a;
	assert_int_equal(model_call(&one, &cancel), SMC_OK);
	assert_int_equal(cancel.header.ret, TEE_SUCCESS);
	assert_int_equal(take_notifications(&one), 1);
	one.thread_id = waits;
	assert_int_equal(finish(&one, NULL), TEE_ERROR_CANCEL);
	/* A command that does not listen waits on. */
	assert_int_equal(invoke(&two, b, LOCK, NULL), TEE_SUCCESS);
	assert_true(leave(&one, a, LOCK, 0));
	waits = one.thread_id;
	assert_int_equal(model_call(&one, &cancel), SMC_OK);
	one.thread_id = waits;
	stop_again(&one, 0);
	assert_int_equal(finish(&one, NULL), LEFT);
	unsigned entries = app.entries;
	stop_again(&one, 0);
	assert_int_equal(finish(&one, NULL), LEFT);
	assert_int_equal(app.entries, entries);
	assert_int_equal(invoke(&two, b, UNLOCK, NULL), TEE_SUCCESS);
	assert_int_equal(finish(&one, NULL), TEE_SUCCESS);
}

static void a_close_ends_what_waits_in_the_session(void **state)
{
	uint32_t a, b;

	(void)state;
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_int_equal(open_app(&two, &b), TEE_SUCCESS);
	assert_int_equal(invoke(&two, b, LOCK, NULL), TEE_SUCCESS);
	assert_true(leave(&one, a, LOCK, 0));
	uint32_t waits = one.thread_id;
	assert_int_equal(model_close(&one, a), TEE_SUCCESS);
	assert_true(take_notifications(&one) > 0);
	one.thread_id = waits;
	assert_int_equal(finish(&one, NULL), TEE_ERROR_BAD_PARAMETERS);
}

/* --- parameters ----------------------------------------------------------------------------------
 */

static struct model_message echo(uint32_t session, uint64_t cookie, uint64_t size)
{
	struct model_message m = model_invocation(session, ECHO, 1);

	m.params[0].attr = MSG_ATTR_RMEM_INOUT;
	m.params[0].u.rmem = (struct msg_rmem){0, size, cookie};
	return m;
}

static void memory_goes_in_and_out_as_a_copy_and_is_charged_to_the_caller(void **state)
{
	uint64_t size = 3 * PAGE_SIZE + 100, pa = model_alloc(&one, 80 * PAGE_SIZE);
	uint8_t *bytes = host_ns(pa);
	uint64_t peak_before, peak;
	uint32_t a;

	(void)state;
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_int_equal(model_register(&one, pa, 80 * PAGE_SIZE, 0x77), TEE_SUCCESS);
	for (uint64_t i = 0; i < size + 100; i++)
		bytes[i] = (uint8_t)i;
	(void)guest_stat(1, TENON_STAT_PAGES, &peak_before);
	struct model_message m = echo(a, 0x77, size);
	assert_int_equal(model_call(&one, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_SUCCESS);
	for (uint64_t i = 0; i < size + 100; i++)
		assert_int_equal(bytes[i], (uint8_t)(i + (i < size)));
	(void)guest_stat(1, TENON_STAT_PAGES_PEAK, &peak);
	assert_true(peak >= peak_before + 4);
	(void)guest_stat(1, TENON_STAT_PAGES, &peak);
	assert_int_equal(peak, peak_before);
	/* One page too many. */
	m = echo(a, 0x77, TENON_SHARED_COPY_PAGES * PAGE_SIZE + 1);
	assert_int_equal(model_call(&one, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_ERROR_OUT_OF_MEMORY);
	/* The guest's memory does not answer. */
	m = echo(a, 0x77, 0);
	assert_int_equal(model_call(&one, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_SUCCESS);
}

/* --- turns ---------------------------------------------------------------------------------------
 */

/* One was inside while two queued up; it has left, and two has not come yet. */
static void two_is_woken_for_its_turn(uint32_t *a, uint32_t *b)
{
	host_tick = 10;
	assert_int_equal(open_app(&one, a), TEE_SUCCESS);
	assert_int_equal(open_app(&two, b), TEE_SUCCESS);
	assert_true(leave(&one, *a, HALVES, 0));
	assert_true(leave(&two, *b, ECHO, 0));
	assert_int_equal(finish(&one, NULL), TEE_SUCCESS);
}

/* I3: guest one is back with its next command before two, whom it woke, can come. */
static void who_was_woken_for_its_turn_gets_it_before_one_that_is_quicker(void **state)
{
	uint32_t a, b;

	(void)state;
	two_is_woken_for_its_turn(&a, &b);
	assert_int_equal(app.halves, 2);
	assert_true(leave(&one, a, HALVES, 0));
	assert_int_equal(app.halves, 2); /* it waits */
	assert_int_equal(finish(&two, NULL), TEE_SUCCESS);
	assert_int_equal(finish(&one, NULL), TEE_SUCCESS);
	assert_int_equal(app.halves, 4);
}

static void who_does_not_come_for_its_turn_loses_it(void **state)
{
	uint32_t a, b;

	(void)state;
	two_is_woken_for_its_turn(&a, &b);
	uint64_t before = arch_counter();
	assert_int_equal(invoke(&one, a, HALVES, NULL), TEE_SUCCESS);
	/* After some sleeps in its own guest, which take no time here. */
	assert_in_range(arch_counter() - before, 4000, 8000);
	assert_int_equal(finish(&two, NULL), TEE_SUCCESS);
}

/* --- what it must not do -------------------------------------------------------------------------
 */

static uint32_t tries(uint32_t session, uint64_t number, const uint64_t arg[4], const char *uuid)
{
	memset(&shared_try, 0, sizeof(shared_try));
	shared_try.number = number;
	memcpy(shared_try.arg, arg, 4 * sizeof(*arg));
	if (uuid) {
		uint8_t o[16];
		app_uuid(o, uuid);
		struct uuid native = {(uint32_t)o[0] << 24 | o[1] << 16 | o[2] << 8 | o[3],
				      (uint16_t)(o[4] << 8 | o[5]),
				      (uint16_t)(o[6] << 8 | o[7]),
				      {0}};
		memcpy(native.clock_seq_and_node, o + 8, 8);
		memcpy(shared_try.data, &native, sizeof(native));
	}
	unsigned rpcs = one.rpcs;
	assert_int_equal(invoke(&one, session, CALLS, NULL), TEE_SUCCESS);
	assert_int_equal(one.rpcs, rpcs); /* I3: it never waits for its client's guest */
	return (uint32_t)shared_try.result;
}

static uint32_t tries_to_open(uint32_t session, const char *uuid)
{
	const uint64_t arg[4] = {SHARED_DATA, TA_NO_TIMEOUT, 0, SHARED_DATA + 32};

	return tries(session, SYS_OPEN_TA_SESSION, arg, uuid);
}

static void nothing_inside_waits_for_a_guest(void **state)
{
	const uint64_t wait[4] = {1000}, ree_time[4] = {2, SHARED_DATA};
	uint32_t a;

	(void)state;
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_int_equal(tries(a, SYS_WAIT, wait, NULL), TEE_ERROR_CANCEL);
	assert_int_equal(tries(a, SYS_GET_TIME, ree_time, NULL), TEE_SUCCESS);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(shared_try.data[i], 0);
	assert_int_equal(tries_to_open(a, PRIVATE), TEE_ERROR_ACCESS_DENIED);
	assert_int_equal(tries_to_open(a, APP), TEE_ERROR_ACCESS_DENIED);
	assert_int_equal(tries_to_open(a, STATS), TEE_ERROR_ACCESS_DENIED);
	assert_int_equal(tries_to_open(a, SYSTEM), TEE_SUCCESS);
}

/* I8: whose heap and memory is whose: the commands of the system service that an app may use. */
static void the_system_service_serves_a_shared_app(void **state)
{
	struct utee_params params = {TEE_PARAM_MEMREF_INPUT | TEE_PARAM_MEMREF_INPUT << 4 |
					     TEE_PARAM_VALUE_OUTPUT << 8,
				     {SHARED_DATA + 96, 16, SHARED_DATA + 112, 2}};
	uint32_t a, service;

	(void)state;
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_int_equal(tries_to_open(a, SYSTEM), TEE_SUCCESS);
	memcpy(&service, shared_try.data + 32, sizeof(service));
	for (uint32_t cmd = 0; cmd < 16; cmd++) {
		memset(&shared_try, 0, sizeof(shared_try));
		shared_try.number = SYS_INVOKE_TA_COMMAND;
		memcpy(shared_try.arg,
		       (uint64_t[5]){service, TA_NO_TIMEOUT, cmd, SHARED_DATA, SHARED_DATA + 88},
		       5 * sizeof(uint64_t));
		memcpy(shared_try.data, &params, sizeof(params));
		memcpy(shared_try.data + 112, "x", 2);
		assert_int_equal(invoke(&one, a, CALLS, NULL), TEE_SUCCESS);
		/* dlsym: there is no such symbol. The others want other parameters, or are not
		 * there. */
		if (cmd == 11)
			assert_int_equal(shared_try.result, TEE_ERROR_ITEM_NOT_FOUND);
		else if (shared_try.result != TEE_ERROR_NOT_IMPLEMENTED)
			assert_int_equal(shared_try.result, TEE_ERROR_BAD_PARAMETERS);
	}
}

/* Whatever its client's guest is asked for: memory, too. */
static void a_shared_app_has_no_plugins(void **state)
{
	static const uint64_t data[] = {0, 4};
	uint32_t a, service;

	(void)state;
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_int_equal(tries_to_open(a, SYSTEM), TEE_SUCCESS);
	memcpy(&service, shared_try.data + 32, sizeof(service));
	for (unsigned i = 0; i < array_count(data); i++) {
		const struct utee_params params = {
			TEE_PARAM_MEMREF_INPUT | TEE_PARAM_VALUE_INPUT << 4 |
				TEE_PARAM_MEMREF_INOUT << 8 | TEE_PARAM_VALUE_OUTPUT << 12,
			{SHARED_DATA + 96, 16, 0, 0, SHARED_DATA + 112, data[i]}};
		memset(&shared_try, 0, sizeof(shared_try));
		shared_try.number = SYS_INVOKE_TA_COMMAND;
		memcpy(shared_try.arg,
		       (uint64_t[5]){service, TA_NO_TIMEOUT, 13, SHARED_DATA, SHARED_DATA + 88},
		       5 * sizeof(uint64_t));
		memcpy(shared_try.data, &params, sizeof(params));
		assert_int_equal(invoke(&one, a, CALLS, NULL), TEE_SUCCESS);
		assert_int_equal(shared_try.result, TEE_ERROR_NOT_SUPPORTED);
	}
}

/* --- ends ----------------------------------------------------------------------------------------
 */

static void an_app_that_panics_is_dead_for_all_and_comes_anew(void **state)
{
	uint32_t a, b, c;

	(void)state;
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_int_equal(open_app(&two, &b), TEE_SUCCESS);
	assert_int_equal(invoke(&two, b, LOCK, NULL), TEE_SUCCESS);
	assert_true(leave(&one, a, LOCK, 0));
	assert_int_equal(invoke(&two, b, CRASH, NULL), TEE_ERROR_TARGET_DEAD);
	assert_int_equal(take_notifications(&one), 1);
	assert_int_equal(finish(&one, NULL), TEE_ERROR_TARGET_DEAD);
	memset(&app, 0, sizeof(app));
	assert_int_equal(open_app(&one, &c), TEE_SUCCESS);
	assert_int_equal(invoke(&one, a, LOCK, NULL), TEE_ERROR_TARGET_DEAD);
	assert_int_equal(invoke(&one, c, LOCK, NULL), TEE_SUCCESS);
	assert_int_equal(model_close(&one, a), TEE_SUCCESS);
	assert_int_equal(model_close(&two, b), TEE_SUCCESS);
	assert_int_equal(invoke(&one, c, UNLOCK, NULL), TEE_SUCCESS);
}

static void a_command_that_takes_too_long_ends_the_app(void **state)
{
	uint32_t a, b;

	(void)state;
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_int_equal(open_app(&two, &b), TEE_SUCCESS);
	assert_int_equal(invoke(&one, a, SPIN, NULL), TEE_ERROR_TARGET_DEAD);
	assert_true(one.preemptions > 50);
	assert_int_equal(invoke(&two, b, LOCK, NULL), TEE_ERROR_TARGET_DEAD);
}

static void a_guest_joins_only_what_it_presents_itself(void **state)
{
	uint32_t a, b;

	(void)state;
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	use_other_file(&two);
	assert_int_equal(open_app(&two, &b), TEE_ERROR_ACCESS_CONFLICT);
	assert_int_equal(model_close(&one, a), TEE_SUCCESS);
	memset(&app, 0, sizeof(app));
	assert_int_equal(open_app(&two, &b), TEE_SUCCESS);
	assert_int_equal(open_app(&one, &a), TEE_ERROR_ACCESS_CONFLICT);
}

static void a_guest_has_only_so_many_sessions_with_one_app(void **state)
{
	uint32_t session[TENON_SHARED_SESSIONS], more;

	(void)state;
	for (unsigned i = 0; i < TENON_SHARED_SESSIONS; i++)
		assert_int_equal(open_app(&one, &session[i]), TEE_SUCCESS);
	assert_int_equal(open_app(&one, &more), TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(open_app(&two, &more), TEE_SUCCESS);
	assert_int_equal(model_close(&one, session[3]), TEE_SUCCESS);
	assert_int_equal(open_app(&one, &more), TEE_SUCCESS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_instance_serves_all_guests_and_tells_them_apart),
		TEST(a_command_waits_in_its_own_guest_and_goes_on_when_it_is_woken),
		TEST(a_guest_without_notifications_finds_out_by_looking),
		TEST(a_busy_instance_lets_the_next_in_whichever_guest_it_is_of),
		TEST(a_command_that_wakes_itself_does_not_sleep),
		TEST(misuse_of_the_wait_service_is_an_error),
		TEST(a_waiter_is_cancelled_once),
		TEST(a_close_ends_what_waits_in_the_session),
		TEST(memory_goes_in_and_out_as_a_copy_and_is_charged_to_the_caller),
		TEST(nothing_inside_waits_for_a_guest),
		TEST(a_shared_app_has_no_plugins),
		TEST(the_system_service_serves_a_shared_app),
		TEST(who_was_woken_for_its_turn_gets_it_before_one_that_is_quicker),
		TEST(who_does_not_come_for_its_turn_loses_it),
		TEST(an_app_that_panics_is_dead_for_all_and_comes_anew),
		TEST(a_command_that_takes_too_long_ends_the_app),
		TEST(a_guest_joins_only_what_it_presents_itself),
		TEST(a_guest_has_only_so_many_sessions_with_one_app),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
