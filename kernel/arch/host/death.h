/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that dies at each point of its life there is. The points are not listed by hand: they are
 * counted while the life runs. One is wherever a call of the guest
 *
 *     leaves for the normal world      gives its monitor up (a bracket, an entry into an app)
 *     looks whether an interrupt waits      asks for a page      asks for memory of its heap
 *
 * so whatever a change adds is a point of the next run. At the n-th the guest is condemned, for
 * each n, in three ways: it is destroyed when its call leaves next, which it is made to do at once
 * if it can; it is destroyed from another CPU as soon as that one gets the monitor, while the call
 * goes on; or its allocation fails, and it is destroyed when its call leaves. After each death the
 * kernel is compared with what it was before that guest was born; and now and then the same life is
 * lived again to its end, which must take the same way as in a fresh kernel.
 */
#ifndef ARCH_HOST_DEATH_H
#define ARCH_HOST_DEATH_H

#include "kernel/arch/host/chance.h"
#include "kernel/arch/host/model.h"

#define DEATH_VM 1u /* the one that dies */

struct death_life {
	const char *name;
	struct model *model;
	/* Makes the guest and what it is to have when it is watched; nothing may fail. */
	void (*begin)(void);
	/* Lives; TEE_SUCCESS: to its end. Ends early as soon as anything fails. Watched. */
	uint32_t (*live)(void);
	/* Whatever is left of others has no trace of it: asserted. May be NULL. */
	void (*after)(void);
	/* Every step-th point only; 0 and 1: each. The first one moves from way to way. */
	unsigned step;
};

/* For begin(): the guest, created. */
void death_birth(struct model *model);

/* Runs it all; the test fails at the first difference. Prints how many deaths it died. */
void death_everywhere(const struct death_life *life);

#endif
