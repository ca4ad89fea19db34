/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The linker leads the kernel's memory through here: allocations fail (I8), and each page is noted
 * with its owner (I1).
 */
#include "kernel/guest/guest.h"
#include "kernel/memory/heap.h"
#include "kernel/memory/pages.h"
#include "kernel/platform/platform.h"
#include "sim/owners.h"
#include "sim/sim.h"

#define PAGES_MAX 65536u
#define LOOK_AT   8u /* one page of so many that are given back is looked at */

void *__real_page_alloc(struct budget *budget);
void *__wrap_page_alloc(struct budget *budget);
void __real_page_free(struct budget *budget, void *page);
void __wrap_page_free(struct budget *budget, void *page);
bool __real_page_transfer(void *page, struct budget *from, struct budget *to);
bool __wrap_page_transfer(void *page, struct budget *from, struct budget *to);
void *__real_heap_alloc(struct heap *heap, size_t size);
void *__wrap_heap_alloc(struct heap *heap, size_t size);

static const struct budget *owners[PAGES_MAX];
static uint32_t of_shared;

static const struct budget **owner_of(const void *page)
{
	void *first, *end;

	platform_free_memory(&first, &end);
	size_t index = (size_t)((const char *)page - (const char *)first) / PAGE_SIZE;
	if (index >= PAGES_MAX)
		broken("a page that is none");
	return &owners[index];
}

static void set_owner(const void *page, const struct budget *budget)
{
	const struct budget **owner = owner_of(page);

	of_shared -= *owner && (*owner)->vm_id == GUEST_SHARED_OWNER;
	of_shared += budget && budget->vm_id == GUEST_SHARED_OWNER;
	*owner = budget;
}

uint32_t owners_of_shared(void)
{
	return of_shared;
}

void owners_check_shared(void)
{
	for (uint32_t i = 0; i < options.secure_pages; i++) {
		const struct budget *budget = owners[i];
		if (!budget || budget->vm_id != GUEST_SHARED_OWNER)
			continue;
		if (budget->used - budget->shared != owners_count(budget))
			broken("I1: a shared app is charged for %u pages, and has %u",
			       budget->used - budget->shared, owners_count(budget));
		return;
	}
}

uint32_t owners_count(const struct budget *budget)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < options.secure_pages; i++)
		count += budget ? owners[i] == budget : owners[i] != NULL;
	return count;
}

static bool fails(void)
{
	bool now = fiber_current() && chance(options.fail_chance);

	summary.failed_allocations += now;
	return now;
}

void *__wrap_page_alloc(struct budget *budget)
{
	void *page = fails() ? NULL : __real_page_alloc(budget);

	if (!page)
		return NULL;
	if (*owner_of(page))
		broken("I1: a page is given out twice");
	set_owner(page, budget);
	return page;
}

void __wrap_page_free(struct budget *budget, void *page)
{
	static unsigned count;

	if (page && *owner_of(page) != budget)
		broken("I1: a page is given back by one whose it is not");
	if (page && host_is_mapped(page))
		broken("I6: a page is given back that an app still sees");
	if (page)
		set_owner(page, NULL);
	__real_page_free(budget, page);
	if (page && count++ % LOOK_AT == 0)
		check_freed(page);
}

bool __wrap_page_transfer(void *page, struct budget *from, struct budget *to)
{
	if (*owner_of(page) != from)
		broken("I1: a page is handed on by one whose it is not");
	bool done = __real_page_transfer(page, from, to);
	if (done)
		set_owner(page, to);
	return done;
}

void *__wrap_heap_alloc(struct heap *heap, size_t size)
{
	return fails() ? NULL : __real_heap_alloc(heap, size);
}
