/* SPDX-License-Identifier: BSD-2-Clause */
/* Scripted apps that open sessions to each other: what the tests of sessions between apps share. */
#ifndef TA_NEST_TEST_H
#define TA_NEST_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "abi/tenon.h"
#include "kernel/arch/host/app.h"
#include "kernel/arch/host/chance.h"
#include "kernel/guest/guest.h"
#include "kernel/ta/ta.h"

#define NEST_PAGES 2400

/* Flags of ta_head in these shipped files: see each. */
#define MULTI       "023f8f1a-292a-432b-8fc4-de8471358067" /* single-instance, multi-session */
#define ONE_SESSION "731e279e-aafb-4575-a771-38caa6f0cca6" /* single-instance */
#define PER_SESSION "02a42f43-d8b7-4a57-aa4d-87bd9b5587cb" /* an instance per session */
#define KEEP_ALIVE  "fd02c9da-306c-48c7-a49c-bbd827ae86ee" /* single, multi-session, keep-alive */

extern struct model guest;
int nest_start(void **state);
int nest_stop(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, nest_start, nest_stop)

/* A system call about a session, and what came of it the last time. */
struct op {
	const char *uuid; /* to open */
	uint32_t timeout, cmd;
	struct op *opened;         /* whose session to use */
	struct utee_params params; /* types 0: NULL is passed */
	/* Puts addresses of the app into params; frame is one with 128 bytes of the op, then 128
	 * free ones. */
	void (*fix)(struct op *op, struct arch_aspace *as, uint64_t frame);
	bool no_origin;
	unsigned runs;
	TEE_Result result;
	uint32_t session, origin;
	struct utee_params out;
};

#define OPEN(op)                                                                                   \
	{                                                                                          \
		APP_SYSCALL, SYS_OPEN_TA_SESSION,                                                  \
		{                                                                                  \
			(uintptr_t)(op)                                                            \
		}                                                                                  \
	}
#define INVOKE(op)                                                                                 \
	{                                                                                          \
		APP_SYSCALL, SYS_INVOKE_TA_COMMAND,                                                \
		{                                                                                  \
			(uintptr_t)(op)                                                            \
		}                                                                                  \
	}
#define CLOSE(op)                                                                                  \
	{                                                                                          \
		APP_SYSCALL, SYS_CLOSE_TA_SESSION,                                                 \
		{                                                                                  \
			(uintptr_t)(op)                                                            \
		}                                                                                  \
	}
#define PANICS                                                                                     \
	{                                                                                          \
		APP_SYSCALL, SYS_PANIC,                                                            \
		{                                                                                  \
			0xdead                                                                     \
		}                                                                                  \
	}
#define INTERRUPTED                                                                                \
	{                                                                                          \
		.what = APP_INTERRUPTED                                                            \
	}

/* What app_prepare and app_done are: they serve the operations above. */
void nest_prepare(const struct app_step *step, struct arch_aspace *as, struct user_context *ctx);
void nest_done(const struct app_step *step, struct arch_aspace *as, struct user_context *ctx);

#define ANY_CMD 0xFFFFFFFFu
/* From now on, entries of the app (NULL: any) into this function do these steps; the newest rule
 * wins. */
void nest_rule(const char *uuid, uint32_t function, uint32_t cmd, const struct app_step *steps,
	       unsigned count, uint32_t result);
#define RULE(uuid, function, cmd, steps)                                                           \
	nest_rule(uuid, function, cmd, steps, array_count(steps), 0)
void nest_no_rules(void);

struct ta_instance *nest_instance(struct arch_aspace *as);
bool nest_is(const struct ta_instance *instance, const char *uuid);
/* Entries of the app into that function since the start. */
unsigned nest_entries(const char *uuid, uint32_t function);

/* From the guest. */
uint32_t nest_open(const char *uuid, uint32_t *session);
uint32_t nest_invoke(uint32_t session, uint32_t cmd);
uint64_t nest_stat(uint32_t key);

/* Sends a command that stops at its n-th exit (0: the first); its thread id, or 0 if it ended
 * before; nest_finish() ends it and gives its result. */
uint32_t nest_leave(uint32_t cmd, uint32_t session, uint32_t func, unsigned exits);
uint32_t nest_leave_open(const char *uuid, unsigned exits);
uint32_t nest_finish(uint32_t thread_id);

/* The next call that is resumed stops at its next exit again; nest_go_on() resumes one: MODEL_LEFT,
 * or its end (a0). */
extern uint32_t nest_opened; /* by the call that ended last, or 0 */
void nest_stop_again(void);
uint32_t nest_go_on(uint32_t thread_id);

#endif
