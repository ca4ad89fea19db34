/* SPDX-License-Identifier: BSD-2-Clause */
/* Decoding: the symbol table, and what the loader itself looks for in it. */
#include "abi/shared.h"
#include "kernel/lib/string.h"
#include "kernel/ta/elf_decode.h"

/* The smallest stack that has room for the parameter block and a frame. */
#define STACK_MIN 256

static bool name_is(const struct elf_decoder *d, const struct elf_sym *sym, const char *name)
{
	char text[24];
	size_t size = strlen(name) + 1;

	return size <= sizeof(text) && sym->name < d->elf->strings_size &&
	       size <= d->elf->strings_size - sym->name &&
	       elf_read(d->file, d->elf->strings_offset + sym->name, text, size) &&
	       memcmp(text, name, size) == 0;
}

bool elf_read_symbol(const struct elf_file *file, const struct elf *elf, uint32_t index,
		     struct elf_sym *sym)
{
	return index < elf->symbol_count &&
	       elf_read(file, elf->symbols_offset + (uint64_t)index * sizeof(*sym), sym,
			sizeof(*sym));
}

bool elf_is_exported(const struct elf_sym *sym)
{
	unsigned binding = sym->info >> 4, type = sym->info & 15;

	return sym->shndx != SHN_UNDEF && (sym->shndx < SHN_RESERVED || sym->shndx == SHN_ABS) &&
	       (binding == STB_GLOBAL || binding == STB_WEAK) &&
	       (type <= STT_FUNC || type == STT_TLS);
}

/* The symbols that the loader itself looks for. */
struct wanted {
	const char *name;
	bool found;
	bool is_global; /* a GLOBAL definition goes before a WEAK one (TA-030) */
	uint64_t value;
};

static void match(const struct elf_decoder *d, const struct elf_sym *sym, struct wanted *w)
{
	bool is_global = sym->info >> 4 == STB_GLOBAL;

	if ((w->found && (w->is_global || !is_global)) || !name_is(d, sym, w->name))
		return;
	*w = (struct wanted){w->name, true, is_global, sym->value};
}

/* A definition in the module's own memory. */
static bool is_object(const struct elf_sym *sym)
{
	return elf_is_exported(sym) && sym->shndx < SHN_RESERVED && (sym->info & 15) != STT_TLS;
}

static TEE_Result find_wanted(struct elf_decoder *d, struct wanted *wanted, unsigned count)
{
	struct elf_sym sym;

	for (uint32_t i = 0; i < d->elf->symbol_count; i++) {
		if (!elf_read_symbol(d->file, d->elf, i, &sym) || sym.name >= d->elf->strings_size)
			return TEE_ERROR_BAD_FORMAT;
		for (unsigned k = 0; k < count && is_object(&sym); k++)
			match(d, &sym, &wanted[k]);
		TEE_Result res = elf_step(&d->steps, 1);
		if (res)
			return res;
	}
	return TEE_SUCCESS;
}

/* Reads what memory at a relative address will hold before relocation. */
static bool read_initial(const struct elf_decoder *d, uint64_t va, void *to, size_t size)
{
	const struct elf_segment *s = elf_segment_of(d->elf, va, size);
	uint64_t in_file;

	if (!s)
		return false;
	memset(to, 0, size);
	if (va - s->va >= s->file_size)
		return true; /* bss */
	in_file = min((uint64_t)size, s->file_size - (va - s->va));
	return elf_read(d->file, s->offset + (va - s->va), to, in_file);
}

/* TA-034; shared by all guests is an exception of Tenon's own (docs/abi-extensions.md). A shared
 * app that crashed comes anew, so it cannot be one that must not. */
static bool flags_are_valid(uint32_t flags)
{
	const uint32_t needed = TA_FLAG_SINGLE_INSTANCE | TA_FLAG_MULTI_SESSION;
	bool shared = flags & TENON_TA_SHARED;

	return !(flags & ~(TA_FLAGS_VALID | TENON_TA_SHARED)) &&
	       (!shared || ((flags & needed) == needed && !(flags & TA_FLAG_KEEP_CRASHED)));
}

static TEE_Result decode_head(struct elf_decoder *d, const struct wanted *w)
{
	struct ta_head *head = &d->elf->head;

	if (!w->found)
		return TEE_SUCCESS; /* a library */
	d->elf->is_app = true;
	if (!read_initial(d, w->value, head, sizeof(*head)))
		return TEE_ERROR_BAD_FORMAT;
	bool stack_fits = head->stack_size >= STACK_MIN && head->stack_size <= ELF_STACK_MAX;
	if (head->depr_entry != UINT64_MAX || !flags_are_valid(head->flags) || !stack_fits)
		return TEE_ERROR_BAD_FORMAT;
	/* Several threads at once are for pseudo-TAs; the flag means nothing here (attack row 26).
	 */
	head->flags &= ~TA_FLAG_CONCURRENT;
	return TEE_SUCCESS;
}

static TEE_Result decode_phdr_info(struct elf_decoder *d, const struct wanted *w)
{
	const struct elf_segment *s;
	struct elf_phdr_info info;

	if (!w->found)
		return TEE_SUCCESS; /* an old run-time library that does without */
	s = elf_segment_of(d->elf, w->value, sizeof(info));
	if (!s || !(s->prot & PROT_W) || !read_initial(d, w->value, &info, sizeof(info)) ||
	    info.reserved != 0 || info.zero != 0)
		return TEE_ERROR_BAD_FORMAT;
	d->elf->phdr_info = w->value;
	d->elf->has_phdr_info = true;
	return TEE_SUCCESS;
}

TEE_Result elf_decode_symbols(struct elf_decoder *d)
{
	struct wanted wanted[] = {{.name = "ta_head"}, {.name = "__elf_phdr_info"}};
	TEE_Result res = find_wanted(d, wanted, array_count(wanted));

	if (!res)
		res = decode_head(d, &wanted[0]);
	if (!res)
		res = decode_phdr_info(d, &wanted[1]);
	return res;
}
