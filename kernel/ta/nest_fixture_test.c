/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/ta/nest_test.h"

struct model guest;
uint32_t nest_opened;

static struct rule {
	const char *uuid;
	uint32_t function, cmd;
	struct app_program program;
} rules[64];
static unsigned rule_count;
static struct {
	struct uuid uuid;
	unsigned count[3];
} entries[16];

/* --- apps --- */

static struct uuid native(const char *text)
{
	uint8_t o[16];

	app_uuid(o, text);
	struct uuid uuid = {(uint32_t)o[0] << 24 | o[1] << 16 | o[2] << 8 | o[3],
			    (uint16_t)(o[4] << 8 | o[5]),
			    (uint16_t)(o[6] << 8 | o[7]),
			    {0}};
	memcpy(uuid.clock_seq_and_node, o + 8, 8);
	return uuid;
}

struct ta_instance *nest_instance(struct arch_aspace *as)
{
	return container_of(as, struct ta_instance, as.arch);
}

bool nest_is(const struct ta_instance *instance, const char *uuid)
{
	struct uuid wanted = native(uuid);

	return !memcmp(&instance->uuid, &wanted, sizeof(wanted));
}

static void count_entry(const struct uuid *uuid, uint64_t function)
{
	unsigned i = 0;

	while (entries[i].uuid.time_low && memcmp(&entries[i].uuid, uuid, sizeof(*uuid)))
		i++;
	entries[i].uuid = *uuid;
	entries[i].count[function]++;
}

unsigned nest_entries(const char *uuid, uint32_t function)
{
	struct uuid wanted = native(uuid);

	for (unsigned i = 0; i < array_count(entries); i++) {
		if (!memcmp(&entries[i].uuid, &wanted, sizeof(wanted)))
			return entries[i].count[function];
	}
	return 0;
}

static const struct app_program *choose(struct arch_aspace *as, struct user_context *ctx)
{
	static const struct app_program nothing;
	const struct ta_instance *instance = nest_instance(as);

	count_entry(&instance->uuid, ctx->x[0]);
	for (unsigned i = rule_count; i-- > 0;) {
		const struct rule *r = &rules[i];
		if (r->function == ctx->x[0] && (!r->uuid || nest_is(instance, r->uuid)) &&
		    (r->cmd == ANY_CMD || r->cmd == ctx->x[3]))
			return &r->program;
	}
	return &nothing;
}

void nest_rule(const char *uuid, uint32_t function, uint32_t cmd, const struct app_step *steps,
	       unsigned count, uint32_t result)
{
	assert_true(rule_count < array_count(rules));
	rules[rule_count++] = (struct rule){uuid, function, cmd, {steps, count, result}};
}

void nest_no_rules(void)
{
	rule_count = 0;
}

struct frame {
	struct uuid uuid;
	struct utee_params params;
	uint32_t session, origin;
};
_Static_assert(sizeof(struct frame) <= 128, "see nest_test.h");

static uint64_t frame_va(const struct user_context *ctx)
{
	return (ctx->sp - 768) & ~255ull;
}

static bool is_about_sessions(const struct app_step *step)
{
	return step->number >= SYS_OPEN_TA_SESSION && step->number <= SYS_INVOKE_TA_COMMAND;
}

void nest_prepare(const struct app_step *step, struct arch_aspace *as, struct user_context *ctx)
{
	if (!is_about_sessions(step))
		return;
	struct op *op = (struct op *)ctx->x[0];
	uint64_t va = frame_va(ctx), params_at = 0, origin_at = va + offsetof(struct frame, origin);
	struct frame *frame = host_user_memory(as, va, PROT_W);

	memset(frame, 0xEE, sizeof(*frame));
	if (op->fix)
		op->fix(op, as, va);
	if (op->params.types) {
		frame->params = op->params;
		params_at = va + offsetof(struct frame, params);
	}
	if (op->no_origin)
		origin_at = 0;
	if (ctx->x[8] == SYS_OPEN_TA_SESSION) {
		uint64_t args[5] = {va, op->timeout ? op->timeout : TA_NO_TIMEOUT, params_at,
				    va + offsetof(struct frame, session), origin_at};
		frame->uuid = native(op->uuid);
		memcpy(ctx->x, args, sizeof(args));
		return;
	}
	uint64_t args[5] = {op->opened ? op->opened->session : op->session,
			    op->timeout ? op->timeout : TA_NO_TIMEOUT, op->cmd, params_at,
			    origin_at};
	memcpy(ctx->x, args, sizeof(args));
}

void nest_done(const struct app_step *step, struct arch_aspace *as, struct user_context *ctx)
{
	if (!is_about_sessions(step))
		return;
	struct op *op = (struct op *)step->arg[0];
	const struct frame *frame = host_user_memory(as, frame_va(ctx), PROT_R);

	for (unsigned i = 1; i < 8; i++)
		assert_int_equal(ctx->x[i], 0); /* nothing of the kernel's (TA-044) */
	op->runs++;
	op->result = (TEE_Result)ctx->x[0];
	op->origin = frame->origin;
	op->out = frame->params;
	if (step->number == SYS_OPEN_TA_SESSION)
		op->session = op->result ? 0 : frame->session;
}

/* --- the guest --- */

/* tee-supplicant has several apps. */
static void load(struct model *model, const uint8_t octets[16])
{
	static const char *const names[] = {MULTI, ONE_SESSION, PER_SESSION, KEEP_ALIVE};
	uint8_t o[16];

	model->ta_file = NULL;
	for (unsigned i = 0; i < array_count(names); i++) {
		app_uuid(o, names[i]);
		bool in_kit = i == 0 || i == 3;
		if (!memcmp(o, octets, 16))
			app_load_file(model, in_kit ? KIT_TA_DIR : TEST_TA_DIR, names[i]);
	}
}

static unsigned exits_left;

static bool on_rpc(struct model *model, uint32_t cmd, struct msg_header *message, bool *served)
{
	(void)served;
	if (cmd == RPC_CMD_LOAD_TA)
		load(model, ((struct msg_param *)(message + 1))->u.octets);
	return exits_left == 0 || --exits_left != 0;
}

int nest_start(void **state)
{
	(void)state;
	chance.fail_at = exits_left = 0;
	model_boot(&guest, NEST_PAGES);
	app_reset();
	nest_no_rules();
	memset(entries, 0, sizeof(entries));
	app_choose = choose;
	app_prepare = nest_prepare;
	app_done = nest_done;
	guest.on_rpc = on_rpc;
	return 0;
}

int nest_stop(void **state)
{
	(void)state;
	chance.fail_at = 0;
	model_end(&guest);
	return 0;
}

uint32_t nest_open(const char *uuid, uint32_t *session)
{
	uint8_t octets[16];

	app_uuid(octets, uuid);
	return model_open(&guest, octets, session);
}

static uint32_t send(struct model_message *m)
{
	uint32_t a0 = model_call(&guest, m);

	return a0 ? 0xAAAA0000u | a0 : m->header.ret;
}

uint32_t nest_invoke(uint32_t session, uint32_t cmd)
{
	struct model_message m = {
		.header = {.cmd = MSG_CMD_INVOKE_COMMAND, .session = session, .func = cmd}};

	return send(&m);
}

uint64_t nest_stat(uint32_t key)
{
	uint64_t value;

	assert_int_equal(guest_stat(1, key, &value), SMC_OK);
	return value;
}

static uint32_t leave(struct model_message *m, unsigned exits)
{
	exits_left = exits + 1;
	uint32_t a0 = model_call(&guest, m);
	exits_left = 0;
	nest_opened = m->header.cmd == MSG_CMD_OPEN_SESSION ? m->header.session : 0;
	return a0 == MODEL_LEFT ? guest.thread_id : 0;
}

uint32_t nest_leave(uint32_t cmd, uint32_t session, uint32_t func, unsigned exits)
{
	struct model_message m = {.header = {.cmd = cmd, .session = session, .func = func}};

	return leave(&m, exits);
}

uint32_t nest_leave_open(const char *uuid, unsigned exits)
{
	struct model_message m = {
		.header = {.cmd = MSG_CMD_OPEN_SESSION, .num_params = 2},
		.params = {{.attr = MSG_ATTR_META_VALUE_IN}, {.attr = MSG_ATTR_META_VALUE_IN}}};

	app_uuid(m.params[0].u.octets, uuid);
	return leave(&m, exits);
}

void nest_stop_again(void)
{
	exits_left = 1;
}

static struct msg_header *message_of(uint32_t thread_id)
{
	return host_ns(guest.left[thread_id % 64].message & ~(uint64_t)PAGE_MASK);
}

uint32_t nest_go_on(uint32_t thread_id)
{
	const struct msg_header *header = message_of(thread_id);

	guest.thread_id = thread_id;
	uint32_t a0 = model_resume(&guest);
	exits_left = 0;
	nest_opened = header->cmd == MSG_CMD_OPEN_SESSION ? header->session : 0;
	return a0;
}

uint32_t nest_finish(uint32_t thread_id)
{
	const struct msg_header *header = message_of(thread_id);

	guest.thread_id = thread_id;
	assert_int_equal(model_resume(&guest), SMC_OK);
	return header->ret;
}
