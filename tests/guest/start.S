/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry of the test guest: an arm64 Image that runs wherever it is put, in a VM (EL1) or as BL33
 * (EL2 or EL1). Maps the first 512 GiB one to one, device memory below 1 GiB, and calls main.
 */
	.section .text.start, "ax"
	.globl	_start
_start:
	b	entry
	.long	0
	.quad	0			/* offset of the image from a 2 MiB boundary */
	.quad	_image_size
	.quad	0x8			/* anywhere in memory, little-endian */
	.quad	0
	.quad	0
	.quad	0
	.ascii	"ARM\x64"
	.long	0

entry:
	mov	x20, x0
	msr	daifset, #0xf
	mrs	x1, CurrentEL
	cmp	x1, #(2 << 2)
	b.ne	at_el1
	mov	x1, #(1 << 31)		/* HCR_EL2.RW: EL1 is AArch64 */
	msr	hcr_el2, x1
	mov	x1, #3
	msr	cnthctl_el2, x1
	msr	cntvoff_el2, xzr
	mrs	x1, midr_el1
	msr	vpidr_el2, x1
	mrs	x1, mpidr_el1
	msr	vmpidr_el2, x1
	mov	x1, #0x3c5
	msr	spsr_el2, x1
	adr	x1, at_el1
	msr	elr_el2, x1
	eret

at_el1:
	adr	x19, _start
	adrp	x1, _bss_start
	add	x1, x1, :lo12:_bss_start
	adrp	x2, _bss_end
	add	x2, x2, :lo12:_bss_end
1:	cmp	x1, x2
	b.hs	2f
	stp	xzr, xzr, [x1], #16
	b	1b
2:	/* R_AARCH64_RELATIVE relocations: the image is linked at 0 */
	adrp	x1, _rela_start
	add	x1, x1, :lo12:_rela_start
	adrp	x2, _rela_end
	add	x2, x2, :lo12:_rela_end
3:	cmp	x1, x2
	b.hs	4f
	ldr	x3, [x1]
	ldr	x4, [x1, #16]
	add	x4, x4, x19
	str	x4, [x19, x3]
	add	x1, x1, #24
	b	3b
4:	adrp	x1, _stack_top
	add	x1, x1, :lo12:_stack_top
	mov	sp, x1
	bl	map_memory
	adr	x1, vectors
	msr	vbar_el1, x1
	isb
	mov	x0, x20
	bl	main
5:	wfi
	b	5b

/* A level-1 table of 1 GiB blocks; 39 bits of addresses. */
map_memory:
	adrp	x1, page_table
	add	x1, x1, :lo12:page_table
	mov	x2, #0x401		/* block, access flag, device (attribute 0) */
	movk	x2, #0x0060, lsl #48	/* never executable */
	str	x2, [x1]
	mov	x3, #1
	mov	x2, #0x0705		/* block, access flag, inner shareable, normal (attribute 1) */
1:	lsl	x4, x3, #30
	orr	x4, x4, x2
	str	x4, [x1, x3, lsl #3]
	add	x3, x3, #1
	cmp	x3, #512
	b.ne	1b
	mov	x2, #0xff04
	msr	mair_el1, x2
	ldr	x2, =0x280803519	/* 39 bits, 4 KiB, write-back, inner shareable, 40-bit PA, no TTBR1 */
	msr	tcr_el1, x2
	msr	ttbr0_el1, x1
	dsb	sy
	tlbi	vmalle1
	ic	iallu
	dsb	sy
	isb
	ldr	x2, =0x30d0180d		/* MMU, caches, stack alignment check off, the RES1 bits */
	msr	sctlr_el1, x2
	isb
	ret

	.balign	2048
vectors:
	.rept	16
	.balign	128
	mrs	x0, esr_el1
	mrs	x1, elr_el1
	mrs	x2, far_el1
	b	exception_report
	.endr

/*
 * void conduit_smc(uint64_t regs[18]), void conduit_hvc(uint64_t regs[18]): x0..x17 are loaded,
 * the call is made, x0..x17 are stored.
 */
	.macro conduit name instruction
	.globl	conduit_\name
conduit_\name:
	stp	x18, x19, [sp, #-16]!
	mov	x19, x0
	ldp	x16, x17, [x19, #128]
	ldp	x14, x15, [x19, #112]
	ldp	x12, x13, [x19, #96]
	ldp	x10, x11, [x19, #80]
	ldp	x8, x9, [x19, #64]
	ldp	x6, x7, [x19, #48]
	ldp	x4, x5, [x19, #32]
	ldp	x2, x3, [x19, #16]
	ldp	x0, x1, [x19]
	\instruction #0
	stp	x0, x1, [x19]
	stp	x2, x3, [x19, #16]
	stp	x4, x5, [x19, #32]
	stp	x6, x7, [x19, #48]
	stp	x8, x9, [x19, #64]
	stp	x10, x11, [x19, #80]
	stp	x12, x13, [x19, #96]
	stp	x14, x15, [x19, #112]
	stp	x16, x17, [x19, #128]
	ldp	x18, x19, [sp], #16
	ret
	.endm

	conduit smc smc
	conduit hvc hvc

	.section .bss.page_table, "aw", %nobits
	.balign	4096
page_table:
	.space	4096
	.section .bss.stack, "aw", %nobits
	.balign	16
	.space	32768
_stack_top:
	.section .note.GNU-stack, "", %progbits
