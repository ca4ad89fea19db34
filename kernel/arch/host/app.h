/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A trusted app in a script: the image is a real one, its instructions are not executed; instead it
 * does what the test says.
 */
#ifndef ARCH_HOST_APP_H
#define ARCH_HOST_APP_H

#include "abi/ta.h"
#include "kernel/arch/host/model.h"

struct app_step {
	enum {
		APP_SYSCALL,
		APP_FAULT,
		APP_INTERRUPTED
	} what;
	uint64_t number; /* of the system call */
	uint64_t arg[8];
};

/* What one entry does, if a test tells entries apart. */
struct app_program {
	const struct app_step *steps;
	unsigned count;
	uint32_t result;
};

/* Says at each entry what it is to do; NULL (also returned): the steps below. */
extern const struct app_program *(*app_choose)(struct arch_aspace *as, struct user_context *ctx);

/* What happens in each entry, in order; after the last step the app returns app_result. */
extern const struct app_step *app_steps;
extern unsigned app_step_count;
extern uint32_t app_result;

/* Called when a step's x0..x8 are set, and when its result is in x0. May be NULL. */
extern void (*app_prepare)(const struct app_step *step, struct arch_aspace *as,
			   struct user_context *ctx);
extern void (*app_done)(const struct app_step *step, struct arch_aspace *as,
			struct user_context *ctx);

/* Called at each entry with the app's parameter block, as it lies on its stack. May be NULL. */
extern void (*app_on_entry)(struct arch_aspace *as, struct user_context *ctx,
			    struct utee_params *params);

/* Entries by function (open, close, invoke), and the results of the system calls of the last entry.
 */
extern unsigned app_entries[3];
extern uint32_t app_results[16];

void app_reset(void);

/* The file <cache>/pkg/…/<name>.ta; fails the test if it is not there. */
void app_load_file(struct model *guest, const char *directory, const char *name);

/* Octets of a UUID's text form. */
void app_uuid(uint8_t octets[16], const char *text);

#endif
