/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's hands in a trusted app's memory. An address of the app is only ever looked up; what
 * is read or written is the page behind it, through the kernel's own map, or through
 * arch_ns_read/write() if it is a client's.
 */
#include "kernel/call/call.h"
#include "kernel/lib/string.h"
#include "kernel/platform/platform.h"
#include "kernel/ta/uaspace.h"

/* Pages between two looks at whether the normal world wants the CPU (I7). */
#define BATCH 16

#define FEW_REGIONS 16u

static bool region_allows(const struct uaspace_region *r, unsigned flags)
{
	bool is_private = r->kind != UASPACE_PARAM && r->kind != UASPACE_SHAREABLE;

	if ((flags & USER_READ) && !(r->prot & PROT_R))
		return false;
	if ((flags & USER_WRITE) && !(r->prot & PROT_W))
		return false;
	if (!(flags & USER_ANY_OWNER) && !is_private)
		return false;
	if ((flags & USER_SECURE) && (r->prot & PROT_NS))
		return false;
	return !(flags & USER_NONSECURE) || (r->prot & PROT_NS);
}

TEE_Result user_check(const struct uaspace *as, uaddr_t va, uint64_t size, unsigned flags)
{
	uint64_t end;

	if (size == 0)
		return TEE_SUCCESS;
	if (add_overflow(va.va, size, &end))
		return TEE_ERROR_ACCESS_DENIED;
	/* Region after region, so that the length of the list is what it costs at most. */
	const struct uaspace_region *r = uaspace_find(as, va.va);
	for (uint64_t at = va.va; at < end; r = uaspace_next(as, r)) {
		if (!r || at < r->va || !region_allows(r, flags))
			return TEE_ERROR_ACCESS_DENIED;
		at = r->va + (uint64_t)r->page_count * PAGE_SIZE;
	}
	return TEE_SUCCESS;
}

/* Copies within one page of the app. False: a client's memory did not answer. */
static bool copy_piece(const struct uaspace_region *r, uint64_t va, void *to, const void *from,
		       size_t size)
{
	size_t index = (va - r->va) >> PAGE_SHIFT;
	size_t offset = va & PAGE_MASK;

	if (r->prot & PROT_NS) {
		paddr_t pa = uaspace_page_pa(r, index);
		pa.pa += offset;
		return to ? arch_ns_read(to, pa, size) : arch_ns_write(pa, from, size);
	}
	char *page = uaspace_page(r, index);
	if (to)
		memcpy(to, page + offset, size);
	else
		memcpy(page + offset, from, size);
	return true;
}

static bool contains(const struct uaspace_region *r, uint64_t va)
{
	return va >= r->va && va - r->va < (uint64_t)r->page_count * PAGE_SIZE;
}

/* One of to and from is NULL: that side is the app's. */
static TEE_Result copy(const struct uaspace *as, uint64_t va, char *to, const char *from,
		       uint64_t size)
{
	const struct uaspace_region *r = uaspace_find(as, va);
	uint64_t done = 0;
	unsigned pieces = 0;

	while (done < size) {
		size_t room = PAGE_SIZE - ((va + done) & PAGE_MASK);
		size_t piece = min(size - done, (uint64_t)room);

		/* The range was checked, so what it goes on in is the next one: no search for each
		 * page. */
		if (r && !contains(r, va + done))
			r = uaspace_next(as, r);
		if (!r || !contains(r, va + done) ||
		    !copy_piece(r, va + done, to ? to + done : NULL, to ? NULL : from + done,
				piece))
			return TEE_ERROR_ACCESS_DENIED;
		done += piece;
		if (++pieces % BATCH == 0) {
			TEE_Result res = call_poll();
			if (res)
				return res;
		}
	}
	/* They were searches among many (I7). */
	return as->region_count > FEW_REGIONS ? call_poll() : TEE_SUCCESS;
}

TEE_Result user_read(const struct uaspace *as, void *to, uaddr_t from, uint64_t size,
		     unsigned flags)
{
	TEE_Result res = user_check(as, from, size, (flags & USER_ANY_OWNER) | USER_READ);

	return res ? res : copy(as, from.va, to, NULL, size);
}

TEE_Result user_write(const struct uaspace *as, uaddr_t to, const void *from, uint64_t size,
		      unsigned flags)
{
	TEE_Result res = user_check(as, to, size, (flags & USER_ANY_OWNER) | USER_WRITE);

	return res ? res : copy(as, to.va, NULL, from, size);
}

static bool clean_piece(const struct uaspace_region *r, uint64_t va, size_t size)
{
	paddr_t pa = uaspace_page_pa(r, (va - r->va) >> PAGE_SHIFT);
	bool nonsecure = r->prot & PROT_NS;
	char probe;

	pa.pa += va & PAGE_MASK;
	if (nonsecure && !arch_ns_read(&probe, pa, sizeof(probe)))
		return false;
	arch_cache_clean(pa, size, nonsecure);
	return true;
}

TEE_Result user_clean(const struct uaspace *as, uaddr_t va, uint64_t size)
{
	TEE_Result res = TEE_SUCCESS;

	for (uint64_t done = 0; done < size && res == TEE_SUCCESS;) {
		uint64_t at = va.va + done;
		const struct uaspace_region *r = uaspace_find(as, at);
		uint64_t room = PAGE_SIZE - (at & PAGE_MASK);
		size_t piece = min(size - done, room);

		if (!r || !clean_piece(r, at, piece))
			return TEE_ERROR_ACCESS_DENIED;
		done += piece;
		res = call_poll();
	}
	return res;
}
