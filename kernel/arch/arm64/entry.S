/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between EL3 and C, in the kernel's own map. Every entry starts at the top of the CPU's entry
 * stack and every exit leaves from it, with interrupts masked and the identity map in TTBR0
 * (NW-204). The slots hand over in x9 the CPU.
 */
#include "kernel/arch/arm64/layout.h"
#include "abi/opteed.h"

	.macro function name
	.global	\name
	.type	\name, %function
\name:
	.endm

	.macro exit_with id
	movz	x0, #((\id) & 0xffff)
	movk	x0, #(((\id) >> 16) & 0xffff), lsl #16
	smc	#0
	b	.
	.endm

	.macro take_entry_stack, room=0
	ldr	x10, [x9, #CPU_ENTRY_STACK]
	sub	sp, x10, #\room
	mov	x29, xzr
	mov	x30, xzr
	.endm

	.text

/* struct smc_args from the low halves of x0-x7 (NW-001, NW-205); its address in x0. */
	.macro store_args
	stp	w0, w1, [sp]
	stp	w2, w3, [sp, #8]
	stp	w4, w5, [sp, #16]
	stp	w6, w7, [sp, #24]
	mov	x0, sp
	.endm

/* Loads of w registers clear the upper halves (NW-002). */
	.macro exit_with_args
	ldp	w1, w2, [sp]
	ldp	w3, w4, [sp, #8]
	exit_with OPTEED_CALL_DONE
	.endm

function from_el3_yielding
	take_entry_stack 32
	store_args
	bl	entry_yielding
	mrs	x9, tpidr_el1
	ldr	w10, [x9, #CPU_FP_NW_SAVED]
	cbnz	w10, 2f
1:	exit_with_args
2:	bl	arch_fp_leave		/* the normal world's V state, whoever forgot it (NW-211) */
	b	1b

function from_el3_fast
	take_entry_stack 32
	store_args
	bl	entry_fast
	exit_with_args

	.macro event name, handler, done
function from_el3_\name
	take_entry_stack
	bl	\handler
	mov	x1, xzr			/* anything else panics EL3 (NW-208) */
	exit_with \done
	.endm

	event	cpu_off, power_cpu_off, OPTEED_OFF_DONE
	event	suspend, power_suspend, OPTEED_SUSPEND_DONE
	event	resume, power_resume, OPTEED_RESUME_DONE
	event	interrupt, secure_interrupt, OPTEED_FIQ_DONE
	event	system_off, power_system_end, OPTEED_SYSTEM_OFF_DONE
	event	system_reset, power_system_end, OPTEED_SYSTEM_RESET_DONE

/* What each CPU's registers need (NW-221). x9: its struct cpu. */
cpu_registers_set:
	msr	tpidr_el1, x9
	ldr	x10, =vectors
	msr	vbar_el1, x10
	msr	cpacr_el1, xzr		/* V registers are closed until somebody is asked for them */
	msr	cntkctl_el1, xzr	/* EL0 reads no timer */
	msr	cntps_ctl_el1, xzr
	msr	tpidr_el0, xzr
	msr	tpidrro_el0, xzr
	msr	mdscr_el1, xzr
	mrs	x10, id_aa64mmfr1_el1
	ubfx	x10, x10, #20, #4
	cbz	x10, 1f
	.inst	0xd500419f		/* msr pan, #1: PSTATE is kept across exits (NW-204) */
1:	isb
	ret

/* From cold_start. x20: the device tree. */
function start_boot_cpu
	ldr	x9, =cpus
	bl	cpu_registers_set
	mrs	x9, tpidr_el1
	take_entry_stack
	mov	x0, x20
	bl	boot_cpu_main		/* true: ready */
	mov	x1, xzr			/* NW-218 */
	cbz	w0, 1f
	ldr	x1, =opteed_vector
	mov	x2, #KERNEL_LINEAR
	sub	x1, x1, x2
1:	exit_with OPTEED_ENTRY_DONE

/* From slot_cpu_on: finds the CPU's record by its affinity, without a stack. */
function start_next_cpu
	mrs	x0, mpidr_el1
	ldr	x1, =0xff00ffffff	/* Aff3, Aff2..0 */
	and	x0, x0, x1
	ldr	x9, =cpus
	ldr	x2, =cpu_count
	ldr	w2, [x2]
1:	cbz	w2, 2f
	ldr	x3, [x9, #CPU_MPIDR]
	cmp	x3, x0
	b.eq	3f
	add	x9, x9, #CPU_STRIDE
	sub	w2, w2, #1
	b	1b
2:	mov	x1, xzr			/* unknown: TPIDR_EL1 stays 0, its calls are refused */
	exit_with OPTEED_ON_DONE
3:	bl	cpu_registers_set
	mrs	x9, tpidr_el1
	take_entry_stack
	bl	next_cpu_main
	mov	x1, xzr
	exit_with OPTEED_ON_DONE

	.ltorg
