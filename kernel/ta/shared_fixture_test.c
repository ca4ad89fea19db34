/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/ta/shared_test.h"

#include "kernel/lib/assert.h"

#define PAGES 2400

struct model one, two, three;
struct shared_app app;
struct shared_try shared_try;

static struct bare_ta *file, *other_file, *private_file;
static unsigned exits_left[4];

/* --- the app -------------------------------------------------------------------------------------
 * A state machine: x19 counts its exits in this entry, x20 is the command, x21 the session.
 */

static uint8_t *at(struct arch_aspace *as, uint64_t va)
{
	uint8_t *memory = host_user_memory(as, va, PROT_R | PROT_W);

	assert(memory);
	return memory;
}

static uint64_t frame_va(const struct user_context *ctx)
{
	return (ctx->sp - 768) & ~255ull;
}

static enum user_exit ends(struct user_context *ctx, uint32_t result)
{
	ctx->x[8] = SYS_RETURN;
	ctx->x[0] = result;
	return USER_EXIT_SVC;
}

/* Of the wait service: with a key, and a count. */
static enum user_exit asks(struct arch_aspace *as, struct user_context *ctx, uint32_t cmd,
			   uint32_t key)
{
	struct utee_params params = {.types = TEE_PARAM_VALUE_INPUT, .vals = {key}};

	if (cmd == TENON_WAIT_CMD_WAKE) {
		params.types |= TEE_PARAM_VALUE_INOUT << 4;
		params.vals[2] = 1;
	}
	memcpy(at(as, frame_va(ctx)), &params, sizeof(params));
	const uint64_t x[5] = {app.wait_session, TA_NO_TIMEOUT, cmd, frame_va(ctx), 0};
	memcpy(ctx->x, x, sizeof(x));
	ctx->x[8] = SYS_INVOKE_TA_COMMAND;
	return USER_EXIT_SVC;
}

static void put_value(struct arch_aspace *as, struct user_context *ctx, uint32_t a)
{
	struct utee_params *params = (struct utee_params *)at(as, ctx->sp);

	params->vals[0] = a;
}

static enum user_exit on_open(struct arch_aspace *as, struct user_context *ctx, uint64_t step)
{
	static const struct uuid uuid = TENON_WAIT_UUID;
	uint64_t va = frame_va(ctx);

	if (step == 0 && app.wait_session == 0) {
		memcpy(at(as, va), &uuid, sizeof(uuid));
		const uint64_t x[5] = {va, TA_NO_TIMEOUT, 0, va + 16, 0};
		memcpy(ctx->x, x, sizeof(x));
		ctx->x[8] = SYS_OPEN_TA_SESSION;
		return USER_EXIT_SVC;
	}
	if (step == 1 && app.wait_session == 0) {
		if (ctx->x[0])
			return ends(ctx, ctx->x[0]);
		memcpy(&app.wait_session, at(as, va + 16), sizeof(uint32_t));
	}
	app.session_numbers[app.opened++ % 64] = ctx->x[21];
	return ends(ctx, 0);
}

static enum user_exit on_close(struct arch_aspace *as, struct user_context *ctx, uint64_t step)
{
	if (step == 0)
		app.closed_sessions[app.closed++ % 64] = ctx->x[21];
	if (step == 0 && app.holder == ctx->x[21]) {
		app.holder = 0;
		app.abandoned = 1;
		return asks(as, ctx, TENON_WAIT_CMD_WAKE, 1);
	}
	return ends(ctx, 0);
}

static enum user_exit locks(struct arch_aspace *as, struct user_context *ctx, uint64_t step)
{
	if (step == 1)
		return ends(ctx, ctx->x[0] ? ctx->x[0] : TENON_RETRY);
	if (app.holder)
		return asks(as, ctx, TENON_WAIT_CMD_WAIT, 1);
	app.holder = ctx->x[21];
	put_value(as, ctx, app.abandoned);
	app.abandoned = 0;
	return ends(ctx, 0);
}

static enum user_exit unlocks(struct arch_aspace *as, struct user_context *ctx, uint64_t step)
{
	if (step == 1)
		return ends(ctx, ctx->x[0]);
	if (app.holder != ctx->x[21])
		return ends(ctx, TEE_ERROR_BAD_STATE);
	app.holder = 0;
	return asks(as, ctx, TENON_WAIT_CMD_WAKE, 1);
}

static enum user_exit echoes(struct arch_aspace *as, struct user_context *ctx)
{
	struct utee_params *params = (struct utee_params *)at(as, ctx->sp);

	assert(host_ns_mappings() == 0);
	for (uint64_t i = 0; i < params->vals[1]; i++)
		++*at(as, params->vals[0] + i);
	return ends(ctx, 0);
}

static enum user_exit tells_whose(struct arch_aspace *as, struct user_context *ctx, uint64_t step)
{
	static const char name[] = "tenon.client.guest";
	uint64_t va = frame_va(ctx);
	uint32_t value;

	switch (step) {
	case 0: {
		memcpy(at(as, va), name, sizeof(name));
		const uint64_t x[4] = {0xFFFFFFFE, va, sizeof(name), va + 64};
		memcpy(ctx->x, x, sizeof(x));
		ctx->x[8] = SYS_GET_PROPERTY_INDEX;
		return USER_EXIT_SVC;
	}
	case 1: {
		uint32_t index, size = 16;
		assert(ctx->x[0] == 0);
		memcpy(&index, at(as, va + 64), sizeof(index));
		memcpy(at(as, va + 68), &size, sizeof(size));
		const uint64_t x[7] = {0xFFFFFFFE, index, 0, 0, va, va + 68, 0};
		memcpy(ctx->x, x, sizeof(x));
		ctx->x[8] = SYS_GET_PROPERTY;
		return USER_EXIT_SVC;
	}
	default:
		assert(ctx->x[0] == 0);
		memcpy(&value, at(as, va + 12), sizeof(value));
		put_value(as, ctx, __builtin_bswap32(value));
		return ends(ctx, 0);
	}
}

static uint64_t place(uint64_t word, uint64_t va)
{
	return (word & ~0xFFFFull) == SHARED_DATA ? va + (word & 0xFFFF) : word;
}

static enum user_exit tries(struct arch_aspace *as, struct user_context *ctx, uint64_t step)
{
	uint64_t va = frame_va(ctx);
	uint64_t words[sizeof(shared_try.data) / 8];

	if (step == 1) {
		shared_try.result = ctx->x[0];
		memcpy(shared_try.data, at(as, va), sizeof(shared_try.data));
		return ends(ctx, 0);
	}
	memcpy(words, shared_try.data, sizeof(words));
	for (unsigned i = 0; i < array_count(words); i++)
		words[i] = place(words[i], va);
	memcpy(at(as, va), words, sizeof(words));
	for (unsigned i = 0; i < 8; i++)
		ctx->x[i] = place(shared_try.arg[i], va);
	ctx->x[8] = shared_try.number;
	return USER_EXIT_SVC;
}

static enum user_exit waits_and_wakes(struct arch_aspace *as, struct user_context *ctx,
				      uint64_t step)
{
	if (step == 0 && app.abandoned) {
		app.abandoned = 0;
		return ends(ctx, 0);
	}
	if (step == 0)
		return asks(as, ctx, TENON_WAIT_CMD_WAIT, 77);
	if (step == 1)
		return asks(as, ctx, TENON_WAIT_CMD_WAKE, 77);
	app.abandoned = 1;
	return ends(ctx, TENON_RETRY);
}

static enum user_exit asks_for_cancel(struct arch_aspace *as, struct user_context *ctx,
				      uint64_t step)
{
	uint64_t va = frame_va(ctx);
	uint32_t flag;

	switch (step) {
	case 0:
		ctx->x[0] = va;
		ctx->x[8] = SYS_UNMASK_CANCELLATION;
		return USER_EXIT_SVC;
	case 1:
		ctx->x[0] = va;
		ctx->x[8] = SYS_GET_CANCELLATION_FLAG;
		return USER_EXIT_SVC;
	case 2:
		memcpy(&flag, at(as, va), sizeof(flag));
		return flag ? ends(ctx, TEE_ERROR_CANCEL) : asks(as, ctx, TENON_WAIT_CMD_WAIT, 5);
	default:
		return ends(ctx, TENON_RETRY);
	}
}

static enum user_exit on_command(struct arch_aspace *as, struct user_context *ctx, uint64_t step,
				 struct user_fault *fault)
{
	switch (ctx->x[20]) {
	case LOCK:
		return locks(as, ctx, step);
	case UNLOCK:
		return unlocks(as, ctx, step);
	case ECHO:
		return echoes(as, ctx);
	case HALVES:
		app.halves++;
		return step == 0 ? USER_EXIT_FOREIGN_INTR : ends(ctx, 0);
	case THIRDS:
		app.halves++;
		return step < 2 ? USER_EXIT_FOREIGN_INTR : ends(ctx, 0);
	case SPIN:
		return USER_EXIT_FOREIGN_INTR;
	case WHOSE:
		return tells_whose(as, ctx, step);
	case CALLS:
		return tries(as, ctx, step);
	case WAIT_TWICE:
		if (step == 2)
			return ends(ctx, ctx->x[0]);
		assert(step == 0 || ctx->x[0] == 0);
		return asks(as, ctx, TENON_WAIT_CMD_WAIT, 9);
	case RETRY:
		return ends(ctx, TENON_RETRY);
	case WAKE_SELF:
		return waits_and_wakes(as, ctx, step);
	case ASK:
		return asks_for_cancel(as, ctx, step);
	default:
		*fault = (struct user_fault){.esr = 0x92000006};
		return USER_EXIT_FAULT;
	}
}

static enum user_exit run(struct arch_aspace *as, struct user_context *ctx,
			  struct user_fault *fault)
{
	uint64_t step = ctx->x[19]++;

	if (step == 0) {
		ctx->x[20] = ctx->x[3];
		ctx->x[21] = ctx->x[1];
		ctx->x[22] = ctx->x[0];
		app.entries++;
	}
	switch (ctx->x[22]) {
	case TA_FUNC_OPEN_SESSION:
		return on_open(as, ctx, step);
	case TA_FUNC_CLOSE_SESSION:
		return on_close(as, ctx, step);
	default:
		return on_command(as, ctx, step, fault);
	}
}

/* --- the guests ----------------------------------------------------------------------------------
 */

static bool on_rpc(struct model *model, uint32_t cmd, struct msg_header *message, bool *served)
{
	unsigned *left = &exits_left[model->vm_id];

	(void)served;
	if (cmd == RPC_CMD_LOAD_TA) {
		const uint8_t *wanted = ((struct msg_param *)(message + 1))->u.octets;
		if (!memcmp(wanted, private_file->octets, 16))
			bare_ta_load(model, private_file);
		else if (model->context != other_file)
			bare_ta_load(model, file);
	}
	return *left == 0 || --*left != 0;
}

void use_other_file(struct model *model)
{
	model->context = other_file;
	bare_ta_load(model, other_file);
}

static void make_files(void)
{
	static const uint32_t code[] = {A64_NOP}, other[] = {A64_NOP, A64_NOP};
	uint32_t flags = TA_FLAG_SINGLE_INSTANCE | TA_FLAG_MULTI_SESSION;

	if (file)
		return;
	file = bare_ta_make(APP, flags | TENON_TA_SHARED, code, 1);
	other_file = bare_ta_make(APP, flags | TENON_TA_SHARED, other, 2);
	private_file = bare_ta_make(PRIVATE, flags, code, 1);
}

__attribute__((destructor)) static void free_files(void)
{
	if (!file)
		return;
	bare_ta_free(file);
	bare_ta_free(other_file);
	bare_ta_free(private_file);
}

static void prepare(struct model *model)
{
	model->on_rpc = on_rpc;
	assert_int_equal(model_smc(model, SMC_ENABLE_ASYNC_NOTIF, 0, 0, 0).a[0], SMC_OK);
}

int shared_start(void **state)
{
	(void)state;
	make_files();
	chance.fail_at = 0;
	memset(exits_left, 0, sizeof(exits_left));
	memset(&app, 0, sizeof(app));
	model_boot(&one, PAGES);
	app_reset();
	host_user = run;
	prepare(&one);
	model_start(&two, 2);
	prepare(&two);
	model_start(&three, 3);
	prepare(&three);
	return 0;
}

int shared_stop(void **state)
{
	(void)state;
	chance.fail_at = 0;
	model_destroy(&three);
	model_destroy(&two);
	model_end(&one);
	return 0;
}

uint32_t open_app(struct model *model, uint32_t *session)
{
	return model_open(model, file->octets, session);
}

static struct model_message command(uint32_t session, uint32_t cmd)
{
	struct model_message m = model_invocation(session, cmd, 1);

	m.params[0].attr = MSG_ATTR_VALUE_OUT;
	return m;
}

uint32_t invoke(struct model *model, uint32_t session, uint32_t cmd, uint32_t *a)
{
	struct model_message m = command(session, cmd);
	uint32_t a0 = model_call(model, &m);

	if (a)
		*a = (uint32_t)m.params[0].u.value.a;
	return a0 ? 0xAAAA0000u | a0 : m.header.ret;
}

static bool leaves(struct model *model, struct model_message *m, unsigned exits)
{
	exits_left[model->vm_id] = exits + 1;
	uint32_t a0 = model_call(model, m);
	exits_left[model->vm_id] = 0;
	return a0 == MODEL_LEFT;
}

bool leave(struct model *model, uint32_t session, uint32_t cmd, unsigned exits)
{
	struct model_message m = command(session, cmd);

	return leaves(model, &m, exits);
}

bool leave_open(struct model *model, unsigned exits)
{
	struct model_message m = {
		.header = {.cmd = MSG_CMD_OPEN_SESSION, .num_params = 2},
		.params = {{.attr = MSG_ATTR_META_VALUE_IN}, {.attr = MSG_ATTR_META_VALUE_IN}}};

	memcpy(m.params[0].u.octets, file->octets, 16);
	return leaves(model, &m, exits);
}

bool leave_close(struct model *model, uint32_t session, unsigned exits)
{
	struct model_message m = {.header = {.cmd = MSG_CMD_CLOSE_SESSION, .session = session}};

	return leaves(model, &m, exits);
}

void stop_again(struct model *model, unsigned exits)
{
	exits_left[model->vm_id] = exits + 1;
}

uint32_t finish(struct model *model, uint32_t *a)
{
	uint64_t message = model->left[model->thread_id % 64].message & ~(uint64_t)PAGE_MASK;
	const struct model_message *m = host_ns(message);
	uint32_t a0 = model_resume(model);

	exits_left[model->vm_id] = 0;
	if (a)
		*a = (uint32_t)m->params[0].u.value.a;
	return a0 == MODEL_LEFT ? LEFT : a0 ? 0xAAAA0000u | a0 : m->header.ret;
}

unsigned take_notifications(struct model *model)
{
	unsigned count = 0;

	while (model_smc(model, SMC_GET_ASYNC_NOTIF_VALUE, 0, 0, 0).a[2] & 1)
		count++;
	return count;
}
