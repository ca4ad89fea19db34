/* SPDX-License-Identifier: BSD-2-Clause */
/* void page_zero(void *page): by cache blocks where the CPU allows it. */
	.text
	.global page_zero
page_zero:
	add	x1, x0, #4096
	mrs	x2, dczid_el0
	tbnz	x2, #4, 2f
	and	x2, x2, #0xf
	mov	x3, #4
	lsl	x3, x3, x2
1:	dc	zva, x0
	add	x0, x0, x3
	cmp	x0, x1
	b.lo	1b
	ret
2:	stp	xzr, xzr, [x0], #16
	cmp	x0, x1
	b.lo	2b
	ret
