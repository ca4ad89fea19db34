/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trusted apps are ELF files: what of the format the kernel understands (trusted-app ABI §2).
 *
 * Two steps. elf_decode() looks at every header, symbol and relocation of a file once and keeps
 * what loading needs; nothing has an effect before the whole file was found good. elf_load() then
 * maps and relocates decoded files, as often as wanted: an app, and the libraries that it needs.
 * What a file takes from another one is looked up there, because it depends on the company.
 *
 * The file lies in single pages and is only read through elf_read(), which checks bounds; there is
 * no pointer into it.
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
#define ELF_NEEDED_MAX   16
#define ELF_SONAME_MAX   128         /* bytes, with the NUL */
#define ELF_NAME_MAX     4096        /* of a symbol that is looked up: bytes without the NUL */
#define ELF_STACK_MAX    (16u << 20) /* bytes */
#define ELF_SHIFT_PAGES  128         /* random shift of a module: 0..127 pages */
#define ELF_MODULES_MAX  16          /* of one instance */

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

/* The file's own index of its exported symbols. It may lie, so that symbols are not found; what is
 * found is checked. */
struct elf_hash {
	uint64_t filter, buckets, chains; /* in the file, inside it */
	uint32_t filter_words;            /* a power of two */
	uint32_t filter_shift;            /* 0..31 */
	uint32_t bucket_count;            /* 0: there is no index */
	uint32_t first_symbol;
};

struct elf {
	bool is_app; /* it has a ta_head; else it is a library */
	bool has_phdr_info;
	bool has_tls;
	bool has_bti; /* it announces landing pads for every indirect branch */
	struct elf_segment segments[ELF_SEGMENTS_MAX]; /* by address, no page in two of them */
	uint32_t segment_count;
	struct elf_rela relas[ELF_RELA_MAX];
	uint32_t rela_count;
	uint64_t symbols_offset; /* .dynsym in the file */
	uint32_t symbol_count;
	uint64_t strings_offset;
	uint64_t strings_size; /* the last one is NUL */
	struct elf_hash hash;
	uint64_t span;  /* bytes from address 0 to the end of the last page of the last segment */
	uint64_t entry; /* relative, inside an executable segment; of an app */
	uint64_t phdr_info; /* relative address of __elf_phdr_info, if has_phdr_info */
	uint64_t tls_size;  /* bytes of a thread's variables, if has_tls */
	uint64_t phdrs_offset;
	uint32_t phdr_count;
	uint32_t needed_count;
	struct uuid needed[ELF_NEEDED_MAX]; /* libraries, in order */
	uint64_t soname_offset;             /* in the file */
	uint32_t soname_size;               /* bytes with the NUL; 0: no name */
	struct ta_head head; /* of an app; checked: flags, stack size, depr_entry; not the UUID */
};

/*
 * A decoded file as a part of one instance. Owner: whoever put it into the list; file and elf have
 * to outlive the address space, because their pages are mapped there.
 */
struct elf_module {
	struct list link; /* in load order, the app first */
	const struct elf_file *file;
	const struct elf *elf;
	/* Set by elf_load(): */
	uint64_t base;       /* load address; 0: not mapped */
	uint64_t phdrs;      /* address of the copy of its program headers, for the app … */
	uint64_t name;       /* … and of its SONAME, 0: none */
	uint64_t tls_offset; /* of its thread's variables from TPIDR_EL0, if it has any */
	uint32_t tls_id;     /* 1, 2, … in load order; 0: it has none */
};

struct elf_modules {
	struct list list;
	uint32_t count;
	uint64_t resolver; /* address of the code behind TLS descriptors, 0: not needed so far */
};

/*
 * Copies [offset, offset + size) of the file. False if that is not inside the file: nothing copied.
 */
bool must_check elf_read(const struct elf_file *file, uint64_t offset, void *to, size_t size);

/*
 * Checks a whole file (TA-022, TA-023, TA-025 .. TA-028, TA-033, TA-034). BAD_FORMAT; TARGET_DEAD:
 * it polls. elf is valid on SUCCESS only.
 */
TEE_Result must_check elf_decode(const struct elf_file *file, struct elf *elf);

/*
 * Maps the modules from first to the end of the list, then relocates them against all of the list,
 * then tells the app's run-time library about all of them in __elf_phdr_info (TA-024, TA-026,
 * TA-030, TA-031, TA-036, TA-038, TA-041). Read-only pages are mapped straight from the files.
 * OUT_OF_MEMORY, TARGET_DEAD, BAD_FORMAT (a symbol that nobody defines, too): nothing is mapped any
 * more of what this call mapped, and the app sees no change. Polls. The modules stay in the list.
 */
TEE_Result must_check elf_load(struct uaspace *as, struct elf_modules *modules,
			       struct elf_module *first);

/*
 * Maps the app's stack: *top is its end, 16-byte aligned (TA-035, TA-040). OUT_OF_MEMORY,
 * TARGET_DEAD. Polls.
 */
TEE_Result must_check elf_map_stack(struct uaspace *as, const struct elf *elf, uint64_t *top);

/*
 * The address of the first definition of a name, in one module or, with NULL, in load order
 * (TA-030, TA-145). name: at most ELF_NAME_MAX bytes. Variables of threads have no address.
 * ITEM_NOT_FOUND; TARGET_DEAD: it polls.
 */
TEE_Result must_check elf_find(const struct elf_modules *modules, const struct elf_module *only,
			       const char *name, uint64_t *va);

#endif
