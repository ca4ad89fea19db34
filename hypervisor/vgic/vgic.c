/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts: their inputs, and their way into and out of list registers. */
#include <lib/bits.h>
#include <string.h>
#include <vgic/internal.h>

void vgic_init(struct vgic *vgic, unsigned vcpus)
{
	memset(vgic, 0, sizeof(*vgic));
	vgic->vcpu_count = vcpus;
	for (unsigned c = 0; c < vcpus; c++) {
		vgic->cpus[c].asleep = true;
		for (unsigned i = 0; i < 16; i++) {
			vgic->cpus[c].irqs[i].edge = true;
			vgic->cpus[c].irqs[i].enabled = true; /* SGIs may be enabled at reset */
		}
	}
}

struct virq *vgic_irq(struct vgic *vgic, unsigned cpu, unsigned intid)
{
	if (intid < VGIC_PRIVATE)
		return cpu < vgic->vcpu_count ? &vgic->cpus[cpu].irqs[intid] : NULL;
	return intid < VGIC_PRIVATE + VGIC_SPIS ? &vgic->spis[intid - VGIC_PRIVATE] : NULL;
}

bool virq_is_pending(const struct virq *irq)
{
	return irq->latch || (!irq->edge && irq->line);
}

/* The vCPU in whose list registers it belongs: until its end the one that took it, wherever it is
 * routed meanwhile. */
static unsigned virq_home(const struct virq *irq, unsigned cpu, unsigned intid)
{
	if (intid < VGIC_PRIVATE)
		return cpu;
	return irq->active ? irq->taker : irq->target;
}

static bool is_routed_to(const struct virq *irq, unsigned cpu, unsigned intid)
{
	return intid < VGIC_PRIVATE || irq->target == cpu;
}

uint32_t virq_kick_mask(const struct virq *irq, unsigned cpu, unsigned intid)
{
	return 1u << virq_home(irq, cpu, intid) | 1u << (intid < VGIC_PRIVATE ? cpu : irq->target);
}

static bool is_signalled(const struct vgic *vgic, const struct virq *irq)
{
	return irq->enabled && virq_is_pending(irq) && (vgic->ctlr & (irq->group1 ? 2u : 1u));
}

uint32_t vgic_set_line(struct vgic *vgic, unsigned cpu, unsigned intid, bool level)
{
	struct virq *irq = vgic_irq(vgic, cpu, intid);
	uint32_t kick = 0;

	if (!irq)
		return 0;
	lock_acquire(&vgic->lock);
	if (irq->edge && level && !irq->line)
		irq->latch = true;
	if (level != irq->line)
		kick = virq_kick_mask(irq, cpu, intid);
	irq->line = level;
	lock_release(&vgic->lock);
	return kick;
}

uint32_t vgic_pulse(struct vgic *vgic, unsigned cpu, unsigned intid)
{
	struct virq *irq = vgic_irq(vgic, cpu, intid);
	uint32_t kick;

	if (!irq)
		return 0;
	lock_acquire(&vgic->lock);
	irq->latch = true;
	kick = virq_kick_mask(irq, cpu, intid);
	lock_release(&vgic->lock);
	return kick;
}

uint32_t vgic_send_sgi(struct vgic *vgic, unsigned from, uint64_t sgir, bool group1)
{
	unsigned intid = (unsigned)FIELD(sgir, 27, 24);
	uint32_t targets = (uint32_t)FIELD(sgir, 15, 0), kick = 0;
	bool others = sgir & BIT(40);
	/* vCPUs have affinity 0.0.0.n, all in range 0. */
	bool reachable = !FIELD(sgir, 23, 16) && !FIELD(sgir, 39, 32) && !FIELD(sgir, 55, 44);

	if (!others && !reachable)
		return 0;
	lock_acquire(&vgic->lock);
	for (unsigned c = 0; c < vgic->vcpu_count; c++) {
		struct virq *irq = &vgic->cpus[c].irqs[intid];

		if ((others ? c == from : !(targets & (1u << c))) || irq->group1 != group1)
			continue;
		irq->latch = true;
		kick |= 1u << c;
	}
	lock_release(&vgic->lock);
	return kick;
}

/* Takes one back. Returns whom it wants: it is pending and routed to another vCPU by now. */
static uint32_t collect_one(struct vgic *vgic, unsigned cpu, uint64_t lr)
{
	unsigned intid = (unsigned)FIELD(lr, 31, 0);
	struct virq *irq = vgic_irq(vgic, cpu, intid);

	irq->in_lr = false;
	irq->active = lr & LR_STATE_ACTIVE;
	if (irq->active)
		irq->taker = (uint8_t)cpu;
	/* A level that was not taken yet is still at its line, or gone. */
	if ((lr & LR_STATE_PENDING) && (irq->edge || irq->was_latched || (lr & LR_HW)))
		irq->latch = true;
	irq->was_latched = false;
	if (irq->active || is_routed_to(irq, cpu, intid) || !is_signalled(vgic, irq))
		return 0;
	return 1u << irq->target;
}

uint32_t vgic_collect(struct vgic *vgic, unsigned cpu, uint64_t *lrs, unsigned count)
{
	uint32_t kick = 0;

	lock_acquire(&vgic->lock);
	for (unsigned i = 0; i < count; i++) {
		if (lrs[i])
			kick |= collect_one(vgic, cpu, lrs[i]);
		lrs[i] = 0;
	}
	lock_release(&vgic->lock);
	return kick;
}

static bool irq_deliverable(const struct vgic *vgic, const struct virq *irq, unsigned cpu,
			    unsigned intid)
{
	return !irq->in_lr && virq_home(irq, cpu, intid) == cpu &&
	       (irq->active || is_signalled(vgic, irq));
}

/* The next interrupt to present: active ones first, then by priority. */
static struct virq *next_to_present(struct vgic *vgic, unsigned cpu, unsigned *intid)
{
	struct virq *best = NULL;
	unsigned best_rank = ~0u;

	for (unsigned i = 0; i < VGIC_PRIVATE + VGIC_SPIS; i++) {
		struct virq *irq = vgic_irq(vgic, cpu, i);
		unsigned rank = irq->active ? irq->priority : 256u + irq->priority;

		if (rank < best_rank && irq_deliverable(vgic, irq, cpu, i)) {
			best = irq;
			best_rank = rank;
			*intid = i;
		}
	}
	return best;
}

static uint64_t lr_compose(const struct vgic *vgic, struct virq *irq, unsigned cpu, unsigned intid)
{
	uint64_t lr = intid | (uint64_t)irq->priority << 48;
	bool here = is_routed_to(irq, cpu, intid);
	bool present = here && is_signalled(vgic, irq);

	if (irq->group1)
		lr |= LR_GROUP1;
	if (irq->active)
		lr |= LR_STATE_ACTIVE;
	if (intid == VGIC_VTIMER) {
		/* Tied to the physical timer: its end by the guest ends the physical one, which
		 * fires again if the line is still up. The hardware forbids pending and active. */
		lr |= LR_HW | (uint64_t)intid << 32;
		present = present && !irq->active;
	} else if (!irq->edge || !here) {
		lr |= LR_EOI; /* to look at the line, or at whom it is for, again */
	}
	if (present) {
		lr |= LR_STATE_PENDING;
		irq->was_latched = irq->latch;
		irq->latch = false;
	}
	return lr;
}

bool vgic_fill(struct vgic *vgic, unsigned cpu, uint64_t *lrs, unsigned count)
{
	bool more = false;

	lock_acquire(&vgic->lock);
	for (unsigned i = 0;; i++) {
		unsigned intid;
		struct virq *irq = next_to_present(vgic, cpu, &intid);

		if (!irq)
			break;
		if (i == count) {
			more = true;
			break;
		}
		lrs[i] = lr_compose(vgic, irq, cpu, intid);
		irq->in_lr = true;
	}
	lock_release(&vgic->lock);
	return more;
}

bool vgic_timer_in_flight(struct vgic *vgic, unsigned cpu)
{
	const struct virq *irq = &vgic->cpus[cpu].irqs[VGIC_VTIMER];
	bool in_flight;

	lock_acquire(&vgic->lock);
	in_flight = irq->latch || irq->active || irq->in_lr;
	lock_release(&vgic->lock);
	return in_flight;
}
