/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trace: what happened to which guest, in rings of records (abi/tenon.h), one ring for each
 * CPU. Off until the hypervisor turns it on: then an event costs a load and a branch. On, it is a
 * store of 32 bytes without any lock, for only its own CPU writes to a ring. The oldest records are
 * overwritten; a reader is told how many it has missed.
 *
 * Records of all guests lie side by side, so only the hypervisor may read them.
 */
#ifndef LIB_TRACE_H
#define LIB_TRACE_H

#include "abi/result.h"
#include "abi/tenon.h"
#include "kernel/lib/types.h"

#define TRACE_PAGES_MAX 16u /* of one CPU's ring */
#define TRACE_PER_PAGE  (PAGE_SIZE / sizeof(struct trace_record))

extern bool trace_is_on;

/* Slow part of trace(). */
void trace_write(uint32_t event, uint32_t guest, uint32_t call, const uint32_t value[4]);

/*
 * Notes an event (TRACE_*) of a guest; call: the slot of the call it is of, or TRACE_NO_CALL. What
 * the four values are depends on the event. Any context with interrupts masked; any lock may be
 * held.
 */
static inline void trace(uint32_t event, uint32_t guest, uint32_t call, uint32_t a, uint32_t b,
			 uint32_t c, uint32_t d)
{
	if (__builtin_expect(__atomic_load_n(&trace_is_on, __ATOMIC_ACQUIRE), 0))
		trace_write(event, guest, call, (const uint32_t[4]){a, b, c, d});
}

/*
 * Starts, with pages pages (1..TRACE_PAGES_MAX) of page() for each CPU below cpus. The first start
 * decides how many; pages stay the trace's for good. OUT_OF_MEMORY: page() gave none;
 * BAD_PARAMETERS: that is no number of pages. What was noted before is forgotten.
 */
TEE_Result must_check trace_start(uint32_t pages, unsigned cpus, void *(*page)(void));
void trace_stop(void);

/*
 * Takes the next records of one CPU after the other, at most count; returns how many. lost: records
 * that were overwritten since the last time, added to. Each is given once. Context: one reader at
 * a time is let in, others get 0.
 */
unsigned trace_read(struct trace_record *to, unsigned count, uint32_t *lost);

/* At the kernel's start: off, without pages. */
void trace_init(void);

#endif
