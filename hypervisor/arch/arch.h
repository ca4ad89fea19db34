/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the rest of the hypervisor needs of the CPU. EL2 runs with interrupts masked from end to
 * end: they are looked at (arch_irq_pending) and taken (arch_irq_take) only between pieces of work,
 * never in the middle of one.
 */
#ifndef ARCH_ARCH_H
#define ARCH_ARCH_H

#include <lib/list.h>
#include <mm/mm.h>
#include <stdbool.h>
#include <stdint.h>

#define MAX_CPUS 8u

struct vcpu;
struct sched_item;

/* One per physical CPU; pointed to by TPIDR_EL2. */
struct cpu {
	uint64_t stack_top; /* first: vectors.S takes it from here */
	struct vcpu *vcpu;  /* whose state is in the registers, NULL: none */
	unsigned index;
	uint64_t mpidr;
	bool resched;       /* look for something better to run; set by any CPU */
	uint8_t leave;      /* enum leave of the vCPU when it is put */
	bool vtimer_active; /* the physical virtual-timer interrupt is active on this CPU */
	uint8_t boosts;     /* picks of woken items in a row */
	struct sched_item *current;
	uint64_t slice_end; /* counter value, 0: none */
	struct list timers; /* by deadline */
	uint64_t gicr;      /* base of this CPU's redistributor */
};

extern struct cpu cpus[MAX_CPUS];
extern unsigned cpu_count;

/* Of the build's architecture: */
/** This CPU's. */
static inline struct cpu *cpu_this(void);
/** Does an interrupt wait to be taken? */
static inline bool arch_irq_pending(void);
#include <arch/this_cpu.h>

/* ---- time: counter ticks ---- */
uint64_t arch_time(void);
uint64_t arch_time_hz(void);
/** Interrupt this CPU at @deadline; 0: never. */
void arch_timer_set(uint64_t deadline);

/* ---- interrupts ---- */
/** Take and handle pending interrupts: a bounded number, whoever raises them. */
void arch_irq_take(void);
/** Let an interrupt that CPUs share come, or keep it pending from the return on. Any CPU. */
void arch_irq_enable(unsigned intid, bool enabled);
/** Make @cpu look at its flags, out of guest, TEE or idle. */
void arch_cpu_kick(struct cpu *cpu);
/** Sleep until an interrupt is pending. */
void arch_cpu_idle(void);

/* ---- vCPU state ---- */
void arch_vcpu_reset(struct vcpu *vcpu, uint64_t entry, uint64_t x0);
void arch_vcpu_load(struct vcpu *vcpu);
void arch_vcpu_save(struct vcpu *vcpu);
/** Of a vCPU that is not loaded: when its virtual timer fires, 0: never. */
uint64_t arch_vcpu_timer(const struct vcpu *vcpu);
/** Bring the list registers of the loaded vCPU up to date. */
void arch_vgic_refresh(struct vcpu *vcpu);
/** Only take back what is in them. */
void arch_vgic_collect(struct vcpu *vcpu);
/** Would the loaded vCPU be interrupted by what is in its list registers? */
bool arch_vgic_loaded_pending(void);

/* ---- stage 2 ---- */
/** Forget all translations of a VM, on every CPU. */
void arch_tlb_flush_vm(struct paddr root, unsigned vmid);
/** Make code and data that EL2 wrote visible to a guest that runs with its caches off. */
void arch_cache_clean(const void *p, size_t size);

/* ---- firmware ---- */
/** SMC: x0..x7 in, x0..x3 out. */
void arch_smc(uint64_t regs[8]);
void arch_machine_off(void) __attribute__((noreturn));

/** A bit of unpredictable data, as good as the machine has it. */
uint64_t arch_random(void);

#endif
