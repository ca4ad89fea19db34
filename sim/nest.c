/* SPDX-License-Identifier: BSD-2-Clause */
/* Apps that open sessions to other apps of their guest, and apps that remember whose they are. */
#include "sim/script.h"

/* x24 while it nests. */
#define COMMAND_SHIFT 0
#define SESSION_SHIFT 32

static enum user_exit opens_one(struct arch_aspace *as, struct user_context *ctx)
{
	static const enum program_kind others[] = {PROGRAM_SCRIPTED, PROGRAM_KEEPER, PROGRAM_INNER,
						   PROGRAM_INNER, PROGRAM_SINGLE};

	return script_open(as, ctx, script_uuid(others[below(array_count(others))]));
}

static enum user_exit does_something(struct arch_aspace *as, struct user_context *ctx)
{
	static const uint32_t commands[] = {PROGRAM_TIME, PROGRAM_WAIT,  PROGRAM_INTERRUPTED,
					    PROGRAM_NEST, PROGRAM_PANIC, PROGRAM_RANDOM};
	struct script_frame *frame = script_frame(as, ctx);
	uint32_t cmd = commands[below(array_count(commands))];

	frame->params = (struct utee_params){0};
	ctx->x[24] = (uint64_t)frame->session << SESSION_SHIFT | cmd << COMMAND_SHIFT;
	return script_invoke(ctx, frame->session, cmd);
}

enum user_exit nest_script(struct arch_aspace *as, struct user_context *ctx, uint64_t step)
{
	uint64_t session = ctx->x[24] >> SESSION_SHIFT;

	switch (step) {
	case 0:
		return opens_one(as, ctx);
	case 1:
		return ctx->x[0] ? script_return(ctx, 0) : does_something(as, ctx);
	case 2:
		if ((uint32_t)ctx->x[24] == PROGRAM_PANIC && ctx->x[0] == TEE_SUCCESS)
			broken("an app panicked, and the one that called it heard of a success");
		/* Else it stays open, until this instance goes or for ever. */
		return below(3) ? script_call(ctx, SYS_CLOSE_TA_SESSION, session, 0, 0)
				: script_return(ctx, 0);
	default:
		return script_return(ctx, 0);
	}
}

enum user_exit secret_script(struct arch_aspace *as, struct user_context *ctx)
{
	enum program_kind kind = script_kind(as);
	struct utee_params *params = script_params(as, ctx);

	if (kind < PROGRAM_KEEPER || TEE_PARAM_TYPE(params->types, 0) != TEE_PARAM_VALUE_INOUT)
		return script_return(ctx, TEE_ERROR_NOT_SUPPORTED);
	uint64_t *kept = script_at(as, ctx->pc + PROGRAM_STATE);
	if (*kept == 0)
		*kept = params->vals[0];
	params->vals[0] = *kept;
	return script_return(ctx, 0);
}
