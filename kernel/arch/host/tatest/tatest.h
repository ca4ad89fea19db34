/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine behind ./tenon ta-test: takes commands on stdin, line by line, and answers on stdout.
 * tools/tatest/ makes the commands from a script and the answers into a report; both sides are
 * described in tools/tatest/machine.py.
 */
#ifndef TATEST_TATEST_H
#define TATEST_TATEST_H

#include "kernel/arch/host/engine.h"
#include "kernel/arch/host/model.h"

struct tatest_options {
	const char *ta;          /* a file for … */
	const char *uuid;        /* … this UUID's text */
	const char *folders[16]; /* where <uuid>.ta are looked for */
	unsigned folder_count;
	const char *blocks; /* file for counts of executed instructions, or NULL */
	uint64_t seed;
	uint32_t slice;
	unsigned fail_alloc; /* the n-th chance fails; 0: none */
	unsigned kill_at; /* the guest dies the n-th time it gets control inside a call; 0: never */
	bool trace;
};

/* --- files.c: what tee-supplicant does --- */

/* Serves LOAD_TA from the options' files. True: done. */
bool files_serve_load_ta(struct model *model, struct msg_header *message);
void files_init(const struct tatest_options *options);

/* --- observe.c: what goes on inside the apps --- */

/* Fills the hooks of config. */
void observe_init(const struct tatest_options *options, struct engine_config *config);

/* Writes the counts to the file of the options, if there is one: lines "uuid offset count". */
void observe_finish(void);

/* --- fail.c: allocations that fail --- */

/* Chances are counted from here on. */
void fail_begin(unsigned fail_at);
unsigned fail_chances(void);

/* --- client.c: commands of the script --- */

/* Prepares memory for parameters; the guest is fresh. */
void client_init(struct model *model);

/* Executes one line. False: it is no command. */
bool client_execute(char *line);

#endif
