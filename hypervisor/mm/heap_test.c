/* SPDX-License-Identifier: BSD-2-Clause */
#include <lib/test.h>

#define COUNT 64u

static struct page records[COUNT];
static void *memory;

static int setup(void **state)
{
	(void)state;
	memory = test_pool_open(&host_pages, records, COUNT);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(page_free_count(&host_pages), COUNT);
	free(memory);
	return 0;
}

static void blocks_of_every_size_are_aligned_zeroed_and_apart(void **state)
{
	(void)state;
	for (size_t size = 1; size <= HEAP_MAX; size += 37) {
		uint8_t *blocks[8];

		for (unsigned i = 0; i < ARRAY_SIZE(blocks); i++) {
			blocks[i] = heap_alloc(size);
			assert_non_null(blocks[i]);
			assert_int_equal((uintptr_t)blocks[i] % 16, 0);
			for (size_t k = 0; k < size; k++)
				assert_int_equal(blocks[i][k], 0);
			memset(blocks[i], (int)i + 1, size);
		}
		for (unsigned i = 0; i < ARRAY_SIZE(blocks); i++)
			for (size_t k = 0; k < size; k++)
				assert_int_equal(blocks[i][k], i + 1);
		for (unsigned i = 0; i < ARRAY_SIZE(blocks); i++)
			heap_free(blocks[(i * 3) % ARRAY_SIZE(blocks)]);
	}
}

static void sizes_out_of_range_are_refused(void **state)
{
	(void)state;
	assert_null(heap_alloc(0));
	assert_null(heap_alloc(HEAP_MAX + 1));
	assert_null(heap_alloc(~(size_t)0));
	heap_free(NULL);
}

static void running_out_is_an_error_and_passes(void **state)
{
	void *blocks[COUNT * 2 + 1];
	unsigned n = 0;

	(void)state;
	while ((blocks[n] = heap_alloc(1500)))
		n++;
	assert_int_equal(n, COUNT * 2);
	assert_null(heap_alloc(32));
	while (n)
		heap_free(blocks[--n]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(blocks_of_every_size_are_aligned_zeroed_and_apart,
						setup, teardown),
		cmocka_unit_test_setup_teardown(sizes_out_of_range_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(running_out_is_an_error_and_passes, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
