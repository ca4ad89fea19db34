/* SPDX-License-Identifier: BSD-2-Clause */
#include <mm/mm.h>

#define NO_PAGE 0xFFFFFFFFu
#define WINDOW  0x4000u /* pages that are shuffled among themselves: 64 MiB */

struct page_pool host_pages;

void page_pool_init(struct page_pool *pool, struct page *pages, struct paddr base, uint32_t count)
{
	*pool = (struct page_pool){
		.pages = pages,
		.base_pfn = base.v >> PAGE_SHIFT,
		.count = count,
		.clean = NO_PAGE,
		.dirty = NO_PAGE,
	};
	for (uint32_t i = 0; i < count; i++)
		pages[i] = (struct page){.next = NO_PAGE, .refs = PAGE_RESERVED};
}

/* Mark the pages of a range that lie in the pool; partial pages count as whole. */
static void mark_range(struct page_pool *pool, struct paddr base, uint64_t size, uint32_t refs)
{
	uint64_t first = base.v >> PAGE_SHIFT;
	uint64_t end = ALIGN_UP(base.v + size, PAGE_SIZE) >> PAGE_SHIFT;

	for (uint64_t pfn = first; pfn < end; pfn++)
		if (pfn >= pool->base_pfn && pfn - pool->base_pfn < pool->count)
			pool->pages[pfn - pool->base_pfn].refs = refs;
}

void page_pool_add(struct page_pool *pool, struct paddr base, uint64_t size)
{
	mark_range(pool, base, size, 0);
}

void page_pool_reserve(struct page_pool *pool, struct paddr base, uint64_t size)
{
	mark_range(pool, base, size, PAGE_RESERVED);
}

static uint32_t greatest_common_divisor(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Put the free pages of a window in front of the list, each far from the one before. */
static void seal_window(struct page_pool *pool, uint32_t first, uint32_t count)
{
	uint32_t stride = (uint32_t)((uint64_t)count * 618 / 1000), at = 0;

	if (!stride)
		stride = 1;
	while (greatest_common_divisor(count, stride) != 1)
		stride++;
	for (uint32_t i = 0; i < count; i++) {
		struct page *page = &pool->pages[first + at];

		if (page->refs == 0) {
			page->next = pool->dirty;
			pool->dirty = first + at;
			pool->free_count++;
		}
		at = (uint32_t)(((uint64_t)at + stride) % count);
	}
}

void page_pool_seal(struct page_pool *pool)
{
	/* From the top, so that the lowest window is given out first. */
	for (uint32_t end = pool->count; end;) {
		uint32_t count = end % WINDOW ? end % WINDOW : WINDOW;

		seal_window(pool, end - count, count);
		end -= count;
	}
	pool->total = pool->free_count;
}

static struct paddr page_address(const struct page_pool *pool, uint32_t index)
{
	return PADDR((pool->base_pfn + index) << PAGE_SHIFT);
}

/* The record of an address, NULL if it is not in the pool. */
static struct page *page_find(const struct page_pool *pool, struct paddr pa)
{
	uint64_t index = (pa.v >> PAGE_SHIFT) - pool->base_pfn;

	return index < pool->count ? &pool->pages[index] : NULL;
}

/* Take the first page of a list; its references become @refs. NULL: it is empty. */
static struct page *list_take(struct page_pool *pool, uint32_t *list, uint32_t refs)
{
	struct page *page = NULL;

	if (*list != NO_PAGE) {
		page = &pool->pages[*list];
		*list = page->next;
		page->next = NO_PAGE;
		page->refs = refs;
	}
	return page;
}

static void list_give(struct page_pool *pool, uint32_t *list, struct page *page)
{
	page->refs = 0;
	page->next = *list;
	*list = (uint32_t)(page - pool->pages);
}

/* The first free page, a scrubbed one if there is; what idle CPUs are scrubbing now comes back
 * soon. */
static struct page *take_any(struct page_pool *pool, bool *clean)
{
	for (;;) {
		struct page *page;
		bool none;

		lock_acquire(&pool->lock);
		page = list_take(pool, &pool->clean, 1);
		*clean = page != NULL;
		if (!page)
			page = list_take(pool, &pool->dirty, 1);
		none = pool->free_count == 0;
		if (page)
			pool->free_count--;
		lock_release(&pool->lock);
		if (page || none)
			return page;
	}
}

bool page_alloc(struct page_pool *pool, struct paddr *pa)
{
	bool clean;
	struct page *page = take_any(pool, &clean);

	if (!page)
		return false;
	*pa = page_address(pool, (uint32_t)(page - pool->pages));
	if (!clean)
		page_zero(mm_ptr(*pa));
	return true;
}

/*
 * A handful per taking of the lock, and only when nobody else wants it: on a host with fewer CPUs
 * than the machine has, each hand-over of a contended lock can cost a time slice.
 */
bool page_scrub_some(struct page_pool *pool)
{
	struct page *taken[PAGE_SCRUB_BATCH];
	unsigned count = 0;

	if (__atomic_load_n(&pool->dirty, __ATOMIC_RELAXED) == NO_PAGE || !lock_try(&pool->lock))
		return false;
	while (count < PAGE_SCRUB_BATCH) {
		taken[count] = list_take(pool, &pool->dirty, PAGE_RESERVED);
		if (!taken[count])
			break;
		count++;
	}
	lock_release(&pool->lock);
	/* In no list and nobody's: scrubbed outside the lock. */
	for (unsigned i = 0; i < count; i++)
		page_zero(mm_ptr(page_address(pool, (uint32_t)(taken[i] - pool->pages))));
	lock_acquire(&pool->lock);
	for (unsigned i = 0; i < count; i++)
		list_give(pool, &pool->clean, taken[i]);
	lock_release(&pool->lock);
	return count > 0;
}

bool page_get(struct page_pool *pool, struct paddr pa)
{
	struct page *page = page_find(pool, pa);
	bool ok;

	if (!page)
		return false;
	lock_acquire(&pool->lock);
	ok = page->refs > 0 && page->refs < PAGE_REFS_MAX;
	if (ok)
		page->refs++;
	lock_release(&pool->lock);
	return ok;
}

void page_put(struct page_pool *pool, struct paddr pa)
{
	struct page *page = page_find(pool, pa);

	if (!page)
		return;
	lock_acquire(&pool->lock);
	if (page->refs == 1) {
		list_give(pool, &pool->dirty, page);
		pool->free_count++;
	} else if (page->refs != 0 && page->refs != PAGE_RESERVED) {
		page->refs--;
	}
	lock_release(&pool->lock);
}

uint32_t page_free_count(struct page_pool *pool)
{
	return __atomic_load_n(&pool->free_count, __ATOMIC_RELAXED);
}

uint32_t page_refs(struct page_pool *pool, struct paddr pa)
{
	struct page *page = page_find(pool, pa);

	return page && page->refs != PAGE_RESERVED ? page->refs : 0;
}
