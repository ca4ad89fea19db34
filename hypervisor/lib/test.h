/* SPDX-License-Identifier: BSD-2-Clause */
/* What every unit test of the hypervisor includes; and a pool of pages in the test's own memory. */
#ifndef LIB_TEST_H
#define LIB_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <mm/mm.h>

/** Open @pool with @count pages of fresh memory, filled with 0xA5. Returns what to free(). */
static inline void *test_pool_open(struct page_pool *pool, struct page *records, uint32_t count)
{
	void *memory = aligned_alloc(PAGE_SIZE, count * PAGE_SIZE);

	assert_non_null(memory);
	memset(memory, 0xA5, count * PAGE_SIZE);
	page_pool_init(pool, records, PADDR((uintptr_t)memory), count);
	page_pool_add(pool, PADDR((uintptr_t)memory), count * PAGE_SIZE);
	page_pool_seal(pool);
	return memory;
}

#endif
