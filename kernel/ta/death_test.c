/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * I1, I5, I6, I8: a guest dies at every point of a life that has everything in it, with every kind
 * of object that it can own alive beside. kernel/arch/host/death.h says what is counted and
 * compared.
 */
#include "kernel/arch/host/death.h"
#include "kernel/ta/nest_test.h"

#define BUFFER      0x40u
#define BUFFER_SIZE (3 * PAGE_SIZE)

/* Arguments of system calls that lie in the app's stack, and the handle that was put there. */
#define FRAME          0x4652414D45ull << 16
#define AT(offset)     ((FRAME) + 128 + (offset))
#define HANDLE         ((FRAME) + 0x8000)
#define ALGO_SHA256    0x50000004u
#define MODE_DIGEST    5u
#define SYSTEM         "3a2f8978-5dc0-11e8-9c2d-fa7ae01bbebc" /* the service */
#define CMD_ALL        1u
#define CMD_TOUCH      2u
#define CMD_KEEP       3u
#define CMD_PANIC      4u
#define CMD_INNER      7u
#define EXITS_TO_INNER 9u

static struct model other;
static uint32_t other_session;
static bool (*serve)(struct model *model, uint32_t cmd, struct msg_header *message, bool *served);
static struct op opens, invokes, closes, keeps, opens_system, maps;

static const struct app_step all[] = {
	{APP_SYSCALL, SYS_CRYP_STATE_ALLOC, {ALGO_SHA256, MODE_DIGEST, 0, 0, AT(0)}},
	{APP_SYSCALL, SYS_HASH_INIT, {HANDLE}},
	{APP_SYSCALL, SYS_HASH_UPDATE, {HANDLE, AT(16), 64}},
	{APP_SYSCALL, SYS_SET_TA_TIME, {AT(16)}},
	{APP_SYSCALL, SYS_WAIT, {20}},
	{APP_SYSCALL, SYS_RANDOM, {AT(16), 40}},
	OPEN(&opens_system),
	INVOKE(&maps),
	OPEN(&opens),
	INTERRUPTED,
	INVOKE(&invokes),
	CLOSE(&closes),
};
static const struct app_step touches[] = {INTERRUPTED};
static const struct app_step keeping[] = {
	OPEN(&keeps),
	{APP_SYSCALL, SYS_CRYP_STATE_ALLOC, {ALGO_SHA256, MODE_DIGEST, 0, 0, AT(0)}},
	{APP_SYSCALL, SYS_SET_TA_TIME, {AT(16)}},
};
static const struct app_step panicking[] = {PANICS};

static uint64_t in_frame(const struct user_context *ctx, struct arch_aspace *as, uint64_t arg)
{
	uint64_t va = (ctx->sp - 768) & ~255ull;
	uint32_t handle;

	if ((arg & ~0xFFFFull) != (FRAME))
		return arg;
	if (arg != HANDLE)
		return va + (arg & 0xFFFF);
	memcpy(&handle, host_user_memory(as, va + 128, PROT_R), sizeof(handle));
	return handle;
}

static void prepare(const struct app_step *step, struct arch_aspace *as, struct user_context *ctx)
{
	for (unsigned i = 0; i < 8; i++)
		ctx->x[i] = in_frame(ctx, as, ctx->x[i]);
	nest_prepare(step, as, ctx);
}

static void reset(void)
{
	opens = (struct op){.uuid = PER_SESSION};
	invokes = (struct op){
		.opened = &opens, .cmd = CMD_INNER, .params = {TEE_PARAM_VALUE_INOUT, {1, 2}}};
	closes = (struct op){.opened = &opens};
	keeps = (struct op){.uuid = PER_SESSION};
	opens_system = (struct op){.uuid = SYSTEM};
	maps = (struct op){.opened = &opens_system,
			   .cmd = 2,
			   .params = {TEE_PARAM_VALUE_INPUT | TEE_PARAM_VALUE_INOUT << 4 |
					      TEE_PARAM_VALUE_INPUT << 8,
				      {5 * PAGE_SIZE}}};
}

static uint32_t call_with_buffer(struct model *m, uint32_t session, uint32_t cmd, bool bare)
{
	struct model_message msg = model_invocation(session, cmd, 1);

	msg.params[0] =
		(struct msg_param){MSG_ATTR_RMEM_INOUT, .u.rmem = {5, 2 * PAGE_SIZE, BUFFER}};
	uint32_t a0 = bare ? model_call_bare(m, &msg) : model_call(m, &msg);
	return a0 ? a0 : msg.header.ret;
}

static uint32_t open(const char *name, uint32_t *session)
{
	return nest_open(name, session);
}

/* The life. */
static uint32_t live(void)
{
	uint32_t session, kept, result;
	uint64_t pa = model_alloc(&guest, BUFFER_SIZE);

	if (model_smc(&guest, SMC_ENABLE_ASYNC_NOTIF, 0, 0, 0).a[0] != SMC_OK)
		return TEE_ERROR_GENERIC;
	if ((result = model_register(&guest, pa, BUFFER_SIZE, BUFFER)) ||
	    (result = open(MULTI, &session)) || (result = nest_invoke(session, CMD_ALL)))
		return result;
	/* The app is told what failed, and lives. */
	if ((result = opens.result | invokes.result | opens_system.result | maps.result) ||
	    (result = call_with_buffer(&guest, session, CMD_TOUCH, false)) ||
	    (result = call_with_buffer(&guest, session, CMD_TOUCH, true)) ||
	    (result = open(KEEP_ALIVE, &kept)) || (result = model_close(&guest, kept)) ||
	    (result = nest_invoke(session, CMD_PANIC)) != TEE_ERROR_TARGET_DEAD)
		return result ? result : TEE_ERROR_GENERIC;
	if ((result = model_close(&guest, session)))
		return result;
	return model_unregister(&guest, BUFFER);
}

/* Another guest's app, session, buffer and figures are as they were. */
static void other_is_well(void)
{
	static const uint32_t kinds[] = {TENON_STAT_PAGES, TENON_STAT_CALLS, TENON_STAT_SESSIONS,
					 TENON_STAT_INSTANCES, TENON_STAT_SHM_PAGES};
	static uint64_t first[array_count(kinds)];
	bool known = first[0] != 0;

	assert_int_equal(call_with_buffer(&other, other_session, CMD_TOUCH, false), TEE_SUCCESS);
	for (unsigned i = 0; i < array_count(kinds); i++) {
		uint64_t value;
		assert_int_equal(guest_stat(2, kinds[i], &value), SMC_OK);
		if (!known)
			first[i] = value;
		assert_int_equal(value, first[i]);
	}
}

/* --- what is alive beside --- */

static void with_nothing(void)
{
}

static void with_buffers(void)
{
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(model_register(&guest, model_alloc(&guest, 7 * PAGE_SIZE),
						7 * PAGE_SIZE, 0x1000 + i),
				 TEE_SUCCESS);
}

static uint32_t session_of(const char *name)
{
	uint32_t session;

	assert_int_equal(open(name, &session), TEE_SUCCESS);
	return session;
}

/* An app with an open session to another one, a digest, and a time of its own. */
static void with_an_app_that_keeps_things(void)
{
	assert_int_equal(nest_invoke(session_of(ONE_SESSION), CMD_KEEP), TEE_SUCCESS);
	assert_int_equal(keeps.result, TEE_SUCCESS);
}

static void with_a_call_that_loads(void)
{
	assert_true(nest_leave_open(ONE_SESSION, 2));
}

/* One call is inside the app, two wait for their turn. */
static void with_calls_that_wait(void)
{
	uint32_t session = session_of(ONE_SESSION);

	for (unsigned i = 0; i < 3; i++)
		assert_true(nest_leave(MSG_CMD_INVOKE_COMMAND, session, CMD_TOUCH, 0));
}

static void with_a_call_in_an_inner_app(void)
{
	unsigned entries = nest_entries(PER_SESSION, TA_FUNC_INVOKE_COMMAND);

	assert_true(nest_leave(MSG_CMD_INVOKE_COMMAND, session_of(ONE_SESSION), CMD_ALL,
			       EXITS_TO_INNER));
	assert_int_equal(nest_entries(PER_SESSION, TA_FUNC_INVOKE_COMMAND), entries + 1);
}

static void with_an_idle_app(void)
{
	assert_int_equal(model_close(&guest, session_of(KEEP_ALIVE)), TEE_SUCCESS);
}

static void with_a_dead_app(void)
{
	assert_int_equal(nest_invoke(session_of(ONE_SESSION), CMD_PANIC), TEE_ERROR_TARGET_DEAD);
}

static void with_kept_rpc_buffers(void)
{
	assert_int_equal(model_smc(&guest, SMC_ENABLE_SHM_CACHE, 0, 0, 0).a[0], SMC_OK);
	assert_int_equal(
		model_register(&guest, model_alloc(&guest, BUFFER_SIZE), BUFFER_SIZE, BUFFER),
		TEE_SUCCESS);
	assert_int_equal(call_with_buffer(&guest, session_of(ONE_SESSION), CMD_TOUCH, true),
			 TEE_SUCCESS);
}

/* --- the tests --- */

static void (*beside)(void);

static void begin(void)
{
	death_birth(&guest);
	guest.on_rpc = serve;
	reset();
	beside();
	reset();
}

static int start(void **state)
{
	nest_start(state);
	app_prepare = prepare;
	RULE(NULL, TA_FUNC_INVOKE_COMMAND, CMD_ALL, all);
	RULE(NULL, TA_FUNC_INVOKE_COMMAND, CMD_TOUCH, touches);
	RULE(NULL, TA_FUNC_INVOKE_COMMAND, CMD_KEEP, keeping);
	RULE(NULL, TA_FUNC_INVOKE_COMMAND, CMD_PANIC, panicking);
	RULE(NULL, TA_FUNC_INVOKE_COMMAND, CMD_INNER, touches);
	serve = guest.on_rpc;
	assert_int_equal(model_admin(SMC_VM_DESTROYED, DEATH_VM, 0, 0).a[0], SMC_OK);
	model_start(&other, 2);
	other.on_rpc = serve;
	return 0;
}

static int stop(void **state)
{
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 2, 0, 0).a[0], SMC_OK);
	return nest_stop(state);
}

/* The other guest has all the apps, so their images are known, and loading is comparing. */
static void other_has_sessions(void)
{
	static const char *const apps[] = {PER_SESSION, KEEP_ALIVE, ONE_SESSION, MULTI};
	uint8_t octets[16];

	for (unsigned i = 0; i < array_count(apps); i++) {
		app_uuid(octets, apps[i]);
		assert_int_equal(model_open(&other, octets, &other_session), TEE_SUCCESS);
	}
	uint64_t pa = model_alloc(&other, BUFFER_SIZE);
	assert_int_equal(model_register(&other, pa, BUFFER_SIZE, BUFFER), TEE_SUCCESS);
	other_is_well();
}

static void dies_with(const char *name, void (*what)(void))
{
	beside = what;
	other_has_sessions();
	death_everywhere(&(struct death_life){.name = name,
					      .model = &guest,
					      .begin = begin,
					      .live = live,
					      .after = other_is_well});
}

#define DEATH(what)                                                                                \
	static void a_guest_dies_everywhere_##what(void **state)                                   \
	{                                                                                          \
		(void)state;                                                                       \
		dies_with(#what, what);                                                            \
	}
DEATH(with_nothing)
DEATH(with_buffers)
DEATH(with_an_app_that_keeps_things)
DEATH(with_a_call_that_loads)
DEATH(with_calls_that_wait)
DEATH(with_a_call_in_an_inner_app)
DEATH(with_an_idle_app)
DEATH(with_a_dead_app)
DEATH(with_kept_rpc_buffers)

static void forget_images(void)
{
	while (image_reclaim(&system_budget))
		;
}

/* Nobody else knows the apps: they are copied, verified and published on the way. */
static void a_guest_dies_everywhere_in_the_first_load_of_an_app(void **state)
{
	(void)state;
	beside = with_nothing;
	death_everywhere(&(struct death_life){.name = "unknown images",
					      .model = &guest,
					      .begin = begin,
					      .live = live,
					      .after = forget_images,
					      .step = 5});
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_guest_dies_everywhere_with_nothing),
		CASE(a_guest_dies_everywhere_with_buffers),
		CASE(a_guest_dies_everywhere_with_an_app_that_keeps_things),
		CASE(a_guest_dies_everywhere_with_a_call_that_loads),
		CASE(a_guest_dies_everywhere_with_calls_that_wait),
		CASE(a_guest_dies_everywhere_with_a_call_in_an_inner_app),
		CASE(a_guest_dies_everywhere_with_an_idle_app),
		CASE(a_guest_dies_everywhere_with_a_dead_app),
		CASE(a_guest_dies_everywhere_with_kept_rpc_buffers),
		CASE(a_guest_dies_everywhere_in_the_first_load_of_an_app),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
