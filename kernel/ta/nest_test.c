/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions between apps: parameters, results, identity, deaths, circles, depth. */
#include "kernel/ta/nest_test.h"

static struct op opens, invokes, closes;
static const struct app_step whole[] = {OPEN(&opens), INVOKE(&invokes), CLOSE(&closes)};
static const struct app_step opens_and_leaves[] = {OPEN(&opens)};
static const struct app_step panics[] = {PANICS};

static void reset_ops(const char *uuid)
{
	opens = (struct op){.uuid = uuid};
	invokes = (struct op){.opened = &opens, .cmd = 7};
	closes = (struct op){.opened = &opens};
}

static void assert_result(const struct op *op, TEE_Result result, uint32_t origin)
{
	assert_int_equal(op->runs, 1);
	assert_int_equal(op->result, result);
	assert_int_equal(op->origin, origin);
}

static struct ta_client seen_client;
static struct utee_params seen_params;
static uint32_t seen_session;

static void note(struct arch_aspace *as, struct user_context *ctx, struct utee_params *p)
{
	if (!nest_is(nest_instance(as), MULTI))
		return;
	seen_client = call_current()->session ? call_current()->session->client : seen_client;
	seen_params = *p;
	seen_session = ctx->x[1];
	if (ctx->x[0] == TA_FUNC_INVOKE_COMMAND) {
		p->vals[0] = 0xFFFFFFFF00000005;
		p->vals[1] = 6;
	}
}

/* TA-048, TA-083, TA-086 */
static void an_app_opens_uses_and_closes_a_session_to_another(void **state)
{
	uint32_t session;

	(void)state;
	reset_ops(MULTI);
	invokes.params = (struct utee_params){0x3, {0xAAAAAAAA00000001, 2}};
	RULE(KEEP_ALIVE, TA_FUNC_INVOKE_COMMAND, 1, whole);
	assert_int_equal(nest_open(KEEP_ALIVE, &session), TEE_SUCCESS);
	app_on_entry = note;
	assert_int_equal(nest_invoke(session, 1), TEE_SUCCESS);
	assert_result(&opens, TEE_SUCCESS, TEE_ORIGIN_TRUSTED_APP);
	assert_result(&invokes, TEE_SUCCESS, TEE_ORIGIN_TRUSTED_APP);
	assert_int_equal(closes.result, TEE_SUCCESS);
	assert_int_not_equal(opens.session, 0);
	assert_int_not_equal(opens.session, session);
	assert_int_equal(seen_client.login, 0xF0000000);
	assert_int_equal(seen_client.uuid.time_low, 0xfd02c9da);
	assert_int_equal(invokes.out.types, 3);
	assert_int_equal(invokes.out.vals[0], 5);
	assert_int_equal(invokes.out.vals[1], 6);
	/* TA-046: a close has no parameters. */
	assert_int_equal(seen_session, opens.session);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(seen_params.vals[i], 0);
	assert_int_equal(nest_entries(MULTI, TA_FUNC_CLOSE_SESSION), 1);
	assert_int_equal(nest_stat(TENON_STAT_INSTANCES), 1);
	assert_int_equal(nest_stat(TENON_STAT_SESSIONS), 1);
}

/* TA-080: a session is its opener's alone. */
static void ta_080_a_session_of_an_app_is_unknown_to_all_others(void **state)
{
	uint32_t session, other;

	(void)state;
	reset_ops(MULTI);
	RULE(KEEP_ALIVE, TA_FUNC_INVOKE_COMMAND, 1, opens_and_leaves);
	assert_int_equal(nest_open(KEEP_ALIVE, &session), TEE_SUCCESS);
	assert_int_equal(nest_invoke(session, 1), TEE_SUCCESS);
	assert_int_equal(nest_invoke(opens.session, 7), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(model_close(&guest, opens.session), TEE_ERROR_ITEM_NOT_FOUND);
	struct model_message m = {.header = {.cmd = MSG_CMD_CANCEL, .session = opens.session}};
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_ERROR_BAD_PARAMETERS);
	/* Nor does an app reach what the normal world, or another app, opened. */
	struct op foreign = {.session = session}, apps = {.session = opens.session};
	struct op shut = {.session = opens.session}, nothing = {.session = 0};
	const struct app_step tries[] = {INVOKE(&foreign), INVOKE(&apps), CLOSE(&shut),
					 INVOKE(&nothing)};
	RULE(PER_SESSION, TA_FUNC_INVOKE_COMMAND, 1, tries);
	assert_int_equal(nest_open(PER_SESSION, &other), TEE_SUCCESS);
	assert_int_equal(nest_invoke(other, 1), TEE_SUCCESS);
	assert_result(&foreign, TEE_ERROR_BAD_PARAMETERS, TEE_ORIGIN_TEE);
	assert_result(&apps, TEE_ERROR_BAD_PARAMETERS, TEE_ORIGIN_TEE);
	assert_result(&nothing, TEE_ERROR_BAD_PARAMETERS, TEE_ORIGIN_TEE);
	assert_int_equal(shut.result, TEE_ERROR_BAD_PARAMETERS);
}

/* TA-052: what an app had opened is closed when it dies, and the apps see it. */
static void ta_052_the_sessions_of_an_app_that_panics_are_closed(void **state)
{
	uint32_t session;

	(void)state;
	reset_ops(MULTI);
	RULE(KEEP_ALIVE, TA_FUNC_INVOKE_COMMAND, 1, opens_and_leaves);
	RULE(KEEP_ALIVE, TA_FUNC_INVOKE_COMMAND, 2, panics);
	assert_int_equal(nest_open(KEEP_ALIVE, &session), TEE_SUCCESS);
	assert_int_equal(nest_invoke(session, 1), TEE_SUCCESS);
	assert_int_equal(nest_entries(MULTI, TA_FUNC_CLOSE_SESSION), 0);
	assert_int_equal(nest_invoke(session, 2), TEE_ERROR_TARGET_DEAD);
	assert_int_equal(nest_entries(MULTI, TA_FUNC_CLOSE_SESSION), 1);
	assert_int_equal(nest_stat(TENON_STAT_SESSIONS), 1);
	assert_int_equal(nest_stat(TENON_STAT_INSTANCES), 1);
	assert_int_equal(model_close(&guest, session), TEE_SUCCESS);
	assert_int_equal(nest_stat(TENON_STAT_INSTANCES), 0);
}

#define MANY 200

/* TA-052, and I7: as many as it may have, to a service that is not entered. */
static void ta_052_interrupts_are_looked_for_while_many_sessions_are_closed(void **state)
{
	static struct op to_service;
	static struct app_step steps[MANY + 1];
	uint32_t session;

	(void)state;
	to_service = (struct op){.uuid = "3a2f8978-5dc0-11e8-9c2d-fa7ae01bbebc"};
	for (unsigned i = 0; i < MANY; i++)
		steps[i] = (struct app_step)OPEN(&to_service);
	steps[MANY] = (struct app_step)PANICS;
	RULE(KEEP_ALIVE, TA_FUNC_INVOKE_COMMAND, 1, panics);
	RULE(KEEP_ALIVE, TA_FUNC_INVOKE_COMMAND, 2, steps);
	assert_int_equal(nest_open(KEEP_ALIVE, &session), TEE_SUCCESS);
	chance.polls = 0;
	assert_int_equal(nest_invoke(session, 1), TEE_ERROR_TARGET_DEAD);
	unsigned without = chance.polls;
	assert_int_equal(nest_open(KEEP_ALIVE, &session), TEE_SUCCESS);
	chance.polls = 0;
	assert_int_equal(nest_invoke(session, 2), TEE_ERROR_TARGET_DEAD);
	assert_int_equal(to_service.runs, MANY);
	assert_int_equal(to_service.result, TEE_SUCCESS);
	assert_true(chance.polls > without + MANY);
	assert_int_equal(nest_stat(TENON_STAT_SESSIONS), 2);
}

/* The same when it goes in peace. Each instance leaves one more behind when it is closed. */
static void a_long_chain_of_apps_is_closed_without_depth(void **state)
{
	uint32_t session;

	(void)state;
	reset_ops(PER_SESSION);
	for (unsigned i = 0; i < 12; i++) {
		nest_no_rules();
		opens.runs = 0;
		if (i == 0) {
			assert_int_equal(nest_open(PER_SESSION, &session), TEE_SUCCESS);
			continue;
		}
		RULE(PER_SESSION, TA_FUNC_INVOKE_COMMAND, 1, opens_and_leaves);
		assert_int_equal(nest_invoke(session, 1), TEE_SUCCESS);
		assert_int_equal(opens.result, TEE_SUCCESS);
	}
	assert_int_equal(nest_stat(TENON_STAT_INSTANCES), 12);
	nest_no_rules();
	static struct op once;
	static const struct app_step one_more[] = {OPEN(&once)};
	once = (struct op){.uuid = KEEP_ALIVE};
	RULE(PER_SESSION, TA_FUNC_CLOSE_SESSION, ANY_CMD, one_more);
	assert_int_equal(model_close(&guest, session), TEE_SUCCESS);
	assert_int_equal(once.runs, 12);
	assert_int_equal(nest_entries(PER_SESSION, TA_FUNC_CLOSE_SESSION), 12);
	assert_int_equal(nest_entries(KEEP_ALIVE, TA_FUNC_CLOSE_SESSION), 12);
	assert_int_equal(nest_stat(TENON_STAT_SESSIONS), 0);
	assert_int_equal(nest_stat(TENON_STAT_INSTANCES), 1);
}

static void ta_053_an_app_survives_the_panic_of_the_one_it_called(void **state)
{
	uint32_t session;

	(void)state;
	reset_ops(MULTI);
	invokes.params = (struct utee_params){0x3, {1, 2}};
	RULE(KEEP_ALIVE, TA_FUNC_INVOKE_COMMAND, 1, whole);
	RULE(MULTI, TA_FUNC_INVOKE_COMMAND, 7, panics);
	assert_int_equal(nest_open(KEEP_ALIVE, &session), TEE_SUCCESS);
	app_on_entry = note;
	assert_int_equal(nest_invoke(session, 1), TEE_SUCCESS);
	assert_result(&invokes, TEE_ERROR_TARGET_DEAD, TEE_ORIGIN_TEE);
	assert_int_equal(invokes.out.vals[0], 1); /* TA-083: no outputs of the dead */
	assert_int_equal(closes.result, TEE_SUCCESS);
	RULE(MULTI, TA_FUNC_OPEN_SESSION, ANY_CMD, panics);
	reset_ops(MULTI);
	assert_int_equal(nest_invoke(session, 1), TEE_SUCCESS);
	assert_result(&opens, TEE_ERROR_TARGET_DEAD, TEE_ORIGIN_TEE);
	assert_int_equal(nest_stat(TENON_STAT_INSTANCES), 1);
}

/* TA-083: an open that fails writes no outputs; a command that fails does. */
static void ta_083_outputs_of_a_failed_command_are_written_of_a_failed_open_not(void **state)
{
	uint32_t session;

	(void)state;
	reset_ops(MULTI);
	opens.params = (struct utee_params){0x3, {1, 2}};
	RULE(KEEP_ALIVE, TA_FUNC_INVOKE_COMMAND, 1, whole);
	nest_rule(MULTI, TA_FUNC_OPEN_SESSION, ANY_CMD, NULL, 0, TEE_ERROR_GENERIC);
	assert_int_equal(nest_open(KEEP_ALIVE, &session), TEE_SUCCESS);
	app_on_entry = note;
	assert_int_equal(nest_invoke(session, 1), TEE_SUCCESS);
	assert_result(&opens, TEE_ERROR_GENERIC, TEE_ORIGIN_TRUSTED_APP);
	assert_int_equal(opens.out.vals[0], 1);
	assert_int_equal(closes.result, TEE_ERROR_BAD_PARAMETERS);
	nest_no_rules();
	RULE(KEEP_ALIVE, TA_FUNC_INVOKE_COMMAND, 1, whole);
	nest_rule(MULTI, TA_FUNC_INVOKE_COMMAND, 7, NULL, 0, 0x1234);
	reset_ops(MULTI);
	invokes.params = (struct utee_params){0x3, {1, 2}};
	invokes.no_origin = true;
	assert_int_equal(nest_invoke(session, 1), TEE_SUCCESS);
	assert_int_equal(invokes.result, 0x1234);
	assert_int_equal(invokes.out.vals[0], 5);
}

/* --- memory --- */

static uint64_t area; /* shareable memory of the calling app */
static char seen_bytes[8];

static void pass_private(struct op *op, struct arch_aspace *as, uint64_t frame)
{
	(void)as;
	op->params.vals[0] = frame + 128;
	op->params.vals[1] = 16;
}

static void pass_shareable(struct op *op, struct arch_aspace *as, uint64_t frame)
{
	struct ta_instance *instance = nest_instance(as);

	(void)frame;
	if (area == 0) {
		/* As a system call would: the app does not run meanwhile. */
		spin_lock(&instance->guest->monitor);
		assert_int_equal(uaspace_find_room(&instance->as, 2, &area), TEE_SUCCESS);
		assert_int_equal(uaspace_add_own(&instance->as, area, 2, PROT_R | PROT_W,
						 UASPACE_SHAREABLE, NULL, NULL),
				 TEE_SUCCESS);
		spin_unlock(&instance->guest->monitor);
	}
	memcpy(host_user_memory(as, area + 100, PROT_W), "ask", 4);
	op->params.vals[0] = area + 100;
	op->params.vals[1] = PAGE_SIZE;
}

static void answer(struct arch_aspace *as, struct user_context *ctx, struct utee_params *p)
{
	if (!nest_is(nest_instance(as), MULTI) || ctx->x[0] != TA_FUNC_INVOKE_COMMAND)
		return;
	seen_params = *p;
	if (!p->vals[0])
		return;
	bool writes = (p->types & 0xF) != TEE_PARAM_MEMREF_INPUT;
	memcpy(seen_bytes, host_user_memory(as, p->vals[0], PROT_R), 8);
	assert_int_equal(host_user_memory(as, p->vals[0], PROT_W) != NULL, writes);
	assert_null(host_user_memory(as, p->vals[0], PROT_X));
	if (writes)
		memcpy(host_user_memory(as, p->vals[0], PROT_W), "told", 5);
	p->vals[1] = 3;
}

static void run_invoke(uint32_t session, uint32_t type, uint64_t va, uint64_t size,
		       void (*fix)(struct op *, struct arch_aspace *, uint64_t))
{
	reset_ops(MULTI);
	invokes.params = (struct utee_params){type, {va, size}};
	invokes.fix = fix;
	assert_int_equal(nest_invoke(session, 1), TEE_SUCCESS);
	assert_int_equal(opens.result, TEE_SUCCESS);
}

/* TA-081, TA-082, TA-085, TA-064 */
static void memory_that_is_not_private_goes_on_to_another_app(void **state)
{
	uint32_t session;

	(void)state;
	area = 0;
	RULE(KEEP_ALIVE, TA_FUNC_INVOKE_COMMAND, 1, whole);
	assert_int_equal(nest_open(KEEP_ALIVE, &session), TEE_SUCCESS);
	app_on_entry = answer;
	run_invoke(session, TEE_PARAM_MEMREF_INOUT, 0, 0, pass_shareable);
	assert_result(&invokes, TEE_SUCCESS, TEE_ORIGIN_TRUSTED_APP);
	assert_string_equal(seen_bytes, "ask");
	assert_int_equal(seen_params.vals[0] % PAGE_SIZE, 100);
	assert_int_equal(seen_params.vals[1], PAGE_SIZE);
	assert_int_equal(invokes.out.vals[0], area + 100);
	assert_int_equal(invokes.out.vals[1], 3);
	run_invoke(session, TEE_PARAM_MEMREF_INPUT, 0, 0, pass_shareable);
	assert_result(&invokes, TEE_SUCCESS, TEE_ORIGIN_TRUSTED_APP);
	assert_int_equal(invokes.out.vals[1], PAGE_SIZE);
	run_invoke(session, TEE_PARAM_MEMREF_INOUT, 0, 0, pass_private);
	assert_result(&invokes, TEE_ERROR_BAD_PARAMETERS, TEE_ORIGIN_TEE);
	/* Over the end of the area, NULL with a size, an address that is not there. */
	run_invoke(session, TEE_PARAM_MEMREF_INPUT, area + 100, 2 * PAGE_SIZE, NULL);
	assert_result(&invokes, TEE_ERROR_ACCESS_DENIED, TEE_ORIGIN_TEE);
	run_invoke(session, TEE_PARAM_MEMREF_INPUT, 0, 1, NULL);
	assert_result(&invokes, TEE_ERROR_BAD_PARAMETERS, TEE_ORIGIN_TEE);
	run_invoke(session, TEE_PARAM_MEMREF_OUTPUT, 0x1000, 1, NULL);
	assert_result(&invokes, TEE_ERROR_ACCESS_DENIED, TEE_ORIGIN_TEE);
	run_invoke(session, TEE_PARAM_MEMREF_OUTPUT, UINT64_MAX, 2, NULL);
	assert_result(&invokes, TEE_ERROR_ACCESS_DENIED, TEE_ORIGIN_TEE);
	run_invoke(session, 0x4, 0, 0, NULL);
	assert_result(&invokes, TEE_ERROR_BAD_PARAMETERS, TEE_ORIGIN_TEE);
	/* No bytes: no place. */
	run_invoke(session, TEE_PARAM_MEMREF_OUTPUT, area + 5, 0, NULL);
	assert_result(&invokes, TEE_SUCCESS, TEE_ORIGIN_TRUSTED_APP);
	assert_int_equal(seen_params.vals[0], 0);
	assert_int_equal(seen_params.vals[1], 0);
}

static void pass_on(struct op *op, struct arch_aspace *as, uint64_t frame)
{
	(void)as;
	(void)frame;
	op->params.vals[0] = seen_params.vals[0] + 8;
	op->params.vals[1] = seen_params.vals[1] - 8;
}

static void note_outer(struct arch_aspace *as, struct user_context *ctx, struct utee_params *p)
{
	if (nest_is(nest_instance(as), KEEP_ALIVE))
		seen_params = *p;
	else
		answer(as, ctx, p);
}

/* TA-059, TA-082: a client's memory goes on, with no more rights than the first app had. */
static void memory_of_the_client_goes_on_with_the_rights_it_came_with(void **state)
{
	uint64_t pa = model_alloc(&guest, PAGE_SIZE);
	uint32_t session;

	(void)state;
	RULE(KEEP_ALIVE, TA_FUNC_INVOKE_COMMAND, 1, whole);
	assert_int_equal(model_register(&guest, pa, PAGE_SIZE, 0x40), TEE_SUCCESS);
	assert_int_equal(nest_open(KEEP_ALIVE, &session), TEE_SUCCESS);
	app_on_entry = note_outer;
	for (unsigned i = 0; i < 2; i++) {
		struct model_message m = {
			.header = {MSG_CMD_INVOKE_COMMAND, 1, session, .num_params = 1},
			.params[0] = {i ? MSG_ATTR_RMEM_IN : MSG_ATTR_RMEM_INOUT,
				      .u.rmem = {8, 100, 0x40}}};
		memcpy(host_ns(pa + 16), "client", 7);
		reset_ops(MULTI);
		invokes.params.types = TEE_PARAM_MEMREF_INOUT;
		invokes.fix = pass_on;
		assert_int_equal(model_call(&guest, &m), SMC_OK);
		assert_int_equal(m.header.ret, TEE_SUCCESS);
		assert_int_equal(host_ns_mappings(), 0);
		if (i == 0) {
			assert_result(&invokes, TEE_SUCCESS, TEE_ORIGIN_TRUSTED_APP);
			assert_string_equal(seen_bytes, "client");
			assert_string_equal((char *)host_ns(pa + 16), "told");
		} else {
			assert_result(&invokes, TEE_ERROR_ACCESS_DENIED, TEE_ORIGIN_TEE);
			assert_string_equal((char *)host_ns(pa + 16), "client");
		}
	}
}

static void share_a_page(struct arch_aspace *as, struct user_context *ctx, struct utee_params *p)
{
	if (ctx->x[0] != TA_FUNC_INVOKE_COMMAND)
		return;
	assert_null(host_user_memory(as, p->vals[0], PROT_W));
	memcpy(host_user_memory(as, p->vals[2], PROT_W), "new", 4);
	memcpy(host_user_memory(as, p->vals[4], PROT_W), "bye", 4);
	assert_string_equal(host_user_memory(as, p->vals[0], PROT_R), "new");
	assert_int_equal(p->vals[0] % PAGE_SIZE, p->vals[2] % PAGE_SIZE);
}

/* TA-058: one page as an input, an output, and next to another output. */
static void ta_058_one_page_is_an_input_here_and_an_output_there(void **state)
{
	uint64_t pa = model_alloc(&guest, 2 * PAGE_SIZE);
	uint32_t session;

	(void)state;
	assert_int_equal(model_register(&guest, pa, 2 * PAGE_SIZE, 0x40), TEE_SUCCESS);
	assert_int_equal(nest_open(MULTI, &session), TEE_SUCCESS);
	app_on_entry = share_a_page;
	struct model_message m = {.header = {MSG_CMD_INVOKE_COMMAND, 1, session, .num_params = 3},
				  .params = {{MSG_ATTR_RMEM_IN, .u.rmem = {8, 100, 0x40}},
					     {MSG_ATTR_RMEM_OUT, .u.rmem = {8, 100, 0x40}},
					     {MSG_ATTR_RMEM_INOUT, .u.rmem = {108, 5000, 0x40}}}};
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_SUCCESS);
	assert_string_equal((char *)host_ns(pa + 8), "new");
	assert_string_equal((char *)host_ns(pa + 108), "bye");
	assert_int_equal(host_ns_mappings(), 0); /* TA-059 */
}

/* --- depth and circles --- */

/* TA-079: the fifth app in one call is one too many; it costs no open. */
static void ta_079_four_apps_in_a_call_and_no_more(void **state)
{
	uint32_t session;

	(void)state;
	reset_ops(PER_SESSION);
	RULE(PER_SESSION, TA_FUNC_OPEN_SESSION, ANY_CMD, opens_and_leaves);
	assert_int_equal(nest_open(PER_SESSION, &session), TEE_SUCCESS);
	assert_int_equal(opens.runs, 4);
	assert_int_equal(nest_entries(PER_SESSION, TA_FUNC_OPEN_SESSION), 4);
	assert_int_equal(nest_stat(TENON_STAT_INSTANCES), 4);
	nest_no_rules();
	assert_int_equal(model_close(&guest, session), TEE_SUCCESS);
	assert_int_equal(nest_stat(TENON_STAT_INSTANCES), 0);
}

static struct op back;

/* TA-078 */
static void ta_078_an_app_that_reaches_itself_is_told_busy(void **state)
{
	static const struct app_step opens_back[] = {OPEN(&back)};
	uint32_t session;

	(void)state;
	reset_ops(KEEP_ALIVE);
	RULE(KEEP_ALIVE, TA_FUNC_INVOKE_COMMAND, 1, opens_and_leaves);
	assert_int_equal(nest_open(KEEP_ALIVE, &session), TEE_SUCCESS);
	assert_int_equal(nest_invoke(session, 1), TEE_SUCCESS);
	assert_result(&opens, TEE_ERROR_BUSY, TEE_ORIGIN_TEE);
	/* Through another one. */
	reset_ops(MULTI);
	back = (struct op){.uuid = KEEP_ALIVE};
	RULE(MULTI, TA_FUNC_OPEN_SESSION, ANY_CMD, opens_back);
	assert_int_equal(nest_invoke(session, 1), TEE_SUCCESS);
	assert_result(&opens, TEE_SUCCESS, TEE_ORIGIN_TRUSTED_APP);
	assert_result(&back, TEE_ERROR_BUSY, TEE_ORIGIN_TEE);
	assert_int_equal(nest_invoke(session, 2), TEE_SUCCESS);
}

/* TA-072: also between apps. */
static void an_app_with_one_session_has_one_for_apps_too(void **state)
{
	static struct op second;
	static const struct app_step twice[] = {OPEN(&opens), OPEN(&second), CLOSE(&closes),
						OPEN(&second)};
	uint32_t session;

	(void)state;
	reset_ops(ONE_SESSION);
	second = opens;
	RULE(MULTI, TA_FUNC_INVOKE_COMMAND, 1, twice);
	assert_int_equal(nest_open(MULTI, &session), TEE_SUCCESS);
	assert_int_equal(nest_invoke(session, 1), TEE_SUCCESS);
	assert_int_equal(opens.result, TEE_SUCCESS);
	assert_int_equal(second.runs, 2);
	assert_int_equal(second.result, TEE_SUCCESS);
	uint32_t id;
	assert_int_equal(nest_open(ONE_SESSION, &id), TEE_ERROR_BUSY);
	assert_int_equal(model_close(&guest, session), TEE_SUCCESS);
	assert_int_equal(nest_open(ONE_SESSION, &id), TEE_SUCCESS);
}

static void keep_crashed(struct arch_aspace *as, struct user_context *ctx, struct utee_params *p)
{
	(void)ctx;
	(void)p;
	nest_instance(as)->flags |= TA_FLAG_KEEP_CRASHED;
}

/* Bit 13 of the flags, as 4.6 has it (TA-051: without it a fresh one comes). Attack row 14: an app
 * whose state must not begin anew by a crash says so with it. */
static void a_crashed_app_that_is_kept_so_is_not_started_again(void **state)
{
	uint32_t session, other;

	(void)state;
	app_on_entry = keep_crashed;
	RULE(NULL, TA_FUNC_INVOKE_COMMAND, 1, panics);
	assert_int_equal(nest_open(KEEP_ALIVE, &session), TEE_SUCCESS);
	uint64_t alive = nest_stat(TENON_STAT_PAGES);
	assert_int_equal(nest_invoke(session, 1), TEE_ERROR_TARGET_DEAD);
	assert_true(nest_stat(TENON_STAT_PAGES) + 20 < alive);
	assert_int_equal(nest_open(KEEP_ALIVE, &other), TEE_ERROR_TARGET_DEAD);
	assert_int_equal(model_close(&guest, session), TEE_SUCCESS);
	assert_int_equal(nest_open(KEEP_ALIVE, &other), TEE_ERROR_TARGET_DEAD);
	assert_int_equal(nest_stat(TENON_STAT_INSTANCES), 1);
	/* Only with the other two flags. */
	assert_int_equal(nest_open(MULTI, &session), TEE_SUCCESS);
	assert_int_equal(nest_invoke(session, 1), TEE_ERROR_TARGET_DEAD);
	assert_int_equal(nest_open(MULTI, &other), TEE_SUCCESS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_app_opens_uses_and_closes_a_session_to_another),
		TEST(ta_080_a_session_of_an_app_is_unknown_to_all_others),
		TEST(ta_052_the_sessions_of_an_app_that_panics_are_closed),
		TEST(ta_052_interrupts_are_looked_for_while_many_sessions_are_closed),
		TEST(a_long_chain_of_apps_is_closed_without_depth),
		TEST(ta_053_an_app_survives_the_panic_of_the_one_it_called),
		TEST(ta_083_outputs_of_a_failed_command_are_written_of_a_failed_open_not),
		TEST(memory_that_is_not_private_goes_on_to_another_app),
		TEST(memory_of_the_client_goes_on_with_the_rights_it_came_with),
		TEST(ta_058_one_page_is_an_input_here_and_an_output_there),
		TEST(ta_079_four_apps_in_a_call_and_no_more),
		TEST(ta_078_an_app_that_reaches_itself_is_told_busy),
		TEST(an_app_with_one_session_has_one_for_apps_too),
		TEST(a_crashed_app_that_is_kept_so_is_not_started_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
