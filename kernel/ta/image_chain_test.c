/* SPDX-License-Identifier: BSD-2-Clause */
/* Chains of subkeys, encrypted images and versions: what authors make with the development kit's
 * own tool, and what only an attacker makes. */
#include "kernel/ta/fixture_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/ta/image_cache.h"

static const uint8_t no_elf[100] = "this is no ELF file";
#define U0        "7c3bbd19-0001-4a10-9000-aabbccddeeff"
#define DERIVED   "4a7c45e5-61e1-5f65-bf7d-4e9d30e55371" /* of U0 and "hello_ta" */
#define SUBKEY_TA "5c206987"
#define IDENTITY  "a720ccbb"
/* What follows to be spoiled: a subkey and an image that are right. */
#define SUBKEY(more) "subkey=uuid:" U0 ",name:hello_ta" more
#define GOOD         SUBKEY("") " uuid=" DERIVED

static struct image *image;

/* --- files of the kit's tool ---
 */

static char kit_folder[] = "/tmp/tenon-chain-XXXXXX";

static int sign_with_kit(void **state)
{
	const struct ta_file *f = ta_file(SMALL_TA);
	char command[1024], path[64];

	(void)state;
	assert_non_null(mkdtemp(kit_folder));
	snprintf(path, sizeof(path), "%s/app.elf", kit_folder);
	FILE *out = fopen(path, "wb");
	fwrite(f->data + TA_ELF_OFFSET, 1, f->size - TA_ELF_OFFSET, out);
	fclose(out);
	snprintf(command, sizeof(command), "/usr/bin/python3 %s %s/.. %s %.36s %s", TA_SIGN_KIT,
		 KIT_TA_DIR, path, strrchr(f->path, '/') + 1, kit_folder);
	return system(command);
}

static int remove_kit_files(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", kit_folder);
	return system(command);
}

static struct ta_file kit_file(const char *name, const char *uuid)
{
	struct ta_file f;

	snprintf(f.path, sizeof(f.path), "%s/%s.ta", kit_folder, name);
	f.data = fixture_read_file(f.path, &f.size);
	f.uuid = ta_file(SMALL_TA)->uuid;
	if (uuid)
		uuid_from_text(&f.uuid, uuid);
	return f;
}

static TEE_Result load(struct guest *guest, const struct ta_file *f)
{
	TEE_Result res = load_image(guest, f->data, f->size, &f->uuid, &image);

	if (!res)
		image_put(guest, image);
	return res;
}

static TEE_Result load_kit(struct guest *guest, const char *name, const char *uuid)
{
	struct ta_file f = kit_file(name, uuid);
	TEE_Result res = load(guest, &f);

	free(f.data);
	return res;
}

/* The file at a byte that is changed. */
static TEE_Result load_changed(const struct ta_file *f, size_t offset, uint8_t xor)
{
	f->data[offset] ^= xor;
	TEE_Result res = load(guest_a, f);
	f->data[offset] ^= xor;
	return res;
}

/* --- chains ---
 */

static void check_derived(const char *subkey, const char *name, uint32_t size, const char *expected)
{
	static uint8_t page[PAGE_SIZE];
	struct image_head head = {.pages = {page}, .filled = PAGE_SIZE};
	struct uuid from, to;
	uint8_t octets[16];

	memset(page, 0, sizeof(page));
	strcpy((char *)page + 100, name);
	uuid_from_text(&from, subkey);
	uuid_to_octets(&from, octets);
	image_head_derive_uuid(octets, &(struct image_head_name){&head, 100, size}, octets);
	uuid_from_octets(&from, octets);
	uuid_from_text(&to, expected);
	assert_true(uuid_equal(&from, &to));
}

static void ta_013_the_three_vectors_of_derived_uuids(void **state)
{
	(void)state;
	check_derived("f04fa996-148a-453c-b037-1dcfbad120a6", "mid_level_subkey", 64,
		      "1a5948c5-1aa0-518c-86f4-be6f6a057b16");
	check_derived("1a5948c5-1aa0-518c-86f4-be6f6a057b16", "subkey1_ta", 64,
		      "5c206987-16a3-59cc-ab0f-64b9cfc9e758");
	check_derived(U0, "hello_ta", 64, DERIVED);
	/* What pads the name does not count; an identity subkey has none. */
	check_derived(U0, "hello_ta", 8, DERIVED);
	check_derived(U0, "hello_ta", 3000, DERIVED);
	check_derived(U0, "hello_ta", 0, U0);
}

/* TA-010, TA-011: the kit's tool puts a zero before each modulus. */
static void ta_010_chains_of_the_shipped_files_are_accepted(void **state)
{
	(void)state;
	assert_int_equal(load(guest_a, ta_file(SUBKEY_TA)), TEE_SUCCESS);
	assert_int_equal(image->claim_count, 3);
	assert_false(image->claims[0].is_subkey);
	assert_int_equal(image->claims[1].version, 1);
	assert_true(image->claims[1].is_subkey);
	assert_int_equal(load(guest_a, ta_file(IDENTITY)), TEE_SUCCESS);
	assert_int_equal(image->claim_count, 2);
	assert_true(uuid_equal(&image->claims[0].uuid, &image->claims[1].uuid));
}

/* TA-003, TA-010, TA-011 */
static void ta_010_chains_of_the_kits_tool_are_accepted(void **state)
{
	(void)state;
	assert_int_equal(load_kit(guest_a, "chain1", DERIVED), TEE_SUCCESS);
	assert_int_equal(load_kit(guest_a, "large", NULL), TEE_SUCCESS);
	assert_int_equal(load_kit(guest_a, "deep_encrypted", DERIVED), TEE_SUCCESS);
	/* Signed by a key that the subkey above it did not name. */
	assert_int_equal(load_kit(guest_a, "wrong_key", DERIVED), TEE_ERROR_SECURITY);
	assert_int_equal(load_kit(guest_a, "chain1", U0), TEE_ERROR_SECURITY);
}

/* BAD_FORMAT is the ELF decoder's answer: what comes before it was satisfied. */
static void check_signed(const char *options, TEE_Result expected)
{
	struct uuid uuid;
	size_t size;
	uint8_t *file = sign_ta(no_elf, sizeof(no_elf), options, &size);

	uuid_from_text(&uuid, DERIVED);
	TEE_Result res = load_image(guest_a, file, size, &uuid, &image);
	if (res != expected)
		fail_msg("%s: %08x", options, res);
	free(file);
}

static void ta_012_subkeys_that_break_a_rule_are_refused(void **state)
{
	static const char *const bad[] = {
		"uuid=" DERIVED " subkey=uuid:" U0 ",name:hello_tb",
		"uuid=" DERIVED " subkey=uuid:" U0 ",name_size:0",
		"uuid=" DERIVED " subkey=uuid:" U0 ",name_size:8",
		"uuid=" U0 " " SUBKEY(""),
		"img_type=0 " SUBKEY(""),
		/* The bound begins at the highest number and has to fall. */
		SUBKEY(",depth:0xffffffff") " uuid=" DERIVED,
		SUBKEY(",depth:4") " subkey=uuid:" DERIVED ",name_size:0,depth:4 uuid=" DERIVED,
		SUBKEY(",depth:0") " subkey=uuid:" DERIVED ",name_size:0,depth:0 uuid=" DERIVED,
		SUBKEY(",depth:4") " subkey=uuid:" DERIVED ",name_size:0,depth:5 uuid=" DERIVED,
		/* The second one of a chain under another UUID. */
		SUBKEY(",depth:4") " subkey=uuid:" U0 ",name:hello_ta,depth:3 uuid=" DERIVED,
		/* Not a key for RSA. */
		SUBKEY(",algo:0x70003041") " uuid=" DERIVED,
		SUBKEY(",sign:0x70002830") " uuid=" DERIVED,
		"algo=0x70002830 " GOOD,
	};

	(void)state;
	check_signed(GOOD, TEE_ERROR_BAD_FORMAT);
	check_signed("algo=0x70004830 " SUBKEY(",sign:0x70004830") " uuid=" DERIVED,
		     TEE_ERROR_BAD_FORMAT);
	check_signed(SUBKEY(",depth:0xfffffffe") " uuid=" DERIVED, TEE_ERROR_BAD_FORMAT);
	check_signed(SUBKEY(",depth:1") " subkey=uuid:" DERIVED
					",name_size:0,depth:0 uuid=" DERIVED,
		     TEE_ERROR_BAD_FORMAT);
	for (size_t i = 0; i < array_count(bad); i++)
		check_signed(bad[i], TEE_ERROR_SECURITY);
}

/* TA-011, TA-012 */
static void ta_012_attributes_are_two_and_inside_the_body(void **state)
{
	static const char *const good[] = {"good", "swapped", "no_zero", "many_zeros"};
	static const char *const bad[] = {"missing", "three",   "twice", "twice_exponent",
					  "unknown", "empty",   "zeros", "short",
					  "long",    "outside", "far",   "long_exponent",
					  "wraps",   "one"};
	char options[256];

	(void)state;
	for (size_t i = 0; i < array_count(good) + array_count(bad); i++) {
		bool is_good = i < array_count(good);
		snprintf(options, sizeof(options), SUBKEY(",attributes:%s") " uuid=" DERIVED,
			 is_good ? good[i] : bad[i - array_count(good)]);
		check_signed(options, is_good ? TEE_ERROR_BAD_FORMAT : TEE_ERROR_SECURITY);
	}
}

/* A subkey of this kind takes 628 bytes and its name, the image's header 328. */
static void ta_001_headers_may_take_four_pages_and_end_anywhere(void **state)
{
	static const uint32_t good[] = {8, 3139, 3140, 3141, 7235, 7236, 7237, 4 * 4096 - 956};
	static const uint32_t bad[] = {4 * 4096 - 955, 1 << 20, INT32_MAX, UINT32_MAX - 100};
	char options[256];

	(void)state;
	for (size_t i = 0; i < array_count(good); i++) {
		snprintf(options, sizeof(options), SUBKEY(",name_size:%u") " uuid=" DERIVED,
			 good[i]);
		check_signed(options, TEE_ERROR_BAD_FORMAT);
	}
	for (size_t i = 0; i < array_count(bad); i++) {
		struct ta_file f;

		f.data = sign_ta(no_elf, sizeof(no_elf), SUBKEY(",name_size:64") " uuid=" DERIVED,
				 &f.size);
		uuid_from_text(&f.uuid, DERIVED);
		memcpy(f.data + 308 + 16, &bad[i], sizeof(bad[i]));
		assert_int_equal(load(guest_a, &f), TEE_ERROR_SECURITY);
		free(f.data);
	}
}

static void ta_001_chains_have_at_most_eight_subkeys(void **state)
{
	char options[1024] = "uuid=" U0;

	(void)state;
	for (unsigned i = 0; i < 9; i++) {
		struct ta_file f;

		snprintf(options + strlen(options), sizeof(options) - strlen(options),
			 " subkey=uuid:" U0 ",name_size:0,depth:%u", 20 - i);
		f.data = sign_ta(no_elf, sizeof(no_elf), options, &f.size);
		uuid_from_text(&f.uuid, U0);
		assert_int_equal(load(guest_a, &f),
				 i < 8 ? TEE_ERROR_BAD_FORMAT : TEE_ERROR_SECURITY);
		free(f.data);
	}
}

/* TA-001, TA-005, TA-009, TA-012: all but what pads the names, which nothing covers. */
static void ta_001_any_changed_byte_of_a_chain_is_refused(void **state)
{
	const struct ta_file *f = ta_file(SUBKEY_TA);
	size_t step;

	(void)state;
	for (size_t at = 0; at < ta_elf_offset(f); at += step) {
		size_t in = at % 0x2b4; /* both subkeys take 0x2b4 bytes, 64 of these a name */
		bool is_name = at < 2 * 0x2b4 && in >= 0x2b4 - 64;
		bool is_number = (in >= 52 && in < 308) || (in >= 370 && in < 620);

		step = is_number ? 13 : 1;
		if (is_name && f->data[at] == 0)
			continue;
		for (unsigned bit = 0; bit < 8; bit += 7)
			assert_int_equal(load_changed(f, at, 1u << bit), TEE_ERROR_SECURITY);
	}
}

static void ta_008_a_chain_that_stops_early_is_refused(void **state)
{
	struct ta_file f = *ta_file(SUBKEY_TA);

	(void)state;
	for (f.size = 0; f.size < ta_elf_offset(&f) + 10; f.size += 17)
		assert_int_equal(load(guest_a, &f), TEE_ERROR_SECURITY);
}

/* TA-016, TA-019: pieces of any size, headers on several pages. */
static void ta_016_chains_come_in_pieces_of_any_size(void **state)
{
	static const size_t pieces[] = {1, 7, 4095, 4097};
	struct ta_file f;

	(void)state;
	f.data = sign_ta(no_elf, sizeof(no_elf), SUBKEY(",name_size:9000") " uuid=" DERIVED,
			 &f.size);
	uuid_from_text(&f.uuid, DERIVED);
	for (size_t i = 0; i < array_count(pieces); i++) {
		struct image_stage *stage;

		assert_int_equal(image_stage_begin(guest_a, f.size, &stage), TEE_SUCCESS);
		for (size_t done = 0; done < f.size; done += pieces[i])
			assert_int_equal(image_stage_write(stage, f.data + done,
							   min(pieces[i], f.size - done)),
					 TEE_SUCCESS);
		assert_int_equal(image_stage_finish(stage, &f.uuid, &image), TEE_ERROR_BAD_FORMAT);
	}
	free(f.data);
}

/* --- encrypted images ---
 */

static void ta_014_the_key_of_a_machine_without_a_hardware_key(void **state)
{
	static const uint8_t expected[] = {0xb6, 0x4d, 0x23, 0x9b, 0x1f, 0x3c, 0x7d, 0x3b,
					   0x06, 0x50, 0x62, 0x29, 0xcd, 0x8f, 0xf7, 0xc8,
					   0xaf, 0x2b, 0xb4, 0xdb, 0x21, 0x68, 0x62, 0x1a,
					   0xc6, 0x2c, 0x84, 0x94, 0x84, 0x68, 0xc4, 0xf4};
	uint8_t key[CRYPTO_SHA256_SIZE];

	(void)state;
	image_encryption_key(key);
	assert_memory_equal(key, expected, sizeof(key));
}

static void ta_014_encrypted_images_load_and_become_the_plain_ones(void **state)
{
	const struct ta_file *plain = ta_file(SMALL_TA);
	struct ta_file f = kit_file("encrypted", NULL);

	(void)state;
	/* The second time the decrypted image is in the cache; the file goes the long way again. */
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(load_image(guest_a, f.data, f.size, &f.uuid, &image), TEE_SUCCESS);
		const uint8_t *page = page_list_get(image->file.pages, 1);
		assert_int_equal(image->file.size, plain->size - TA_ELF_OFFSET);
		assert_memory_equal(page, plain->data + TA_ELF_OFFSET + PAGE_SIZE, PAGE_SIZE);
		image_put(guest_a, image);
		assert_int_equal(load_changed(&f, f.size - 1, 1), TEE_ERROR_SECURITY);
	}
	free(f.data);
}

/* TA-014: by the tag or the digest, whichever comes first. TA-001 for the encryption header. */
static void ta_014_any_changed_byte_of_an_encrypted_image_is_refused(void **state)
{
	struct ta_file f = kit_file("encrypted", NULL);
	size_t elf = TA_ELF_OFFSET + 12 + 12 + 16;

	(void)state;
	for (size_t at = 0; at < elf; at += at >= 52 && at < 308 ? 13 : 1)
		assert_int_equal(load_changed(&f, at, 0x80), TEE_ERROR_SECURITY);
	for (size_t at = elf; at < f.size; at += 9973)
		assert_int_equal(load_changed(&f, at, 1), TEE_ERROR_SECURITY);
	f.size--;
	assert_int_equal(load(guest_a, &f), TEE_ERROR_SECURITY);
	assert_int_equal(load_kit(guest_a, "other_enc_key", NULL), TEE_ERROR_SECURITY);
	free(f.data);
}

static void ta_015_keys_of_a_class_of_machines_are_refused(void **state)
{
	(void)state;
	assert_int_equal(load_kit(guest_a, "class_wide", NULL), TEE_ERROR_SECURITY);
}

/* --- versions ---
 */

/* Attack row 28, as far as there is something to roll back. */
static void ta_018_an_older_version_is_refused_equal_and_newer_are_not(void **state)
{
	const struct ta_file *zero = ta_file(SMALL_TA);

	(void)state;
	assert_int_equal(load(guest_a, zero), TEE_SUCCESS);
	assert_int_equal(guest_a->count.versions, 0);
	assert_int_equal(load_kit(guest_a, "version2", NULL), TEE_SUCCESS);
	assert_int_equal(load_kit(guest_a, "version2", NULL), TEE_SUCCESS);
	assert_int_equal(load(guest_a, zero), TEE_ERROR_ACCESS_CONFLICT);
	assert_int_equal(load_kit(guest_a, "version3", NULL), TEE_SUCCESS);
	assert_int_equal(load_kit(guest_a, "version2", NULL), TEE_ERROR_ACCESS_CONFLICT);
	assert_int_equal(guest_a->count.versions, 1);
	/* An encrypted image has its version in the same place. */
	assert_int_equal(load_kit(guest_a, "encrypted", NULL), TEE_ERROR_ACCESS_CONFLICT);
	/* Each guest has its own table; the images are in the cache all the while. */
	assert_int_equal(load_kit(guest_b, "version2", NULL), TEE_SUCCESS);
	assert_int_equal(load_kit(guest_a, "version3", NULL), TEE_SUCCESS);
}

/* A file of the oldest kind, without a version, is older than any that has one. */
static void ta_018_legacy_images_count_as_version_0(void **state)
{
	const struct ta_file *plain = ta_file(SMALL_TA);
	struct ta_file f = {.uuid = plain->uuid};

	(void)state;
	f.data = sign_ta(plain->data + TA_ELF_OFFSET, plain->size - TA_ELF_OFFSET, "img_type=0",
			 &f.size);
	assert_int_equal(load(guest_a, &f), TEE_SUCCESS);
	assert_int_equal(load_kit(guest_a, "version2", NULL), TEE_SUCCESS);
	assert_int_equal(load(guest_a, &f), TEE_ERROR_ACCESS_CONFLICT);
	free(f.data);
}

static void ta_018_versions_of_subkeys_are_enforced_too(void **state)
{
	(void)state;
	assert_int_equal(load_kit(guest_a, "chain1", DERIVED), TEE_SUCCESS);
	assert_int_equal(load_kit(guest_a, "chain2", DERIVED), TEE_SUCCESS);
	assert_int_equal(load_kit(guest_a, "chain1", DERIVED), TEE_ERROR_ACCESS_CONFLICT);
	assert_int_equal(load_kit(guest_a, "deep_encrypted", DERIVED), TEE_ERROR_ACCESS_CONFLICT);
	assert_int_equal(load_kit(guest_b, "chain1", DERIVED), TEE_SUCCESS);
	/* Two of one UUID and different age in one file: one of them is old. */
	check_signed("subkey=uuid:" DERIVED ",name_size:0,depth:4,version:1 "
		     "subkey=uuid:" DERIVED ",name_size:0,depth:3,version:2 uuid=" DERIVED,
		     TEE_ERROR_ACCESS_CONFLICT);
}

/* Attack row 28: nor is the record raised by what was not verified. */
static void ta_017_a_file_that_does_not_verify_raises_no_version(void **state)
{
	static const char *const names[] = {"version3", "chain2", "encrypted"};

	(void)state;
	for (size_t i = 0; i < array_count(names); i++) {
		struct ta_file f = kit_file(names[i], i == 1 ? DERIVED : NULL);
		struct uuid other = f.uuid;

		assert_int_equal(load_changed(&f, f.size - 1, 1), TEE_ERROR_SECURITY);
		other.time_low++;
		assert_int_equal(load_image(guest_a, f.data, f.size, &other, &image),
				 TEE_ERROR_SECURITY);
		free(f.data);
	}
	assert_int_equal(guest_a->count.versions, 0);
	assert_int_equal(load(guest_a, ta_file(SMALL_TA)), TEE_SUCCESS);
}

static void the_table_of_versions_is_bounded_and_charged_to_its_guest(void **state)
{
	struct version_claim claim = {.version = 1};
	uint32_t used = guest_a->budget.used;
	unsigned count = 0;

	(void)state;
	while (versions_admit(guest_a, &claim, 1) == TEE_SUCCESS) {
		claim.uuid.time_low++;
		count++;
	}
	assert_int_equal(count, VERSIONS_MAX);
	assert_true(guest_a->budget.used > used);
	claim.uuid.time_low = 7;
	assert_int_equal(versions_admit(guest_a, &claim, 1), TEE_SUCCESS);
	while (versions_forget(guest_a))
		;
	assert_int_equal(guest_a->budget.used, used);
	assert_int_equal(guest_a->count.versions, 0);
}

static struct version_claim in_between;

static void another_call_admits(void)
{
	assert_int_equal(versions_admit(guest_a, &in_between, 1), TEE_SUCCESS);
}

/* Looking claims up polls: what another call admits meanwhile counts, and no app gets two entries.
 */
static void ta_018_a_version_that_another_call_admits_meanwhile_counts(void **state)
{
	struct version_claim claims[2] = {{.version = 3}, {.version = 3}};

	(void)state;
	claims[1].uuid.time_low = 1;
	for (uint32_t version = 2; version <= 4; version++) {
		in_between = (struct version_claim){.version = version};
		fixture_on_poll = another_call_admits;
		assert_int_equal(versions_admit(guest_a, claims, 2),
				 version > 3 ? TEE_ERROR_ACCESS_CONFLICT : TEE_SUCCESS);
		assert_null(fixture_on_poll);
		assert_int_equal(guest_a->count.versions, version > 3 ? 1 : 2);
		while (versions_forget(guest_a))
			;
	}
}

/* --- failures ---
 */

static TEE_Result load_cold(const struct ta_file *f)
{
	TEE_Result res = load(guest_a, f);

	while (versions_forget(guest_a))
		;
	while (image_reclaim(NULL))
		;
	return res;
}

static TEE_Result load_cold_chain(void)
{
	return load_cold(ta_file(SUBKEY_TA));
}

static TEE_Result load_cold_encrypted(void)
{
	struct ta_file f = kit_file("deep_encrypted", DERIVED);
	TEE_Result res = load_cold(&f);

	free(f.data);
	return res;
}

/* Attack row 13 */
static void attack_13_each_failing_allocation_leaves_nothing_of_a_chain(void **state)
{
	(void)state;
	assert_true(fixture_fail_each(load_cold_chain, &failures.alloc_at, &failures.allocs,
				      TEE_ERROR_OUT_OF_MEMORY) > 20);
	assert_true(fixture_fail_each(load_cold_encrypted, &failures.alloc_at, &failures.allocs,
				      TEE_ERROR_OUT_OF_MEMORY) > 20);
}

static void a_guest_that_dies_at_any_poll_leaves_nothing_of_a_chain(void **state)
{
	(void)state;
	assert_true(fixture_fail_each(load_cold_chain, &failures.poll_at, &failures.polls,
				      TEE_ERROR_TARGET_DEAD) > 3);
	assert_true(fixture_fail_each(load_cold_encrypted, &failures.poll_at, &failures.polls,
				      TEE_ERROR_TARGET_DEAD) > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ta_013_the_three_vectors_of_derived_uuids),
		TEST(ta_010_chains_of_the_shipped_files_are_accepted),
		TEST(ta_010_chains_of_the_kits_tool_are_accepted),
		TEST(ta_012_subkeys_that_break_a_rule_are_refused),
		TEST(ta_012_attributes_are_two_and_inside_the_body),
		TEST(ta_001_headers_may_take_four_pages_and_end_anywhere),
		TEST(ta_001_chains_have_at_most_eight_subkeys),
		TEST(ta_001_any_changed_byte_of_a_chain_is_refused),
		TEST(ta_008_a_chain_that_stops_early_is_refused),
		TEST(ta_016_chains_come_in_pieces_of_any_size),
		TEST(ta_014_the_key_of_a_machine_without_a_hardware_key),
		TEST(ta_014_encrypted_images_load_and_become_the_plain_ones),
		TEST(ta_014_any_changed_byte_of_an_encrypted_image_is_refused),
		TEST(ta_015_keys_of_a_class_of_machines_are_refused),
		TEST(ta_018_an_older_version_is_refused_equal_and_newer_are_not),
		TEST(ta_018_legacy_images_count_as_version_0),
		TEST(ta_018_versions_of_subkeys_are_enforced_too),
		TEST(ta_017_a_file_that_does_not_verify_raises_no_version),
		TEST(the_table_of_versions_is_bounded_and_charged_to_its_guest),
		TEST(ta_018_a_version_that_another_call_admits_meanwhile_counts),
		TEST(attack_13_each_failing_allocation_leaves_nothing_of_a_chain),
		TEST(a_guest_that_dies_at_any_poll_leaves_nothing_of_a_chain),
	};

	return cmocka_run_group_tests(tests, sign_with_kit, remove_kit_files);
}
