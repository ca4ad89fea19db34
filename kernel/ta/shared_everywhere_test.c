/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * I3, I5: a client of a shared app dies at every point of its life; the app's other clients go on
 * with what it left, and nothing of it stays. kernel/arch/host/death.h says what is counted.
 */
#include "kernel/arch/host/death.h"
#include "kernel/ta/shared_test.h"

static uint32_t of_one, of_two;
static bool two_holds, two_waits, locks;
static bool (*serve)(struct model *model, uint32_t cmd, struct msg_header *message, bool *served);

static uint32_t echo(uint32_t session)
{
	struct model_message m = model_invocation(session, ECHO, 1);
	uint64_t pa = model_alloc(&one, 2 * PAGE_SIZE);

	if (model_register(&one, pa, 2 * PAGE_SIZE, 0x40))
		return TEE_ERROR_OUT_OF_MEMORY;
	m.params[0] = (struct msg_param){MSG_ATTR_RMEM_INOUT, .u.rmem = {4000, PAGE_SIZE, 0x40}};
	uint32_t a0 = model_call(&one, &m);
	return a0 ? a0 : m.header.ret ? m.header.ret : model_unregister(&one, 0x40);
}

static uint32_t live(void)
{
	uint32_t session, result;

	if ((result = open_app(&one, &session)) ||
	    (locks && (result = invoke(&one, session, LOCK, NULL))) || (result = echo(session)) ||
	    (result = invoke(&one, session, HALVES, NULL)) ||
	    (result = invoke(&one, session, WHOSE, NULL)) ||
	    (locks && (result = invoke(&one, session, UNLOCK, NULL))))
		return result;
	return model_close(&one, session);
}

/* Whoever holds the lock can give it back, and whoever wants it gets it. */
static void others_go_on(void)
{
	uint32_t abandoned;

	if (two_holds)
		assert_int_equal(invoke(&two, of_two, UNLOCK, NULL), TEE_SUCCESS);
	if (two_waits) {
		assert_int_equal(finish(&two, &abandoned), TEE_SUCCESS);
		assert_int_equal(abandoned, 1);
	} else {
		assert_int_equal(invoke(&two, of_two, LOCK, NULL), TEE_SUCCESS);
	}
	two_holds = two_waits = false;
	assert_int_equal(invoke(&two, of_two, UNLOCK, NULL), TEE_SUCCESS);
	assert_int_equal(app.holder, 0);
	/* The app was told of the end of every session but this one. */
	assert_int_equal(app.opened - app.closed, 1);
	take_notifications(&two);
}

/* --- what is alive beside --- */

static void with_nothing(void)
{
	locks = true;
}

static void with_a_session_that_holds(void)
{
	assert_int_equal(open_app(&one, &of_one), TEE_SUCCESS);
	assert_int_equal(invoke(&one, of_one, LOCK, NULL), TEE_SUCCESS);
	two_waits = leave(&two, of_two, LOCK, 0);
	assert_true(two_waits);
}

static void with_a_call_that_waits(void)
{
	assert_int_equal(open_app(&one, &of_one), TEE_SUCCESS);
	assert_int_equal(invoke(&two, of_two, LOCK, NULL), TEE_SUCCESS);
	two_holds = true;
	assert_true(leave(&one, of_one, LOCK, 0));
}

/* Left by another guest, and to be closed before the client gets in. */
static void with_sessions_that_are_due(void)
{
	uint32_t session;

	model_start(&three, 3);
	three.on_rpc = serve;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(open_app(&three, &session), TEE_SUCCESS);
	model_destroy(&three);
	locks = true;
}

/* --- the tests --- */

static void (*beside)(void);

static void begin(void)
{
	death_birth(&one);
	one.on_rpc = serve;
	assert_int_equal(model_smc(&one, SMC_ENABLE_ASYNC_NOTIF, 0, 0, 0).a[0], SMC_OK);
	locks = false;
	beside();
}

/* As if the app had so many regions more that copies look for interrupts after their search. */
static void pretend_regions(unsigned count)
{
	struct guest *guest = guest_enter(two.vm_id);
	const struct ta_session *session =
		list_entry(guest->sessions.next, struct ta_session, link);

	session->instance->as.region_count += count;
	guest_leave(guest);
}

static int start(void **state)
{
	shared_start(state);
	serve = one.on_rpc;
	model_destroy(&one);
	model_destroy(&three);
	assert_int_equal(open_app(&two, &of_two), TEE_SUCCESS);
	pretend_regions(30);
	two_holds = two_waits = false;
	others_go_on();
	return 0;
}

static int stop(void **state)
{
	model_start(&three, 3);
	return shared_stop(state);
}

#define DEATH(what)                                                                                \
	static void a_client_dies_everywhere_##what(void **state)                                  \
	{                                                                                          \
		(void)state;                                                                       \
		beside = what;                                                                     \
		death_everywhere(&(struct death_life){.name = #what,                               \
						      .model = &one,                               \
						      .begin = begin,                              \
						      .live = live,                                \
						      .after = others_go_on});                     \
	}
DEATH(with_nothing)
DEATH(with_a_session_that_holds)
DEATH(with_a_call_that_waits)
DEATH(with_sessions_that_are_due)

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_client_dies_everywhere_with_nothing),
		CASE(a_client_dies_everywhere_with_a_session_that_holds),
		CASE(a_client_dies_everywhere_with_a_call_that_waits),
		CASE(a_client_dies_everywhere_with_sessions_that_are_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
