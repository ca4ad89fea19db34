/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual GICv3 of a VM: distributor and redistributors as registers, and which interrupts go
 * into the list registers of a vCPU. Portable: arch/ moves the list registers to and from the CPU.
 *
 * One security state (GICD_CTLR.DS = 1), affinity routing always on, no LPIs, INTIDs 0-31 per vCPU
 * and 32-63 per VM. Life of an interrupt that reaches a vCPU:
 *
 *   latch/line ──vgic_fill()──▶ list register (in_lr) ──guest──▶ vgic_collect() ──▶ active | latch
 * | gone
 *
 * While it is in a list register the hardware's copy counts, and here stands what was last
 * collected.
 */
#ifndef VGIC_VGIC_H
#define VGIC_VGIC_H

#include <lib/lock.h>
#include <stdbool.h>
#include <stdint.h>

#define VGIC_MAX_VCPUS 4u
#define VGIC_MAX_LRS   16u
#define VGIC_PRIVATE   32u
#define VGIC_SPIS      32u
#define VGIC_VTIMER    27u

struct virq {
	bool enabled, active;
	bool latch;  /* pending by an edge or by a write */
	bool line;   /* level of the input */
	bool edge;   /* configured edge-triggered */
	bool group1; /* else group 0, delivered as FIQ */
	bool in_lr;
	bool was_latched; /* in a list register, pending: not only for its line */
	uint8_t priority;
	uint8_t target; /* SPI: the vCPU it is routed to */
	uint8_t taker;  /* SPI, active: the vCPU that took it, and will end it */
};

struct vgic_cpu {
	struct virq irqs[VGIC_PRIVATE];
	bool asleep; /* GICR_WAKER */
};

struct vgic {
	struct lock lock;
	unsigned vcpu_count;
	uint32_t ctlr; /* bits 0 and 1: groups enabled */
	struct virq spis[VGIC_SPIS];
	struct vgic_cpu cpus[VGIC_MAX_VCPUS];
};

/* Fields of a list register. */
#define LR_STATE_PENDING (1ull << 62)
#define LR_STATE_ACTIVE  (1ull << 63)
#define LR_HW            (1ull << 61)
#define LR_GROUP1        (1ull << 60)
#define LR_EOI           (1ull << 41)

/** @vcpus 1..VGIC_MAX_VCPUS. */
void vgic_init(struct vgic *vgic, unsigned vcpus);

/*
 * The functions below return a mask of the vCPUs whose list registers want a refresh. They take the
 * lock of @vgic.
 */

/**
 * A guest's access to the distributor (@offset in its 64 KiB) or to redistributor @cpu (128 KiB
 * each). @size 1, 2, 4 or 8 bytes. Accesses that no register allows read 0 and write nothing.
 */
uint32_t vgic_dist_access(struct vgic *vgic, uint32_t offset, unsigned size, bool write,
			  uint64_t *value);
uint32_t vgic_redist_access(struct vgic *vgic, unsigned cpu, uint32_t offset, unsigned size,
			    bool write, uint64_t *value);
/** A write of vCPU @from to ICC_SGI1R_EL1 (@group1) or ICC_SGI0R_EL1. */
uint32_t vgic_send_sgi(struct vgic *vgic, unsigned from, uint64_t sgir, bool group1);
/** Set the input of an interrupt. @cpu counts for private ones only. */
uint32_t vgic_set_line(struct vgic *vgic, unsigned cpu, unsigned intid, bool level);
/** An edge at the input. */
uint32_t vgic_pulse(struct vgic *vgic, unsigned cpu, unsigned intid);

/**
 * Take back what is in the list registers of a vCPU; they are all 0 afterwards. The mask is of
 * other vCPUs, for interrupts that were routed to them while they were here.
 */
uint32_t vgic_collect(struct vgic *vgic, unsigned cpu, uint64_t *lrs, unsigned count);
/**
 * Choose what goes into the list registers, which are all 0. Returns true if not everything found
 * room: the caller asks the CPU for an interrupt when they run empty.
 */
bool vgic_fill(struct vgic *vgic, unsigned cpu, uint64_t *lrs, unsigned count);
/** Is the timer's interrupt pending or active (then the physical one must be kept active)? */
bool vgic_timer_in_flight(struct vgic *vgic, unsigned cpu);

#endif
