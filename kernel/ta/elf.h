/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trusted apps are ELF files: what of the format the kernel understands (trusted-app ABI §2).
 *
 * Two steps. elf_decode() looks at every header, symbol and relocation of a file once and keeps
 * what loading needs; nothing has an effect before the whole file was found good. elf_load() then
 * builds an instance from the decoded form, as often as wanted.
 *
 * The file lies in single pages and is only read through elf_read(), which checks bounds; there is
 * no pointer into it. One module per app: files that need libraries or thread-local storage are
 * refused with NOT_SUPPORTED.
 */
#ifndef TA_ELF_H
#define TA_ELF_H

#include "abi/result.h"
#include "abi/ta.h"
#include "kernel/ta/pagelist.h"
#include "kernel/ta/uaspace.h"

#define ELF_SEGMENTS_MAX 8
#define ELF_RELA_MAX     8
#define ELF_PHDRS_MAX    32
#define ELF_STACK_MAX    (16u << 20) /* bytes */
#define ELF_SHIFT_PAGES  128         /* random shift of the image: 0..127 pages */

/* A file in secure memory. Immutable while anything here looks at it. */
struct elf_file {
	const struct page_list *pages;
	size_t size; /* bytes */
};

/* A PT_LOAD. Addresses are relative to the load address; checked: in the file, no wrap, W^X. */
struct elf_segment {
	uint64_t va;
	uint64_t memory_size;
	uint64_t offset;
	uint64_t file_size;
	unsigned prot;
};

/* A relocation section. */
struct elf_rela {
	uint64_t offset; /* in the file */
	uint32_t count;
	bool has_symbols; /* sh_link named the symbol table */
};

struct elf {
	struct elf_segment segments[ELF_SEGMENTS_MAX]; /* by address, no page in two of them */
	uint32_t segment_count;
	struct elf_rela relas[ELF_RELA_MAX];
	uint32_t rela_count;
	uint64_t symbols_offset; /* .dynsym in the file */
	uint32_t symbol_count;
	uint64_t strings_offset;
	uint64_t strings_size;
	uint64_t span;  /* bytes from address 0 to the end of the last page of the last segment */
	uint64_t entry; /* relative, inside an executable segment */
	uint64_t phdr_info; /* relative address of __elf_phdr_info, if has_phdr_info */
	bool has_phdr_info;
	uint64_t phdrs_offset;
	uint32_t phdr_count;
	struct ta_head head; /* checked: flags, stack size, depr_entry; not the UUID */
};

/* An app that is ready to be entered. */
struct elf_instance {
	uint64_t load_address;
	uint64_t entry;     /* absolute */
	uint64_t stack_top; /* 16-byte aligned; nothing above it */
};

/*
 * Copies [offset, offset + size) of the file. False if that is not inside the file: nothing copied.
 */
bool must_check elf_read(const struct elf_file *file, uint64_t offset, void *to, size_t size);

/*
 * Checks a whole file (TA-022, TA-023, TA-025 .. TA-028, TA-030, TA-033, TA-034). BAD_FORMAT;
 * NOT_SUPPORTED: libraries, thread-local storage; TARGET_DEAD: it polls. elf is valid on SUCCESS
 * only.
 */
TEE_Result must_check elf_decode(const struct elf_file *file, struct elf *elf);

/*
 * Maps segments, stack and the loader's page into an empty address space, relocates, and fills
 * __elf_phdr_info (TA-024, TA-026, TA-035, TA-036, TA-040, TA-041). Read-only pages are mapped
 * straight from the file, which therefore has to outlive the address space. OUT_OF_MEMORY,
 * TARGET_DEAD, BAD_FORMAT; the caller destroys the address space then. Polls.
 */
TEE_Result must_check elf_load(const struct elf_file *file, const struct elf *elf,
			       struct uaspace *as, struct elf_instance *instance);

#endif
