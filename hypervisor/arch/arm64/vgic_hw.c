/* SPDX-License-Identifier: BSD-2-Clause */
/* List registers and the rest of the virtual CPU interface. */
#include <arch/arm64/internal.h>
#include <arch/arm64/sysreg.h>
#include <vm/vm.h>

/* clang-format off */
#define ich_hcr_el2   S3_4_C12_C11_0
#define ich_vtr_el2   S3_4_C12_C11_1
#define ich_vmcr_el2  S3_4_C12_C11_7
#define ich_read(name)         sysreg_read(name)
#define ich_write(name, value) sysreg_write(name, value)

#define ICH_ENABLE    BIT(0)
#define ICH_UNDERFLOW BIT(1)

#define LIST_REGISTERS(X) \
	X(0, S3_4_C12_C12_0) X(1, S3_4_C12_C12_1) X(2, S3_4_C12_C12_2) X(3, S3_4_C12_C12_3) \
	X(4, S3_4_C12_C12_4) X(5, S3_4_C12_C12_5) X(6, S3_4_C12_C12_6) X(7, S3_4_C12_C12_7) \
	X(8, S3_4_C12_C13_0) X(9, S3_4_C12_C13_1) X(10, S3_4_C12_C13_2) X(11, S3_4_C12_C13_3) \
	X(12, S3_4_C12_C13_4) X(13, S3_4_C12_C13_5) X(14, S3_4_C12_C13_6) X(15, S3_4_C12_C13_7)
/* clang-format on */

static unsigned lr_count, apr_count;

void vgic_hw_init(void)
{
	uint64_t vtr = ich_read(ich_vtr_el2);
	unsigned preemption_bits = (unsigned)FIELD(vtr, 28, 26) + 1;

	lr_count = (unsigned)FIELD(vtr, 4, 0) + 1;
	if (lr_count > VGIC_MAX_LRS)
		lr_count = VGIC_MAX_LRS;
	apr_count = preemption_bits <= 5 ? 1 : 1u << (preemption_bits - 5);
}

static uint64_t lr_read(unsigned i)
{
	switch (i) {
#define X(n, reg)                                                                                  \
	case n:                                                                                    \
		return ich_read(reg);
		LIST_REGISTERS(X)
#undef X
	default:
		return 0;
	}
}

static void lr_write(unsigned i, uint64_t v)
{
	switch (i) {
#define X(n, reg)                                                                                  \
	case n:                                                                                    \
		ich_write(reg, v);                                                                 \
		break;
		LIST_REGISTERS(X)
#undef X
	default:
		break;
	}
}

static void collect(struct vcpu *vcpu)
{
	uint64_t lrs[VGIC_MAX_LRS];

	for (unsigned i = 0; i < lr_count; i++) {
		lrs[i] = lr_read(i);
		if (lrs[i])
			lr_write(i, 0);
	}
	vm_kick(vcpu->vm, vgic_collect(&vcpu->vm->vgic, vcpu->index, lrs, lr_count));
}

void arch_vgic_collect(struct vcpu *vcpu)
{
	collect(vcpu);
}

static void fill(struct vcpu *vcpu)
{
	uint64_t lrs[VGIC_MAX_LRS] = {0};
	bool more = vgic_fill(&vcpu->vm->vgic, vcpu->index, lrs, lr_count);

	for (unsigned i = 0; i < lr_count && lrs[i]; i++)
		lr_write(i, lrs[i]);
	ich_write(ich_hcr_el2, ICH_ENABLE | (more ? ICH_UNDERFLOW : 0));
	isb();
	gic_set_vtimer_active(cpu_this(), vgic_timer_in_flight(&vcpu->vm->vgic, vcpu->index));
}

void arch_vgic_refresh(struct vcpu *vcpu)
{
	collect(vcpu);
	fill(vcpu);
}

bool arch_vgic_loaded_pending(void)
{
	for (unsigned i = 0; i < lr_count; i++)
		if (lr_read(i) & LR_STATE_PENDING)
			return true;
	return false;
}

/* How many active-priority registers there are depends on the bits of preemption. */
void vgic_hw_save(struct vcpu *vcpu)
{
	collect(vcpu);
	vcpu->vmcr = ich_read(ich_vmcr_el2);
	switch (apr_count) {
#define X(n, ap0, ap1)                                                                             \
	case n + 1:                                                                                \
		vcpu->ap0r[n] = ich_read(ap0);                                                     \
		vcpu->ap1r[n] = ich_read(ap1);                                                     \
		__attribute__((fallthrough));
		X(3, S3_4_C12_C8_3, S3_4_C12_C9_3)
		X(2, S3_4_C12_C8_2, S3_4_C12_C9_2)
		X(1, S3_4_C12_C8_1, S3_4_C12_C9_1)
		X(0, S3_4_C12_C8_0, S3_4_C12_C9_0)
#undef X
	default:
		break;
	}
	ich_write(ich_hcr_el2, 0);
}

void vgic_hw_load(struct vcpu *vcpu)
{
	switch (apr_count) {
#define X(n, ap0, ap1)                                                                             \
	case n + 1:                                                                                \
		ich_write(ap0, vcpu->ap0r[n]);                                                     \
		ich_write(ap1, vcpu->ap1r[n]);                                                     \
		__attribute__((fallthrough));
		X(3, S3_4_C12_C8_3, S3_4_C12_C9_3)
		X(2, S3_4_C12_C8_2, S3_4_C12_C9_2)
		X(1, S3_4_C12_C8_1, S3_4_C12_C9_1)
		X(0, S3_4_C12_C8_0, S3_4_C12_C9_0)
#undef X
	default:
		break;
	}
	ich_write(ich_vmcr_el2, vcpu->vmcr);
	fill(vcpu);
}
