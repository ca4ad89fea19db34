/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trusted apps as their clients see them: sessions, commands, parameters.
 *
 * An instance belongs to one guest. One call at a time is inside an instance; others park in their
 * own guest until it is free (TA-077). Services (pseudo TAs) are reached in the same way but run in
 * the kernel.
 *
 * Context of all functions: inside a call, monitor held; they give it up meanwhile.
 */
#ifndef TA_TA_H
#define TA_TA_H

#include "abi/ta.h"
#include "kernel/shm/shm.h"
#include "kernel/ta/elf.h"
#include "kernel/ta/image.h"
#include "kernel/ta/uaspace.h"

/* Who opens a session (TA-086). */
struct ta_client {
	uint32_t login;
	struct uuid uuid;
};

/* A piece of guest memory; shm NULL: a NULL reference. The holder of the parameters references shm.
 */
struct ta_memref {
	struct shm *shm;
	uint64_t offset;
	uint64_t size; /* in: of the piece; out: produced, or needed with SHORT_BUFFER, so it may be
			  larger */
};

struct ta_param {
	uint32_t type; /* TEE_PARAM_* */
	union {
		struct {
			uint32_t a, b;
		} value;
		struct ta_memref memref;
	} u;
};

struct ta_params {
	struct ta_param p[TA_PARAMS];
};

struct ta_session;

/* A service of the kernel under a UUID. Functions run with the monitor held and may call_rpc(). */
struct ta_service {
	struct uuid uuid;
	const char *name;
	TEE_Result (*invoke)(struct ta_session *session, uint32_t cmd, struct ta_params *params);
};

/*
 * Owner: its guest; charged to it. Born LOADING, so that a second opener waits instead of loading
 * the same app again; READY once it can be entered; DEAD after a panic: then only its sessions
 * still lead to it. Freed with its last reference.
 */
struct ta_instance {
	struct list link; /* guest->instances */
	struct guest *guest;
	struct uuid uuid;
	enum {
		TA_LOADING,
		TA_READY,
		TA_DEAD
	} state;
	uint32_t references; /* sessions, and calls on their way in or out */
	uint32_t session_count;
	uint32_t flags;      /* of ta_head */
	struct image *image; /* a reference */
	struct uaspace as;
	bool as_ready;
	struct elf_instance elf;
	struct user_context *context;
	struct call *busy;      /* the call inside, or NULL */
	struct wait_queue turn; /* those that want in, and those that wait for the end of loading */
	bool has_time;          /* TA persistent time was set … */
	struct {
		uint32_t seconds, millis;
		bool wraps; /* it was set below system time */
	} time_offset;      /* … to system time plus this */
};

/* Owner: its guest (opened from the normal world). Published when the app has accepted it. */
struct ta_session {
	struct list link; /* guest->sessions; alone when closed */
	struct guest *guest;
	uint32_t id; /* non-zero, unique in the guest; the app knows it under the same number
			(TA-045) */
	uint32_t references;
	struct ta_instance *instance; /* a reference, or NULL for … */
	const struct ta_service *service;
	struct ta_client client;
	bool cancel_requested;
	bool cancel_unmasked;
};

/*
 * Opens a session (TA-072 .. TA-076). params are updated with what the app returned. *id is 0 on
 * failure, *origin tells who made the result.
 */
TEE_Result must_check ta_open_session(const struct uuid *uuid, const struct ta_client *client,
				      struct ta_params *params, uint32_t *id, uint32_t *origin);

/* BAD_PARAMETERS: no such session of this guest; TARGET_DEAD: its app panicked (TA-049, TA-050). */
TEE_Result must_check ta_invoke(uint32_t id, uint32_t cmd, struct ta_params *params,
				uint32_t *origin);

/* ITEM_NOT_FOUND: no such session. Closing one whose app panicked succeeds. */
TEE_Result must_check ta_close_session(uint32_t id, uint32_t *origin);

/* Flags the session; the app sees it if it unmasked cancellation. */
TEE_Result must_check ta_cancel(uint32_t id);

void ta_register_service(const struct ta_service *service);

/* What a system call makes of the app that issued it. */
enum ta_verdict {
	TA_CONTINUE, /* go on, result is in x0 */
	TA_RETURN,   /* it left with the result in x0 */
	TA_PANIC,    /* it panicked */
};

/* Serves the system call in instance->context; set by the syscall room. */
extern enum ta_verdict (*ta_syscall)(struct ta_instance *instance, struct ta_session *session);

/* Cancellation counts for this session now (TA-088). */
bool ta_cancelled(const struct ta_session *session);

void ta_init(void);

#endif
