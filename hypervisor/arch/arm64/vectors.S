/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * While a guest runs, SP_EL2 points to the regs of its vCPU: they are saved where they belong, and a
 * trap that is dealt with at once costs no more than x0-x30, PC and PSTATE.
 */
#include "trap_types.h"

	.macro slot target type
	.balign 0x80
	stp	x0, x1, [sp]
	mov	x0, #\type
	b	\target
	.endm

	.macro fatal type
	.balign 0x80
	msr	tpidr_el1, x0
	mov	x0, #\type
	b	el2_fault
	.endm

	.text
	.balign 0x800
	.global el2_vectors
el2_vectors:
	fatal	0
	fatal	1
	fatal	2
	fatal	3
	fatal	4
	fatal	5
	fatal	6
	fatal	7
	slot	guest_exit TRAP_SYNC
	slot	guest_exit TRAP_IRQ
	slot	guest_exit TRAP_IRQ
	slot	guest_exit TRAP_SERROR
	slot	guest_exit TRAP_SYNC		// the same from AArch32 EL0
	slot	guest_exit TRAP_IRQ
	slot	guest_exit TRAP_IRQ
	slot	guest_exit TRAP_SERROR
	.balign 0x80

	.macro save_rest base
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
	mrs	x2, elr_el2
	stp	x30, x2, [\base, #240]
	mrs	x3, spsr_el2
	str	x3, [\base, #256]
	.endm

guest_exit:
	save_rest sp
	mrs	x1, tpidr_el2
	ldr	x2, [x1]
	mov	sp, x2
	bl	trap_handle
	.global guest_enter
guest_enter:				// x0: struct vcpu_regs
	mov	sp, x0
	ldp	x30, x2, [sp, #240]
	ldr	x3, [sp, #256]
	msr	elr_el2, x2
	msr	spsr_el2, x3
	ldp	x28, x29, [sp, #224]
	ldp	x26, x27, [sp, #208]
	ldp	x24, x25, [sp, #192]
	ldp	x22, x23, [sp, #176]
	ldp	x20, x21, [sp, #160]
	ldp	x18, x19, [sp, #144]
	ldp	x16, x17, [sp, #128]
	ldp	x14, x15, [sp, #112]
	ldp	x12, x13, [sp, #96]
	ldp	x10, x11, [sp, #80]
	ldp	x8, x9, [sp, #64]
	ldp	x6, x7, [sp, #48]
	ldp	x4, x5, [sp, #32]
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp]
	eret

/* An exception of our own, perhaps for want of stack: dump on another one, and stop. */
el2_fault:
	msr	tpidr_el0, x1
	mov	x1, sp
	msr	sp_el0, x1
	adrp	x1, crash_stack_top
	add	x1, x1, :lo12:crash_stack_top
	sub	sp, x1, #272
	save_rest sp
	mrs	x2, tpidr_el1
	mrs	x3, tpidr_el0
	stp	x2, x3, [sp]
	mov	x1, sp
	bl	crash_dump
1:	wfi
	b	1b

	.bss
	.balign 16
	.space	8192
crash_stack_top:
