/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of this room. */
#ifndef TA_INTERNAL_H
#define TA_INTERNAL_H

#include "kernel/ta/ta.h"

/*
 * Finds an instance for a new session of uuid, or loads one; referenced. BUSY: a single-session app
 * has its session, or as instance_take(); TARGET_DEAD: it crashed and is kept so; what loading
 * answers otherwise.
 */
TEE_Result must_check instance_for_open(const struct uuid *uuid, struct ta_instance **out);

/* Drops a reference; frees the instance when nothing leads to it and it is not to be kept alive. */
void instance_put(struct ta_instance *instance);

/* An instance that is kept alive without a session, with memory and nothing opened, may give way
 * (idle.c). Context: monitor held. Removing one that is not there does nothing. */
void idle_init(void);
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
};
TEE_Result must_check user_params_begin(struct user_params *up, struct ta_instance *instance,
					const struct ta_params *params);
void user_params_end(struct user_params *up, struct ta_instance *instance);

/* Takes over what the app wrote into the block, by the kernel's own types (TA-047). */
void user_params_take(const struct utee_params *returned, struct ta_params *params);

#endif
