/* SPDX-License-Identifier: BSD-2-Clause */
/* What the storm's parts share. Single-threaded; seeded; everything it does can be repeated. */
#ifndef GUEST_STORM_H
#define GUEST_STORM_H

#include "book.h"

#define STORM_SESSIONS 4u
#define STORM_BUFFERS  4u
#define GHOSTS         8u
#define GHOST_COOKIE                                                                               \
	0x6000000000000000u /* and 64 more for each: cookies of hostile registrations */

struct storm {
	struct random random;
	bool is_native;
	struct book book;                  /* the honest customer in the middle of it */
	uint32_t sessions[STORM_SESSIONS]; /* 0: none */
	struct buffer *buffers[STORM_BUFFERS];
	struct call *abandoned[CALLS_MAX];
	uint32_t abandoned_count;
	uint32_t abandoned_max;
	uint64_t statuses[9]; /* how often each final a0 came; 8: unknown function */
	uint64_t refusals;    /* messages answered with an error */
	uint64_t successes;
};

extern struct storm storm;

/* A number in [0, bound). */
uint32_t pick(uint32_t bound);

/* An address that is none of ours to share: device, secure, outside of memory, ... */
uint64_t hostile_address(void);

/* Finishes the call honestly and counts its end. Its result, or COMMUNICATION on a bad status. */
TEE_Result storm_finish(struct call *call);

/* Operations of hostile.c and lies.c. */
void storm_fast(void);
void storm_bad_address(void);
void storm_resume_unknown(void);
void storm_garbage_message(void);
void storm_hostile_list(void);
void storm_hostile_invoke(void);
void storm_hostile_open(void);
void storm_unknown_session(void);
void storm_lies(void);
void storm_steal_payload(void);

#endif
