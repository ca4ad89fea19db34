/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ticket spin locks. A section is short, bounded and calls nothing that can suspend.
 *
 * Lock order, outermost first (never take one to the left while holding one to the right):
 *
 *     guest monitor  >  guest table  >  image cache, idle instances, shared apps, queues across
 * guests >  page allocator, notify, random numbers  >  ASIDs, stacks  >  log
 *
 * A second monitor is never waited for: spin_try_lock(), and a bounded section.
 *
 * The monitor of a guest is the one lock that is held for longer stretches: whoever runs kernel
 * code on behalf of a guest holds it, and gives it up in user mode, in preemptible brackets,
 * whenever the call leaves for the normal world, and at a poll if another CPU waits
 * (kernel/guest/guest.h). No lock may be held at an
 * exit; a counter per CPU is asserted there.
 */
#ifndef LIB_SPINLOCK_H
#define LIB_SPINLOCK_H

#include "kernel/lib/types.h"

struct spinlock {
	uint16_t next;  /* the ticket the next taker draws */
	uint16_t owner; /* the ticket that may go in */
};

/* Interrupts are masked in the kernel, so a holder is never interrupted by a taker on its own CPU.
 */
void spin_lock(struct spinlock *lock);
/* Takes it only if nobody has it and nobody waits for it. */
bool must_check spin_try_lock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock);

/* Whether another CPU waits for a lock that this one holds. */
bool spin_is_wanted(const struct spinlock *lock);

/* Locks that this CPU holds now. */
unsigned spin_held(void);

#endif
