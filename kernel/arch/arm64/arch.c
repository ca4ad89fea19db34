/* SPDX-License-Identifier: BSD-2-Clause */
/* The small things of arch.h: CPU, time, interrupts, contexts, entropy. */
#include "kernel/arch/arm64/cpu.h"
#include "kernel/arch/arm64/sysreg.h"

#define ISR_FIQ (1u << 6)
#define ISR_IRQ (1u << 7)

void context_begin(void);

/* What arch_context_switch() keeps on a stack: x19..x30. */
struct saved_registers {
	uint64_t x[12];
};

unsigned arch_cpu_index(void)
{
	return cpu_self()->index;
}

uint64_t arch_counter(void)
{
	isb(); /* not read ahead of what is measured */
	return sysreg_read(cntpct_el0);
}

uint64_t arch_counter_hz(void)
{
	return sysreg_read(cntfrq_el0);
}

void arch_relax(void)
{
	__asm__ volatile("yield" ::: "memory");
}

/*
 * A secure interrupt counts too: if it is the end of the slice, the normal world's timers (which
 * are off now) may be overdue (NW-222); if not, leaving does no harm.
 */
bool arch_foreign_pending(void)
{
	return (sysreg_read(isr_el1) & (ISR_FIQ | ISR_IRQ)) != 0;
}

void arch_interrupts_unmask(void)
{
	__asm__ volatile("msr daifclr, #3" ::: "memory");
}

void arch_interrupts_mask(void)
{
	__asm__ volatile("msr daifset, #3" ::: "memory");
}

void arch_slice_arm(uint64_t ticks)
{
	if (ticks != 0)
		sysreg_write(cntps_tval_el1, ticks > INT32_MAX ? INT32_MAX : ticks);
	sysreg_write(cntps_ctl_el1, ticks != 0);
	isb();
}

void arch_context_init(struct arch_context *ctx, void *stack, void (*fn)(void *arg), void *arg)
{
	char *top = (char *)stack + KERNEL_STACK_PAGES * PAGE_SIZE;
	struct saved_registers *saved = (struct saved_registers *)top - 1;

	*saved = (struct saved_registers){0};
	saved->x[0] = (uint64_t)(uintptr_t)fn;
	saved->x[1] = (uint64_t)(uintptr_t)arg;
	saved->x[11] = (uint64_t)(uintptr_t)context_begin;
	ctx->sp = (uint64_t)(uintptr_t)saved;
}

bool arch_random(uint64_t *value)
{
	uint64_t failed;

	if ((sysreg_read(id_aa64isar0_el1) >> 60 & 0xf) == 0)
		return false;
	__asm__ volatile("mrs %0, S3_3_C2_C4_0\n\tcset %1, eq"
			 : "=r"(*value), "=r"(failed)
			 :
			 : "cc");
	return failed == 0;
}
