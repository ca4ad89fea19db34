/* SPDX-License-Identifier: BSD-2-Clause */
/* The whole state of the SIMD and floating-point unit, as simd.S loads and stores it. */
#ifndef LINGER_SIMD_H
#define LINGER_SIMD_H

#ifdef __ASSEMBLER__
/* clang-format off */
	/* Loads every register from the struct simd_state at \base; x9 is lost. */
	.macro simd_load base
	ldp	q0, q1, [\base]
	ldp	q2, q3, [\base, #32]
	ldp	q4, q5, [\base, #64]
	ldp	q6, q7, [\base, #96]
	ldp	q8, q9, [\base, #128]
	ldp	q10, q11, [\base, #160]
	ldp	q12, q13, [\base, #192]
	ldp	q14, q15, [\base, #224]
	ldp	q16, q17, [\base, #256]
	ldp	q18, q19, [\base, #288]
	ldp	q20, q21, [\base, #320]
	ldp	q22, q23, [\base, #352]
	ldp	q24, q25, [\base, #384]
	ldp	q26, q27, [\base, #416]
	ldp	q28, q29, [\base, #448]
	ldp	q30, q31, [\base, #480]
	ldr	x9, [\base, #512]
	msr	fpcr, x9
	ldr	x9, [\base, #520]
	msr	fpsr, x9
	.endm

	.macro simd_store base
	stp	q0, q1, [\base]
	stp	q2, q3, [\base, #32]
	stp	q4, q5, [\base, #64]
	stp	q6, q7, [\base, #96]
	stp	q8, q9, [\base, #128]
	stp	q10, q11, [\base, #160]
	stp	q12, q13, [\base, #192]
	stp	q14, q15, [\base, #224]
	stp	q16, q17, [\base, #256]
	stp	q18, q19, [\base, #288]
	stp	q20, q21, [\base, #320]
	stp	q22, q23, [\base, #352]
	stp	q24, q25, [\base, #384]
	stp	q26, q27, [\base, #416]
	stp	q28, q29, [\base, #448]
	stp	q30, q31, [\base, #480]
	mrs	x9, fpcr
	str	x9, [\base, #512]
	mrs	x9, fpsr
	str	x9, [\base, #520]
	.endm

	/* What the procedure call standard wants kept. */
	.macro simd_enter
	stp	d8, d9, [sp, #-80]!
	stp	d10, d11, [sp, #16]
	stp	d12, d13, [sp, #32]
	stp	d14, d15, [sp, #48]
	mrs	x9, fpcr
	str	x9, [sp, #64]
	.endm

	.macro simd_leave
	ldr	x9, [sp, #64]
	msr	fpcr, x9
	ldp	d10, d11, [sp, #16]
	ldp	d12, d13, [sp, #32]
	ldp	d14, d15, [sp, #48]
	ldp	d8, d9, [sp], #80
	.endm
/* clang-format on */
#else

#include <stdint.h>

struct simd_state {
	uint64_t v[64];
	uint64_t fpcr;
	uint64_t fpsr;
} __attribute__((aligned(16)));

#define SIMD_FPCR_VALUES 0x03C00000u /* rounding mode, flush to zero, default NaN */
#define SIMD_FPSR_VALUES 0x0800009Fu /* QC and the cumulative exception bits */

/* Fills state with what seed says. */
static inline void simd_pattern(struct simd_state *state, uint64_t seed)
{
	for (unsigned int i = 0; i < 64; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		state->v[i] = seed ^ (seed >> 31);
	}
	state->fpcr = (seed >> 11) & SIMD_FPCR_VALUES;
	state->fpsr = (seed >> 23) & SIMD_FPSR_VALUES;
}

/* The number of 64-bit halves and control registers in which a and b differ. */
static inline unsigned int simd_compare(const struct simd_state *a, const struct simd_state *b)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < 64; i++)
		count += a->v[i] != b->v[i];
	return count + (a->fpcr != b->fpcr) + (a->fpsr != b->fpsr);
}

#endif
#endif
