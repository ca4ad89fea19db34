/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of this room. */
#ifndef TA_INTERNAL_H
#define TA_INTERNAL_H

#include "kernel/ta/ta.h"

struct user_params;

/*
 * Finds an instance for a new session of uuid, or loads one; referenced. BUSY: a single-session app
 * has its session, or as instance_take(); TARGET_DEAD: it crashed and is kept so; what loading
 * answers otherwise.
 */
TEE_Result must_check instance_for_open(const struct uuid *uuid, struct ta_instance **out);

/* Drops a reference; frees the instance when nothing leads to it and it is not to be kept alive. */
void instance_put(struct ta_instance *instance);

/* An instance that is kept alive without a session, with memory and nothing opened, may give way
 * (idle.c), unless its app is not to begin anew (TA_FLAG_KEEP_CRASHED). Context: monitor held.
 * Removing one that is not there does nothing. */
void idle_init(void);
bool idle_may_give_way(const struct ta_instance *instance);
void idle_add(struct ta_instance *instance);
void idle_remove(struct ta_instance *instance);

/* Declares one of the guest's idle instances dead, for whoever frees what is dead and unused.
 * False: there is none. Context: monitor held. */
bool idle_give_up(struct guest *guest);

/*
 * Waits for the instance to be free and takes it. TARGET_DEAD: it died, or the guest is dying;
 * BUSY: its turn could never come, for what is inside it waits for this call (TA-078);
 * OUT_OF_MEMORY: the call is inside TA_DEPTH_MAX apps already (TA-079).
 */
TEE_Result must_check instance_take(struct ta_instance *instance);
void instance_give_back(struct ta_instance *instance);

/*
 * Enters the app. SUCCESS: it returned, *result is what it returned; TARGET_DEAD: it is dead;
 * anything else: it could not be entered (memory). Context: the instance is taken.
 */
TEE_Result must_check instance_enter(struct ta_instance *instance, struct ta_session *session,
				     uint32_t function, uint32_t cmd, struct ta_params *params,
				     TEE_Result *result);

/*
 * The parts of an entry, for those that need them apart: registers and the block of parameters;
 * the run, with session as what the app serves; what the app left in the block. The verdict is
 * TA_RETURN (then *result is the app's), TA_PANIC, or TA_CUT: of a shared app, the calling guest is
 * dying, and instance_run() goes on where it stopped. Context: the instance is taken.
 */
TEE_Result must_check instance_set_entry(struct ta_instance *instance, uint32_t session_id,
					 uint32_t function, uint32_t cmd, struct user_params *up);
enum ta_verdict instance_run(struct ta_instance *instance, struct ta_session *session,
			     TEE_Result *result);
TEE_Result must_check instance_get_block(const struct ta_instance *instance,
					 struct user_params *up);

/* Gives everything back but the record: what it opened, its objects, its memory. No call is inside.
 * Polls. */
void instance_empty(struct ta_instance *instance);

/* Some of the services that a shared app has open: it is gone. True: there are more. */
bool session_drop_opened(struct ta_instance *instance);

/* The session of a guest with a shared app, as the app sees it; NULL: no memory or too many. Owner:
 * the instance's, whose lists the running call has. Ended by session_peer_drop(). */
struct ta_session *session_peer_new(struct ta_session *session);
void session_peer_drop(struct ta_session *peer);

/* The app that opened the session is gone: the running call closes it when it can. Context: no call
 * is inside the session. */
void session_orphan(struct ta_session *session);

/* Fetches and verifies the app's image through tee-supplicant (TA-016, TA-020, NW-113). */
TEE_Result must_check loader_fetch(const struct uuid *uuid, struct image **image);

/* Makes the parameters visible in the app and writes the block of them at block; user_params_end()
 * undoes it. */
struct user_params {
	struct utee_params block;
	struct uaspace_region *region[TA_PARAMS];
	uint32_t copied; /* pages that the caller is charged for */
};
TEE_Result must_check user_params_begin(struct user_params *up, struct ta_instance *instance,
					const struct ta_params *params);
void user_params_end(struct user_params *up, struct ta_instance *instance);

/*
 * For shared apps: memory is copied through fresh secure pages of the instance, for which the
 * calling guest is charged as well, in before the entry and out by user_params_copy_out(). At most
 * TENON_SHARED_COPY_PAGES: OUT_OF_MEMORY. user_params_end() undoes it; after user_params_disown()
 * without the caller.
 */
TEE_Result must_check user_params_copy_in(struct user_params *up, struct ta_instance *instance,
					  const struct ta_params *params);
TEE_Result must_check user_params_copy_out(const struct user_params *up,
					   const struct ta_params *params);
void user_params_disown(struct user_params *up);

/* Takes over what the app wrote into the block, by the kernel's own types (TA-047). */
void user_params_take(const struct utee_params *returned, struct ta_params *params);

#endif
