/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that an app asks for itself: the System PTA's MAP_ZI and UNMAP. */
#include <string.h>

#include "kernel/ta/fixture_test.h"

#define BASE 0x10000000ull
#define RW   (PROT_R | PROT_W)

static struct uaspace as;

static int start(void **state)
{
	fixture_start(state);
	assert_int_equal(uaspace_init(&as, guest_a), TEE_SUCCESS);
	return 0;
}

static int stop(void **state)
{
	uaspace_destroy(&as);
	return fixture_stop(state);
}

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

static uint64_t map_at(uint64_t hint, uint64_t size)
{
	uint64_t va = 0;

	assert_int_equal(uaspace_map_zero(&as, size, false, hint, 0, 0, &va), TEE_SUCCESS);
	if (hint)
		assert_int_equal(va, hint);
	return va;
}

static TEE_Result map_result(uint64_t size, uint64_t hint, uint64_t before, uint64_t after)
{
	uint64_t va;

	return uaspace_map_zero(&as, size, false, hint, before, after, &va);
}

static char *memory(uint64_t va)
{
	return host_user_memory(&as.arch, va, RW);
}

/* TA-142 */
static void ta_142_a_zero_mapping_is_whole_zero_pages_that_never_execute(void **state)
{
	uint64_t va = map_at(0, 2 * PAGE_SIZE + 1);

	(void)state;
	assert_int_equal(va % PAGE_SIZE, 0);
	assert_true(va > 0x40000);
	for (uint64_t at = va; at < va + 3 * PAGE_SIZE; at++)
		assert_int_equal(*memory(at), 0);
	assert_null(memory(va - 1));
	assert_null(memory(va + 3 * PAGE_SIZE));
	assert_null(host_user_memory(&as.arch, va, PROT_X));
	assert_int_equal(uaspace_unmap_zero(&as, va, 2 * PAGE_SIZE + 1), TEE_SUCCESS);
	assert_null(memory(va));
	assert_int_equal(as.page_count, 0);
}

/* TA-142, TA-065 */
static void ta_142_only_a_shareable_mapping_is_not_private(void **state)
{
	struct page_source source;
	uint64_t own, shared;
	unsigned prot;

	(void)state;
	assert_int_equal(uaspace_map_zero(&as, 1, false, 0, 0, 0, &own), TEE_SUCCESS);
	assert_int_equal(uaspace_map_zero(&as, 1, true, 0, 0, 0, &shared), TEE_SUCCESS);
	assert_int_equal(user_check(&as, uaddr(own), 1, USER_READ), TEE_SUCCESS);
	assert_int_equal(user_check(&as, uaddr(shared), 1, USER_READ), TEE_ERROR_ACCESS_DENIED);
	assert_int_equal(user_check(&as, uaddr(shared), 1, USER_READ | USER_ANY_OWNER),
			 TEE_SUCCESS);
	assert_int_equal(uaspace_lend(&as, uaddr(own), 1, &source, &prot),
			 TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(uaspace_lend(&as, uaddr(shared), 1, &source, &prot), TEE_SUCCESS);
	assert_int_equal(uaspace_unmap_zero(&as, shared, 1), TEE_SUCCESS);
}

/* TA-142 */
static void ta_142_pads_stay_unmapped_and_a_hint_is_kept_exactly(void **state)
{
	uint64_t first, second;

	(void)state;
	assert_int_equal(uaspace_map_zero(&as, 1, false, 0, 5 * PAGE_SIZE, 7 * PAGE_SIZE, &first),
			 TEE_SUCCESS);
	assert_int_equal(uaspace_map_zero(&as, 1, false, 0, 0, 0, &second), TEE_SUCCESS);
	assert_int_equal(second, first + 8 * PAGE_SIZE);
	assert_int_equal(uaspace_map_zero(&as, 1, false, 0, 9 * PAGE_SIZE - 1, 0, &second),
			 TEE_SUCCESS);
	assert_int_equal(second, first + (8 + 1 + 9) * PAGE_SIZE);

	map_at(BASE, 2 * PAGE_SIZE);
	map_at(BASE + 2 * PAGE_SIZE, 1); /* next to it, as it was asked for */
	assert_int_equal(map_result(1, BASE, 0, 0), TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(map_result(2 * PAGE_SIZE, BASE - PAGE_SIZE, 0, 0),
			 TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(map_result(1, BASE + 4 * PAGE_SIZE, 2 * PAGE_SIZE, 0),
			 TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(map_result(1, BASE + 4 * PAGE_SIZE, PAGE_SIZE, 0), TEE_SUCCESS);
	assert_int_equal(map_result(1, BASE - 3 * PAGE_SIZE, 0, 3 * PAGE_SIZE),
			 TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(map_result(1, BASE - 3 * PAGE_SIZE, 0, 2 * PAGE_SIZE), TEE_SUCCESS);
	/* Pads may leave the window. */
	assert_int_equal(map_result(1, ARCH_USER_END - PAGE_SIZE, 0, 1ull << 29), TEE_SUCCESS);
	assert_int_equal(map_result(1, ARCH_USER_BASE, ARCH_USER_BASE * 2, 0), TEE_SUCCESS);
}

/* TA-142 */
static void ta_142_sizes_and_hints_out_of_range_are_refused(void **state)
{
	static const uint64_t huge[] = {1ull << 30, 1ull << 31, 1ull << 32,
					1ull << 52, UINT64_MAX, UINT64_MAX - 4095};

	(void)state;
	assert_int_equal(map_result(0, 0, 0, 0), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(map_result(1, BASE + 1, 0, 0), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(map_result(1, 0x1000, 0, 0), TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(map_result(1, ARCH_USER_END, 0, 0), TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(map_result(2 * PAGE_SIZE, ARCH_USER_END - PAGE_SIZE, 0, 0),
			 TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(map_result(1, UINT64_MAX & ~PAGE_MASK, 0, 0), TEE_ERROR_OUT_OF_MEMORY);
	for (size_t i = 0; i < array_count(huge); i++) {
		assert_int_equal(map_result(huge[i], 0, 0, 0), TEE_ERROR_OUT_OF_MEMORY);
		assert_int_equal(map_result(huge[i], BASE, 0, 0), TEE_ERROR_OUT_OF_MEMORY);
		assert_int_equal(map_result(1, 0, huge[i], 0), TEE_ERROR_OUT_OF_MEMORY);
		assert_int_equal(map_result(1, 0, 0, huge[i]), TEE_ERROR_OUT_OF_MEMORY);
	}
	assert_int_equal(as.page_count + as.zero_count, 0);
}

/* TA-142 */
static void ta_142_unmapping_anything_else_is_refused(void **state)
{
	static const enum uaspace_kind others[] = {UASPACE_SEGMENT, UASPACE_STACK, UASPACE_LOADER,
						   UASPACE_PARAM};

	(void)state;
	for (size_t i = 0; i < array_count(others); i++) {
		uint64_t va = BASE + i * 0x10000;
		assert_int_equal(uaspace_add_own(&as, va, 2, RW, others[i], NULL, NULL),
				 TEE_SUCCESS);
		assert_int_equal(uaspace_unmap_zero(&as, va, 2 * PAGE_SIZE),
				 TEE_ERROR_BAD_PARAMETERS);
		assert_int_equal(uaspace_unmap_zero(&as, va, PAGE_SIZE), TEE_ERROR_BAD_PARAMETERS);
	}
	uint64_t va = map_at(BASE + 0x100000, 2 * PAGE_SIZE);
	map_at(BASE + 0x102000, PAGE_SIZE);
	assert_int_equal(uaspace_unmap_zero(&as, va, 3 * PAGE_SIZE), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(uaspace_unmap_zero(&as, va, 0), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(uaspace_unmap_zero(&as, va + 1, 1), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(uaspace_unmap_zero(&as, va, UINT64_MAX), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(uaspace_unmap_zero(&as, va, UINT64_MAX - PAGE_SIZE),
			 TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(uaspace_unmap_zero(&as, va - PAGE_SIZE, 1), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(uaspace_unmap_zero(&as, 0, 1), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(as.page_count, 8 + 3);
	assert_int_equal(uaspace_unmap_zero(&as, va, 2 * PAGE_SIZE), TEE_SUCCESS);
}

/* TA-142: head, tail and middle of a mapping; what stays keeps its content. */
static void ta_142_parts_of_a_mapping_can_be_given_back(void **state)
{
	static const struct {
		size_t first, count;
	} cuts[] = {{0, 1}, {0, 99}, {50, 50}, {99, 1}, {1, 1}, {40, 20}, {1, 98}};

	(void)state;
	for (size_t c = 0; c < array_count(cuts); c++) {
		uint64_t va = map_at(0, 100 * PAGE_SIZE);
		uint64_t cut_end = cuts[c].first + cuts[c].count;

		for (size_t i = 0; i < 100; i++)
			*memory(va + i * PAGE_SIZE + 7) = i + 1;
		assert_int_equal(uaspace_unmap_zero(&as, va + cuts[c].first * PAGE_SIZE,
						    cuts[c].count * PAGE_SIZE),
				 TEE_SUCCESS);
		for (size_t i = 0; i < 100; i++) {
			char *at = memory(va + i * PAGE_SIZE + 7), byte = 0;

			if (i >= cuts[c].first && i < cut_end) {
				assert_null(at);
				continue;
			}
			assert_int_equal(*at, i + 1);
			assert_int_equal(user_read(&as, &byte, uaddr(va + i * PAGE_SIZE + 7), 1, 0),
					 TEE_SUCCESS);
			assert_int_equal(byte, i + 1);
		}
		assert_int_equal(as.page_count, 100 - cuts[c].count);
		if (cuts[c].first > 0)
			assert_int_equal(uaspace_unmap_zero(&as, va, cuts[c].first * PAGE_SIZE),
					 TEE_SUCCESS);
		if (cut_end < 100)
			assert_int_equal(uaspace_unmap_zero(&as, va + cut_end * PAGE_SIZE,
							    (100 - cut_end) * PAGE_SIZE),
					 TEE_SUCCESS);
		assert_int_equal(as.page_count + as.zero_count, 0);
	}
}

/* TA-142: pages that come back hold nothing of before (I6), and nothing is lost on the way. */
static void ta_142_thousands_of_mappings_are_clean_and_leak_nothing(void **state)
{
	uint64_t va[16] = {0};
	uint32_t used = 0;

	(void)state;
	for (unsigned i = 0; i < 8000; i++) {
		uint64_t *slot = &va[i * 7 % array_count(va)];

		if (*slot) {
			memset(memory(*slot), 0xa5, PAGE_SIZE);
			assert_int_equal(uaspace_unmap_zero(&as, *slot, 8 * PAGE_SIZE),
					 TEE_SUCCESS);
			*slot = 0;
		} else {
			*slot = map_at(0, 8 * PAGE_SIZE);
			for (size_t k = 0; k < PAGE_SIZE; k += 8)
				assert_int_equal(memory(*slot)[k], 0);
		}
		if (i == 31)
			used = fixture_pages_used();
	}
	assert_int_equal(as.page_count, 0);
	/* Page tables stay until the end, and there are no more of them. */
	assert_int_equal(fixture_pages_used(), used);
}

/* TA-142 */
static void ta_142_the_number_of_mappings_is_bounded(void **state)
{
	(void)state;
	for (size_t i = 0; i < UASPACE_ZERO_MAX; i++)
		map_at(0, PAGE_SIZE + (i == 0));
	assert_int_equal(map_result(1, 0, 0, 0), TEE_ERROR_OUT_OF_MEMORY);
	/* Nor can it be got over by splitting: the part behind would be one more. */
	uint64_t two = container_of(as.regions.next, struct uaspace_region, link)->va;
	assert_int_equal(uaspace_unmap_zero(&as, two, PAGE_SIZE), TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(uaspace_unmap_zero(&as, two, 2 * PAGE_SIZE), TEE_SUCCESS);
	map_at(0, PAGE_SIZE);
}

static TEE_Result map_and_cut(void)
{
	uint64_t va;
	TEE_Result res = uaspace_map_zero(&as, 700 * PAGE_SIZE, false, BASE, 0, 0, &va);

	if (res)
		return res;
	res = uaspace_unmap_zero(&as, va + PAGE_SIZE, PAGE_SIZE);
	if (res) {
		assert_int_equal(as.page_count, 700);
		assert_int_equal(as.zero_count, 1);
		assert_int_equal(uaspace_unmap_zero(&as, va, 700 * PAGE_SIZE), TEE_SUCCESS);
		return res;
	}
	assert_int_equal(uaspace_unmap_zero(&as, va, PAGE_SIZE), TEE_SUCCESS);
	return uaspace_unmap_zero(&as, va + 2 * PAGE_SIZE, 698 * PAGE_SIZE);
}

static void each_failing_allocation_of_a_zero_mapping_leaves_nothing_behind(void **state)
{
	(void)state;
	/* Once, so that the page tables are there. */
	assert_int_equal(map_and_cut(), TEE_SUCCESS);
	fixture_fail_each(map_and_cut, &failures.alloc_at, &failures.allocs,
			  TEE_ERROR_OUT_OF_MEMORY);
	for (unsigned at = 1; at < 60; at++) {
		fixture_no_failures();
		failures.poll_at = at;
		TEE_Result res = map_and_cut();
		assert_true(res == TEE_SUCCESS || res == TEE_ERROR_TARGET_DEAD);
		fixture_no_failures();
		assert_int_equal(as.page_count + as.zero_count, 0);
	}
}

/* I7: the search goes through all regions, twice at most. */
static void interrupts_are_let_in_when_room_was_looked_for(void **state)
{
	uint64_t va;

	(void)state;
	fixture_no_failures();
	assert_int_equal(uaspace_find_room(&as, 1, &va), TEE_SUCCESS);
	assert_int_equal(failures.polls, 1);
	failures.poll_at = 2;
	assert_int_equal(uaspace_find_room(&as, 1, &va), TEE_ERROR_TARGET_DEAD);
}

/* I7: an app that has few of its own choice may have modules of many. */
static void the_number_of_regions_is_bounded_whatever_they_are(void **state)
{
	struct uaspace_region *r;
	uint64_t va = BASE;
	unsigned count = 0;

	(void)state;
	while (!uaspace_add_own(&as, va, 1, RW, UASPACE_SEGMENT, NULL, &r)) {
		va += 2 * PAGE_SIZE;
		assert_true(++count <= 352);
	}
	assert_int_equal(uaspace_add_own(&as, va, 1, RW, UASPACE_PARAM, NULL, NULL),
			 TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(uaspace_map_zero(&as, 1, false, 0, 0, 0, &va), TEE_ERROR_OUT_OF_MEMORY);
	uaspace_remove(&as, uaspace_find(&as, BASE));
	assert_int_equal(uaspace_map_zero(&as, 1, false, 0, 0, 0, &va), TEE_SUCCESS);
}

/* I7: for a guest that is destroyed each step is a short one, also the last. */
static void an_address_space_with_many_tables_goes_in_steps(void **state)
{
	unsigned steps = 0;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		map_at(BASE + i * (2u << 20), PAGE_SIZE);
	while (uaspace_shrink(&as))
		steps++;
	assert_true(steps > 100);
	uint32_t used = guest_a->budget.used;
	uaspace_destroy(&as);
	assert_int_equal(guest_a->budget.used, used - 1); /* the first table of all */
	assert_int_equal(uaspace_init(&as, guest_a), TEE_SUCCESS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ta_142_a_zero_mapping_is_whole_zero_pages_that_never_execute),
		TEST(ta_142_only_a_shareable_mapping_is_not_private),
		TEST(ta_142_pads_stay_unmapped_and_a_hint_is_kept_exactly),
		TEST(ta_142_sizes_and_hints_out_of_range_are_refused),
		TEST(ta_142_unmapping_anything_else_is_refused),
		TEST(ta_142_parts_of_a_mapping_can_be_given_back),
		TEST(ta_142_thousands_of_mappings_are_clean_and_leak_nothing),
		TEST(ta_142_the_number_of_mappings_is_bounded),
		TEST(interrupts_are_let_in_when_room_was_looked_for),
		TEST(the_number_of_regions_is_bounded_whatever_they_are),
		TEST(an_address_space_with_many_tables_goes_in_steps),
		TEST(each_failing_allocation_of_a_zero_mapping_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
