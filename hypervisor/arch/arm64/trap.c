/* SPDX-License-Identifier: BSD-2-Clause */
/* What brings a guest to EL2, and which part of the hypervisor answers. */
#include <arch/arm64/internal.h>
#include <arch/arm64/sysreg.h>
#include <arch/arm64/trap_types.h>
#include <vm/vm.h>

void trap_init_cpu(void)
{
	sysreg_write(hcr_el2, HCR_IDLE);
	sysreg_write(cptr_el2, CPTR_GUEST | CPTR_TFP);
	sysreg_write(mdcr_el2, (sysreg_read(mdcr_el2) & 0x1F) | MDCR_GUEST);
	sysreg_write(hstr_el2, 0);
	sysreg_write(cnthctl_el2, 1); /* EL1 may read the counter; the physical timer traps */
	sysreg_write(cntvoff_el2, 0);
	sysreg_write(vpidr_el2, sysreg_read(midr_el1));
	sysreg_write(vtcr_el2, BIT(31) | (64 - STAGE2_IPA_BITS) | 1u << 6 | 1u << 8 | 1u << 10 |
				       3u << 12 | FIELD(sysreg_read(id_aa64mmfr0_el1), 2, 0) << 16);
	isb();
}

/* SMC and HVC. The PC of a trapped SMC is the instruction's own, that of an HVC the next one's. */
static void call_trap(struct vcpu *vcpu, uint64_t esr)
{
	bool smc = ESR_EC(esr) == EC_SMC64;

	if (FIELD(esr, 15, 0)) {
		if (!smc)
			vcpu->regs.pc -= 4;
		inject_undefined(vcpu);
		return;
	}
	if (smc)
		vcpu->regs.pc += 4;
	vm_call(vcpu);
}

static uint64_t fault_ipa(uint64_t far)
{
	return FIELD(sysreg_read(hpfar_el2), 43, 4) << 12 | (far & (PAGE_SIZE - 1));
}

void data_abort(struct vcpu *vcpu, uint64_t esr)
{
	bool described = esr & BIT(24), translation = FIELD(esr, 5, 2) == 1;
	bool walk = esr & BIT(7), cache_op = esr & BIT(8), write = esr & BIT(6);
	unsigned size = 1u << FIELD(esr, 23, 22), rt = (unsigned)FIELD(esr, 20, 16);
	uint64_t far = sysreg_read(far_el2), value = 0;

	if (write && rt != 31)
		value = vcpu->regs.x[rt];
	if (!described || !translation || walk || cache_op ||
	    !vm_mmio(vcpu, IPADDR(fault_ipa(far)), size, write, &value)) {
		inject_abort(vcpu, esr, far);
		return;
	}
	if (!write && rt != 31) {
		bool sign = esr & BIT(21), wide = esr & BIT(15);

		if (size < 8) {
			uint64_t top = BIT(8 * size - 1);

			value &= (top << 1) - 1;
			if (sign)
				value = (value ^ top) - top;
		}
		vcpu->regs.x[rt] = wide ? value : (uint32_t)value;
	}
	vcpu->regs.pc += 4;
}

static void sync_trap(struct cpu *cpu, struct vcpu *vcpu)
{
	uint64_t esr = sysreg_read(esr_el2);

	switch (ESR_EC(esr)) {
	case EC_SMC64:
	case EC_HVC64:
		call_trap(vcpu, esr);
		break;
	case EC_DABT_LOW:
		data_abort(vcpu, esr);
		break;
	case EC_WFX:
		vcpu->regs.pc += 4;
		vcpu_wait(cpu, esr & 1);
		break;
	case EC_FP:
		arch_fp_trap(vcpu);
		break;
	case EC_SYSREG:
		sysreg_trap(vcpu, esr);
		break;
	case EC_IABT_LOW:
		inject_abort(vcpu, esr & ~BIT(6), sysreg_read(far_el2));
		break;
	default:
		inject_undefined(vcpu);
		break;
	}
}

struct vcpu_regs *trap_handle(uint64_t type)
{
	struct cpu *cpu = cpu_this();

	if (type == TRAP_SYNC)
		sync_trap(cpu, cpu->vcpu);
	else if (type == TRAP_SERROR)
		sysreg_write(hcr_el2,
			     HCR_GUEST | HCR_VSE); /* the guest's own; until it is switched */
	return vcpu_resume(cpu);
}
