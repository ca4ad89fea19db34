/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared trusted apps: one instance for all guests (docs/abi-extensions.md). For the kernel and for
 * apps, which build it with the development kit.
 */
#ifndef ABI_SHARED_H
#define ABI_SHARED_H

/* clang-format off */
/* In ta_head.flags, with SINGLE_INSTANCE and MULTI_SESSION only, and without bit 13. */
#define TENON_TA_SHARED             (1u << 24)

/*
 * The wait service, for shared apps alone. WAIT: p0 value in: the key (a low, b high word): the
 * command that is being served wants to sleep until somebody wakes the key; it then returns
 * TENON_RETRY. BAD_STATE: it is no command, or waits for a key already; CANCEL: its client is gone.
 * WAKE: p0 value in: the key; p1 value inout: a = how many to wake at most, and how many were.
 */
#define TENON_WAIT_UUID             {0x7e0b3c5a, 0x5a17, 0x4b8e, {0xa2, 0xf6, 0x54, 0x65, 0x6e, 0x6f, 0x6e, 0x31}}
#define TENON_WAIT_CMD_WAIT         0u
#define TENON_WAIT_CMD_WAKE         1u

/* What a command returns that is to be entered again, with the same parameters, when it was woken. */
#define TENON_RETRY                 0x8054454Eu

#define TENON_SHARED_SESSIONS       16u   /* of one guest with one shared app */
#define TENON_SHARED_PAGES          1024u /* that a shared app may hold, its image included */
#define TENON_SHARED_COPY_PAGES     64u   /* of memory parameters of one command */
#define TENON_SHARED_MILLIS         1000u /* of secure CPU time for one command */
/* clang-format on */

#endif
