/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that are known: compared with a verified image instead of being verified again; and images
 * that only one guest knows. */
#include "kernel/ta/fixture_test.h"

#include <stdlib.h>
#include <string.h>

#include "abi/smc.h"

/* Pages of records and of what is compared; far less than the file. */
#define FEW_PAGES 4

static struct image *image, *held;
static struct ta_file copy;

/* Guest A has loaded the app and keeps it; copy is what guest B presents. */
static int start(void **state)
{
	const struct ta_file *f = ta_file(SMALL_TA);
	int err = fixture_start(state);

	copy = *f;
	copy.data = malloc(f->size);
	memcpy(copy.data, f->data, f->size);
	assert_int_equal(load_image(guest_a, f->data, f->size, &f->uuid, &held), TEE_SUCCESS);
	return err;
}

static int stop(void **state)
{
	image_put(guest_a, held);
	free(copy.data);
	return fixture_stop(state);
}

#define KNOWN_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

static TEE_Result load_copy(void)
{
	TEE_Result res = load_image(guest_b, copy.data, copy.size, &copy.uuid, &image);

	if (!res)
		image_put(guest_b, image);
	return res;
}

/* The stage of guest B after the first size bytes. */
static struct image_stage *stage_of(size_t size)
{
	struct image_stage *stage;

	assert_int_equal(image_stage_begin(guest_b, copy.size, &stage), TEE_SUCCESS);
	assert_int_equal(image_stage_write(stage, copy.data, size), TEE_SUCCESS);
	return stage;
}

static void a_known_file_takes_no_pages_of_its_own(void **state)
{
	uint32_t used = fixture_pages_used(), charged = guest_b->budget.used;

	(void)state;
	for (size_t size = PAGE_SIZE; size < copy.size; size += 7000) {
		struct image_stage *stage = stage_of(size);

		assert_in_range(fixture_pages_used(), used, used + FEW_PAGES);
		/* But it is paid for from here on: who never finishes holds nothing for free. */
		assert_in_range(guest_b->budget.used, charged + held->page_count,
				charged + held->page_count + FEW_PAGES);
		image_stage_drop(stage);
		assert_int_equal(guest_b->budget.used, charged);
	}
	assert_int_equal(load_copy(), TEE_SUCCESS);
	assert_ptr_equal(image, held);
}

static void a_guest_with_little_memory_left_can_use_a_known_file_again(void **state)
{
	(void)state;
	assert_int_equal(load_image(guest_b, copy.data, copy.size, &copy.uuid, &image),
			 TEE_SUCCESS);
	struct image *first = image;
	guest_b->budget.limit = guest_b->budget.used + FEW_PAGES;
	assert_int_equal(load_copy(), TEE_SUCCESS);
	image_put(guest_b, first);
	/* Without its own use of it, it has to be charged for it. */
	guest_b->budget.limit = guest_b->budget.used + held->page_count - 1;
	assert_int_equal(load_copy(), TEE_ERROR_OUT_OF_MEMORY);
}

/* TA-006, TA-009: as if it had been hashed. */
static void ta_009_a_known_file_with_any_other_byte_is_refused(void **state)
{
	uint32_t used = fixture_pages_used(), charged = guest_b->budget.used;
	size_t last = copy.size - 1;

	(void)state;
	for (size_t at = TA_ELF_OFFSET; at <= last;
	     at += at < last ? min((size_t)997, last - at) : 1) {
		copy.data[at] ^= 1u << at % 8;
		assert_int_equal(load_copy(), TEE_ERROR_SECURITY);
		copy.data[at] ^= 1u << at % 8;
	}
	assert_int_equal(fixture_pages_used(), used);
	assert_int_equal(guest_b->budget.used, charged);
	assert_int_equal(load_copy(), TEE_SUCCESS);
}

static void ta_008_a_known_file_is_compared_to_its_end(void **state)
{
	struct image_stage *stage = stage_of(copy.size - 1);

	(void)state;
	assert_int_equal(image_stage_finish(stage, &copy.uuid, &image), TEE_ERROR_SECURITY);
	/* Other sizes are told by the header, which is signed. */
	copy.size--;
	assert_int_equal(load_copy(), TEE_ERROR_SECURITY);
	copy.size += 1;
}

/* The headers have to be the same to the last byte, not only the digest in them. */
static void ta_001_headers_that_differ_are_not_known(void **state)
{
	(void)state;
	for (size_t at = 0; at < TA_ELF_OFFSET; at += 11) {
		copy.data[at] ^= 0x40;
		assert_int_equal(load_copy(), TEE_ERROR_SECURITY);
		copy.data[at] ^= 0x40;
	}
}

/* What is compared is what was copied, once; what is used is the image that was verified. */
static void ta_016_changing_a_known_file_afterwards_has_no_effect(void **state)
{
	struct image_stage *stage = stage_of(copy.size);

	(void)state;
	memset(copy.data, 0xff, copy.size);
	assert_int_equal(image_stage_finish(stage, &copy.uuid, &image), TEE_SUCCESS);
	assert_ptr_equal(image, held);
	image_put(guest_b, image);
}

static void ta_007_a_known_file_under_another_uuid_is_refused(void **state)
{
	(void)state;
	copy.uuid.time_low++;
	assert_int_equal(load_copy(), TEE_ERROR_SECURITY);
}

/* TA-018: guest A runs the old one on; guest B has seen a newer one. */
static void ta_018_a_known_file_that_is_too_old_for_this_guest_is_refused(void **state)
{
	struct version_claim newer = {.uuid = copy.uuid, .version = 1};

	(void)state;
	assert_int_equal(versions_admit(guest_b, &newer, 1), TEE_SUCCESS);
	assert_int_equal(load_copy(), TEE_ERROR_ACCESS_CONFLICT);
	assert_int_equal(load_image(guest_a, copy.data, copy.size, &copy.uuid, &image),
			 TEE_SUCCESS);
	image_put(guest_a, image);
}

/* TA-017: the version of a known file counts when all of it has been compared. */
static void ta_017_a_known_file_that_differs_raises_no_version(void **state)
{
	const struct ta_file *plain = ta_file(SMALL_TA);
	struct ta_file f = {.uuid = plain->uuid};
	struct image *newer;

	(void)state;
	f.data = sign_ta(plain->data + TA_ELF_OFFSET, plain->size - TA_ELF_OFFSET,
			 "version=5 uuid=c3f6e2c0-3548-11e1-b86c-0800200c9a66", &f.size);
	assert_int_equal(load_image(guest_a, f.data, f.size, &f.uuid, &newer), TEE_SUCCESS);
	f.data[f.size - 1] ^= 1;
	assert_int_equal(load_image(guest_b, f.data, f.size, &f.uuid, &image), TEE_ERROR_SECURITY);
	assert_int_equal(load_copy(), TEE_SUCCESS);
	f.data[f.size - 1] ^= 1;
	assert_int_equal(load_image(guest_b, f.data, f.size, &f.uuid, &image), TEE_SUCCESS);
	assert_int_equal(load_copy(), TEE_ERROR_ACCESS_CONFLICT);
	image_put(guest_b, image);
	image_put(guest_a, newer);
	free(f.data);
}

/* The one who brought it goes; memory is short; and the one who compares still has it. */
static void an_image_stays_while_it_is_compared(void **state)
{
	struct image_stage *stage = stage_of(copy.size / 2);
	uint32_t half = copy.size / 2;
	struct image_totals totals;

	(void)state;
	image_put(guest_a, held);
	while (image_reclaim(NULL))
		;
	image_totals(&totals);
	assert_int_equal(totals.images, 1);
	assert_int_equal(totals.unused_pages, 0);
	assert_int_equal(image_stage_write(stage, copy.data + half, copy.size - half), TEE_SUCCESS);
	assert_int_equal(image_stage_finish(stage, &copy.uuid, &image), TEE_SUCCESS);
	assert_ptr_equal(image, held);
	assert_int_equal(load_image(guest_a, copy.data, copy.size, &copy.uuid, &held), TEE_SUCCESS);
	image_put(guest_b, image);
}

/* And when it goes at any moment, too, nothing is left that is in use. */
static void a_guest_that_dies_while_it_compares_leaves_the_image_unused(void **state)
{
	struct image_totals totals;

	(void)state;
	image_put(guest_a, held);
	for (size_t size = 0; size < copy.size; size += 3000) {
		image_stage_drop(stage_of(size));
		image_totals(&totals);
		assert_int_equal(totals.unused_pages, held->page_count);
	}
	assert_int_equal(load_image(guest_a, copy.data, copy.size, &copy.uuid, &held), TEE_SUCCESS);
}

/* Attack row 13 */
static void attack_13_each_failing_allocation_leaves_nothing_behind(void **state)
{
	(void)state;
	assert_in_range(fixture_fail_each(load_copy, &failures.alloc_at, &failures.allocs,
					  TEE_ERROR_OUT_OF_MEMORY),
			3, 8);
}

/* --- images that the system has no room for ---
 */

/* Everything of guest A is gone but what the fixture knows of. */
static void check_nothing_left(uint32_t used, uint32_t charged)
{
	while (image_reclaim(NULL))
		;
	assert_int_equal(guest_a->budget.used, charged);
	assert_int_equal(guest_a->budget.shared, 0);
	assert_int_equal(fixture_pages_used(), used);
}

static void load_as_own(uint32_t transfer_at)
{
	const struct ta_file *f = ta_file(SMALL_TA);
	struct image *again, *others;
	uint32_t charged = guest_a->budget.used;

	failures.transfer_at = transfer_at;
	assert_int_equal(load_image(guest_a, f->data, f->size, &f->uuid, &held), TEE_SUCCESS);
	fixture_no_failures();
	assert_ptr_equal(held->owner, guest_a);
	/* One page of records more. */
	assert_int_equal(guest_a->budget.used, charged + held->page_count + 1);
	/* Its guest finds it, and no other one. */
	assert_int_equal(load_image(guest_a, f->data, f->size, &f->uuid, &again), TEE_SUCCESS);
	assert_ptr_equal(again, held);
	assert_int_equal(guest_a->budget.used, charged + held->page_count + 1);
	image_put(guest_a, again);
	assert_int_equal(load_image(guest_b, f->data, f->size, &f->uuid, &others), TEE_SUCCESS);
	assert_ptr_not_equal(others, held);
	assert_ptr_equal(others->owner, NULL);
	image_put(guest_b, others);
}

static void an_image_that_the_system_cannot_take_stays_its_guests_own(void **state)
{
	uint32_t used = fixture_pages_used(), charged = guest_a->budget.used;
	uint32_t transfers;

	(void)state;
	copy = *ta_file(SMALL_TA);
	transfers = 1 + (copy.size - TA_ELF_OFFSET + PAGE_SIZE - 1) / PAGE_SIZE;
	for (uint32_t at = 1; at <= transfers; at++) {
		load_as_own(at);
		image_put(guest_a, held);
		check_nothing_left(used, charged);
	}
}

/* More pages than the record's own chunk has pointers for: chunks stay or go, too. */
static void an_image_of_several_chunks_stays_its_guests_own_wherever_room_ends(void **state)
{
	const struct ta_file *f = ta_file("25497083");
	size_t elf_size = f->size - TA_ELF_OFFSET, size;
	uint8_t *elf = calloc(1, elf_size + (2 << 20)), *file;
	uint32_t used = fixture_pages_used(), charged = guest_a->budget.used;

	(void)state;
	memcpy(elf, f->data + TA_ELF_OFFSET, elf_size);
	file = sign_ta(elf, elf_size + (2 << 20), "uuid=25497083-a58a-4fc5-8a72-1ad7b69b8562",
		       &size);
	uint32_t pages = (elf_size + (2 << 20) + PAGE_SIZE - 1) / PAGE_SIZE;
	for (uint32_t at = pages - 1; at <= pages + 2; at++) {
		failures.transfer_at = at;
		assert_int_equal(load_image(guest_a, file, size, &f->uuid, &image), TEE_SUCCESS);
		fixture_no_failures();
		assert_ptr_equal(image->owner, guest_a);
		assert_int_equal(guest_a->budget.used, charged + image->page_count + 1);
		image_put(guest_a, image);
		check_nothing_left(used, charged);
	}
	free(elf);
	free(file);
}

/* All memory that nobody was promised is in use; the guest loads within its own reserve. */
static void a_guest_inside_its_reserve_loads_what_nobody_has_loaded(void **state)
{
	const struct ta_file *f = ta_file(SMALL_TA);
	static void *eaten[FIXTURE_PAGES];
	struct page_totals totals;
	unsigned count = 0;

	(void)state;
	assert_int_equal(budget_configure(&guest_a->budget, 100, FIXTURE_PAGES), TEE_SUCCESS);
	while ((eaten[count] = page_alloc(&system_budget)))
		count++;
	pages_totals(&totals);
	assert_int_equal(totals.free, totals.reserved);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(load_image(guest_a, f->data, f->size, &f->uuid, &image),
				 TEE_SUCCESS);
		assert_ptr_equal(image->owner, guest_a);
		image_put(guest_a, image);
		pages_totals(&totals);
		assert_int_equal(totals.free, totals.reserved);
	}
	while (count > 0)
		page_free(&system_budget, eaten[--count]);
}

static void the_own_images_of_a_dying_guest_go_in_its_teardown(void **state)
{
	uint32_t used = fixture_pages_used();

	(void)state;
	load_as_own(7);
	guest_a->dying = true;
	image_put(guest_a, held);
	while (image_reclaim(NULL))
		;
	assert_true(fixture_pages_used() > used + 20);
	guest_leave(guest_a);
	assert_int_equal(guest_destroy(1), SMC_OK);
	assert_int_equal(guest_create(1), SMC_OK);
	guest_a = guest_enter(1);
	assert_int_equal(fixture_pages_used(), used);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KNOWN_TEST(a_known_file_takes_no_pages_of_its_own),
		KNOWN_TEST(a_guest_with_little_memory_left_can_use_a_known_file_again),
		KNOWN_TEST(ta_009_a_known_file_with_any_other_byte_is_refused),
		KNOWN_TEST(ta_008_a_known_file_is_compared_to_its_end),
		KNOWN_TEST(ta_001_headers_that_differ_are_not_known),
		KNOWN_TEST(ta_016_changing_a_known_file_afterwards_has_no_effect),
		KNOWN_TEST(ta_007_a_known_file_under_another_uuid_is_refused),
		KNOWN_TEST(ta_018_a_known_file_that_is_too_old_for_this_guest_is_refused),
		KNOWN_TEST(ta_017_a_known_file_that_differs_raises_no_version),
		KNOWN_TEST(an_image_stays_while_it_is_compared),
		KNOWN_TEST(a_guest_that_dies_while_it_compares_leaves_the_image_unused),
		KNOWN_TEST(attack_13_each_failing_allocation_leaves_nothing_behind),
		TEST(an_image_that_the_system_cannot_take_stays_its_guests_own),
		TEST(an_image_of_several_chunks_stays_its_guests_own_wherever_room_ends),
		TEST(a_guest_inside_its_reserve_loads_what_nobody_has_loaded),
		TEST(the_own_images_of_a_dying_guest_go_in_its_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
