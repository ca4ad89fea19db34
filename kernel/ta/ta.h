/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trusted apps as their clients see them: sessions, commands, parameters.
 *
 * An instance belongs to one guest. One call at a time is inside an instance; others park in their
 * own guest until it is free (TA-077). An app may ask to be shared by all guests; then its instance
 * belongs to the system (kernel/ta/shared.h). Services (pseudo TAs) are reached in the same way but
 * run in the kernel.
 *
 * Context of all functions: inside a call, monitor held; they give it up meanwhile.
 */
#ifndef TA_TA_H
#define TA_TA_H

#include "abi/shared.h"
#include "abi/ta.h"
#include "kernel/shm/shm.h"
#include "kernel/ta/modules.h"
#include "kernel/ta/uaspace.h"

/* Who opens a session (TA-086). */
struct ta_client {
	uint32_t login;
	struct uuid uuid;
};

/*
 * A piece of a caller's memory: of its guest (shm), or of a calling app (as). Both NULL: a NULL
 * reference, of size 0. Whoever holds the parameters keeps them alive: by a reference to shm; an
 * app's address space stays as it is because the call that passes it is inside that app.
 */
struct ta_memref {
	struct shm *shm;
	const struct uaspace *as;
	uint64_t offset; /* in shm; the address in as */
	uint64_t size;   /* in: of the piece; out: produced, or needed with SHORT_BUFFER, so it may
			    be larger */
	uint64_t room;   /* size as it came in: what may be touched */
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

/*
 * Copies between secure memory and [offset, offset + size) of a reference, for services: the range
 * must lie inside room (asserted), and be short: nothing polls in between. ACCESS_DENIED: an app's
 * page is not there or lacks the right; COMMUNICATION: guest memory failed.
 */
TEE_Result must_check ta_memref_read(const struct ta_memref *ref, uint64_t offset, void *to,
				     size_t size);
TEE_Result must_check ta_memref_write(const struct ta_memref *ref, uint64_t offset,
				      const void *from, size_t size);

/* What Linux makes a device of, and from when on (NW-146). */
enum ta_device {
	TA_NO_DEVICE,
	TA_DEVICE,            /* works always */
	TA_DEVICE_SUPPLICANT, /* needs tee-supplicant */
	TA_DEVICE_STORAGE,    /* needs secure storage on RPMB */
};

/*
 * A service of the kernel under a UUID (a pseudo TA). Functions run with the monitor held and may
 * call_rpc(); several calls may be inside at once. Results have the origin TRUSTED_APP (TA-084).
 */
struct ta_service {
	struct uuid uuid;
	const char *name;
	enum ta_device device;
	bool apps_only;  /* opened from the normal world: ACCESS_DENIED (TA-141) */
	bool for_shared; /* shared apps may open it: it sends no RPC and keeps nothing of a client
			  */
	/* Both may be NULL. open may refuse; close is called once for each session that open
	 * accepted, when no call is inside it any more, also when the guest dies: call_rpc()
	 * answers TARGET_DEAD then. In close, session->opener may be NULL because the app is gone,
	 * and there may be no running call: the guest is session->guest. */
	TEE_Result (*open)(struct ta_session *session, struct ta_params *params);
	void (*close)(struct ta_session *session);
	TEE_Result (*invoke)(struct ta_session *session, uint32_t cmd, struct ta_params *params);
};

/*
 * Owner: its guest, which is an owner of its own for a shared app; charged to it. Born LOADING, so
 * that a second opener waits instead of loading the same app again; READY once it can be entered;
 * DEAD after a panic: then only its sessions still lead to it. Freed with its last reference.
 */
struct ta_instance {
	struct list link; /* guest->instances */
	struct list idle; /* of all guests, while it has no session and may give way */
	struct list idle_of_guest;
	struct guest *guest;
	struct uuid uuid;
	enum {
		TA_LOADING,
		TA_READY,
		TA_DEAD
	} state;
	uint32_t references; /* sessions, and calls on their way in or out */
	uint32_t awaited;    /* of these: calls that wait for the end of loading */
	uint32_t flags;      /* of ta_head */
	struct uaspace as;
	bool as_ready;
	struct modules modules;
	struct user_context *context;
	struct call *busy;      /* the call inside, or the one that loads it, or NULL */
	struct wait_queue turn; /* those that want in, and those that wait for the end of loading */
	struct list opened;     /* sessions that it opened to others: ta_session.of_opener */
	struct ta_shared *shared; /* NULL: of one guest, as all are that do not ask for it */
	struct list objects;  /* what system calls made for it: the syscall room's (ta_release); the
				 next handle to come round first */
	uint32_t next_object; /* the last handle given */
};

/*
 * Owner: its guest; opened by the normal world, or by an app of that guest. A name is good only for
 * the opener (TA-080), and only while the session is OPEN: from when the app has accepted it until
 * it is closed. Freed with its last reference.
 */
struct ta_session {
	struct list link;      /* guest->sessions, in any state: so a number is not used twice */
	struct list of_opener; /* opener->opened while OPEN; call->orphans when its opener is gone
				  or it could not be closed at once */
	enum {
		TA_SESSION_OPENING,
		TA_SESSION_OPEN,
		TA_SESSION_CLOSED
	} state;
	bool accepted; /* by the service: its close is due */
	struct guest *guest;
	struct ta_instance *opener; /* NULL: the normal world, or an app that is gone */
	uint32_t id; /* non-zero, unique in the guest; the app knows it under the same number
			(TA-045) */
	uint32_t references;
	struct ta_instance *instance; /* a reference, or NULL for … */
	const struct ta_service *service;
	uint32_t service_data; /* the service's own */
	struct ta_client client;
	bool cancel_requested;
	bool cancel_unmasked;
	/* Of a guest with a shared app: the session that the app sees; of that one: the guest's, or
	 * NULL when it is gone (kernel/ta/shared.h). */
	struct ta_session *peer;
	struct uuid client_guest; /* of the app's side */
	uint64_t deadline; /* of the entry in progress, by arch_counter(); UINT64_MAX: none */
};

#define TA_NO_TIMEOUT    0xFFFFFFFFu /* milliseconds */
#define TA_DEPTH_MAX     4u          /* apps that one call may be inside of at a time (TA-079) */
#define TA_INSTANCES_MAX 512u        /* of a guest, idle ones give way: bounds each look-up (I7) */

#define TA_LOGIN_TRUSTED_APP                                                                       \
	0xF0000000u /* of a client that is an app; its UUID is the client's                        \
		     */

/* Who asks: opener NULL is the normal world; an app counts as itself, whatever client says. */
struct ta_caller {
	struct ta_instance *opener;
	uint32_t timeout; /* until the app is asked to cancel, in ms; TA_NO_TIMEOUT (TA-089) */
};

/*
 * Opens a session (TA-072 .. TA-076). params are updated with what the app returned. *id is 0 on
 * failure, *origin tells who made the result. BUSY: the app has its only session, or waiting for it
 * could never end (TA-078); OUT_OF_MEMORY: also for the fifth app in one call (TA-079);
 * ACCESS_DENIED: the service is for apps only (TA-141), or the caller is shared and asks for more
 * than it may; ACCESS_CONFLICT: another file of the shared app runs.
 */
TEE_Result must_check ta_open_session(const struct ta_caller *caller, const struct uuid *uuid,
				      const struct ta_client *client, struct ta_params *params,
				      uint32_t *id, uint32_t *origin);

/* BAD_PARAMETERS: no such session of this caller; TARGET_DEAD: its app panicked (TA-049, TA-050);
 * BUSY: waiting for it could never end (TA-078). */
TEE_Result must_check ta_invoke(const struct ta_caller *caller, uint32_t id, uint32_t cmd,
				struct ta_params *params, uint32_t *origin);

/* ITEM_NOT_FOUND: no such session. Closing one whose app panicked succeeds. */
TEE_Result must_check ta_close_session(const struct ta_caller *caller, uint32_t id,
				       uint32_t *origin);

/* Flags a session of the normal world; the app sees it if it unmasked cancellation. */
TEE_Result must_check ta_cancel(uint32_t id);

#define TA_SERVICES_MAX 16u
void ta_register_service(const struct ta_service *service);

/* The registered services, index from 0 on; NULL: no more. */
const struct ta_service *ta_service_at(unsigned index);

/* What a system call makes of the app that issued it. */
enum ta_verdict {
	TA_CONTINUE, /* go on, result is in x0 */
	TA_RETURN,   /* it left with the result in x0 */
	TA_PANIC,    /* it panicked */
	TA_CUT,      /* shared apps: its client's guest is dying; it goes on in another's call */
};

/* Serves the system call in instance->context; set by the syscall room. */
extern enum ta_verdict (*ta_syscall)(struct ta_instance *instance, struct ta_session *session);

/* Frees some of instance->objects; called again while it says that there are more, when the app
 * died or goes. Set by the syscall room. */
extern bool (*ta_release)(struct ta_instance *instance);

/* Cancellation counts for this session now: asked for, or the deadline has passed, and not masked
 * (TA-088). */
bool ta_cancelled(const struct ta_session *session);

/* What there is to tell about an instance of the running call's guest. */
struct ta_figures {
	struct uuid uuid;
	bool panicked;
	uint32_t sessions;
	uint32_t pages; /* mapped */
};

/*
 * The index-th instance, from 0 on; false: no more. Each look-up stands for itself: instances that
 * come and go in between shift the rest.
 */
bool must_check ta_get_figures(unsigned index, struct ta_figures *figures);

/*
 * Frees some pages: of images that no guest uses, else of an instance that is kept alive without a
 * session; of a guest's own when no other may be had. True also if no page came free yet: it is
 * nearer to that. False: there is nothing to be had. For page_reclaim of kernel/memory/pages.h; a
 * bounded piece of work. Context: no lock but the monitor of the running call's guest, or of a
 * guest whose memory this is for.
 */
bool ta_reclaim(struct budget *for_whom, uint32_t count);

void ta_init(void);

#endif
