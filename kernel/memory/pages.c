/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/memory/pages.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/spinlock.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace.h"

/*
 * The owner of each page, NULL while it is free. A free page is all zero but for its first word,
 * which links it to the next free one.
 */
static struct {
	struct spinlock lock;
	uintptr_t base;
	struct budget **owner;
	void *free_list;
	struct page_totals totals;
} pages;

struct budget system_budget = {.limit = UINT32_MAX};
bool (*page_reclaim)(struct budget *for_whom, uint32_t count);

static size_t page_index(const void *page)
{
	uintptr_t offset = (uintptr_t)page - pages.base;

	assert(offset % PAGE_SIZE == 0 && offset / PAGE_SIZE < pages.totals.total);
	return offset / PAGE_SIZE;
}

static void push_free(void *page)
{
	*(void **)page = pages.free_list;
	pages.free_list = page;
	pages.totals.free++;
}

void pages_init(void *start, void *end)
{
	size_t count = ((uintptr_t)end - (uintptr_t)start) / PAGE_SIZE;
	size_t table = round_up(count * sizeof(pages.owner[0]), PAGE_SIZE);

	assert((uintptr_t)start % PAGE_SIZE == 0 && count * PAGE_SIZE > table);
	memset(start, 0, count * PAGE_SIZE);
	memset(&pages, 0, sizeof(pages));
	pages.owner = start;
	pages.base = (uintptr_t)start + table;
	pages.totals.total = count - table / PAGE_SIZE;
	for (size_t i = pages.totals.total; i > 0; i--)
		push_free((void *)(pages.base + (i - 1) * PAGE_SIZE));
	system_budget = (struct budget){.limit = UINT32_MAX};
}

static uint32_t own_pages(const struct budget *b)
{
	return b->used - b->shared;
}

/* Pages that are promised to the budget and that it does not have yet. */
static uint32_t outstanding(const struct budget *b)
{
	return b->reserve > own_pages(b) ? b->reserve - own_pages(b) : 0;
}

static void charge(struct budget *b, uint32_t count)
{
	b->used += count;
	if (b->used > b->peak)
		b->peak = b->used;
}

/* Pages that it has beyond its reserve. */
static uint32_t extra(const struct budget *b)
{
	return own_pages(b) > b->reserve ? own_pages(b) - b->reserve : 0;
}

/* Pages that shared apps may still have. */
static uint32_t common_left(void)
{
	uint32_t most = pages.totals.total / PAGES_COMMON_PART;

	return most > pages.totals.common ? most - pages.totals.common : 0;
}

static bool may_take_page(const struct budget *b)
{
	if (b->used >= b->limit || (b->common && common_left() == 0))
		return false;
	if (outstanding(b) > 0)
		return true;
	if (pages.totals.free <= pages.totals.reserved)
		return false;
	uint32_t left = pages.totals.free - pages.totals.reserved - 1;
	return !b->shares || extra(b) < (uint64_t)PAGES_SHARE * left;
}

bool budget_is_full(const struct budget *b)
{
	return b->used >= b->limit || (b->common && common_left() == 0);
}

/* Of count pages, those that are not promised to it. */
static uint32_t beyond_reserve(const struct budget *b, uint32_t count)
{
	return count > outstanding(b) ? count - outstanding(b) : 0;
}

bool budget_may_lose(const struct budget *owner, const struct budget *for_whom, uint32_t count)
{
	spin_lock(&pages.lock);
	uint32_t beyond = beyond_reserve(for_whom, count);
	bool may = extra(owner) > 0 && (for_whom == &system_budget || beyond == 0 ||
					extra(owner) >= (uint64_t)extra(for_whom) + beyond);
	spin_unlock(&pages.lock);
	return may;
}

void budget_make_common(struct budget *b)
{
	spin_lock(&pages.lock);
	assert(!b->common);
	b->common = true;
	pages.totals.common += own_pages(b);
	spin_unlock(&pages.lock);
}

TEE_Result budget_configure(struct budget *b, uint32_t reserve, uint32_t limit)
{
	TEE_Result res = TEE_ERROR_OUT_OF_MEMORY;

	if (reserve > limit || b->used > limit)
		return TEE_ERROR_BAD_PARAMETERS;
	spin_lock(&pages.lock);
	uint32_t before = outstanding(b);
	uint32_t after = reserve > own_pages(b) ? reserve - own_pages(b) : 0;
	uint32_t others = pages.totals.reserved - before;
	if (after <= pages.totals.free && others <= pages.totals.free - after) {
		pages.totals.reserved = others + after;
		b->reserve = reserve;
		b->limit = limit;
		res = TEE_SUCCESS;
	}
	spin_unlock(&pages.lock);
	return res;
}

void budget_release(struct budget *b)
{
	spin_lock(&pages.lock);
	assert(b->used == 0 && b->shared == 0);
	pages.totals.reserved -= outstanding(b);
	b->reserve = 0;
	b->limit = 0;
	spin_unlock(&pages.lock);
}

static void refused(struct budget *b)
{
	b->refusals++;
	trace(TRACE_REFUSED, b->vm_id, TRACE_NO_CALL, TRACE_OF_PAGES, 0, 0, 0);
}

bool budget_charge_shared(struct budget *b, uint32_t count)
{
	spin_lock(&pages.lock);
	bool fits = count <= b->limit - b->used;
	if (fits) {
		b->shared += count;
		charge(b, count);
	} else {
		refused(b);
	}
	spin_unlock(&pages.lock);
	return fits;
}

void budget_uncharge_shared(struct budget *b, uint32_t count)
{
	spin_lock(&pages.lock);
	assert(b->shared >= count);
	b->shared -= count;
	b->used -= count;
	spin_unlock(&pages.lock);
}

/* One page in this many is not for bulk. */
#define HEADROOM 64

/* Whether there is room for count pages if so many are free, and it has so many beyond its reserve.
 */
static bool fits_into(uint32_t free, uint32_t has, const struct budget *b, uint32_t count)
{
	uint32_t kept = pages.totals.reserved + pages.totals.total / HEADROOM + 1;
	uint32_t unpromised = free > kept ? free - kept : 0;
	uint32_t beyond = beyond_reserve(b, count);

	if (beyond > unpromised)
		return false;
	return beyond == 0 || !b->shares ||
	       has + (uint64_t)beyond <= (uint64_t)PAGES_SHARE * (unpromised - beyond);
}

static bool has_room(const struct budget *b, uint32_t count)
{
	return fits_into(pages.totals.free, extra(b), b, count) &&
	       !(b->common && count > common_left());
}

/* Whether it could have them if everybody, itself included, gave everything up. */
static bool could_have(const struct budget *b, uint32_t count)
{
	uint32_t most =
		b->common ? min(b->limit, pages.totals.total / PAGES_COMMON_PART) : b->limit;

	return count == 1 || (count <= most && fits_into(pages.totals.total, 0, b, count));
}

bool budget_has_room(const struct budget *b, uint32_t count)
{
	spin_lock(&pages.lock);
	bool fits = has_room(b, count);
	spin_unlock(&pages.lock);
	return fits;
}

bool budget_reclaim(struct budget *b, uint32_t count)
{
	spin_lock(&pages.lock);
	bool found = could_have(b, count);
	spin_unlock(&pages.lock);
	found = found && page_reclaim && page_reclaim(b, count);

	if (!found)
		refused(b);
	return found;
}

static void charge_page(struct budget *b)
{
	pages.totals.reserved -= outstanding(b) > 0;
	pages.totals.common += b->common;
	charge(b, 1);
}

static void *take_page(struct budget *b)
{
	void *page = NULL;

	spin_lock(&pages.lock);
	if (may_take_page(b) && pages.free_list) {
		page = pages.free_list;
		pages.free_list = *(void **)page;
		*(void **)page = NULL;
		pages.totals.free--;
		charge_page(b);
		pages.owner[page_index(page)] = b;
	}
	spin_unlock(&pages.lock);
	return page;
}

void *page_alloc(struct budget *b)
{
	void *page = take_page(b);

	if (page || !budget_reclaim(b, 1))
		return page;
	page = take_page(b);
	if (!page)
		refused(b);
	return page;
}

static void uncharge_page(struct budget *b)
{
	b->used--;
	pages.totals.reserved += outstanding(b) > 0;
	pages.totals.common -= b->common;
}

bool page_transfer(void *page, struct budget *from, struct budget *to)
{
	bool fits;

	spin_lock(&pages.lock);
	size_t index = page_index(page);
	assert(pages.owner[index] == from);
	/* The page is used already: what its giver then lacks must still be there, free and not
	 * promised. */
	uint32_t owed = own_pages(from) <= from->reserve;
	fits = to->used < to->limit && !(to->common && common_left() == 0) &&
	       (outstanding(to) > 0 || pages.totals.free >= pages.totals.reserved + owed);
	if (fits) {
		uncharge_page(from);
		charge_page(to);
		pages.owner[index] = to;
	}
	spin_unlock(&pages.lock);
	return fits;
}

void page_free(struct budget *b, void *page)
{
	if (!page)
		return;
	memset(page, 0, PAGE_SIZE);
	spin_lock(&pages.lock);
	size_t index = page_index(page);
	assert(pages.owner[index] == b);
	pages.owner[index] = NULL;
	uncharge_page(b);
	push_free(page);
	spin_unlock(&pages.lock);
}

void pages_totals(struct page_totals *totals)
{
	spin_lock(&pages.lock);
	*totals = pages.totals;
	spin_unlock(&pages.lock);
}
