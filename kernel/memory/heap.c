/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/memory/heap.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"

/* At the start of each page of a heap; the objects follow. A free object holds the link to the
 * next. */
struct heap_page {
	struct list link; /* in heap->partial while an object is free */
	struct heap *heap;
	void *free_list;
	uint16_t class_index;
	uint16_t used;
};

#define HEADER_SIZE ((size_t)64)
_Static_assert(sizeof(struct heap_page) <= HEADER_SIZE, "heap page header");

static const uint16_t class_size[HEAP_CLASSES] = {64, 192, 448, 992, 4032};

static unsigned class_for(size_t size)
{
	unsigned c = 0;

	while (class_size[c] < size)
		c++;
	return c;
}

static struct heap_page *page_of(void *object)
{
	return (struct heap_page *)((uintptr_t)object & ~PAGE_MASK);
}

void heap_init(struct heap *heap, struct budget *budget)
{
	*heap = (struct heap){.budget = budget};
	for (unsigned c = 0; c < HEAP_CLASSES; c++)
		list_init(&heap->partial[c]);
}

static struct heap_page *grow(struct heap *heap, unsigned c)
{
	struct heap_page *page = page_alloc(heap->budget);

	if (!page)
		return NULL;
	page->heap = heap;
	page->class_index = c;
	for (size_t n = (PAGE_SIZE - HEADER_SIZE) / class_size[c]; n > 0; n--) {
		void **object = (void **)((char *)page + HEADER_SIZE + (n - 1) * class_size[c]);
		*object = page->free_list;
		page->free_list = object;
	}
	list_insert(&heap->partial[c], &page->link);
	return page;
}

void *heap_alloc(struct heap *heap, size_t size)
{
	struct heap_page *page;

	if (size == 0 || size > HEAP_MAX)
		return NULL;
	unsigned c = class_for(size);
	if (!list_empty(&heap->partial[c]))
		page = list_entry(heap->partial[c].next, struct heap_page, link);
	else
		page = grow(heap, c);
	if (!page)
		return NULL;
	void **object = page->free_list;
	page->free_list = *object;
	*object = NULL;
	page->used++;
	if (!page->free_list)
		list_remove(&page->link);
	heap->objects++;
	return object;
}

void heap_free(struct heap *heap, void *object)
{
	if (!object)
		return;
	struct heap_page *page = page_of(object);
	assert(page->heap == heap && page->used > 0);
	memset(object, 0, class_size[page->class_index]);
	if (!page->free_list)
		list_insert(&heap->partial[page->class_index], &page->link);
	*(void **)object = page->free_list;
	page->free_list = object;
	heap->objects--;
	if (--page->used == 0) {
		list_remove(&page->link);
		page_free(heap->budget, page);
	}
}
