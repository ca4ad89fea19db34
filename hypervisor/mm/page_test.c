/* SPDX-License-Identifier: BSD-2-Clause */
#include <lib/test.h>

#define COUNT 100u

static struct page_pool pool;
static struct page records[COUNT];
static void *memory;

static int setup(void **state)
{
	(void)state;
	memory = test_pool_open(&pool, records, COUNT);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(memory);
	return 0;
}

static bool all_zero(struct paddr pa)
{
	const uint8_t *p = mm_ptr(pa);

	for (size_t i = 0; i < PAGE_SIZE; i++)
		if (p[i])
			return false;
	return true;
}

static void every_page_is_given_once_and_zeroed(void **state)
{
	uint8_t seen[COUNT] = {0};
	struct paddr pa;

	(void)state;
	for (unsigned i = 0; i < COUNT; i++) {
		uint64_t index;

		assert_true(page_alloc(&pool, &pa));
		assert_true(all_zero(pa));
		index = (pa.v - (uintptr_t)memory) / PAGE_SIZE;
		assert_true(index < COUNT);
		assert_int_equal(seen[index]++, 0);
	}
	assert_false(page_alloc(&pool, &pa));
	assert_int_equal(page_free_count(&pool), 0);
}

static void pages_given_in_turn_are_not_neighbours(void **state)
{
	struct paddr last = {0}, pa;

	(void)state;
	for (unsigned i = 0; i < COUNT; i++) {
		assert_true(page_alloc(&pool, &pa));
		if (i)
			assert_true(pa.v != last.v + PAGE_SIZE && last.v != pa.v + PAGE_SIZE);
		last = pa;
	}
}

static void nw_174_a_pinned_page_is_not_given_again_before_its_last_unpin(void **state)
{
	struct paddr pinned, pa;

	(void)state;
	assert_true(page_alloc(&pool, &pinned));
	assert_true(page_get(&pool, pinned));
	assert_true(page_get(&pool, pinned));
	page_put(&pool, pinned); /* its owner */
	for (unsigned i = 0; i < COUNT - 1; i++) {
		assert_true(page_alloc(&pool, &pa));
		assert_true(pa.v != pinned.v);
	}
	assert_false(page_alloc(&pool, &pa));
	page_put(&pool, pinned);
	assert_false(page_alloc(&pool, &pa));
	page_put(&pool, pinned);
	assert_true(page_alloc(&pool, &pa));
	assert_int_equal(pa.v, pinned.v);
}

/* Attack row 3 */
static void i6_data_of_an_owner_is_gone_before_the_next_one(void **state)
{
	struct paddr pa;

	(void)state;
	for (unsigned i = 0; i < 3 * COUNT; i++) {
		assert_true(page_alloc(&pool, &pa));
		assert_true(all_zero(pa));
		memset(mm_ptr(pa), 0x5A, PAGE_SIZE);
		page_put(&pool, pa);
		if (i % 3 == 0)
			page_scrub_some(&pool);
	}
	while (page_scrub_some(&pool))
		;
	assert_int_equal(page_free_count(&pool), COUNT);
	for (unsigned i = 0; i < COUNT; i++)
		assert_true(all_zero(PADDR((uintptr_t)memory + i * PAGE_SIZE)));
}

/* Attack row 36: also addresses whose distance to the pool wraps. */
static void a_reference_to_what_is_no_page_is_refused(void **state)
{
	struct paddr free_page, pa = {(uintptr_t)memory - PAGE_SIZE};

	(void)state;
	assert_false(page_get(&pool, pa));
	assert_false(page_get(&pool, PADDR((uintptr_t)memory + COUNT * PAGE_SIZE)));
	assert_false(page_get(&pool, PADDR(0)));
	assert_false(page_get(&pool, PADDR(~0ull)));
	assert_true(page_alloc(&pool, &free_page));
	page_put(&pool, free_page);
	assert_false(page_get(&pool, free_page));
	page_put(&pool, free_page); /* one too many does no harm */
	assert_int_equal(page_free_count(&pool), COUNT);
}

/* Attack row 36 */
static void references_do_not_overflow(void **state)
{
	struct paddr pa;

	(void)state;
	assert_true(page_alloc(&pool, &pa));
	records[(pa.v - (uintptr_t)memory) / PAGE_SIZE].refs = PAGE_REFS_MAX;
	assert_false(page_get(&pool, pa));
}

static void reserved_pages_are_never_given(void **state)
{
	struct page_pool other;
	struct page r[16];
	struct paddr pa;

	(void)state;
	page_pool_init(&other, r, PADDR((uintptr_t)memory), 16);
	page_pool_add(&other, PADDR((uintptr_t)memory), 16 * PAGE_SIZE);
	/* Part of a page is a page; what lies outside the pool is not looked at. */
	page_pool_reserve(&other, PADDR((uintptr_t)memory + 3 * PAGE_SIZE + 5), PAGE_SIZE);
	page_pool_reserve(&other, PADDR((uintptr_t)memory + 15 * PAGE_SIZE), 9 * PAGE_SIZE);
	page_pool_seal(&other);
	assert_int_equal(other.total, 13);
	while (page_alloc(&other, &pa)) {
		uint64_t index = (pa.v - (uintptr_t)memory) / PAGE_SIZE;

		assert_true(index != 3 && index != 4 && index != 15);
	}
	assert_false(page_get(&other, PADDR((uintptr_t)memory + 3 * PAGE_SIZE)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_page_is_given_once_and_zeroed, setup,
						teardown),
		cmocka_unit_test_setup_teardown(pages_given_in_turn_are_not_neighbours, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			nw_174_a_pinned_page_is_not_given_again_before_its_last_unpin, setup,
			teardown),
		cmocka_unit_test_setup_teardown(i6_data_of_an_owner_is_gone_before_the_next_one,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_reference_to_what_is_no_page_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(references_do_not_overflow, setup, teardown),
		cmocka_unit_test_setup_teardown(reserved_pages_are_never_given, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
