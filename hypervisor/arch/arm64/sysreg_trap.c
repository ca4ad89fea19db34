/* SPDX-License-Identifier: BSD-2-Clause */
/* Trapped accesses to system registers. What is not known here is undefined for the guest. */
#include <arch/arm64/internal.h>
#include <arch/arm64/sysreg.h>
#include <vm/vm.h>

/* op0, op1, CRn, CRm, op2 as one number. */
#define REG(op0, op1, crn, crm, op2) ((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

#define DC_ISW     REG(1, 0, 7, 6, 2)
#define DC_CSW     REG(1, 0, 7, 10, 2)
#define DC_CISW    REG(1, 0, 7, 14, 2)
#define ACTLR_EL1  REG(3, 0, 1, 0, 1)
#define ICC_SGI1R  REG(3, 0, 12, 11, 5)
#define ICC_ASGI1R REG(3, 0, 12, 11, 6)
#define ICC_SGI0R  REG(3, 0, 12, 11, 7)

struct sysreg_access {
	unsigned reg, rt;
	bool read;
};

static struct sysreg_access decode(uint64_t esr)
{
	return (struct sysreg_access){
		.reg = REG((unsigned)FIELD(esr, 21, 20), (unsigned)FIELD(esr, 16, 14),
			   (unsigned)FIELD(esr, 13, 10), (unsigned)FIELD(esr, 4, 1),
			   (unsigned)FIELD(esr, 19, 17)),
		.rt = (unsigned)FIELD(esr, 9, 5),
		.read = esr & 1,
	};
}

static bool is_id_register(unsigned reg)
{
	return (reg & ~REG(0u, 0u, 0u, 7u, 7u)) == REG(3, 0, 0, 0, 0) && (reg >> 3 & 0xF) >= 1;
}

static bool is_debug_register(unsigned reg)
{
	return reg >> 14 == 2;
}

static void send_sgi(struct vcpu *vcpu, uint64_t value, bool group1)
{
	vm_kick(vcpu->vm, vgic_send_sgi(&vcpu->vm->vgic, vcpu->index, value, group1));
}

/* False: no such register. @value: what a read gives (0 at first) or what is written. */
static bool emulate(struct vcpu *vcpu, const struct sysreg_access *a, uint64_t *value)
{
	switch (a->reg) {
	case DC_ISW:
	case DC_CSW:
	case DC_CISW:
		return !a->read; /* meaningless to a VM; caches are coherent for it */
	case ACTLR_EL1:
		return true;
	case ICC_SGI1R:
	case ICC_SGI0R:
		if (!a->read)
			send_sgi(vcpu, *value, a->reg == ICC_SGI1R);
		return !a->read;
	case ICC_ASGI1R:
		return !a->read;
	default:
		break;
	}
	if (is_id_register(a->reg) && a->read) {
		*value = idreg_value(a->reg >> 3 & 0xF, a->reg & 7);
		return true;
	}
	return is_debug_register(a->reg); /* read as zero, writes ignored */
}

void sysreg_trap(struct vcpu *vcpu, uint64_t esr)
{
	struct sysreg_access a = decode(esr);
	uint64_t value = 0;

	if (!a.read && a.rt != 31)
		value = vcpu->regs.x[a.rt];
	if (!emulate(vcpu, &a, &value)) {
		inject_undefined(vcpu);
		return;
	}
	if (a.read && a.rt != 31)
		vcpu->regs.x[a.rt] = value;
	vcpu->regs.pc += 4;
}
