/* SPDX-License-Identifier: BSD-2-Clause */
/* Moving a vCPU into and out of the CPU. */
#include <arch/arm64/internal.h>
#include <arch/arm64/sysreg.h>
#include <string.h>
#include <vm/vm.h>

#define EL1_REGISTERS(X)                                                                           \
	X(sctlr_el1)                                                                               \
	X(cpacr_el1)                                                                               \
	X(ttbr0_el1)                                                                               \
	X(ttbr1_el1)                                                                               \
	X(tcr_el1)                                                                                 \
	X(esr_el1)                                                                                 \
	X(far_el1)                                                                                 \
	X(afsr0_el1)                                                                               \
	X(afsr1_el1)                                                                               \
	X(mair_el1)                                                                                \
	X(amair_el1)                                                                               \
	X(vbar_el1)                                                                                \
	X(contextidr_el1)                                                                          \
	X(tpidr_el0)                                                                               \
	X(tpidrro_el0)                                                                             \
	X(tpidr_el1)                                                                               \
	X(par_el1)                                                                                 \
	X(sp_el0)                                                                                  \
	X(sp_el1)                                                                                  \
	X(elr_el1)                                                                                 \
	X(spsr_el1)                                                                                \
	X(csselr_el1)                                                                              \
	X(cntkctl_el1)

enum {
#define X(name) INDEX_##name,
	EL1_REGISTERS(X)
#undef X
	INDEX_COUNT
};
_Static_assert((unsigned)INDEX_COUNT <= VCPU_SYSREGS, "room for the registers of EL1");

#define TIMER_ENABLE  1u
#define TIMER_MASK    2u
#define TIMER_CONTROL 3u

void arch_vcpu_reset(struct vcpu *vcpu, uint64_t entry, uint64_t x0)
{
	memset(&vcpu->regs, 0, sizeof(vcpu->regs));
	memset(&vcpu->fp, 0, sizeof(vcpu->fp));
	memset(vcpu->sys, 0, sizeof(vcpu->sys));
	memset(vcpu->ap0r, 0, sizeof(vcpu->ap0r));
	memset(vcpu->ap1r, 0, sizeof(vcpu->ap1r));
	vcpu->timer_ctl = vcpu->timer_cval = 0;
	vcpu->vmcr = 0;
	vcpu->regs.x[0] = x0;
	vcpu->regs.pc = entry;
	vcpu->regs.spsr = SPSR_EL1H_MASKED;
	vcpu->sys[INDEX_sctlr_el1] = SCTLR_EL1_RESET;
}

uint64_t arch_vcpu_timer(const struct vcpu *vcpu)
{
	bool armed = (vcpu->timer_ctl & TIMER_ENABLE) && !(vcpu->timer_ctl & TIMER_MASK);

	return armed ? vcpu->timer_cval | 1 : 0;
}

void arch_vcpu_save(struct vcpu *vcpu)
{
	unsigned i = 0;

#define X(name) vcpu->sys[i++] = sysreg_read(name);
	EL1_REGISTERS(X)
#undef X
	vcpu->timer_ctl = sysreg_read(cntv_ctl_el0) & TIMER_CONTROL;
	vcpu->timer_cval = sysreg_read(cntv_cval_el0);
	sysreg_write(cntv_ctl_el0, 0);
	isb();
	if (vcpu->fp_loaded) {
		sysreg_write(cptr_el2, CPTR_GUEST & ~CPTR_TFP);
		isb();
		fp_save(&vcpu->fp);
		vcpu->fp_loaded = false;
	}
	vgic_hw_save(vcpu);
	gic_set_vtimer_active(cpu_this(), false);
	sysreg_write(hcr_el2, HCR_IDLE);
	isb();
}

/* Another vCPU of this VM ran here: its translations may differ under the same ASIDs. */
static void flush_local_if_other(struct vcpu *vcpu)
{
	uint8_t *last = &vcpu->vm->last_vcpu[cpu_this()->index];

	if (*last != vcpu->index + 1) {
		*last = (uint8_t)(vcpu->index + 1);
		__asm__ volatile("tlbi vmalle1\n\tic iallu\n\tdsb nsh\n\tisb" ::: "memory");
	}
}

void arch_vcpu_load(struct vcpu *vcpu)
{
	unsigned i = 0;

	sysreg_write(vttbr_el2, vcpu->vm->stage2.root.v | (uint64_t)vcpu->vm->number << 48);
	sysreg_write(hcr_el2, HCR_GUEST);
	isb();
	flush_local_if_other(vcpu);
#define X(name) sysreg_write(name, vcpu->sys[i++]);
	EL1_REGISTERS(X)
#undef X
	sysreg_write(vmpidr_el2, BIT(31) | vcpu->index);
	sysreg_write(cptr_el2, CPTR_GUEST | CPTR_TFP);
	vgic_hw_load(vcpu);
	sysreg_write(cntv_cval_el0, vcpu->timer_cval);
	sysreg_write(cntv_ctl_el0, vcpu->timer_ctl);
	isb();
}

void arch_fp_trap(struct vcpu *vcpu)
{
	sysreg_write(cptr_el2, CPTR_GUEST);
	isb();
	fp_load(&vcpu->fp);
	vcpu->fp_loaded = true;
}
