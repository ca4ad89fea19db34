/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The address space of a trusted app as the kernel sees it: regions, sorted by address, with at
 * least one unmapped page between those that do not belong to the same segment.
 *
 * The kernel reaches user memory only by looking the region up and going to its pages; it never
 * dereferences an address of the app (trusted-app ABI §3.3 rule 7).
 *
 * Owner: an instance; pages, tables and records are charged to the instance's guest. Context of all
 * functions: monitor of that guest held. Functions that say "polls" give the CPU back in between
 * when the normal world wants it; only the call that runs in the instance may use the address space
 * meanwhile.
 */
#ifndef TA_UASPACE_H
#define TA_UASPACE_H

#include "abi/result.h"
#include "kernel/arch/arch.h"
#include "kernel/guest/guest.h"
#include "kernel/ta/pagelist.h"

enum uaspace_kind {
	UASPACE_SEGMENT,   /* of the app's image: pages shared with other instances, or its own */
	UASPACE_STACK,     /* own pages */
	UASPACE_LOADER,    /* own page, read-only: program headers and the module table */
	UASPACE_PRIVATE,   /* own pages the app asked for: uaspace_map_zero() */
	UASPACE_SHAREABLE, /* same, but may be passed on to another app */
	UASPACE_PARAM      /* memory of a client, for the time of one entry */
};

/* Where a region's pages are: a function of somebody who keeps them alive as long as the region. */
struct page_source {
	paddr_t (*page_at)(const void *object, size_t index);
	const void *object;
	size_t first; /* index of the region's first page */
};

struct uaspace_region {
	struct list link;
	uint64_t va;
	uint32_t page_count;
	uint32_t pad_before; /* bytes kept free below and above it, whole pages, at least one, … */
	uint32_t pad_after;  /* … by whoever looks for room; fixed addresses may come closer */
	unsigned prot;       /* PROT_* of kernel/arch/arch.h */
	enum uaspace_kind kind;
	struct page_source source;
	struct page_list own; /* pages to be freed with the region; empty if it owns none */
};

/* Regions are searched one by one, with interrupts masked: so many may an app ask for … */
#define UASPACE_ZERO_MAX 256
/* … and so many may there be, with those of its files, which choose how many they need (I7). */
#define UASPACE_REGIONS_MAX 352

struct uaspace {
	struct arch_aspace arch;
	struct guest *guest;
	struct list regions;
	uint64_t home;         /* where the search for room begins: random per instance */
	uint32_t page_count;   /* mapped now */
	uint32_t region_count; /* at most UASPACE_REGIONS_MAX */
	uint32_t zero_count;   /* regions the app asked for: at most UASPACE_ZERO_MAX */
	bool own_is_back;      /* it is taken apart, and has no pages of its own any more */
};

/* An empty address space. OUT_OF_MEMORY: nothing remains. */
TEE_Result must_check uaspace_init(struct uaspace *as, struct guest *guest);

/* Removes every region, frees own pages (scrubbed) and the tables. Polls; cannot fail. */
void uaspace_destroy(struct uaspace *as);

/* A bounded piece of uaspace_destroy(), for whoever cannot poll: what brings pages back first.
 * False: no region and no table is left, so that it is short itself and does not poll. */
bool uaspace_shrink(struct uaspace *as);

/* Room for page_count pages with an unmapped page on both sides. OUT_OF_MEMORY if there is none;
 * TARGET_DEAD: it polls. */
TEE_Result must_check uaspace_find_room(const struct uaspace *as, size_t page_count, uint64_t *va);

/* What own pages begin with: called for each page, still zero, before the app can see it. */
struct page_filler {
	void (*fill)(const void *object, size_t index, void *page);
	const void *object;
};

/*
 * Adds a region of own pages (zero, or filled by filler if it is not NULL) / of pages of a source.
 * [va, va + page_count pages) must lie in the user window and touch no region: BAD_PARAMETERS
 * otherwise, and for page_count 0 or W with X. OUT_OF_MEMORY; TARGET_DEAD: the guest died while it
 * polled. On failure nothing remains. region may be NULL.
 */
TEE_Result must_check uaspace_add_own(struct uaspace *as, uint64_t va, size_t page_count,
				      unsigned prot, enum uaspace_kind kind,
				      const struct page_filler *filler,
				      struct uaspace_region **region);
TEE_Result must_check uaspace_add_source(struct uaspace *as, uint64_t va, size_t page_count,
					 unsigned prot, enum uaspace_kind kind,
					 const struct page_source *source,
					 struct uaspace_region **region);

/* Unmaps it (no TLB keeps an entry), frees own pages and the record. Polls. NULL is ignored. */
void uaspace_remove(struct uaspace *as, struct uaspace_region *region);

/*
 * Zeroed, writable pages at the app's own wish, private or shareable; size and pads in bytes,
 * rounded up to pages. hint 0: anywhere with the pads (at least a page) unmapped on both sides,
 * also by what comes later; else exactly there, with the pads unmapped now. BAD_PARAMETERS: size 0,
 * hint not page-aligned; OUT_OF_MEMORY: no pages, no room, hint taken or outside the window, too
 * many regions; TARGET_DEAD. Polls. TA-142.
 */
TEE_Result must_check uaspace_map_zero(struct uaspace *as, uint64_t size, bool shareable,
				       uint64_t hint, uint64_t pad_before, uint64_t pad_after,
				       uint64_t *va);

/*
 * Takes [va, va + size), size rounded up to pages, back from the app and scrubs it: one region of
 * uaspace_map_zero() or a part of one. BAD_PARAMETERS, nothing changed: anything else (other
 * memory, several regions, size 0, va not page-aligned). OUT_OF_MEMORY: no memory for the record of
 * what stays behind the part, or too many regions; nothing changed. Polls. TA-142.
 */
TEE_Result must_check uaspace_unmap_zero(struct uaspace *as, uint64_t va, uint64_t size);

/* The region that va lies in, or NULL. */
struct uaspace_region *uaspace_find(const struct uaspace *as, uint64_t va);

/* The next region by address, or NULL. */
struct uaspace_region *uaspace_next(const struct uaspace *as, const struct uaspace_region *region);

/* Where page index < page_count of a region is; an index out of range gives the first, also to a
 * CPU that only guesses. */
paddr_t uaspace_page_pa(const struct uaspace_region *region, size_t index);

/* Kernel address of page index of a region of secure memory (asserted). */
void *uaspace_page(const struct uaspace_region *region, size_t index);

/*
 * The pages behind [va, va + size), size > 0, as a source for a region of another address space
 * (memory passed from app to app): it must lie in one region that is not private to this app,
 * BAD_PARAMETERS otherwise. prot gets that region's rights. Valid as long as this region is.
 */
TEE_Result must_check uaspace_lend(const struct uaspace *as, uaddr_t va, size_t size,
				   struct page_source *source, unsigned *prot);

/* --- user pointers (trusted-app ABI §3.3, §4.5) --------------------------------------------------
 */

#define USER_READ  (1u << 0)
#define USER_WRITE (1u << 1)
#define USER_ANY_OWNER                                                                             \
	(1u << 2) /* parameters and shareable memory too, not only private memory                  \
		   */
#define USER_NONSECURE (1u << 28)
#define USER_SECURE    (1u << 29)

/*
 * What syscall 8 asks: SUCCESS if every page of [va, va + size) is there with these rights, else
 * ACCESS_DENIED. Size 0 is always allowed, overflow never (TA-064, TA-065, TA-092). Bits that are
 * not listed are ignored.
 */
TEE_Result must_check user_check(const struct uaspace *as, uaddr_t va, uint64_t size,
				 unsigned flags);

/*
 * Copies from and to the app. flags: USER_ANY_OWNER or 0 for arguments that must be private. The
 * whole range is checked before a byte moves: ACCESS_DENIED. Size 0 touches nothing. Polls when the
 * range is long: TARGET_DEAD.
 */
TEE_Result must_check user_read(const struct uaspace *as, void *to, uaddr_t from, uint64_t size,
				unsigned flags);
TEE_Result must_check user_write(const struct uaspace *as, uaddr_t to, const void *from,
				 uint64_t size, unsigned flags);

/* Cleans the data caches of a range that was checked (arch_cache_clean()). ACCESS_DENIED: a page is
 * not there or does not answer. Polls: TARGET_DEAD. */
TEE_Result must_check user_clean(const struct uaspace *as, uaddr_t va, uint64_t size);

#endif
