/* SPDX-License-Identifier: BSD-2-Clause */
#include "../simd.h"

/*
 * long simd_ioctl(int fd, unsigned long request, void *argument, const struct simd_state *in,
 *                 struct simd_state *out)
 *
 * The system call ioctl (29) with the SIMD and floating-point state loaded from in; what is there
 * when it returns goes to out. Returns what the kernel returned.
 */
	.text
	.globl	simd_ioctl
	.type	simd_ioctl, %function
simd_ioctl:
	simd_enter
	simd_load x3
	mov	x8, #29
	svc	#0
	simd_store x4
	simd_leave
	ret
	.size	simd_ioctl, . - simd_ioctl
	.section .note.GNU-stack, "", %progbits
