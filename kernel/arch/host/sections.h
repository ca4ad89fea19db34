/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lengths of lock sections, in basic blocks: the kernel is compiled once more with
 * -fsanitize-coverage=trace-pc, which calls a counter in each block, and with this file in front of
 * every other one. Counts repeat exactly. Monitors of guests, which are held for longer, are left
 * out; what a section calls counts for it.
 */
#ifndef ARCH_HOST_SECTIONS_H
#define ARCH_HOST_SECTIONS_H

#include "kernel/lib/spinlock.h"

/* name: the lock as the code calls it. */
void sections_lock(struct spinlock *lock, const char *name);
bool must_check sections_try_lock(struct spinlock *lock, const char *name);
void sections_unlock(struct spinlock *lock);

#define spin_lock(lock)     sections_lock(lock, #lock)
#define spin_try_lock(lock) sections_try_lock(lock, #lock)
#define spin_unlock(lock)   sections_unlock(lock)

#endif
