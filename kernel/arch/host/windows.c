/* SPDX-License-Identifier: BSD-2-Clause */
/* Compiled without the counter's calls. */
#include "kernel/arch/host/windows_count.h"

#include <stdbool.h>
#include <stddef.h>

#include "kernel/arch/arch.h"
#include "kernel/arch/host/chance.h"
#include "kernel/arch/host/sections_count.h"
#include "kernel/entry/entry.h"

uint64_t windows_longest;
static bool is_open;
static uint64_t since;

static void begin(void)
{
	is_open = true;
	since = sections_blocks();
}

static void end(void)
{
	uint64_t length = sections_blocks() - since;

	if (is_open && length > windows_longest)
		windows_longest = length;
	is_open = false;
}

static bool on_chance(enum chance_kind kind)
{
	if (kind == CHANCE_POLL && is_open) {
		end();
		begin();
	}
	return false;
}

void windows_start(void)
{
	windows_longest = 0;
	chance.hook = on_chance;
}

void __real_entry_yielding(struct smc_args *args);
void __wrap_entry_yielding(struct smc_args *args);
void __wrap_entry_yielding(struct smc_args *args)
{
	begin();
	__real_entry_yielding(args);
	end();
}

void __real_entry_fast(struct smc_args *args);
void __wrap_entry_fast(struct smc_args *args);
void __wrap_entry_fast(struct smc_args *args)
{
	begin();
	__real_entry_fast(args);
	end();
}

enum user_exit __real_arch_user_run(struct arch_aspace *as, struct user_context *ctx,
				    struct user_fault *fault);
enum user_exit __wrap_arch_user_run(struct arch_aspace *as, struct user_context *ctx,
				    struct user_fault *fault);
enum user_exit __wrap_arch_user_run(struct arch_aspace *as, struct user_context *ctx,
				    struct user_fault *fault)
{
	end();
	enum user_exit why = __real_arch_user_run(as, ctx, fault);
	begin();
	return why;
}

void __real_arch_interrupts_unmask(void);
void __wrap_arch_interrupts_unmask(void);
void __wrap_arch_interrupts_unmask(void)
{
	end();
	__real_arch_interrupts_unmask();
}

void __real_arch_interrupts_mask(void);
void __wrap_arch_interrupts_mask(void);
void __wrap_arch_interrupts_mask(void)
{
	__real_arch_interrupts_mask();
	if (!is_open)
		begin();
}
