/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What can go wrong for a call, counted, and made to go wrong: allocations, and looks for
 * interrupts. A test that links chance.c has the linker lead these functions through it
 * (--wrap=page_alloc,--wrap=heap_alloc,--wrap=arch_foreign_pending).
 */
#ifndef ARCH_HOST_CHANCE_H
#define ARCH_HOST_CHANCE_H

#include <stdbool.h>

enum chance_kind {
	CHANCE_PAGE, /* a page is asked for */
	CHANCE_HEAP, /* memory of a heap is */
	CHANCE_POLL  /* a call looks whether an interrupt waits */
};

extern struct chance {
	unsigned allocations; /* asked for since the test set it to 0 */
	unsigned fail_at;     /* the allocation with this number (from 1) fails; 0: none */
	unsigned polls;
	/* True: it fails, or there is an interrupt. May be NULL. */
	bool (*hook)(enum chance_kind kind);
} chance;

#endif
