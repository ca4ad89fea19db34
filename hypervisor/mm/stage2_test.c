/* SPDX-License-Identifier: BSD-2-Clause */
#include <lib/test.h>

#define COUNT 200u

static struct page_pool pool;
static struct page records[COUNT];
static void *memory;
static struct stage2 s2;

static int setup(void **state)
{
	(void)state;
	memory = test_pool_open(&pool, records, COUNT);
	return stage2_init(&s2, &pool) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(memory);
	return 0;
}

static struct paddr map_new(uint64_t ipa)
{
	struct paddr pa;

	assert_true(page_alloc(&pool, &pa));
	assert_true(stage2_map(&s2, IPADDR(ipa), pa));
	return pa;
}

static void what_is_mapped_is_found_with_its_offset(void **state)
{
	static const uint64_t ipas[] = {0x40000000, 0x40001000, 0x401FF000,  0x40200000,
					0x7FFFF000, 0x80000000, 0x7FFFFFF000};
	struct paddr pas[ARRAY_SIZE(ipas)], found;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(ipas); i++)
		pas[i] = map_new(ipas[i]);
	for (unsigned i = 0; i < ARRAY_SIZE(ipas); i++) {
		assert_true(stage2_lookup(&s2, IPADDR(ipas[i] + 0xABC), &found));
		assert_int_equal(found.v, pas[i].v + 0xABC);
	}
}

static void nw_198_what_is_not_mapped_is_not_found(void **state)
{
	struct paddr found;

	(void)state;
	map_new(0x40000000);
	assert_false(stage2_lookup(&s2, IPADDR(0x40001000), &found));
	assert_false(stage2_lookup(&s2, IPADDR(0x40200000), &found));
	assert_false(stage2_lookup(&s2, IPADDR(0), &found));
	assert_false(stage2_lookup(&s2, IPADDR(0x09000000), &found));
	/* Addresses that differ from a mapped one only above the 39 bits, too. */
	assert_false(stage2_lookup(&s2, IPADDR(0x40000000 | BIT(39)), &found));
	assert_false(stage2_lookup(&s2, IPADDR(0x40000000 | BIT(63)), &found));
}

static void a_page_is_mapped_once_and_in_range_only(void **state)
{
	struct paddr pa;

	(void)state;
	map_new(0x40000000);
	assert_true(page_alloc(&pool, &pa));
	assert_false(stage2_map(&s2, IPADDR(0x40000000), pa));
	assert_false(stage2_map(&s2, IPADDR(BIT(STAGE2_IPA_BITS)), pa));
}

/* Attack row 36: bits above those that the tables know make an address no other one. */
static void addresses_beyond_the_tables_are_nowhere(void **state)
{
	struct paddr first = map_new(0), last = map_new(BIT(STAGE2_IPA_BITS) - PAGE_SIZE), found,
		     pa;

	(void)state;
	assert_true(page_alloc(&pool, &pa));
	for (unsigned bit = STAGE2_IPA_BITS; bit < 64; bit++) {
		assert_false(stage2_lookup(&s2, IPADDR(BIT(bit)), &found));
		assert_false(stage2_lookup(&s2, IPADDR(0 - BIT(bit)), &found));
		assert_false(stage2_lookup(&s2, IPADDR(2 * BIT(bit) - 1), &found));
		assert_false(stage2_map(&s2, IPADDR(BIT(bit) + PAGE_SIZE), pa));
		assert_false(stage2_map(&s2, IPADDR(0 - BIT(bit)), pa));
	}
	assert_true(stage2_lookup(&s2, IPADDR(0), &found));
	assert_int_equal(found.v, first.v);
	assert_true(stage2_lookup(&s2, IPADDR(BIT(STAGE2_IPA_BITS) - 1), &found));
	assert_int_equal(found.v, last.v + PAGE_SIZE - 1);
	assert_false(stage2_lookup(&s2, IPADDR(PAGE_SIZE), &found));
}

static void mapping_without_memory_for_tables_fails_and_leaks_nothing(void **state)
{
	struct paddr pa, hold[COUNT];
	unsigned n = 0;

	(void)state;
	assert_true(page_alloc(&pool, &pa));
	while (page_free_count(&pool) > 1)
		assert_true(page_alloc(&pool, &hold[n++]));
	assert_false(stage2_map(&s2, IPADDR(0x40000000), pa)); /* needs two tables */
	page_put(&pool, hold[--n]);
	assert_true(stage2_map(&s2, IPADDR(0x40000000), pa)); /* goes on with the first */
}

static void freeing_in_steps_gives_every_page_back(void **state)
{
	uint64_t cursor = 0;
	unsigned steps = 0;

	(void)state;
	for (unsigned i = 0; i < 50; i++)
		map_new(0x40000000 + i * PAGE_SIZE);
	for (unsigned i = 0; i < 30; i++)
		map_new(0x80000000 - 15 * PAGE_SIZE + i * PAGE_SIZE);
	while (!stage2_free_step(&s2, &cursor, 7))
		steps++;
	assert_true(steps >= 80 / 7);
	assert_int_equal(page_free_count(&pool), COUNT);
}

static void nw_174_a_pinned_page_outlives_the_tables(void **state)
{
	struct paddr pa = map_new(0x40000000);
	uint64_t cursor = 0;

	(void)state;
	assert_true(page_get(&pool, pa));
	while (!stage2_free_step(&s2, &cursor, 100))
		;
	assert_int_equal(page_free_count(&pool), COUNT - 1);
	assert_int_equal(page_refs(&pool, pa), 1);
	page_put(&pool, pa);
	assert_int_equal(page_free_count(&pool), COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_mapped_is_found_with_its_offset, setup,
						teardown),
		cmocka_unit_test_setup_teardown(nw_198_what_is_not_mapped_is_not_found, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_page_is_mapped_once_and_in_range_only, setup,
						teardown),
		cmocka_unit_test_setup_teardown(addresses_beyond_the_tables_are_nowhere, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			mapping_without_memory_for_tables_fails_and_leaks_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(freeing_in_steps_gives_every_page_back, setup,
						teardown),
		cmocka_unit_test_setup_teardown(nw_174_a_pinned_page_outlives_the_tables, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
