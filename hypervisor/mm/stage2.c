/* SPDX-License-Identifier: BSD-2-Clause */
/* Stage-2 tables: 39-bit guest addresses, 4 KiB pages, three levels (1 to 3). */
#include <mm/mm.h>

#define ENTRIES    512u
#define PTE_VALID  BIT(0)
#define PTE_TABLE  BIT(1) /* levels 1, 2: a table; level 3: a page */
#define PTE_MEM_WB (0xFull << 2)
#define PTE_RW     (3ull << 6)
#define PTE_INNER  (3ull << 8)
#define PTE_AF     BIT(10)
#define PTE_ADDR   MASK(47, 12)
#define PTE_RAM    (PTE_VALID | PTE_TABLE | PTE_MEM_WB | PTE_RW | PTE_INNER | PTE_AF)

static uint64_t *table_at(uint64_t pte)
{
	return mm_ptr(PADDR(pte & PTE_ADDR));
}

static unsigned index_at(struct ipaddr ipa, unsigned level)
{
	return (unsigned)(ipa.v >> (12 + 9 * (3 - level))) % ENTRIES;
}

bool stage2_init(struct stage2 *s2, struct page_pool *pool)
{
	*s2 = (struct stage2){.pool = pool, .table_count = 1};
	return page_alloc(pool, &s2->root);
}

/* The level-3 entry of @ipa; tables are made on the way if @create. NULL: none (or no memory). */
static uint64_t *entry_find(struct stage2 *s2, struct ipaddr ipa, bool create)
{
	uint64_t *table = mm_ptr(s2->root);

	for (unsigned level = 1; level < 3; level++) {
		uint64_t *pte = &table[index_at(ipa, level)];

		if (!*pte) {
			struct paddr next;

			if (!create || !page_alloc(s2->pool, &next))
				return NULL;
			s2->table_count++;
			/* The table's zeroes must be seen before the entry that leads to it. */
			__atomic_store_n(pte, next.v | PTE_VALID | PTE_TABLE, __ATOMIC_RELEASE);
		}
		table = table_at(*pte);
	}
	return &table[index_at(ipa, 3)];
}

bool stage2_map(struct stage2 *s2, struct ipaddr ipa, struct paddr pa)
{
	uint64_t *pte;

	if (ipa.v >> STAGE2_IPA_BITS)
		return false;
	pte = entry_find(s2, ipa, true);
	if (!pte || *pte)
		return false;
	__atomic_store_n(pte, pa.v | PTE_RAM, __ATOMIC_RELEASE);
	return true;
}

bool stage2_lookup(const struct stage2 *s2, struct ipaddr ipa, struct paddr *pa)
{
	const uint64_t *table = mm_ptr(s2->root);

	if (ipa.v >> STAGE2_IPA_BITS)
		return false;
	for (unsigned level = 1; level <= 3; level++) {
		uint64_t pte = __atomic_load_n(&table[index_at(ipa, level)], __ATOMIC_ACQUIRE);

		if (!(pte & PTE_VALID))
			return false;
		if (level == 3)
			*pa = PADDR((pte & PTE_ADDR) | (ipa.v & (PAGE_SIZE - 1)));
		else
			table = table_at(pte);
	}
	return true;
}

/* The guest's pages of one level-3 table, from the cursor to the table's end or the budget's. */
static bool leaf_free_step(struct stage2 *s2, uint64_t *leaf, uint64_t *cursor, uint32_t *budget)
{
	do {
		uint64_t *pte = &leaf[index_at(IPADDR(*cursor), 3)];

		if (!*budget)
			return false;
		if (*pte) {
			uint64_t old = *pte;

			*pte = 0;
			page_put(s2->pool, PADDR(old & PTE_ADDR));
			--*budget;
		}
		*cursor += PAGE_SIZE;
	} while (index_at(IPADDR(*cursor), 3) != 0);
	return true;
}

bool stage2_free_step(struct stage2 *s2, uint64_t *cursor, uint32_t budget)
{
	uint64_t *root = mm_ptr(s2->root);

	while (*cursor < BIT(STAGE2_IPA_BITS)) {
		uint64_t *l1 = &root[index_at(IPADDR(*cursor), 1)], *l2;

		if (!*l1) {
			*cursor = ALIGN_DOWN(*cursor, BIT(30)) + BIT(30);
			continue;
		}
		l2 = &table_at(*l1)[index_at(IPADDR(*cursor), 2)];
		if (!*l2) {
			*cursor = ALIGN_DOWN(*cursor, BIT(21)) + BIT(21);
		} else {
			uint64_t table = *l2;

			if (!leaf_free_step(s2, table_at(table), cursor, &budget))
				return false;
			*l2 = 0;
			page_put(s2->pool, PADDR(table & PTE_ADDR));
		}
		if (*cursor % BIT(30) == 0) {
			uint64_t table = *l1;

			*l1 = 0;
			page_put(s2->pool, PADDR(table & PTE_ADDR));
		}
	}
	page_put(s2->pool, s2->root);
	return true;
}
