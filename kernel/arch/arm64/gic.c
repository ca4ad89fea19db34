/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GICv3, the secure world's share of it. Secure group 1 interrupts arrive as IRQ and are handled
 * here; non-secure ones arrive as FIQ and are never acknowledged (NW-214). EL3 has woken the
 * redistributor and set the priority mask; the normal world may raise its own priorities only.
 */
#include <platform_layout.h>
#include "kernel/arch/arm64/cpu.h"
#include "kernel/arch/arm64/mmu.h"
#include "kernel/arch/arm64/sysreg.h"
#include "kernel/lib/log.h"

/* Distributor. */
#define GICD_ISPENDR 0x0200

/* Redistributor: RD frame, then SGI frame. */
#define GICR_TYPER      0x0008
#define GICR_TYPER_LAST (1u << 4)
#define GICR_IGROUPR0   0x0080
#define GICR_ISENABLER0 0x0100
#define GICR_ICENABLER0 0x0180
#define GICR_IPRIORITYR 0x0400
#define GICR_IGRPMODR0  0x0d00
#define SECURE_PRIORITY 0x40
#define INTID_SPECIAL   1020 /* and above: nothing to handle */
#define SLICE_TIMER_BIT (1u << SLICE_TIMER_INTID)

static volatile uint8_t *redistributor(unsigned index)
{
	return (volatile uint8_t *)FIXMAP_ADDRESS(FIXMAP_GICR + 2 * index);
}

static uint32_t read32(volatile uint8_t *frame, unsigned reg)
{
	return *(volatile uint32_t *)(frame + reg);
}

static void write32(volatile uint8_t *frame, unsigned reg, uint32_t value)
{
	*(volatile uint32_t *)(frame + reg) = value;
}

/* The SGI frame of the CPU with this affinity (Aff3 in bits 39:32), or NULL. */
static volatile uint8_t *sgi_frame_find(uint64_t mpidr)
{
	uint32_t affinity = (uint32_t)((mpidr & 0xffffff) | (mpidr >> 32 & 0xff) << 24);

	for (unsigned i = 0; i < CPU_MAX; i++) {
		volatile uint8_t *frame = redistributor(i);

		if (read32(frame, GICR_TYPER + 4) == affinity)
			return frame + PAGE_SIZE;
		if (read32(frame, GICR_TYPER) & GICR_TYPER_LAST)
			break;
	}
	return NULL;
}

void gic_cpu_init(void)
{
	const struct cpu *cpu = cpu_self();
	volatile uint8_t *frame = sgi_frame_find(cpu->mpidr);

	if (frame == NULL) {
		log_warn("CPU %u has no redistributor: calls have no time slices", cpu->index);
		return;
	}
	write32(frame, GICR_ICENABLER0, SLICE_TIMER_BIT);
	write32(frame, GICR_IGROUPR0, read32(frame, GICR_IGROUPR0) & ~SLICE_TIMER_BIT);
	write32(frame, GICR_IGRPMODR0, read32(frame, GICR_IGRPMODR0) | SLICE_TIMER_BIT);
	frame[GICR_IPRIORITYR + SLICE_TIMER_INTID] = SECURE_PRIORITY;
	write32(frame, GICR_ISENABLER0, SLICE_TIMER_BIT);
	sysreg_write_named(ICC_SRE_EL1, sysreg_read_named(ICC_SRE_EL1) | 1);
	isb();
	sysreg_write_named(ICC_IGRPEN1_EL1, 1);
	isb();
}

/* A non-secure interrupt: its owner has enabled it, or it stays pending until he does. */
void arch_notify_raise(void)
{
	volatile uint8_t *distributor = (volatile uint8_t *)FIXMAP_ADDRESS(FIXMAP_GICD);

	dsb(ishst);
	write32(distributor, GICD_ISPENDR + NOTIFY_INTID / 32 * 4, 1u << NOTIFY_INTID % 32);
}

bool gic_handle(void)
{
	uint64_t intid = sysreg_read_named(ICC_IAR1_EL1) & 0xffffff;
	bool slice_ended = intid == SLICE_TIMER_INTID;

	if (intid >= INTID_SPECIAL && intid < 8192)
		return false;
	if (slice_ended) {
		/* Level-triggered: silent before the end of the interrupt. */
		sysreg_write(cntps_ctl_el1, 0);
		isb();
	}
	sysreg_write_named(ICC_EOIR1_EL1, intid);
	isb();
	return slice_ended;
}
