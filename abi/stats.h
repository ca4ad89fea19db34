/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The statistics service d96a5b40-e2c7-b1af-8794-1002a5d5c61b: what `xtest --stats` asks, and
 * Tenon's own figures about guests (docs/abi-extensions.md).
 */
#ifndef ABI_STATS_H
#define ABI_STATS_H

#include <stdint.h>

#include "abi/ta.h"

/* clang-format off */
#define STATS_UUID                  {0xd96a5b40, 0xe2c7, 0xb1af, {0x87, 0x94, 0x10, 0x02, 0xa5, 0xd5, 0xc6, 0x1b}}

#define STATS_CMD_PAGER             0u
#define STATS_CMD_ALLOC             1u
#define STATS_CMD_MEMORY_LEAK       2u
#define STATS_CMD_TA                3u
#define STATS_CMD_TIME              4u
#define STATS_CMD_DRIVERS           5u

/*
 * TENON_GUESTS: p0 value in: a = the lowest handle wanted; p1 memref out: struct stats_guest[];
 * p2 value out: a = records given, b = where to go on, 0: no more. A guest gets its own record
 * only, whatever it asks; guest 0 and privileged ones (TENON_KEY_PRIVILEGED) get all, in the order
 * of their handles.
 * TENON_MACHINE: p0 memref out: struct stats_machine. ACCESS_DENIED for any other guest.
 */
#define STATS_CMD_TENON_GUESTS      0x54454E00u
#define STATS_CMD_TENON_MACHINE     0x54454E01u

#define STATS_GUEST_DYING           (1u << 0)
#define STATS_GUEST_HAS_IDENTITY    (1u << 1)
/* clang-format on */

/* One pool of memory, in bytes. */
struct stats_pool {
	char name[32];
	uint32_t used;
	uint32_t peak;
	uint32_t size;
	uint32_t failures;
	uint32_t biggest_failure;
	uint32_t used_at_failure;
};
_Static_assert(sizeof(struct stats_pool) == 56, "allocator record");

struct stats_ta {
	struct uuid uuid;
	uint32_t panicked;
	uint32_t sessions;
	struct stats_pool memory;
};
_Static_assert(sizeof(struct stats_ta) == 80, "trusted app record");

struct stats_guest {
	uint32_t handle;
	uint32_t flags;
	struct uuid identity; /* nil: none */
	uint32_t pages, pages_peak, pages_reserve, pages_limit;
	uint32_t calls, calls_peak, calls_limit;
	uint32_t sessions, sessions_peak, sessions_limit;
	uint32_t instances, instances_peak;
	uint32_t shm_objects;
	uint32_t shm_pages, shm_pages_limit;
	uint32_t shm_pages_peak;
	uint64_t calls_total;
	uint64_t rpcs_total;
	uint64_t refusals;
	uint64_t cpu_us; /* of CPU time in the secure world */
};
_Static_assert(sizeof(struct stats_guest) == 120, "guest record");

struct stats_machine {
	uint32_t pages_total, pages_free, pages_reserved;
	uint32_t guests;
	uint32_t images, images_unused_pages;
};
_Static_assert(sizeof(struct stats_machine) == 24, "machine record");

#endif
