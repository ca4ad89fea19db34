/* SPDX-License-Identifier: BSD-2-Clause */
/* Address spaces of apps on the host: tables in the budget's pages, walked by the tests. */
#include "kernel/arch/host/host.h"
#include "kernel/arch/host/internal.h"
#include "kernel/lib/assert.h"
#include "kernel/memory/pages.h"
#include "kernel/platform/platform.h"

#define ENTRIES    512u
#define BLOCK_SIZE (ENTRIES * PAGE_SIZE)
#define ASIDS      256u

static bool asid_used[ASIDS];
static size_t ns_mappings;

void host_aspaces_reset(void)
{
	for (unsigned i = 0; i < ASIDS; i++)
		asid_used[i] = false;
	ns_mappings = 0;
}

size_t host_ns_mappings(void)
{
	return ns_mappings;
}

TEE_Result arch_aspace_init(struct arch_aspace *as, struct budget *budget)
{
	uint16_t asid = 1;

	while (asid < ASIDS && asid_used[asid])
		asid++;
	as->root = asid < ASIDS ? page_alloc(budget) : NULL;
	if (!as->root)
		return TEE_ERROR_OUT_OF_MEMORY;
	as->budget = budget;
	as->asid = asid;
	asid_used[asid] = true;
	return TEE_SUCCESS;
}

void arch_aspace_destroy(struct arch_aspace *as)
{
	for (unsigned i = 0; i < ENTRIES; i++) {
		uint64_t *table = (uint64_t *)(uintptr_t)as->root[i];
		for (unsigned n = 0; table && n < ENTRIES; n++)
			ns_mappings -= (table[n] & PROT_NS) != 0;
		page_free(as->budget, table);
	}
	page_free(as->budget, as->root);
	asid_used[as->asid] = false;
	as->root = NULL;
}

static uint64_t *entry(struct arch_aspace *as, uint64_t va)
{
	uint64_t *table = (uint64_t *)(uintptr_t)as->root[va / BLOCK_SIZE];

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
		as->root[va.va / BLOCK_SIZE] = (uintptr_t)table;
	}
	uint64_t *e = entry(as, va.va);
	assert(*e == 0);
	*e = pa.pa | prot;
	ns_mappings += (prot & PROT_NS) != 0;
	return TEE_SUCCESS;
}

void arch_aspace_unmap(struct arch_aspace *as, uaddr_t va, size_t page_count)
{
	for (size_t i = 0; i < page_count; i++) {
		uint64_t *e = entry(as, va.va + i * PAGE_SIZE);
		if (!e)
			continue;
		ns_mappings -= (*e & PROT_NS) != 0;
		*e = 0;
	}
}

void *host_user_memory(struct arch_aspace *as, uint64_t va, unsigned prot)
{
	uint64_t *e;

	if (va < ARCH_USER_BASE || va >= ARCH_USER_END)
		return NULL;
	e = entry(as, va);
	if (!e || (*e & prot) != prot)
		return NULL;
	uint64_t pa = (*e & ~PAGE_MASK) + (va & PAGE_MASK);
	return *e & PROT_NS ? host_ns(pa) : platform_to_virtual(paddr(pa));
}
