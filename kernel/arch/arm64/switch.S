/* SPDX-License-Identifier: BSD-2-Clause */
/* Context switch, V registers, and the copy that survives a fault. */
#include "kernel/arch/arm64/layout.h"

	.macro function name
	.global	\name
	.type	\name, %function
\name:
	.endm

	.text

/* void arch_context_switch(struct arch_context *from, struct arch_context *to) */
function arch_context_switch
	stp	x19, x20, [sp, #-96]!
	stp	x21, x22, [sp, #16]
	stp	x23, x24, [sp, #32]
	stp	x25, x26, [sp, #48]
	stp	x27, x28, [sp, #64]
	stp	x29, x30, [sp, #80]
	mov	x2, sp
	str	x2, [x0]
	ldr	x2, [x1]
	mov	sp, x2
	ldp	x21, x22, [sp, #16]
	ldp	x23, x24, [sp, #32]
	ldp	x25, x26, [sp, #48]
	ldp	x27, x28, [sp, #64]
	ldp	x29, x30, [sp, #80]
	ldp	x19, x20, [sp], #96
	ret

/* The first switch to a context returns here: x19 is the function, x20 its argument. */
function context_begin
	mov	x0, x20
	blr	x19
	brk	#0

	.macro each_v_pair op
	\op	q0, q1, [x0]
	\op	q2, q3, [x0, #32]
	\op	q4, q5, [x0, #64]
	\op	q6, q7, [x0, #96]
	\op	q8, q9, [x0, #128]
	\op	q10, q11, [x0, #160]
	\op	q12, q13, [x0, #192]
	\op	q14, q15, [x0, #224]
	\op	q16, q17, [x0, #256]
	\op	q18, q19, [x0, #288]
	\op	q20, q21, [x0, #320]
	\op	q22, q23, [x0, #352]
	\op	q24, q25, [x0, #384]
	\op	q26, q27, [x0, #416]
	\op	q28, q29, [x0, #448]
	\op	q30, q31, [x0, #480]
	.endm

	.arch_extension fp
	.arch_extension simd

/* void fp_save(struct arch_fp_state *state), void fp_load(const struct arch_fp_state *state) */
function fp_save
	each_v_pair stp
	mrs	x1, fpcr
	mrs	x2, fpsr
	add	x0, x0, #512
	stp	x1, x2, [x0]
	ret

function fp_load
	each_v_pair ldp
	add	x0, x0, #512
	ldp	x1, x2, [x0]
	msr	fpcr, x1
	msr	fpsr, x2
	ret

/* void fp_wipe(void): V registers of the kernel's cryptography keep nothing */
function fp_wipe
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	movi	v\n\().2d, #0
	.endr
	ret

/*
 * bool guarded_copy(void *to, const void *from, size_t size)
 * An external abort between here and guarded_copy_end continues at guarded_copy_failed.
 */
function guarded_copy
	cmp	x2, #64
	b.lo	8f
7:	ldp	x3, x4, [x1]
	ldp	x5, x6, [x1, #16]
	ldp	x7, x8, [x1, #32]
	ldp	x9, x10, [x1, #48]
	add	x1, x1, #64
	sub	x2, x2, #64
	stp	x3, x4, [x0]
	stp	x5, x6, [x0, #16]
	stp	x7, x8, [x0, #32]
	stp	x9, x10, [x0, #48]
	add	x0, x0, #64
	cmp	x2, #64
	b.hs	7b
8:	cmp	x2, #16
	b.lo	2f
1:	ldp	x3, x4, [x1], #16
	sub	x2, x2, #16
	stp	x3, x4, [x0], #16
	cmp	x2, #16
	b.hs	1b
2:	tbz	x2, #3, 3f
	ldr	x3, [x1], #8
	str	x3, [x0], #8
3:	tbz	x2, #2, 4f
	ldr	w3, [x1], #4
	str	w3, [x0], #4
4:	tbz	x2, #1, 5f
	ldrh	w3, [x1], #2
	strh	w3, [x0], #2
5:	tbz	x2, #0, 6f
	ldrb	w3, [x1]
	strb	w3, [x0]
6:	mov	w0, #1
	ret
	.global	guarded_copy_end
guarded_copy_end:

function guarded_copy_failed
	mov	w0, wzr
	ret
