/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Small objects, from pages of one budget: a heap belongs to one owner, so tearing the owner down
 * gives whole pages back. Not locked: the owner's monitor (or the system's lock) protects it.
 */
#ifndef MEMORY_HEAP_H
#define MEMORY_HEAP_H

#include "kernel/memory/pages.h"

#define HEAP_CLASSES 5 /* 64, 192, 448, 992 and 4032 bytes: each fills a page with little waste */

/* The largest object; more must be built from pages. */
#define HEAP_MAX ((size_t)4032)

struct heap {
	struct budget *budget;
	struct list partial[HEAP_CLASSES]; /* pages with a free object */
	uint32_t objects;                  /* alive, for tests and invariants */
};

void heap_init(struct heap *heap, struct budget *budget);

/* size bytes (1..HEAP_MAX), zeroed, 16-byte aligned; NULL when the budget is exhausted or size is
 * out of range. */
void *must_check heap_alloc(struct heap *heap, size_t size);

/* Scrubs the object; its page goes back as soon as it is empty. NULL is ignored. */
void heap_free(struct heap *heap, void *object);

#endif
