/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address spaces of trusted apps: one level-2 table and a level-3 table for each 2 MiB in use, all
 * from the owner's budget; every entry non-global under the ASID of the space.
 */
#include "kernel/arch/arm64/cpu.h"
#include "kernel/arch/arm64/mmu.h"
#include "kernel/arch/arm64/sysreg.h"
#include "kernel/arch/arch.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/spinlock.h"
#include "kernel/memory/pages.h"
#include "kernel/platform/platform.h"

/*
 * More spaces than secure RAM has pages for, but on CPUs with 8 bits of ASID: so nobody can run out
 * of them at the cost of others, spaces that came when there was none share the last one, and the
 * TLB of a CPU forgets it before it enters one of them. ASID 0 is the identity map's.
 */
#define ASIDS       2048
#define ASID_SHARED 1

/* From this many pages on, one invalidation of the ASID is cheaper than one of each page. */
#define UNMAP_ONE_BY_ONE 32

/* Tables given back at once. */
#define TABLES_BATCH ((uint16_t)8)

static struct spinlock asid_lock;
static uint64_t asids_used[ASIDS / 64] = {1 << 0 | 1 << ASID_SHARED};

static unsigned asid_count(void)
{
	return (sysreg_read(id_aa64mmfr0_el1) >> 4 & 0xf) == 2 ? ASIDS : 256;
}

/* ASID_SHARED if no other is free. Callers give back only ASIDs that no TLB knows any more. */
static uint16_t asid_take(void)
{
	unsigned words = asid_count() / 64;
	uint16_t asid = ASID_SHARED;

	spin_lock(&asid_lock);
	for (unsigned word = 0; word < words && asid == ASID_SHARED; word++) {
		if (~asids_used[word] == 0)
			continue;
		unsigned bit = (unsigned)__builtin_ctzll(~asids_used[word]);
		asids_used[word] |= 1ull << bit;
		asid = (uint16_t)(word * 64 + bit);
	}
	spin_unlock(&asid_lock);
	return asid;
}

static void asid_give(uint16_t asid)
{
	if (asid == ASID_SHARED)
		return;
	spin_lock(&asid_lock);
	asids_used[asid / 64] &= ~(1ull << (asid % 64));
	spin_unlock(&asid_lock);
}

static uint64_t asid_field(const struct arch_aspace *as)
{
	return (uint64_t)as->asid << 48;
}

uint64_t aspace_ttbr(const struct arch_aspace *as)
{
	if (as->asid == ASID_SHARED) {
		/* Of this CPU only, which has the identity map's ASID until it enters. */
		tlbi(aside1, asid_field(as));
		dsb(nsh);
		isb();
	}
	return linear_to_pa(as->root) | asid_field(as);
}

TEE_Result arch_aspace_init(struct arch_aspace *as, struct budget *budget)
{
	as->budget = budget;
	as->root = NULL;
	as->tables = 0;
	as->asid = asid_take();
	as->root = page_alloc(budget);
	if (as->root == NULL) {
		asid_give(as->asid);
		as->asid = 0;
		return TEE_ERROR_OUT_OF_MEMORY;
	}
	return TEE_SUCCESS;
}

static uint64_t *table_of(const struct arch_aspace *as, uint64_t va)
{
	uint64_t entry = as->root[va / BLOCK_SIZE];

	if (entry == 0)
		return NULL;
	return platform_to_virtual(paddr(entry & PTE_ADDRESS));
}

static unsigned page_index(uint64_t va)
{
	return va >> PAGE_SHIFT & (TABLE_ENTRIES - 1);
}

/* No CPU has the space in its TTBR0: it is there only while the trusted app runs. */
bool arch_aspace_shrink(struct arch_aspace *as)
{
	void *tables[TABLES_BATCH];
	unsigned wanted = min(as->tables, TABLES_BATCH);
	unsigned count = 0;

	for (unsigned i = 0; i < TABLE_ENTRIES && count < wanted; i++) {
		if (as->root[i] == 0)
			continue;
		tables[count++] = platform_to_virtual(paddr(as->root[i] & PTE_ADDRESS));
		as->root[i] = 0;
	}
	if (count == 0)
		return false;
	as->tables -= count;
	dsb(ishst);
	tlbi(aside1is, asid_field(as));
	dsb(ish);
	while (count > 0)
		page_free(as->budget, tables[--count]);
	return true;
}

void arch_aspace_destroy(struct arch_aspace *as)
{
	if (as->root == NULL)
		return;
	while (arch_aspace_shrink(as))
		;
	tlbi(aside1is, asid_field(as));
	dsb(ish);
	page_free(as->budget, as->root);
	asid_give(as->asid);
	as->root = NULL;
	as->asid = 0;
}

/* Makes the page's new contents visible to instruction fetches of every CPU. */
static void code_sync(const char *page)
{
	uint64_t ctr = sysreg_read(ctr_el0);
	size_t data_line = (size_t)4 << (ctr >> 16 & 0xf);
	size_t code_line = (size_t)4 << (ctr & 0xf);
	bool by_address = (ctr >> 14 & 3) == 3; /* PIPT: any alias of the page will do */

	for (size_t i = 0; i < PAGE_SIZE; i += data_line)
		dc_cvau(page + i);
	dsb(ish);
	if (by_address)
		for (size_t i = 0; i < PAGE_SIZE; i += code_line)
			ic_ivau(page + i);
	else
		ic_ialluis();
	dsb(ish);
	isb();
}

static uint64_t user_rights(unsigned prot)
{
	uint64_t pte = PTE_MEMORY | PTE_USER | PTE_NOT_GLOBAL | PTE_KERNEL_XN | PTE_PAGE;

	if (!(prot & PROT_W))
		pte |= PTE_READ_ONLY;
	if (!(prot & PROT_X))
		pte |= PTE_USER_XN;
	if (prot & PROT_NS)
		pte |= PTE_NONSECURE;
	if (prot & PROT_BTI)
		pte |= PTE_GUARDED;
	return pte;
}

TEE_Result arch_aspace_map(struct arch_aspace *as, uaddr_t va, paddr_t pa, unsigned prot)
{
	bool in_range = va.va >= ARCH_USER_BASE && va.va < ARCH_USER_END;

	assert(in_range && (va.va & PAGE_MASK) == 0 && (pa.pa & ~PTE_ADDRESS) == 0);
	assert(!((prot & PROT_X) && (prot & (PROT_W | PROT_NS))));

	uint64_t *table = table_of(as, va.va);
	if (table == NULL) {
		table = page_alloc(as->budget);
		if (table == NULL)
			return TEE_ERROR_OUT_OF_MEMORY;
		dsb(ishst); /* zeroes first: another CPU may already walk this space */
		as->root[va.va / BLOCK_SIZE] = linear_to_pa(table) | PTE_TABLE;
		as->tables++;
	}
	assert(table[page_index(va.va)] == 0);
	if (prot & PROT_X)
		code_sync(platform_to_virtual(pa));
	table[page_index(va.va)] = pa.pa | user_rights(prot);
	dsb(ishst);
	return TEE_SUCCESS;
}

void arch_aspace_unmap(struct arch_aspace *as, uaddr_t va, size_t page_count)
{
	size_t removed = 0;

	for (size_t i = 0; i < page_count; i++) {
		uint64_t page = va.va + i * PAGE_SIZE;
		uint64_t *table = page < ARCH_USER_END ? table_of(as, page) : NULL;

		if (table == NULL || table[page_index(page)] == 0)
			continue;
		table[page_index(page)] = 0;
		removed++;
	}
	if (removed == 0)
		return;
	dsb(ishst);
	if (page_count > UNMAP_ONE_BY_ONE)
		tlbi(aside1is, asid_field(as));
	else
		for (size_t i = 0; i < page_count; i++)
			tlbi(vale1is, asid_field(as) | (va.va / PAGE_SIZE + i));
	dsb(ish);
}
