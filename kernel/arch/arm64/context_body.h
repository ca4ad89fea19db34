/* SPDX-License-Identifier: BSD-2-Clause */
/* AArch64 body: layouts behind kernel/arch/context.h. */
#ifndef ARCH_ARM64_CONTEXT_H
#define ARCH_ARM64_CONTEXT_H

#include "kernel/lib/types.h"

struct arch_context {
	uint64_t sp; /* x19..x30 are saved on the stack itself */
};

struct arch_fp_state {
	_Alignas(16) uint8_t v[32][16];
	uint64_t fpcr;
	uint64_t fpsr;
};

struct arch_aspace {
	struct budget *budget;
	uint64_t *root; /* level-1 or level-2 table, kernel address */
	uint16_t asid;
	uint16_t tables; /* below the root: nobody has to look for what is not there */
};

#endif
