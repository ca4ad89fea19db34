/* SPDX-License-Identifier: BSD-2-Clause */
/* Ticket locks, and how many each CPU holds. */
#include "kernel/arch/arch.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/spinlock.h"

/* Each on a cache line of its own, or every lock would make the CPUs share one. */
static struct {
	_Alignas(64) unsigned count;
} held[CPU_MAX];

void spin_lock(struct spinlock *lock)
{
	uint16_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);

	while (__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != ticket)
		arch_relax();
	held[arch_cpu_index()].count++;
}

bool spin_try_lock(struct spinlock *lock)
{
	uint16_t ticket = __atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE);
	uint16_t free = ticket;

	if (!__atomic_compare_exchange_n(&lock->next, &free, (uint16_t)(ticket + 1), false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	held[arch_cpu_index()].count++;
	return true;
}

void spin_unlock(struct spinlock *lock)
{
	unsigned *count = &held[arch_cpu_index()].count;

	assert(*count != 0);
	(*count)--;
	__atomic_store_n(&lock->owner, (uint16_t)(lock->owner + 1), __ATOMIC_RELEASE);
}

bool spin_is_wanted(const struct spinlock *lock)
{
	uint16_t next = __atomic_load_n(&lock->next, __ATOMIC_RELAXED);

	return next != (uint16_t)(lock->owner + 1);
}

unsigned spin_held(void)
{
	return held[arch_cpu_index()].count;
}
