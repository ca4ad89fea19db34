/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry at EL2 with the MMU off: the boot CPU from the firmware with x0 = device tree, the others from
 * PSCI CPU_ON with x0 = their struct cpu.
 */
	.section .text.boot, "ax"
	.global _start
_start:
	msr	daifset, #0xf
	mov	x19, x0
	mrs	x1, CurrentEL
	cmp	x1, #(2 << 2)
	b.ne	halt			// a loader that enters at another level is not ours
	adrp	x1, __bss_start
	adrp	x2, __bss_end
1:	cmp	x1, x2
	b.hs	2f
	stp	xzr, xzr, [x1], #16
	b	1b
2:	adrp	x1, boot_stack_top
	add	x1, x1, :lo12:boot_stack_top
	mov	sp, x1
	bl	early_cpu
	bl	mmu_prepare
	bl	mmu_enable
	mov	x0, x19
	bl	boot_main		// does not come back
halt:	wfi
	b	halt

	.global secondary_start
secondary_start:
	msr	daifset, #0xf
	mov	x19, x0
	ldr	x1, [x19]		// stack_top
	mov	sp, x1
	bl	early_cpu
	bl	mmu_enable
	mov	x0, x19
	bl	boot_secondary
	b	halt

early_cpu:
	ic	iallu
	adrp	x1, el2_vectors
	add	x1, x1, :lo12:el2_vectors
	msr	vbar_el2, x1
	isb
	ret

/* mmu_enable: everything from mmu_config, which the boot CPU wrote with its caches off. */
mmu_enable:
	adrp	x1, mmu_config
	add	x1, x1, :lo12:mmu_config
	ldp	x2, x3, [x1]		// MAIR, TCR
	ldp	x4, x5, [x1, #16]	// TTBR0, SCTLR
	msr	mair_el2, x2
	msr	tcr_el2, x3
	msr	ttbr0_el2, x4
	tlbi	alle2
	dsb	sy
	isb
	msr	sctlr_el2, x5
	isb
	ret

	.section .bss
	.balign 4096
boot_stack:
	.space 8192
boot_stack_top:
