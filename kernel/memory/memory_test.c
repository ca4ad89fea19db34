/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "kernel/arch/host/host.h"
#include "kernel/memory/heap.h"

#define PAGES 64

static struct page_totals totals(void)
{
	struct page_totals t;

	pages_totals(&t);
	return t;
}

static int start(void **state)
{
	(void)state;
	host_start(PAGES);
	return 0;
}

static void a_limit_stops_one_budget_only(void **state)
{
	struct budget a = {0}, b = {0};
	void *mine, *other;

	(void)state;
	assert_int_equal(budget_configure(&a, 0, 1), TEE_SUCCESS);
	assert_int_equal(budget_configure(&b, 0, 10), TEE_SUCCESS);
	mine = page_alloc(&a);
	assert_non_null(mine);
	assert_null(page_alloc(&a));
	assert_int_equal(a.refusals, 1);
	other = page_alloc(&b);
	assert_non_null(other);
	page_free(&a, mine);
	page_free(&b, other);
	budget_release(&a);
	budget_release(&b);
}

/* Who loads an app leaves a page for the next call of another. */
static void bulk_leaves_what_is_promised_to_nobody_for_small_needs(void **state)
{
	struct budget bulk = {0}, other = {0};
	void *taken[PAGES];
	unsigned count = 0;

	(void)state;
	assert_int_equal(budget_configure(&bulk, 3, 1000), TEE_SUCCESS);
	assert_int_equal(budget_configure(&other, 0, 1000), TEE_SUCCESS);
	assert_true(budget_has_room(&bulk, 10));
	assert_false(budget_has_room(&bulk, totals().free));
	while (budget_has_room(&bulk, 1))
		taken[count++] = page_alloc(&bulk);
	assert_true(totals().free > 0);
	void *small = page_alloc(&other);
	assert_non_null(small);
	assert_false(budget_has_room(&other, 1));
	page_free(&other, small);
	while (count > 0)
		page_free(&bulk, taken[--count]);
	budget_release(&bulk);
	budget_release(&other);
}

/* Takes single pages until there are no more; how many. */
static uint32_t take_all(struct budget *b)
{
	uint32_t count = 0;

	while (page_alloc(b))
		count++;
	return count;
}

static void however_many_share_something_is_left_for_the_next(void **state)
{
	static struct budget greedy[3];
	struct budget newcomer = {.shares = true};
	uint32_t before = totals().free - totals().reserved, free = before;

	(void)state;
	assert_int_equal(budget_configure(&newcomer, 0, 1000), TEE_SUCCESS);
	for (unsigned i = 0; i < array_count(greedy); i++) {
		greedy[i] = (struct budget){.shares = true};
		assert_int_equal(budget_configure(&greedy[i], 0, 1000), TEE_SUCCESS);
		uint32_t got = take_all(&greedy[i]);
		assert_in_range(got, free * PAGES_SHARE / (PAGES_SHARE + 1) - 1,
				free * PAGES_SHARE / (PAGES_SHARE + 1) + 1);
		assert_false(budget_is_full(&greedy[i]));
		free = totals().free - totals().reserved;
		if (i == 0)
			assert_in_range(free, before / 4 - 1, before / 4 + 1);
	}
	/* What is reserved is nobody's share. */
	assert_int_equal(budget_configure(&newcomer, free, 1000), TEE_SUCCESS);
	assert_int_equal(take_all(&greedy[0]), 0);
	assert_int_equal(take_all(&newcomer), free);
}

static void nobody_takes_from_one_that_has_less_unless_it_is_promised(void **state)
{
	struct budget a = {.shares = true}, b = {.shares = true}, c = {0};

	(void)state;
	assert_int_equal(budget_configure(&a, 2, 1000), TEE_SUCCESS);
	assert_int_equal(budget_configure(&b, 0, 1000), TEE_SUCCESS);
	assert_int_equal(budget_configure(&c, 2, 1000), TEE_SUCCESS);
	for (unsigned i = 0; i < 2; i++)
		assert_non_null(page_alloc(&a));
	assert_false(budget_may_lose(&a, &system_budget, 1));
	assert_non_null(page_alloc(&a));
	assert_non_null(page_alloc(&b));
	assert_true(budget_may_lose(&a, &system_budget, 1));
	assert_false(budget_may_lose(&a, &b, 1));
	assert_true(budget_may_lose(&a, &c, 1));
	assert_non_null(page_alloc(&a));
	assert_true(budget_may_lose(&a, &b, 1));
	assert_false(budget_may_lose(&b, &a, 1));
	/* Who wants much would then have more than the one it takes from. */
	assert_false(budget_may_lose(&a, &b, 2));
	/* A promise is a promise for so many. */
	assert_true(budget_may_lose(&b, &c, 2));
	assert_false(budget_may_lose(&b, &c, 4));
}

static unsigned reclaims;

static bool count_reclaims(struct budget *for_whom, uint32_t count)
{
	(void)for_whom;
	(void)count;
	reclaims++;
	return false;
}

/* I3: what could never be met takes nothing from anybody. */
static void a_request_that_can_never_be_met_asks_nobody_to_give_way(void **state)
{
	struct budget sharing = {.shares = true}, poor = {0};

	(void)state;
	reclaims = 0;
	page_reclaim = count_reclaims;
	assert_int_equal(budget_configure(&sharing, 0, 1000000), TEE_SUCCESS);
	assert_int_equal(budget_configure(&poor, 0, 20), TEE_SUCCESS);
	assert_false(budget_reclaim(&sharing, 100000));
	assert_false(budget_reclaim(&sharing, PAGES));
	assert_false(budget_reclaim(&sharing, PAGES * 4 / 5)); /* more than anybody's share */
	assert_false(budget_reclaim(&poor, 21));
	assert_int_equal(reclaims, 0);
	assert_int_equal(sharing.refusals, 3);
	assert_false(budget_reclaim(&poor, 20));
	assert_false(budget_reclaim(&sharing, PAGES / 2));
	assert_int_equal(reclaims, 2);
	page_reclaim = NULL;
}

/* Owners of shared apps are limited together, not each. */
static void shared_apps_have_a_part_of_memory_together(void **state)
{
	struct budget app[3] = {0}, guest = {.shares = true};
	unsigned taken = 0;

	(void)state;
	assert_int_equal(budget_configure(&guest, 0, 1000), TEE_SUCCESS);
	for (unsigned i = 0; i < array_count(app); i++) {
		assert_int_equal(budget_configure(&app[i], 0, 1000), TEE_SUCCESS);
		void *first = page_alloc(&app[i]);
		assert_non_null(first);
		budget_make_common(&app[i]);
		for (taken++; page_alloc(&app[i]); taken++)
			;
		assert_true(budget_is_full(&app[i]) || i == 0);
		assert_false(budget_has_room(&app[i], 1));
		if (i == 0)
			assert_int_equal(taken, totals().total / PAGES_COMMON_PART);
	}
	/* Made common with a page each: those are over, and no more. */
	assert_int_equal(taken, totals().total / PAGES_COMMON_PART + 2);
	assert_int_equal(totals().common, taken);
	assert_non_null(page_alloc(&guest));
	assert_false(page_transfer(page_alloc(&guest), &guest, &app[0]));
}

/* NW-044, NW-167: what is promised to one is not there for the others, however much they take. */
static void a_reserve_is_there_after_everybody_took_all_they_could(void **state)
{
	struct budget careful = {0}, greedy = {0};
	void *taken[PAGES];
	unsigned count = 0;

	(void)state;
	assert_int_equal(budget_configure(&careful, 5, 5), TEE_SUCCESS);
	assert_int_equal(budget_configure(&greedy, 0, 1000), TEE_SUCCESS);
	while ((taken[count] = page_alloc(&greedy)))
		count++;
	assert_int_equal(totals().free, totals().reserved);
	void *reserved[5];
	for (unsigned i = 0; i < 5; i++) {
		reserved[i] = page_alloc(&careful);
		assert_non_null(reserved[i]);
	}
	assert_null(page_alloc(&careful));
	/* A page given back below the reserve is promised again. */
	page_free(&careful, reserved[0]);
	assert_null(page_alloc(&greedy));
	reserved[0] = page_alloc(&careful);
	assert_non_null(reserved[0]);
	for (unsigned i = 0; i < 5; i++)
		page_free(&careful, reserved[i]);
	while (count > 0)
		page_free(&greedy, taken[--count]);
	budget_release(&careful);
	budget_release(&greedy);
}

static void a_reserve_that_does_not_fit_is_refused_and_changes_nothing(void **state)
{
	struct budget a = {0};
	struct page_totals before = totals();

	(void)state;
	assert_int_equal(budget_configure(&a, before.free + 1, 1000), TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(budget_configure(&a, 2, 1), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(totals().reserved, before.reserved);
	assert_int_equal(a.limit, 0);
	assert_int_equal(budget_configure(&a, UINT32_MAX, UINT32_MAX), TEE_ERROR_OUT_OF_MEMORY);
}

/* Attack row 3, I6: a page that changes owner holds nothing of the former one. */
static void pages_and_objects_are_zero_when_given_out(void **state)
{
	struct budget a = {0}, b = {0};
	struct heap heap;

	(void)state;
	assert_int_equal(budget_configure(&a, 0, 10), TEE_SUCCESS);
	assert_int_equal(budget_configure(&b, 0, 10), TEE_SUCCESS);
	uint8_t *page = page_alloc(&a);
	memset(page, 0xa5, PAGE_SIZE);
	page_free(&a, page);
	uint8_t *again = page_alloc(&b);
	assert_ptr_equal(page, again);
	for (size_t i = 0; i < PAGE_SIZE; i++)
		assert_int_equal(again[i], 0);
	page_free(&b, again);
	heap_init(&heap, &a);
	for (size_t size = 1; size <= HEAP_MAX; size += 97) {
		uint8_t *object = heap_alloc(&heap, size);
		assert_non_null(object);
		assert_int_equal((uintptr_t)object % 16, 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(object[i], 0);
		memset(object, 0xa5, size);
		heap_free(&heap, object);
	}
	assert_int_equal(a.used, 0);
	budget_release(&a);
	budget_release(&b);
}

static void a_heap_gives_whole_pages_back(void **state)
{
	struct budget a = {0};
	struct heap heap;
	void *object[300];

	(void)state;
	assert_int_equal(budget_configure(&a, 0, 20), TEE_SUCCESS);
	heap_init(&heap, &a);
	unsigned count = 0;
	while (count < 300 && (object[count] = heap_alloc(&heap, 1 + count * 7 % 1000)))
		count++;
	assert_true(count > 60);
	/* Freed in another order than allocated. */
	for (unsigned i = 0; i < count; i += 2)
		heap_free(&heap, object[i]);
	for (unsigned i = 1; i < count; i += 2)
		heap_free(&heap, object[i]);
	assert_int_equal(heap.objects, 0);
	assert_int_equal(a.used, 0);
	assert_null(heap_alloc(&heap, 0));
	assert_null(heap_alloc(&heap, HEAP_MAX + 1));
	budget_release(&a);
}

static void a_transfer_moves_the_charge_and_keeps_promises(void **state)
{
	struct budget a = {0};
	void *taken[PAGES];
	unsigned count = 0;

	(void)state;
	assert_int_equal(budget_configure(&a, 1, 100), TEE_SUCCESS);
	void *page = page_alloc(&a);
	assert_true(page_transfer(page, &a, &system_budget));
	assert_int_equal(a.used, 0);
	page_free(&system_budget, page);
	page = page_alloc(&a);
	while ((taken[count] = page_alloc(&system_budget)))
		count++;
	/* Giving it away would leave the promise of one page without a page. */
	assert_false(page_transfer(page, &a, &system_budget));
	assert_int_equal(a.used, 1);
	page_free(&a, page);
	while (count > 0)
		page_free(&system_budget, taken[--count]);
	budget_release(&a);
}

static void shared_charges_count_against_the_limit_but_take_no_page(void **state)
{
	struct budget a = {0};
	uint32_t free_before = totals().free;

	(void)state;
	assert_int_equal(budget_configure(&a, 0, 10), TEE_SUCCESS);
	assert_true(budget_charge_shared(&a, 10));
	assert_false(budget_charge_shared(&a, 1));
	assert_null(page_alloc(&a));
	assert_int_equal(totals().free, free_before);
	assert_int_equal(a.peak, 10);
	budget_uncharge_shared(&a, 10);
	budget_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_limit_stops_one_budget_only, start),
		cmocka_unit_test_setup(bulk_leaves_what_is_promised_to_nobody_for_small_needs,
				       start),
		cmocka_unit_test_setup(however_many_share_something_is_left_for_the_next, start),
		cmocka_unit_test_setup(a_request_that_can_never_be_met_asks_nobody_to_give_way,
				       start),
		cmocka_unit_test_setup(shared_apps_have_a_part_of_memory_together, start),
		cmocka_unit_test_setup(nobody_takes_from_one_that_has_less_unless_it_is_promised,
				       start),
		cmocka_unit_test_setup(a_reserve_is_there_after_everybody_took_all_they_could,
				       start),
		cmocka_unit_test_setup(a_reserve_that_does_not_fit_is_refused_and_changes_nothing,
				       start),
		cmocka_unit_test_setup(pages_and_objects_are_zero_when_given_out, start),
		cmocka_unit_test_setup(a_heap_gives_whole_pages_back, start),
		cmocka_unit_test_setup(a_transfer_moves_the_charge_and_keeps_promises, start),
		cmocka_unit_test_setup(shared_charges_count_against_the_limit_but_take_no_page,
				       start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
