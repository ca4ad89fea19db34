/* SPDX-License-Identifier: BSD-2-Clause */
/* Decoding: section headers, and the relocation tables that they lead to. */
#include "kernel/ta/elf_decode.h"

/* --- sections ------------------------------------------------------------------------------------
 */

static bool read_shdr(const struct elf_decoder *d, uint32_t index, struct elf_shdr *s)
{
	return index < d->header.shnum &&
	       elf_read(d->file, d->header.shoff + (uint64_t)index * sizeof(*s), s, sizeof(*s));
}

/* A table of entries of one size that lies in the file; counts fit 32 bits. */
static bool is_table(const struct elf_decoder *d, const struct elf_shdr *s, size_t entry_size)
{
	return s->entsize == entry_size && s->size % entry_size == 0 &&
	       s->size / entry_size <= UINT32_MAX && elf_is_in_file(d->file, s->offset, s->size);
}

static TEE_Result add_symbols(struct elf_decoder *d, uint32_t index, const struct elf_shdr *s)
{
	struct elf_shdr strings;
	char last;

	if (d->symbols_section || !is_table(d, s, sizeof(struct elf_sym)))
		return TEE_ERROR_BAD_FORMAT;
	if (!read_shdr(d, s->link, &strings) || strings.type != SHT_STRTAB || strings.size == 0 ||
	    !elf_is_in_file(d->file, strings.offset, strings.size))
		return TEE_ERROR_BAD_FORMAT;
	/* So every name that begins inside also ends inside. */
	if (!elf_read(d->file, strings.offset + strings.size - 1, &last, 1) || last != 0)
		return TEE_ERROR_BAD_FORMAT;
	d->symbols_section = index;
	d->elf->symbols_offset = s->offset;
	d->elf->symbol_count = s->size / sizeof(struct elf_sym);
	d->elf->strings_offset = strings.offset;
	d->elf->strings_size = strings.size;
	return TEE_SUCCESS;
}

static TEE_Result add_rela(struct elf_decoder *d, const struct elf_shdr *s)
{
	struct elf *elf = d->elf;

	if (elf->rela_count == ELF_RELA_MAX || !is_table(d, s, sizeof(struct elf_rela_entry)))
		return TEE_ERROR_BAD_FORMAT;
	if (s->link != 0 && s->link != d->symbols_section)
		return TEE_ERROR_BAD_FORMAT;
	elf->relas[elf->rela_count++] = (struct elf_rela){
		.offset = s->offset,
		.count = s->size / sizeof(struct elf_rela_entry),
		.has_symbols = s->link != 0,
	};
	return TEE_SUCCESS;
}

/* An index that does not fit its section is left out: symbols are then searched one by one
 * (TA-029). */
static void add_hash(struct elf_decoder *d, const struct elf_shdr *s)
{
	uint64_t symbols = d->elf->symbol_count;
	struct elf_gnu_hash h;

	if (!elf_is_in_file(d->file, s->offset, s->size) || s->size < sizeof(h) ||
	    !elf_read(d->file, s->offset, &h, sizeof(h)) || h.first_symbol > symbols)
		return;
	bool valid = h.bucket_count > 0 && h.filter_words > 0 && h.filter_shift < 32 &&
		     (h.filter_words & (h.filter_words - 1)) == 0;
	uint64_t filter_size = (uint64_t)h.filter_words * sizeof(uint64_t);
	uint64_t buckets_size = (uint64_t)h.bucket_count * sizeof(uint32_t);
	uint64_t chains_size = (symbols - h.first_symbol) * sizeof(uint32_t);
	if (!valid || filter_size + buckets_size + chains_size > s->size - sizeof(h))
		return;
	d->elf->hash = (struct elf_hash){
		.filter = s->offset + sizeof(h),
		.buckets = s->offset + sizeof(h) + filter_size,
		.chains = s->offset + sizeof(h) + filter_size + buckets_size,
		.filter_words = h.filter_words,
		.filter_shift = h.filter_shift,
		.bucket_count = h.bucket_count,
		.first_symbol = h.first_symbol,
	};
}

static TEE_Result decode_section(struct elf_decoder *d, uint32_t index, bool symbols)
{
	struct elf_shdr s;

	if (!read_shdr(d, index, &s))
		return TEE_ERROR_BAD_FORMAT;
	if (symbols)
		return s.type == SHT_DYNSYM ? add_symbols(d, index, &s) : TEE_SUCCESS;
	if (!(s.flags & SHF_ALLOC))
		return TEE_SUCCESS;
	if (s.type == SHT_REL || s.type == SHT_RELR)
		return TEE_ERROR_BAD_FORMAT;
	if (s.type == SHT_GNU_HASH && s.link == d->symbols_section)
		add_hash(d, &s);
	return s.type == SHT_RELA ? add_rela(d, &s) : TEE_SUCCESS;
}

/* Twice: relocation sections refer to the symbol table, wherever it stands. */
TEE_Result elf_decode_sections(struct elf_decoder *d)
{
	for (uint32_t i = 0; i < 2u * d->header.shnum; i++) {
		TEE_Result res = decode_section(d, i % d->header.shnum, i < d->header.shnum);
		if (!res)
			res = elf_step(&d->steps, 1);
		if (res)
			return res;
	}
	return TEE_SUCCESS;
}

/* --- relocations ---------------------------------------------------------------------------------
 */

/* Which definition an undefined symbol stands for is found out when the modules are together. */
static TEE_Result check_symbol_use(const struct elf_decoder *d, const struct elf_rela *rela,
				   uint32_t index)
{
	struct elf_sym sym;

	if (!rela->has_symbols || !elf_read_symbol(d->file, d->elf, index, &sym))
		return TEE_ERROR_BAD_FORMAT;
	unsigned binding = sym.info >> 4, type = sym.info & 15;
	bool binding_is_known = binding == STB_GLOBAL || binding == STB_WEAK ||
				(binding == STB_LOCAL && sym.shndx != SHN_UNDEF);
	bool place_is_known = sym.shndx < SHN_RESERVED || sym.shndx == SHN_ABS;
	return binding_is_known && place_is_known && type <= STT_SECTION ? TEE_SUCCESS
									 : TEE_ERROR_BAD_FORMAT;
}

/* Without a symbol it is a variable of the module itself. */
static TEE_Result check_tls_use(const struct elf_decoder *d, const struct elf_rela *rela,
				uint32_t index)
{
	struct elf_sym sym;

	if (index == 0)
		return d->elf->has_tls ? TEE_SUCCESS : TEE_ERROR_BAD_FORMAT;
	if (!rela->has_symbols || !elf_read_symbol(d->file, d->elf, index, &sym))
		return TEE_ERROR_BAD_FORMAT;
	bool is_defined = sym.shndx != SHN_UNDEF;
	bool is_local = sym.info >> 4 == STB_LOCAL;
	if ((sym.info & 15) != STT_TLS || sym.shndx >= SHN_RESERVED || (is_local && !is_defined) ||
	    (is_defined && !d->elf->has_tls))
		return TEE_ERROR_BAD_FORMAT;
	return TEE_SUCCESS;
}

static TEE_Result check_rela(const struct elf_decoder *d, const struct elf_rela *rela,
			     const struct elf_rela_entry *r)
{
	size_t size = r->type == R_AARCH64_TLSDESC ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
	const struct elf_segment *s = elf_segment_of(d->elf, r->offset, size);

	if (r->type == R_AARCH64_NONE || r->type == R_AARCH64_NONE_2)
		return TEE_SUCCESS;
	if (!s || !(s->prot & PROT_W))
		return TEE_ERROR_BAD_FORMAT;
	switch (r->type) {
	case R_AARCH64_RELATIVE:
		return TEE_SUCCESS;
	case R_AARCH64_ABS64:
	case R_AARCH64_GLOB_DAT:
	case R_AARCH64_JUMP_SLOT:
		return check_symbol_use(d, rela, r->symbol);
	case R_AARCH64_TLS_TPREL64:
	case R_AARCH64_TLSDESC:
		return check_tls_use(d, rela, r->symbol);
	default:
		return TEE_ERROR_BAD_FORMAT;
	}
}

TEE_Result elf_check_relas(struct elf_decoder *d)
{
	struct elf_rela_entry r;

	for (uint32_t i = 0; i < d->elf->rela_count; i++) {
		const struct elf_rela *rela = &d->elf->relas[i];

		for (uint32_t k = 0; k < rela->count; k++) {
			if (!elf_read(d->file, rela->offset + (uint64_t)k * sizeof(r), &r,
				      sizeof(r)))
				return TEE_ERROR_BAD_FORMAT;
			TEE_Result res = check_rela(d, rela, &r);
			if (!res)
				res = elf_step(&d->steps, 1);
			if (res)
				return res;
		}
	}
	return TEE_SUCCESS;
}
