/* SPDX-License-Identifier: BSD-2-Clause */
/* Giving modules and the stack their places in an app's address space. */
#include "kernel/crypto/crypto.h"
#include "kernel/lib/assert.h"
#include "kernel/platform/platform.h"
#include "kernel/ta/elf_decode.h"

/* The stack is moved by up to so many pages beyond the first place that is free. */
#define STACK_SHIFT_PAGES 16

static paddr_t file_page_at(const void *object, size_t index)
{
	return platform_to_physical(page_list_get(object, index));
}

/* Index of the file's page behind a page of the segment; both are congruent. */
static uint64_t file_page_of(const struct elf_segment *s, uint64_t page_va)
{
	return (s->offset >> PAGE_SHIFT) + ((page_va - (s->va & ~PAGE_MASK)) >> PAGE_SHIFT);
}

/* By words where they are aligned: up to a page of it is looked at at once. */
static bool is_zero(const char *bytes, size_t size)
{
	const char *end = bytes + size;
	uint64_t any = 0;

	for (; bytes < end && (uintptr_t)bytes % sizeof(any) != 0; bytes++)
		any |= (unsigned char)*bytes;
	for (; (size_t)(end - bytes) >= sizeof(any); bytes += sizeof(any))
		any |= *(const uint64_t *)(const void *)bytes;
	for (; bytes < end; bytes++)
		any |= (unsigned char)*bytes;
	return any == 0;
}

/*
 * May the file's own page be mapped here? Not if it can be written, and not if it holds anything
 * that is not of this segment: that has to read as zero (TA-041).
 */
static bool is_shareable(const struct elf_module *m, const struct elf_segment *s, uint64_t page_va)
{
	uint64_t file_end = s->va + s->file_size;
	size_t head = page_va < s->va ? s->va - page_va : 0;
	size_t tail = file_end - page_va < PAGE_SIZE ? file_end - page_va : PAGE_SIZE;

	if ((s->prot & PROT_W) || page_va >= file_end)
		return false;
	const char *page = page_list_get(m->file->pages, file_page_of(s, page_va));
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

static TEE_Result map_run(struct uaspace *as, const struct elf_module *m,
			  const struct elf_segment *s, uint64_t va, size_t pages, bool shared)
{
	const struct segment_run run = {m->file, s, va};
	const struct page_filler filler = {fill_segment_page, &run};
	const struct page_source source = {
		.page_at = file_page_at,
		.object = m->file->pages,
		.first = shared ? file_page_of(s, va) : 0,
	};
	/* Guarded only by promise: the code is full of landing pads that nobody vouches for. */
	unsigned prot = s->prot | (m->elf->has_bti && (s->prot & PROT_X) ? PROT_BTI : 0);

	if (shared)
		return uaspace_add_source(as, m->base + va, pages, prot, UASPACE_SEGMENT, &source,
					  NULL);
	return uaspace_add_own(as, m->base + va, pages, prot, UASPACE_SEGMENT, &filler, NULL);
}

/*
 * Where the run of pages that begins at va, all shared or all own, ends. Only the first and the
 * last page of what is in the file may differ from those between them, however many these are: they
 * are not looked at (I7).
 */
static uint64_t end_of_run(const struct elf_module *m, const struct elf_segment *s, uint64_t va,
			   bool shared)
{
	uint64_t file_end = s->va + s->file_size;
	uint64_t last = (file_end - 1) & ~PAGE_MASK;
	uint64_t end = va + PAGE_SIZE;
	bool as_between = shared == !(s->prot & PROT_W);

	if (as_between && end < last)
		end = last;
	while (end < file_end && is_shareable(m, s, end) == shared)
		end += PAGE_SIZE;
	/* Own pages may go on into bss, of any length. */
	return !shared && end >= file_end ? s->va + s->memory_size : end;
}

static TEE_Result map_segment(struct uaspace *as, const struct elf_module *m,
			      const struct elf_segment *s)
{
	uint64_t end = s->va + s->memory_size;

	for (uint64_t va = s->va & ~PAGE_MASK; va < end;) {
		bool shared = is_shareable(m, s, va);
		uint64_t run_end = round_up(end_of_run(m, s, va, shared), PAGE_SIZE);
		TEE_Result res = map_run(as, m, s, va, (run_end - va) >> PAGE_SHIFT, shared);

		/* Its last pages have been filled, and the next are looked at (I7). */
		if (!res)
			res = call_poll();
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

	*va = res ? 0 : *va + shift * PAGE_SIZE;
	return res;
}

TEE_Result elf_map(struct uaspace *as, struct elf_module *m)
{
	TEE_Result res = random_room(as, m->elf->span >> PAGE_SHIFT, ELF_SHIFT_PAGES, &m->base);

	for (uint32_t i = 0; !res && i < m->elf->segment_count; i++)
		res = map_segment(as, m, &m->elf->segments[i]);
	return res;
}

/*
 * A module has many regions of a few pages, and to find one may mean to look at all that the app
 * has: each is a piece of work of its own (I7). If the guest is dying there is still nothing to do
 * but to go on.
 */
void elf_unmap(struct uaspace *as, struct elf_module *m)
{
	for (uint32_t i = 0; m->base && i < m->elf->segment_count; i++) {
		const struct elf_segment *s = &m->elf->segments[i];
		uint64_t end = m->base + s->va + s->memory_size;

		for (uint64_t va = m->base + (s->va & ~PAGE_MASK); va < end; va += PAGE_SIZE) {
			struct uaspace_region *r = uaspace_find(as, va);

			/* None: it did not come further than here. */
			va = r ? r->va + (uint64_t)(r->page_count - 1) * PAGE_SIZE : end;
			uaspace_remove(as, r);
			(void)!call_poll();
		}
	}
	m->base = 0;
}

/* The stack grows into the unmapped page that every region has below it (TA-035). */
TEE_Result elf_map_stack(struct uaspace *as, const struct elf *elf, uint64_t *top)
{
	uint64_t size = elf->head.stack_size;
	uint64_t pages = round_up(size, PAGE_SIZE) >> PAGE_SHIFT;
	uint64_t va;
	TEE_Result res = random_room(as, pages, STACK_SHIFT_PAGES, &va);

	if (!res)
		res = uaspace_add_own(as, va, pages, PROT_R | PROT_W, UASPACE_STACK, NULL, NULL);
	*top = va + (size & ~(uint64_t)15);
	return res;
}
