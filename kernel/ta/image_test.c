/* SPDX-License-Identifier: BSD-2-Clause */
/* Signed files: what is accepted, what is refused, who pays, and what remains. */
#include "kernel/ta/fixture_test.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t no_elf[100] = "this is no ELF file";
#define NO_ELF_UUID "01234567-89ab-cdef-0011-223344556677"

static struct image *image;

static TEE_Result load_file(struct guest *guest, const struct ta_file *f)
{
	return load_image(guest, f->data, f->size, &f->uuid, &image);
}

/* --- what verifies ---
 */

static void ta_002_signatures_of_all_24_shipped_files_verify(void **state)
{
	(void)state;
	assert_int_equal(ta_file_count, 24);
	for (size_t i = 0; i < ta_file_count; i++) {
		const uint8_t *data = ta_files[i].data;
		struct crypto_work work;

		if (ta_elf_offset(&ta_files[i]) != TA_ELF_OFFSET)
			continue; /* signed by a subkey: image_chain_test */
		assert_int_equal(crypto_work_begin(&work, &guest_a->budget), TEE_SUCCESS);
		assert_int_equal(crypto_rsa_verify(&work, &crypto_ta_key, CRYPTO_RSA_PSS_SHA256,
						   data + 20, data + 52, 256),
				 TEE_SUCCESS);
		crypto_work_end(&work);
	}
}

/* TA-006, TA-010, TA-032: apps, libraries, and two that subkeys signed. */
static void ta_006_all_shipped_files_load(void **state)
{
	(void)state;
	for (size_t i = 0; i < ta_file_count; i++) {
		TEE_Result res = load_file(guest_a, &ta_files[i]);

		if (res)
			fail_msg("%s: %08x", ta_files[i].path, res);
		assert_true(uuid_equal(&image->uuid, &ta_files[i].uuid));
		assert_int_equal(image->file.size, ta_files[i].size - ta_elf_offset(&ta_files[i]));
		image_put(guest_a, image);
	}
}

static void check_signed(const char *options, TEE_Result good)
{
	struct uuid uuid;
	size_t size;
	uint8_t *file = sign_ta(no_elf, sizeof(no_elf), options, &size);

	uuid_from_text(&uuid, NO_ELF_UUID);
	assert_int_equal(load_image(guest_a, file, size, &uuid, &image), good);
	file[size - 1] ^= 1;
	assert_int_equal(load_image(guest_a, file, size, &uuid, &image),
			 good == TEE_ERROR_BAD_FORMAT ? TEE_ERROR_SECURITY : good);
	free(file);
}

/* BAD_FORMAT is the ELF decoder's answer: what comes before it was satisfied. */
static void ta_003_pkcs1_signatures_are_accepted(void **state)
{
	(void)state;
	check_signed("algo=0x70004830 uuid=" NO_ELF_UUID, TEE_ERROR_BAD_FORMAT);
	check_signed("algo=0x70414930 uuid=" NO_ELF_UUID, TEE_ERROR_BAD_FORMAT);
}

static void ta_004_weak_digests_and_other_keys_are_refused(void **state)
{
	static const char *const options[] = {
		"algo=0x70001830 uuid=" NO_ELF_UUID, "algo=0x70002830 uuid=" NO_ELF_UUID,
		"algo=0x70212930 uuid=" NO_ELF_UUID, "algo=0x70003041 uuid=" NO_ELF_UUID,
		"algo=0x7000F830 uuid=" NO_ELF_UUID, "algo=0 uuid=" NO_ELF_UUID,
	};

	(void)state;
	for (size_t i = 0; i < array_count(options); i++)
		check_signed(options[i], TEE_ERROR_SECURITY);
}

/* TA-001: nothing of such a kind is signed here, but only kinds 2 and 3 exist at all. */
static void ta_001_other_kinds_of_images_are_refused(void **state)
{
	(void)state;
	check_signed("img_type=2", TEE_ERROR_SECURITY);
	check_signed("img_type=3", TEE_ERROR_SECURITY);
	check_signed("img_type=4", TEE_ERROR_SECURITY);
	check_signed("img_type=0xffffffff", TEE_ERROR_SECURITY);
}

static void ta_007_bootstrap_uuid_must_be_the_one_asked_for(void **state)
{
	(void)state;
	check_signed("uuid=01234567-89ab-cdef-0011-223344556678", TEE_ERROR_SECURITY);
	check_signed("uuid=67452301-ab89-efcd-0011-223344556677", TEE_ERROR_SECURITY);
}

/* TA-033 for images of type 0, where nothing else names the app. */
static void ta_033_legacy_images_are_known_by_their_ta_head(void **state)
{
	const struct ta_file *f = ta_file(SMALL_TA);
	struct uuid other = f->uuid;
	size_t size;
	uint8_t *file =
		sign_ta(f->data + TA_ELF_OFFSET, f->size - TA_ELF_OFFSET, "img_type=0", &size);

	(void)state;
	assert_int_equal(size, f->size - 20);
	assert_int_equal(load_image(guest_a, file, size, &f->uuid, &image), TEE_SUCCESS);
	assert_int_equal(image->claims[0].version, 0);
	image_put(guest_a, image);
	other.clock_seq_and_node[7] ^= 1;
	assert_int_equal(load_image(guest_a, file, size, &other, &image), TEE_ERROR_SECURITY);
	free(file);
	/* And the two names of a newer image must agree. */
	file = sign_ta(f->data + TA_ELF_OFFSET, f->size - TA_ELF_OFFSET,
		       "version=7 uuid=" NO_ELF_UUID, &size);
	uuid_from_text(&other, NO_ELF_UUID);
	assert_int_equal(load_image(guest_a, file, size, &other, &image), TEE_ERROR_SECURITY);
	assert_int_equal(load_image(guest_a, file, size, &f->uuid, &image), TEE_ERROR_SECURITY);
	free(file);
}

/* --- what does not ---
 */

static TEE_Result load_changed(const struct ta_file *f, size_t offset, uint8_t xor, size_t size)
{
	uint8_t *copy = calloc(1, size + 1);

	memcpy(copy, f->data, min(size, f->size));
	copy[offset] ^= xor;
	TEE_Result res = load_image(guest_a, copy, size, &f->uuid, &image);
	free(copy);
	return res;
}

static void ta_009_each_of_the_ten_corruptions_is_refused(void **state)
{
	static const size_t offsets[] = {0, 4, 8, 12, 16, 18, 20, 52, 3000, 8000};
	const struct ta_file *f = ta_file(SMALL_TA);

	(void)state;
	for (size_t i = 0; i < array_count(offsets); i++)
		assert_int_equal(load_changed(f, offsets[i], 1, f->size), TEE_ERROR_SECURITY);
}

static void ta_001_any_changed_bit_of_the_headers_is_refused(void **state)
{
	const struct ta_file *f = ta_file(SMALL_TA);

	(void)state;
	for (size_t bit = 0; bit < 8 * TA_ELF_OFFSET; bit += bit < 8 * 20 ? 1 : 37) {
		TEE_Result res = load_changed(f, bit / 8, 1u << bit % 8, f->size);
		assert_int_equal(res, TEE_ERROR_SECURITY);
	}
}

static void ta_008_trailing_and_missing_bytes_are_refused(void **state)
{
	const struct ta_file *f = ta_file(SMALL_TA);
	static const size_t sizes[] = {0,   1,   19,  20,   21,   51,   52,   307,   308,
				       327, 328, 329, 4095, 4096, 4097, 8192, 100000};

	(void)state;
	for (size_t i = 0; i < array_count(sizes); i++)
		assert_int_equal(load_changed(f, 0, 0, sizes[i]), TEE_ERROR_SECURITY);
	assert_int_equal(load_changed(f, 0, 0, f->size - 1), TEE_ERROR_SECURITY);
	assert_int_equal(load_changed(f, 0, 0, f->size + 1), TEE_ERROR_SECURITY);
	assert_int_equal(load_changed(f, 0, 0, f->size + 4096), TEE_ERROR_SECURITY);
}

static void ta_008_a_file_that_stops_early_is_refused(void **state)
{
	const struct ta_file *f = ta_file(SMALL_TA);
	struct image_stage *stage;

	(void)state;
	for (size_t size = 0; size < 9000; size += 700) {
		assert_int_equal(image_stage_begin(guest_a, f->size, &stage), TEE_SUCCESS);
		assert_int_equal(image_stage_write(stage, f->data, size), TEE_SUCCESS);
		assert_int_equal(image_stage_missing(stage), f->size - size);
		assert_int_equal(image_stage_finish(stage, &f->uuid, &image), TEE_ERROR_SECURITY);
	}
}

static void a_stage_takes_nothing_after_it_refused_the_headers(void **state)
{
	uint8_t bad[500] = {0};
	struct image_stage *stage;
	struct uuid uuid = {0};
	size_t room;
	void *to;

	(void)state;
	assert_int_equal(image_stage_begin(guest_a, sizeof(bad), &stage), TEE_SUCCESS);
	assert_int_equal(image_stage_write(stage, bad, sizeof(bad)), TEE_ERROR_SECURITY);
	assert_int_equal(image_stage_window(stage, &to, &room), TEE_ERROR_SECURITY);
	assert_int_equal(image_stage_finish(stage, &uuid, &image), TEE_ERROR_SECURITY);
}

static void ta_005_extreme_sizes_in_the_header_are_refused(void **state)
{
	static const uint16_t sizes[] = {0, 1, 31, 33, 255, 257, 4000, 4096, 0x8000, 0xffff};
	const struct ta_file *f = ta_file(SMALL_TA);
	uint8_t *copy = malloc(f->size);

	(void)state;
	for (size_t i = 0; i < array_count(sizes) * 2; i++) {
		memcpy(copy, f->data, f->size);
		memcpy(copy + 16 + 2 * (i % 2), &sizes[i / 2], 2);
		assert_int_equal(load_image(guest_a, copy, f->size, &f->uuid, &image),
				 TEE_ERROR_SECURITY);
	}
	for (size_t i = 0; i < 4; i++) {
		static const uint32_t img_sizes[] = {0, UINT32_MAX, 0x80000000, UINT32_MAX - 327};
		memcpy(copy, f->data, f->size);
		memcpy(copy + 8, &img_sizes[i], 4);
		assert_int_equal(load_image(guest_a, copy, f->size, &f->uuid, &image),
				 TEE_ERROR_SECURITY);
	}
	free(copy);
}

/* --- how it comes in ---
 */

static void ta_019_ta_016_pieces_of_any_size_give_the_same_image(void **state)
{
	static const size_t pieces[] = {1, 3, 328, 4095, 4096, 4097, 5000, 70000};
	const struct ta_file *f = ta_file(SMALL_TA);
	struct image_totals totals;

	(void)state;
	for (size_t i = 0; i < array_count(pieces); i++) {
		uint8_t *copy = malloc(f->size);
		struct image_stage *stage;

		memcpy(copy, f->data, f->size);
		assert_int_equal(image_stage_begin(guest_a, f->size, &stage), TEE_SUCCESS);
		for (size_t done = 0; done < f->size; done += pieces[i])
			assert_int_equal(image_stage_write(stage, copy + done,
							   min(pieces[i], f->size - done)),
					 TEE_SUCCESS);
		/* What the sender does to its copy now has no effect. */
		memset(copy, 0xff, f->size);
		assert_int_equal(image_stage_finish(stage, &f->uuid, &image), TEE_SUCCESS);
		free(copy);
		image_put(guest_a, image);
	}
	image_totals(&totals);
	assert_int_equal(totals.images, 1);
}

static void windows_never_cross_a_page_and_end_with_the_file(void **state)
{
	const struct ta_file *f = ta_file(SMALL_TA);
	struct image_stage *stage;
	size_t done = 0, room;
	void *to;

	(void)state;
	assert_int_equal(image_stage_begin(guest_a, f->size, &stage), TEE_SUCCESS);
	while (image_stage_missing(stage) > 0) {
		assert_int_equal(image_stage_window(stage, &to, &room), TEE_SUCCESS);
		assert_true(room > 0 && room <= f->size - done);
		assert_true(((uintptr_t)to & PAGE_MASK) + room <= PAGE_SIZE);
		memcpy(to, f->data + done, room);
		assert_int_equal(image_stage_commit(stage, room), TEE_SUCCESS);
		done += room;
	}
	assert_int_equal(image_stage_window(stage, &to, &room), TEE_ERROR_SECURITY);
	assert_int_equal(image_stage_finish(stage, &f->uuid, &image), TEE_SUCCESS);
	image_put(guest_a, image);
}

static void ta_020_size_is_bounded_by_the_budget(void **state)
{
	const struct ta_file *large = ta_file("25497083");
	struct image_stage *stage;

	(void)state;
	assert_int_equal(image_stage_begin(guest_a, UINT64_MAX, &stage), TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(image_stage_begin(guest_a, 1ull << 32, &stage), TEE_ERROR_OUT_OF_MEMORY);
	guest_a->budget.limit = guest_a->budget.used + 200;
	assert_int_equal(load_file(guest_a, large), TEE_ERROR_OUT_OF_MEMORY);
	guest_a->budget.limit = guest_a->budget.used + 400;
	assert_int_equal(load_file(guest_a, large), TEE_SUCCESS);
	image_put(guest_a, image);
}

/* --- cache ---
 */

static void an_image_is_held_once_and_charged_to_each_guest_that_uses_it(void **state)
{
	const struct ta_file *f = ta_file(SMALL_TA);
	uint32_t a = guest_a->budget.used, b = guest_b->budget.used;
	struct image *first, *second, *third;
	struct image_totals totals;

	(void)state;
	assert_int_equal(load_file(guest_a, f), TEE_SUCCESS);
	first = image;
	uint32_t used = fixture_pages_used();
	assert_int_equal(load_file(guest_a, f), TEE_SUCCESS);
	second = image;
	assert_int_equal(load_file(guest_b, f), TEE_SUCCESS);
	third = image;
	assert_ptr_equal(first, second);
	assert_ptr_equal(first, third);
	/* One page of records (heap) more for each guest. */
	assert_int_equal(guest_a->budget.used, a + first->page_count + 1);
	assert_int_equal(guest_b->budget.used, b + first->page_count + 1);
	assert_int_equal(fixture_pages_used(), used + 1);
	assert_int_equal(first->page_count, 1 + (f->size - TA_ELF_OFFSET + 4095) / 4096);

	image_put(guest_a, first);
	assert_int_equal(guest_a->budget.used, a + first->page_count + 1);
	image_get(guest_b, first);
	image_put(guest_b, first);
	image_put(guest_a, first);
	image_put(guest_b, first);
	assert_int_equal(guest_a->budget.used, a);
	assert_int_equal(guest_b->budget.used, b);
	image_totals(&totals);
	assert_int_equal(totals.images, 1);
	assert_int_equal(totals.unused_pages, first->page_count);
}

static void a_hit_still_decides_whether_this_guest_may_run_it(void **state)
{
	const struct ta_file *f = ta_file(SMALL_TA);
	struct uuid other = f->uuid;
	uint8_t *bad = malloc(f->size);

	(void)state;
	assert_int_equal(load_file(guest_a, f), TEE_SUCCESS);
	other.time_low++;
	assert_int_equal(load_image(guest_b, f->data, f->size, &other, &image), TEE_ERROR_SECURITY);
	memcpy(bad, f->data, f->size);
	bad[f->size - 1] ^= 1; /* same headers, other content */
	assert_int_equal(load_image(guest_b, bad, f->size, &f->uuid, &image), TEE_ERROR_SECURITY);
	guest_b->budget.limit = guest_b->budget.used + image->page_count - 1;
	assert_int_equal(load_file(guest_b, f), TEE_ERROR_OUT_OF_MEMORY);
	free(bad);
	image_put(guest_a, image);
}

/* The stage fits the limit, the charge does not: nothing may remain. */
static void a_hit_that_cannot_be_charged_leaves_nothing(void **state)
{
	const struct ta_file *f = ta_file(SMALL_TA);
	struct image *held;

	(void)state;
	assert_int_equal(load_file(guest_a, f), TEE_SUCCESS);
	held = image;
	for (uint32_t extra = 0; extra < 8; extra++) {
		uint32_t used = guest_b->budget.used;

		guest_b->budget.limit = used + held->page_count + extra;
		TEE_Result res = load_file(guest_b, f);
		if (!res)
			image_put(guest_b, image);
		else
			assert_int_equal(res, TEE_ERROR_OUT_OF_MEMORY);
		assert_int_equal(guest_b->budget.used, used);
	}
	image_put(guest_a, held);
}

static void unused_images_go_when_memory_is_wanted_the_oldest_first(void **state)
{
	struct image_totals totals;
	struct image *kept;
	unsigned images = 0;

	(void)state;
	uint32_t before = fixture_pages_used();
	assert_int_equal(load_file(guest_a, ta_file("e13010e0")), TEE_SUCCESS);
	kept = image;
	uint32_t with_kept = fixture_pages_used();
	for (size_t i = 0; i < ta_file_count; i++) {
		if (load_file(guest_b, &ta_files[i]) == TEE_SUCCESS) {
			image_put(guest_b, image);
			images++;
		}
	}
	while (versions_forget(guest_b))
		;
	image_totals(&totals);
	assert_int_equal(totals.images, images);
	assert_int_equal(fixture_pages_used() - with_kept, totals.unused_pages);
	/* Each request frees a bounded number. */
	while (true) {
		uint32_t used = fixture_pages_used();
		bool more = image_reclaim(&guest_b->budget);
		assert_in_range(used - fixture_pages_used(), more ? 1 : 0, 32);
		if (!more)
			break;
	}
	image_totals(&totals);
	assert_int_equal(totals.images, 1);
	assert_int_equal(totals.unused_pages, 0);
	assert_int_equal(fixture_pages_used(), with_kept);
	image_put(guest_a, kept);
	while (image_reclaim(NULL))
		;
	assert_int_equal(fixture_pages_used(), before);
}

static bool reclaim_images(struct budget *for_whom, uint32_t count)
{
	(void)count;
	return image_reclaim(for_whom);
}

static void the_allocator_gets_pages_of_unused_images(void **state)
{
	const struct ta_file *f = ta_file("25497083");
	struct page_list hog;
	unsigned pages = 0;

	(void)state;
	page_reclaim = reclaim_images;
	assert_int_equal(load_file(guest_a, f), TEE_SUCCESS);
	uint32_t count = image->page_count;
	image_put(guest_a, image);
	struct page_totals totals;
	pages_totals(&totals);
	page_list_init(&hog, &guest_b->heap);
	for (void *page; (page = page_alloc(&guest_b->budget)); pages++) {
		if (page_list_append(&hog, page, 0)) {
			page_free(&guest_b->budget, page);
			break;
		}
	}
	/* Pointers to the pages take pages, too. */
	assert_true(pages + pages / 5 > totals.free - totals.reserved);
	assert_true(pages + 10 > totals.free - totals.reserved + count - 800);
	while (hog.count > 0)
		page_free(&guest_b->budget, page_list_pop(&hog));
}

/* --- failures ---
 */

static TEE_Result load_small_cold(void)
{
	const struct ta_file *f = ta_file(SMALL_TA);
	TEE_Result res = load_file(guest_a, f);

	if (!res)
		image_put(guest_a, image);
	while (image_reclaim(NULL))
		;
	return res;
}

static TEE_Result load_small_warm(void)
{
	const struct ta_file *f = ta_file(SMALL_TA);
	TEE_Result res = load_file(guest_b, f);

	if (!res)
		image_put(guest_b, image);
	return res;
}

static TEE_Result load_large_cold(void)
{
	/* More pages than the record's own chunk has room for. */
	static uint8_t *file;
	static size_t size;
	struct uuid uuid;

	if (!file) {
		const struct ta_file *f = ta_file("25497083");
		size_t elf_size = f->size - TA_ELF_OFFSET;
		uint8_t *elf = calloc(1, elf_size + (2 << 20));
		memcpy(elf, f->data + TA_ELF_OFFSET, elf_size);
		file = sign_ta(elf, elf_size + (2 << 20),
			       "uuid=25497083-a58a-4fc5-8a72-1ad7b69b8562", &size);
		free(elf);
	}
	uuid_from_text(&uuid, "25497083-a58a-4fc5-8a72-1ad7b69b8562");
	TEE_Result res = load_image(guest_a, file, size, &uuid, &image);
	if (!res)
		image_put(guest_a, image);
	while (image_reclaim(NULL))
		;
	if (!res && !failures.alloc_at && !failures.poll_at) {
		free(file);
		file = NULL;
	}
	return res;
}

/* Attack row 13 */
static void attack_13_each_failing_allocation_leaves_nothing_behind(void **state)
{
	(void)state;
	unsigned cold = fixture_fail_each(load_small_cold, &failures.alloc_at, &failures.allocs,
					  TEE_ERROR_OUT_OF_MEMORY);
	assert_true(cold > 28);
	const struct ta_file *f = ta_file(SMALL_TA);
	assert_int_equal(load_file(guest_a, f), TEE_SUCCESS);
	struct image *held = image;
	unsigned warm = fixture_fail_each(load_small_warm, &failures.alloc_at, &failures.allocs,
					  TEE_ERROR_OUT_OF_MEMORY);
	/* What is only compared takes a record, a use and a page. */
	assert_in_range(warm, 3, 8);
	image_put(guest_a, held);
}

static void a_guest_that_dies_at_any_poll_leaves_nothing_behind(void **state)
{
	(void)state;
	unsigned polls = fixture_fail_each(load_small_cold, &failures.poll_at, &failures.polls,
					   TEE_ERROR_TARGET_DEAD);
	assert_true(polls > 0);
}

/* Failures at every tenth place only: there are thousands. */
static void images_with_more_than_one_chunk_of_pages_come_and_go_whole(void **state)
{
	(void)state;
	uint32_t used = fixture_pages_used();
	for (unsigned at = 0; at < 3000; at += at < 10 || at > 1600 ? 1 : 10) {
		fixture_no_failures();
		failures.alloc_at = at;
		TEE_Result res = load_large_cold();
		bool reached = at > 0 && failures.allocs >= at;
		assert_int_equal(res, reached ? TEE_ERROR_OUT_OF_MEMORY : TEE_SUCCESS);
		assert_int_equal(fixture_pages_used(), used);
		if (at > 0 && !reached)
			break;
	}
	fixture_no_failures();
	assert_int_equal(load_large_cold(), TEE_SUCCESS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ta_002_signatures_of_all_24_shipped_files_verify),
		TEST(ta_006_all_shipped_files_load),
		TEST(ta_003_pkcs1_signatures_are_accepted),
		TEST(ta_004_weak_digests_and_other_keys_are_refused),
		TEST(ta_001_other_kinds_of_images_are_refused),
		TEST(ta_007_bootstrap_uuid_must_be_the_one_asked_for),
		TEST(ta_033_legacy_images_are_known_by_their_ta_head),
		TEST(ta_009_each_of_the_ten_corruptions_is_refused),
		TEST(ta_001_any_changed_bit_of_the_headers_is_refused),
		TEST(ta_008_trailing_and_missing_bytes_are_refused),
		TEST(ta_008_a_file_that_stops_early_is_refused),
		TEST(a_stage_takes_nothing_after_it_refused_the_headers),
		TEST(ta_005_extreme_sizes_in_the_header_are_refused),
		TEST(ta_019_ta_016_pieces_of_any_size_give_the_same_image),
		TEST(windows_never_cross_a_page_and_end_with_the_file),
		TEST(ta_020_size_is_bounded_by_the_budget),
		TEST(an_image_is_held_once_and_charged_to_each_guest_that_uses_it),
		TEST(a_hit_still_decides_whether_this_guest_may_run_it),
		TEST(a_hit_that_cannot_be_charged_leaves_nothing),
		TEST(unused_images_go_when_memory_is_wanted_the_oldest_first),
		TEST(the_allocator_gets_pages_of_unused_images),
		TEST(attack_13_each_failing_allocation_leaves_nothing_behind),
		TEST(a_guest_that_dies_at_any_poll_leaves_nothing_behind),
		TEST(images_with_more_than_one_chunk_of_pages_come_and_go_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
