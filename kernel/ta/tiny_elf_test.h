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
	TINY_SYMBOLS
};

#define TINY_RELAS      8
#define TINY_DATA_WORDS 64

/* The file as it lies: page 0 headers, page 1 code, page 2 data, then section headers. */
struct tiny_elf {
	struct elf_header header;
	struct elf_phdr phdrs[4];
	_Alignas(4096) uint32_t code[16];
	struct ta_head head;
	struct elf_sym symbols[TINY_SYMBOLS];
	char strings[64];
	struct elf_rela_entry relas[TINY_RELAS];
	_Alignas(4096) uint64_t data[TINY_DATA_WORDS];
	struct elf_phdr_info info;
	struct elf_dyn dynamic[4];
	_Alignas(64) struct elf_shdr sections[4]; /* none, .dynsym, .dynstr, .rela.dyn */
};

/* Addresses, relative. */
#define TINY_CODE_VA     0x1000
#define TINY_DATA_VA     0x2000
#define TINY_DATA_MEMORY 0x2800 /* with bss */
#define TINY_HEAD_VA     (TINY_CODE_VA + offsetof(struct tiny_elf, head) - 0x1000)
#define TINY_INFO_VA     (TINY_DATA_VA + offsetof(struct tiny_elf, info) - 0x2000)

void tiny_elf_make(struct tiny_elf *e);

#endif
