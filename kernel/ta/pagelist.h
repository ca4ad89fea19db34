/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A list of single pages: the kernel's answer to "more than a page". The pointers lie in a chain of
 * chunks, none larger than what the heap or the page allocator gives.
 *
 * The list owns its chunks, not the pages: who fills it decides whom they belong to.
 */
#ifndef TA_PAGELIST_H
#define TA_PAGELIST_H

#include "abi/result.h"
#include "kernel/lib/types.h"
#include "kernel/memory/heap.h"

/*
 * index if it is below count, else 0, without a branch: a trusted app's address becomes an index,
 * and a CPU that guesses past the checks must not read what lies behind the list.
 */
static inline size_t page_index_clamp(size_t index, size_t count)
{
	size_t in_range = -(size_t)(index < count);

	__asm__ volatile("" : "+r"(in_range));
	return index & in_range;
}

struct page_chunk {
	struct page_chunk *next;
	struct budget *budget; /* that the chunk is charged to, if it is a page of its own */
	uint16_t capacity;
	uint16_t used;
	void *pages[];
};

struct page_list {
	struct page_chunk *first;
	struct page_chunk *built_in; /* the first chunk, if somebody else's memory */
	struct heap *heap;           /* chunks come from here, … */
	struct budget *budget;       /* … or are whole pages, charged to this budget when new */
	uint32_t count;
};

/* Chunks of any size, from an owner's heap. Context of all functions: the heap's monitor. */
void page_list_init(struct page_list *list, struct heap *heap);

/* Chunks are pages of budget, after the first one: it lies at first and is first_size bytes. */
void page_list_init_paged(struct page_list *list, struct budget *budget, void *first,
			  size_t first_size);

/*
 * Adds a page at the end. expected: how many more may follow, to choose a fitting chunk.
 * OUT_OF_MEMORY: nothing changed.
 */
TEE_Result must_check page_list_append(struct page_list *list, void *page, size_t expected);

/* Takes the last page off; NULL if the list is empty. Gives an emptied chunk back. */
void *page_list_pop(struct page_list *list);

/* index < count (asserted). */
void *page_list_get(const struct page_list *list, size_t index);

#endif
