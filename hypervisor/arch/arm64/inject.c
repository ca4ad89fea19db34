/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions given to a guest: the loaded vCPU finds itself at its own vector. */
#include <arch/arm64/internal.h>
#include <arch/arm64/sysreg.h>

#define ESR_IL         BIT(25)
#define FSC_EXTERNAL   0x10u
#define SPSR_MODE_EL0t 0x0u
#define SPSR_MODE_EL1t 0x4u
#define SPSR_AARCH32   BIT(4)

static uint64_t vector_offset(uint64_t spsr)
{
	if (spsr & SPSR_AARCH32)
		return 0x600;
	switch (spsr & 0xF) {
	case SPSR_MODE_EL0t:
		return 0x400;
	case SPSR_MODE_EL1t:
		return 0x000;
	default:
		return 0x200;
	}
}

static void inject(struct vcpu *vcpu, uint64_t esr)
{
	sysreg_write(esr_el1, esr);
	sysreg_write(elr_el1, vcpu->regs.pc);
	sysreg_write(spsr_el1, vcpu->regs.spsr);
	vcpu->regs.pc = sysreg_read(vbar_el1) + vector_offset(vcpu->regs.spsr);
	vcpu->regs.spsr = SPSR_EL1H_MASKED;
}

void inject_undefined(struct vcpu *vcpu)
{
	inject(vcpu, ESR_IL);
}

void inject_abort(struct vcpu *vcpu, uint64_t esr, uint64_t far)
{
	bool from_el1 = !(vcpu->regs.spsr & SPSR_AARCH32) && (vcpu->regs.spsr & 0xF) != 0;
	unsigned class = ESR_EC(esr) + (from_el1 ? 1 : 0); /* "lower" to "same" level */

	sysreg_write(far_el1, far);
	inject(vcpu, (uint64_t) class << 26 | ESR_IL | (esr & BIT(6)) | FSC_EXTERNAL);
}
