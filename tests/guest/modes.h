/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GUEST_MODES_H
#define GUEST_MODES_H

#include "tee.h"

/* Each returns when all went well, and fails otherwise. */

/* A session with the ledger, checked; everything given back at the end. */
void mode_once(void);

/* Valid and hostile calls, seeded; the only thing expected of each is that it returns. */
void mode_storm(void);

/* Enters calls and stays in them: running, preempted, in an RPC of a chosen kind, or a mixture. */
void mode_linger(void);

/* One session; a ledger call for each character 'i' typed, 'q' to end. */
void mode_crowd(void);

/* Calls the TEE once and then does nothing for ever, without taking CPU time. */
void mode_sleep(void);

/*
 * Takes what it can of one thing after the other, until the next letter is typed: 's' nothing (it
 * spins outside the TEE), 'm' memory, an instance
 * for each session, 'r' memory that it shares, 'c' calls, 'o' sessions, 't' time, 'n' interrupts of
 * the TEE.
 */
void mode_hog(void);

/*
 * Takes as many sessions, instances and buffers as it is told, and keeps them until 'q' is typed or
 * it is destroyed.
 */
void mode_hoard(void);

/*
 * Does with its sessions=N of a shared app, and waits=N calls in it, what the letters typed say
 * (herd.c lists them), and says when each is done; 'q' to end.
 */
void mode_herd(void);

/* A ledger call after the other; a line with their number every quarter of a second. */
void mode_pace(void);

/* Disables the cache, unregisters the messages, and checks that the TEE keeps nothing of ours. */
void give_back(void);

#endif
