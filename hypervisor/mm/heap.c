/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Small blocks. A page is cut into blocks of one class; its header lies at its start. Blocks of
 * more than half a page are pages of their own, known by their alignment.
 */
#include <lib/list.h>
#include <mm/mm.h>
#include <string.h>

#define CLASS_COUNT 7u /* 32, 64, ... 2016 */
#define CLASS_MIN   32u

struct slab {
	struct list link; /* in partial[], or alone when full */
	uint16_t class, used;
	uint32_t free; /* offset of the first free block, 0: none */
	uint64_t pad;
};
_Static_assert(sizeof(struct slab) == 32, "a slab's header keeps its blocks aligned");

static struct lock lock;
static struct list partial[CLASS_COUNT];
static bool ready;

static uint32_t class_size(unsigned class)
{
	/* The largest class fits twice beside the header. */
	return class == CLASS_COUNT - 1 ? 2032 - 16 : CLASS_MIN << class;
}

static void heap_prepare(void)
{
	if (ready)
		return;
	for (unsigned i = 0; i < CLASS_COUNT; i++)
		list_init(&partial[i]);
	ready = true;
}

static struct slab *slab_create(unsigned class)
{
	uint32_t size = class_size(class), offset = sizeof(struct slab);
	struct paddr pa;
	struct slab *slab;

	if (!page_alloc(&host_pages, &pa))
		return NULL;
	slab = mm_ptr(pa);
	slab->class = (uint16_t) class;
	slab->free = offset;
	for (; offset + 2 * size <= PAGE_SIZE; offset += size)
		*(uint32_t *)((char *)slab + offset) = offset + size;
	list_init(&slab->link);
	return slab;
}

void *heap_alloc(size_t size)
{
	unsigned class = 0;
	struct slab *slab;
	struct paddr pa;
	char *block;

	if (size == 0 || size > HEAP_MAX)
		return NULL;
	if (size > class_size(CLASS_COUNT - 1))
		return page_alloc(&host_pages, &pa) ? mm_ptr(pa) : NULL;
	while (class_size(class) < size)
		class ++;
	lock_acquire(&lock);
	heap_prepare();
	if (list_empty(&partial[class])) {
		slab = slab_create(class);
		if (!slab) {
			lock_release(&lock);
			return NULL;
		}
		list_add_tail(&partial[class], &slab->link);
	}
	slab = container_of(partial[class].next, struct slab, link);
	block = (char *)slab + slab->free;
	slab->free = *(uint32_t *)block;
	slab->used++;
	if (!slab->free)
		list_remove(&slab->link);
	lock_release(&lock);
	*(uint32_t *)block = 0;
	return block;
}

void heap_free(void *p)
{
	struct slab *slab = (struct slab *)((uintptr_t)p & ~(PAGE_SIZE - 1));
	uint32_t offset = (uint32_t)((uintptr_t)p & (PAGE_SIZE - 1));
	bool empty;

	if (!p)
		return;
	if (offset == 0) {
		page_put(&host_pages, PADDR((uintptr_t)p));
		return;
	}
	memset(p, 0, class_size(slab->class));
	lock_acquire(&lock);
	if (!slab->free)
		list_add_tail(&partial[slab->class], &slab->link);
	*(uint32_t *)p = slab->free;
	slab->free = offset;
	empty = --slab->used == 0;
	if (empty)
		list_remove(&slab->link);
	lock_release(&lock);
	if (empty)
		page_put(&host_pages, PADDR((uintptr_t)slab));
}
