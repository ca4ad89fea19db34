/* SPDX-License-Identifier: BSD-2-Clause */
/* Regions of a trusted app's address space: room, mapping, unmapping. */
#include "kernel/ta/uaspace.h"

#include "kernel/call/call.h"
#include "kernel/crypto/crypto.h"
#include "kernel/lib/assert.h"
#include "kernel/platform/platform.h"

/* A new instance starts at one of these blocks: what is small then needs one page table only. */
#define HOME_BLOCK ((uint64_t)2 << 20)

/* Pages given back, or lent and mapped, between two looks at whether the normal world wants the
 * CPU, and pages that are filled (I7). */
#define BATCH      ((size_t)8)
#define FILL_BATCH ((size_t)4)

#define WINDOW (ARCH_USER_END - ARCH_USER_BASE)

/* Bytes to stay unmapped below and above a region. */
struct pads {
	uint32_t before;
	uint32_t after;
};
static const struct pads one_page = {PAGE_SIZE, PAGE_SIZE};

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
	uint64_t blocks = WINDOW / HOME_BLOCK;

	*as = (struct uaspace){.guest = guest};
	list_init(&as->regions);
	as->home = ARCH_USER_BASE + HOME_BLOCK * crypto_random_below(blocks);
	return arch_aspace_init(&as->arch, &guest->budget);
}

/* Between batches of a clean-up. If the guest is dying there is still nothing to do but to go on.
 */
static void breathe(void)
{
	if (call_poll())
		return;
}

void uaspace_destroy(struct uaspace *as)
{
	while (!list_empty(&as->regions)) {
		uaspace_remove(as, region_of(as->regions.next));
		breathe();
	}
	while (arch_aspace_shrink(&as->arch))
		breathe();
	arch_aspace_destroy(&as->arch);
}

/* First fit from start on for size bytes with the pads around them. 0 if there is none. */
static uint64_t find_room_from(const struct uaspace *as, uint64_t start, uint64_t size,
			       const struct pads *pads)
{
	uint64_t va = start;

	list_for_each (node, &as->regions) {
		const struct uaspace_region *r = region_of(node);
		uint64_t below = max(r->pad_after, pads->before);
		uint64_t above = max(r->pad_before, pads->after);
		if (region_end(r) + below <= va)
			continue;
		if (va + size + above <= r->va)
			break;
		va = region_end(r) + below;
	}
	return va + size <= ARCH_USER_END ? va : 0;
}

static TEE_Result find_room(const struct uaspace *as, uint64_t size, const struct pads *pads,
			    uint64_t *va)
{
	*va = find_room_from(as, as->home, size, pads);
	if (*va == 0)
		*va = find_room_from(as, ARCH_USER_BASE, size, pads);
	if (*va == 0)
		return TEE_ERROR_OUT_OF_MEMORY;
	return call_poll(); /* more searches follow (I7) */
}

TEE_Result uaspace_find_room(const struct uaspace *as, size_t page_count, uint64_t *va)
{
	if (page_count == 0 || page_count > WINDOW / PAGE_SIZE)
		return TEE_ERROR_OUT_OF_MEMORY;
	return find_room(as, (uint64_t)page_count * PAGE_SIZE, &one_page, va);
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

struct uaspace_region *uaspace_next(const struct uaspace *as, const struct uaspace_region *r)
{
	return r->link.next == &as->regions ? NULL : region_of(r->link.next);
}

static bool is_free(const struct uaspace *as, uint64_t va, size_t page_count)
{
	uint64_t end;

	if (va % PAGE_SIZE != 0 || page_count == 0 || page_count > WINDOW / PAGE_SIZE)
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

/* Did the app ask for it? */
static bool is_wished(enum uaspace_kind kind)
{
	return kind == UASPACE_PRIVATE || kind == UASPACE_SHAREABLE;
}

/* A record without pages, not linked yet. */
static struct uaspace_region *record_new(struct uaspace *as, uint64_t va, unsigned prot,
					 enum uaspace_kind kind)
{
	struct uaspace_region *r;

	if (as->region_count == UASPACE_REGIONS_MAX ||
	    (is_wished(kind) && as->zero_count == UASPACE_ZERO_MAX))
		return NULL;
	r = heap_alloc(&as->guest->heap, sizeof(*r));
	if (!r)
		return NULL;
	as->region_count++;
	as->zero_count += is_wished(kind);
	r->va = va;
	r->prot = prot;
	r->kind = kind;
	r->pad_before = r->pad_after = PAGE_SIZE;
	list_init(&r->link);
	page_list_init(&r->own, &as->guest->heap);
	return r;
}

/* Its pages have gone already. */
static void record_drop(struct uaspace *as, struct uaspace_region *r)
{
	list_remove(&r->link);
	as->region_count--;
	as->zero_count -= is_wished(r->kind);
	heap_free(&as->guest->heap, r);
}

static void link_at_its_place(struct uaspace *as, struct uaspace_region *r)
{
	struct list *pos = as->regions.next;

	while (pos != &as->regions && region_of(pos)->va < r->va)
		pos = pos->next;
	list_insert(pos, &r->link);
}

static TEE_Result new_region(struct uaspace *as, uint64_t va, size_t page_count, unsigned prot,
			     enum uaspace_kind kind, struct uaspace_region **out)
{
	if (!prot_is_valid(prot) || !is_free(as, va, page_count))
		return TEE_ERROR_BAD_PARAMETERS;
	*out = record_new(as, va, prot, kind);
	if (!*out)
		return TEE_ERROR_OUT_OF_MEMORY;
	link_at_its_place(as, *out);
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

		/* At the first one, too: there may be many regions of a few pages. */
		if (i % FILL_BATCH == 0)
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

static TEE_Result make_room(struct budget *budget, uint32_t page_count)
{
	TEE_Result res = TEE_SUCCESS;

	while (!res && !budget_has_room(budget, page_count))
		res = budget_reclaim(budget, page_count) ? call_poll() : TEE_ERROR_OUT_OF_MEMORY;
	return res;
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
	res = contents->source ? TEE_SUCCESS : make_room(&as->guest->budget, (uint32_t)page_count);
	if (!res)
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

/* Unmaps up to count pages, a batch at most, at the end of the region. No TLB knows them any more
 * afterwards. */
static void unmap_batch(struct uaspace *as, struct uaspace_region *r, size_t count)
{
	size_t batch = min(count, BATCH);

	r->page_count -= batch;
	as->page_count -= batch;
	arch_aspace_unmap(&as->arch, uaddr(region_end(r)), batch);
}

/* Takes all pages but the first keep from the app and gives own ones back. */
static void trim(struct uaspace *as, struct uaspace_region *r, size_t keep)
{
	while (r->page_count > keep) {
		unmap_batch(as, r, r->page_count - keep);
		if (r->page_count > keep)
			breathe();
	}
	/* No TLB knows the pages any more: now they may change owner. */
	while (r->own.count > keep) {
		page_free(&as->guest->budget, page_list_pop(&r->own));
		if (r->own.count % BATCH == BATCH - 1)
			breathe();
	}
}

void uaspace_remove(struct uaspace *as, struct uaspace_region *r)
{
	if (!r)
		return;
	trim(as, r, 0);
	record_drop(as, r);
}

static struct uaspace_region *first_with_own_pages(const struct uaspace *as)
{
	list_for_each (node, &as->regions) {
		if (region_of(node)->own.count > 0)
			return region_of(node);
	}
	return NULL;
}

/* Pages that come back are first: who takes memory back wants one, not the end (kernel/ta/idle.c).
 * Then tables, and with them all that is mapped: what is left of other regions is their records. */
bool uaspace_shrink(struct uaspace *as)
{
	struct uaspace_region *r = as->own_is_back ? NULL : first_with_own_pages(as);

	as->own_is_back = !r;
	if (!r && arch_aspace_shrink(&as->arch))
		return true;
	if (!r && list_empty(&as->regions))
		return false;
	if (r) {
		unmap_batch(as, r, r->page_count);
		while (r->own.count > r->page_count)
			page_free(&as->guest->budget, page_list_pop(&r->own));
	} else {
		r = region_of(as->regions.next);
		as->page_count -= r->page_count;
		r->page_count = 0;
	}
	if (r->page_count == 0)
		record_drop(as, r);
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

/* --- memory at the app's own wish ----------------------------------------------------------------
 */

/* Bytes to whole pages; false: more than the window has. */
static bool to_pages(uint64_t *size)
{
	if (*size > WINDOW)
		return false;
	*size = round_up(*size, PAGE_SIZE);
	return true;
}

/* hint, or an address of the loader's choice if it is 0. */
static TEE_Result find_place(const struct uaspace *as, uint64_t hint, uint64_t size,
			     const struct pads *pads, uint64_t *va)
{
	if (hint == 0)
		return find_room(as, size, pads, va);
	if (hint < ARCH_USER_BASE || hint >= ARCH_USER_END || size > ARCH_USER_END - hint)
		return TEE_ERROR_OUT_OF_MEMORY;
	*va = hint;
	/* Pads may reach beyond the window, what they surround may not. */
	uint64_t from = hint - min(hint - ARCH_USER_BASE, (uint64_t)pads->before);
	uint64_t end = min(hint + size + pads->after, ARCH_USER_END);
	return is_free(as, from, (end - from) / PAGE_SIZE) ? TEE_SUCCESS : TEE_ERROR_OUT_OF_MEMORY;
}

TEE_Result uaspace_map_zero(struct uaspace *as, uint64_t size, bool shareable, uint64_t hint,
			    uint64_t pad_before, uint64_t pad_after, uint64_t *va)
{
	struct uaspace_region *r;

	if (size == 0 || hint % PAGE_SIZE != 0)
		return TEE_ERROR_BAD_PARAMETERS;
	if (!to_pages(&size) || !to_pages(&pad_before) || !to_pages(&pad_after))
		return TEE_ERROR_OUT_OF_MEMORY;
	const struct pads pads = {max(pad_before, (uint64_t)PAGE_SIZE),
				  max(pad_after, (uint64_t)PAGE_SIZE)};
	const struct pads at_hint = {pad_before, pad_after};
	TEE_Result res = find_place(as, hint, size, hint ? &at_hint : &pads, va);
	if (!res)
		res = uaspace_add_own(as, *va, size / PAGE_SIZE, PROT_R | PROT_W,
				      shareable ? UASPACE_SHAREABLE : UASPACE_PRIVATE, NULL, &r);
	if (res)
		return res;
	r->pad_before = pads.before;
	r->pad_after = pads.after;
	return TEE_SUCCESS;
}

/* Moves the pages from index first on into a region of their own behind r, mapped as they are. */
static TEE_Result split(struct uaspace *as, struct uaspace_region *r, size_t first)
{
	struct uaspace_region *tail = record_new(as, r->va + first * PAGE_SIZE, r->prot, r->kind);
	TEE_Result res = TEE_SUCCESS;

	if (!tail)
		return TEE_ERROR_OUT_OF_MEMORY;
	for (size_t i = first; !res && i < r->page_count; i++) {
		if (i % BATCH == BATCH - 1)
			res = call_poll();
		if (!res)
			res = page_list_append(&tail->own, page_list_get(&r->own, i),
					       r->page_count - i - 1);
	}
	if (res) {
		while (tail->own.count > 0) {
			page_list_pop(&tail->own);
			if (tail->own.count % BATCH == BATCH - 1)
				breathe();
		}
		record_drop(as, tail);
		return res;
	}
	tail->source = (struct page_source){own_page_at, &tail->own, 0};
	tail->page_count = tail->own.count;
	tail->pad_after = r->pad_after;
	while (r->own.count > first) {
		page_list_pop(&r->own);
		if (r->own.count % BATCH == BATCH - 1)
			breathe();
	}
	r->page_count = first;
	r->pad_after = PAGE_SIZE;
	link_at_its_place(as, tail);
	return TEE_SUCCESS;
}

TEE_Result uaspace_unmap_zero(struct uaspace *as, uint64_t va, uint64_t size)
{
	struct uaspace_region *r = uaspace_find(as, va);
	bool valid = r && is_wished(r->kind) && va % PAGE_SIZE == 0 && size > 0 && to_pages(&size);

	if (!valid || size > region_end(r) - va)
		return TEE_ERROR_BAD_PARAMETERS;
	size_t first = (va - r->va) / PAGE_SIZE;
	size_t count = size / PAGE_SIZE;
	if (first + count < r->page_count) {
		TEE_Result res = split(as, r, first + count);
		if (res)
			return res;
	}
	if (first == 0)
		uaspace_remove(as, r);
	else
		trim(as, r, first);
	return TEE_SUCCESS;
}
