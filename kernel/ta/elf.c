/* SPDX-License-Identifier: BSD-2-Clause */
/* Decoding: everything about the file is checked here, before anything is built from it. */
#include "kernel/ta/elf.h"

#include "kernel/call/call.h"
#include "kernel/lib/string.h"
#include "kernel/ta/elf_format.h"

/* Table entries handled between two looks at whether the normal world wants the CPU (I7). */
#define BATCH 128

/* The smallest stack that has room for the parameter block and a frame. */
#define STACK_MIN 256

#define WINDOW (ARCH_USER_END - ARCH_USER_BASE)

/* A file while it is being decoded. */
struct decoder {
	const struct elf_file *file;
	struct elf *elf;
	struct elf_header header;
	uint32_t symbols_section; /* index of .dynsym, 0: none */
	unsigned steps;
};

bool elf_read(const struct elf_file *file, uint64_t offset, void *to, size_t size)
{
	char *out = to;

	if (offset > file->size || size > file->size - offset)
		return false;
	while (size > 0) {
		const char *page = page_list_get(file->pages, offset >> PAGE_SHIFT);
		size_t piece = min(size, PAGE_SIZE - (size_t)(offset & PAGE_MASK));

		memcpy(out, page + (offset & PAGE_MASK), piece);
		out += piece;
		offset += piece;
		size -= piece;
	}
	return true;
}

static bool is_in_file(const struct elf_file *file, uint64_t offset, uint64_t size)
{
	return offset <= file->size && size <= file->size - offset;
}

/* One step of a loop whose length the file chose. */
static TEE_Result step(struct decoder *d)
{
	return ++d->steps % BATCH == 0 ? call_poll() : TEE_SUCCESS;
}

/* --- header and program headers ------------------------------------------------------------------
 */

static TEE_Result decode_header(struct decoder *d)
{
	struct elf_header *h = &d->header;

	if (!elf_read(d->file, 0, h, sizeof(*h)))
		return TEE_ERROR_BAD_FORMAT;
	bool right_kind = memcmp(h->ident, ELF_IDENT, ELF_IDENT_SIZE) == 0 && h->type == ET_DYN &&
			  h->machine == EM_AARCH64 && h->version == 1;
	bool right_sizes =
		h->phentsize == sizeof(struct elf_phdr) && h->shentsize == sizeof(struct elf_shdr);
	bool has_headers = h->phnum > 0 && h->phnum <= ELF_PHDRS_MAX && h->shnum > 0;
	if (!right_kind || !right_sizes || !has_headers)
		return TEE_ERROR_BAD_FORMAT;
	if (!is_in_file(d->file, h->phoff, (uint64_t)h->phnum * sizeof(struct elf_phdr)) ||
	    !is_in_file(d->file, h->shoff, (uint64_t)h->shnum * sizeof(struct elf_shdr)))
		return TEE_ERROR_BAD_FORMAT;
	d->elf->phdrs_offset = h->phoff;
	d->elf->phdr_count = h->phnum;
	d->elf->entry = h->entry;
	return TEE_SUCCESS;
}

/* Segments come by address, and no page belongs to two of them: a page has one set of rights. */
static TEE_Result add_segment(struct decoder *d, const struct elf_phdr *p)
{
	struct elf *elf = d->elf;
	uint64_t end;

	if (p->memsz == 0)
		return TEE_SUCCESS;
	if (elf->segment_count == ELF_SEGMENTS_MAX || p->filesz > p->memsz ||
	    !is_in_file(d->file, p->offset, p->filesz))
		return TEE_ERROR_BAD_FORMAT;
	if (add_overflow(p->vaddr, p->memsz, &end) || end > WINDOW)
		return TEE_ERROR_BAD_FORMAT;
	if ((p->flags & PF_W) && (p->flags & PF_X))
		return TEE_ERROR_BAD_FORMAT;
	if (((p->vaddr ^ p->offset) & PAGE_MASK) != 0 || (p->vaddr & ~PAGE_MASK) < elf->span)
		return TEE_ERROR_BAD_FORMAT;
	elf->segments[elf->segment_count++] = (struct elf_segment){
		.va = p->vaddr,
		.memory_size = p->memsz,
		.offset = p->offset,
		.file_size = p->filesz,
		.prot = PROT_R | (p->flags & PF_W ? PROT_W : 0) | (p->flags & PF_X ? PROT_X : 0),
	};
	elf->span = round_up(end, PAGE_SIZE);
	return TEE_SUCCESS;
}

/* Relocations are not looked for here: DT_RELASZ does not tell the truth about them (TA-025). */
static TEE_Result decode_dynamic(struct decoder *d, const struct elf_phdr *p)
{
	struct elf_dyn dyn;

	if (!is_in_file(d->file, p->offset, p->filesz))
		return TEE_ERROR_BAD_FORMAT;
	for (uint64_t at = 0; p->filesz - at >= sizeof(dyn); at += sizeof(dyn)) {
		if (!elf_read(d->file, p->offset + at, &dyn, sizeof(dyn)))
			return TEE_ERROR_BAD_FORMAT;
		if (dyn.tag == DT_NULL)
			return TEE_SUCCESS;
		if (dyn.tag == DT_NEEDED)
			return TEE_ERROR_NOT_SUPPORTED;
		TEE_Result res = step(d);
		if (res)
			return res;
	}
	return TEE_SUCCESS;
}

static TEE_Result decode_phdr(struct decoder *d, const struct elf_phdr *p)
{
	switch (p->type) {
	case PT_LOAD:
		return add_segment(d, p);
	case PT_DYNAMIC:
		return decode_dynamic(d, p);
	case PT_TLS:
		return TEE_ERROR_NOT_SUPPORTED;
	default:
		return TEE_SUCCESS;
	}
}

/* The segment that [va, va + size) lies in, or NULL. */
static const struct elf_segment *segment_of(const struct elf *elf, uint64_t va, uint64_t size)
{
	for (uint32_t i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];
		if (va >= s->va && va - s->va < s->memory_size &&
		    size <= s->memory_size - (va - s->va))
			return s;
	}
	return NULL;
}

static TEE_Result decode_phdrs(struct decoder *d)
{
	struct elf_phdr p;

	for (uint32_t i = 0; i < d->elf->phdr_count; i++) {
		if (!elf_read(d->file, d->elf->phdrs_offset + i * sizeof(p), &p, sizeof(p)))
			return TEE_ERROR_BAD_FORMAT;
		TEE_Result res = decode_phdr(d, &p);
		if (res)
			return res;
	}
	const struct elf_segment *code = segment_of(d->elf, d->elf->entry, 4);
	if (!code || !(code->prot & PROT_X) || d->elf->entry % 4 != 0)
		return TEE_ERROR_BAD_FORMAT;
	return TEE_SUCCESS;
}

/* --- sections ------------------------------------------------------------------------------------
 */

static bool read_shdr(const struct decoder *d, uint32_t index, struct elf_shdr *s)
{
	return index < d->header.shnum &&
	       elf_read(d->file, d->header.shoff + (uint64_t)index * sizeof(*s), s, sizeof(*s));
}

/* A table of entries of one size that lies in the file; counts fit 32 bits. */
static bool is_table(const struct decoder *d, const struct elf_shdr *s, size_t entry_size)
{
	return s->entsize == entry_size && s->size % entry_size == 0 &&
	       s->size / entry_size <= UINT32_MAX && is_in_file(d->file, s->offset, s->size);
}

static TEE_Result add_symbols(struct decoder *d, uint32_t index, const struct elf_shdr *s)
{
	struct elf_shdr strings;
	char last;

	if (d->symbols_section || !is_table(d, s, sizeof(struct elf_sym)))
		return TEE_ERROR_BAD_FORMAT;
	if (!read_shdr(d, s->link, &strings) || strings.type != SHT_STRTAB || strings.size == 0 ||
	    !is_in_file(d->file, strings.offset, strings.size))
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

static TEE_Result add_rela(struct decoder *d, const struct elf_shdr *s)
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

static TEE_Result decode_section(struct decoder *d, uint32_t index, bool symbols)
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
	return s.type == SHT_RELA ? add_rela(d, &s) : TEE_SUCCESS;
}

/* Twice: relocation sections refer to the symbol table, wherever it stands. */
static TEE_Result decode_sections(struct decoder *d)
{
	for (uint32_t i = 0; i < 2u * d->header.shnum; i++) {
		TEE_Result res = decode_section(d, i % d->header.shnum, i < d->header.shnum);
		if (!res)
			res = step(d);
		if (res)
			return res;
	}
	return TEE_SUCCESS;
}

/* --- symbols -------------------------------------------------------------------------------------
 */

static bool name_is(const struct decoder *d, const struct elf_sym *sym, const char *name)
{
	char text[24];
	size_t size = strlen(name) + 1;

	return size <= sizeof(text) && sym->name < d->elf->strings_size &&
	       size <= d->elf->strings_size - sym->name &&
	       elf_read(d->file, d->elf->strings_offset + sym->name, text, size) &&
	       memcmp(text, name, size) == 0;
}

static bool read_symbol(const struct decoder *d, uint32_t index, struct elf_sym *sym)
{
	return index < d->elf->symbol_count &&
	       elf_read(d->file, d->elf->symbols_offset + (uint64_t)index * sizeof(*sym), sym,
			sizeof(*sym));
}

/* May other modules, and the loader, find this definition? */
static bool is_exported(const struct elf_sym *sym)
{
	unsigned binding = sym->info >> 4, type = sym->info & 15;

	return sym->shndx != SHN_UNDEF && sym->shndx < SHN_RESERVED &&
	       (binding == STB_GLOBAL || binding == STB_WEAK) &&
	       (type == STT_NOTYPE || type == STT_OBJECT || type == STT_FUNC);
}

/* The symbols that the loader itself looks for. */
struct wanted {
	const char *name;
	bool found;
	bool is_global; /* a GLOBAL definition goes before a WEAK one (TA-030) */
	uint64_t value;
};

static void match(const struct decoder *d, const struct elf_sym *sym, struct wanted *w)
{
	bool is_global = sym->info >> 4 == STB_GLOBAL;

	if ((w->found && (w->is_global || !is_global)) || !name_is(d, sym, w->name))
		return;
	*w = (struct wanted){w->name, true, is_global, sym->value};
}

static TEE_Result decode_symbols(struct decoder *d, struct wanted *wanted, unsigned count)
{
	struct elf_sym sym;

	for (uint32_t i = 0; i < d->elf->symbol_count; i++) {
		if (!read_symbol(d, i, &sym) || sym.name >= d->elf->strings_size)
			return TEE_ERROR_BAD_FORMAT;
		for (unsigned k = 0; k < count && is_exported(&sym); k++)
			match(d, &sym, &wanted[k]);
		TEE_Result res = step(d);
		if (res)
			return res;
	}
	return TEE_SUCCESS;
}

/* Reads what memory at a relative address will hold before relocation. */
static bool read_initial(const struct decoder *d, uint64_t va, void *to, size_t size)
{
	const struct elf_segment *s = segment_of(d->elf, va, size);
	uint64_t in_file;

	if (!s)
		return false;
	memset(to, 0, size);
	if (va - s->va >= s->file_size)
		return true; /* bss */
	in_file = min((uint64_t)size, s->file_size - (va - s->va));
	return elf_read(d->file, s->offset + (va - s->va), to, in_file);
}

static TEE_Result decode_head(struct decoder *d, const struct wanted *w)
{
	struct ta_head *head = &d->elf->head;

	if (!w->found || !read_initial(d, w->value, head, sizeof(*head)))
		return TEE_ERROR_BAD_FORMAT;
	bool stack_fits = head->stack_size >= STACK_MIN && head->stack_size <= ELF_STACK_MAX;
	if (head->depr_entry != UINT64_MAX || (head->flags & ~TA_FLAGS_VALID) || !stack_fits)
		return TEE_ERROR_BAD_FORMAT;
	/* Several threads at once are for pseudo-TAs; the flag means nothing here (attack 26). */
	head->flags &= ~TA_FLAG_CONCURRENT;
	return TEE_SUCCESS;
}

static TEE_Result decode_phdr_info(struct decoder *d, const struct wanted *w)
{
	const struct elf_segment *s;
	struct elf_phdr_info info;

	if (!w->found)
		return TEE_SUCCESS; /* an old run-time library that does without */
	s = segment_of(d->elf, w->value, sizeof(info));
	if (!s || !(s->prot & PROT_W) || !read_initial(d, w->value, &info, sizeof(info)) ||
	    info.reserved != 0 || info.zero != 0)
		return TEE_ERROR_BAD_FORMAT;
	d->elf->phdr_info = w->value;
	d->elf->has_phdr_info = true;
	return TEE_SUCCESS;
}

/* --- relocations ---------------------------------------------------------------------------------
 */

/* There is one module only, so what is not defined here is not defined at all. */
static TEE_Result check_symbol_use(const struct decoder *d, const struct elf_rela *rela,
				   uint32_t index)
{
	struct elf_sym sym;

	if (!rela->has_symbols || !read_symbol(d, index, &sym))
		return TEE_ERROR_BAD_FORMAT;
	if (sym.shndx == SHN_UNDEF)
		return sym.info >> 4 == STB_WEAK ? TEE_SUCCESS : TEE_ERROR_BAD_FORMAT;
	if (sym.shndx >= SHN_RESERVED && sym.shndx != SHN_ABS)
		return TEE_ERROR_BAD_FORMAT;
	return TEE_SUCCESS;
}

static TEE_Result check_rela(const struct decoder *d, const struct elf_rela *rela,
			     const struct elf_rela_entry *r)
{
	const struct elf_segment *s = segment_of(d->elf, r->offset, sizeof(uint64_t));

	if (r->type == R_AARCH64_NONE || r->type == R_AARCH64_NONE_2)
		return TEE_SUCCESS;
	if (r->type >= R_AARCH64_TLS_FIRST && r->type <= R_AARCH64_TLS_LAST)
		return TEE_ERROR_NOT_SUPPORTED;
	if (!s || !(s->prot & PROT_W))
		return TEE_ERROR_BAD_FORMAT;
	switch (r->type) {
	case R_AARCH64_RELATIVE:
		return TEE_SUCCESS;
	case R_AARCH64_ABS64:
	case R_AARCH64_GLOB_DAT:
	case R_AARCH64_JUMP_SLOT:
		return check_symbol_use(d, rela, r->symbol);
	default:
		return TEE_ERROR_BAD_FORMAT;
	}
}

static TEE_Result check_relas(struct decoder *d)
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
				res = step(d);
			if (res)
				return res;
		}
	}
	return TEE_SUCCESS;
}

TEE_Result elf_decode(const struct elf_file *file, struct elf *elf)
{
	struct decoder d = {.file = file, .elf = elf};
	struct wanted wanted[] = {{.name = "ta_head"}, {.name = "__elf_phdr_info"}};
	TEE_Result res;

	memset(elf, 0, sizeof(*elf));
	res = decode_header(&d);
	if (!res)
		res = decode_phdrs(&d);
	if (!res)
		res = decode_sections(&d);
	if (!res)
		res = decode_symbols(&d, wanted, array_count(wanted));
	if (!res)
		res = decode_head(&d, &wanted[0]);
	if (!res)
		res = decode_phdr_info(&d, &wanted[1]);
	if (!res)
		res = check_relas(&d);
	return res;
}
