/* SPDX-License-Identifier: BSD-2-Clause */
/* Host body: layouts behind kernel/arch/context.h. */
#ifndef ARCH_HOST_CONTEXT_BODY_H
#define ARCH_HOST_CONTEXT_BODY_H

#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <ucontext.h>

struct arch_context {
	ucontext_t uc;
	jmp_buf jump; /* where it stopped, once it has run */
	int has_run;
	/* For the address sanitizer: it has to know which stack is in use. */
	void *fake_stack;
	const void *bottom;
	size_t size;
};

struct arch_fp_state {
	_Alignas(16) uint64_t v[32][2];
	uint64_t fpcr;
	uint64_t fpsr;
};

/* Tables in the machine's format, in pages of the budget: 512 entries of 2 MiB, then 512 pages
 * each. */
struct arch_aspace {
	struct budget *budget;
	uint64_t *root;
	uint16_t asid;
	size_t ns_mappings; /* pages of guests' memory in it */
};

#endif
