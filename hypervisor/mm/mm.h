/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory: physical pages with reference counts, small blocks, and stage-2 tables.
 *
 * All RAM is mapped one to one at EL2, so a page's pointer is its address; mm_ptr() is the one
 * place that says so. A page has one owner (who allocated it) and any number of pins, and is free
 * when the last reference goes. Free pages are scrubbed by CPUs that have nothing else to do, and
 * at the latest when they are handed out: what is handed out is always zeroed (I6).
 */
#ifndef MM_MM_H
#define MM_MM_H

#include <lib/bits.h>
#include <lib/lock.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096ull

/* A physical address and one of a guest: not to be mixed up. */
struct paddr {
	uint64_t v;
};
struct ipaddr {
	uint64_t v;
};

#define PADDR(x)  ((struct paddr){x})
#define IPADDR(x) ((struct ipaddr){x})

static inline void *mm_ptr(struct paddr pa)
{
	return (void *)(uintptr_t)pa.v;
}

/** Zero one page. From arch/. */
void page_zero(void *page);

/* ---- pages ---- */

struct page {
	uint32_t next; /* in a free list */
	uint32_t refs; /* 0: free; PAGE_RESERVED: not the pool's to give */
};
#define PAGE_RESERVED 0xFFFFFFFFu
#define PAGE_REFS_MAX 0x7FFFFFFFu

struct page_pool {
	struct lock lock;
	struct page *pages; /* one for each page of [base, base + count) */
	uint64_t base_pfn;
	uint32_t count;
	uint32_t clean, dirty; /* free pages: zeroed, and with data of an earlier owner */
	uint32_t free_count;
	uint32_t total; /* pages ever under the pool */
};

/* The host's pool: all RAM but what the image, the device tree and the modules take. */
extern struct page_pool host_pages;

/**
 * Start a pool for @count pages from @base on, whose records are @pages (storage of the caller,
 * kept). All pages are reserved until page_pool_add(); page_pool_reserve() takes away again;
 * page_pool_seal() then opens the pool. Boot time, one CPU.
 */
void page_pool_init(struct page_pool *pool, struct page *pages, struct paddr base, uint32_t count);
void page_pool_add(struct page_pool *pool, struct paddr base, uint64_t size);
void page_pool_reserve(struct page_pool *pool, struct paddr base, uint64_t size);
/** Thread the free list so that pages handed out one after the other are far from each other. */
void page_pool_seal(struct page_pool *pool);

/** One zeroed page with one reference. False: none is left. */
bool page_alloc(struct page_pool *pool, struct paddr *pa) MUST_CHECK;
/** Another reference to a page that has one. False: @pa is no such page, or has too many. */
bool page_get(struct page_pool *pool, struct paddr pa) MUST_CHECK;
/** Give a reference back; with the last one the page is free. */
void page_put(struct page_pool *pool, struct paddr pa);
/** Scrub up to PAGE_SCRUB_BATCH free pages, if any need it and the pool is not in use. For idle
 * CPUs. */
#define PAGE_SCRUB_BATCH 32
bool page_scrub_some(struct page_pool *pool);
uint32_t page_free_count(struct page_pool *pool);
/** The references of a page, 0 if it is free or not the pool's. For tests and assertions. */
uint32_t page_refs(struct page_pool *pool, struct paddr pa);

/* ---- small blocks ---- */

#define HEAP_MAX 4096u

/** @size 1..HEAP_MAX bytes, 16-byte aligned, zeroed. NULL: no memory, or a bad size. */
void *heap_alloc(size_t size) MUST_CHECK;
/** @p from heap_alloc(), or NULL. Scrubbed. */
void heap_free(void *p);

/* ---- stage 2 ---- */

#define STAGE2_IPA_BITS 39

struct stage2 {
	struct page_pool *pool; /* tables come from here */
	struct paddr root;
	uint32_t table_count;
};

/** False: no memory. */
bool stage2_init(struct stage2 *s2, struct page_pool *pool) MUST_CHECK;
/**
 * Map one page of ordinary RAM, readable, writable and executable. Takes over the caller's
 * reference to @pa. False, and nothing done: no memory, @ipa out of range, or mapped already.
 */
bool stage2_map(struct stage2 *s2, struct ipaddr ipa, struct paddr pa) MUST_CHECK;
/** Where @ipa (any offset in its page) is. False: nowhere. */
bool stage2_lookup(const struct stage2 *s2, struct ipaddr ipa, struct paddr *pa) MUST_CHECK;
/**
 * Unmap and give back pages from *@cursor (0 at first) on, at most about @budget; restartable. The
 * caller made sure that no TLB holds a translation any more. True: nothing is left and the tables
 * are gone.
 */
bool stage2_free_step(struct stage2 *s2, uint64_t *cursor, uint32_t budget) MUST_CHECK;

#endif
