/* SPDX-License-Identifier: BSD-2-Clause */
/* What may leave a system call, whatever the normal world says; and what belongs to an app or a
 * guest rather than to an instance. */
#include "kernel/ta/nest_test.h"
#include "kernel/syscall/syscall.h"

/* Trusted-app ABI §3.2, written down a second time: what libutee lets through. Number, then codes.
 */
#define CO  TEE_ERROR_CORRUPT_OBJECT
#define SNA TEE_ERROR_STORAGE_NOT_AVAILABLE
#define OOM TEE_ERROR_OUT_OF_MEMORY
#define NS  TEE_ERROR_NOT_SUPPORTED
#define SB  TEE_ERROR_SHORT_BUFFER
#define INF TEE_ERROR_ITEM_NOT_FOUND
#define AC  TEE_ERROR_ACCESS_CONFLICT
static const uint32_t lists[71][7] = {
	[3] = {INF, SB},
	[4] = {INF, SB},
	[8] = {TEE_ERROR_ACCESS_DENIED},
	[12] = {TEE_ERROR_CANCEL},
	[13] = {TEE_ERROR_TIME_NOT_SET, TEE_ERROR_TIME_NEEDS_RESET, TEE_ERROR_OVERFLOW, OOM},
	[14] = {OOM, TEE_ERROR_STORAGE_NO_SPACE},
	[15] = {OOM, NS},
	[20] = {SB},
	[22] = {SB},
	[23] = {SB},
	[24] = {CO, SNA},
	[25] = {CO, SNA},
	[26] = {INF, SB, CO, SNA},
	[27] = {OOM, NS},
	[30] = {TEE_ERROR_BAD_PARAMETERS},
	[31] = {CO, SNA},
	[34] = {NS},
	[36] = {SB},
	[37] = {SB},
	[38] = {SB, TEE_ERROR_MAC_INVALID},
	[39] = {SB, TEE_ERROR_BAD_PARAMETERS, NS, TEE_ERROR_CIPHERTEXT_INVALID},
	[40] = {TEE_ERROR_SIGNATURE_INVALID},
	[41] = {INF, AC, OOM, CO, SNA},
	[42] = {INF, AC, OOM, CO, SNA, TEE_ERROR_STORAGE_NO_SPACE},
	[43] = {SNA},
	[44] = {AC, CO, SNA},
	[45] = {AC},
	[48] = {INF, CO, SNA},
	[49] = {INF, CO, SNA},
	[50] = {CO, SNA},
	[51] = {TEE_ERROR_STORAGE_NO_SPACE, TEE_ERROR_OVERFLOW, CO, SNA},
	[52] = {TEE_ERROR_STORAGE_NO_SPACE, CO, SNA},
	[53] = {TEE_ERROR_OVERFLOW, CO, SNA},
	[54] = {TEE_ERROR_BAD_PARAMETERS},
};
/* Rows without a code that is always harmless: these calls must not ask the normal world. */
static const uint8_t ask_nobody[] = {6,  9,  10, 11, 16, 17, 18, 19, 20, 21, 22,
				     23, 28, 29, 32, 33, 35, 36, 37, 46, 47};

static bool lets_through(unsigned number, uint32_t code)
{
	bool listed = code == TEE_SUCCESS;

	for (unsigned i = 0; i < 7; i++)
		listed |= lists[number][i] && lists[number][i] == code;
	return listed;
}

static const uint32_t hostile[] = {
	0,          1,          0xFFFF0000, 0xFFFF0001, 0xFFFF0002, 0xFFFF0003, 0xFFFF0004,
	0xFFFF0005, 0xFFFF0006, 0xFFFF0007, 0xFFFF0008, 0xFFFF0009, 0xFFFF000A, 0xFFFF000B,
	0xFFFF000C, 0xFFFF000D, 0xFFFF000E, 0xFFFF000F, 0xFFFF0010, 0xFFFF0011, 0xFFFF3001,
	0xFFFF300F, 0xFFFF3024, 0xFFFF3041, 0xFFFF3071, 0xFFFF3072, 0xFFFF5000, 0xFFFF5001,
	0xF0100001, 0xF0100002, 0xF0100003, 0xF0100004, 0xF0100006, 0x80000000, 0xFFFFFFFF};

static void ta_062_063_foreign_codes_become_codes_that_no_app_dies_of(void **state)
{
	(void)state;
	for (unsigned number = 0; number <= 70; number++) {
		bool any = number == 1 || number == 5 || number == 7;
		if (memchr(ask_nobody, number, sizeof(ask_nobody)) || any || number == 0 ||
		    number == 2 || (number >= 55))
			continue;
		for (unsigned i = 0; i < array_count(hostile); i++) {
			uint32_t code = syscall_foreign_result(number, hostile[i]);
			if (!lets_through(number, code))
				fail_msg("call %u lets 0x%x out", number, code);
			if (lets_through(number, hostile[i]))
				assert_int_equal(code, hostile[i]);
		}
	}
	for (unsigned number = 55; number < 200; number++)
		assert_int_equal(syscall_result(number, TEE_ERROR_GENERIC), NS);
}

static void ta_062_a_code_of_the_kernel_outside_the_row_becomes_one_of_the_row(void **state)
{
	(void)state;
	for (unsigned number = 3; number < 55; number++) {
		if (number == 5 || number == 7)
			continue;
		for (unsigned i = 0; i < array_count(hostile); i++) {
			uint32_t code = syscall_result(number, hostile[i]);
			/* The app's own mistakes: to be told, and to die of. */
			bool fault = code == TEE_ERROR_ACCESS_DENIED ||
				     code == TEE_ERROR_BAD_PARAMETERS ||
				     code == TEE_ERROR_BAD_STATE || (number == 28 && code == INF);
			assert_true(fault || lets_through(number, code));
			assert_int_not_equal(code, TEE_ERROR_TARGET_DEAD);
		}
	}
}

/* Absent algorithms, objects and storage (trusted-app ABI §3.5). */
static void ta_067_calls_that_are_absent_answer_as_for_unknown_handles(void **state)
{
	static const struct {
		unsigned first, last;
		uint32_t code;
	} want[] = {
		{15, 15, NS},
		{16, 23, TEE_ERROR_BAD_PARAMETERS},
		{24, 25, TEE_ERROR_BAD_STATE},
		{26, 26, INF},
		{27, 27, NS},
		{28, 31, TEE_ERROR_BAD_STATE},
		{41, 41, INF},
		{32, 32, TEE_ERROR_BAD_PARAMETERS},
		{34, 40, TEE_ERROR_BAD_PARAMETERS},
		{42, 42, SNA},
		{43, 44, TEE_ERROR_BAD_STATE},
		{45, 45, AC},
		{46, 49, TEE_ERROR_BAD_PARAMETERS},
		{50, 54, TEE_ERROR_BAD_STATE},
		{55, 80, NS},
	};

	(void)state;
	for (unsigned i = 0; i < array_count(want); i++) {
		for (unsigned n = want[i].first; n <= want[i].last; n++)
			assert_int_equal(syscall_refusal(n), want[i].code);
	}
	assert_int_equal(syscall_refusal(UINT64_MAX), NS);
	assert_int_equal(syscall_refusal(1ull << 32 | 26), NS);
}

/* --- through the machine --- */

static uint32_t lie;
static unsigned lies;
static bool (*honest)(struct model *model, uint32_t cmd, struct msg_header *message, bool *served);

static bool lie_always(struct model *model, uint32_t cmd, struct msg_header *message, bool *served)
{
	if (cmd >= 0x100)
		return honest(model, cmd, message, served);
	message->ret = lie;
	*served = true;
	lies++;
	return true;
}

static uint64_t scratch(const struct user_context *ctx)
{
	return (ctx->sp - 512) & ~63ull;
}

static uint32_t results[8];
static uint64_t values[8];
static struct op opens;

static void fill_pointers(const struct app_step *step, struct arch_aspace *as,
			  struct user_context *ctx)
{
	for (unsigned i = 0; i < 8; i++) {
		if (step->arg[i] >= 0x5000 && step->arg[i] < 0x5100)
			ctx->x[i] = scratch(ctx) + (step->arg[i] - 0x5000);
	}
	nest_prepare(step, as, ctx);
}

static unsigned result_count;

static struct ta_instance *first_instance(void)
{
	struct guest *g = guest_enter(1);

	guest_leave(g);
	return list_entry(g->instances.next, struct ta_instance, link);
}

static void note_results(const struct app_step *step, struct arch_aspace *as,
			 struct user_context *ctx)
{
	results[result_count % 8] = ctx->x[0];
	values[result_count++ % 8] = *(uint64_t *)host_user_memory(as, scratch(ctx), PROT_R);
	nest_done(step, as, ctx);
}

static uint32_t begin(const char *uuid)
{
	uint32_t session;

	app_prepare = fill_pointers;
	app_done = note_results;
	assert_int_equal(nest_open(uuid, &session), TEE_SUCCESS);
	return session;
}

static void run(uint32_t session)
{
	result_count = 0;
	assert_int_equal(nest_invoke(session, 1), TEE_SUCCESS);
}

/* TA-063: every RPC that an app can cause, answered with every code. */
static void ta_063_no_answer_of_the_normal_world_is_handed_to_an_app_that_dies_of_it(void **state)
{
	static const struct app_step asks[] = {{APP_SYSCALL, SYS_WAIT, {30}},
					       {APP_SYSCALL, SYS_GET_TIME, {2, 0x5000}},
					       OPEN(&opens)};

	(void)state;
	opens = (struct op){.uuid = PER_SESSION};
	RULE(MULTI, TA_FUNC_INVOKE_COMMAND, 1, asks);
	uint32_t session = begin(MULTI);
	honest = guest.on_rpc;
	guest.on_rpc = lie_always;
	for (unsigned i = 0; i < array_count(hostile); i++) {
		lie = hostile[i];
		lies = 0;
		run(session);
		assert_true(lies >= 3);
		assert_int_equal(results[0], TEE_SUCCESS);
		assert_int_equal(results[1], TEE_SUCCESS);
		/* Any code may come from an open, but none as if an app had made it. */
		assert_int_not_equal(opens.result, TEE_SUCCESS);
		assert_int_equal(opens.origin, TEE_ORIGIN_TEE);
	}
	guest.on_rpc = honest;
	assert_int_equal(nest_stat(TENON_STAT_INSTANCES), 1);
}

/* TA-091: an app's time is that of its UUID in this guest, and outlives its instances. */
static void ta_091_a_set_time_belongs_to_the_app_and_outlives_its_instances(void **state)
{
	static const struct app_step sets[] = {{APP_SYSCALL, SYS_GET_TIME, {1, 0x5000}},
					       {APP_SYSCALL, SYS_GET_TIME, {0, 0x5000}},
					       {APP_SYSCALL, SYS_SET_TA_TIME, {0x5000}}};
	static const struct app_step gets[] = {{APP_SYSCALL, SYS_GET_TIME, {1, 0x5000}}};

	(void)state;
	RULE(NULL, TA_FUNC_INVOKE_COMMAND, 1, sets);
	uint32_t session = begin(MULTI);
	uint32_t other = begin(KEEP_ALIVE);
	run(session);
	assert_int_equal(results[0], TEE_ERROR_TIME_NOT_SET);
	assert_int_equal(results[2], TEE_SUCCESS);
	assert_int_equal(model_close(&guest, session), TEE_SUCCESS);
	RULE(NULL, TA_FUNC_INVOKE_COMMAND, 1, gets);
	run(other);
	assert_int_equal(results[0], TEE_ERROR_TIME_NOT_SET);
	session = begin(MULTI);
	run(session);
	assert_int_equal(results[0], TEE_SUCCESS);
	/* A full guest is told so, with a code that the call may answer. */
	RULE(NULL, TA_FUNC_INVOKE_COMMAND, 1, sets);
	chance.allocations = 0;
	chance.fail_at = 1;
	run(other);
	chance.fail_at = 0;
	assert_int_equal(results[2], TEE_ERROR_OUT_OF_MEMORY);
}

/* TA-091 */
static void ta_091_a_time_at_its_end_wraps_and_says_so(void **state)
{
	static const struct app_step sets[] = {{APP_SYSCALL, SYS_SET_TA_TIME, {0x5000}},
					       {APP_SYSCALL, SYS_WAIT, {20}},
					       {APP_SYSCALL, SYS_GET_TIME, {1, 0x5000}}};
	static const struct app_step bad[] = {{APP_SYSCALL, SYS_SET_TA_TIME, {0x5000}}};

	(void)state;
	uint32_t session = begin(MULTI);
	struct ta_instance *instance = first_instance();
	uint64_t sp = instance->modules.elf.stack_top - 80;
	uint32_t *time = host_user_memory(&instance->as.arch, (sp - 512) & ~63ull, PROT_R | PROT_W);
	time[0] = UINT32_MAX;
	time[1] = 999;
	RULE(NULL, TA_FUNC_INVOKE_COMMAND, 1, sets);
	run(session);
	assert_int_equal(results[0], TEE_SUCCESS);
	assert_int_equal(results[2], TEE_ERROR_OVERFLOW);
	assert_in_range((uint32_t)values[2], 0, 2);
	time[1] = 1000;
	RULE(NULL, TA_FUNC_INVOKE_COMMAND, 1, bad);
	run(session);
	assert_int_equal(results[0], TEE_ERROR_BAD_PARAMETERS);
}

/* Docs: abi-extensions.md. */
static void an_app_learns_which_guest_calls(void **state)
{
	static const struct app_step gets[] = {
		{APP_SYSCALL, SYS_GET_PROPERTY, {0xFFFFFFFE, 2, 0, 0, 0x5000, 0x5010, 0x5014}}};
	static const struct app_step last[] = {
		{APP_SYSCALL, SYS_GET_PROPERTY, {0xFFFFFFFE, 3, 0, 0, 0, 0, 0}}};

	(void)state;
	uint32_t session = begin(MULTI);
	struct ta_instance *instance = first_instance();
	uint64_t sp = instance->modules.elf.stack_top - 80;
	uint8_t *at = host_user_memory(&instance->as.arch, (sp - 512) & ~63ull, PROT_R | PROT_W);
	static const uint8_t named_by_handle[16] = {[15] = 1};
	memset(at, 0xFF, 24);
	at[16] = 16, at[17] = at[18] = at[19] = 0;
	RULE(NULL, TA_FUNC_INVOKE_COMMAND, 1, gets);
	run(session);
	assert_int_equal(results[0], TEE_SUCCESS);
	assert_memory_equal(at, named_by_handle, 16);
	assert_int_equal(at[20], 2); /* a UUID */
	RULE(NULL, TA_FUNC_INVOKE_COMMAND, 1, last);
	run(session);
	assert_int_equal(results[0], INF);
}

static uint64_t client_va;

static void grant_cache(struct arch_aspace *as, struct user_context *ctx, struct utee_params *p)
{
	(void)ctx;
	client_va = p->vals[0];
	nest_instance(as)->flags |= TA_FLAG_CACHE_MAINTENANCE;
}

static void put_client(const struct app_step *step, struct arch_aspace *as,
		       struct user_context *ctx)
{
	(void)as;
	if (step->arg[0] == 0x6000)
		ctx->x[0] = client_va;
	if (step->arg[0] == 0x5000)
		ctx->x[0] = scratch(ctx);
}

/* TA-150 */
static void ta_150_caches_are_cleaned_for_apps_that_may_and_for_shared_memory_only(void **state)
{
	static const struct app_step cleans[] = {
		{APP_SYSCALL, SYS_CACHE_OPERATION, {0x6000, 5000, 0}},
		{APP_SYSCALL, SYS_CACHE_OPERATION, {0x6000, 5000, 1}},
		{APP_SYSCALL, SYS_CACHE_OPERATION, {0x6000, 5000, 3}},
		{APP_SYSCALL, SYS_CACHE_OPERATION, {0x5000, 8, 0}},
		{APP_SYSCALL, SYS_CACHE_OPERATION, {0x1000, 8, 0}},
		{APP_SYSCALL, SYS_CACHE_OPERATION, {0x6000, UINT64_MAX, 0}},
		{APP_SYSCALL, SYS_CACHE_OPERATION, {0x6000, 0, 0}},
	};
	uint64_t pa = model_alloc(&guest, 2 * PAGE_SIZE);

	(void)state;
	RULE(NULL, TA_FUNC_INVOKE_COMMAND, 1, cleans);
	uint32_t session = begin(MULTI);
	app_prepare = put_client;
	run(session);
	assert_int_equal(results[0], NS);
	assert_int_equal(model_register(&guest, pa, 2 * PAGE_SIZE, 0x40), TEE_SUCCESS);
	app_on_entry = grant_cache;
	host_cleaned = 0;
	struct model_message m = {.header = {MSG_CMD_INVOKE_COMMAND, 1, session, .num_params = 1},
				  .params[0] = {MSG_ATTR_RMEM_IN, .u.rmem = {8, 6000, 0x40}}};
	result_count = 0;
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	assert_int_equal(results[0], TEE_SUCCESS);
	assert_int_equal(host_cleaned, 5000);
	assert_int_equal(results[1], TEE_ERROR_ACCESS_DENIED); /* an input is not to be changed */
	assert_int_equal(results[2], TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(results[3], TEE_ERROR_ACCESS_DENIED);
	assert_int_equal(results[4], TEE_ERROR_ACCESS_DENIED);
	assert_int_equal(results[5], TEE_ERROR_ACCESS_DENIED);
	assert_int_equal(results[6], TEE_SUCCESS);
}

/* TA-087: what the normal world claims to be is checked; an app it can't be. */
static void ta_087_the_normal_world_cannot_pass_for_an_app(void **state)
{
	static const struct {
		uint64_t login;
		uint32_t result;
	} logins[] = {{0, TEE_SUCCESS},
		      {1, TEE_SUCCESS},
		      {6, TEE_SUCCESS},
		      {0x80000000, TEE_SUCCESS},
		      {3, TEE_ERROR_BAD_PARAMETERS},
		      {7, TEE_ERROR_BAD_PARAMETERS},
		      {0xF0000000, TEE_ERROR_BAD_PARAMETERS},
		      {0x1F0000000, TEE_ERROR_BAD_PARAMETERS},
		      {0xFFFFFFFF, TEE_ERROR_BAD_PARAMETERS}};

	(void)state;
	for (unsigned i = 0; i < array_count(logins); i++) {
		struct model_message m = {.header = {.cmd = MSG_CMD_OPEN_SESSION, .num_params = 2},
					  .params = {{.attr = MSG_ATTR_META_VALUE_IN},
						     {.attr = MSG_ATTR_META_VALUE_IN}}};
		app_uuid(m.params[0].u.octets, MULTI);
		m.params[1].u.value.c = logins[i].login;
		assert_int_equal(model_call(&guest, &m), SMC_OK);
		assert_int_equal(m.header.ret, logins[i].result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ta_062_063_foreign_codes_become_codes_that_no_app_dies_of),
		TEST(ta_062_a_code_of_the_kernel_outside_the_row_becomes_one_of_the_row),
		TEST(ta_067_calls_that_are_absent_answer_as_for_unknown_handles),
		TEST(ta_063_no_answer_of_the_normal_world_is_handed_to_an_app_that_dies_of_it),
		TEST(ta_091_a_set_time_belongs_to_the_app_and_outlives_its_instances),
		TEST(ta_091_a_time_at_its_end_wraps_and_says_so),
		TEST(an_app_learns_which_guest_calls),
		TEST(ta_150_caches_are_cleaned_for_apps_that_may_and_for_shared_memory_only),
		TEST(ta_087_the_normal_world_cannot_pass_for_an_app),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
