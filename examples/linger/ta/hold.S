/* SPDX-License-Identifier: BSD-2-Clause */
#include "simd.h"

/*
 * void hold_registers(const struct simd_state *in, struct simd_state *out, uint64_t spins)
 *
 * Loads the whole SIMD and floating-point state, stays in a loop that touches none of it, and
 * stores it again: whoever else used the unit meanwhile has to have put it back.
 */
	.section .text.hold_registers, "ax"
	.globl	hold_registers
	.type	hold_registers, %function
hold_registers:
	simd_enter
	simd_load x0
1:	subs	x2, x2, #1
	b.hi	1b
	simd_store x1
	simd_leave
	ret
	.size	hold_registers, . - hold_registers
	.section .note.GNU-stack, "", %progbits
