/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/ta/pagelist.h"

#include "kernel/lib/assert.h"

static uint16_t capacity_of(size_t bytes)
{
	return (bytes - sizeof(struct page_chunk)) / sizeof(void *);
}

void page_list_init(struct page_list *list, struct heap *heap)
{
	*list = (struct page_list){.heap = heap};
}

void page_list_init_paged(struct page_list *list, struct budget *budget, void *first,
			  size_t first_size)
{
	struct page_chunk *chunk = first;

	*list = (struct page_list){.budget = budget, .first = chunk, .built_in = chunk};
	*chunk = (struct page_chunk){.capacity = capacity_of(first_size)};
}

static struct page_chunk *last_chunk(const struct page_list *list)
{
	struct page_chunk *chunk = list->first;

	while (chunk && chunk->next)
		chunk = chunk->next;
	return chunk;
}

static struct page_chunk *new_chunk(struct page_list *list, size_t expected)
{
	size_t size = PAGE_SIZE;
	struct page_chunk *chunk;

	if (list->heap) {
		size = sizeof(*chunk) +
		       sizeof(void *) * min(expected + 1, HEAP_MAX / sizeof(void *));
		size = min(size, HEAP_MAX);
		chunk = heap_alloc(list->heap, size);
	} else {
		chunk = page_alloc(list->budget);
	}
	if (chunk) {
		chunk->budget = list->budget;
		chunk->capacity = capacity_of(size);
	}
	return chunk;
}

static void free_chunk(struct page_list *list, struct page_chunk *chunk)
{
	if (chunk == list->built_in)
		return;
	if (list->heap)
		heap_free(list->heap, chunk);
	else
		page_free(chunk->budget, chunk);
}

TEE_Result page_list_append(struct page_list *list, void *page, size_t expected)
{
	struct page_chunk *last = last_chunk(list);

	if (!last || last->used == last->capacity) {
		struct page_chunk *chunk = new_chunk(list, expected);
		if (!chunk)
			return TEE_ERROR_OUT_OF_MEMORY;
		if (last)
			last->next = chunk;
		else
			list->first = chunk;
		last = chunk;
	}
	last->pages[last->used++] = page;
	list->count++;
	return TEE_SUCCESS;
}

static void drop_last_chunk(struct page_list *list, struct page_chunk *last)
{
	struct page_chunk **link = &list->first;

	if (last == list->built_in)
		return;
	while (*link != last)
		link = &(*link)->next;
	*link = NULL;
	free_chunk(list, last);
}

void *page_list_pop(struct page_list *list)
{
	struct page_chunk *last = last_chunk(list);
	void *page;

	if (list->count == 0)
		return NULL;
	page = last->pages[--last->used];
	list->count--;
	if (last->used == 0)
		drop_last_chunk(list, last);
	return page;
}

void *page_list_get(const struct page_list *list, size_t index)
{
	const struct page_chunk *chunk = list->first;

	assert(index < list->count);
	while (index >= chunk->used) {
		index -= chunk->used;
		chunk = chunk->next;
	}
	return chunk->pages[page_index_clamp(index, chunk->used)];
}
