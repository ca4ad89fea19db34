/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tenon's own calls: there iff GET_OS_UUID answers Tenon's UUID. All are fast calls for the
 * hypervisor (a7 = 0); docs/abi-extensions.md describes them for integrators.
 */
#ifndef ABI_TENON_H
#define ABI_TENON_H

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
/* counters of the system */
#define TENON_STAT_SYS_PAGES_TOTAL  0u /* secure pages under the allocator */
#define TENON_STAT_SYS_PAGES_FREE   1u
#define TENON_STAT_SYS_GUESTS       2u /* guests alive, guest 0 included */
#define TENON_STAT_SYS_IMAGES       3u /* verified images cached */
#define TENON_STAT_SYS_RESERVED     4u /* pages reserved for guests and not in use by them */
#define TENON_STAT_SYS_IMAGE_PAGES  5u /* pages held by cached images that no guest uses */
/* clang-format on */

#endif
