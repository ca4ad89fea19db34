/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything that runs under the identity map: cold start, the nine slots that EL3 enters, the
 * start of further CPUs. One page (checked by the linker script), at the start of the image.
 */
#include "kernel/arch/arm64/layout.h"
#include "abi/opteed.h"

#define TRANSFER_LIST_SIGNATURE 0x14A0FB10B /* register convention 1 */

/* LSMAOE, nTLSMD, EIS, TSCXT, EOS are RES1 where the feature is absent. */
#define SCTLR_RES1 0x30500800
#define SCTLR_OFF  (SCTLR_RES1 | (1 << 23))
/* M C SA SA0 I DZE WXN on; A off; WFI and WFE, CTR_EL0 and cache maintenance of EL0 are trapped. */
#define SCTLR_ON   (SCTLR_RES1 | 1 << 0 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 12 | 1 << 14 | 1 << 19)
#define SCTLR_SPAN 23

/* Walks are write-back, inner shareable, 4 KiB granules; IPS and AS are filled in. */
#define TCR_WALK (1 << 0 | 1 << 2 | 3 << 4)
#define TCR	 (KERNEL_T0SZ | TCR_WALK << 8 | KERNEL_T1SZ << 16 | TCR_WALK << 24 | 2 << 30)
#define MAIR	 0xff04 /* 0: device nGnRE, 1: normal write-back */

	.macro load_address reg, symbol
	adrp	\reg, \symbol
	add	\reg, \reg, :lo12:\symbol
	.endm

	.macro load_constant reg, value
	movz	\reg, #((\value) & 0xffff)
	movk	\reg, #(((\value) >> 16) & 0xffff), lsl #16
	movk	\reg, #(((\value) >> 32) & 0xffff), lsl #32
	.endm

	.macro function name
	.global	\name
	.type	\name, %function
\name:
	.endm

	.section .idmap.text, "ax"

/*
 * Cold entry (NW-200): MMU off, no stack; x2 is the device tree, all else is unknown. With TF-A's
 * transfer list (told by x1) the tree is in x0.
 */
function _start
	b	cold_start

/*
 * EL3 jumps here, at table + 4 * slot (NW-202, NW-203): with our map on, but for CPU_ON. A CPU that
 * the kernel does not serve has TPIDR_EL1 0 and no stack.
 */
	.balign	8
function opteed_vector
	b	slot_yielding
	b	slot_fast
	b	slot_cpu_on
	b	slot_cpu_off
	b	slot_resume
	b	slot_suspend
	b	slot_interrupt
	b	slot_system_off
	b	slot_system_reset

	.macro slot name, refused
slot_\name:
	mrs	x9, tpidr_el1
	cbz	x9, refuse_\refused
	ldr	x10, =from_el3_\name
	br	x10
	.endm

	slot	yielding, call
	slot	fast, call
	slot	cpu_off, cpu_off
	slot	resume, resume
	slot	suspend, suspend
	slot	interrupt, interrupt
	slot	system_off, system_off
	slot	system_reset, system_reset

	.macro refuse name, id
refuse_\name:
	load_constant x0, \id
	mov	x1, xzr
	smc	#0
	b	.
	.endm

refuse_call:
	mov	w1, #-1			/* "unknown function" */
	mov	w2, w1
	load_constant x0, OPTEED_CALL_DONE
	smc	#0
	b	.
	refuse	cpu_on, OPTEED_ON_DONE
	refuse	cpu_off, OPTEED_OFF_DONE
	refuse	resume, OPTEED_RESUME_DONE
	refuse	suspend, OPTEED_SUSPEND_DONE
	refuse	interrupt, OPTEED_FIQ_DONE
	refuse	system_off, OPTEED_SYSTEM_OFF_DONE
	refuse	system_reset, OPTEED_SYSTEM_RESET_DONE

/* Turns the MMU on with the kernel's tables. Touches x0-x5 only; reads no memory. */
mmu_enable:
	load_constant x0, MAIR
	msr	mair_el1, x0
	load_constant x0, TCR
	mrs	x1, id_aa64mmfr0_el1
	and	x2, x1, #0xf		/* PARange; more than 48 bits needs what we don't use */
	mov	x3, #5
	cmp	x2, x3
	csel	x2, x2, x3, lo
	bfi	x0, x2, #32, #3
	ubfx	x2, x1, #5, #1		/* ASIDBits 2: 16 bits */
	bfi	x0, x2, #36, #1
	mrs	x1, S3_0_C0_C7_2	/* id_aa64mmfr2_el1: with E0PD, EL0 cannot even probe our addresses */
	lsr	x2, x1, #60
	cmp	x2, #0
	cset	x2, ne
	bfi	x0, x2, #56, #1		/* E0PD1 */
	msr	tcr_el1, x0
	load_address x0, idmap_root
	msr	ttbr0_el1, x0
	load_address x0, kernel_root
	msr	ttbr1_el1, x0
	dsb	sy
	isb
	tlbi	vmalle1
	ic	iallu
	dsb	nsh
	isb
	load_constant x0, SCTLR_ON
	mrs	x1, id_aa64mmfr1_el1
	ubfx	x2, x1, #20, #4		/* PAN: set it at every exception; without it bit 23 is RES1 */
	mov	x3, #(1 << SCTLR_SPAN)
	cmp	x2, #0
	csel	x3, x3, xzr, eq
	orr	x0, x0, x3
	msr	sctlr_el1, x0
	isb
	ret

cold_start:
	msr	daifset, #0xf
	msr	spsel, #1
	load_constant x3, TRANSFER_LIST_SIGNATURE
	cmp	x1, x3
	csel	x20, x0, x2, eq
	load_constant x0, SCTLR_OFF
	msr	sctlr_el1, x0
	isb

	load_address x0, bss_start
	load_address x1, bss_end	/* both page-aligned */
1:	stp	xzr, xzr, [x0], #16
	cmp	x0, x1
	b.lo	1b

	load_address x0, boot_stack
	add	sp, x0, #4096
	mov	x29, xzr
	mov	x30, xzr
	bl	boot_map_build		/* x0: end of the memory in use */

	/* What was written past the caches must not be hidden by old lines (they are clean). */
	load_address x1, bss_start
	mrs	x2, ctr_el0
	ubfx	x2, x2, #16, #4
	mov	x3, #4
	lsl	x3, x3, x2
1:	dc	ivac, x1
	add	x1, x1, x3
	cmp	x1, x0
	b.lo	1b
	dsb	sy
	bl	mmu_enable
	ldr	x10, =start_boot_cpu
	br	x10

/* CPU_ON (NW-207): MMU off, x0-x3 zero. */
slot_cpu_on:
	msr	daifset, #0xf
	msr	spsel, #1
	msr	tpidr_el1, xzr
	bl	mmu_enable
	ldr	x10, =start_next_cpu
	br	x10

	.ltorg
