/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the machine enters the portable kernel. Each function runs on the CPU's own entry stack
 * with interrupts masked, and returns to the stub that goes back to EL3.
 */
#ifndef ENTRY_ENTRY_H
#define ENTRY_ENTRY_H

#include "kernel/lib/types.h"

/* x0..x7 of the caller in (only the low halves count, NW-001), x0..x3 for the caller out (NW-002).
 */
struct smc_args {
	uint32_t a[8];
};

void entry_fast(struct smc_args *args);
void entry_yielding(struct smc_args *args);

/* First start, on the boot CPU, after the arch and the platform are up. */
void kernel_main(void);

#endif
