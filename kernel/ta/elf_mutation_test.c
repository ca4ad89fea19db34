/* SPDX-License-Identifier: BSD-2-Clause */
/* ELF files that were tampered with, and loading that fails half-way: nothing is harmed or left. */
#include <stdlib.h>
#include <string.h>

#include "abi/shared.h"
#include "kernel/ta/elf_format.h"
#include "kernel/ta/fixture_test.h"
#include "kernel/ta/tiny_elf_test.h"

/* An app that was loaded from bytes in memory. */
struct app {
	struct elf_copy copy;
	struct elf elf;
	struct uaspace as;
	struct elf_instance instance;
};

static struct app app;
static struct tiny_elf tiny;

static TEE_Result decode(const void *data, size_t size)
{
	elf_copy_make(&app.copy, data, size);
	TEE_Result res = elf_decode(&app.copy.file, &app.elf);
	if (res)
		elf_copy_drop(&app.copy);
	return res;
}

/* --- mutations ---
 */

static uint64_t seed;

static uint64_t random_word(void)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return seed >> 16;
}

static uint64_t checksum(const struct page_list *pages)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < pages->count; i++) {
		const uint64_t *page = page_list_get(pages, i);
		for (size_t k = 0; k < PAGE_SIZE / 8; k++)
			sum = sum * 31 + page[k];
	}
	return sum;
}

/* An app that needs the mutant; or none. */
static struct {
	struct elf_copy copy;
	struct elf elf;
	bool used;
} company;

static TEE_Result load_mutant(void)
{
	struct elf_module first = {.file = &company.copy.file, .elf = &company.elf};
	struct elf_module mutant = {.file = &app.copy.file, .elf = &app.elf};
	struct elf_modules modules = {.count = 2};

	if (!company.used)
		return load_alone(&app.copy.file, &app.elf, &app.as, &app.instance);
	list_init(&modules.list);
	list_insert(&modules.list, &first.link);
	list_insert(&modules.list, &mutant.link);
	return elf_load(&app.as, &modules, &first);
}

/* Opens the file; the file itself must not change, whatever it says, and nothing may stay. */
static TEE_Result open_mutant(void)
{
	uint32_t used = guest_b->budget.used, objects = guest_b->heap.objects;
	uint64_t before = checksum(&app.copy.pages);
	TEE_Result res = elf_decode(&app.copy.file, &app.elf);

	if (!res)
		res = uaspace_init(&app.as, guest_b);
	if (!res) {
		res = load_mutant();
		uaspace_destroy(&app.as);
	}
	assert_int_equal(guest_b->budget.used, used);
	assert_int_equal(guest_b->heap.objects, objects);
	assert_true(checksum(&app.copy.pages) == before);
	return res;
}

static const uint64_t nasty[] = {0,
				 1,
				 7,
				 8,
				 0xfff,
				 0x1000,
				 0x7fffffff,
				 0x80000000,
				 0xffffffff,
				 0x40000000,
				 UINT64_MAX,
				 1ull << 63,
				 0xffffffffffff0000};

static void mutate(uint8_t *at)
{
	uint64_t value = nasty[random_word() % array_count(nasty)];

	switch (random_word() % 5) {
	case 0:
		*at ^= 1u << random_word() % 8;
		break;
	case 1:
		*at = random_word();
		break;
	case 2:
		memcpy(at, &value, 2);
		break;
	case 3:
		memcpy(at, &value, 4);
		break;
	default:
		memcpy(at, &value, 8);
		break;
	}
}

/* Places in the file where mutations hurt: [start, start + size). */
struct target {
	uint64_t start, size;
};

static size_t find_targets(const uint8_t *file, struct target *targets, size_t max)
{
	const struct elf_header *h = (const void *)file;
	size_t n = 0;

	targets[n++] = (struct target){0, 64};
	targets[n++] = (struct target){h->phoff, h->phnum * 56u};
	targets[n++] = (struct target){h->shoff, h->shnum * 64u};
	for (unsigned i = 0; i < h->shnum && n < max; i++) {
		struct elf_shdr sh;
		memcpy(&sh, file + h->shoff + i * sizeof(sh), sizeof(sh));
		bool hurts = sh.type == SHT_RELA || sh.type == SHT_DYNSYM ||
			     sh.type == SHT_STRTAB || sh.type == SHT_GNU_HASH || sh.type == 6;
		if (hurts && sh.size > 0)
			targets[n++] = (struct target){sh.offset, sh.size};
	}
	return n;
}

static void put_file(const uint8_t *file, uint64_t offset, size_t size)
{
	for (uint64_t at = offset; at < offset + size && at < app.copy.file.size; at++)
		((uint8_t *)page_list_get(&app.copy.pages, at >> PAGE_SHIFT))[at & PAGE_MASK] =
			file[at];
}

static void run_mutations(const uint8_t *original, size_t size, unsigned rounds)
{
	uint8_t *file = malloc(size + 8);
	struct target targets[16];
	size_t count = find_targets(original, targets, array_count(targets));
	unsigned accepted = 0, refused = 0;

	guest_b->budget.limit = guest_b->budget.used + 300;
	elf_copy_make(&app.copy, original, size);
	memcpy(file, original, size);
	for (unsigned i = 0; i < rounds; i++) {
		unsigned changes = 1 + random_word() % 2;
		uint64_t at[2];

		for (unsigned k = 0; k < changes; k++) {
			const struct target *t = &targets[random_word() % count];
			at[k] = t->start + random_word() % t->size;
			mutate(file + at[k]);
			put_file(file, at[k], 8);
		}
		TEE_Result res = open_mutant();
		bool known = res == TEE_SUCCESS || res == TEE_ERROR_BAD_FORMAT ||
			     res == TEE_ERROR_NOT_SUPPORTED || res == TEE_ERROR_OUT_OF_MEMORY;
		assert_true(known);
		accepted += res == TEE_SUCCESS;
		refused += res != TEE_SUCCESS;
		for (unsigned k = 0; k < changes; k++) {
			memcpy(file + at[k], original + at[k], min((size_t)8, size - at[k]));
			put_file(file, at[k], 8);
		}
	}
	/* Both kinds have to occur, or the mutator misses its aim. */
	assert_true(accepted > rounds / 50 && refused > rounds / 10);
	elf_copy_drop(&app.copy);
	free(file);
}

static void ta_027_mutated_shipped_app_never_harms_the_loader(void **state)
{
	const struct ta_file *f = ta_file(SMALL_TA);

	(void)state;
	seed = 1;
	run_mutations(f->data + TA_ELF_OFFSET, f->size - TA_ELF_OFFSET, 4000);
}

static void ta_027_mutated_library_never_harms_the_loader(void **state)
{
	const struct ta_file *os_test = ta_file("5b9e0e40"), *f = ta_file("ffd2bded");

	(void)state;
	seed = 3;
	elf_copy_make(&company.copy, os_test->data + TA_ELF_OFFSET, os_test->size - TA_ELF_OFFSET);
	assert_int_equal(elf_decode(&company.copy.file, &company.elf), TEE_SUCCESS);
	company.used = true;
	run_mutations(f->data + TA_ELF_OFFSET, f->size - TA_ELF_OFFSET, 4000);
	company.used = false;
	elf_copy_drop(&company.copy);
}

static void ta_027_mutated_tiny_app_never_harms_the_loader(void **state)
{
	(void)state;
	seed = 2;
	tiny_elf_make(&tiny);
	run_mutations((const uint8_t *)&tiny, sizeof(tiny), 30000);
}

/* --- failures ---
 */

static TEE_Result open_and_close_small(void)
{
	TEE_Result res = uaspace_init(&app.as, guest_b);

	if (res)
		return res;
	res = load_alone(&app.copy.file, &app.elf, &app.as, &app.instance);
	uaspace_destroy(&app.as);
	return res;
}

static void each_failing_allocation_or_death_leaves_nothing_behind(void **state)
{
	const struct ta_file *f = ta_file(CRYPT_TA);

	(void)state;
	assert_int_equal(decode(f->data + TA_ELF_OFFSET, f->size - TA_ELF_OFFSET), TEE_SUCCESS);
	unsigned n = fixture_fail_each(open_and_close_small, &failures.alloc_at, &failures.allocs,
				       TEE_ERROR_OUT_OF_MEMORY);
	assert_true(n > 100);
	/* Polls of the clean-up do not stop it, so the last ones change nothing. */
	uint32_t used = fixture_pages_used();
	unsigned died = 0;
	for (unsigned at = 1; at < 40; at++) {
		fixture_no_failures();
		failures.poll_at = at;
		TEE_Result res = open_and_close_small();
		assert_true(res == TEE_SUCCESS || res == TEE_ERROR_TARGET_DEAD);
		died += res == TEE_ERROR_TARGET_DEAD;
		assert_int_equal(fixture_pages_used(), used);
	}
	assert_true(died >= 7);
	fixture_no_failures();
	elf_copy_drop(&app.copy);
}

static void a_guest_that_dies_while_its_file_is_decoded_is_noticed(void **state)
{
	const struct ta_file *f = ta_file(CRYPT_TA);

	(void)state;
	fixture_no_failures();
	failures.poll_at = 3;
	assert_int_equal(decode(f->data + TA_ELF_OFFSET, f->size - TA_ELF_OFFSET),
			 TEE_ERROR_TARGET_DEAD);
	fixture_no_failures();
}

static void reading_is_bounded_by_the_file(void **state)
{
	uint8_t data[9000], back[9000];
	struct elf_copy copy;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = i * 13;
	elf_copy_make(&copy, data, sizeof(data));
	assert_true(elf_read(&copy.file, 0, back, sizeof(data)));
	assert_memory_equal(back, data, sizeof(data));
	assert_true(elf_read(&copy.file, 4090, back, 20));
	assert_memory_equal(back, data + 4090, 20);
	assert_true(elf_read(&copy.file, 9000, back, 0));
	assert_false(elf_read(&copy.file, 9000, back, 1));
	assert_false(elf_read(&copy.file, 8999, back, 2));
	assert_false(elf_read(&copy.file, 9001, back, 0));
	assert_false(elf_read(&copy.file, UINT64_MAX, back, 2));
	assert_false(elf_read(&copy.file, 1, back, SIZE_MAX));
	elf_copy_drop(&copy);
}

/* --- the header of an app --- */

static TEE_Result decode_tiny(void)
{
	TEE_Result res = decode(&tiny, sizeof(tiny));

	if (res == TEE_SUCCESS)
		elf_copy_drop(&app.copy);
	return res;
}

static bool flags_are_good(uint32_t flags)
{
	const uint32_t needed = TENON_TA_SHARED | TA_FLAG_SINGLE_INSTANCE | TA_FLAG_MULTI_SESSION;

	if (flags & ~(TA_FLAGS_VALID | TENON_TA_SHARED))
		return false;
	if (!(flags & TENON_TA_SHARED))
		return true;
	return (flags & needed) == needed && !(flags & TA_FLAG_KEEP_CRASHED);
}

/* Attack rows 14 and 26: each flag and each pair, alone and with those of a shared app. None lets
 * two threads in at once, and no app is told that it never begins anew and then shared, which would
 * break that. */
static void no_flags_of_a_header_let_two_threads_in(void **state)
{
	const uint32_t shared = TENON_TA_SHARED | TA_FLAG_SINGLE_INSTANCE | TA_FLAG_MULTI_SESSION;
	unsigned good = 0;

	(void)state;
	for (unsigned n = 0; n < 2 * 32 * 32; n++) {
		uint32_t flags = 1u << n % 32 | 1u << n / 32 % 32 | (n < 1024 ? 0 : shared);

		tiny_elf_make(&tiny);
		tiny.head.flags = flags;
		assert_int_equal(decode_tiny(),
				 flags_are_good(flags) ? TEE_SUCCESS : TEE_ERROR_BAD_FORMAT);
		if (!flags_are_good(flags))
			continue;
		assert_int_equal(app.elf.head.flags, flags & ~TA_FLAG_CONCURRENT);
		good++;
	}
	assert_true(good > 300);
}

/* Attack row 27: sizes of stacks around each power of two, and any. */
static void a_stack_of_any_size_is_whole_or_refused(void **state)
{
	(void)state;
	seed = 27;
	for (unsigned n = 0; n < 2000; n++) {
		uint32_t size = n < 160 ? (uint32_t)((1ull << n / 5) + n % 5 - 2)
					: (uint32_t)random_word() >> n % 32;
		bool fits = size >= 256 && size <= ELF_STACK_MAX;

		tiny_elf_make(&tiny);
		tiny.head.stack_size = size;
		assert_int_equal(decode_tiny(), fits ? TEE_SUCCESS : TEE_ERROR_BAD_FORMAT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reading_is_bounded_by_the_file),
		TEST(ta_027_mutated_shipped_app_never_harms_the_loader),
		TEST(ta_027_mutated_library_never_harms_the_loader),
		TEST(ta_027_mutated_tiny_app_never_harms_the_loader),
		TEST(each_failing_allocation_or_death_leaves_nothing_behind),
		TEST(a_guest_that_dies_while_its_file_is_decoded_is_noticed),
		TEST(no_flags_of_a_header_let_two_threads_in),
		TEST(a_stack_of_any_size_is_whole_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
