/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The smallest trusted app that has one of everything, for tests to bend: code, data, bss, symbols
 * of each kind, and a relocation of each type.
 */
#ifndef TA_TINY_ELF_TEST_H
#define TA_TINY_ELF_TEST_H

#include <stddef.h>

#include "abi/ta.h"
#include "kernel/ta/elf_format.h"

enum {
	TINY_NULL,
	TINY_TA_HEAD,
	TINY_PHDR_INFO,
	TINY_DEFINED,
	TINY_WEAK_UNDEFINED,
	TINY_ABSOLUTE,
	TINY_SPARE,
	TINY_FREE, /* from here on: undefined and local, for tests to fill */
	TINY_SYMBOLS = TINY_FREE + 6
};

#define TINY_RELAS      16
#define TINY_FREE_RELA  8 /* from here on: R_AARCH64_NONE */
#define TINY_DATA_WORDS 64

/* The file as it lies: page 0 headers, page 1 code, page 2 data, then section headers. */
struct tiny_elf {
	struct elf_header header;
	struct elf_phdr phdrs[4];
	_Alignas(4096) uint32_t code[16];
	struct ta_head head;
	struct elf_sym symbols[TINY_SYMBOLS];
	char strings[1024];
	struct elf_rela_entry relas[TINY_RELAS];
	_Alignas(4096) uint64_t data[TINY_DATA_WORDS];
	struct elf_phdr_info info;
	struct elf_dyn dynamic[24];
	uint32_t note[8];                         /* room for properties */
	_Alignas(64) struct elf_shdr sections[4]; /* none, .dynsym, .dynstr, .rela.dyn */
};

/* Addresses, relative. */
#define TINY_CODE_VA     0x1000
#define TINY_DATA_VA     0x2000
#define TINY_DATA_MEMORY 0x2800 /* with bss */
#define TINY_HEAD_VA     (TINY_CODE_VA + offsetof(struct tiny_elf, head) - 0x1000)
#define TINY_INFO_VA     (TINY_DATA_VA + offsetof(struct tiny_elf, info) - 0x2000)

/* An app. */
void tiny_elf_make(struct tiny_elf *e);

/* A library: no ta_head, no entry, and no __elf_phdr_info unless a test adds one. */
void tiny_library_make(struct tiny_elf *e);

/* Adds a name to .dynstr. */
uint32_t tiny_elf_name(struct tiny_elf *e, const char *name);

/* Sets a symbol: section SHN_UNDEF for one that others define. */
void tiny_elf_symbol(struct tiny_elf *e, unsigned index, const char *name, unsigned binding,
		     unsigned type, uint16_t section, uint64_t value);

/* Adds an entry to the dynamic section whose value is a name: DT_NEEDED, DT_SONAME. */
void tiny_elf_dynamic(struct tiny_elf *e, uint64_t tag, const char *name);

#endif
