/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Zeroing by pairs of registers. Not by DC ZVA: QEMU (7.2) takes it for a write of one byte per
 * block and so keeps translations of code that was in the page. Each store to such a page then
 * takes a slow path under locks, for as long as the page is used: apps stood still for minutes when
 * a page of code became a stack.
 */
#include <stdint.h>

#include "kernel/lib/zero.h"

#define LINE 64u

size_t zero_lines(void *to, size_t size)
{
	char *p = to;

	if (((uintptr_t)p & 15) != 0)
		return 0;
	for (; size >= LINE; size -= LINE, p += LINE)
		__asm__ volatile("stp	xzr, xzr, [%0]\n\t"
				 "stp	xzr, xzr, [%0, #16]\n\t"
				 "stp	xzr, xzr, [%0, #32]\n\t"
				 "stp	xzr, xzr, [%0, #48]" ::"r"(p)
				 : "memory");
	return (size_t)(p - (char *)to);
}
