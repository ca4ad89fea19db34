/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole flows of VM 0, for tests that break them at every step. They end whatever happens. */
#ifndef MEDIATOR_TESTING_FLOWS_H
#define MEDIATOR_TESTING_FLOWS_H

#include "sim.h"

struct flow {
	const char *name;
	void (*run)(void);
};

extern const struct flow flows[];
extern const uint32_t flow_count;

/* A fresh world with VM 0 to run a flow in, and VM 1 as a bystander with memory registered. */
void flow_begin(void);
/* Both VMs end; the bystander still has what it had, and VM 0's id can be used again. */
void flow_end(void);

#endif
