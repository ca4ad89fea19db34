/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of this room. */
#ifndef CALL_RPC_H
#define CALL_RPC_H

#include "kernel/call/call.h"

/* Leaves the running call to the normal world with these registers; returns when it is resumed.
 * Monitor held. */
void call_suspend(enum call_state state, uint32_t a0, uint64_t a1_a2);

/* Drops the records of the kept RPC buffers of a dying guest. */
void call_rpc_forget_cache(struct guest *guest);

#endif
