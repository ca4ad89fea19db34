/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tenon's own calls: there iff GET_OS_UUID answers Tenon's UUID. All are fast calls for the
 * hypervisor (a7 = 0); docs/abi-extensions.md describes them for integrators.
 */
#ifndef ABI_TENON_H
#define ABI_TENON_H

#include <stdint.h>

/* clang-format off */
/* 7e0b3c5a-91d4-4b8e-a2f6-54656e6f6e31, as the four words that GET_OS_UUID returns */
#define TENON_OS_UUID_0             0x7E0B3C5Au
#define TENON_OS_UUID_1             0x91D44B8Eu
#define TENON_OS_UUID_2             0xA2F65465u
#define TENON_OS_UUID_3             0x6E6F6E31u

/*
 * GUEST_CONFIGURE: a1 = VM id, a2 = key, a3..a6 = value. Before that VM's first yielding call.
 * a0 = OK | ENOTAVAIL (unknown VM, caller not the hypervisor, VM already called, identity in use)
 *    | EBADCMD (unknown key) | ENOMEM (reserve does not fit) | EBADADDR (value out of range).
 */
#define SMC_TENON_GUEST_CONFIGURE   0xB2000F00u
#define TENON_KEY_IDENTITY          0u /* a3..a6: UUID as four big-endian words, like GET_OS_UUID; not nil */
#define TENON_KEY_RESERVE_PAGES     1u /* a3: pages kept for this guest alone */
#define TENON_KEY_LIMIT_PAGES       2u /* a3: pages it may hold at most; not below the reserve */
#define TENON_KEY_LIMIT_CALLS       3u /* a3: calls in flight, 1..TENON_CALLS_MAX */
#define TENON_KEY_LIMIT_SESSIONS    4u /* a3: open sessions, 1..TENON_SESSIONS_MAX */
#define TENON_KEY_LIMIT_SHM_PAGES   5u /* a3: pages of its memory that it may register */
#define TENON_KEY_RESTARTABLE       6u /* a3: 1 = VM_DESTROYED may answer EBUSY with its state kept: repeat it */
#define TENON_KEY_PRIVILEGED        7u /* a3: 1 = may read the figures of all guests (abi/stats.h) */

#define TENON_CALLS_MAX             64u
#define TENON_SESSIONS_MAX          1024u

/*
 * NOTIFY_NEXT: for whoever takes the interrupt that stands in the TEE's device-tree node. a0 = OK and
 * a1 = a VM that has notifications pending and is to be interrupted, not told again until more are
 * posted; repeat. ENOTAVAIL: no more, or not the hypervisor.
 */
#define SMC_TENON_NOTIFY_NEXT       0xB2000F02u

/*
 * GUEST_STATS: a1 = VM id, or TENON_STATS_SYSTEM; a2 = counter.
 * a0 = OK and a1:a2 = the 64-bit value (high word first) | ENOTAVAIL (unknown VM, not the hypervisor)
 *    | EBADCMD (unknown counter).
 */
#define SMC_TENON_GUEST_STATS       0xB2000F01u
#define TENON_STATS_SYSTEM          0xFFFFFFFFu
/* counters of a guest */
#define TENON_STAT_PAGES            0u /* secure pages charged now */
#define TENON_STAT_PAGES_PEAK       1u
#define TENON_STAT_CALLS            2u /* calls in flight now */
#define TENON_STAT_SESSIONS         3u
#define TENON_STAT_INSTANCES        4u /* trusted-app instances */
#define TENON_STAT_SHM_PAGES        5u /* pages of its memory registered now */
#define TENON_STAT_CALLS_TOTAL      6u /* yielding calls ever started */
#define TENON_STAT_RPCS_TOTAL       7u
#define TENON_STAT_REFUSALS         8u /* requests refused for want of budget */
#define TENON_STAT_TICKS            9u /* CPU time in the secure world, in ticks of CNTPCT_EL0 */
#define TENON_STAT_CALLS_PEAK       10u
#define TENON_STAT_SESSIONS_PEAK    11u
#define TENON_STAT_INSTANCES_PEAK   12u
#define TENON_STAT_SHM_PAGES_PEAK   13u
#define TENON_STAT_RESERVE_PAGES    14u
#define TENON_STAT_LIMIT_PAGES      15u
/* counters of the system */
#define TENON_STAT_SYS_PAGES_TOTAL  0u /* secure pages under the allocator */
#define TENON_STAT_SYS_PAGES_FREE   1u
#define TENON_STAT_SYS_GUESTS       2u /* guests alive, guest 0 included */
#define TENON_STAT_SYS_IMAGES       3u /* verified images cached */
#define TENON_STAT_SYS_RESERVED     4u /* pages reserved for guests and not in use by them */
#define TENON_STAT_SYS_IMAGE_PAGES  5u /* pages held by cached images that no guest uses */

/*
 * TRACE: a1 = operation. START: a2 = pages (1..16) for each CPU's ring; the first start decides.
 * STOP. READ: a2:a3 = the address of a page of the hypervisor's, filled with struct trace_record.
 * a0 = OK; of READ also a1 = records in the page (fewer than fit: there are no more now), a2 = records
 *      lost since the last READ, a3 = ticks per second | ENOTAVAIL (not the hypervisor) | EBADCMD (unknown
 *      operation) | EBADADDR (a number of pages out of range, or no page of non-secure RAM) | ENOMEM.
 */
#define SMC_TENON_TRACE             0xB2000F03u
#define TENON_TRACE_STOP            0u
#define TENON_TRACE_START           1u
#define TENON_TRACE_READ            2u

/* Events, with their values a b c d. */
#define TRACE_NO_CALL               0xFFFFu
#define TRACE_GUEST_CREATED         1u /* a0 of VM_CREATED */
#define TRACE_GUEST_DESTROYED       2u /* a0 of VM_DESTROYED */
#define TRACE_CALL_ENTER            3u /* 0: new, 1: resumed */
#define TRACE_CALL_LEAVE            4u /* 0: ended, 1: for an RPC, 2: preempted; a0 */
#define TRACE_COMMAND               5u /* command of the message, session, function */
#define TRACE_RPC                   6u /* command */
#define TRACE_APP_ENTER             7u /* TA_FUNC_*, session, command, first word of the app's UUID */
#define TRACE_APP_LEAVE             8u /* enum ta_verdict; result; -; first word of the UUID */
#define TRACE_SYSCALL               9u /* number, result, ticks it took */
#define TRACE_SESSION_OPEN          10u /* session, result, -, first word of the UUID */
#define TRACE_SESSION_CLOSE         11u /* session */
#define TRACE_REFUSED               12u /* TRACE_OF_* */
#define TRACE_OF_PAGES              0u
#define TRACE_OF_CALLS              1u
#define TRACE_OF_SESSIONS           2u
#define TRACE_OF_SHM_PAGES          3u
#define TRACE_OF_INSTANCES          4u
/* clang-format on */

/* One event. ticks: CNTPCT_EL0 at its end. */
struct trace_record {
	uint64_t ticks;
	uint32_t guest; /* VM id */
	uint8_t event;
	uint8_t cpu;
	uint16_t call; /* the guest's call, or TRACE_NO_CALL */
	uint32_t value[4];
};
_Static_assert(sizeof(struct trace_record) == 32, "trace record");

#endif
