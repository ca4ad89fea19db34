/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All that the portable kernel asks of a machine. Two bodies implement it: arch/arm64 (S-EL1) and
 * arch/host (a Linux process, for unit tests, fuzzers and the simulator).
 *
 * Unless a function says otherwise: called with interrupts masked, never sleeps.
 */
#ifndef ARCH_ARCH_H
#define ARCH_ARCH_H

#include "abi/result.h"
#include "kernel/lib/types.h"
#include "kernel/arch/context.h" /* struct arch_context, struct arch_aspace: the body's own layout */

struct budget;

/* --- CPUs and time ------------------------------------------------------------------------------
 */

/* Index of the running CPU, 0..CPU_MAX-1. */
unsigned arch_cpu_index(void);

/* CPUs that may ever run the kernel, 1..CPU_MAX: their indexes are below it. */
unsigned arch_cpu_count(void);

/* The architectural counter (CNTPCT_EL0): ticks since power-on, never going back; and ticks per
 * second. */
uint64_t arch_counter(void);
uint64_t arch_counter_hz(void);

/* Waits for an event or a short time; used in spin loops. */
void arch_relax(void);

/* --- foreign (normal-world) interrupts -----------------------------------------------------------
 */

/* A foreign interrupt is waiting to be taken (ISR_EL1). Cheap: one register read. */
bool arch_foreign_pending(void);

/*
 * Unmasks and masks foreign and native interrupts inside a preemptible bracket of a call. A foreign
 * interrupt that arrives in between calls call_preempted() on the call's stack (NW-042, NW-043).
 */
void arch_interrupts_unmask(void);
void arch_interrupts_mask(void);

/* Makes the interrupt pending that tells the normal world of notifications
 * (kernel/notify/notify.h). A leaf lock may be held. */
void arch_notify_raise(void);

/* (Re)arms the secure timer that ends this CPU's time slice, in ticks from now; 0 disarms (NW-222).
 */
void arch_slice_arm(uint64_t ticks);

/* --- contexts: a call is a coroutine on a kernel stack of its own -------------------------------
 */

/*
 * Of a call's stack, mapped below a guard page. The deepest way, by the compiler's figures for each
 * function: into four apps, 1 KiB each, and the last opening one more whose signature is
 * checked, 4.6 KiB: 8.6 KiB in all, and less than 1 KiB for registers of apps and of an interrupt
 * on top.
 */
#define KERNEL_STACK_PAGES 3

/*
 * Maps KERNEL_STACK_PAGES secure pages (kernel addresses of each page) as one stack with an
 * unmapped guard page below it. Returns its lowest address, or NULL if no slot is free. The caller
 * keeps owning the pages.
 */
void *arch_stack_map(void *const pages[KERNEL_STACK_PAGES]);
void arch_stack_unmap(void *stack);

/* Makes ctx start fn(arg) on that stack at its first switch. fn never returns. */
void arch_context_init(struct arch_context *ctx, void *stack, void (*fn)(void *arg), void *arg);

/* Saves the running context in from and continues to; returns when somebody switches back to from.
 */
void arch_context_switch(struct arch_context *from, struct arch_context *to);

/* --- guest (non-secure) memory -------------------------------------------------------------------
 */

/*
 * Copies between secure memory and one page of non-secure RAM: [pa, pa + size) must not cross a
 * page and must have been checked with platform_is_nonsecure_ram(). Mapped only for the copy, on
 * this CPU only. False if the memory did not answer (external abort): the copy is then partly done.
 */
bool must_check arch_ns_read(void *to, paddr_t from, size_t size);
bool must_check arch_ns_write(paddr_t to, const void *from, size_t size);

/*
 * Cleans and invalidates the data caches for [pa, pa + size), within one page of secure RAM or of
 * non-secure RAM that answers (arch_ns_read()), so that a device without coherence sees what was
 * written.
 */
void arch_cache_clean(paddr_t pa, size_t size, bool nonsecure);

/* --- trusted apps: address spaces ----------------------------------------------------------------
 */

/* Rights of a mapping. W and X together are refused by an assertion: callers enforce W^X. */
#define PROT_R  (1u << 0)
#define PROT_W  (1u << 1)
#define PROT_X  (1u << 2)
#define PROT_NS (1u << 3) /* non-secure memory; never with PROT_X */
#define PROT_BTI                                                                                   \
	(1u << 4) /* with PROT_X: indirect branches must meet landing pads, where the CPU checks   \
		   * that (FEAT_BTI) */

/* TA addresses lie in [ARCH_USER_BASE, ARCH_USER_END): one level-2 table, less than 1 GiB (TA-040).
 */
#define ARCH_USER_BASE 0x00200000ull
#define ARCH_USER_END  0x40000000ull

/* Stacks that can be mapped at a time. */
size_t arch_stacks_max(void);

/* Page tables come from the budget. OUT_OF_MEMORY when it is exhausted. */
TEE_Result must_check arch_aspace_init(struct arch_aspace *as, struct budget *budget);

/* Frees a few tables of a space in which nothing is mapped and nobody is: there may be one for each
 * 2 MiB (I7). False: there are none, so that destroying it is short. */
bool must_check arch_aspace_shrink(struct arch_aspace *as);

/* Frees the tables; no TLB holds an entry of this ASID afterwards. The mapped pages are the
 * caller's. */
void arch_aspace_destroy(struct arch_aspace *as);

/*
 * Maps one page at va (page-aligned, inside the user range, not mapped yet). For PROT_X of a page
 * just written the instruction cache is made coherent. OUT_OF_MEMORY: no page for a table; nothing
 * changed.
 */
TEE_Result must_check arch_aspace_map(struct arch_aspace *as, uaddr_t va, paddr_t pa,
				      unsigned prot);

/* Removes page_count mappings from va on (absent ones are skipped); no TLB of any CPU has them
 * afterwards. */
void arch_aspace_unmap(struct arch_aspace *as, uaddr_t va, size_t page_count);

/* --- trusted apps: running them ------------------------------------------------------------------
 */

/* What the TA's registers are while it does not run. V registers are switched lazily (NW-211). */
struct user_context {
	uint64_t x[31];
	uint64_t sp;
	uint64_t pc;
	uint64_t pstate;    /* NZCV only is kept; the rest is EL0t, interrupts unmasked */
	uint64_t tpidr_el0; /* TA-039 */
	struct arch_fp_state fp;
};

enum user_exit {
	USER_EXIT_SVC,          /* x8 = number, x0..x7 = arguments; pc behind the SVC */
	USER_EXIT_FOREIGN_INTR, /* to be taken by the normal world: suspend the call, then run again
				 */
	USER_EXIT_FAULT, /* any other synchronous exception of EL0: described in user_fault */
};

struct user_fault {
	uint64_t esr;
	uint64_t far;
};

/*
 * Runs the TA until something happens. Interrupts are unmasked in EL0; native ones are handled
 * inside. Called by a call's coroutine without any lock held. The context may have last run on
 * another CPU.
 */
enum user_exit arch_user_run(struct arch_aspace *as, struct user_context *ctx,
			     struct user_fault *fault);

/*
 * Forgets V state of ctx that may still sit in this CPU's registers; to be called at the end of
 * each entry, before the monitor is given up (another CPU's registers cannot be reached), and
 * before the memory of ctx is given back or its fp is zeroed for a new entry.
 */
void arch_user_context_drop(struct user_context *ctx);

/*
 * To be called before this CPU leaves to the normal world from a call (and before a context switch
 * away from a call): saves the V state of the TA that is live in registers, if any, and restores
 * the normal world's.
 */
void arch_fp_leave(void);

/* --- V registers for the kernel's cryptography ---------------------------------------------------
 */

/* (The target's body only: on the host nothing asks.) This CPU has instructions for SHA-256. */
bool arch_has_sha256(void);

/*
 * A window in which the few listed objects of the crypto room may use the V registers: saves what
 * they hold of the normal world or an app, and masks interrupts (also those that a bracket had
 * opened), so that nothing of the window has to survive a switch. For at most a page of data (I7).
 * end wipes the registers and restores the interrupt mask that begin returned. Not nested.
 */
uint64_t must_check arch_fp_begin(void);
void arch_fp_end(uint64_t mask);

/* --- entropy -------------------------------------------------------------------------------------
 */

/* One word from the CPU's random number instruction (RNDR); false where the CPU has none or it
 * failed. */
bool arch_random(uint64_t *value);

#endif
