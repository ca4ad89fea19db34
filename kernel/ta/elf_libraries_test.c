/* SPDX-License-Identifier: BSD-2-Clause */
/* What libraries and apps that need them may not be, and loading them that fails half-way. */
#include <string.h>

#include "kernel/ta/module_set_test.h"

/* --- what is refused --- */

/* What a file is answered that is loaded alone. */
static TEE_Result tiny_result(const struct tiny_elf *e)
{
	TEE_Result res = add(e, sizeof(*e));

	if (res)
		return res;
	res = load_from(set.all.count - 1);
	if (res)
		assert_int_equal(set.as.page_count, 0);
	uaspace_destroy(&set.as);
	drop_last();
	assert_int_equal(uaspace_init(&set.as, guest_b), TEE_SUCCESS);
	return res;
}

#define EXPECT(change, result)                                                                     \
	do {                                                                                       \
		tiny_elf_make(&app);                                                               \
		change;                                                                            \
		assert_int_equal(tiny_result(&app), result);                                       \
	} while (0)
#define REFUSED(change) EXPECT(change, TEE_ERROR_BAD_FORMAT)

/* TA-032 */
static void ta_032_libraries_are_named_by_uuids(void **state)
{
	static const char *const bad[] = {
		"libc.so",
		"",
		"11111111-2222-3333-4444-55555555555",   /* too short */
		"11111111-2222-3333-4444-5555555555555", /* too long */
		"111111112222-3333-4444-555555555555-",
		"g1111111-2222-3333-4444-555555555555",
		"11111111-2222-3333-4444-55555555555 ",
		"11111111-2222-3333-4444_555555555555",
	};

	(void)state;
	for (size_t i = 0; i < array_count(bad); i++)
		REFUSED(tiny_elf_dynamic(&app, DT_NEEDED, bad[i]));
	REFUSED((app.dynamic[0] = (struct elf_dyn){DT_NEEDED, sizeof(app.strings)}));
	REFUSED((app.dynamic[0] = (struct elf_dyn){DT_NEEDED, sizeof(app.strings) - 36}));
	REFUSED((app.dynamic[0] = (struct elf_dyn){DT_NEEDED, UINT64_MAX}));
	EXPECT((app.dynamic[1] = (struct elf_dyn){DT_NEEDED, UINT64_MAX}),
	       TEE_SUCCESS); /* behind the end */
	REFUSED(app.sections[1].type = 1; app.header.entry = 0;
		tiny_elf_dynamic(&app, DT_NEEDED, LIB_UUID)); /* no strings */

	tiny_elf_make(&app);
	tiny_elf_dynamic(&app, DT_NEEDED, LIB_UUID);
	tiny_elf_dynamic(&app, DT_NEEDED, OTHER_UUID);
	add_tiny(&app);
	struct uuid want[2];
	uuid_from_text(&want[0], LIB_UUID);
	uuid_from_text(&want[1], OTHER_UUID);
	assert_int_equal(set.elf[0].needed_count, 2);
	assert_memory_equal(set.elf[0].needed, want, sizeof(want));
	drop_last();
}

static void needs(struct tiny_elf *e, unsigned count)
{
	tiny_elf_dynamic(e, DT_NEEDED, LIB_UUID);
	for (unsigned i = 1; i < count; i++)
		e->dynamic[i] = e->dynamic[0];
}

/* TA-032 */
static void ta_032_the_number_of_libraries_is_bounded(void **state)
{
	(void)state;
	EXPECT(needs(&app, ELF_NEEDED_MAX), TEE_SUCCESS);
	REFUSED(needs(&app, ELF_NEEDED_MAX + 1));
}

static const char *long_name(size_t size)
{
	static char name[1024];

	memset(name, 'n', size);
	name[size] = 0;
	return name;
}

/* TA-036 */
static void a_soname_is_one_short_string(void **state)
{
	(void)state;
	EXPECT(tiny_elf_dynamic(&app, DT_SONAME, ""), TEE_SUCCESS);
	EXPECT(tiny_elf_dynamic(&app, DT_SONAME, long_name(ELF_SONAME_MAX - 1)), TEE_SUCCESS);
	REFUSED(tiny_elf_dynamic(&app, DT_SONAME, long_name(ELF_SONAME_MAX)));
	REFUSED(tiny_elf_dynamic(&app, DT_SONAME, "a"); tiny_elf_dynamic(&app, DT_SONAME, "b"));
	REFUSED((app.dynamic[0] = (struct elf_dyn){DT_SONAME, sizeof(app.strings)}));
}

/* TA-033 */
static void ta_033_what_has_no_ta_head_is_a_library_and_has_no_entry(void **state)
{
	(void)state;
	add_tiny(&app);
	add_tiny(&lib);
	assert_true(set.elf[0].is_app);
	assert_false(set.elf[1].is_app);
	drop_last();
	drop_last();
	assert_int_equal(tiny_result(&lib), TEE_SUCCESS);
	lib.header.entry = TINY_CODE_VA;
	assert_int_equal(tiny_result(&lib), TEE_ERROR_BAD_FORMAT);
	tiny_library_make(&lib);
	lib.phdrs[0].type = lib.phdrs[1].type = 0; /* nothing to map */
	assert_int_equal(tiny_result(&lib), TEE_ERROR_BAD_FORMAT);
}

/* TA-038 */
static void ta_038_thread_local_storage_without_a_home_is_refused(void **state)
{
	struct elf_rela_entry *r = &app.relas[TINY_FREE_RELA];

	(void)state;
	EXPECT(give_tls(&app, 8); relocate(&app, 20, R_AARCH64_TLS_TPREL64, 0, 0), TEE_SUCCESS);
	REFUSED(relocate(&app, 20, R_AARCH64_TLS_TPREL64, 0, 0));
	REFUSED(relocate(&app, 20, R_AARCH64_TLSDESC, 0, 0));
	REFUSED(give_tls(&app, 8); relocate(&app, 20, R_AARCH64_TLS_TPREL64, TINY_DEFINED, 0));
	REFUSED(give_tls(&app, 8); relocate(&app, 20, R_AARCH64_TLS_TPREL64, TINY_SYMBOLS, 0));
	REFUSED(tiny_elf_symbol(&app, TINY_FREE, "v", STB_GLOBAL, STT_TLS, 1, 0);
		relocate(&app, 20, R_AARCH64_TLS_TPREL64, TINY_FREE, 0));
	REFUSED(give_tls(&app, 8); tiny_elf_symbol(&app, TINY_FREE, "v", STB_GLOBAL, STT_TLS, 1, 0);
		relocate(&app, 20, R_AARCH64_ABS64, TINY_FREE, 0));
	REFUSED(tiny_elf_symbol(&app, TINY_FREE, "v", STB_GLOBAL, STT_TLS, SHN_UNDEF, 0);
		relocate(&app, 20, R_AARCH64_TLS_TPREL64, TINY_FREE, 0));
	REFUSED(give_tls(&app, 8); relocate(&app, 0, R_AARCH64_TLSDESC, 0, 0);
		r->offset = TINY_DATA_VA + TINY_DATA_MEMORY - 8);
	REFUSED(give_tls(&app, 8); app.phdrs[2] = app.phdrs[3]);
	REFUSED(give_tls(&app, UINT64_MAX));
	REFUSED(give_tls(&app, 8); app.phdrs[3].filesz = 9);
}

/* TA-153 */
static void ta_153_code_is_guarded_only_if_the_file_announces_landing_pads(void **state)
{
	static const struct {
		uint32_t words[8];
		bool guarded;
	} notes[] = {
		{{4, 16, 5, 0x554e47, 0xc0000000, 4, 1, 0}, true},
		{{4, 16, 5, 0x554e47, 0xc0000000, 4, 3, 0}, true},
		{{4, 16, 5, 0x554e47, 0xc0000000, 4, 2, 0}, false}, /* signed returns only */
		{{4, 16, 5, 0x554e47, 0xc0000001, 4, 1, 0}, false},
		{{4, 16, 5, 0x554e47, 0xc0000000, 8, 1, 0}, false},
		{{4, 16, 4, 0x554e47, 0xc0000000, 4, 1, 0}, false},
		{{4, 16, 5, 0x554e48, 0xc0000000, 4, 1, 0}, false},
		{{4, 17, 5, 0x554e47, 0xc0000000, 4, 1, 0},
		 false}, /* longer than its header says */
		{{4, 0xffffffff, 5, 0x554e47, 0xc0000000, 4, 1, 0}, false},
		{{4, 16, 5, 0x554e47, 1, 0xffffffff, 1, 0}, false},
	};

	(void)state;
	for (size_t i = 0; i < array_count(notes); i++) {
		tiny_elf_make(&app);
		memcpy(app.note, notes[i].words, sizeof(app.note));
		app.phdrs[3] = (struct elf_phdr){.type = PT_GNU_PROPERTY,
						 .offset = offsetof(struct tiny_elf, note),
						 .filesz = sizeof(app.note)};
		add_tiny(&app);
		assert_int_equal(load_from(0), TEE_SUCCESS);
		uint64_t code = set.module[0].base + TINY_CODE_VA;
		assert_int_equal(host_user_memory(&set.as.arch, code, PROT_BTI) != NULL,
				 notes[i].guarded);
		assert_null(host_user_memory(&set.as.arch, code + 0x1000, PROT_BTI));
		uaspace_destroy(&set.as);
		drop_last();
		assert_int_equal(uaspace_init(&set.as, guest_b), TEE_SUCCESS);
	}
	EXPECT(app.phdrs[3] = ((struct elf_phdr){.type = PT_GNU_PROPERTY, .offset = UINT64_MAX}),
	       TEE_SUCCESS);
}

/* TA-153: nothing that is shipped promises landing pads. */
static void ta_153_no_shipped_file_is_guarded(void **state)
{
	static const char *const files[] = {"5b9e0e40", "ffd2bded", "b3091a65", CRYPT_TA};

	(void)state;
	for (size_t i = 0; i < array_count(files); i++) {
		add_file(files[i]);
		assert_false(set.elf[0].has_bti);
		drop_last();
	}
}

/* --- failures --- */

static TEE_Result load_and_unload(void)
{
	TEE_Result res = load_from(1);

	if (res)
		return res;
	elf_unmap(&set.as, &set.module[1]);
	elf_unmap(&set.as, &set.module[2]);
	struct elf_phdr_info info;
	read_user(set.module[0].base + TINY_INFO_VA, &info, sizeof(info));
	uaspace_remove(&set.as, uaspace_find(&set.as, info.dlpi));
	uaspace_remove(&set.as, uaspace_find(&set.as, set.all.resolver));
	set.all.resolver = 0;
	return TEE_SUCCESS;
}

static void each_failing_allocation_or_death_while_libraries_load_leaves_nothing(void **state)
{
	(void)state;
	give_tls(&lib, 8);
	relocate(&lib, 20, R_AARCH64_TLSDESC, 0, 0);
	for (unsigned i = 0; i < 4; i++)
		other.phdrs[1].memsz += 0x10000;
	add_tiny(&app);
	add_tiny(&lib);
	add_tiny(&other);
	set.all.count = 1;
	list_remove(&set.module[1].link);
	list_remove(&set.module[2].link);
	assert_int_equal(load_from(0), TEE_SUCCESS);
	list_insert(&set.all.list, &set.module[1].link);
	list_insert(&set.all.list, &set.module[2].link);
	set.all.count = 3;
	/* Page tables stay in the address space; a first round makes them, wherever it loads. */
	uint32_t mapped = set.as.page_count;
	unsigned failed = 0;
	for (unsigned at = 1; at < 400; at++) {
		fixture_no_failures();
		failures.alloc_at = at;
		TEE_Result res = load_and_unload();
		fixture_no_failures();
		assert_true(res == TEE_SUCCESS || res == TEE_ERROR_OUT_OF_MEMORY);
		assert_int_equal(set.as.page_count, mapped);
		failed += res != TEE_SUCCESS;
	}
	assert_in_range(failed, 80, 350);
	TEE_Result res = TEE_ERROR_TARGET_DEAD;
	for (unsigned at = 1; res; at++) {
		fixture_no_failures();
		failures.poll_at = at;
		res = load_and_unload();
		fixture_no_failures();
		assert_true(res == TEE_SUCCESS || res == TEE_ERROR_TARGET_DEAD);
		assert_int_equal(set.as.page_count, mapped);
	}
}

/* I7: whatever a module consists of, interrupts are let in between its regions. */
static void unmapping_a_module_polls_between_its_regions(void **state)
{
	(void)state;
	add_tiny(&app);
	assert_int_equal(load_from(0), TEE_SUCCESS);
	uint64_t base = set.module[0].base;
	fixture_no_failures();
	elf_unmap(&set.as, &set.module[0]);
	assert_true(failures.polls >= 2); /* code, data */
	assert_null(uaspace_find(&set.as, base + TINY_CODE_VA));
	assert_null(uaspace_find(&set.as, base + TINY_DATA_VA));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ta_032_libraries_are_named_by_uuids),
		TEST(ta_032_the_number_of_libraries_is_bounded),
		TEST(a_soname_is_one_short_string),
		TEST(ta_033_what_has_no_ta_head_is_a_library_and_has_no_entry),
		TEST(ta_038_thread_local_storage_without_a_home_is_refused),
		TEST(ta_153_code_is_guarded_only_if_the_file_announces_landing_pads),
		TEST(ta_153_no_shipped_file_is_guarded),
		TEST(each_failing_allocation_or_death_while_libraries_load_leaves_nothing),
		TEST(unmapping_a_module_polls_between_its_regions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
