/* SPDX-License-Identifier: BSD-2-Clause */
/* What each CPU has of its own. TPIDR_EL1 points to it from the CPU's first entry on (NW-221). */
#ifndef ARCH_ARM64_CPU_H
#define ARCH_ARM64_CPU_H

#include "kernel/arch/arch.h"
#include "kernel/arch/arm64/layout.h"

struct cpu {
	uint64_t entry_stack; /* top of the stack that every entry from EL3 starts on */
	uint64_t fault_stack; /* top of the stack of exceptions of the kernel itself */
	uint64_t scratch[2];
	uint64_t idmap_ttbr;  /* TTBR0 outside of EL0: the identity page, ASID 0 */
	uint64_t mpidr;       /* affinity, from the device tree */
	uint32_t fp_nw_saved; /* the normal world's V state is in fp_nw, not in the registers */
	uint32_t index;
	bool in_crash;
	struct user_context *fp_user; /* whose V state is in the registers, NULL: nobody's */
	uint64_t *window_entry;       /* page table entry of the guest memory window */
	void *window;
	struct arch_fp_state fp_nw;
} __attribute__((aligned(64)));

extern struct cpu cpus[CPU_MAX];

static inline struct cpu *cpu_self(void)
{
	struct cpu *cpu;

	/* Volatile: a call that was switched out may come back on another CPU. */
	__asm__ volatile("mrs %0, tpidr_el1" : "=r"(cpu));
	return cpu;
}

/* Registers of an EL1 exception, as vectors.S stores them. */
struct trap_frame {
	uint64_t x[31];
	uint64_t sp;
	uint64_t elr;
	uint64_t spsr;
	uint64_t esr;
	uint64_t far;
};

/* --- gic.c --------------------------------------------------------------------------------------
 */

/* Prepares the running CPU's part: the slice timer's PPI as secure group 1 (NW-214). */
void gic_cpu_init(void);

/* Acknowledges and handles one secure interrupt. True if the time slice ended. */
bool gic_handle(void);

/* --- fp.c ---------------------------------------------------------------------------------------
 */

/* Opens or closes the V registers for ctx before it runs in EL0. */
void fp_user_prepare(const struct user_context *ctx);

/* ctx used a V register while they were closed to it: makes them hold its state. */
void fp_user_load(struct user_context *ctx);

/* --- aspace.c -----------------------------------------------------------------------------------
 */

/* What TTBR0 holds while the space runs. */
uint64_t aspace_ttbr(const struct arch_aspace *as);

/* --- switch.S, vectors.S ------------------------------------------------------------------------
 */

void fp_save(struct arch_fp_state *state);
void fp_load(const struct arch_fp_state *state);
void fp_wipe(void);

/* Copies; false if a load or store of it got an external abort. */
bool guarded_copy(void *to, const void *from, size_t size);
extern const char guarded_copy_end[], guarded_copy_failed[];

/* Runs EL0 until an exception; returns USER_STOP_*. Interrupts masked before and after. */
unsigned user_enter(struct user_context *ctx, uint64_t ttbr0);

/* --- crash.c ------------------------------------------------------------------------------------
 */

noreturn void crash(const struct trap_frame *frame, const char *what);

#endif
