/* SPDX-License-Identifier: BSD-2-Clause */
/* In unit tests the CPU, its clock and what it was told are variables (arch/host/cpu.c). */
#ifndef ARCH_THIS_CPU_H
#define ARCH_THIS_CPU_H

extern struct cpu *host_cpu;   /* which one it is */
extern bool host_irq_pending;  /* what arch_irq_pending() says */
extern uint64_t host_time;     /* in ticks, of which there are 62.5 million a second */
extern uint64_t host_deadline; /* of the last arch_timer_set() */
extern unsigned host_kicks;    /* how many arch_cpu_kick() there were */

static inline struct cpu *cpu_this(void)
{
	return host_cpu;
}

static inline bool arch_irq_pending(void)
{
	return host_irq_pending;
}

#endif
