/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of arch.h that is one instruction each. */
#ifndef ARCH_THIS_CPU_H
#define ARCH_THIS_CPU_H

static inline struct cpu *cpu_this(void)
{
	struct cpu *cpu;

	__asm__ volatile("mrs %0, tpidr_el2" : "=r"(cpu));
	return cpu;
}

static inline bool arch_irq_pending(void)
{
	uint64_t isr;

	__asm__ volatile("mrs %0, isr_el1" : "=r"(isr)::"memory");
	return isr & 0xC0;
}

#endif
