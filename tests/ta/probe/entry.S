/* SPDX-License-Identifier: BSD-2-Clause */
#include "simd.h"

	.text

/* The entry: writes down a struct tatest_record, changes nothing, and goes on in the runtime's entry. */
	.globl	probe_entry
	.type	probe_entry, %function
probe_entry:
	stp	x9, x10, [sp, #-32]!
	str	x11, [sp, #16]
	adrp	x10, entry_record
	add	x10, x10, :lo12:entry_record
	stp	x0, x1, [x10]
	stp	x2, x3, [x10, #16]
	stp	x4, x5, [x10, #32]
	stp	x6, x7, [x10, #48]
	ldp	x9, x11, [sp]
	stp	x8, x9, [x10, #64]
	ldr	x9, [sp, #16]
	stp	x11, x9, [x10, #80]
	stp	x12, x13, [x10, #96]
	stp	x14, x15, [x10, #112]
	stp	x16, x17, [x10, #128]
	stp	x18, x19, [x10, #144]
	stp	x20, x21, [x10, #160]
	stp	x22, x23, [x10, #176]
	stp	x24, x25, [x10, #192]
	stp	x26, x27, [x10, #208]
	stp	x28, x29, [x10, #224]
	add	x9, sp, #32
	stp	x30, x9, [x10, #240]
	mrs	x9, tpidr_el0
	mrs	x11, nzcv
	stp	x9, x11, [x10, #256]
	mrs	x9, fpcr
	mrs	x11, fpsr
	stp	x9, x11, [x10, #272]
	add	x10, x10, #288
	stp	q0, q1, [x10]
	stp	q2, q3, [x10, #32]
	stp	q4, q5, [x10, #64]
	stp	q6, q7, [x10, #96]
	stp	q8, q9, [x10, #128]
	stp	q10, q11, [x10, #160]
	stp	q12, q13, [x10, #192]
	stp	q14, q15, [x10, #224]
	stp	q16, q17, [x10, #256]
	stp	q18, q19, [x10, #288]
	stp	q20, q21, [x10, #320]
	stp	q22, q23, [x10, #352]
	stp	q24, q25, [x10, #384]
	stp	q26, q27, [x10, #416]
	stp	q28, q29, [x10, #448]
	stp	q30, q31, [x10, #480]
	add	x10, x10, #512
	.irp	n, 0, 8, 16, 24, 32, 40, 48, 56, 64
	ldr	x9, [x2, #\n]
	str	x9, [x10, #\n]
	.endr
	ldr	x11, [sp, #16]
	ldp	x9, x10, [sp], #32
	b	__ta_entry
	.size	probe_entry, . - probe_entry

/*
 * void raw_svc(uint64_t number, const uint64_t args[8], uint64_t out[19])
 *
 * Issues system call number and writes x0..x18 as it left them to out.
 */
	.globl	raw_svc
	.type	raw_svc, %function
raw_svc:
	stp	x29, x30, [sp, #-32]!
	stp	x19, x20, [sp, #16]
	mov	x8, x0
	mov	x19, x2
	mov	x9, x1
	ldp	x0, x1, [x9]
	ldp	x2, x3, [x9, #16]
	ldp	x4, x5, [x9, #32]
	ldp	x6, x7, [x9, #48]
	mov	x9, #0
	mov	x10, #0
	mov	x11, #0
	mov	x12, #0
	mov	x13, #0
	mov	x14, #0
	mov	x15, #0
	mov	x16, #0
	mov	x17, #0
	mov	x18, #0
	svc	#0
	stp	x0, x1, [x19]
	stp	x2, x3, [x19, #16]
	stp	x4, x5, [x19, #32]
	stp	x6, x7, [x19, #48]
	stp	x8, x9, [x19, #64]
	stp	x10, x11, [x19, #80]
	stp	x12, x13, [x19, #96]
	stp	x14, x15, [x19, #112]
	stp	x16, x17, [x19, #128]
	str	x18, [x19, #144]
	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp], #32
	ret
	.size	raw_svc, . - raw_svc

/*
 * uint64_t kept_over_svc(uint64_t number, const uint64_t args[8])
 *
 * The number of registers among x19..x30 and SP that the system call changed.
 */
	.globl	kept_over_svc
	.type	kept_over_svc, %function
kept_over_svc:
	stp	x29, x30, [sp, #-112]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	mov	x9, sp
	str	x9, [sp, #96]
	mov	x8, x0
	mov	x9, x1
	ldp	x0, x1, [x9]
	ldp	x2, x3, [x9, #16]
	ldp	x4, x5, [x9, #32]
	ldp	x6, x7, [x9, #48]
	.irp	n, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	mov	x\n, #(0x5500 + \n)
	.endr
	svc	#0
	mov	x0, #0
	.irp	n, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	mov	x9, #(0x5500 + \n)
	cmp	x9, x\n
	cinc	x0, x0, ne
	.endr
	ldr	x9, [sp, #96]
	mov	x10, sp
	cmp	x9, x10
	cinc	x0, x0, ne
	ldp	x27, x28, [sp, #80]
	ldp	x25, x26, [sp, #64]
	ldp	x23, x24, [sp, #48]
	ldp	x21, x22, [sp, #32]
	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp], #112
	ret
	.size	kept_over_svc, . - kept_over_svc

/*
 * uint64_t simd_over_svc(const struct simd_state *in, struct simd_state *out, uint64_t number,
 *                        const uint64_t args[8])
 *
 * The call's result; its frame is signed and authenticated where the CPU does that.
 */
	.globl	simd_over_svc
	.type	simd_over_svc, %function
simd_over_svc:
	hint	#25	/* paciasp */
	stp	x29, x30, [sp, #-32]!
	stp	x19, x20, [sp, #16]
	simd_enter
	mov	x19, x1
	mov	x8, x2
	mov	x10, x3
	simd_load x0
	ldp	x0, x1, [x10]
	ldp	x2, x3, [x10, #16]
	ldp	x4, x5, [x10, #32]
	ldp	x6, x7, [x10, #48]
	svc	#0
	simd_store x19
	simd_leave
	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp], #32
	hint	#29	/* autiasp */
	ret
	.size	simd_over_svc, . - simd_over_svc

/* A branch target without a landing pad: uint32_t no_landing_pad(void) */
	.globl	no_landing_pad
	.type	no_landing_pad, %function
no_landing_pad:
	mov	w0, #42
	ret
	.size	no_landing_pad, . - no_landing_pad

	.section .note.GNU-stack, "", %progbits
