/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kill triggers: destroy a VM the moment one of its calls is in a certain state. Portable part:
 * names of states and what a call's state is.
 */
#ifndef VM_KILL_H
#define VM_KILL_H

#include <mediator/mediator.h>
#include <stdbool.h>

enum kill_state {
	KILL_NEVER, /* no trigger */
	KILL_ANY,
	KILL_NONE,
	KILL_RUNNING,
	KILL_PREEMPTED,
	KILL_RPC, /* any; the kinds follow */
	KILL_RPC_ALLOC,
	KILL_RPC_FREE,
	KILL_RPC_LOAD_TA,
	KILL_RPC_FS,
	KILL_RPC_GET_TIME,
	KILL_RPC_NOTIFICATION,
	KILL_RPC_SUSPEND,
	KILL_RPC_SHM_ALLOC,
	KILL_RPC_SHM_FREE,
	KILL_RPC_OTHER, /* only as a result */
	KILL_STATES
};

/** The state of that name; KILL_NEVER: unknown. */
enum kill_state kill_state_parse(const char *name);
const char *kill_state_name(enum kill_state state);
/** Where a call stands, in these words. */
enum kill_state kill_state_of(const struct med_call_info *info);
/** Does a call in @state fire a trigger for @wanted? */
bool kill_state_matches(enum kill_state wanted, enum kill_state state);

#endif
