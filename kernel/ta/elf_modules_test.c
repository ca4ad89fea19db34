/* SPDX-License-Identifier: BSD-2-Clause */
/* Apps that consist of several ELF files: symbols, tables and thread-local storage across them. */
#include <string.h>

#include "kernel/ta/module_set_test.h"

/* --- symbols --- */

/* TA-030, TA-031 */
static void ta_031_app_and_library_may_use_each_other(void **state)
{
	(void)state;
	define(&app, TINY_FREE, "of_app", STB_GLOBAL, 12);
	import(&app, TINY_FREE + 1, "of_library", STB_GLOBAL);
	relocate(&app, 20, R_AARCH64_JUMP_SLOT, TINY_FREE + 1, 0);
	define(&lib, TINY_FREE, "of_library", STB_GLOBAL, 16);
	import(&lib, TINY_FREE + 1, "of_app", STB_GLOBAL);
	relocate(&lib, 20, R_AARCH64_GLOB_DAT, TINY_FREE + 1, 0);
	relocate(&lib, 21, R_AARCH64_ABS64, TINY_FREE + 1, 100);
	add_tiny(&app);
	add_tiny(&lib);
	assert_int_equal(load_from(0), TEE_SUCCESS);
	assert_int_equal(data_of(0, 20), set.module[1].base + TINY_CODE_VA + 16);
	assert_int_equal(data_of(1, 20), set.module[0].base + TINY_CODE_VA + 12);
	assert_int_equal(data_of(1, 21), set.module[0].base + TINY_CODE_VA + 12 + 100);
}

/* TA-030: a weak definition in an earlier module wins over a global one in a later module; inside
 * a module the global one wins. TA-026: absolute references stay in their own module. */
static void ta_030_load_order_comes_first_then_global_before_weak(void **state)
{
	(void)state;
	define(&app, TINY_FREE, "first", STB_WEAK, 4);
	define(&lib, TINY_FREE, "first", STB_GLOBAL, 8);
	define(&lib, TINY_FREE + 1, "second", STB_WEAK, 12);
	define(&lib, TINY_FREE + 2, "second", STB_GLOBAL, 16);
	define(&other, TINY_FREE, "second", STB_GLOBAL, 20);
	define(&other, TINY_FREE + 1, "third", STB_LOCAL, 24);
	import(&other, TINY_FREE + 2, "first", STB_GLOBAL);
	import(&other, TINY_FREE + 3, "third", STB_WEAK);
	relocate(&lib, 20, R_AARCH64_GLOB_DAT, TINY_FREE, 0);
	relocate(&lib, 21, R_AARCH64_ABS64, TINY_FREE, 0);
	relocate(&lib, 22, R_AARCH64_JUMP_SLOT, TINY_FREE + 1, 0);
	relocate(&other, 20, R_AARCH64_JUMP_SLOT, TINY_FREE, 0);
	relocate(&other, 21, R_AARCH64_GLOB_DAT, TINY_FREE + 1, 0);
	relocate(&other, 22, R_AARCH64_ABS64, TINY_FREE + 2, 1);
	relocate(&other, 23, R_AARCH64_JUMP_SLOT, TINY_FREE + 3, 0);
	add_tiny(&app);
	add_tiny(&lib);
	add_tiny(&other);
	assert_int_equal(load_from(0), TEE_SUCCESS);
	uint64_t first = set.module[0].base + TINY_CODE_VA + 4;
	uint64_t second = set.module[1].base + TINY_CODE_VA + 16;
	assert_int_equal(data_of(1, 20), first);
	assert_int_equal(data_of(1, 21), set.module[1].base + TINY_CODE_VA + 8);
	assert_int_equal(data_of(1, 22), second);
	assert_int_equal(data_of(2, 20), second);
	assert_int_equal(data_of(2, 21), set.module[2].base + TINY_CODE_VA + 24); /* its own */
	assert_int_equal(data_of(2, 22), first + 1);
	assert_int_equal(data_of(2, 23), 0); /* nobody sees a local one */
}

/* TA-030 */
static void ta_030_an_undefined_global_symbol_fails_the_load_and_unmaps_everything(void **state)
{
	(void)state;
	import(&lib, TINY_FREE, "nowhere", STB_GLOBAL);
	relocate(&lib, 20, R_AARCH64_JUMP_SLOT, TINY_FREE, 0);
	add_tiny(&app);
	add_tiny(&lib);
	assert_int_equal(load_from(0), TEE_ERROR_BAD_FORMAT);
	assert_int_equal(set.as.page_count, 0);
	assert_true(list_empty(&set.as.regions));
	drop_last();
	/* One that nothing refers to is no matter. */
	lib.relas[TINY_FREE_RELA].type = R_AARCH64_NONE;
	add_tiny(&lib);
	assert_int_equal(load_from(0), TEE_SUCCESS);
}

/* TA-145 */
static void ta_145_names_are_found_in_order_or_in_one_module(void **state)
{
	char longest[ELF_NAME_MAX + 2];
	uint64_t va;

	(void)state;
	define(&app, TINY_FREE, "name", STB_GLOBAL, 4);
	define(&lib, TINY_FREE, "name", STB_GLOBAL, 8);
	tiny_elf_symbol(&lib, TINY_FREE + 1, "variable", STB_GLOBAL, STT_TLS, 1, 0);
	add_tiny(&app);
	add_tiny(&lib);
	assert_int_equal(load_from(0), TEE_SUCCESS);
	assert_int_equal(elf_find(&set.all, NULL, "name", &va), TEE_SUCCESS);
	assert_int_equal(va, set.module[0].base + TINY_CODE_VA + 4);
	assert_int_equal(elf_find(&set.all, &set.module[1], "name", &va), TEE_SUCCESS);
	assert_int_equal(va, set.module[1].base + TINY_CODE_VA + 8);
	assert_int_equal(elf_find(&set.all, NULL, "absolute", &va), TEE_SUCCESS);
	assert_int_equal(va, 0x1234);
	static const char *const missing[] = {"nam", "names", "", "weak", "variable"};
	for (size_t i = 0; i < array_count(missing); i++)
		assert_int_equal(elf_find(&set.all, NULL, missing[i], &va),
				 TEE_ERROR_ITEM_NOT_FOUND);
	memset(longest, 'x', sizeof(longest));
	longest[ELF_NAME_MAX] = 0;
	assert_int_equal(elf_find(&set.all, NULL, longest, &va), TEE_ERROR_ITEM_NOT_FOUND);
	longest[ELF_NAME_MAX] = 'x';
	longest[ELF_NAME_MAX + 1] = 0;
	assert_int_equal(elf_find(&set.all, NULL, longest, &va), TEE_ERROR_ITEM_NOT_FOUND);
}

/* I7: an app chooses how long a name is. */
static void interrupts_are_let_in_while_a_long_name_is_hashed(void **state)
{
	char name[ELF_NAME_MAX + 2] = {0};
	uint64_t va;

	(void)state;
	add_tiny(&app);
	assert_int_equal(load_from(0), TEE_SUCCESS);
	memset(name, 'x', ELF_NAME_MAX + 1);
	fixture_no_failures();
	assert_int_equal(elf_find(&set.all, NULL, name, &va), TEE_ERROR_ITEM_NOT_FOUND);
	assert_int_equal(failures.polls, ELF_NAME_MAX / 64 / (ELF_BATCH / 2));
	failures.poll_at = failures.polls + 2;
	assert_int_equal(elf_find(&set.all, NULL, name, &va), TEE_ERROR_TARGET_DEAD);
}

/* Polls while count modules are loaded. */
static unsigned polls_to_load(const struct tiny_elf *e, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		add_tiny(i ? &lib : e);
	fixture_no_failures();
	assert_int_equal(load_from(0), TEE_SUCCESS);
	unsigned polls = failures.polls;
	uaspace_destroy(&set.as);
	for (unsigned i = 0; i < count; i++)
		drop_last();
	assert_int_equal(uaspace_init(&set.as, guest_a), TEE_SUCCESS);
	return polls;
}

/* I7: each page is searched for among all regions. */
static void interrupts_are_let_in_while_relocations_alternate_between_pages(void **state)
{
	const unsigned count = TINY_RELAS - TINY_FREE_RELA;

	(void)state;
	other = app;
	for (unsigned i = 0; i < count; i++) {
		relocate(&app, 20 + i, R_AARCH64_RELATIVE, 0, 0);
		relocate(&other, 20 + i + i % 2 * (PAGE_SIZE / 8), R_AARCH64_RELATIVE, 0, 0);
	}
	unsigned in_order = polls_to_load(&app, 1);
	assert_true(polls_to_load(&other, 1) >= in_order + count - 1);
}

/* How often interrupts could come when all pages were there: before and after relocation. */
static struct {
	uint32_t pages;
	unsigned mapped, relocated;
} seen;

static void look(void)
{
	if (set.as.page_count == seen.pages)
		++*(data_of(0, 20) ? &seen.relocated : &seen.mapped);
	fixture_on_poll = look;
}

/* I7: each part of loading begins anew, whatever the one before has left. One poll of either kind
 * comes from the next search. */
static void interrupts_are_let_in_between_the_parts_of_loading(void **state)
{
	(void)state;
	relocate(&app, 20, R_AARCH64_RELATIVE, 0, 1);
	add_tiny(&app);
	assert_int_equal(load_from(0), TEE_SUCCESS);
	seen.pages = set.as.page_count - 1; /* without the table of modules */
	uaspace_destroy(&set.as);
	assert_int_equal(uaspace_init(&set.as, guest_a), TEE_SUCCESS);
	fixture_on_poll = look;
	assert_int_equal(load_from(0), TEE_SUCCESS);
	fixture_on_poll = NULL;
	assert_true(seen.mapped >= 2);
	assert_true(seen.relocated >= 2);
}

/* I7: files choose how many program headers they have. */
static void interrupts_are_let_in_while_program_headers_are_copied(void **state)
{
	(void)state;
	unsigned few = polls_to_load(&app, SET_MODULES);
	app.header.phnum = lib.header.phnum = ELF_PHDRS_MAX; /* the page is zero behind them */
	assert_true(polls_to_load(&app, SET_MODULES) >= few + 3);
}

/* TA-029: the file's own index and the search through all symbols tell the same. */
static void ta_029_index_and_linear_search_agree_for_every_symbol_of_the_libraries(void **state)
{
	unsigned found = 0;

	(void)state;
	add_file("5b9e0e40");
	add_file("ffd2bded");
	assert_int_equal(load_from(0), TEE_SUCCESS);
	for (unsigned i = 0; i < 2; i++) {
		struct elf *elf = &set.elf[i];
		struct elf_hash hash = elf->hash;
		char name[128];

		assert_true(hash.bucket_count > 0);
		for (uint32_t k = 0; k < elf->symbol_count; k++) {
			struct elf_sym sym;
			uint64_t quick = 0, slow = 0;

			assert_true(elf_read(set.module[i].file, elf->symbols_offset + k * 24, &sym,
					     sizeof(sym)));
			if (sym.name == 0)
				continue;
			size_t room = min(elf->strings_size - sym.name, sizeof(name));
			assert_true(elf_read(set.module[i].file, elf->strings_offset + sym.name,
					     name, room));
			TEE_Result res = elf_find(&set.all, &set.module[i], name, &quick);
			elf->hash.bucket_count = 0;
			assert_int_equal(elf_find(&set.all, &set.module[i], name, &slow), res);
			elf->hash = hash;
			assert_int_equal(quick, slow);
			found += res == TEE_SUCCESS;
		}
	}
	assert_true(found > 400);
}

/* --- the shipped app with libraries --- */

static const uint8_t *elf_of(const char *prefix)
{
	return ta_file(prefix)->data + TA_ELF_OFFSET;
}

/* The first definition of a name, found without the code under test; 0: none. */
static uint64_t defined_at(const char *const *files, unsigned count, const char *name)
{
	for (unsigned i = 0; i < count; i++) {
		const struct elf *elf = &set.elf[i];
		const struct elf_sym *symbols =
			(const void *)(elf_of(files[i]) + elf->symbols_offset);
		const char *strings = (const char *)elf_of(files[i]) + elf->strings_offset;
		uint64_t weak = 0;

		for (uint32_t k = 0; k < elf->symbol_count; k++) {
			struct elf_sym sym;
			memcpy(&sym, &symbols[k], sizeof(sym));
			if (sym.shndx == 0 || sym.info >> 4 == 0 ||
			    strcmp(strings + sym.name, name))
				continue;
			if (sym.info >> 4 == STB_GLOBAL)
				return set.module[i].base + sym.value;
			weak = weak ? weak : set.module[i].base + sym.value;
		}
		if (weak)
			return weak;
	}
	return 0;
}

/* TA-026, TA-030, TA-031: each word that os_test and its libraries take from each other. */
static void ta_026_ta_031_the_shipped_libraries_are_relocated_against_each_other(void **state)
{
	static const char *const files[] = {"5b9e0e40", "ffd2bded", "b3091a65"};
	unsigned slots[3] = {0}, data[3] = {0}, own[3] = {0};

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		add_file(files[i]);
	assert_int_equal(load_from(0), TEE_SUCCESS);
	for (unsigned i = 0; i < 3; i++) {
		const struct elf *elf = &set.elf[i];
		const struct elf_sym *symbols =
			(const void *)(elf_of(files[i]) + elf->symbols_offset);
		const char *strings = (const char *)elf_of(files[i]) + elf->strings_offset;

		for (uint32_t n = 0; n < elf->rela_count; n++) {
			for (uint32_t k = 0; k < elf->relas[n].count; k++) {
				struct elf_rela_entry r;
				uint64_t word, want = set.module[i].base + 0;

				memcpy(&r, elf_of(files[i]) + elf->relas[n].offset + k * 24, 24);
				read_user(set.module[i].base + r.offset, &word, sizeof(word));
				if (r.type != R_AARCH64_RELATIVE) {
					struct elf_sym sym;
					memcpy(&sym, &symbols[r.symbol], sizeof(sym));
					want = defined_at(files, 3, strings + sym.name);
					if (r.type == R_AARCH64_ABS64)
						want = set.module[i].base + sym.value;
				}
				assert_int_equal(word, want + r.addend);
				slots[i] += r.type == R_AARCH64_JUMP_SLOT;
				data[i] += r.type == R_AARCH64_GLOB_DAT;
				own[i] += r.type == R_AARCH64_ABS64;
			}
		}
	}
	assert_int_equal(slots[0], 43);
	assert_int_equal(data[0], 1);
	assert_int_equal(slots[1] + slots[2], 2 * 272);
	assert_int_equal(data[1] + data[2], 2 * 24);
	assert_int_equal(own[1] + own[2], 2);
}

/* TA-036: os_test has no __elf_phdr_info, its library has. */
static void ta_036_the_librarys_table_is_filled_and_refreshed(void **state)
{
	struct elf_phdr_info info, after;
	struct dl_phdr_info modules[3], before[2];
	struct elf_phdr phdrs[5];
	char name[37];
	uint64_t unused;

	(void)state;
	add_file("5b9e0e40");
	add_file("ffd2bded");
	assert_int_equal(load_from(0), TEE_SUCCESS);
	assert_false(set.elf[0].has_phdr_info);
	uint64_t va = set.module[1].base + set.elf[1].phdr_info;
	read_user(va, &info, sizeof(info));
	assert_int_equal(info.count, 2);
	read_user(info.dlpi, before, sizeof(before));
	assert_int_equal(before[0].dlpi_addr, set.module[0].base);
	assert_int_equal(before[0].dlpi_name, va + 7); /* no name: the empty string */
	assert_int_equal(before[1].dlpi_addr, set.module[1].base);
	assert_int_equal(before[1].dlpi_phnum, 5);
	assert_int_equal(before[1].dlpi_tls_modid, 0);
	read_user(before[1].dlpi_name, name, sizeof(name));
	assert_string_equal(name, "ffd2bded-ab7d-4988-95ee-e4962fff7154");
	read_user(before[1].dlpi_phdr, phdrs, sizeof(phdrs));
	assert_memory_equal(phdrs, elf_of("ffd2bded") + 64, sizeof(phdrs));

	add_file("b3091a65");
	assert_int_equal(load_from(2), TEE_SUCCESS);
	read_user(va, &after, sizeof(after));
	assert_int_equal(after.count, 3);
	read_user(after.dlpi, modules, sizeof(modules));
	assert_int_equal(modules[0].dlpi_addr, set.module[0].base);
	assert_int_equal(modules[0].dlpi_phdr, before[0].dlpi_phdr);
	assert_int_equal(modules[1].dlpi_name, before[1].dlpi_name);
	assert_int_equal(modules[2].dlpi_adds, 3);
	read_user(modules[2].dlpi_name, name, sizeof(name));
	assert_string_equal(name, "b3091a65-9751-4784-abf7-0298a7cc35ba");
	/* The copy of the run-time library that came later is not the one in use, and what the app
	 * kept of the old table is still true. */
	read_user(set.module[2].base + set.elf[2].phdr_info, &info, sizeof(info));
	assert_int_equal(info.count, 0);
	read_user(before[1].dlpi_phdr, &unused, sizeof(unused));
	assert_null(host_user_memory(&set.as.arch, after.dlpi, PROT_W));
	assert_null(host_user_memory(&set.as.arch, after.dlpi, PROT_X));
}

/* TA-145: a library that cannot be loaded leaves the app as it was. */
static void ta_145_a_failed_dlopen_leaves_nothing_visible(void **state)
{
	struct elf_phdr_info info;
	uint64_t va;

	(void)state;
	import(&other, TINY_FREE, "nowhere", STB_GLOBAL);
	relocate(&other, 20, R_AARCH64_JUMP_SLOT, TINY_FREE, 0);
	define(&other, TINY_FREE + 1, "of_other", STB_GLOBAL, 4);
	add_tiny(&app);
	add_tiny(&lib);
	assert_int_equal(load_from(0), TEE_SUCCESS);
	uint32_t mapped = set.as.page_count;
	add_tiny(&other);
	assert_int_equal(load_from(2), TEE_ERROR_BAD_FORMAT);
	assert_int_equal(set.as.page_count, mapped);
	assert_int_equal(set.module[2].base, 0);
	read_user(set.module[0].base + TINY_INFO_VA, &info, sizeof(info));
	assert_int_equal(info.count, 2);
	drop_last();
	assert_int_equal(elf_find(&set.all, NULL, "of_other", &va), TEE_ERROR_ITEM_NOT_FOUND);
}

static void read_only_pages_of_libraries_are_shared_between_guests(void **state)
{
	struct elf_module again[2];
	struct elf_modules all = {.count = 2};
	struct uaspace second;
	unsigned shared = 0;

	(void)state;
	add_file("5b9e0e40");
	add_file("ffd2bded");
	assert_int_equal(load_from(0), TEE_SUCCESS);
	assert_int_equal(uaspace_init(&second, guest_a), TEE_SUCCESS);
	list_init(&all.list);
	for (unsigned i = 0; i < 2; i++) {
		again[i] = (struct elf_module){.file = &set.copy[i].file, .elf = &set.elf[i]};
		list_insert(&all.list, &again[i].link);
	}
	assert_int_equal(elf_load(&second, &all, &again[0]), TEE_SUCCESS);
	for (unsigned i = 0; i < 2; i++) {
		const struct elf_segment *s = &set.elf[i].segments[0];

		for (uint64_t va = s->va; va < s->va + s->memory_size; va += PAGE_SIZE) {
			char *a = host_user_memory(&set.as.arch, set.module[i].base + va, PROT_X);
			char *b = host_user_memory(&second.arch, again[i].base + va, PROT_X);

			assert_non_null(a);
			/* The last page of a library's code has data behind it in the file. */
			bool is_cut = va + PAGE_SIZE > s->va + s->memory_size;
			assert_true(a == b || is_cut);
			shared += a == b;
		}
	}
	assert_in_range(shared, 39, 41);
	uaspace_destroy(&second);
}

/* --- thread-local storage --- */

/* TA-038 */
static void ta_038_offsets_and_descriptors_lead_to_the_right_variable(void **state)
{
	static const uint32_t code[] = {0xd503245f, 0xf9400400, 0xd65f03c0};

	(void)state;
	give_tls(&app, 24);
	give_tls(&other, 40);
	tiny_elf_symbol(&app, TINY_FREE, "of_app", STB_GLOBAL, STT_TLS, 1, 8);
	tiny_elf_symbol(&other, TINY_FREE, "of_other", STB_GLOBAL, STT_TLS, 1, 32);
	tiny_elf_symbol(&other, TINY_FREE + 1, "hidden", STB_LOCAL, STT_TLS, 1, 16);
	tiny_elf_symbol(&lib, TINY_FREE, "of_app", STB_GLOBAL, STT_TLS, SHN_UNDEF, 0);
	tiny_elf_symbol(&lib, TINY_FREE + 1, "of_other", STB_GLOBAL, STT_TLS, SHN_UNDEF, 0);
	tiny_elf_symbol(&lib, TINY_FREE + 2, "nobody", STB_WEAK, STT_TLS, SHN_UNDEF, 0);
	relocate(&lib, 20, R_AARCH64_TLS_TPREL64, TINY_FREE, 4);
	relocate(&lib, 22, R_AARCH64_TLSDESC, TINY_FREE + 1, 0);
	relocate(&lib, 24, R_AARCH64_TLS_TPREL64, TINY_FREE + 2, 0);
	relocate(&other, 20, R_AARCH64_TLS_TPREL64, 0, 12);
	relocate(&other, 22, R_AARCH64_TLSDESC, TINY_FREE + 1, 1);
	add_tiny(&app);
	add_tiny(&lib);
	add_tiny(&other);
	assert_int_equal(load_from(0), TEE_SUCCESS);
	assert_int_equal(data_of(1, 20), 16 + 8 + 4);
	assert_int_equal(data_of(1, 23), 16 + 24 + 32);
	assert_int_equal(data_of(1, 24), 0);
	assert_int_equal(data_of(2, 20), 16 + 24 + 12);
	assert_int_equal(data_of(2, 23), 16 + 24 + 16 + 1);
	assert_int_equal(data_of(1, 22), data_of(2, 22));
	const void *resolver = host_user_memory(&set.as.arch, data_of(1, 22), PROT_X);
	assert_non_null(resolver);
	assert_memory_equal(resolver, code, sizeof(code));
	assert_null(host_user_memory(&set.as.arch, data_of(1, 22), PROT_W));
	assert_int_equal(set.module[0].tls_id, 1);
	assert_int_equal(set.module[1].tls_id, 0);
	assert_int_equal(set.module[2].tls_id, 2);
	struct elf_phdr_info info;
	struct dl_phdr_info modules[3];
	read_user(set.module[0].base + TINY_INFO_VA, &info, sizeof(info));
	read_user(info.dlpi, modules, sizeof(modules));
	assert_int_equal(modules[0].dlpi_tls_modid, 1);
	assert_int_equal(modules[1].dlpi_tls_modid, 0);
	assert_int_equal(modules[2].dlpi_tls_modid, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ta_031_app_and_library_may_use_each_other),
		TEST(ta_030_load_order_comes_first_then_global_before_weak),
		TEST(ta_030_an_undefined_global_symbol_fails_the_load_and_unmaps_everything),
		TEST(ta_145_names_are_found_in_order_or_in_one_module),
		TEST(interrupts_are_let_in_while_a_long_name_is_hashed),
		TEST(interrupts_are_let_in_while_relocations_alternate_between_pages),
		TEST(interrupts_are_let_in_between_the_parts_of_loading),
		TEST(interrupts_are_let_in_while_program_headers_are_copied),
		TEST(ta_029_index_and_linear_search_agree_for_every_symbol_of_the_libraries),
		TEST(ta_026_ta_031_the_shipped_libraries_are_relocated_against_each_other),
		TEST(ta_036_the_librarys_table_is_filled_and_refreshed),
		TEST(ta_145_a_failed_dlopen_leaves_nothing_visible),
		TEST(read_only_pages_of_libraries_are_shared_between_guests),
		TEST(ta_038_offsets_and_descriptors_lead_to_the_right_variable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
