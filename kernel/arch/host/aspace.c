/* SPDX-License-Identifier: BSD-2-Clause */
/* Address spaces of apps on the host: tables in the budget's pages, walked by the tests. */
#include "kernel/arch/host/host.h"
#include "kernel/arch/host/internal.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/memory/pages.h"
#include "kernel/platform/platform.h"

#define ENTRIES 512u

/* Tables given back at once. */
#define TABLES_BATCH 32u
#define BLOCK_SIZE   (ENTRIES * PAGE_SIZE)
#define SECURE_PAGES 16384u /* that are counted */
#define ASIDS        256u   /* the last one is shared by all that find no other */

/* Descriptors as of Armv8-A, stage 1, 4 KiB; bit 55 is left to software. */
#define DESC_PAGE    (3ull | 1ull << 10 | 3ull << 8 | 1ull << 11) /* AF, inner shareable, nG */
#define DESC_TABLE   3ull
#define DESC_USER    (1ull << 6)
#define DESC_RO      (1ull << 7)
#define DESC_PXN     (1ull << 53)
#define DESC_UXN     (1ull << 54)
#define DESC_NS      (1ull << 55)
#define DESC_GUARDED (1ull << 50)
#define DESC_PA_MASK 0xFFFFFFF000ull

void (*host_tlb_flush)(void);
void (*host_code_mapped)(uint64_t pa);

static bool asid_used[ASIDS];
static size_t ns_mappings;
static size_t spaces;
static uint32_t ns_mapped[HOST_NS_SIZE / PAGE_SIZE]; /* how often each page of guests' memory is */
static uint32_t mapped[SECURE_PAGES];                /* same, of secure memory */

void host_aspaces_reset(void)
{
	for (unsigned i = 0; i < ASIDS; i++)
		asid_used[i] = false;
	ns_mappings = 0;
	memset(ns_mapped, 0, sizeof(ns_mapped));
	memset(mapped, 0, sizeof(mapped));
	spaces = 0;
}

size_t host_aspaces(void)
{
	return spaces;
}

size_t host_ns_mappings(void)
{
	return ns_mappings;
}

bool host_ns_is_mapped(uint64_t pa)
{
	return ns_mapped[(pa - HOST_NS_BASE) / PAGE_SIZE] > 0;
}

size_t host_ns_mappings_of(const struct arch_aspace *as)
{
	return as->ns_mappings;
}

TEE_Result arch_aspace_init(struct arch_aspace *as, struct budget *budget)
{
	uint16_t asid = 1;

	while (asid < ASIDS - 1 && asid_used[asid])
		asid++;
	as->root = page_alloc(budget);
	if (!as->root)
		return TEE_ERROR_OUT_OF_MEMORY;
	as->budget = budget;
	as->asid = asid;
	as->ns_mappings = 0;
	asid_used[asid] = true;
	spaces++;
	return TEE_SUCCESS;
}

static uint64_t table_pa(const void *table)
{
	return platform_to_physical(table).pa + HOST_TABLE_PA;
}

static uint64_t desc_pa(uint64_t desc)
{
	return (desc & DESC_PA_MASK) - HOST_TABLE_PA;
}

static uint64_t *table_at(uint64_t desc)
{
	return desc ? platform_to_virtual(paddr(desc_pa(desc))) : NULL;
}

static uint64_t desc_of(uint64_t pa, unsigned prot)
{
	return (pa + HOST_TABLE_PA) | DESC_PAGE | DESC_PXN | (prot & PROT_R ? DESC_USER : 0) |
	       (prot & PROT_W ? 0 : DESC_RO) | (prot & PROT_X ? 0 : DESC_UXN) |
	       (prot & PROT_NS ? DESC_NS : 0) | (prot & PROT_BTI ? DESC_GUARDED : 0);
}

static unsigned prot_of(uint64_t desc)
{
	return (desc & DESC_USER ? PROT_R : 0) | (desc & DESC_RO ? 0 : PROT_W) |
	       (desc & DESC_UXN ? 0 : PROT_X) | (desc & DESC_NS ? PROT_NS : 0) |
	       (desc & DESC_GUARDED ? PROT_BTI : 0);
}

static uint32_t *mapped_of(uint64_t secure_pa)
{
	static uint32_t none;
	uint64_t base;
	size_t size;

	host_secure(&base, &size);
	uint64_t index = (secure_pa - base) / PAGE_SIZE;
	return index < SECURE_PAGES ? &mapped[index] : &none;
}

bool host_is_mapped(const void *page)
{
	return *mapped_of(platform_to_physical(page).pa) > 0;
}

/* An entry comes or goes. */
static void count_mapping(struct arch_aspace *as, uint64_t desc, int change)
{
	if (!desc)
		return;
	if (!(desc & DESC_NS)) {
		*mapped_of(desc_pa(desc)) += (uint32_t)change;
		return;
	}
	ns_mappings += (size_t)change;
	as->ns_mappings += (size_t)change;
	ns_mapped[(desc_pa(desc) - HOST_NS_BASE) / PAGE_SIZE] += (uint32_t)change;
}

bool arch_aspace_shrink(struct arch_aspace *as)
{
	unsigned count = 0;

	for (unsigned i = 0; i < ENTRIES && count < TABLES_BATCH; i++) {
		uint64_t *table = table_at(as->root[i]);
		if (!table)
			continue;
		for (unsigned n = 0; n < ENTRIES; n++)
			count_mapping(as, table[n], -1);
		as->root[i] = 0;
		page_free(as->budget, table);
		count++;
	}
	return count > 0;
}

void arch_aspace_destroy(struct arch_aspace *as)
{
	while (arch_aspace_shrink(as))
		;
	if (host_tlb_flush)
		host_tlb_flush();
	page_free(as->budget, as->root);
	asid_used[as->asid] = false;
	spaces--;
	as->root = NULL;
}

static uint64_t *entry(struct arch_aspace *as, uint64_t va)
{
	uint64_t *table = table_at(as->root[va / BLOCK_SIZE]);

	return table ? &table[va / PAGE_SIZE % ENTRIES] : NULL;
}

TEE_Result arch_aspace_map(struct arch_aspace *as, uaddr_t va, paddr_t pa, unsigned prot)
{
	assert(va.va >= ARCH_USER_BASE && va.va < ARCH_USER_END && va.va % PAGE_SIZE == 0);
	assert(!((prot & PROT_W) && (prot & PROT_X)) && !((prot & PROT_NS) && (prot & PROT_X)));
	assert(((prot & PROT_NS) != 0) == platform_is_nonsecure_ram(pa, PAGE_SIZE));
	if (!entry(as, va.va)) {
		void *table = page_alloc(as->budget);
		if (!table)
			return TEE_ERROR_OUT_OF_MEMORY;
		as->root[va.va / BLOCK_SIZE] = table_pa(table) | DESC_TABLE;
	}
	uint64_t *e = entry(as, va.va);
	assert(*e == 0);
	*e = desc_of(pa.pa, prot);
	if ((prot & PROT_X) && host_code_mapped)
		host_code_mapped(pa.pa);
	count_mapping(as, *e, 1);
	return TEE_SUCCESS;
}

void arch_aspace_unmap(struct arch_aspace *as, uaddr_t va, size_t page_count)
{
	for (size_t i = 0; i < page_count; i++) {
		uint64_t *e = entry(as, va.va + i * PAGE_SIZE);
		if (!e)
			continue;
		count_mapping(as, *e, -1);
		*e = 0;
	}
	if (host_tlb_flush)
		host_tlb_flush();
}

void *host_user_memory(struct arch_aspace *as, uint64_t va, unsigned prot)
{
	uint64_t *e;

	if (va < ARCH_USER_BASE || va >= ARCH_USER_END)
		return NULL;
	e = entry(as, va);
	if (!e || !*e || (prot_of(*e) & prot) != prot)
		return NULL;
	uint64_t pa = desc_pa(*e) + (va & PAGE_MASK);
	return *e & DESC_NS ? host_ns(pa) : platform_to_virtual(paddr(pa));
}
