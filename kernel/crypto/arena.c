/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A page of working memory is a row of blocks, each behind a header of 16 bytes, that fill it
 * without a hole:
 *
 *     │ header │ block │ header │ block │ …
 *
 * Operations are short and have few blocks, so the first fit is good enough, and neighbours that
 * are both free are joined while searching.
 */
#include "kernel/crypto/arena.h"

#include "kernel/crypto/crypto.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"

struct block {
	uint32_t size; /* bytes behind the header, a multiple of 16 */
	uint32_t state;
	uint64_t unused;
};
_Static_assert(sizeof(struct block) == 16, "keeps blocks 16-byte aligned");
_Static_assert(ARENA_MAX == 4096 - sizeof(struct block), "one block fills a page");

#define BLOCK_FREE 0x45455246u
#define BLOCK_USED 0x44455355u

static struct crypto_work *default_slot;

static struct crypto_work **use_default_slot(void)
{
	return &default_slot;
}

struct crypto_work **(*crypto_work_slot)(void) = use_default_slot;

static struct block *next_block(const void *page, struct block *block)
{
	struct block *next = (struct block *)((char *)(block + 1) + block->size);

	return (const char *)next < (const char *)page + PAGE_SIZE ? next : NULL;
}

/* Joins block with the free ones behind it. */
static void join(const void *page, struct block *block)
{
	struct block *next;

	while ((next = next_block(page, block)) && next->state == BLOCK_FREE)
		block->size += sizeof(*next) + next->size;
}

static void *take(struct block *block, size_t size)
{
	if (block->size >= size + sizeof(*block) + 16) {
		struct block *rest = (struct block *)((char *)(block + 1) + size);
		*rest = (struct block){.size = block->size - size - sizeof(*rest),
				       .state = BLOCK_FREE};
		block->size = size;
	}
	block->state = BLOCK_USED;
	return memset(block + 1, 0, block->size);
}

static void *alloc_in(void *page, size_t size)
{
	for (struct block *b = page; b; b = next_block(page, b)) {
		if (b->state != BLOCK_FREE)
			continue;
		join(page, b);
		if (b->size >= size)
			return take(b, size);
	}
	return NULL;
}

void *arena_calloc(size_t count, size_t size)
{
	struct crypto_work *work = *crypto_work_slot();
	void *memory = NULL;

	if (!work)
		return NULL;
	if (!mul_overflow(count, size, &size) && size > 0 && size <= ARENA_MAX) {
		for (unsigned i = 0; i < work->page_count && !memory; i++)
			memory = alloc_in(work->pages[i], round_up(size, 16));
	}
	if (!memory)
		work->exhausted = true;
	return memory;
}

static bool belongs_to(const struct crypto_work *work, const void *memory)
{
	void *page = (void *)((uintptr_t)memory & ~PAGE_MASK);

	for (unsigned i = 0; work && i < work->page_count; i++) {
		if (work->pages[i] == page)
			return true;
	}
	return false;
}

void arena_free(void *memory)
{
	if (!memory)
		return;
	assert(belongs_to(*crypto_work_slot(), memory));
	struct block *block = (struct block *)memory - 1;
	assert(block->state == BLOCK_USED);
	crypto_wipe(memory, block->size);
	block->state = BLOCK_FREE;
}

static bool page_is_unused(void *page)
{
	struct block *first = page;

	join(page, first);
	return first->state == BLOCK_FREE && first->size == ARENA_MAX;
}

TEE_Result crypto_work_begin(struct crypto_work *work, struct budget *budget)
{
	assert(*crypto_work_slot() == NULL);
	*work = (struct crypto_work){.budget = budget};
	while (work->page_count < CRYPTO_WORK_PAGES) {
		struct block *first = page_alloc(budget);
		if (!first)
			goto no_memory;
		*first = (struct block){.size = ARENA_MAX, .state = BLOCK_FREE};
		work->pages[work->page_count++] = first;
	}
	*crypto_work_slot() = work;
	return TEE_SUCCESS;
no_memory:
	while (work->page_count > 0)
		page_free(budget, work->pages[--work->page_count]);
	return TEE_ERROR_OUT_OF_MEMORY;
}

void crypto_work_end(struct crypto_work *work)
{
	assert(*crypto_work_slot() == work);
	for (unsigned i = 0; i < work->page_count; i++)
		assert(page_is_unused(work->pages[i]));
	*crypto_work_slot() = NULL;
	while (work->page_count > 0)
		page_free(work->budget, work->pages[--work->page_count]);
}
