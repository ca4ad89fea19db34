/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions between apps when several calls are on their way, memory runs out, and guests die. */
#include "kernel/ta/nest_test.h"

#define EXITS_TO_LOADED 3u /* before the last RPC of loading, whose answer does not matter */

static struct op opens, invokes, closes;
static const struct app_step opens_it[] = {OPEN(&opens)};
static const struct app_step invokes_it[] = {INVOKE(&invokes)};
static const struct app_step stops_then_invokes[] = {INTERRUPTED, INVOKE(&invokes)};
static const struct app_step stops[] = {INTERRUPTED};
static const struct app_step whole[] = {OPEN(&opens), INTERRUPTED, INVOKE(&invokes), INTERRUPTED,
					CLOSE(&closes)};

static void reset_ops(const char *uuid)
{
	opens = (struct op){.uuid = uuid};
	invokes = (struct op){.opened = &opens, .cmd = 7};
	closes = (struct op){.opened = &opens};
}

/* TA-078, TA-077: the second of two that would wait for each other is told BUSY, the first gets its
 * turn. */
static void ta_078_two_calls_that_would_wait_for_each_other_do_not(void **state)
{
	static struct op back_opens, back_invokes;
	static const struct app_step opens_back[] = {OPEN(&back_opens)};
	static const struct app_step stops_then_back[] = {INTERRUPTED, INVOKE(&back_invokes)};
	uint32_t a, b;

	(void)state;
	reset_ops(MULTI);
	back_opens = (struct op){.uuid = KEEP_ALIVE};
	back_invokes = (struct op){.opened = &back_opens, .cmd = 7};
	RULE(KEEP_ALIVE, TA_FUNC_INVOKE_COMMAND, 1, opens_it);
	RULE(MULTI, TA_FUNC_INVOKE_COMMAND, 1, opens_back);
	assert_int_equal(nest_open(KEEP_ALIVE, &a), TEE_SUCCESS);
	assert_int_equal(nest_open(MULTI, &b), TEE_SUCCESS);
	assert_int_equal(nest_invoke(a, 1), TEE_SUCCESS);
	assert_int_equal(nest_invoke(b, 1), TEE_SUCCESS);
	assert_int_equal(opens.result | back_opens.result, TEE_SUCCESS);
	RULE(KEEP_ALIVE, TA_FUNC_INVOKE_COMMAND, 2, stops_then_invokes);
	RULE(MULTI, TA_FUNC_INVOKE_COMMAND, 2, stops_then_back);
	uint32_t first = nest_leave(MSG_CMD_INVOKE_COMMAND, a, 2, 0);
	uint32_t second = nest_leave(MSG_CMD_INVOKE_COMMAND, b, 2, 0);
	assert_true(first && second);
	/* The first goes on, finds the other busy, and waits: in the guest (TA-077). */
	nest_stop_again();
	assert_int_equal(nest_go_on(first), MODEL_LEFT);
	assert_int_equal(invokes.runs, 0);
	assert_int_equal(nest_finish(second), TEE_SUCCESS);
	assert_int_equal(back_invokes.result, TEE_ERROR_BUSY);
	assert_int_equal(back_invokes.origin, TEE_ORIGIN_TEE);
	assert_int_equal(nest_finish(first), TEE_SUCCESS);
	assert_int_equal(invokes.result, TEE_SUCCESS);
	assert_int_equal(invokes.origin, TEE_ORIGIN_TRUSTED_APP);
}

/* TA-078: an app that is being loaded by a call is waited for, for that is no circle. */
static void an_app_that_another_call_loads_is_waited_for(void **state)
{
	uint32_t session;

	(void)state;
	reset_ops(MULTI);
	RULE(KEEP_ALIVE, TA_FUNC_INVOKE_COMMAND, 1, opens_it);
	assert_int_equal(nest_open(KEEP_ALIVE, &session), TEE_SUCCESS);
	uint32_t loads = nest_leave_open(MULTI, 0);
	uint32_t waits = nest_leave(MSG_CMD_INVOKE_COMMAND, session, 1, 0);
	assert_true(loads && waits);
	assert_int_equal(opens.runs, 0);
	/* Its loader gets nonsense from the guest and fails; then the other one loads it. */
	assert_int_not_equal(nest_finish(loads), TEE_SUCCESS);
	assert_int_equal(nest_finish(waits), TEE_SUCCESS);
	assert_int_equal(opens.result, TEE_SUCCESS);
}

/* TA-073: two wait while a third loads an app for one session, which then refuses that one: the app
 * is the next one's, though the other waits still. */
static void those_who_wait_for_an_app_are_no_openers_yet(void **state)
{
	(void)state;
	nest_rule(ONE_SESSION, TA_FUNC_OPEN_SESSION, ANY_CMD, NULL, 0, TEE_ERROR_ACCESS_DENIED);
	uint32_t loads = nest_leave_open(ONE_SESSION, EXITS_TO_LOADED);
	uint32_t second = nest_leave_open(ONE_SESSION, 0);
	uint32_t third = nest_leave_open(ONE_SESSION, 0);
	assert_true(loads && second && third);
	assert_int_equal(nest_entries(ONE_SESSION, TA_FUNC_OPEN_SESSION), 0);
	assert_int_equal(nest_finish(loads), TEE_ERROR_ACCESS_DENIED);
	nest_no_rules();
	assert_int_equal(nest_finish(second), TEE_SUCCESS);
	assert_int_equal(nest_finish(third), TEE_ERROR_BUSY);
}

/* A close that can't enter its app because that one waits for the closer happens when the call is
 * out of all apps; nothing hangs and nothing is lost. */
static void a_close_within_a_circle_happens_later(void **state)
{
	static struct op back_opens, back_invokes;
	static const struct app_step opens_back[] = {OPEN(&back_opens)};
	static const struct app_step invokes_back[] = {INVOKE(&back_invokes)};
	static const struct app_step stops_then_closes[] = {INTERRUPTED, CLOSE(&closes)};
	uint32_t a, b;

	(void)state;
	reset_ops(MULTI);
	back_opens = (struct op){.uuid = KEEP_ALIVE};
	back_invokes = (struct op){.opened = &back_opens, .cmd = 7};
	RULE(KEEP_ALIVE, TA_FUNC_INVOKE_COMMAND, 1, opens_it);
	RULE(KEEP_ALIVE, TA_FUNC_INVOKE_COMMAND, 2, stops_then_closes);
	RULE(MULTI, TA_FUNC_INVOKE_COMMAND, 1, opens_back);
	RULE(MULTI, TA_FUNC_INVOKE_COMMAND, 2, invokes_back);
	assert_int_equal(nest_open(KEEP_ALIVE, &a), TEE_SUCCESS);
	assert_int_equal(nest_open(MULTI, &b), TEE_SUCCESS);
	assert_int_equal(nest_invoke(a, 1), TEE_SUCCESS);
	assert_int_equal(nest_invoke(b, 1), TEE_SUCCESS);
	uint32_t first = nest_leave(MSG_CMD_INVOKE_COMMAND, a, 2, 0);
	uint32_t second = nest_leave(MSG_CMD_INVOKE_COMMAND, b, 2, 0); /* waits for the first */
	assert_true(first && second);
	nest_stop_again();
	assert_int_equal(nest_go_on(first), MODEL_LEFT); /* wakes the second, is out, waits */
	assert_int_equal(closes.runs, 1);
	assert_int_equal(closes.result, TEE_SUCCESS);
	assert_int_equal(nest_finish(second), TEE_SUCCESS);
	assert_int_equal(nest_finish(first), TEE_SUCCESS);
	assert_int_equal(nest_entries(MULTI, TA_FUNC_CLOSE_SESSION), 1);
	assert_int_equal(back_invokes.result, TEE_SUCCESS);
}

/* --- every chance to fail, every exit to die at
 * ---------------------------------------------------- */

static void rules_of_a_life(void)
{
	reset_ops(PER_SESSION);
	invokes.params = (struct utee_params){0x3, {1, 2}};
	RULE(MULTI, TA_FUNC_INVOKE_COMMAND, 1, whole);
	RULE(PER_SESSION, TA_FUNC_OPEN_SESSION, ANY_CMD, stops);
	RULE(PER_SESSION, TA_FUNC_INVOKE_COMMAND, ANY_CMD, stops);
	RULE(PER_SESSION, TA_FUNC_CLOSE_SESSION, ANY_CMD, stops);
}

/* I8: a nested call for which each single allocation fails once. The app that calls is told, and
 * lives. */
static void running_out_in_a_nested_call_is_an_error_code(void **state)
{
	uint32_t session;
	unsigned at = 0;

	(void)state;
	rules_of_a_life();
	assert_int_equal(nest_open(MULTI, &session), TEE_SUCCESS);
	assert_int_equal(nest_invoke(session, 1), TEE_SUCCESS);
	uint64_t pages = nest_stat(TENON_STAT_PAGES);
	do {
		reset_ops(PER_SESSION);
		chance.allocations = 0;
		chance.fail_at = ++at;
		uint32_t result = nest_invoke(session, 1);
		chance.fail_at = 0;
		if (result != TEE_SUCCESS)
			assert_int_equal(result, 0xAAAA0000u | SMC_ENOMEM);
		else if (opens.result)
			assert_int_equal(opens.result, TEE_ERROR_OUT_OF_MEMORY);
		assert_int_equal(nest_stat(TENON_STAT_SESSIONS), 1);
		assert_in_range(nest_stat(TENON_STAT_PAGES), pages - 4, pages);
	} while (chance.allocations >= at);
	assert_true(at > 20);
	assert_int_equal(nest_entries(MULTI, TA_FUNC_CLOSE_SESSION), 0);
}

/* I5, attack row 33: the guest is destroyed at each exit of a nested call, those of loading, of the
 * inner app and of the outer one. nest_stop() sees that everything is back. */
static void a_guest_destroyed_at_any_exit_of_a_nested_call_leaves_nothing(void **state)
{
	uint32_t session, thread = 1;

	for (unsigned at = 0; thread; at++) {
		if (at > 0)
			nest_start(state);
		rules_of_a_life();
		assert_int_equal(nest_open(MULTI, &session), TEE_SUCCESS);
		thread = nest_leave(MSG_CMD_INVOKE_COMMAND, session, 1, at);
		assert_true(at < 60);
		if (!thread)
			assert_true(at > 8);
		else
			nest_stop(state);
	}
}

/* --- many calls
 * ------------------------------------------------------------------------------------ */

static uint64_t seed;

static unsigned pick(unsigned below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 33) % below;
}

struct tangle {
	uint32_t threads[8];
	uint32_t sessions[4];
};

static void start_one(struct tangle *t, unsigned slot)
{
	static const char *const apps[] = {MULTI, KEEP_ALIVE, PER_SESSION, ONE_SESSION};
	uint32_t session = t->sessions[pick(4)];

	switch (pick(4)) {
	case 0:
		t->threads[slot] = nest_leave_open(apps[pick(4)], 30 + pick(10));
		break;
	case 1:
		t->threads[slot] = nest_leave(MSG_CMD_CLOSE_SESSION, session, 0, pick(3));
		break;
	default:
		t->threads[slot] =
			nest_leave(MSG_CMD_INVOKE_COMMAND, session, 1 + pick(4), pick(6));
		break;
	}
	if (nest_opened)
		t->sessions[pick(4)] = nest_opened;
}

static void go_on(struct tangle *t, unsigned slot)
{
	nest_stop_again();
	if (nest_go_on(t->threads[slot]) != MODEL_LEFT)
		t->threads[slot] = 0;
}

/* TA-054, TA-050: opens, commands, panics and closes of several calls in random order, apps that
 * call each other among them: none is lost, none crashes the kernel, and what is left can be
 * destroyed. */
static void ta_054_calls_that_race_open_panic_and_close_come_to_their_end(void **state)
{
	static struct op other;
	static const struct app_step panics[] = {INTERRUPTED, PANICS};
	static const struct app_step calls_and_panics[] = {OPEN(&other), INTERRUPTED,
							   INVOKE(&other), PANICS};
	static const struct app_step calls[] = {OPEN(&opens), INVOKE(&invokes), INTERRUPTED,
						CLOSE(&closes)};
	static const char *const apps[] = {MULTI, KEEP_ALIVE, PER_SESSION};

	unsigned nested = 0, entered = 0;

	for (unsigned life = 0; life < 40; life++) {
		struct tangle t = {0};
		if (life > 0)
			nest_start(state);
		seed = life * 7919 + 1;
		reset_ops(apps[pick(3)]);
		other = (struct op){.uuid = apps[pick(3)], .cmd = 2};
		RULE(NULL, TA_FUNC_INVOKE_COMMAND, 2, panics);
		RULE(NULL, TA_FUNC_INVOKE_COMMAND, 3, calls_and_panics);
		RULE(NULL, TA_FUNC_INVOKE_COMMAND, 4, calls);
		RULE(NULL, TA_FUNC_INVOKE_COMMAND, 7, stops);
		for (unsigned step = 0; step < 60; step++) {
			unsigned slot = pick(8);
			if (t.threads[slot])
				go_on(&t, slot);
			else
				start_one(&t, slot);
		}
		/* Resumed again and again, in turn, each comes to its end. */
		for (unsigned round = 0, left = 1; left && life % 2; round++) {
			assert_true(round < 200);
			left = 0;
			for (unsigned i = 0; i < 8; i++) {
				if (!t.threads[i])
					continue;
				nest_stop_again();
				if (nest_go_on(t.threads[i]) == MODEL_LEFT)
					left++;
				else
					t.threads[i] = 0;
			}
		}
		nested += opens.runs + invokes.runs + other.runs;
		entered += nest_entries(MULTI, TA_FUNC_INVOKE_COMMAND);
		if (life < 39)
			nest_stop(state);
	}
	assert_true(nested > 100 && entered > 30);
}

/* --- services --- */

static unsigned accepted, closed;
static TEE_Result refusal;

static TEE_Result service_open(struct ta_session *session, struct ta_params *params)
{
	(void)params;
	assert_non_null(session->opener);
	accepted += refusal == TEE_SUCCESS;
	return refusal;
}

static void service_close(struct ta_session *session)
{
	struct msg_param param = {.attr = MSG_ATTR_VALUE_IN};

	assert_int_equal(session->guest->vm_id, 1);
	assert_int_equal(call_rpc(RPC_CMD_SUSPEND, &param, 1) == TEE_ERROR_TARGET_DEAD,
			 session->guest->dying);
	closed++;
}

static TEE_Result service_invoke(struct ta_session *session, uint32_t cmd, struct ta_params *params)
{
	struct ta_memref *ref = &params->p[0].u.memref;
	char text[4];

	(void)session;
	if (cmd == 8)
		return TEE_ERROR_SHORT_BUFFER;
	assert_int_equal(ta_memref_read(ref, 0, text, 4), TEE_SUCCESS);
	assert_memory_equal(text, "mine", 4);
	assert_int_equal(ta_memref_write(ref, 4, "ours", 4), TEE_SUCCESS);
	ref->size = 8;
	return TEE_SUCCESS;
}

#define SERVICE "11223344-5566-7788-99aa-bbccddeeff00"
static const struct ta_service service = {
	.uuid = {0x11223344, 0x5566, 0x7788, {0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x00}},
	.name = "test",
	.apps_only = true,
	.open = service_open,
	.close = service_close,
	.invoke = service_invoke,
};

static uint64_t text_at;

static void pass_private(struct op *op, struct arch_aspace *as, uint64_t frame)
{
	text_at = frame + 128;
	memcpy(host_user_memory(as, text_at, PROT_W), "mine....", 8);
	op->params.vals[0] = text_at;
	op->params.vals[1] = 16;
}

/* TA-084, TA-141: a service works on the app's own memory, its results are a trusted app's, and the
 * normal world can't open it. */
static void ta_084_services_serve_apps_in_their_own_memory(void **state)
{
	static struct op refused, fails;
	static const struct app_step uses[] = {OPEN(&opens), INVOKE(&invokes), INVOKE(&fails),
					       CLOSE(&closes)};
	static const struct app_step is_refused[] = {OPEN(&refused)};
	uint32_t session, id;

	(void)state;
	ta_register_service(&service);
	accepted = closed = 0;
	refusal = TEE_SUCCESS;
	reset_ops(SERVICE);
	invokes.params.types = TEE_PARAM_MEMREF_INOUT;
	invokes.fix = pass_private;
	fails = (struct op){.opened = &opens, .cmd = 8};
	refused = (struct op){.uuid = SERVICE};
	assert_int_equal(nest_open(SERVICE, &id), TEE_ERROR_ACCESS_DENIED);
	RULE(MULTI, TA_FUNC_INVOKE_COMMAND, 1, uses);
	RULE(MULTI, TA_FUNC_INVOKE_COMMAND, 2, is_refused);
	assert_int_equal(nest_open(MULTI, &session), TEE_SUCCESS);
	assert_int_equal(nest_invoke(session, 1), TEE_SUCCESS);
	assert_int_equal(invokes.result, TEE_SUCCESS);
	assert_int_equal(invokes.origin, TEE_ORIGIN_TRUSTED_APP);
	assert_int_equal(invokes.out.vals[1], 8);
	assert_int_equal(fails.result, TEE_ERROR_SHORT_BUFFER);
	assert_int_equal(fails.origin, TEE_ORIGIN_TRUSTED_APP);
	assert_int_equal(accepted, 1);
	assert_int_equal(closed, 1);
	refusal = TEE_ERROR_BAD_STATE;
	assert_int_equal(nest_invoke(session, 2), TEE_SUCCESS);
	assert_int_equal(refused.result, TEE_ERROR_BAD_STATE);
	assert_int_equal(refused.origin, TEE_ORIGIN_TRUSTED_APP);
	assert_int_equal(closed, 1);
	/* The app goes without closing it; then the guest. */
	refusal = TEE_SUCCESS;
	assert_int_equal(nest_invoke(session, 2), TEE_SUCCESS);
	assert_int_equal(model_close(&guest, session), TEE_SUCCESS);
	assert_int_equal(closed, 2);
	assert_int_equal(nest_open(MULTI, &session), TEE_SUCCESS);
	assert_int_equal(nest_invoke(session, 2), TEE_SUCCESS);
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 1, 0, 0).a[0], SMC_OK);
	assert_int_equal(closed, 3);
}

/* --- cancellation --- */

static const struct app_step waits[] = {{APP_SYSCALL, SYS_UNMASK_CANCELLATION, {0}},
					{APP_SYSCALL, SYS_WAIT, {5000}}};
static unsigned waited[2];
static uint32_t wait_result;

static void point_at_stack(const struct app_step *step, struct arch_aspace *as,
			   struct user_context *ctx)
{
	(void)as;
	if (step->number == SYS_UNMASK_CANCELLATION)
		ctx->x[0] = ctx->sp - 512;
	nest_prepare(step, as, ctx);
}

static void note_wait(const struct app_step *step, struct arch_aspace *as, struct user_context *ctx)
{
	if (step->number == SYS_UNMASK_CANCELLATION)
		waited[0] = *(uint32_t *)host_user_memory(as, ctx->sp - 512, PROT_R);
	if (step->number == SYS_WAIT)
		wait_result = ctx->x[0];
	nest_done(step, as, ctx);
}

/* TA-088, TA-089: the time that an app gives another one ends that one's wait; the mask starts
 * anew in each entry. */
static void ta_089_a_deadline_cancels_the_app_that_was_called(void **state)
{
	uint32_t session;

	(void)state;
	app_prepare = point_at_stack;
	app_done = note_wait;
	reset_ops(MULTI);
	opens.timeout = 50;
	invokes.timeout = 60;
	RULE(KEEP_ALIVE, TA_FUNC_INVOKE_COMMAND, 1, opens_it);
	RULE(KEEP_ALIVE, TA_FUNC_INVOKE_COMMAND, 2, invokes_it);
	RULE(MULTI, TA_FUNC_OPEN_SESSION, ANY_CMD, waits);
	RULE(MULTI, TA_FUNC_INVOKE_COMMAND, 7, waits);
	assert_int_equal(nest_open(KEEP_ALIVE, &session), TEE_SUCCESS);
	for (unsigned cmd = 1; cmd <= 2; cmd++) {
		wait_result = waited[0] = 0;
		uint64_t begin = arch_counter();
		assert_int_equal(nest_invoke(session, cmd), TEE_SUCCESS);
		uint64_t millis = (arch_counter() - begin) * 1000 / arch_counter_hz();
		assert_int_equal(wait_result, TEE_ERROR_CANCEL);
		assert_int_equal(waited[0], 1);
		assert_in_range(millis, 49, 2000);
	}
}

/* TA-089: a cancel for a command that waits for its turn is there when it enters. */
static void a_cancel_before_the_command_enters_is_not_lost(void **state)
{
	uint32_t a, b;

	(void)state;
	app_prepare = point_at_stack;
	app_done = note_wait;
	RULE(MULTI, TA_FUNC_INVOKE_COMMAND, 1, stops);
	RULE(MULTI, TA_FUNC_INVOKE_COMMAND, 2, waits);
	assert_int_equal(nest_open(MULTI, &a), TEE_SUCCESS);
	assert_int_equal(nest_open(MULTI, &b), TEE_SUCCESS);
	uint32_t inside = nest_leave(MSG_CMD_INVOKE_COMMAND, a, 1, 0);
	uint32_t turn = nest_leave(MSG_CMD_INVOKE_COMMAND, b, 2, 0);
	struct model_message m = {.header = {.cmd = MSG_CMD_CANCEL, .session = b}};
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_SUCCESS);
	assert_int_equal(nest_finish(inside), TEE_SUCCESS);
	wait_result = 0;
	assert_int_equal(nest_finish(turn), TEE_SUCCESS);
	assert_int_equal(wait_result, TEE_ERROR_CANCEL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(those_who_wait_for_an_app_are_no_openers_yet),
		TEST(ta_078_two_calls_that_would_wait_for_each_other_do_not),
		TEST(an_app_that_another_call_loads_is_waited_for),
		TEST(a_close_within_a_circle_happens_later),
		TEST(running_out_in_a_nested_call_is_an_error_code),
		TEST(a_guest_destroyed_at_any_exit_of_a_nested_call_leaves_nothing),
		TEST(ta_054_calls_that_race_open_panic_and_close_come_to_their_end),
		TEST(ta_084_services_serve_apps_in_their_own_memory),
		TEST(ta_089_a_deadline_cancels_the_app_that_was_called),
		TEST(a_cancel_before_the_command_enters_is_not_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
