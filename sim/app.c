/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What apps do. Their files are real signed ones; for most guests the instructions are not
 * executed, but what stands here and in nest.c and lock.c is done, system call by system call. For
 * some they are, by the engine.
 */
#include <string.h>

#include "kernel/arch/host/engine.h"
#include "sim/script.h"

#define SCRIPTED      "d17f73a0-36ef-11e1-984a-0002a5d5c51b" /* several instances */
#define REAL          "e6a33ed4-562b-463a-bb7e-ff5e15a493c8" /* one instance, several sessions */
#define HOSTILE_CALLS 6u
#define ENGINE_SLICE  2000u

static struct program programs[PROGRAM_KINDS];
static struct uuid uuids[PROGRAM_KINDS];
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

const uint8_t *program_uuid(enum program_kind kind)
{
	return programs[kind].uuid;
}

const struct uuid *script_uuid(enum program_kind kind)
{
	return &uuids[kind];
}

enum program_kind script_kind(struct arch_aspace *as)
{
	const struct ta_instance *instance = container_of(as, struct ta_instance, as.arch);

	for (unsigned i = 0; i < array_count(uuids); i++) {
		if (!memcmp(&instance->uuid, &uuids[i], sizeof(uuids[i])))
			return (enum program_kind)i;
	}
	panic("an app that nobody has");
}

void script_echo(struct arch_aspace *as, const struct user_context *ctx)
{
	const struct utee_params *params = script_params(as, ctx);

	for (uint64_t i = 0;
	     TEE_PARAM_TYPE(params->types, 0) == TEE_PARAM_MEMREF_INOUT && i < params->vals[1];
	     i++) {
		uint8_t *byte = host_user_memory(as, params->vals[0] + i, PROT_R | PROT_W);
		if (!byte)
			return;
		*byte = (uint8_t) ~*byte;
	}
}

enum user_exit script_open(struct arch_aspace *as, struct user_context *ctx,
			   const struct uuid *uuid)
{
	uint64_t va = script_frame_va(ctx);

	script_frame(as, ctx)->uuid = *uuid;
	ctx->x[3] = va + offsetof(struct script_frame, session);
	ctx->x[4] = va + offsetof(struct script_frame, origin);
	return script_call(ctx, SYS_OPEN_TA_SESSION, va, TA_NO_TIMEOUT, 0);
}

enum user_exit script_invoke(struct user_context *ctx, uint64_t session, uint32_t cmd)
{
	uint64_t va = script_frame_va(ctx);

	ctx->x[3] = va + offsetof(struct script_frame, params);
	ctx->x[4] = va + offsetof(struct script_frame, origin);
	return script_call(ctx, SYS_INVOKE_TA_COMMAND, session, TA_NO_TIMEOUT, cmd);
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
	return script_call(ctx, below(4) ? below(16) : below(73), any_argument(ctx),
			   any_argument(ctx), any_argument(ctx));
}

/* Commands that any app of a guest has. */
static enum user_exit scripted(struct arch_aspace *as, struct user_context *ctx, uint64_t step,
			       struct user_fault *fault)
{
	uint64_t stack = ctx->sp - 64;

	switch (ctx->x[21]) {
	case PROGRAM_ECHO:
		script_echo(as, ctx);
		return script_return(ctx, 0);
	case PROGRAM_TIME:
		return step < 2 ? script_call(ctx, SYS_GET_TIME, 2, stack, 0)
				: script_return(ctx, 0);
	case PROGRAM_WAIT:
		return step < 1 ? script_call(ctx, SYS_WAIT, 5, 0, 0) : script_return(ctx, 0);
	case PROGRAM_INTERRUPTED:
		return step < 2 ? USER_EXIT_FOREIGN_INTR : script_return(ctx, 0);
	case PROGRAM_RANDOM:
		return step < 1 ? script_call(ctx, SYS_RANDOM, stack, 40, 0)
				: script_return(ctx, 0);
	case PROGRAM_HOSTILE:
		return step < HOSTILE_CALLS ? hostile(ctx) : script_return(ctx, 0);
	case PROGRAM_NEST:
		return nest_script(as, ctx, step);
	case PROGRAM_SECRET:
		return secret_script(as, ctx);
	case PROGRAM_FAULT:
		*fault = (struct user_fault){.esr = 0x92000006};
		return USER_EXIT_FAULT;
	case PROGRAM_PANIC:
		return script_call(ctx, SYS_PANIC, 0x17, 0, 0);
	default:
		return script_return(ctx, 0);
	}
}

static enum user_exit user(struct arch_aspace *as, struct user_context *ctx,
			   struct user_fault *fault)
{
	enum program_kind kind = script_kind(as);

	if (kind == PROGRAM_REAL && engine_user)
		return engine_user(as, ctx, fault);
	uint64_t step = ctx->x[19]++;
	if (step == 0) {
		ctx->x[20] = ctx->x[2];
		ctx->x[21] = ctx->x[3];
		ctx->x[22] = ctx->x[0];
		ctx->x[23] = ctx->x[1];
		ctx->x[24] = 0;
	}
	if (kind == PROGRAM_LOCK)
		return lock_script(as, ctx, step, fault);
	return ctx->x[22] == TA_FUNC_INVOKE_COMMAND ? scripted(as, ctx, step, fault)
						    : script_return(ctx, 0);
}

static void load_shipped(enum program_kind kind, const char *name)
{
	struct model file = {0};

	app_load_file(&file, TEST_TA_DIR, name);
	app_uuid(programs[kind].uuid, name);
	programs[kind].file = file.ta_file;
	programs[kind].size = file.ta_size;
}

static void load_made(enum program_kind kind, const struct made_app *app)
{
	app_uuid(programs[kind].uuid, app->uuid);
	programs[kind].file = app->file;
	programs[kind].size = app->size;
}

static void set_native(enum program_kind kind)
{
	const uint8_t *o = programs[kind].uuid;
	struct uuid *uuid = &uuids[kind];

	uuid->time_low = (uint32_t)o[0] << 24 | (uint32_t)o[1] << 16 | (uint32_t)o[2] << 8 | o[3];
	uuid->time_mid = (uint16_t)(o[4] << 8 | o[5]);
	uuid->time_hi_and_version = (uint16_t)(o[6] << 8 | o[7]);
	memcpy(uuid->clock_seq_and_node, o + 8, 8);
}

void app_start(void)
{
	load_shipped(PROGRAM_SCRIPTED, SCRIPTED);
	load_shipped(PROGRAM_REAL, REAL);
	load_made(PROGRAM_KEEPER, &made_keeper);
	load_made(PROGRAM_INNER, &made_inner);
	load_made(PROGRAM_SINGLE, &made_single);
	load_made(PROGRAM_LOCK, &made_lock);
	for (unsigned i = 0; i < PROGRAM_KINDS; i++)
		set_native((enum program_kind)i);
	if (options.real_chance > 0) {
		engine_start(&(struct engine_config){.seed = options.seed, .slice = ENGINE_SLICE});
		engine_user = host_user;
	}
	host_user = user;
}
