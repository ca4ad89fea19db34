/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/arch/host/chance.h"

#include "kernel/arch/arch.h"
#include "kernel/memory/heap.h"
#include "kernel/memory/pages.h"

struct chance chance;

static bool hooked(enum chance_kind kind)
{
	return chance.hook && chance.hook(kind);
}

static bool fails(enum chance_kind kind)
{
	bool now = ++chance.allocations == chance.fail_at;

	return hooked(kind) || now;
}

void *__real_page_alloc(struct budget *budget);
void *__wrap_page_alloc(struct budget *budget);
void *__wrap_page_alloc(struct budget *budget)
{
	return fails(CHANCE_PAGE) ? NULL : __real_page_alloc(budget);
}

void *__real_heap_alloc(struct heap *heap, size_t size);
void *__wrap_heap_alloc(struct heap *heap, size_t size);
void *__wrap_heap_alloc(struct heap *heap, size_t size)
{
	return fails(CHANCE_HEAP) ? NULL : __real_heap_alloc(heap, size);
}

bool __real_arch_foreign_pending(void);
bool __wrap_arch_foreign_pending(void);
bool __wrap_arch_foreign_pending(void)
{
	chance.polls++;
	return hooked(CHANCE_POLL) || __real_arch_foreign_pending();
}
