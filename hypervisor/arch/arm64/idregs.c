/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Identification registers as guests see them: the CPU's, without what is trapped or not switched
 * (SVE, SME, MTE, pointer authentication, profiling, trace, AArch32, nested virtualization).
 * A register that is not listed reads as 0, "nothing there".
 */
#include <arch/arm64/internal.h>
#include <arch/arm64/sysreg.h>

static uint64_t pfr0(void)
{
	uint64_t v = sysreg_read(id_aa64pfr0_el1);
	uint64_t keep = MASK(51, 48) | MASK(63, 60) | MASK(27, 16); /* DIT, CSV3, FP, SIMD, GIC */
	uint64_t csv2 = FIELD(v, 59, 56) ? BIT(56) : 0;

	return (v & keep) | csv2 | 0x11; /* EL0 and EL1 in AArch64 only */
}

uint64_t idreg_value(unsigned crm, unsigned op2)
{
	switch (crm * 8 + op2) {
	case 4 * 8 + 0:
		return pfr0();
	case 4 * 8 + 1: /* BTI, SSBS */
		return sysreg_read(id_aa64pfr1_el1) & MASK(7, 0);
	case 5 * 8 + 0: /* debug architecture, breakpoints (which read as zero), double lock */
		return sysreg_read(id_aa64dfr0_el1) &
		       (MASK(3, 0) | MASK(15, 12) | MASK(23, 20) | MASK(31, 28) | MASK(39, 36));
	case 6 * 8 + 0:
		return sysreg_read(id_aa64isar0_el1);
	case 6 * 8 + 1: /* not: address and generic authentication, LS64 */
		return sysreg_read(id_aa64isar1_el1) & ~(MASK(11, 4) | MASK(31, 24) | MASK(63, 60));
	case 6 * 8 + 2: /* RPRES, CLRBHB */
		return sysreg_read(S3_0_C0_C6_2) & (MASK(7, 4) | MASK(31, 28));
	case 7 * 8 + 0: /* not: fine-grained traps, counter virtualization */
		return sysreg_read(id_aa64mmfr0_el1) & MASK(55, 0);
	case 7 * 8 + 1: /* not: VHE, LORegions, delayed WFE traps, HCRX */
		return sysreg_read(id_aa64mmfr1_el1) &
		       ~(MASK(11, 8) | MASK(19, 16) | MASK(35, 32) | MASK(43, 40));
	case 7 * 8 + 2: /* not: nesting, forced write-back, enhanced virtualization traps */
		return sysreg_read(S3_0_C0_C7_2) & ~(MASK(27, 24) | MASK(43, 40) | MASK(59, 56));
	default:
		return 0;
	}
}
