/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What apps do. The file is a real signed one; for most guests its instructions are not executed,
 * but what stands here is done, system call by system call. For some they are, by the engine.
 */
#include <string.h>

#include "kernel/arch/host/app.h"
#include "kernel/arch/host/engine.h"
#include "kernel/call/call.h"
#include "kernel/lib/assert.h"
#include "sim/programs.h"
#include "sim/sim.h"

#define SCRIPTED      "d17f73a0-36ef-11e1-984a-0002a5d5c51b" /* several instances */
#define REAL          "e6a33ed4-562b-463a-bb7e-ff5e15a493c8" /* one instance, several sessions */
#define HOSTILE_CALLS 6u
#define ENGINE_SLICE  2000u

static struct program programs[2];
static enum user_exit (*engine_user)(struct arch_aspace *as, struct user_context *ctx,
				     struct user_fault *fault);

const struct program *program_find(const uint8_t uuid[16])
{
	for (unsigned i = 0; i < array_count(programs); i++) {
		if (!memcmp(programs[i].uuid, uuid, 16))
			return &programs[i];
	}
	return NULL;
}

const uint8_t *program_uuid(bool real)
{
	return programs[real].uuid;
}

static enum user_exit call(struct user_context *ctx, uint64_t number, uint64_t a0, uint64_t a1,
			   uint64_t a2)
{
	ctx->x[8] = number;
	ctx->x[0] = a0;
	ctx->x[1] = a1;
	ctx->x[2] = a2;
	ctx->x[19]++;
	return USER_EXIT_SVC;
}

/* Turns the bytes of its first parameter over; they may lie in several pages. */
static void echo(struct arch_aspace *as, const struct user_context *ctx)
{
	const struct utee_params *params = host_user_memory(as, ctx->x[20], PROT_R);

	assert(params);
	for (uint64_t i = 0;
	     TEE_PARAM_TYPE(params->types, 0) == TEE_PARAM_MEMREF_INOUT && i < params->vals[1];
	     i++) {
		uint8_t *byte = host_user_memory(as, params->vals[0] + i, PROT_R | PROT_W);
		if (!byte)
			return;
		*byte = (uint8_t) ~*byte;
	}
}

static uint64_t any_argument(const struct user_context *ctx)
{
	switch (below(5)) {
	case 0:
		return below(4);
	case 1:
		return ctx->x[20] - below(300);
	case 2:
		return ctx->pc + below(8192);
	case 3:
		return random64();
	default:
		return below(256);
	}
}

static enum user_exit hostile(struct user_context *ctx)
{
	for (unsigned i = 3; i < 8; i++)
		ctx->x[i] = any_argument(ctx);
	return call(ctx, below(4) ? below(16) : below(73), any_argument(ctx), any_argument(ctx),
		    any_argument(ctx));
}

static enum user_exit leave(struct user_context *ctx)
{
	return call(ctx, SYS_RETURN, TEE_SUCCESS, 0, 0);
}

/* x19 counts what it did in this entry, x20 is the parameter block, x21 the command. */
static enum user_exit scripted(struct arch_aspace *as, struct user_context *ctx,
			       struct user_fault *fault)
{
	uint64_t stack = ctx->sp - 64;

	if (ctx->x[19] == 0) {
		ctx->x[20] = ctx->x[2];
		ctx->x[21] = ctx->x[0] == TA_FUNC_INVOKE_COMMAND ? ctx->x[3] : PROGRAM_COUNT;
	}
	switch (ctx->x[21]) {
	case PROGRAM_ECHO:
		echo(as, ctx);
		return leave(ctx);
	case PROGRAM_TIME:
		return ctx->x[19] < 2 ? call(ctx, SYS_GET_TIME, 2, stack, 0) : leave(ctx);
	case PROGRAM_WAIT:
		return ctx->x[19] < 1 ? call(ctx, SYS_WAIT, 5, 0, 0) : leave(ctx);
	case PROGRAM_INTERRUPTED:
		return ctx->x[19]++ < 3 ? USER_EXIT_FOREIGN_INTR : leave(ctx);
	case PROGRAM_RANDOM:
		return ctx->x[19] < 1 ? call(ctx, SYS_RANDOM, stack, 40, 0) : leave(ctx);
	case PROGRAM_HOSTILE:
		return ctx->x[19] < HOSTILE_CALLS ? hostile(ctx) : leave(ctx);
	case PROGRAM_FAULT:
		*fault = (struct user_fault){.esr = 0x92000006};
		return USER_EXIT_FAULT;
	case PROGRAM_PANIC:
		return call(ctx, SYS_PANIC, 0x17, 0, 0);
	default:
		return leave(ctx);
	}
}

static enum user_exit user(struct arch_aspace *as, struct user_context *ctx,
			   struct user_fault *fault)
{
	const struct fiber *fiber = fiber_current();

	return fiber && fiber->vm->real && engine_user ? engine_user(as, ctx, fault)
						       : scripted(as, ctx, fault);
}

static void load(struct program *program, const char *name)
{
	struct model file = {0};

	app_uuid(program->uuid, name);
	app_load_file(&file, TEST_TA_DIR, name);
	program->file = file.ta_file;
	program->size = file.ta_size;
}

void app_start(void)
{
	load(&programs[0], SCRIPTED);
	load(&programs[1], REAL);
	if (options.real_chance > 0) {
		engine_start(&(struct engine_config){.seed = options.seed, .slice = ENGINE_SLICE});
		engine_user = host_user;
	}
	host_user = user;
}
