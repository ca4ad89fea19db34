/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * S-EL0 of the host body: real instructions of real trusted apps, executed by the Unicorn engine
 * behind the page tables that arch_aspace_map() writes. Rights, faults and their syndromes are
 *those of an Armv8.0 machine (Cortex-A72); a mapping that the kernel removed is gone at the next
 *access.
 *
 *	host_start(PAGES);
 *	engine_start(&(struct engine_config){.seed = 1, .slice = 10000});
 *	... model_open() and so on ...
 *	engine_stop();
 *
 * Everything is deterministic: the same seed and the same calls give the same instructions and the
 * same preemptions. What it does not have: other CPU models, SVE, and SP alignment checks.
 */
#ifndef ARCH_HOST_ENGINE_H
#define ARCH_HOST_ENGINE_H

#include "kernel/arch/host/host.h"

struct engine_config {
	uint64_t seed;
	/* Instructions after which a foreign interrupt arrives: between half of it and one and a
	 * half, drawn from seed. 0: an entry runs until it leaves by itself. */
	uint32_t slice;
	/* Executed blocks: size bytes of instructions without a branch in between are about to run
	 * at pc. A fault may end a block early. May be NULL. */
	void (*on_block)(struct arch_aspace *as, uint64_t pc, uint32_t size);
	/* Each entry into the app, before its first instruction. May be NULL. */
	void (*on_enter)(struct arch_aspace *as, struct user_context *ctx);
	/* Each exit from the app, before the kernel sees it. May be NULL. */
	void (*on_exit)(struct arch_aspace *as, struct user_context *ctx, enum user_exit why,
			const struct user_fault *fault);
};

/* Takes the place of host_user. To be called after each host_start(), which moves the memory. */
void engine_start(const struct engine_config *config);

/* Frees the engine; host_user is NULL then. Does nothing if it does not run. */
void engine_stop(void);

/* Instructions since engine_start(), counted in whole blocks. */
uint64_t engine_instructions(void);

#endif
