/* SPDX-License-Identifier: BSD-2-Clause */
/* Regions of a trusted app's address space: room, mapping, unmapping. */
#include "kernel/ta/uaspace.h"

#include "kernel/call/call.h"
#include "kernel/crypto/crypto.h"
#include "kernel/lib/assert.h"
#include "kernel/platform/platform.h"

/* A new instance starts at one of these blocks: what is small then needs one page table only. */
#define HOME_BLOCK ((uint64_t)2 << 20)

/* Pages handled between two looks at whether the normal world wants the CPU (I7). */
#define BATCH ((size_t)32)

static uint64_t region_end(const struct uaspace_region *r)
{
	return r->va + (uint64_t)r->page_count * PAGE_SIZE;
}

static struct uaspace_region *region_of(struct list *node)
{
	return list_entry(node, struct uaspace_region, link);
}

TEE_Result uaspace_init(struct uaspace *as, struct guest *guest)
{
	uint64_t blocks = (ARCH_USER_END - ARCH_USER_BASE) / HOME_BLOCK;

	*as = (struct uaspace){.guest = guest};
	list_init(&as->regions);
	as->home = ARCH_USER_BASE + HOME_BLOCK * crypto_random_below(blocks);
	return arch_aspace_init(&as->arch, &guest->budget);
}

void uaspace_destroy(struct uaspace *as)
{
	while (!list_empty(&as->regions))
		uaspace_remove(as, region_of(as->regions.next));
	arch_aspace_destroy(&as->arch);
}

/* First fit from start on, keeping a page free on both sides. 0 if there is none. */
static uint64_t find_room_from(const struct uaspace *as, uint64_t start, uint64_t size)
{
	uint64_t va = start;

	list_for_each (node, &as->regions) {
		const struct uaspace_region *r = region_of(node);
		if (region_end(r) + PAGE_SIZE <= va)
			continue;
		if (va + size + PAGE_SIZE <= r->va)
			break;
		va = region_end(r) + PAGE_SIZE;
	}
	return va + size <= ARCH_USER_END ? va : 0;
}

TEE_Result uaspace_find_room(const struct uaspace *as, size_t page_count, uint64_t *va)
{
	uint64_t size = (uint64_t)page_count * PAGE_SIZE;

	if (page_count == 0 || page_count > (ARCH_USER_END - ARCH_USER_BASE) / PAGE_SIZE)
		return TEE_ERROR_OUT_OF_MEMORY;
	*va = find_room_from(as, as->home, size);
	if (*va == 0)
		*va = find_room_from(as, ARCH_USER_BASE, size);
	return *va ? TEE_SUCCESS : TEE_ERROR_OUT_OF_MEMORY;
}

struct uaspace_region *uaspace_find(const struct uaspace *as, uint64_t va)
{
	list_for_each (node, &as->regions) {
		struct uaspace_region *r = region_of(node);
		if (va >= r->va && va < region_end(r))
			return r;
	}
	return NULL;
}

static bool is_free(const struct uaspace *as, uint64_t va, size_t page_count)
{
	uint64_t window = (ARCH_USER_END - ARCH_USER_BASE) / PAGE_SIZE;
	uint64_t end;

	if (va % PAGE_SIZE != 0 || page_count == 0 || page_count > window)
		return false;
	if (add_overflow(va, (uint64_t)page_count * PAGE_SIZE, &end) || va < ARCH_USER_BASE ||
	    end > ARCH_USER_END)
		return false;
	list_for_each (node, &as->regions) {
		const struct uaspace_region *r = region_of(node);
		if (va < region_end(r) && r->va < end)
			return false;
	}
	return true;
}

static bool prot_is_valid(unsigned prot)
{
	bool writes_and_executes = (prot & PROT_W) && (prot & PROT_X);
	bool executes_nonsecure = (prot & PROT_X) && (prot & PROT_NS);

	return (prot & PROT_R) && !writes_and_executes && !executes_nonsecure;
}

/* The record, linked at its place, without pages yet. */
static TEE_Result new_region(struct uaspace *as, uint64_t va, size_t page_count, unsigned prot,
			     enum uaspace_kind kind, struct uaspace_region **out)
{
	struct list *pos = as->regions.next;
	struct uaspace_region *r;

	if (!prot_is_valid(prot) || !is_free(as, va, page_count))
		return TEE_ERROR_BAD_PARAMETERS;
	r = heap_alloc(&as->guest->heap, sizeof(*r));
	if (!r)
		return TEE_ERROR_OUT_OF_MEMORY;
	r->va = va;
	r->prot = prot;
	r->kind = kind;
	page_list_init(&r->own, &as->guest->heap);
	while (pos != &as->regions && region_of(pos)->va < va)
		pos = pos->next;
	list_insert(pos, &r->link);
	*out = r;
	return TEE_SUCCESS;
}

static paddr_t own_page_at(const void *object, size_t index)
{
	return platform_to_physical(page_list_get(object, index));
}

static TEE_Result add_own_page(struct uaspace *as, struct uaspace_region *r, size_t expected,
			       const struct page_filler *filler)
{
	void *page = page_alloc(&as->guest->budget);
	TEE_Result res;

	if (!page)
		return TEE_ERROR_OUT_OF_MEMORY;
	res = page_list_append(&r->own, page, expected);
	if (res)
		page_free(&as->guest->budget, page);
	else if (filler)
		filler->fill(filler->object, r->page_count, page);
	return res;
}

/* Maps the next page of the region. */
static TEE_Result map_next(struct uaspace *as, struct uaspace_region *r)
{
	paddr_t pa = r->source.page_at(r->source.object, r->source.first + r->page_count);
	TEE_Result res = arch_aspace_map(&as->arch, uaddr(region_end(r)), pa, r->prot);

	if (res == TEE_SUCCESS) {
		r->page_count++;
		as->page_count++;
	}
	return res;
}

/* What a new region consists of: pages of a source, or own ones. */
struct contents {
	const struct page_source *source;
	const struct page_filler *filler;
};

static TEE_Result fill_region(struct uaspace *as, struct uaspace_region *r, size_t page_count,
			      const struct contents *contents)
{
	for (size_t i = 0; i < page_count; i++) {
		TEE_Result res = TEE_SUCCESS;

		if (i % BATCH == BATCH - 1)
			res = call_poll();
		if (!res && !contents->source)
			res = add_own_page(as, r, page_count - i - 1, contents->filler);
		if (!res)
			res = map_next(as, r);
		if (res)
			return res;
	}
	return TEE_SUCCESS;
}

static TEE_Result add_region(struct uaspace *as, uint64_t va, size_t page_count, unsigned prot,
			     enum uaspace_kind kind, const struct contents *contents,
			     struct uaspace_region **region)
{
	struct uaspace_region *r;
	TEE_Result res = new_region(as, va, page_count, prot, kind, &r);

	if (res)
		return res;
	r->source = contents->source ? *contents->source
				     : (struct page_source){own_page_at, &r->own, 0};
	res = fill_region(as, r, page_count, contents);
	if (res) {
		uaspace_remove(as, r);
		return res;
	}
	if (region)
		*region = r;
	return TEE_SUCCESS;
}

TEE_Result uaspace_add_own(struct uaspace *as, uint64_t va, size_t page_count, unsigned prot,
			   enum uaspace_kind kind, const struct page_filler *filler,
			   struct uaspace_region **region)
{
	const struct contents own = {.filler = filler};

	if (prot & PROT_NS)
		return TEE_ERROR_BAD_PARAMETERS;
	return add_region(as, va, page_count, prot, kind, &own, region);
}

TEE_Result uaspace_add_source(struct uaspace *as, uint64_t va, size_t page_count, unsigned prot,
			      enum uaspace_kind kind, const struct page_source *source,
			      struct uaspace_region **region)
{
	const struct contents lent = {.source = source};

	return add_region(as, va, page_count, prot, kind, &lent, region);
}

/* Unmaps up to BATCH pages at the end of the region. No TLB knows them any more afterwards. */
static void unmap_batch(struct uaspace *as, struct uaspace_region *r)
{
	size_t batch = min((size_t)r->page_count, BATCH);

	r->page_count -= batch;
	as->page_count -= batch;
	arch_aspace_unmap(&as->arch, uaddr(region_end(r)), batch);
}

/* Between batches of a clean-up. If the guest is dying there is still nothing to do but to go on.
 */
static void breathe(void)
{
	if (call_poll())
		return;
}

static void unmap_all(struct uaspace *as, struct uaspace_region *r)
{
	while (r->page_count > 0) {
		unmap_batch(as, r);
		if (r->page_count > 0)
			breathe();
	}
}

void uaspace_remove(struct uaspace *as, struct uaspace_region *r)
{
	if (!r)
		return;
	list_remove(&r->link);
	unmap_all(as, r);
	/* No TLB knows the pages any more: now they may change owner. */
	while (r->own.count > 0) {
		page_free(&as->guest->budget, page_list_pop(&r->own));
		if (r->own.count % BATCH == BATCH - 1)
			breathe();
	}
	heap_free(&as->guest->heap, r);
}

bool uaspace_shrink(struct uaspace *as)
{
	if (list_empty(&as->regions))
		return false;
	struct uaspace_region *r = region_of(as->regions.next);
	unmap_batch(as, r);
	while (r->own.count > r->page_count)
		page_free(&as->guest->budget, page_list_pop(&r->own));
	if (r->page_count == 0)
		uaspace_remove(as, r);
	return true;
}

paddr_t uaspace_page_pa(const struct uaspace_region *r, size_t index)
{
	index = page_index_clamp(index, r->page_count);
	return r->source.page_at(r->source.object, r->source.first + index);
}

void *uaspace_page(const struct uaspace_region *r, size_t index)
{
	assert(index < r->page_count && !(r->prot & PROT_NS));
	return platform_to_virtual(uaspace_page_pa(r, index));
}

TEE_Result uaspace_lend(const struct uaspace *as, uaddr_t va, size_t size,
			struct page_source *source, unsigned *prot)
{
	const struct uaspace_region *r = uaspace_find(as, va.va);
	bool may_be_lent = r && (r->kind == UASPACE_PARAM || r->kind == UASPACE_SHAREABLE);

	if (!may_be_lent || size == 0 || size > region_end(r) - va.va)
		return TEE_ERROR_BAD_PARAMETERS;
	*source = r->source;
	source->first += (va.va - r->va) >> PAGE_SHIFT;
	*prot = r->prot;
	return TEE_SUCCESS;
}
