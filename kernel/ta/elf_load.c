/* SPDX-License-Identifier: BSD-2-Clause */
/* Building an instance from a decoded file. */
#include "kernel/call/call.h"
#include "kernel/crypto/crypto.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/platform/platform.h"
#include "kernel/ta/elf.h"
#include "kernel/ta/elf_format.h"

/* Relocations between two looks at whether the normal world wants the CPU (I7). */
#define BATCH 128

/* The stack is moved by up to so many pages beyond the first place that is free. */
#define STACK_SHIFT_PAGES 16

struct loader {
	const struct elf_file *file;
	const struct elf *elf;
	struct uaspace *as;
	uint64_t base; /* load address */
	/* The page that was patched last: relocations come in order. */
	uint64_t patch_va;
	char *patch_page;
};

/* --- segments ------------------------------------------------------------------------------------
 */

static paddr_t file_page_at(const void *object, size_t index)
{
	return platform_to_physical(page_list_get(object, index));
}

/* Index of the file's page behind a page of the segment; both are congruent. */
static uint64_t file_page_of(const struct elf_segment *s, uint64_t page_va)
{
	return (s->offset >> PAGE_SHIFT) + ((page_va - (s->va & ~PAGE_MASK)) >> PAGE_SHIFT);
}

static bool is_zero(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i])
			return false;
	}
	return true;
}

/*
 * May the file's own page be mapped here? Not if it can be written, and not if it holds anything
 * that is not of this segment: that has to read as zero (TA-041).
 */
static bool is_shareable(const struct loader *l, const struct elf_segment *s, uint64_t page_va)
{
	uint64_t file_end = s->va + s->file_size;
	size_t head = page_va < s->va ? s->va - page_va : 0;
	size_t tail = file_end - page_va < PAGE_SIZE ? file_end - page_va : PAGE_SIZE;

	if ((s->prot & PROT_W) || page_va >= file_end)
		return false;
	const char *page = page_list_get(l->file->pages, file_page_of(s, page_va));
	return is_zero(page, head) && is_zero(page + tail, PAGE_SIZE - tail);
}

/* A run of own pages of a segment, to be filled from the file. */
struct segment_run {
	const struct elf_file *file;
	const struct elf_segment *segment;
	uint64_t va; /* relative */
};

static void fill_segment_page(const void *object, size_t index, void *page)
{
	const struct segment_run *run = object;
	const struct elf_segment *s = run->segment;
	uint64_t page_va = run->va + index * PAGE_SIZE;
	uint64_t from = page_va > s->va ? page_va : s->va;
	uint64_t end = min(s->va + s->file_size, page_va + PAGE_SIZE);

	if (from >= end)
		return;
	bool inside = elf_read(run->file, s->offset + (from - s->va),
			       (char *)page + (from - page_va), end - from);
	assert(inside); /* elf_decode() saw to it */
}

static TEE_Result map_run(struct loader *l, const struct elf_segment *s, uint64_t va, size_t pages,
			  bool shared)
{
	const struct segment_run run = {l->file, s, va};
	const struct page_filler filler = {fill_segment_page, &run};
	const struct page_source source = {
		.page_at = file_page_at,
		.object = l->file->pages,
		.first = shared ? file_page_of(s, va) : 0,
	};

	if (shared)
		return uaspace_add_source(l->as, l->base + va, pages, s->prot, UASPACE_SEGMENT,
					  &source, NULL);
	return uaspace_add_own(l->as, l->base + va, pages, s->prot, UASPACE_SEGMENT, &filler, NULL);
}

/* Where the run of pages that begins at va, all shared or all own, ends. */
static uint64_t end_of_run(const struct loader *l, const struct elf_segment *s, uint64_t va,
			   bool shared)
{
	uint64_t file_end = s->va + s->file_size;
	uint64_t end = va + PAGE_SIZE;

	while (end < file_end && is_shareable(l, s, end) == shared)
		end += PAGE_SIZE;
	/* Own pages may go on into bss, of any length. */
	return !shared && end >= file_end ? s->va + s->memory_size : end;
}

static TEE_Result map_segment(struct loader *l, const struct elf_segment *s)
{
	uint64_t end = s->va + s->memory_size;

	for (uint64_t va = s->va & ~PAGE_MASK; va < end;) {
		bool shared = is_shareable(l, s, va);
		uint64_t run_end = round_up(end_of_run(l, s, va, shared), PAGE_SIZE);
		TEE_Result res = map_run(l, s, va, (run_end - va) >> PAGE_SHIFT, shared);

		if (res)
			return res;
		va = run_end;
	}
	return TEE_SUCCESS;
}

/* Address of room for pages, moved by a random number of pages below shifts. */
static TEE_Result random_room(struct uaspace *as, uint64_t pages, uint64_t shifts, uint64_t *va)
{
	uint64_t shift = crypto_random_below(shifts);
	TEE_Result res = uaspace_find_room(as, pages + shift, va);

	*va += shift * PAGE_SIZE;
	return res;
}

static TEE_Result map_segments(struct loader *l)
{
	TEE_Result res = random_room(l->as, l->elf->span >> PAGE_SHIFT, ELF_SHIFT_PAGES, &l->base);

	for (uint32_t i = 0; !res && i < l->elf->segment_count; i++)
		res = map_segment(l, &l->elf->segments[i]);
	return res;
}

/* --- relocation ----------------------------------------------------------------------------------
 */

static char *page_to_patch(struct loader *l, uint64_t page_va)
{
	if (l->patch_page && l->patch_va == page_va)
		return l->patch_page;
	const struct uaspace_region *r = uaspace_find(l->as, page_va);
	if (!r || r->kind != UASPACE_SEGMENT || !(r->prot & PROT_W))
		return NULL;
	l->patch_va = page_va;
	l->patch_page = uaspace_page(r, (page_va - r->va) >> PAGE_SHIFT);
	return l->patch_page;
}

/* Writes into a writable segment, at an absolute address that may be unaligned. */
static TEE_Result patch(struct loader *l, uint64_t va, const void *data, size_t size)
{
	const char *from = data;

	while (size > 0) {
		char *page = page_to_patch(l, va & ~PAGE_MASK);
		size_t piece = min(size, PAGE_SIZE - (size_t)(va & PAGE_MASK));

		if (!page)
			return TEE_ERROR_BAD_FORMAT;
		memcpy(page + (va & PAGE_MASK), from, piece);
		from += piece;
		va += piece;
		size -= piece;
	}
	return TEE_SUCCESS;
}

/* The value of a symbol of this module; what is undefined is weak (elf_decode()) and 0 (TA-030). */
static bool symbol_value(const struct loader *l, uint32_t index, uint64_t *value)
{
	struct elf_sym sym;

	if (index >= l->elf->symbol_count ||
	    !elf_read(l->file, l->elf->symbols_offset + (uint64_t)index * sizeof(sym), &sym,
		      sizeof(sym)))
		return false;
	if (sym.shndx == SHN_UNDEF)
		*value = 0;
	else if (sym.shndx == SHN_ABS)
		*value = sym.value;
	else
		*value = l->base + sym.value;
	return true;
}

static TEE_Result apply(struct loader *l, const struct elf_rela_entry *r)
{
	uint64_t value = l->base;

	switch (r->type) {
	case R_AARCH64_NONE:
	case R_AARCH64_NONE_2:
		return TEE_SUCCESS;
	case R_AARCH64_RELATIVE:
		break;
	case R_AARCH64_ABS64:
	case R_AARCH64_GLOB_DAT:
	case R_AARCH64_JUMP_SLOT:
		if (!symbol_value(l, r->symbol, &value))
			return TEE_ERROR_BAD_FORMAT;
		break;
	default:
		return TEE_ERROR_BAD_FORMAT;
	}
	value += (uint64_t)r->addend;
	return patch(l, l->base + r->offset, &value, sizeof(value));
}

static TEE_Result relocate_section(struct loader *l, const struct elf_rela *rela)
{
	struct elf_rela_entry r;

	for (uint32_t i = 0; i < rela->count; i++) {
		TEE_Result res = TEE_ERROR_BAD_FORMAT;

		if (elf_read(l->file, rela->offset + (uint64_t)i * sizeof(r), &r, sizeof(r)))
			res = apply(l, &r);
		if (!res && i % BATCH == BATCH - 1)
			res = call_poll();
		if (res)
			return res;
	}
	return TEE_SUCCESS;
}

static TEE_Result relocate(struct loader *l)
{
	TEE_Result res = TEE_SUCCESS;

	for (uint32_t i = 0; !res && i < l->elf->rela_count; i++)
		res = relocate_section(l, &l->elf->relas[i]);
	return res;
}

/* --- what the app's run-time library looks for ---------------------------------------------------
 */

/* The loader's page: the table of modules, of which there is one, and its program headers. */
struct module_page {
	const struct loader *loader;
	uint64_t va;
};
_Static_assert(sizeof(struct dl_phdr_info) + ELF_PHDRS_MAX * sizeof(struct elf_phdr) <= PAGE_SIZE,
	       "fits its page");

static void fill_module_page(const void *object, size_t index, void *page)
{
	const struct module_page *m = object;
	const struct elf *elf = m->loader->elf;
	const struct dl_phdr_info info = {
		.dlpi_addr = m->loader->base,
		/* No name: the empty string inside __elf_phdr_info. */
		.dlpi_name =
			m->loader->base + elf->phdr_info + offsetof(struct elf_phdr_info, zero),
		.dlpi_phdr = m->va + sizeof(info),
		.dlpi_phnum = elf->phdr_count,
		.dlpi_adds = 1,
	};

	(void)index;
	memcpy(page, &info, sizeof(info));
	bool inside = elf_read(m->loader->file, elf->phdrs_offset, (char *)page + sizeof(info),
			       elf->phdr_count * sizeof(struct elf_phdr));
	assert(inside);
}

static TEE_Result publish_modules(struct loader *l)
{
	struct module_page m = {.loader = l};
	const struct page_filler filler = {fill_module_page, &m};
	struct elf_phdr_info info = {.count = 1};
	TEE_Result res;

	if (!l->elf->has_phdr_info)
		return TEE_SUCCESS;
	res = uaspace_find_room(l->as, 1, &m.va);
	if (!res)
		res = uaspace_add_own(l->as, m.va, 1, PROT_R, UASPACE_LOADER, &filler, NULL);
	info.dlpi = m.va;
	if (!res)
		res = patch(l, l->base + l->elf->phdr_info, &info, sizeof(info));
	return res;
}

/* The stack grows into the unmapped page that every region has below it (TA-035). */
static TEE_Result map_stack(struct loader *l, uint64_t *top)
{
	uint64_t size = l->elf->head.stack_size;
	uint64_t pages = round_up(size, PAGE_SIZE) >> PAGE_SHIFT;
	uint64_t va;
	TEE_Result res = random_room(l->as, pages, STACK_SHIFT_PAGES, &va);

	if (!res)
		res = uaspace_add_own(l->as, va, pages, PROT_R | PROT_W, UASPACE_STACK, NULL, NULL);
	*top = va + (size & ~(uint64_t)15);
	return res;
}

TEE_Result elf_load(const struct elf_file *file, const struct elf *elf, struct uaspace *as,
		    struct elf_instance *instance)
{
	struct loader l = {.file = file, .elf = elf, .as = as};
	TEE_Result res = map_segments(&l);

	if (!res)
		res = relocate(&l);
	if (!res)
		res = map_stack(&l, &instance->stack_top);
	if (!res)
		res = publish_modules(&l);
	if (res)
		return res;
	instance->load_address = l.base;
	instance->entry = l.base + elf->entry;
	return TEE_SUCCESS;
}
