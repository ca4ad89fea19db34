/* SPDX-License-Identifier: BSD-2-Clause */
/* Between shared.c and shared_entry.c. */
#ifndef TA_SHARED_ENTRY_H
#define TA_SHARED_ENTRY_H

#include "kernel/ta/shared.h"

/* The lock "shared apps". */
void shared_lock(void);
void shared_unlock(void);

/* The app panicked: nobody finds it any more, its memory goes. Context: taken. */
void shared_die(struct ta_instance *instance);

/*
 * Waits for the instance and takes it, then does what is pending. TARGET_DEAD: the app died, or the
 * guest is dying; then it is not taken.
 */
TEE_Result must_check shared_take(struct ta_instance *instance);

/* Whoever waits the longest, or for what is pending, comes next. The caller holds a reference. */
void shared_give_back(struct ta_instance *instance);

/* A wake-up for the turn, or for what is pending, that the call does not use. */
void shared_pass_on(struct ta_shared *s);

/* Something is pending, and nobody is inside who will see it. */
bool must_check shared_is_left(struct ta_shared *s);

/*
 * Finishes the command that was cut, then closes the sessions that are due. TARGET_DEAD: the app
 * died of it, or this guest is dying, too. Context: taken.
 */
TEE_Result must_check shared_settle(struct ta_instance *instance);

#endif
