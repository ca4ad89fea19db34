/* SPDX-License-Identifier: BSD-2-Clause */
/* Host body: layouts behind kernel/arch/context.h. */
#ifndef ARCH_HOST_CONTEXT_H
#define ARCH_HOST_CONTEXT_H

#include <ucontext.h>

struct arch_context {
	ucontext_t *uc; /* NULL until first saved */
	void *fake_stack;
	const void *stack_bottom;
	size_t stack_size;
	void (*fn)(void *);
	void *arg;
};

struct arch_fp_state {
	uint64_t used;
};

struct host_mapping;
struct arch_aspace {
	struct budget *budget;
	struct host_mapping *mappings;
	void *tables[4]; /* pages charged like page tables */
	uint16_t asid;
};

#endif
