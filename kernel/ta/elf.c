/* SPDX-License-Identifier: BSD-2-Clause */
/* Decoding: everything about the file is checked here, before anything is built from it. */
#include "kernel/ta/elf.h"

#include "kernel/lib/string.h"
#include "kernel/ta/elf_decode.h"

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

bool elf_is_in_file(const struct elf_file *file, uint64_t offset, uint64_t size)
{
	return offset <= file->size && size <= file->size - offset;
}

/* --- header and program headers ------------------------------------------------------------------
 */

static TEE_Result decode_header(struct elf_decoder *d)
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
	if (!elf_is_in_file(d->file, h->phoff, (uint64_t)h->phnum * sizeof(struct elf_phdr)) ||
	    !elf_is_in_file(d->file, h->shoff, (uint64_t)h->shnum * sizeof(struct elf_shdr)))
		return TEE_ERROR_BAD_FORMAT;
	d->elf->phdrs_offset = h->phoff;
	d->elf->phdr_count = h->phnum;
	d->elf->entry = h->entry;
	return TEE_SUCCESS;
}

/* Segments come by address, and no page belongs to two of them: a page has one set of rights. */
static TEE_Result add_segment(struct elf_decoder *d, const struct elf_phdr *p)
{
	struct elf *elf = d->elf;
	uint64_t end;

	if (p->memsz == 0)
		return TEE_SUCCESS;
	if (elf->segment_count == ELF_SEGMENTS_MAX || p->filesz > p->memsz ||
	    !elf_is_in_file(d->file, p->offset, p->filesz))
		return TEE_ERROR_BAD_FORMAT;
	if (add_overflow(p->vaddr, p->memsz, &end) || end > ELF_WINDOW)
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

/* It is read when the strings are known that it refers to. */
static TEE_Result note_dynamic(struct elf_decoder *d, const struct elf_phdr *p)
{
	if (d->dynamic.type == PT_DYNAMIC || !elf_is_in_file(d->file, p->offset, p->filesz))
		return TEE_ERROR_BAD_FORMAT;
	d->dynamic = *p;
	return TEE_SUCCESS;
}

static TEE_Result decode_phdr(struct elf_decoder *d, const struct elf_phdr *p)
{
	switch (p->type) {
	case PT_LOAD:
		return add_segment(d, p);
	case PT_DYNAMIC:
		return note_dynamic(d, p);
	case PT_TLS:
		return elf_decode_tls(d, p);
	case PT_GNU_PROPERTY:
		return elf_decode_property(d, p);
	default:
		return TEE_SUCCESS;
	}
}

const struct elf_segment *elf_segment_of(const struct elf *elf, uint64_t va, uint64_t size)
{
	for (uint32_t i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];
		if (va >= s->va && va - s->va < s->memory_size &&
		    size <= s->memory_size - (va - s->va))
			return s;
	}
	return NULL;
}

static TEE_Result decode_phdrs(struct elf_decoder *d)
{
	struct elf_phdr p;

	for (uint32_t i = 0; i < d->elf->phdr_count; i++) {
		if (!elf_read(d->file, d->elf->phdrs_offset + i * sizeof(p), &p, sizeof(p)))
			return TEE_ERROR_BAD_FORMAT;
		TEE_Result res = decode_phdr(d, &p);
		if (res)
			return res;
	}
	return d->elf->segment_count > 0 ? TEE_SUCCESS : TEE_ERROR_BAD_FORMAT;
}

/* Apps are entered at a place in their code, libraries are not. */
static TEE_Result check_entry(const struct elf *elf)
{
	const struct elf_segment *code = elf_segment_of(elf, elf->entry, 4);
	bool in_code = code && (code->prot & PROT_X) && elf->entry % 4 == 0;

	return (elf->is_app ? in_code : elf->entry == 0) ? TEE_SUCCESS : TEE_ERROR_BAD_FORMAT;
}

TEE_Result elf_decode(const struct elf_file *file, struct elf *elf)
{
	struct elf_decoder d = {.file = file, .elf = elf};
	TEE_Result res;

	memset(elf, 0, sizeof(*elf));
	res = decode_header(&d);
	if (!res)
		res = decode_phdrs(&d);
	if (!res)
		res = elf_decode_sections(&d);
	if (!res)
		res = elf_decode_dynamic(&d);
	if (!res)
		res = elf_decode_symbols(&d);
	if (!res)
		res = check_entry(elf);
	if (!res)
		res = elf_check_relas(&d);
	return res;
}
