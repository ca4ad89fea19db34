/* SPDX-License-Identifier: BSD-2-Clause */
#include <abi/msg.h>
#include <abi/smc.h>
#include <lib/bits.h>
#include <string.h>
#include <vm/kill.h>

static const char *const names[KILL_STATES] = {
	[KILL_NEVER] = "never",
	[KILL_ANY] = "any",
	[KILL_NONE] = "none",
	[KILL_RUNNING] = "running",
	[KILL_PREEMPTED] = "preempted",
	[KILL_RPC] = "rpc",
	[KILL_RPC_ALLOC] = "rpc:alloc",
	[KILL_RPC_FREE] = "rpc:free",
	[KILL_RPC_LOAD_TA] = "rpc:load_ta",
	[KILL_RPC_FS] = "rpc:fs",
	[KILL_RPC_GET_TIME] = "rpc:get_time",
	[KILL_RPC_NOTIFICATION] = "rpc:notification",
	[KILL_RPC_SUSPEND] = "rpc:suspend",
	[KILL_RPC_SHM_ALLOC] = "rpc:shm_alloc",
	[KILL_RPC_SHM_FREE] = "rpc:shm_free",
	[KILL_RPC_OTHER] = "rpc:other",
};

enum kill_state kill_state_parse(const char *name)
{
	for (unsigned i = KILL_ANY; i < KILL_RPC_OTHER; i++)
		if (!strcmp(name, names[i]))
			return (enum kill_state)i;
	return KILL_NEVER;
}

const char *kill_state_name(enum kill_state state)
{
	return names[state];
}

static enum kill_state state_of_command(uint32_t command)
{
	switch (command) {
	case RPC_CMD_LOAD_TA:
		return KILL_RPC_LOAD_TA;
	case RPC_CMD_FS:
		return KILL_RPC_FS;
	case RPC_CMD_GET_TIME:
		return KILL_RPC_GET_TIME;
	case RPC_CMD_NOTIFICATION:
		return KILL_RPC_NOTIFICATION;
	case RPC_CMD_SUSPEND:
		return KILL_RPC_SUSPEND;
	case RPC_CMD_SHM_ALLOC:
		return KILL_RPC_SHM_ALLOC;
	case RPC_CMD_SHM_FREE:
		return KILL_RPC_SHM_FREE;
	default:
		return KILL_RPC_OTHER;
	}
}

enum kill_state kill_state_of(const struct med_call_info *info)
{
	if (info->phase == MED_PHASE_NONE)
		return KILL_NONE;
	if (info->phase != MED_PHASE_SUSPENDED)
		return KILL_RUNNING; /* in the TEE, or on its way in or out */
	switch (info->function) {
	case SMC_RPC_ALLOC:
		return KILL_RPC_ALLOC;
	case SMC_RPC_FREE:
		return KILL_RPC_FREE;
	case SMC_RPC_FOREIGN_INTR:
		return KILL_PREEMPTED;
	case SMC_RPC_CMD:
		return state_of_command(info->rpc_command);
	default:
		return KILL_RPC_OTHER;
	}
}

bool kill_state_matches(enum kill_state wanted, enum kill_state state)
{
	if (wanted == KILL_RPC)
		return state >= KILL_RPC_ALLOC;
	return wanted == KILL_ANY || (wanted == state && wanted != KILL_NEVER);
}
