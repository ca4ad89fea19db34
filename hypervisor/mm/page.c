/* SPDX-License-Identifier: BSD-2-Clause */
#include <mm/mm.h>
#include <string.h>

#define NO_PAGE 0x7FFFFFFFu
#define DIRTY   0x80000000u

struct page_pool host_pages;

void page_pool_init(struct page_pool *pool, struct page *pages, struct paddr base, uint32_t count)
{
	*pool = (struct page_pool){
		.pages = pages, .base_pfn = base.v >> PAGE_SHIFT, .count = count, .head = NO_PAGE};
	for (uint32_t i = 0; i < count; i++)
		pages[i] = (struct page){.next = NO_PAGE | DIRTY, .refs = PAGE_RESERVED};
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

void page_pool_seal(struct page_pool *pool)
{
	uint32_t stride = (uint32_t)((uint64_t)pool->count * 618 / 1000), at = 0;

	if (!stride)
		stride = 1;
	while (greatest_common_divisor(pool->count, stride) != 1)
		stride++;
	for (uint32_t i = 0; i < pool->count; i++) {
		if (pool->pages[at].refs == 0) {
			pool->pages[at].next = pool->head | DIRTY;
			pool->head = at;
			pool->free_count++;
		}
		at = (uint32_t)(((uint64_t)at + stride) % pool->count);
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

bool page_alloc(struct page_pool *pool, struct paddr *pa)
{
	struct page *page = NULL;
	bool dirty = false;

	lock_acquire(&pool->lock);
	if (pool->head != NO_PAGE) {
		page = &pool->pages[pool->head];
		*pa = page_address(pool, pool->head);
		dirty = page->next & DIRTY;
		pool->head = page->next & ~DIRTY;
		page->next = 0;
		page->refs = 1;
		pool->free_count--;
	}
	lock_release(&pool->lock);
	if (page && dirty)
		memset(mm_ptr(*pa), 0, PAGE_SIZE);
	return page != NULL;
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
	bool last;

	if (!page)
		return;
	lock_acquire(&pool->lock);
	if (page->refs == 0 || page->refs == PAGE_RESERVED) {
		lock_release(&pool->lock);
		return;
	}
	last = page->refs == 1;
	if (!last)
		page->refs--;
	lock_release(&pool->lock);
	if (!last)
		return;
	/* Nobody else can reach it now: scrub outside the lock, then publish it as free. */
	memset(mm_ptr(pa), 0, PAGE_SIZE);
	lock_acquire(&pool->lock);
	page->refs = 0;
	page->next = pool->head;
	pool->head = (uint32_t)(page - pool->pages);
	pool->free_count++;
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
