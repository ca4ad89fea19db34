/* SPDX-License-Identifier: BSD-2-Clause */
/* Each function that can run out is wrapped by the linker. */
#include "kernel/arch/host/tatest/tatest.h"
#include "kernel/memory/heap.h"
#include "kernel/memory/pages.h"

static unsigned at, chances;

void fail_begin(unsigned fail_at)
{
	at = fail_at;
	chances = 0;
}

unsigned fail_chances(void)
{
	return chances;
}

static bool fails_now(void)
{
	return ++chances == at;
}

void *__real_page_alloc(struct budget *budget);
void *__wrap_page_alloc(struct budget *budget);
void *__wrap_page_alloc(struct budget *budget)
{
	return fails_now() ? NULL : __real_page_alloc(budget);
}

void *__real_heap_alloc(struct heap *heap, size_t size);
void *__wrap_heap_alloc(struct heap *heap, size_t size);
void *__wrap_heap_alloc(struct heap *heap, size_t size)
{
	return fails_now() ? NULL : __real_heap_alloc(heap, size);
}

TEE_Result __real_arch_aspace_map(struct arch_aspace *as, uaddr_t va, paddr_t pa, unsigned prot);
TEE_Result __wrap_arch_aspace_map(struct arch_aspace *as, uaddr_t va, paddr_t pa, unsigned prot);
TEE_Result __wrap_arch_aspace_map(struct arch_aspace *as, uaddr_t va, paddr_t pa, unsigned prot)
{
	return fails_now() ? TEE_ERROR_OUT_OF_MEMORY : __real_arch_aspace_map(as, va, pa, prot);
}

bool __real_page_transfer(void *page, struct budget *from, struct budget *to);
bool __wrap_page_transfer(void *page, struct budget *from, struct budget *to);
bool __wrap_page_transfer(void *page, struct budget *from, struct budget *to)
{
	return fails_now() ? false : __real_page_transfer(page, from, to);
}
