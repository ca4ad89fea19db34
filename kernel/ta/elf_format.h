/* SPDX-License-Identifier: BSD-2-Clause */
/* ELF as System V and Arm define it: what a trusted app uses of it. */
#ifndef TA_ELF_FORMAT_H
#define TA_ELF_FORMAT_H

#include <stdint.h>

struct elf_header {
	uint8_t ident[16];
	uint16_t type;
	uint16_t machine;
	uint32_t version;
	uint64_t entry;
	uint64_t phoff;
	uint64_t shoff;
	uint32_t flags;
	uint16_t ehsize;
	uint16_t phentsize;
	uint16_t phnum;
	uint16_t shentsize;
	uint16_t shnum;
	uint16_t shstrndx;
};
_Static_assert(sizeof(struct elf_header) == 64, "Elf64_Ehdr");

struct elf_phdr {
	uint32_t type;
	uint32_t flags;
	uint64_t offset;
	uint64_t vaddr;
	uint64_t paddr;
	uint64_t filesz;
	uint64_t memsz;
	uint64_t align;
};
_Static_assert(sizeof(struct elf_phdr) == 56, "Elf64_Phdr");

struct elf_shdr {
	uint32_t name;
	uint32_t type;
	uint64_t flags;
	uint64_t addr;
	uint64_t offset;
	uint64_t size;
	uint32_t link;
	uint32_t info;
	uint64_t addralign;
	uint64_t entsize;
};
_Static_assert(sizeof(struct elf_shdr) == 64, "Elf64_Shdr");

struct elf_sym {
	uint32_t name;
	uint8_t info; /* binding << 4 | type */
	uint8_t other;
	uint16_t shndx;
	uint64_t value;
	uint64_t size;
};
_Static_assert(sizeof(struct elf_sym) == 24, "Elf64_Sym");

struct elf_rela_entry {
	uint64_t offset;
	uint32_t type;
	uint32_t symbol;
	int64_t addend;
};
_Static_assert(sizeof(struct elf_rela_entry) == 24, "Elf64_Rela, little-endian");

struct elf_dyn {
	uint64_t tag;
	uint64_t value;
};
_Static_assert(sizeof(struct elf_dyn) == 16, "Elf64_Dyn");

/* Start of a SHT_GNU_HASH section; then the filter (64-bit words), buckets and chains. */
struct elf_gnu_hash {
	uint32_t bucket_count;
	uint32_t first_symbol;
	uint32_t filter_words;
	uint32_t filter_shift;
};
_Static_assert(sizeof(struct elf_gnu_hash) == 16, "GNU hash table");

struct elf_note {
	uint32_t name_size;
	uint32_t desc_size;
	uint32_t type;
	char name[4];
};
_Static_assert(sizeof(struct elf_note) == 16, "a note whose name has four bytes");

/* clang-format off */
#define ELF_IDENT               "\177ELF\2\1\1" /* 64 bits, little-endian, version 1 */
#define ELF_IDENT_SIZE          7
#define ET_DYN                  3
#define EM_AARCH64              183

#define PT_LOAD                 1
#define PT_DYNAMIC              2
#define PT_TLS                  7
#define PT_GNU_PROPERTY         0x6474e553
#define PF_X                    1u
#define PF_W                    2u

#define DT_NULL                 0
#define DT_NEEDED               1
#define DT_SONAME               14

#define NT_GNU_PROPERTY_TYPE_0  5
#define GNU_PROPERTY_AARCH64_FEATURE_1_AND 0xc0000000
#define GNU_PROPERTY_AARCH64_FEATURE_1_BTI (1u << 0)

#define SHT_STRTAB              3
#define SHT_RELA                4
#define SHT_REL                 9
#define SHT_DYNSYM              11
#define SHT_RELR                19
#define SHT_GNU_HASH            0x6ffffff6
#define SHF_ALLOC               2u

#define SHN_UNDEF               0
#define SHN_RESERVED            0xFF00
#define SHN_ABS                 0xFFF1
#define STB_LOCAL               0
#define STB_GLOBAL              1
#define STB_WEAK                2
#define STT_NOTYPE              0
#define STT_OBJECT              1
#define STT_FUNC                2
#define STT_SECTION             3
#define STT_TLS                 6

#define R_AARCH64_NONE          0
#define R_AARCH64_NONE_2        256
#define R_AARCH64_ABS64         257
#define R_AARCH64_GLOB_DAT      1025
#define R_AARCH64_JUMP_SLOT     1026
#define R_AARCH64_RELATIVE      1027
#define R_AARCH64_TLS_TPREL64   1030
#define R_AARCH64_TLSDESC       1031
/* clang-format on */

#endif
