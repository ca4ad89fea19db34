/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory-mapped registers of distributor and redistributors (GICv3 architecture, chapter 12).
 */
#include <lib/bits.h>
#include <vgic/internal.h>

/* clang-format off */
#define GICD_CTLR          0x0000u
#define GICD_TYPER         0x0004u
#define GIC_IGROUPR        0x0080u /* the same offsets in the distributor and in SGI_base */
#define GIC_ISENABLER      0x0100u
#define GIC_ICENABLER      0x0180u
#define GIC_ISPENDR        0x0200u
#define GIC_ICPENDR        0x0280u
#define GIC_ISACTIVER      0x0300u
#define GIC_ICACTIVER      0x0380u
#define GIC_IPRIORITYR     0x0400u
#define GIC_IPRIORITYR_END 0x0800u
#define GIC_ICFGR          0x0C00u
#define GIC_ICFGR_END      0x0D00u
#define GICD_IROUTER       0x6000u
#define GIC_PIDR2          0xFFE8u
#define GICR_TYPER         0x0008u
#define GICR_WAKER         0x0014u
#define GICR_SGI_BASE      0x10000u

#define CTLR_ENABLES       0x3u
#define CTLR_ARE_DS        0x50u       /* affinity routing on, one security state: fixed */
#define TYPER_VALUE        (1u | 9u << 19 | BIT(25)) /* 64 INTIDs, 10 bits of INTID, no 1-of-N */
#define PIDR2_GICV3        0x3Bu
/* clang-format on */

struct access {
	struct vgic *vgic;
	unsigned cpu;
	uint32_t offset;
	unsigned size;
	bool write;
	uint64_t *value;
	uint32_t kick;
};

/* One bit per interrupt: read, and write of a 1. */
static bool bit_read(const struct virq *irq, uint32_t kind)
{
	switch (kind) {
	case GIC_IGROUPR:
		return irq->group1;
	case GIC_ISENABLER:
	case GIC_ICENABLER:
		return irq->enabled;
	case GIC_ISPENDR:
	case GIC_ICPENDR:
		return virq_is_pending(irq);
	default:
		return irq->active;
	}
}

static void bit_write(struct virq *irq, uint32_t kind, bool set)
{
	if (kind == GIC_IGROUPR)
		irq->group1 = set;
	if (!set)
		return;
	switch (kind) {
	case GIC_ISENABLER:
		irq->enabled = true;
		break;
	case GIC_ICENABLER:
		irq->enabled = false;
		break;
	case GIC_ISPENDR:
		irq->latch = true;
		break;
	case GIC_ICPENDR:
		irq->latch = false;
		break;
	case GIC_ISACTIVER:
		if (!irq->active)
			irq->taker = irq->target;
		irq->active = true;
		break;
	case GIC_ICACTIVER:
		irq->active = false;
		break;
	default:
		break;
	}
}

/* @bank: which 32 interrupts; private ones for 0. */
static void access_bits(struct access *a, uint32_t kind, unsigned bank)
{
	uint32_t out = 0;

	for (unsigned i = 0; i < 32; i++) {
		struct virq *irq = vgic_irq(a->vgic, a->cpu, bank * 32 + i);

		if (!irq)
			break;
		if (a->write) {
			a->kick |= virq_kick_mask(irq, a->cpu, bank * 32 + i);
			bit_write(irq, kind, *a->value & BIT(i));
		} else if (bit_read(irq, kind)) {
			out |= 1u << i;
		}
	}
	if (!a->write)
		*a->value = out;
}

static void access_priority(struct access *a, unsigned intid)
{
	uint64_t out = 0;

	for (unsigned i = 0; i < a->size; i++) {
		struct virq *irq = vgic_irq(a->vgic, a->cpu, intid + i);

		if (!irq)
			break;
		if (a->write)
			irq->priority = (uint8_t)(*a->value >> (8 * i)) & 0xF8;
		else
			out |= (uint64_t)irq->priority << (8 * i);
	}
	if (!a->write)
		*a->value = out;
}

static void access_config(struct access *a, unsigned intid)
{
	uint32_t out = 0;

	for (unsigned i = 0; i < 16; i++) {
		struct virq *irq = vgic_irq(a->vgic, a->cpu, intid + i);

		if (!irq)
			break;
		if (!a->write)
			out |= irq->edge ? 2u << (2 * i) : 0;
		else if (intid + i >= 16) /* SGIs are fixed */
			irq->edge = *a->value & BIT(2 * i + 1);
	}
	if (!a->write)
		*a->value = out;
}

/* Registers that distributor (SPIs only) and SGI_base (private only) have in common. */
static void access_common(struct access *a, bool private)
{
	unsigned first_bank = private ? 0 : 1, last_bank = private ? 0 : VGIC_SPIS / 32;
	unsigned intid;

	if (a->offset >= GIC_IGROUPR && a->offset < GIC_IPRIORITYR) {
		unsigned bank = (a->offset & 0x7F) / 4;

		if (a->size == 4 && bank >= first_bank && bank <= last_bank)
			access_bits(a, a->offset & ~0x7Fu, bank);
	} else if (a->offset >= GIC_IPRIORITYR && a->offset < GIC_IPRIORITYR_END) {
		intid = a->offset - GIC_IPRIORITYR;
		if ((intid < VGIC_PRIVATE) == private && a->size <= 4)
			access_priority(a, intid);
	} else if (a->offset >= GIC_ICFGR && a->offset < GIC_ICFGR_END) {
		intid = (a->offset - GIC_ICFGR) * 4;
		if ((intid < VGIC_PRIVATE) == private && a->size == 4)
			access_config(a, intid);
	}
}

static uint32_t all_vcpus(const struct vgic *vgic)
{
	return (1u << vgic->vcpu_count) - 1;
}

static void access_router(struct access *a)
{
	struct virq *irq = vgic_irq(a->vgic, 0, (a->offset - GICD_IROUTER) / 8);

	if (!irq || a->size < 4)
		return;
	if (!a->write) {
		*a->value = a->offset % 8 ? 0 : irq->target;
		return;
	}
	if (a->offset % 8 == 0) {
		/* A route to nowhere keeps the old one rather than losing the interrupt. */
		uint64_t affinity = *a->value & ~BIT(31);

		if (affinity < a->vgic->vcpu_count)
			irq->target = (uint8_t)affinity;
		a->kick |= all_vcpus(a->vgic);
	}
}

static void access_dist(struct access *a)
{
	if (a->offset == GICD_CTLR) {
		if (a->write) {
			a->vgic->ctlr = *a->value & CTLR_ENABLES;
			a->kick = all_vcpus(a->vgic);
		} else {
			*a->value = a->vgic->ctlr | CTLR_ARE_DS;
		}
	} else if (a->offset == GICD_TYPER && !a->write) {
		*a->value = TYPER_VALUE;
	} else if (a->offset == GIC_PIDR2 && !a->write) {
		*a->value = PIDR2_GICV3;
	} else if (a->offset >= GICD_IROUTER + 8 * VGIC_PRIVATE &&
		   a->offset < GICD_IROUTER + 8 * (VGIC_PRIVATE + VGIC_SPIS)) {
		access_router(a);
	} else {
		access_common(a, false);
	}
}

static uint64_t redist_typer(const struct vgic *vgic, unsigned cpu)
{
	bool last = cpu == vgic->vcpu_count - 1;

	return (uint64_t)cpu << 32 | (uint64_t)cpu << 8 | (last ? BIT(4) : 0);
}

static void access_redist(struct access *a)
{
	struct vgic_cpu *cpu = &a->vgic->cpus[a->cpu];

	if (a->offset >= GICR_SGI_BASE) {
		a->offset -= GICR_SGI_BASE;
		access_common(a, true);
	} else if ((a->offset & ~4u) == GICR_TYPER && !a->write && a->size >= 4) {
		*a->value = redist_typer(a->vgic, a->cpu) >> (a->offset & 4 ? 32 : 0);
		if (a->size == 4)
			*a->value = (uint32_t)*a->value;
	} else if (a->offset == GICR_WAKER) {
		if (a->write)
			cpu->asleep = *a->value & BIT(1);
		else
			*a->value = cpu->asleep ? 6 : 0; /* asleep, children asleep */
	} else if (a->offset == GIC_PIDR2 && !a->write) {
		*a->value = PIDR2_GICV3;
	}
}

static uint32_t access_run(struct access *a, void (*handle)(struct access *))
{
	/* A narrow write comes from a register that may be wider. */
	*a->value = a->write ? *a->value & MASK(8 * a->size - 1, 0) : 0;
	if (a->offset % a->size)
		return 0;
	lock_acquire(&a->vgic->lock);
	handle(a);
	lock_release(&a->vgic->lock);
	return a->write ? a->kick : 0;
}

uint32_t vgic_dist_access(struct vgic *vgic, uint32_t offset, unsigned size, bool write,
			  uint64_t *value)
{
	struct access a = {vgic, 0, offset, size, write, value, 0};

	return access_run(&a, access_dist);
}

uint32_t vgic_redist_access(struct vgic *vgic, unsigned cpu, uint32_t offset, unsigned size,
			    bool write, uint64_t *value)
{
	struct access a = {vgic, cpu, offset, size, write, value, 0};

	return cpu < vgic->vcpu_count ? access_run(&a, access_redist) : 0;
}
