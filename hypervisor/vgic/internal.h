/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VGIC_INTERNAL_H
#define VGIC_INTERNAL_H

#include <stddef.h>
#include <vgic/vgic.h>

/** NULL: no such interrupt. */
struct virq *vgic_irq(struct vgic *vgic, unsigned cpu, unsigned intid);
bool virq_is_pending(const struct virq *irq);
/** The vCPUs that have, or are to get, the interrupt. */
uint32_t virq_kick_mask(const struct virq *irq, unsigned cpu, unsigned intid);

#endif
