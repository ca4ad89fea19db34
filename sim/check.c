/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The invariants of kernel/guest/guest.h, as far as they can be seen at a point.
 *
 *  I1 each point: the pages that guests and system own, and those that are free, are all there are
 *  I2 guest.c: a liar presents others' names; honest guests' answers are right; sched.c: the kernel
 *     reaches no memory that the running guest did not lend
 *  I3 sched.c: no lock is held at a point
 *  I4 sched.c: a liar rewrites its memory while it is being read
 *  I5 world.c: no frame is pinned when it changes hands; no mapping is left when all are gone
 *  I6 when all are gone: free pages are zero
 *  I7 not here: it is measured on the machine (`make irqoff`, tests/irqoff_test.py), and lock
 *     sections by sections_test
 *  I8 the process lives: a panic of the kernel ends it
 */
#include "kernel/guest/guest.h"
#include "kernel/ta/image.h"
#include "sim/sim.h"

static struct page_totals at_start;

/* What guests have for themselves; what they share with others is the system's. */
static uint64_t pages_of_guests(void)
{
	struct guest_figures guest;
	uint64_t pages = 0;

	for (uint32_t from = 0; guest_get_figures(from, &guest); from = guest.vm_id + 1)
		pages += guest.budget.used - guest.budget.shared;
	return pages;
}

void check_point(void)
{
	static uint32_t skipped;
	struct page_totals t;
	uint64_t owned = system_budget.used - system_budget.shared;

	/* It costs as much as the guests are many. */
	if (++skipped % 16)
		return;
	pages_totals(&t);
	owned += pages_of_guests();
	if (owned + t.free != t.total)
		broken("I1: %llu pages are owned and %u free, of %u", (unsigned long long)owned,
		       t.free, t.total);
}

void check_start(void)
{
	pages_totals(&at_start);
}

static void check_clean(void)
{
	static struct budget probe;
	static void *pages[4096];
	unsigned count = 0;

	probe = (struct budget){.limit = UINT32_MAX};
	while (count < 4096 && (pages[count] = page_alloc(&probe)))
		count++;
	for (unsigned i = 0; i < count; i++) {
		const uint64_t *words = pages[i];
		for (unsigned k = 0; k < PAGE_SIZE / 8; k++) {
			if (words[k])
				broken("I6: a free page is not zero");
		}
		page_free(&probe, pages[i]);
	}
}

void check_empty(void)
{
	struct page_totals t;

	while (image_reclaim(&system_budget))
		;
	pages_totals(&t);
	if (t.free != at_start.free || t.reserved != at_start.reserved)
		broken("I1: %u pages free of %u, %u reserved of %u when nobody lives", t.free,
		       at_start.free, t.reserved, at_start.reserved);
	if (host_ns_mappings())
		broken("I5: %zu mappings of guests' memory are left", host_ns_mappings());
	check_clean();
}
