/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/ta/tiny_elf_test.h"

#include <string.h>

static uint32_t add_name(struct tiny_elf *e, uint32_t *used, const char *name)
{
	uint32_t at = *used;

	strcpy(e->strings + at, name);
	*used += strlen(name) + 1;
	return at;
}

static struct elf_sym symbol(uint32_t name, unsigned binding, unsigned type, uint16_t section,
			     uint64_t value)
{
	return (struct elf_sym){
		.name = name, .info = binding << 4 | type, .shndx = section, .value = value};
}

static void make_symbols(struct tiny_elf *e)
{
	uint32_t used = 1;

	e->symbols[TINY_TA_HEAD] =
		symbol(add_name(e, &used, "ta_head"), STB_GLOBAL, STT_OBJECT, 1, TINY_HEAD_VA);
	e->symbols[TINY_PHDR_INFO] = symbol(add_name(e, &used, "__elf_phdr_info"), STB_GLOBAL,
					    STT_OBJECT, 1, TINY_INFO_VA);
	e->symbols[TINY_DEFINED] =
		symbol(add_name(e, &used, "defined"), STB_GLOBAL, STT_FUNC, 1, TINY_CODE_VA + 8);
	e->symbols[TINY_WEAK_UNDEFINED] =
		symbol(add_name(e, &used, "weak"), STB_WEAK, STT_NOTYPE, SHN_UNDEF, 0);
	e->symbols[TINY_ABSOLUTE] =
		symbol(add_name(e, &used, "absolute"), STB_GLOBAL, STT_NOTYPE, SHN_ABS, 0x1234);
	e->symbols[TINY_SPARE] = symbol(0, STB_LOCAL, STT_NOTYPE, 1, TINY_CODE_VA);
}

static void make_relas(struct tiny_elf *e)
{
	static const struct elf_rela_entry relas[TINY_RELAS] = {
		{TINY_DATA_VA + 0, R_AARCH64_RELATIVE, 0, 0x1010},
		{TINY_DATA_VA + 8, R_AARCH64_ABS64, TINY_DEFINED, 4},
		{TINY_DATA_VA + 16, R_AARCH64_GLOB_DAT, TINY_DEFINED, 0},
		{TINY_DATA_VA + 24, R_AARCH64_JUMP_SLOT, TINY_WEAK_UNDEFINED, 0},
		{TINY_DATA_VA + 32, R_AARCH64_ABS64, TINY_ABSOLUTE, 1},
		{0, R_AARCH64_NONE, 0, 0},
		{0, R_AARCH64_NONE_2, 0, 0},
		{TINY_DATA_VA + 0xffb, R_AARCH64_RELATIVE, 0, 0x5a5a}, /* across two pages */
	};

	memcpy(e->relas, relas, sizeof(relas));
}

static void make_headers(struct tiny_elf *e)
{
	e->header = (struct elf_header){
		.type = ET_DYN,
		.machine = EM_AARCH64,
		.version = 1,
		.entry = TINY_CODE_VA,
		.phoff = offsetof(struct tiny_elf, phdrs),
		.shoff = offsetof(struct tiny_elf, sections),
		.ehsize = sizeof(e->header),
		.phentsize = sizeof(e->phdrs[0]),
		.phnum = 4,
		.shentsize = sizeof(e->sections[0]),
		.shnum = 4,
	};
	memcpy(e->header.ident, ELF_IDENT, ELF_IDENT_SIZE);
	size_t code_size = offsetof(struct tiny_elf, data) - offsetof(struct tiny_elf, code);
	size_t data_size = offsetof(struct tiny_elf, sections) - offsetof(struct tiny_elf, data);
	e->phdrs[0] = (struct elf_phdr){PT_LOAD, 4 | PF_X,  0x1000,    TINY_CODE_VA,
					0,       code_size, code_size, 0x1000};
	e->phdrs[1] = (struct elf_phdr){PT_LOAD, 4 | PF_W,  0x2000,           TINY_DATA_VA,
					0,       data_size, TINY_DATA_MEMORY, 0x1000};
	e->phdrs[2] = (struct elf_phdr){.type = PT_DYNAMIC,
					.flags = 4 | PF_W,
					.offset = offsetof(struct tiny_elf, dynamic),
					.vaddr = offsetof(struct tiny_elf, dynamic),
					.filesz = sizeof(e->dynamic),
					.memsz = sizeof(e->dynamic)};
	e->phdrs[3] = (struct elf_phdr){.type = 0x6474e551, .flags = 6}; /* PT_GNU_STACK */
}

static void make_sections(struct tiny_elf *e)
{
	e->sections[1] = (struct elf_shdr){.type = SHT_DYNSYM,
					   .flags = SHF_ALLOC,
					   .offset = offsetof(struct tiny_elf, symbols),
					   .size = sizeof(e->symbols),
					   .link = 2,
					   .entsize = sizeof(struct elf_sym)};
	e->sections[2] = (struct elf_shdr){.type = SHT_STRTAB,
					   .flags = SHF_ALLOC,
					   .offset = offsetof(struct tiny_elf, strings),
					   .size = sizeof(e->strings)};
	e->sections[3] = (struct elf_shdr){.type = SHT_RELA,
					   .flags = SHF_ALLOC,
					   .offset = offsetof(struct tiny_elf, relas),
					   .size = sizeof(e->relas),
					   .link = 1,
					   .entsize = sizeof(struct elf_rela_entry)};
}

uint32_t tiny_elf_name(struct tiny_elf *e, const char *name)
{
	uint32_t used = sizeof(e->strings);

	while (e->strings[used - 1] == 0)
		used--;
	used++;
	return add_name(e, &used, name);
}

void tiny_elf_symbol(struct tiny_elf *e, unsigned index, const char *name, unsigned binding,
		     unsigned type, uint16_t section, uint64_t value)
{
	e->symbols[index] = symbol(tiny_elf_name(e, name), binding, type, section, value);
}

void tiny_elf_dynamic(struct tiny_elf *e, uint64_t tag, const char *name)
{
	struct elf_dyn *dyn = e->dynamic;

	while (dyn->tag)
		dyn++;
	*dyn = (struct elf_dyn){tag, tiny_elf_name(e, name)};
}

void tiny_library_make(struct tiny_elf *e)
{
	tiny_elf_make(e);
	e->header.entry = 0;
	e->symbols[TINY_TA_HEAD] = e->symbols[TINY_PHDR_INFO] = e->symbols[TINY_SPARE];
}

void tiny_elf_make(struct tiny_elf *e)
{
	memset(e, 0, sizeof(*e));
	e->code[0] = 0xd4000001; /* svc #0 */
	e->head = (struct ta_head){
		.uuid = {1, 2, 3, {4}}, .stack_size = 0xc00, .depr_entry = UINT64_MAX};
	e->data[63] = 0x1122334455667788;
	make_headers(e);
	make_symbols(e);
	make_relas(e);
	make_sections(e);
}
