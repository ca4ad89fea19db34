/* SPDX-License-Identifier: BSD-2-Clause */
/* Coroutines on the host, and the app's side of an entry. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kernel/arch/host/context_switch.h"
#include "kernel/arch/host/host.h"
#include "kernel/arch/host/internal.h"
#include "kernel/call/call.h"
#include "kernel/lib/assert.h"

/* Larger than on the machine: sanitizers need room. The pages that the kernel pays for are not
 * used. */
#define HOST_STACK_SIZE (256u << 10)
#define STACKS_MAX      4096

enum user_exit (*host_user)(struct arch_aspace *as, struct user_context *ctx,
			    struct user_fault *fault);

/* Stacks are kept for reuse: mapping one costs more than a test. */
static void *stacks[STACKS_MAX];

size_t arch_stacks_max(void)
{
	return STACKS_MAX;
}
static unsigned stack_count;
static size_t stacks_mapped;

size_t host_stacks_mapped(void)
{
	return stacks_mapped;
}

static void (*start_fn)(void *);
static void *start_arg;

void host_contexts_reset(void)
{
	stacks_mapped = 0;
}

void *arch_stack_map(void *const pages[KERNEL_STACK_PAGES])
{
	(void)pages;
	stacks_mapped++;
	if (stack_count > 0)
		return stacks[--stack_count];
	void *stack = mmap(NULL, HOST_STACK_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return stack == MAP_FAILED ? NULL : stack;
}

void arch_stack_unmap(void *stack)
{
	stacks_mapped--;
	if (stack_count < STACKS_MAX)
		stacks[stack_count++] = stack;
	else
		munmap(stack, HOST_STACK_SIZE);
}

static void trampoline(void)
{
	void (*fn)(void *) = start_fn;
	void *arg = start_arg;

	host_stack_entered();
	fn(arg);
	abort();
}

void arch_context_init(struct arch_context *ctx, void *stack, void (*fn)(void *arg), void *arg)
{
	memset(ctx, 0, sizeof(*ctx));
	getcontext(&ctx->uc);
	ctx->bottom = stack;
	ctx->size = HOST_STACK_SIZE;
	ctx->uc.uc_stack.ss_sp = stack;
	ctx->uc.uc_stack.ss_size = HOST_STACK_SIZE;
	/* A call is started right after it was initialised. */
	start_fn = fn;
	start_arg = arg;
	makecontext(&ctx->uc, trampoline, 0);
}

enum user_exit arch_user_run(struct arch_aspace *as, struct user_context *ctx,
			     struct user_fault *fault)
{
	assert(spin_held() == 0);
	if (host_point_hook)
		host_point_hook();
	return host_user(as, ctx, fault);
}

void arch_user_context_drop(struct user_context *ctx)
{
	(void)ctx; /* V registers are written back at each exit */
}

void arch_fp_leave(void)
{
}
