/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of arch/arm64. */
#ifndef ARCH_ARM64_INTERNAL_H
#define ARCH_ARM64_INTERNAL_H

#include <arch/arch.h>
#include <vcpu/vcpu.h>

/** Map a bank of RAM; the image inside keeps its own rights. */
void mmu_map_ram(struct paddr base, uint64_t size);
/** Take the page at @address (inside the image) out of the map. */
void mmu_guard_page(uint64_t address);

void gic_init_dist(void);
void gic_init_cpu(struct cpu *cpu);
void gic_enable_spi(unsigned intid, bool edge);
/** Set or clear the active state of this CPU's physical virtual-timer interrupt. */
void gic_set_vtimer_active(struct cpu *cpu, bool active);

/** List registers and the virtual CPU interface of a vCPU. */
void vgic_hw_init(void);
void vgic_hw_save(struct vcpu *vcpu);
void vgic_hw_load(struct vcpu *vcpu);

/** Registers of EL2 that are the same for all guests. */
void trap_init_cpu(void);

/** Give the loaded vCPU an undefined-instruction exception at its PC. */
void inject_undefined(struct vcpu *vcpu);
/** Give it an external abort for @esr at @far. */
void inject_abort(struct vcpu *vcpu, uint64_t esr, uint64_t far);

/** A trapped access to a system register (ISS of @esr). */
void sysreg_trap(struct vcpu *vcpu, uint64_t esr);
/** A data abort at stage 2. */
void data_abort(struct vcpu *vcpu, uint64_t esr);
/** What a guest sees of identification register (3, 0, 0, @crm, @op2). */
uint64_t idreg_value(unsigned crm, unsigned op2);

void fp_save(struct fp_state *fp);
void fp_load(const struct fp_state *fp);
void arch_fp_trap(struct vcpu *vcpu);

void crash_dump(uint64_t type, const struct vcpu_regs *regs) __attribute__((noreturn));
void guest_enter(struct vcpu_regs *regs) __attribute__((noreturn));

#endif
