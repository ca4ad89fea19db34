/* SPDX-License-Identifier: BSD-2-Clause */
/* ELF files: how apps come to lie in memory, and what is refused. */
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

static TEE_Result open_app(const void *data, size_t size)
{
	TEE_Result res = decode(data, size);

	if (res)
		return res;
	res = uaspace_init(&app.as, guest_b);
	if (!res) {
		res = load_alone(&app.copy.file, &app.elf, &app.as, &app.instance);
		if (res)
			uaspace_destroy(&app.as);
	}
	if (res)
		elf_copy_drop(&app.copy);
	return res;
}

static void close_app(void)
{
	uaspace_destroy(&app.as);
	elf_copy_drop(&app.copy);
}

static void open_file(const char *prefix)
{
	const struct ta_file *f = ta_file(prefix);

	assert_int_equal(open_app(f->data + TA_ELF_OFFSET, f->size - TA_ELF_OFFSET), TEE_SUCCESS);
}

/* What the tiny app is answered when something about it was changed. */
static TEE_Result tiny_result(void)
{
	TEE_Result res = open_app(&tiny, sizeof(tiny));

	if (!res)
		close_app();
	return res;
}

#define EXPECT(change, result)                                                                     \
	do {                                                                                       \
		tiny_elf_make(&tiny);                                                              \
		change;                                                                            \
		assert_int_equal(tiny_result(), result);                                           \
	} while (0)
#define REFUSED(change) EXPECT(change, TEE_ERROR_BAD_FORMAT)

static uint64_t word_at(uint64_t relative)
{
	uint64_t word = 0;
	uaddr_t va = uaddr(app.instance.load_address + relative);

	assert_int_equal(user_read(&app.as, &word, va, sizeof(word), 0), TEE_SUCCESS);
	return word;
}

static bool is_mapped(uint64_t va, unsigned prot)
{
	return host_user_memory(&app.as.arch, va, prot) != NULL;
}

/* --- loading ---
 */

struct expectation {
	const char *prefix;
	uint64_t rx, rw; /* bytes of the segments in memory */
	uint32_t stack_size, flags;
};

/* Trusted-app ABI §2.1, without the five that are not stand-alone apps. */
static const struct expectation shipped[] = {
	{"02a42f43", 0x1b108, 0xc050, 0x1000, 0x0},   {"25497083", 0x119870, 0x46e0, 0x1000, 0x8},
	{"380231ac", 0x19ab0, 0xbee0, 0x2800, 0x0},   {"528938ce", 0x19e08, 0xbf28, 0x8800, 0x0},
	{"5ce0c432", 0x19b18, 0x203ee0, 0x1000, 0x8}, {"731e279e", 0x1b070, 0xbee0, 0x1000, 0x4},
	{"873bcd08", 0x1aa40, 0xbfa8, 0x1000, 0x8},   {"a4c04d50", 0x19e08, 0x13f28, 0x1800, 0x1c},
	{"b689f2a7", 0x1b070, 0x13ee0, 0x1000, 0x8},  {"c3f6e2c0", 0x19868, 0xbee0, 0xc00, 0x0},
	{"cb3e5ba0", 0x558b0, 0x12b00, 0x8800, 0x0},  {"d17f73a0", 0x19de8, 0xbef0, 0x1800, 0x0},
	{"e13010e0", 0x19b18, 0xbee0, 0x1000, 0x8},   {"e6a33ed4", 0x19e08, 0x13f28, 0x1800, 0xc},
	{"f157cda0", 0x1a090, 0xbef0, 0x1000, 0x0},   {"fd02c9da", 0x63cc0, 0x141e0, 0x1800, 0x1c},
	{"023f8f1a", 0x1a100, 0x7f00, 0x4800, 0xc},   {"f04a0fe7", 0x1a1a0, 0x7f00, 0x1800, 0x20c},
	{"80a4c275", 0x1af40, 0x4f20, 0x1800, 0x214},
};

/* Every page of the app's segments: right rights, and file bytes or zero where nothing relocated.
 * Returns how many RELATIVE relocations the file has, checked one by one. */
static unsigned check_segments(const uint8_t *file, size_t size)
{
	const struct elf_header *h = (const void *)file;
	unsigned relocations = 0;

	for (uint32_t i = 0; i < app.elf.segment_count; i++) {
		const struct elf_segment *s = &app.elf.segments[i];
		for (uint64_t at = s->va & ~PAGE_MASK; at < s->va + s->memory_size;
		     at += PAGE_SIZE) {
			uint64_t va = app.instance.load_address + at;
			assert_true(is_mapped(va, s->prot));
			assert_false(is_mapped(va, PROT_W | PROT_X));
			assert_int_equal(is_mapped(va, PROT_W), (s->prot & PROT_W) != 0);
		}
	}
	for (unsigned i = 0; i < h->shnum; i++) {
		struct elf_shdr sh;
		memcpy(&sh, file + h->shoff + i * sizeof(sh), sizeof(sh));
		for (uint64_t k = 0; sh.type == SHT_RELA && k < sh.size; k += 24) {
			struct elf_rela_entry r;
			assert_true(sh.offset + k + 24 <= size);
			memcpy(&r, file + sh.offset + k, sizeof(r));
			assert_int_equal(r.type, R_AARCH64_RELATIVE);
			assert_int_equal(word_at(r.offset), app.instance.load_address + r.addend);
			relocations++;
		}
	}
	return relocations;
}

static void check_bytes_that_no_relocation_touches(const uint8_t *file)
{
	const struct elf_segment *s = &app.elf.segments[0];
	uint8_t byte = 1;

	for (uint64_t k = 0; k < s->memory_size; k += 97) {
		assert_int_equal(user_read(&app.as, &byte,
					   uaddr(app.instance.load_address + s->va + k), 1, 0),
				 TEE_SUCCESS);
		assert_int_equal(byte, file[s->offset + k]);
	}
	/* TA-041: tails of pages and bss are zero (but for the table of modules). */
	s = &app.elf.segments[1];
	for (uint64_t k = s->file_size; k < s->memory_size; k++) {
		if (s->va + k >= app.elf.phdr_info && s->va + k < app.elf.phdr_info + 16)
			continue;
		user_read(&app.as, &byte, uaddr(app.instance.load_address + s->va + k), 1, 0) ==
				TEE_SUCCESS
			? assert_int_equal(byte, 0)
			: fail();
	}
}

static void ta_025_ta_026_every_shipped_app_lies_in_memory_as_its_file_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_count(shipped); i++) {
		const struct expectation *e = &shipped[i];
		const struct ta_file *f = ta_file(e->prefix);
		const uint8_t *file = f->data + TA_ELF_OFFSET;

		open_file(e->prefix);
		assert_int_equal(app.elf.segment_count, 2);
		assert_int_equal(app.elf.segments[0].memory_size, e->rx);
		assert_int_equal(app.elf.segments[0].prot, PROT_R | PROT_X);
		assert_int_equal(app.elf.segments[1].memory_size, e->rw);
		assert_int_equal(app.elf.segments[1].prot, PROT_R | PROT_W);
		assert_int_equal(app.elf.head.stack_size, e->stack_size);
		assert_int_equal(app.elf.head.flags, e->flags);
		assert_true(uuid_equal(&app.elf.head.uuid, &f->uuid));
		assert_in_range(check_segments(file, f->size - TA_ELF_OFFSET), 56, 1338);
		check_bytes_that_no_relocation_touches(file);
		assert_true(is_mapped(app.instance.entry, PROT_X));
		close_app();
	}
}

static void ta_035_stack_has_its_exact_size_and_a_guard_page(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_count(shipped); i++) {
		open_file(shipped[i].prefix);
		uint64_t top = app.instance.stack_top;
		uint64_t base = top - shipped[i].stack_size;

		assert_int_equal(base % PAGE_SIZE, 0);
		assert_int_equal(top % 16, 0);
		assert_int_equal(user_check(&app.as, uaddr(base), shipped[i].stack_size,
					    USER_READ | USER_WRITE),
				 TEE_SUCCESS);
		assert_false(is_mapped(base, PROT_X));
		assert_false(is_mapped(base - 1, PROT_R));
		/* TA-040 */
		assert_false(is_mapped(top + 0x40000000, PROT_R));
		for (uint64_t va = 0; va <= 0x40000; va += PAGE_SIZE)
			assert_false(is_mapped(va, PROT_R));
		close_app();
	}
}

static void ta_036_the_table_of_modules_is_filled(void **state)
{
	const struct ta_file *f = ta_file(SMALL_TA);
	struct elf_phdr_info info;
	struct dl_phdr_info module;
	struct elf_phdr phdrs[4];
	char name = 1;

	(void)state;
	open_file(SMALL_TA);
	uint64_t base = app.instance.load_address;
	assert_int_equal(
		user_read(&app.as, &info, uaddr(base + app.elf.phdr_info), sizeof(info), 0),
		TEE_SUCCESS);
	assert_int_equal(info.reserved, 0);
	assert_int_equal(info.count, 1);
	assert_int_equal(info.zero, 0);
	assert_int_equal(user_read(&app.as, &module, uaddr(info.dlpi), sizeof(module), 0),
			 TEE_SUCCESS);
	assert_int_equal(module.dlpi_addr, base);
	assert_int_equal(module.dlpi_phnum, 4);
	assert_int_equal(module.dlpi_adds, 1);
	assert_int_equal(module.dlpi_subs + module.dlpi_tls_modid + module.dlpi_tls_data, 0);
	assert_int_equal(user_read(&app.as, &name, uaddr(module.dlpi_name), 1, 0), TEE_SUCCESS);
	assert_int_equal(name, 0);
	assert_int_equal(user_read(&app.as, phdrs, uaddr(module.dlpi_phdr), sizeof(phdrs), 0),
			 TEE_SUCCESS);
	assert_memory_equal(phdrs, f->data + TA_ELF_OFFSET + 64, sizeof(phdrs));
	assert_false(is_mapped(info.dlpi, PROT_W));
	assert_false(is_mapped(info.dlpi, PROT_X));
	close_app();
}

static void read_only_pages_are_the_files_own_and_the_others_private(void **state)
{
	struct uaspace second;
	struct elf_instance instance;

	(void)state;
	open_file(SMALL_TA);
	assert_int_equal(uaspace_init(&second, guest_a), TEE_SUCCESS);
	assert_int_equal(load_alone(&app.copy.file, &app.elf, &second, &instance), TEE_SUCCESS);
	for (uint32_t i = 0; i < 2; i++) {
		const struct elf_segment *s = &app.elf.segments[i];
		for (uint64_t va = s->va; va < s->va + s->memory_size; va += PAGE_SIZE) {
			void *a = host_user_memory(&app.as.arch, app.instance.load_address + va,
						   PROT_R);
			void *b =
				host_user_memory(&second.arch, instance.load_address + va, PROT_R);
			if (i == 0) {
				assert_ptr_equal(a, b);
				assert_ptr_equal(a, page_list_get(&app.copy.pages,
								  (s->offset + va - s->va) >> 12));
			} else {
				assert_ptr_not_equal(a, b);
			}
		}
	}
	uaspace_destroy(&second);
	close_app();
}

static void addresses_differ_between_instances(void **state)
{
	enum {
		ROUNDS = 24
	};
	uint64_t base[ROUNDS], distance[ROUNDS];
	unsigned same_base = 0, same_distance = 0;

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		open_file(SMALL_TA);
		base[i] = app.instance.load_address;
		distance[i] = app.instance.stack_top - base[i];
		assert_in_range(base[i], ARCH_USER_BASE, ARCH_USER_END - 1);
		close_app();
		for (unsigned k = 0; k < i; k++) {
			same_base += base[i] == base[k];
			same_distance += distance[i] == distance[k];
		}
	}
	assert_in_range(same_base, 0, 1);
	assert_in_range(same_distance, 0, ROUNDS * ROUNDS / 4);
}

/* TA-024: a library's segments share a page of the file; neither shows the other's bytes. */
static void ta_024_segments_that_share_a_file_page_are_cut_apart(void **state)
{
	(void)state;
	tiny_elf_make(&tiny);
	/* Code ends, and data begins, in the middle of file page 2. */
	tiny.phdrs[0].filesz = tiny.phdrs[0].memsz = 0x1100;
	tiny.phdrs[1].offset = 0x2100;
	tiny.phdrs[1].vaddr = 0x3100;
	tiny.phdrs[1].filesz = 0x300;
	tiny.phdrs[1].memsz = 0x1800;
	memset(tiny.data, 0xcd, sizeof(tiny.data));
	tiny.symbols[TINY_PHDR_INFO].shndx = SHN_UNDEF;
	tiny.sections[3].size = 0;
	assert_int_equal(open_app(&tiny, sizeof(tiny)), TEE_SUCCESS);
	assert_int_equal(word_at(0x1000), tiny.code[0]);
	assert_int_equal(word_at(0x20f8), 0xcdcdcdcdcdcdcdcd);
	assert_int_equal(word_at(0x2100), 0);
	assert_int_equal(word_at(0x2ff8), 0);
	assert_int_equal(word_at(0x30f8), 0);
	assert_int_equal(word_at(0x3100), 0xcdcdcdcdcdcdcdcd);
	assert_int_equal(word_at(0x3400), 0);
	assert_true(is_mapped(app.instance.load_address + 0x2000, PROT_X));
	close_app();
}

static void ta_026_each_type_of_relocation_stores_what_the_abi_says(void **state)
{
	(void)state;
	tiny_elf_make(&tiny);
	assert_int_equal(open_app(&tiny, sizeof(tiny)), TEE_SUCCESS);
	uint64_t base = app.instance.load_address;
	assert_int_equal(word_at(TINY_DATA_VA), base + 0x1010);
	assert_int_equal(word_at(TINY_DATA_VA + 8), base + TINY_CODE_VA + 8 + 4);
	assert_int_equal(word_at(TINY_DATA_VA + 16), base + TINY_CODE_VA + 8);
	assert_int_equal(word_at(TINY_DATA_VA + 24), 0); /* TA-030: weak and undefined */
	assert_int_equal(word_at(TINY_DATA_VA + 32), 0x1234 + 1);
	assert_int_equal(word_at(TINY_DATA_VA + 0xffb), base + 0x5a5a);
	assert_int_equal(word_at(TINY_DATA_VA + 63 * 8), 0x1122334455667788);
	close_app();
}

static void ta_030_a_global_definition_goes_before_a_weak_one(void **state)
{
	(void)state;
	tiny_elf_make(&tiny);
	/* An earlier, weak ta_head with another stack. */
	tiny.symbols[TINY_SPARE] = tiny.symbols[TINY_TA_HEAD];
	tiny.symbols[TINY_TA_HEAD].info = STB_WEAK << 4 | STT_OBJECT;
	tiny.symbols[TINY_TA_HEAD].value = TINY_DATA_VA + 64;
	assert_int_equal(open_app(&tiny, sizeof(tiny)), TEE_SUCCESS);
	assert_int_equal(app.elf.head.stack_size, 0xc00);
	close_app();
	/* Local and undefined ones do not count. */
	REFUSED(tiny.symbols[TINY_TA_HEAD].info = STB_LOCAL << 4 | STT_OBJECT);
	REFUSED(tiny.symbols[TINY_TA_HEAD].shndx = SHN_UNDEF);
	REFUSED(tiny.symbols[TINY_TA_HEAD].shndx = SHN_ABS);
	REFUSED(tiny.symbols[TINY_TA_HEAD].info = STB_GLOBAL << 4 | 6);
}

static void ta_029_hash_tables_are_not_looked_at(void **state)
{
	(void)state;
	EXPECT((tiny.dynamic[0] = (struct elf_dyn){4, UINT64_MAX},
		tiny.dynamic[1] = (struct elf_dyn){0x6ffffef5, UINT64_MAX},
		tiny.dynamic[2] = (struct elf_dyn){7, UINT64_MAX}),
	       TEE_SUCCESS);
}

/* --- refusals ---
 */

static void ta_022_other_kinds_of_files_are_refused(void **state)
{
	(void)state;
	EXPECT(, TEE_SUCCESS);
	for (unsigned i = 0; i < ELF_IDENT_SIZE; i++)
		REFUSED(tiny.header.ident[i] ^= 3);
	REFUSED(tiny.header.type = 2);
	REFUSED(tiny.header.type = 1);
	REFUSED(tiny.header.machine = 62);
	REFUSED(tiny.header.machine = 40);
	REFUSED(tiny.header.version = 0);
	REFUSED(tiny.header.phentsize = 55);
	REFUSED(tiny.header.phentsize = 0);
	REFUSED(tiny.header.shentsize = 40);
	REFUSED(tiny.header.phnum = 0);
	REFUSED(tiny.header.phnum = 33);
	REFUSED(tiny.header.phnum = 0xffff);
	REFUSED(tiny.header.shnum = 0);
	REFUSED(tiny.header.shnum = 0xffff);
	REFUSED(tiny.header.phoff = sizeof(tiny) - 4 * 56 + 1);
	REFUSED(tiny.header.phoff = UINT64_MAX - 10);
	REFUSED(tiny.header.shoff = sizeof(tiny) - 4 * 64 + 1);
	REFUSED(tiny.header.shoff = UINT64_MAX - 63);
	for (size_t size = 1; size < 4096; size += 61) {
		tiny_elf_make(&tiny);
		assert_int_equal(decode(&tiny, size), TEE_ERROR_BAD_FORMAT);
	}
	assert_int_equal(decode(&tiny, 0), TEE_ERROR_BAD_FORMAT);
}

static void ta_023_segments_are_disjoint_w_xor_x_and_inside_the_window(void **state)
{
	(void)state;
	REFUSED(tiny.phdrs[0].flags = 7);
	REFUSED(tiny.phdrs[1].flags = 3);
	REFUSED(tiny.phdrs[1].vaddr = TINY_CODE_VA);
	REFUSED(tiny.phdrs[1].vaddr = 0);      /* not by address */
	REFUSED(tiny.phdrs[0].memsz = 0x1001); /* into the page of the next */
	REFUSED(tiny.phdrs[0].memsz = tiny.phdrs[0].filesz - 1);
	REFUSED(tiny.phdrs[1].memsz = UINT64_MAX);
	REFUSED(tiny.phdrs[1].memsz = UINT64_MAX - TINY_DATA_VA);
	REFUSED(tiny.phdrs[1].memsz = 1ull << 30);
	REFUSED(tiny.phdrs[1].vaddr = 0xffffffffffffe000);
	REFUSED(tiny.phdrs[1].vaddr = 0x40000000);
	REFUSED(tiny.phdrs[1].vaddr = TINY_DATA_VA + 8); /* not congruent with the file */
	REFUSED(tiny.phdrs[1].offset = sizeof(tiny) & ~0xfffull);
	REFUSED(tiny.phdrs[1].offset = UINT64_MAX & ~0xfffull);
	REFUSED(tiny.phdrs[1].filesz = sizeof(tiny));
	REFUSED((tiny.phdrs[0].memsz = tiny.phdrs[0].filesz = 0)); /* no code */
	EXPECT(tiny.phdrs[3] = tiny.phdrs[1]; tiny.phdrs[3].vaddr += 0x3000;
	       tiny.phdrs[3].offset = 0x1000;
	       tiny.phdrs[3].memsz = tiny.phdrs[3].filesz = 0x100, TEE_SUCCESS);
	/* A huge bss is a matter of the budget. */
	guest_b->budget.limit = guest_b->budget.used + 500;
	EXPECT(tiny.phdrs[1].memsz = 512 << 20, TEE_ERROR_OUT_OF_MEMORY);
	EXPECT(tiny.phdrs[1].memsz = (1022 << 20) - 0x2000, TEE_ERROR_OUT_OF_MEMORY);
}

static void the_entry_point_is_in_code(void **state)
{
	static const uint64_t bad[] = {0,          4,          TINY_DATA_VA, TINY_CODE_VA + 2,
				       0x2000 - 1, 1ull << 63, UINT64_MAX};

	(void)state;
	for (size_t i = 0; i < array_count(bad); i++)
		REFUSED(tiny.header.entry = bad[i]);
}

/* TA-027 */
static void a_dynamic_section_outside_the_file_is_refused(void **state)
{
	(void)state;
	REFUSED(tiny.phdrs[2].offset = sizeof(tiny) - 8);
	REFUSED(tiny.phdrs[2].filesz = UINT64_MAX);
	REFUSED(tiny.phdrs[3] = tiny.phdrs[2]); /* two of them */
}

static void ta_033_ta_034_ta_head_is_checked(void **state)
{
	(void)state;
	REFUSED(tiny.head.depr_entry = 0);
	REFUSED(tiny.head.depr_entry = UINT64_MAX - 1);
	for (unsigned bit = 14; bit < 32; bit++)
		REFUSED(tiny.head.flags = 1u << bit);
	/* Bit 24 is Tenon's own, and only with these two. */
	REFUSED(tiny.head.flags = TENON_TA_SHARED | TA_FLAG_SINGLE_INSTANCE);
	REFUSED(tiny.head.flags = TENON_TA_SHARED | TA_FLAG_MULTI_SESSION);
	EXPECT(tiny.head.flags = TENON_TA_SHARED | TA_FLAG_SINGLE_INSTANCE | TA_FLAG_MULTI_SESSION,
	       TEE_SUCCESS);
	EXPECT(tiny.head.flags = TA_FLAGS_VALID, TEE_SUCCESS);
	REFUSED(tiny.symbols[TINY_TA_HEAD].value = 0);
	REFUSED(tiny.symbols[TINY_TA_HEAD].value = UINT64_MAX - 8);
	REFUSED(tiny.symbols[TINY_TA_HEAD].value = 0x4000 - 16); /* half of it outside */
}

/* Attack row 26 */
static void attack_26_no_flag_makes_an_app_concurrent(void **state)
{
	(void)state;
	tiny_elf_make(&tiny);
	tiny.head.flags = TA_FLAGS_VALID;
	assert_int_equal(open_app(&tiny, sizeof(tiny)), TEE_SUCCESS);
	assert_int_equal(app.elf.head.flags, TA_FLAGS_VALID & ~TA_FLAG_CONCURRENT);
	close_app();
}

/* Attack row 27 */
static void attack_27_stack_size_0_or_too_large_is_refused(void **state)
{
	static const uint32_t bad[] = {0,
				       1,
				       255,
				       ELF_STACK_MAX + 1,
				       1u << 31,
				       UINT32_MAX,
				       UINT32_MAX - 15,
				       UINT32_MAX - 4095};

	(void)state;
	for (size_t i = 0; i < array_count(bad); i++)
		REFUSED(tiny.head.stack_size = bad[i]);
	EXPECT(tiny.head.stack_size = 257, TEE_SUCCESS);
	guest_b->budget.limit = guest_b->budget.used + 100;
	EXPECT(tiny.head.stack_size = ELF_STACK_MAX, TEE_ERROR_OUT_OF_MEMORY);
}

static void ta_027_relocations_and_symbols_out_of_bounds_are_refused(void **state)
{
	static const uint64_t bad[] = {0,
				       TINY_CODE_VA,
				       TINY_DATA_VA - 4,
				       TINY_DATA_VA + TINY_DATA_MEMORY - 7,
				       TINY_DATA_VA + TINY_DATA_MEMORY,
				       1ull << 40,
				       UINT64_MAX,
				       UINT64_MAX - 6};

	(void)state;
	for (size_t i = 0; i < array_count(bad); i++)
		REFUSED(tiny.relas[0].offset = bad[i]);
	EXPECT(tiny.relas[0].offset = TINY_DATA_VA + TINY_DATA_MEMORY - 8, TEE_SUCCESS);
	REFUSED(tiny.relas[1].symbol = TINY_SYMBOLS);
	REFUSED(tiny.relas[1].symbol = UINT32_MAX);
	REFUSED(tiny.relas[1].symbol = TINY_NULL);
	REFUSED(tiny.symbols[TINY_SPARE].name = sizeof(tiny.strings));
	REFUSED(tiny.symbols[TINY_TA_HEAD].name = UINT32_MAX);
	REFUSED(tiny.strings[sizeof(tiny.strings) - 1] = 'x');
	REFUSED(tiny.sections[2].size = 0);
	REFUSED(tiny.sections[2].offset = UINT64_MAX);
	REFUSED(tiny.sections[2].size = sizeof(tiny));
	REFUSED(tiny.sections[2].type = 1);
	REFUSED(tiny.sections[1].link = 4);
	REFUSED(tiny.sections[1].link = UINT32_MAX);
	REFUSED(tiny.sections[1].size += 1);
	REFUSED(tiny.sections[1].size = UINT64_MAX / 24 * 24);
	REFUSED(tiny.sections[1].entsize = 0);
	REFUSED(tiny.sections[3].offset = sizeof(tiny) - 24);
	REFUSED(tiny.sections[3].size = 23);
	REFUSED(tiny.sections[3].entsize = 16);
	REFUSED(tiny.sections[3].link = 2);
	REFUSED(tiny.sections[3].link = 0); /* symbols are used */
	REFUSED(tiny.symbols[TINY_DEFINED].shndx = SHN_UNDEF);
	REFUSED(tiny.symbols[TINY_DEFINED].shndx = 0xfff2);
	EXPECT(tiny.symbols[TINY_DEFINED].info = STB_WEAK << 4 | STT_FUNC, TEE_SUCCESS);
}

static void ta_028_unknown_relocations_are_refused(void **state)
{
	static const uint32_t bad[] = {1,         2,    255,  258,  259,  1024,
				       1028,      1029, 1032, 1033, 4096, 0x403 | 0x10000,
				       UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < array_count(bad); i++)
		REFUSED(tiny.relas[0].type = bad[i]);
	REFUSED(tiny.sections[3].type = SHT_REL);
	REFUSED(tiny.sections[3].type = SHT_RELR);
	/* What is not in memory does not matter. */
	EXPECT((tiny.sections[3].flags = 0, tiny.sections[3].type = SHT_REL), TEE_SUCCESS);
}

static void phdr_info_must_be_writable_and_empty(void **state)
{
	(void)state;
	REFUSED(tiny.info.reserved = 1);
	REFUSED(tiny.info.zero = 1);
	REFUSED(tiny.symbols[TINY_PHDR_INFO].value = TINY_CODE_VA);
	REFUSED(tiny.symbols[TINY_PHDR_INFO].value = TINY_DATA_VA + TINY_DATA_MEMORY - 8);
	EXPECT(tiny.symbols[TINY_PHDR_INFO].value = TINY_DATA_VA + TINY_DATA_MEMORY - 16,
	       TEE_SUCCESS);
	EXPECT(tiny.symbols[TINY_PHDR_INFO].value = TINY_DATA_VA + 0xff9, TEE_SUCCESS);
	EXPECT(tiny.symbols[TINY_PHDR_INFO].name = 0, TEE_SUCCESS); /* an old run-time library */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ta_025_ta_026_every_shipped_app_lies_in_memory_as_its_file_says),
		TEST(ta_035_stack_has_its_exact_size_and_a_guard_page),
		TEST(ta_036_the_table_of_modules_is_filled),
		TEST(read_only_pages_are_the_files_own_and_the_others_private),
		TEST(addresses_differ_between_instances),
		TEST(ta_024_segments_that_share_a_file_page_are_cut_apart),
		TEST(ta_026_each_type_of_relocation_stores_what_the_abi_says),
		TEST(ta_030_a_global_definition_goes_before_a_weak_one),
		TEST(ta_029_hash_tables_are_not_looked_at),
		TEST(ta_022_other_kinds_of_files_are_refused),
		TEST(ta_023_segments_are_disjoint_w_xor_x_and_inside_the_window),
		TEST(the_entry_point_is_in_code),
		TEST(a_dynamic_section_outside_the_file_is_refused),
		TEST(ta_033_ta_034_ta_head_is_checked),
		TEST(attack_26_no_flag_makes_an_app_concurrent),
		TEST(attack_27_stack_size_0_or_too_large_is_refused),
		TEST(ta_027_relocations_and_symbols_out_of_bounds_are_refused),
		TEST(ta_028_unknown_relocations_are_refused),
		TEST(phdr_info_must_be_writable_and_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
