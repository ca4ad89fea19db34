/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An app that all guests share: a lock between their vCPUs. Those that wait for it are woken one by
 * one, but for liars, who may never come back and are woken together.
 *
 * What must hold: one guest at most believes that it has the lock; one that waits is told of its
 * wake-up, and the lock is not free for long while somebody waits, whoever dies, stalls or lies.
 *
 * Its memory lies in many pieces: the kernel looks up whether it is wanted elsewhere when it has
 * searched among many, so there are more points at which a client can be gone.
 */
#include "abi/shared.h"
#include "sim/lock.h"
#include "sim/script.h"

/* Keys of the wait service. */
#define KEY       1u
#define KEY_MAYBE 2u

/* The system service's command that gives an app memory, and how often it is asked. */
#define MAP_ZERO 2u
#define PIECES   20u

/* In the app's own memory. */
struct lock_state {
	uint32_t system_session; /* with the service that has memory for apps */
	uint32_t pieces;         /* of memory that it has asked for */
	uint32_t wait_session;   /* with the wait service */
	uint32_t holder;         /* a session, or 0 */
	uint64_t number;         /* of this lock: unique */
};

/* The lock that openers find; older ones are of instances that have died. */
static struct {
	uint64_t number;
	uint64_t free_since; /* or should be: its holder's VM has gone; UINT64_MAX: it is taken */
	const struct vm *holder;
} newest;

static struct lock_state *state_of(struct arch_aspace *as, const struct user_context *ctx)
{
	return script_at(as, ctx->pc + PROGRAM_STATE);
}

static void note(const struct lock_state *state)
{
	if (newest.number != state->number)
		return;
	newest.free_since = state->holder ? UINT64_MAX : summary.points;
	newest.holder = state->holder ? fiber_current()->vm : NULL;
}

/* --- the app -------------------------------------------------------------------------------------
 */

static enum user_exit asks(struct arch_aspace *as, struct user_context *ctx, uint32_t cmd,
			   uint32_t key, uint32_t count)
{
	struct utee_params *params = &script_frame(as, ctx)->params;

	*params = (struct utee_params){.types = TEE_PARAM_VALUE_INPUT, .vals = {key}};
	if (cmd == TENON_WAIT_CMD_WAKE) {
		params->types |= TEE_PARAM_VALUE_INOUT << 4;
		params->vals[2] = count;
	}
	return script_invoke(ctx, state_of(as, ctx)->wait_session, cmd);
}

/* Where memory is short it has fewer. */
static enum user_exit asks_for_a_piece(struct arch_aspace *as, struct user_context *ctx)
{
	struct utee_params *params = &script_frame(as, ctx)->params;

	*params = (struct utee_params){.types = TEE_PARAM_VALUE_INPUT | TEE_PARAM_VALUE_INOUT << 4 |
						TEE_PARAM_VALUE_INPUT << 8,
				       .vals = {PAGE_SIZE}};
	state_of(as, ctx)->pieces++;
	return script_invoke(ctx, state_of(as, ctx)->system_session, MAP_ZERO);
}

static enum user_exit begins(struct arch_aspace *as, struct user_context *ctx)
{
	struct lock_state *state = state_of(as, ctx);

	state->wait_session = script_frame(as, ctx)->session;
	if (!state->number)
		state->number = newest.number = summary.points << 16 | (summary.lives & 0xFFFF);
	note(state);
	return script_return(ctx, 0);
}

/* x24: set while a session is being opened. */
static enum user_exit on_open(struct arch_aspace *as, struct user_context *ctx)
{
	static const struct uuid wait = TENON_WAIT_UUID;
	static const struct uuid system = {
		0x3a2f8978, 0x5dc0, 0x11e8, {0x9c, 0x2d, 0xfa, 0x7a, 0xe0, 0x1b, 0xbe, 0xbc}};
	struct lock_state *state = state_of(as, ctx);

	if (state->wait_session)
		return script_return(ctx, 0);
	if (ctx->x[24] && ctx->x[0])
		return script_return(ctx, (uint32_t)ctx->x[0]);
	if (ctx->x[24] && state->system_session)
		return begins(as, ctx);
	if (ctx->x[24])
		state->system_session = script_frame(as, ctx)->session;
	ctx->x[24] = 0;
	if (state->system_session && state->pieces < PIECES)
		return asks_for_a_piece(as, ctx);
	ctx->x[24] = 1;
	return script_open(as, ctx, state->system_session ? &wait : &system);
}

static enum user_exit takes(struct arch_aspace *as, struct user_context *ctx, uint64_t step)
{
	struct lock_state *state = state_of(as, ctx);
	struct script_frame *frame = script_frame(as, ctx);
	uint64_t flag = script_frame_va(ctx) + offsetof(struct script_frame, flag);
	struct utee_params *params = script_params(as, ctx);

	switch (step) {
	case 0:
		if (state->holder)
			return script_call(ctx, SYS_UNMASK_CANCELLATION, flag, 0, 0);
		state->holder = (uint32_t)ctx->x[23];
		note(state);
		params->vals[0] = (uint32_t)state->number;
		params->vals[1] = state->number >> 32;
		return script_return(ctx, 0);
	case 1:
		return script_call(ctx, SYS_GET_CANCELLATION_FLAG, flag, 0, 0);
	case 2:
		if (frame->flag)
			return script_return(ctx, TEE_ERROR_CANCEL);
		return asks(as, ctx, TENON_WAIT_CMD_WAIT, ctx->x[21] == LOCK_TAKE ? KEY : KEY_MAYBE,
			    0);
	default:
		return script_return(ctx, ctx->x[0] ? (uint32_t)ctx->x[0] : TENON_RETRY);
	}
}

/* x24: how many keys have been served. What fails for want of memory is tried again. */
static enum user_exit releases(struct arch_aspace *as, struct user_context *ctx, uint64_t step)
{
	struct lock_state *state = state_of(as, ctx);

	if (step == 0) {
		if (state->holder != ctx->x[23])
			return script_return(ctx, TEE_ERROR_BAD_STATE);
		state->holder = 0;
		note(state);
	} else if (ctx->x[0] == TEE_SUCCESS) {
		ctx->x[24]++;
	} else if (step > 1000) {
		broken("the wait service refuses to wake anybody: 0x%llx",
		       (unsigned long long)ctx->x[0]);
	}
	switch (ctx->x[24]) {
	case 0:
		return asks(as, ctx, TENON_WAIT_CMD_WAKE, KEY, 1);
	case 1:
		return asks(as, ctx, TENON_WAIT_CMD_WAKE, KEY_MAYBE, 100);
	default:
		return script_return(ctx, 0);
	}
}

static enum user_exit on_close(struct arch_aspace *as, struct user_context *ctx, uint64_t step)
{
	bool holds = step > 0 || state_of(as, ctx)->holder == ctx->x[23];

	return holds ? releases(as, ctx, step) : script_return(ctx, 0);
}

static enum user_exit on_command(struct arch_aspace *as, struct user_context *ctx, uint64_t step,
				 struct user_fault *fault)
{
	uint32_t types = (uint32_t)script_params(as, ctx)->types;

	switch (ctx->x[21]) {
	case LOCK_TAKE:
	case LOCK_TAKE_MAYBE:
		if (TEE_PARAM_TYPE(types, 0) != TEE_PARAM_VALUE_OUTPUT)
			return script_return(ctx, TEE_ERROR_BAD_PARAMETERS);
		return takes(as, ctx, step);
	case LOCK_RELEASE:
		return releases(as, ctx, step);
	case LOCK_ECHO:
		if (host_ns_mappings_of(as))
			broken("I5: memory of a guest is mapped in a shared app");
		script_echo(as, ctx);
		return script_return(ctx, 0);
	case LOCK_INTERRUPTED:
		return step < 3 ? USER_EXIT_FOREIGN_INTR : script_return(ctx, 0);
	case LOCK_SPIN:
		return USER_EXIT_FOREIGN_INTR;
	case LOCK_CRASH:
		*fault = (struct user_fault){.esr = 0x92000006};
		return USER_EXIT_FAULT;
	default:
		return script_return(ctx, TEE_ERROR_NOT_IMPLEMENTED);
	}
}

enum user_exit lock_script(struct arch_aspace *as, struct user_context *ctx, uint64_t step,
			   struct user_fault *fault)
{
	switch (ctx->x[22]) {
	case TA_FUNC_OPEN_SESSION:
		return on_open(as, ctx);
	case TA_FUNC_CLOSE_SESSION:
		return on_close(as, ctx, step);
	default:
		return on_command(as, ctx, step, fault);
	}
}

/* --- its clients ---------------------------------------------------------------------------------
 */

void lock_granted(struct fiber *fiber, uint64_t number)
{
	for (unsigned i = 0; i < options.guests; i++) {
		for (unsigned k = 0; k < SIM_VCPUS; k++) {
			if (vms[i].state == VM_LIVING && vms[i].holds[k] == number)
				broken("guests %u and %u have the lock at the same time",
				       vms[i].number, fiber->vm->number);
		}
	}
	fiber->vm->holds[fiber->index] = number;
	summary.locks++;
}

void lock_dropped(struct fiber *fiber)
{
	fiber->vm->holds[fiber->index] = 0;
}

void lock_holder_gone(const struct vm *vm)
{
	if (newest.holder == vm)
		newest.free_since = summary.points;
}

enum lock_is lock_is(uint64_t *since)
{
	*since = newest.free_since;
	if (newest.free_since == UINT64_MAX)
		return LOCK_TAKEN;
	return newest.holder ? LOCK_ABANDONED : LOCK_FREE;
}
