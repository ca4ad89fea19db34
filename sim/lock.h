/* SPDX-License-Identifier: BSD-2-Clause */
/* What the clients of the lock between guests tell (lock.c). */
#ifndef SIM_LOCK_H
#define SIM_LOCK_H

#include "sim/sim.h"

/* An honest guest's vCPU has it now: nobody else may. */
void lock_granted(struct fiber *fiber, uint64_t number);

/* It is about to give it back, in whatever way. */
void lock_dropped(struct fiber *fiber);

/* A VM has gone, and what it held is to be given back. */
void lock_holder_gone(const struct vm *vm);

/* The lock that openers find now; since when it is free or abandoned. */
enum lock_is {
	LOCK_TAKEN,
	LOCK_ABANDONED, /* its holder has gone */
	LOCK_FREE
};
enum lock_is lock_is(uint64_t *since);

#endif
