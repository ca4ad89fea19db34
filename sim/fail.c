/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory of the kernel that fails: the linker leads its allocations through here (I8). */
#include "kernel/memory/heap.h"
#include "kernel/memory/pages.h"
#include "sim/sim.h"

void *__real_page_alloc(struct budget *budget);
void *__wrap_page_alloc(struct budget *budget);
void *__real_heap_alloc(struct heap *heap, size_t size);
void *__wrap_heap_alloc(struct heap *heap, size_t size);

static bool fails(void)
{
	bool now = fiber_current() && chance(options.fail_chance);

	summary.failed_allocations += now;
	return now;
}

void *__wrap_page_alloc(struct budget *budget)
{
	return fails() ? NULL : __real_page_alloc(budget);
}

void *__wrap_heap_alloc(struct heap *heap, size_t size)
{
	return fails() ? NULL : __real_heap_alloc(heap, size);
}
