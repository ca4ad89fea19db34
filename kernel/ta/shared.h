/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared apps: one instance for all guests that present the same file (docs/abi-extensions.md).
 *
 *     guest 1 ── session ──▶ peer ┐
 *     guest 1 ── session ──▶ peer ├─ owner ── instance, image, objects, sessions with services
 *     guest 2 ── session ──▶ peer ┘
 *
 * Owner: a guest record of its own that is in no table (guest_new_owner()); it pays for all that
 * the app has. Each guest's session is the guest's and charged to it; its peer is what the app
 * sees of it, and stays until the app has been told of the close.
 *
 * No monitor protects an instance that several guests enter. One call at a time has it, from
 * shared_take() to shared_give_back(), and with it the owner's heap and lists and the address
 * space. What others may touch meanwhile (who has it, references, what is due, a peer's way back
 * to its session) is protected by the lock "shared apps", a leaf with short sections. Nobody is
 * handed the instance: a call that was woken takes it when it comes, for its guest may never let
 * it come. For a few milliseconds nobody else takes it, or a client that is quicker back than a
 * sleeper's guest is woken would always be first.
 *
 * Nothing that is inside waits for a guest: no RPC, no sleep, no other app. A command that has to
 * wait asks the wait service and returns TENON_RETRY; its call leaves the instance, parks in its
 * own guest and enters the same command again. A command whose guest dies is cut where it is and
 * goes on in the call of the next who takes the instance; then come the closes that are due of
 * sessions whose guests have gone. So what the app does for one client always comes to its end, or
 * takes too much CPU time: then the app is panicked.
 *
 * What remains: a guest that is inside and is not given CPU time holds the others up until it runs
 * or is destroyed. An app asks for that by being shared.
 */
#ifndef TA_SHARED_H
#define TA_SHARED_H

#include "kernel/ta/internal.h"

/* A command that wants to wait, on the stack of its call: known to it while it is inside. */
struct shared_wait {
	struct shared_waiter waiter; /* topic: the key */
	bool registered;
	bool entered; /* this time: its wake-up, if it had one, is the app's business now */
};

/* An entry: whose, what, and how far. */
struct shared_entry {
	struct ta_session *peer;
	uint32_t function;
	struct user_params params;
	uint64_t begun;           /* call_cpu_time() when this call's part of it began */
	uint64_t used;            /* ticks in the parts of others */
	struct shared_wait *wait; /* NULL: it can't wait */
	bool is_cut;              /* its guest died; lock */
};

struct ta_shared {
	struct list link; /* where openers look, while the instance is not dead; or what is to be
			     freed. Lock */
	struct ta_instance *instance;
	struct shared_queue turn;   /* calls that want in */
	struct shared_queue parked; /* commands that wait; topic: the key */
	uint64_t kept_until;        /* for whom was woken for its turn, by arch_counter(); lock */
	struct list due;            /* peers to be closed, by of_opener; lock */
	struct shared_entry entry;  /* of who has the instance, or cut */
};

/* What a session's client asks for. */
struct shared_request {
	uint32_t function;
	uint32_t cmd;
	uint64_t deadline; /* by arch_counter() */
	struct ta_params *params;
};

/*
 * Joins the shared app, or makes its instance from the image, of which the calling guest has a
 * reference. *instance is referenced. ACCESS_CONFLICT: another file with this UUID runs;
 * BAD_FORMAT: it needs libraries; OUT_OF_MEMORY; TARGET_DEAD. Context: inside a call, polls.
 */
TEE_Result must_check shared_join(struct image *image, const struct uuid *uuid,
				  struct ta_instance **instance);

/* Drops a reference; the last one ends the instance, unless it is to be kept alive. Outside a call
 * it is left for shared_bury(). */
void shared_put(struct ta_instance *instance);

/* Frees a piece of an instance that ended outside a call. False: there is none. */
bool shared_bury(void);

/*
 * Enters the app for a session, as often as the command wants to wait. SUCCESS: *result is what it
 * returned. TARGET_DEAD: the app died, or the guest is dying; BAD_PARAMETERS: the session was
 * closed meanwhile; OUT_OF_MEMORY: also for sessions above TENON_SHARED_SESSIONS, and for the fifth
 * app in one call (TA-079); BAD_STATE: it returned TENON_RETRY without having asked to wait.
 */
TEE_Result must_check shared_call(struct ta_session *session, const struct shared_request *request,
				  TEE_Result *result);

/* A session of a guest goes: if the app still knows it, it is to be told by whoever comes next.
 * Monitor of the guest held; a call or none. */
void shared_orphan(struct ta_session *session);

/* The command inside has had its share of CPU time; says so. */
bool shared_is_overdue(const struct ta_instance *instance);

/* For the wait service; instance is the shared app whose command is being served. As abi/shared.h
 * says. */
TEE_Result must_check shared_wait(struct ta_instance *instance, uint64_t key);
uint32_t shared_wake(struct ta_instance *instance, uint64_t key, uint32_t most);

void shared_init(void);

#endif
