/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exceptions. From EL0 they are the return of user_enter(). In the kernel an interrupt can come
 * only inside a preemptible bracket; it runs on the call's stack, which may be switched out with
 * it. Anything else in the kernel runs on the CPU's fault stack, so that a stack that ran into
 * its guard page can still be reported.
 */
#include "kernel/arch/arm64/layout.h"

	.macro function name
	.global	\name
	.type	\name, %function
\name:
	.endm

	.macro vector body:vararg
	.balign	128
	\body
	.endm

	.macro store_x2_to_x29 base
	stp	x2, x3, [\base, #16]
	stp	x4, x5, [\base, #32]
	stp	x6, x7, [\base, #48]
	stp	x8, x9, [\base, #64]
	stp	x10, x11, [\base, #80]
	stp	x12, x13, [\base, #96]
	stp	x14, x15, [\base, #112]
	stp	x16, x17, [\base, #128]
	stp	x18, x19, [\base, #144]
	stp	x20, x21, [\base, #160]
	stp	x22, x23, [\base, #176]
	stp	x24, x25, [\base, #192]
	stp	x26, x27, [\base, #208]
	stp	x28, x29, [\base, #224]
	.endm

	.macro load_x2_to_x29 base
	ldp	x2, x3, [\base, #16]
	ldp	x4, x5, [\base, #32]
	ldp	x6, x7, [\base, #48]
	ldp	x8, x9, [\base, #64]
	ldp	x10, x11, [\base, #80]
	ldp	x12, x13, [\base, #96]
	ldp	x14, x15, [\base, #112]
	ldp	x16, x17, [\base, #128]
	ldp	x18, x19, [\base, #144]
	ldp	x20, x21, [\base, #160]
	ldp	x22, x23, [\base, #176]
	ldp	x24, x25, [\base, #192]
	ldp	x26, x27, [\base, #208]
	ldp	x28, x29, [\base, #224]
	.endm

/* SP_EL0 is the scratch register: it holds nothing of value while the kernel runs. */
	.macro kernel_fault
	msr	sp_el0, x0
	mrs	x0, tpidr_el1
	stp	x1, x30, [x0, #CPU_SCRATCH]
	b	fault_on_own_stack
	.endm

	.macro kernel_interrupt handler
	sub	sp, sp, #FRAME_SIZE
	stp	x0, x1, [sp]
	b	\handler
	.endm

/* The stack is as user_enter() left it: the context's address on top. */
	.macro user_stop why
	stp	x0, x1, [sp, #-16]!
	ldr	x0, [sp, #16]
	mov	x1, #\why
	b	user_leave
	.endm

	.section .text.vectors, "ax"
	.balign	2048
function vectors
	vector	kernel_fault		/* EL1 on SP_EL0: never used */
	vector	kernel_fault
	vector	kernel_fault
	vector	kernel_fault
	vector	kernel_fault		/* EL1 */
	vector	kernel_interrupt kernel_irq
	vector	kernel_interrupt kernel_fiq
	vector	kernel_fault
	vector	user_stop USER_STOP_SYNC	/* EL0, AArch64 */
	vector	user_stop USER_STOP_IRQ
	vector	user_stop USER_STOP_FIQ
	vector	user_stop USER_STOP_SERROR
	vector	kernel_fault		/* EL0, AArch32: cannot be entered */
	vector	kernel_fault
	vector	kernel_fault
	vector	kernel_fault
	.balign	128

	.text

/* x0: this CPU; the real x0 in SP_EL0, x1 and x30 in its scratch words. */
fault_on_own_stack:
	mov	x1, sp
	ldr	x30, [x0, #CPU_FAULT_STACK]
	sub	x30, x30, #FRAME_SIZE
	mov	sp, x30
	store_x2_to_x29 sp
	ldp	x2, x3, [x0, #CPU_SCRATCH]
	mrs	x4, sp_el0
	mrs	x5, elr_el1
	mrs	x6, spsr_el1
	mrs	x7, esr_el1
	mrs	x8, far_el1
	stp	x4, x2, [sp]
	stp	x3, x1, [sp, #240]	/* x30, sp */
	stp	x5, x6, [sp, #FRAME_ELR]
	stp	x7, x8, [sp, #FRAME_ESR]
	mov	x0, sp
	bl	kernel_fault_handle	/* returns only if the frame can be continued */
	ldp	x5, x6, [sp, #FRAME_ELR]
	msr	elr_el1, x5
	msr	spsr_el1, x6
	ldr	x30, [sp, #FRAME_SP]
	mov	x0, sp
	mov	sp, x30
	ldr	x30, [x0, #240]
	load_x2_to_x29 x0
	ldp	x0, x1, [x0]
	eret
	dsb	nsh
	isb

	.macro kernel_interrupt_body handler
	store_x2_to_x29 sp
	mrs	x1, elr_el1
	mrs	x2, spsr_el1
	str	x30, [sp, #240]
	stp	x1, x2, [sp, #FRAME_ELR]
	mov	x0, sp			/* of struct trap_frame: x0-x30, elr, spsr */
	bl	\handler
	ldr	x30, [sp, #240]
	ldp	x1, x2, [sp, #FRAME_ELR]
	msr	elr_el1, x1
	msr	spsr_el1, x2
	load_x2_to_x29 sp
	ldp	x0, x1, [sp]
	add	sp, sp, #FRAME_SIZE
	eret
	dsb	nsh			/* nothing is executed ahead, past the ERET */
	isb
	.endm

kernel_irq:
	kernel_interrupt_body kernel_irq_handle
kernel_fiq:
	kernel_interrupt_body kernel_fiq_handle

/*
 * unsigned user_enter(struct user_context *ctx, uint64_t ttbr0)
 * The one place that switches TPIDR_EL0 and TTBR0.
 */
function user_enter
	sub	sp, sp, #112
	str	x0, [sp]
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	stp	x29, x30, [sp, #96]
	msr	ttbr0_el1, x1
	ldp	x1, x2, [x0, #USER_SP]	/* sp, pc */
	ldp	x3, x4, [x0, #USER_PSTATE]
	and	x3, x3, #0xf0000000	/* NZCV; EL0t, nothing masked */
	msr	sp_el0, x1
	msr	elr_el1, x2
	msr	spsr_el1, x3
	msr	tpidr_el0, x4
	ldr	x30, [x0, #240]
	load_x2_to_x29 x0
	ldp	x0, x1, [x0]
	eret
	dsb	nsh
	isb

/* x0: the context, x1: why; the TA's x0 and x1 on the stack. */
user_leave:
	store_x2_to_x29 x0
	ldp	x2, x3, [sp], #16
	stp	x2, x3, [x0]
	mrs	x4, sp_el0
	mrs	x5, elr_el1
	mrs	x6, spsr_el1
	mrs	x7, tpidr_el0
	mrs	x8, tpidr_el1
	stp	x30, x4, [x0, #240]
	stp	x5, x6, [x0, #USER_PC]
	str	x7, [x0, #USER_TPIDR]
	ldr	x8, [x8, #CPU_IDMAP_TTBR]
	msr	ttbr0_el1, x8
	isb
	mov	x0, x1
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp, #96]
	add	sp, sp, #112
	ret
