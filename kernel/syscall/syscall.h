/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls: the trusted app's view of the kernel. One table, one function per call; arguments
 * are checked at the door and user memory is only reached through user_read()/user_write()
 * (trusted-app ABI §3).
 */
#ifndef SYSCALL_SYSCALL_H
#define SYSCALL_SYSCALL_H

#include "kernel/ta/ta.h"

/* What a system call works on. */
struct syscall {
	struct ta_instance *instance;
	struct ta_session *session; /* the one that is being served */
	const uint64_t *arg;        /* x0..x7 */
	enum ta_verdict verdict;    /* TA_CONTINUE unless the call ends the entry */
};

/* Property calls (TA-069 .. TA-071). */
TEE_Result must_check sys_get_property(struct syscall *sc);
TEE_Result must_check sys_get_property_index(struct syscall *sc);

/* Sessions of apps to apps and services (TA-081 .. TA-086). */
TEE_Result must_check sys_open_ta_session(struct syscall *sc);
TEE_Result must_check sys_close_ta_session(struct syscall *sc);
TEE_Result must_check sys_invoke_ta_command(struct syscall *sc);

/* Time calls (TA-089 .. TA-091). */
TEE_Result must_check sys_wait(struct syscall *sc);
TEE_Result must_check sys_get_time(struct syscall *sc);
TEE_Result must_check sys_set_ta_time(struct syscall *sc);
void syscall_time_init(void);

/*
 * The rows of trusted-app ABI §3.2: what may leave a system call, for libutee panics the app that
 * gets anything else (TA-062). result is kept if the row has it, or if it is how the call says that
 * the app itself is wrong (its pointers, handles, states); else it becomes the row's fallback.
 */
TEE_Result syscall_result(uint64_t number, TEE_Result result);

/*
 * Same for a code that the normal world chose: it never says that the app is wrong, whatever it is
 * (TA-063). To be applied to the answer of an RPC that a system call hands on.
 */
TEE_Result syscall_foreign_result(uint64_t number, TEE_Result result);

/* What a call answers that this kernel does not have: what it would say of an unknown handle or an
 * absent algorithm or object. */
TEE_Result syscall_refusal(uint64_t number);

/* Cryptographic states and digests (TA-100 .. TA-103). */
TEE_Result must_check sys_cryp_state_alloc(struct syscall *sc);
TEE_Result must_check sys_cryp_state_copy(struct syscall *sc);
TEE_Result must_check sys_cryp_state_free(struct syscall *sc);
TEE_Result must_check sys_hash_init(struct syscall *sc);
TEE_Result must_check sys_hash_update(struct syscall *sc);
TEE_Result must_check sys_hash_final(struct syscall *sc);

void syscall_init(void);

#endif
