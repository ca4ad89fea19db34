/* SPDX-License-Identifier: BSD-2-Clause */
/* The physical GICv3, as the non-secure world sees it, and the CPU's timers' interrupts. */
#include <arch/arm64/internal.h>
#include <arch/arm64/sysreg.h>
#include <console/console.h>
#include <platform/platform.h>
#include <tee/tee.h>
#include <vm/vm.h>

/* clang-format off */
#define GICD_CTLR        0x0000u
#define GICD_IGROUPR     0x0080u
#define GICD_ISENABLER   0x0100u
#define GICD_ICENABLER   0x0180u
#define GICD_IPRIORITYR  0x0400u
#define GICD_ICFGR       0x0C00u
#define GICD_IROUTER     0x6000u
#define GICR_TYPER       0x0008u
#define GICR_WAKER       0x0014u
#define GICR_SGI         0x10000u
#define GICR_IGROUPR     (GICR_SGI + 0x080u)
#define GICR_ISENABLER   (GICR_SGI + 0x100u)
#define GICR_ICENABLER   (GICR_SGI + 0x180u)
#define GICR_ISACTIVER   (GICR_SGI + 0x300u)
#define GICR_ICACTIVER   (GICR_SGI + 0x380u)
#define GICR_IPRIORITYR  (GICR_SGI + 0x400u)
#define GICR_STRIDE      0x20000u

#define CTLR_RWP         BIT(31)
#define CTLR_ARE_NS      BIT(4)
#define CTLR_GROUP1      BIT(1)
#define PRIORITY         0xA0u

#define INTID_KICK       0u
#define INTID_MAINTAIN   25u
#define INTID_HYP_TIMER  26u
#define INTID_VTIMER     27u
#define INTID_NONE       1020u /* and above */

/* Interrupts taken in a row. They may come as fast as they are taken: what else the CPU has to do,
 * such as leaving a vCPU whose slice is over, is looked at in between. */
#define TAKE_MAX         32u

#define icc_sre_el2      S3_4_C12_C9_5
#define icc_pmr_el1      S3_0_C4_C6_0
#define icc_bpr1_el1     S3_0_C12_C12_3
#define icc_iar1_el1     S3_0_C12_C12_0
#define icc_eoir1_el1    S3_0_C12_C12_1
#define icc_dir_el1      S3_0_C12_C11_1
#define icc_ctlr_el1     S3_0_C12_C12_4
#define icc_igrpen1_el1  S3_0_C12_C12_7
#define icc_sgi1r_el1    S3_0_C12_C11_5
/* clang-format on */
/* Expand a name above before it is made a string. */
#define icc_read(name)         sysreg_read(name)
#define icc_write(name, value) sysreg_write(name, value)

static volatile uint32_t *mmio(uint64_t base, uint32_t offset)
{
	return (volatile uint32_t *)(uintptr_t)(base + offset);
}

static void wait_written(void)
{
	while (*mmio(platform_gicd, GICD_CTLR) & CTLR_RWP)
		;
}

void gic_init_dist(void)
{
	*mmio(platform_gicd, GICD_CTLR) = CTLR_ARE_NS | CTLR_GROUP1;
	wait_written();
}

void gic_enable_spi(unsigned intid, bool edge)
{
	volatile uint8_t *priority = (volatile uint8_t *)mmio(platform_gicd, GICD_IPRIORITYR);
	volatile uint64_t *router = (volatile uint64_t *)mmio(platform_gicd, GICD_IROUTER);

	if (edge)
		*mmio(platform_gicd, GICD_ICFGR + intid / 16 * 4) |= 2u << intid % 16 * 2;
	priority[intid] = PRIORITY;
	router[intid] = cpu_this()->mpidr & 0xFF00FFFFFFull;
	arch_irq_enable(intid, true);
}

void arch_irq_enable(unsigned intid, bool enabled)
{
	uint32_t to = enabled ? GICD_ISENABLER : GICD_ICENABLER;

	*mmio(platform_gicd, to + intid / 32 * 4) = 1u << intid % 32;
	if (!enabled)
		wait_written();
}

/* This CPU's redistributor, found by affinity. */
static uint64_t find_redistributor(uint64_t mpidr)
{
	uint64_t affinity = (mpidr & 0xFFFFFF) | (mpidr >> 8 & 0xFF000000);

	for (uint64_t at = platform_gicr.base; at < platform_gicr.base + platform_gicr.size;
	     at += GICR_STRIDE) {
		uint64_t typer = *(volatile uint64_t *)mmio(at, GICR_TYPER);

		if (typer >> 32 == affinity)
			return at;
		if (typer & BIT(4))
			break;
	}
	return platform_gicr.base;
}

void gic_init_cpu(struct cpu *cpu)
{
	uint32_t ours = 1u << INTID_KICK | 1u << INTID_MAINTAIN | 1u << INTID_HYP_TIMER |
			1u << INTID_VTIMER;

	cpu->gicr = find_redistributor(cpu->mpidr);
	*mmio(cpu->gicr, GICR_WAKER) = 0;
	while (*mmio(cpu->gicr, GICR_WAKER) & 4)
		;
	*mmio(cpu->gicr, GICR_ICENABLER) = ~0u;
	*mmio(cpu->gicr, GICR_IGROUPR) = ~0u;
	*mmio(cpu->gicr, GICR_ICACTIVER) = ~0u;
	for (unsigned i = 0; i < 32; i += 4)
		*mmio(cpu->gicr, GICR_IPRIORITYR + i) = PRIORITY * 0x01010101u;
	*mmio(cpu->gicr, GICR_ISENABLER) = ours;
	/*
	 * System registers, for EL1 too. On a GIC without the memory-mapped interface of version 2,
	 * such as QEMU's, all of ICC_SRE_EL2 and ICC_SRE_EL1 is fixed. A port to one that has it
	 * must clear Enable (bit 3) and answer the trapped ICC_SRE_EL1 (reads 7, writes ignored):
	 * that register is not switched with the vCPUs.
	 */
	icc_write(icc_sre_el2, 0xF);
	isb();
	icc_write(icc_pmr_el1, 0xFF);
	icc_write(icc_bpr1_el1, 0);
	icc_write(icc_ctlr_el1, 2); /* ICC_CTLR_EL1.EOImode: drop and deactivate apart */
	icc_write(icc_igrpen1_el1, 1);
	isb();
}

static void deactivate(uint64_t intid)
{
	icc_write(icc_dir_el1, intid);
}

void gic_set_vtimer_active(struct cpu *cpu, bool active)
{
	if (active == cpu->vtimer_active)
		return;
	cpu->vtimer_active = active;
	if (active) {
		*mmio(cpu->gicr, GICR_ISACTIVER) = 1u << INTID_VTIMER;
		dsb(sy);
	} else {
		deactivate(INTID_VTIMER);
	}
}

void arch_cpu_kick(struct cpu *cpu)
{
	uint64_t m = cpu->mpidr;
	uint64_t sgi = (uint64_t)INTID_KICK << 24 | (m >> 8 & 0xFF) << 16 | (m >> 16 & 0xFF) << 32 |
		       (m >> 32 & 0xFF) << 48 | BIT(m & 0xF);

	dsb(ishst);
	icc_write(icc_sgi1r_el1, sgi);
	isb();
}

static void virtual_timer_fired(struct cpu *cpu)
{
	struct vcpu *vcpu = cpu->vcpu;

	cpu->vtimer_active = true; /* acknowledged; the guest's end of interrupt deactivates it */
	if (!vcpu) {
		gic_set_vtimer_active(cpu, false);
		return;
	}
	vgic_pulse(&vcpu->vm->vgic, vcpu->index, VGIC_VTIMER);
	__atomic_fetch_or(&vcpu->requests, REQUEST_VGIC, __ATOMIC_RELAXED);
}

static void take_one(struct cpu *cpu, unsigned intid)
{
	switch (intid) {
	case INTID_HYP_TIMER:
		sched_timer_interrupt(cpu);
		break;
	case INTID_VTIMER:
		virtual_timer_fired(cpu);
		return; /* stays active */
	case INTID_MAINTAIN:
		if (cpu->vcpu)
			arch_vgic_refresh(cpu->vcpu);
		break;
	default:
		if (intid == platform_uart_intid)
			console_interrupt();
		else if (intid == platform_tee_intid)
			tee_interrupt();
		break;
	}
	deactivate(intid);
}

void arch_irq_take(void)
{
	struct cpu *cpu = cpu_this();

	for (unsigned n = 0; n < TAKE_MAX; n++) {
		uint64_t intid = icc_read(icc_iar1_el1);

		dsb(sy);
		if (intid >= INTID_NONE)
			break;
		icc_write(icc_eoir1_el1, intid); /* ICC_EOIR1_EL1: priority drop */
		take_one(cpu, (unsigned)intid);
	}
	isb();
}

void arch_cpu_idle(void)
{
	dsb(sy);
	__asm__ volatile("wfi" ::: "memory");
}
