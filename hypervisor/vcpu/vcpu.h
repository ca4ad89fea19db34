/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual CPU: its registers, and the loop between two entries of a guest.
 *
 * A vCPU is *loaded* while its EL1 state is in a CPU's registers. Traps that are answered at once
 * touch only x0-x30; everything else is moved when another vCPU (or nothing) takes the CPU.
 */
#ifndef VCPU_VCPU_H
#define VCPU_VCPU_H

#include <arch/arch.h>
#include <mediator/mediator.h>
#include <sched/sched.h>
#include <stdbool.h>
#include <stdint.h>

struct vm;

/* Known to vectors.S: x30 at 240, pc at 248, spsr at 256. */
struct vcpu_regs {
	uint64_t x[31];
	uint64_t pc;
	uint64_t spsr;
	uint64_t pad;
};
_Static_assert(sizeof(struct vcpu_regs) == 272, "layout of vectors.S");

struct fp_state {
	uint64_t v[64];
	uint64_t fpcr, fpsr;
};

/* Saved system registers of EL1, in the order of arch/arm64/context.c. */
#define VCPU_SYSREGS 28u

enum vcpu_request {
	REQUEST_VGIC = 1, /* list registers want a refresh */
	REQUEST_STOP = 2  /* leave the CPU and stay off */
};

/* What happens to a vCPU when it is put. */
enum leave {
	LEAVE_READY, /* goes to the end of the queue */
	LEAVE_BLOCK, /* waits for an interrupt */
	LEAVE_OFF
};

struct vcpu {
	struct vcpu_regs regs __attribute__((aligned(16))); /* first */
	struct fp_state fp __attribute__((aligned(16)));
	uint64_t sys[VCPU_SYSREGS];
	uint64_t timer_ctl, timer_cval;
	uint64_t vmcr, ap0r[4], ap1r[4];
	bool fp_loaded; /* its V state is in the CPU */

	struct vm *vm;
	unsigned index;
	struct sched_item item;
	struct timer wake; /* its virtual timer while it waits */
	uint32_t requests; /* enum vcpu_request; set by any CPU */
	bool on;           /* in the sense of PSCI; under the VM's lock */

	bool tee_again;                 /* a call waits to be handed to the mediator again */
	bool in_tee;                    /* a CPU is in the TEE for it */
	uint64_t tee_entered, tee_left; /* when it was in the TEE last */
	struct med_vcpu med;
};
_Static_assert(sizeof(struct vcpu) <= 4096, "a vCPU fits a page");

/**
 * Come back from a trap: take interrupts, do requests, schedule; returns the registers of the vCPU
 * to enter, which may be another one than before. Does not return while there is none.
 */
struct vcpu_regs *vcpu_resume(struct cpu *cpu);

/** Ask a vCPU to do something, wherever it is. Any CPU. */
void vcpu_request(struct vcpu *vcpu, enum vcpu_request request);

/** WFI of the loaded vCPU: it will wait for an interrupt. WFE: it lets others run. */
void vcpu_wait(struct cpu *cpu, bool for_event);

#endif
