/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * void page_zero(void *page). Not by DC ZVA: QEMU (7.2) then keeps translations of code that was in
 * the page, and each store to it is slow for as long as the page is used.
 */
	.text
	.global page_zero
page_zero:
	add	x1, x0, #4096
1:	stp	xzr, xzr, [x0]
	stp	xzr, xzr, [x0, #16]
	stp	xzr, xzr, [x0, #32]
	stp	xzr, xzr, [x0, #48]
	add	x0, x0, #64
	cmp	x0, x1
	b.lo	1b
	ret
