/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How an app of the simulator is written: a state machine that is called at each exit. Registers
 * that the kernel keeps for the app hold its progress in one entry:
 *
 *   x19 exits so far    x20 the parameter block    x21 the command    x22 the function
 *   x23 the session     x24 what else has to be kept
 */
#ifndef SIM_SCRIPT_H
#define SIM_SCRIPT_H

#include "kernel/arch/host/app.h"
#include "kernel/lib/assert.h"
#include "kernel/ta/ta.h"
#include "sim/programs.h"
#include "sim/sim.h"

/* Leaves for the kernel with a system call. */
static inline enum user_exit script_call(struct user_context *ctx, uint64_t number, uint64_t a0,
					 uint64_t a1, uint64_t a2)
{
	ctx->x[8] = number;
	ctx->x[0] = a0;
	ctx->x[1] = a1;
	ctx->x[2] = a2;
	return USER_EXIT_SVC;
}

static inline enum user_exit script_return(struct user_context *ctx, uint32_t result)
{
	return script_call(ctx, SYS_RETURN, result, 0, 0);
}

/* Memory of the app that is there. */
static inline void *script_at(struct arch_aspace *as, uint64_t va)
{
	void *memory = host_user_memory(as, va, PROT_R | PROT_W);

	assert(memory);
	return memory;
}

/* A piece of stack for the structures that system calls take. */
struct script_frame {
	struct uuid uuid;
	uint32_t session;
	uint32_t origin;
	struct utee_params params;
	uint32_t flag;
};

static inline uint64_t script_frame_va(const struct user_context *ctx)
{
	return (ctx->sp - 768) & ~255ull;
}

static inline struct script_frame *script_frame(struct arch_aspace *as,
						const struct user_context *ctx)
{
	return script_at(as, script_frame_va(ctx));
}

enum user_exit script_open(struct arch_aspace *as, struct user_context *ctx,
			   const struct uuid *uuid);
/* With the parameters in the frame. */
enum user_exit script_invoke(struct user_context *ctx, uint64_t session, uint32_t cmd);

/* The entry's parameters. */
static inline struct utee_params *script_params(struct arch_aspace *as,
						const struct user_context *ctx)
{
	return script_at(as, ctx->x[20]);
}

/* Turns the bytes of the first parameter over; they may lie in several pages. */
void script_echo(struct arch_aspace *as, const struct user_context *ctx);

/* The kind of app that the address space is of, and its UUID as the kernel has it. */
enum program_kind script_kind(struct arch_aspace *as);
const struct uuid *script_uuid(enum program_kind kind);

/* lock.c, nest.c: the apps made for the simulator; step: exits before this one. */
enum user_exit lock_script(struct arch_aspace *as, struct user_context *ctx, uint64_t step,
			   struct user_fault *fault);
enum user_exit nest_script(struct arch_aspace *as, struct user_context *ctx, uint64_t step);
enum user_exit secret_script(struct arch_aspace *as, struct user_context *ctx);

#endif
