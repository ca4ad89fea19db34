/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ticket spinlocks. EL2 always runs with interrupts masked, so taking one needs no more.
 *
 * Lock order (take from left to right only):
 *   mediator's locks → vm table → vm → vgic → timer → sched → heap → page pool → vuart → console
 */
#ifndef LIB_LOCK_H
#define LIB_LOCK_H

#include <stdbool.h>
#include <stdint.h>

struct lock {
	uint32_t next, owner;
};

static inline void lock_acquire(struct lock *l)
{
	uint32_t ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);

	while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != ticket)
		;
}

/* Takes the lock if nobody has it or waits for it: for work that can be done later as well. */
static inline bool lock_try(struct lock *l)
{
	uint32_t owner = __atomic_load_n(&l->owner, __ATOMIC_ACQUIRE), free = owner;

	return __atomic_compare_exchange_n(&l->next, &free, owner + 1, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static inline void lock_release(struct lock *l)
{
	__atomic_store_n(&l->owner, l->owner + 1, __ATOMIC_RELEASE);
}

#endif
