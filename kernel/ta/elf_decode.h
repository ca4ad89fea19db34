/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files that decode and use ELF files. */
#ifndef TA_ELF_DECODE_H
#define TA_ELF_DECODE_H

#include "kernel/call/call.h"
#include "kernel/ta/elf.h"
#include "kernel/ta/elf_format.h"

#define ELF_WINDOW (ARCH_USER_END - ARCH_USER_BASE)

/* Steps of loops whose length a file chose between two looks at whether the normal world wants the
 * CPU (I7). */
#define ELF_BATCH 16

/* Counts such steps. TARGET_DEAD: the guest is dying. */
static inline TEE_Result elf_step(uint32_t *steps, uint32_t count)
{
	*steps += count;
	if (*steps < ELF_BATCH)
		return TEE_SUCCESS;
	*steps = 0;
	return call_poll();
}

/* A file while it is being decoded. */
struct elf_decoder {
	const struct elf_file *file;
	struct elf *elf;
	struct elf_header header;
	struct elf_phdr dynamic;  /* filesz 0: none */
	uint32_t symbols_section; /* index of .dynsym, 0: none */
	uint32_t steps;
};

/* Is [offset, offset + size) inside the file? */
bool elf_is_in_file(const struct elf_file *file, uint64_t offset, uint64_t size);

/* The segment that [va, va + size), relative, lies in, or NULL. */
const struct elf_segment *elf_segment_of(const struct elf *elf, uint64_t va, uint64_t size);

/* Steps of elf_decode(). Results as there. */
TEE_Result must_check elf_decode_tls(struct elf_decoder *d, const struct elf_phdr *p);
TEE_Result must_check elf_decode_property(struct elf_decoder *d, const struct elf_phdr *p);
TEE_Result must_check elf_decode_sections(struct elf_decoder *d);
TEE_Result must_check elf_decode_dynamic(struct elf_decoder *d);
TEE_Result must_check elf_decode_symbols(struct elf_decoder *d);
TEE_Result must_check elf_check_relas(struct elf_decoder *d);

/* Reads a symbol; false if there is none with this index. */
bool must_check elf_read_symbol(const struct elf_file *file, const struct elf *elf, uint32_t index,
				struct elf_sym *sym);

/* May other modules, and the loader, find this definition? */
bool elf_is_exported(const struct elf_sym *sym);

/* --- modules in an address space -----------------------------------------------------------------
 */

/* A name to look up: in a file, or (file NULL) in text. */
struct elf_name {
	const struct elf_file *file;
	uint64_t offset;
	const char *text;
	size_t size;   /* bytes without the NUL, <= ELF_NAME_MAX */
	uint32_t hash; /* as in SHT_GNU_HASH */
};

/* The name of a symbol. BAD_FORMAT: it is too long; TARGET_DEAD. */
TEE_Result must_check elf_name_of(const struct elf_module *m, const struct elf_sym *sym,
				  uint32_t *steps, struct elf_name *name);

struct elf_found {
	const struct elf_module *module; /* NULL: nobody has it */
	struct elf_sym sym;
};

/* The first definition in load order, of a thread's variable or of anything else (TA-030).
 * BAD_FORMAT, TARGET_DEAD. */
TEE_Result must_check elf_lookup(const struct elf_modules *modules, const struct elf_name *name,
				 bool tls, uint32_t *steps, struct elf_found *found);

/* The address that a symbol of a mapped module stands for. */
uint64_t elf_value(const struct elf_module *m, const struct elf_sym *sym);

/* Gives the module a place and maps it. On failure elf_unmap() is still due. OUT_OF_MEMORY,
 * TARGET_DEAD. */
TEE_Result must_check elf_map(struct uaspace *as, struct elf_module *m);

/* Unmaps as much of it as is mapped. Polls. */
void elf_unmap(struct uaspace *as, struct elf_module *m);

#endif
