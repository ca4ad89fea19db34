/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/arch/arm64/mmu_model_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>

#include "kernel/arch/arm64/mmu.h"

#define TLB_ENTRIES  48u
#define WALK_ENTRIES 8u
#define PENDING_MAX  64u
#define GRANULE      16u /* the smallest cache line */
#define GRANULES     (PAGE_SIZE / GRANULE)
#define MEMORY                                                                                     \
	((char *)0x200000000000) /* free also under the sanitizers; below 2^48 as a physical       \
				    address */

bool model_long_asids;
uint64_t model_ctr;
unsigned model_cpu;

struct entry {
	bool valid;
	uint16_t asid;
	uint64_t at;    /* page, or block for the address of a table */
	uint64_t value; /* the descriptor */
};

static struct cpu_model {
	uint64_t ttbr;
	struct entry tlb[TLB_ENTRIES];
	struct entry walks[WALK_ENTRIES];
} machine[MODEL_CPUS];

/* Invalidations that a barrier has still to complete. */
static struct pending {
	bool local, leaf, of_asid;
	uint16_t asid;
	uint64_t page;
} pending[MODEL_CPUS][PENDING_MAX];
static unsigned pending_count[MODEL_CPUS];

enum line {
	LINE_WRITTEN,
	LINE_CLEANING,
	LINE_CLEAN,
	LINE_INVALIDATING,
	LINE_SYNCED
};

static struct page {
	bool taken;
	uint64_t seen[TABLE_ENTRIES]; /* by walkers, until a barrier shows them the rest */
	uint8_t lines[GRANULES];
} pages[MODEL_PAGES];

static uint64_t random_state;
static const uint64_t *interesting;
static unsigned interesting_count;

void model_start(uint64_t seed)
{
	static void *memory;

	if (!memory)
		memory = mmap(MEMORY, MODEL_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	assert_ptr_equal(memory, MEMORY);
	random_state = seed * 0x9E3779B97F4A7C15ull + 1;
	memset(machine, 0, sizeof(machine));
	memset(pending_count, 0, sizeof(pending_count));
	memset(pages, 0, sizeof(pages));
	memset(MEMORY, 0xa5, MODEL_PAGES * PAGE_SIZE);
	interesting_count = model_cpu = 0;
	model_long_asids = true;
	model_ctr = 4ull << 16 | 4 | 3ull << 14;
}

uint32_t model_below(uint32_t bound)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * 0x2545F4914F6CDD1Dull >> 32) * bound >> 32);
}

/* --- memory --------------------------------------------------------------------------------------
 */

static struct page *page_of(const void *va)
{
	size_t index = (size_t)((const char *)va - MEMORY) / PAGE_SIZE;

	assert_true(index < MODEL_PAGES);
	return &pages[index];
}

void *model_page_take(void)
{
	unsigned first = model_below(MODEL_PAGES);

	for (unsigned i = 0; i < MODEL_PAGES; i++) {
		unsigned index = (first + i) % MODEL_PAGES;
		if (pages[index].taken)
			continue;
		pages[index].taken = true;
		void *page = MEMORY + (size_t)index * PAGE_SIZE;
		memset(page, 0, PAGE_SIZE);
		model_page_write(page);
		return page;
	}
	return NULL;
}

/* Its next owner writes what he likes. */
void model_page_give(void *page)
{
	assert_true(page_of(page)->taken);
	page_of(page)->taken = false;
	memset(page, 0xa5, PAGE_SIZE);
	memset(page_of(page)->seen, 0xa5, PAGE_SIZE);
}

/* Stores before a barrier may be seen or not, each for itself. */
static uint64_t walker_reads(uint64_t pa)
{
	const uint64_t *word = (const uint64_t *)(pa + KERNEL_LINEAR);
	const struct page *page = page_of(word);

	if (!page->taken)
		fail_msg("a CPU walks a table that was given back");
	return model_below(2) ? *word : page->seen[(pa & PAGE_MASK) / sizeof(*word)];
}

static void stores_become_visible(void)
{
	for (unsigned i = 0; i < MODEL_PAGES; i++) {
		if (pages[i].taken)
			memcpy(pages[i].seen, MEMORY + (size_t)i * PAGE_SIZE, PAGE_SIZE);
	}
}

/* --- translations --------------------------------------------------------------------------------
 */

static struct entry *lookup(struct entry *entries, unsigned count, uint16_t asid, uint64_t at)
{
	for (unsigned i = 0; i < count; i++) {
		if (entries[i].valid && entries[i].asid == asid && entries[i].at == at)
			return &entries[i];
	}
	return NULL;
}

static uint64_t table_for(struct cpu_model *cpu, uint16_t asid, uint64_t va)
{
	const struct entry *known = lookup(cpu->walks, WALK_ENTRIES, asid, va / BLOCK_SIZE);

	if (known)
		return known->value;
	uint64_t root = cpu->ttbr & PTE_ADDRESS;
	uint64_t value = walker_reads(root + va / BLOCK_SIZE * sizeof(uint64_t));
	if (value & 1)
		cpu->walks[model_below(WALK_ENTRIES)] =
			(struct entry){true, asid, va / BLOCK_SIZE, value};
	return value;
}

static uint64_t walk(struct cpu_model *cpu, uint64_t va)
{
	uint16_t asid = (uint16_t)(cpu->ttbr >> 48);
	uint64_t table = table_for(cpu, asid, va);

	if (!(table & 1))
		return 0;
	uint64_t index = va / PAGE_SIZE % TABLE_ENTRIES;
	uint64_t value = walker_reads((table & PTE_ADDRESS) + index * sizeof(uint64_t));
	if (!(value & 1))
		return 0;
	cpu->tlb[model_below(TLB_ENTRIES)] = (struct entry){true, asid, va / PAGE_SIZE, value};
	return value;
}

void model_set_ttbr(unsigned cpu, uint64_t ttbr)
{
	machine[cpu].ttbr = ttbr;
}

void model_speculates_at(const uint64_t *vas, unsigned count)
{
	interesting = vas;
	interesting_count = count;
}

static void speculate(void)
{
	for (unsigned i = 0; i < MODEL_CPUS; i++) {
		for (unsigned n = 0; n < 3 && interesting_count > 0 && machine[i].ttbr; n++) {
			uint64_t va = interesting[model_below(interesting_count)];
			if (!lookup(machine[i].tlb, TLB_ENTRIES, (uint16_t)(machine[i].ttbr >> 48),
				    va / PAGE_SIZE))
				walk(&machine[i], va);
		}
	}
}

uint64_t model_translate(unsigned cpu, uint64_t va)
{
	const struct entry *known = lookup(machine[cpu].tlb, TLB_ENTRIES,
					   (uint16_t)(machine[cpu].ttbr >> 48), va / PAGE_SIZE);

	return known ? known->value : walk(&machine[cpu], va);
}

void model_for_each_entry(void (*check)(uint16_t asid, uint64_t va, uint64_t descriptor))
{
	for (unsigned i = 0; i < MODEL_CPUS; i++) {
		for (unsigned n = 0; n < TLB_ENTRIES; n++) {
			const struct entry *e = &machine[i].tlb[n];
			if (e->valid)
				check(e->asid, e->at * PAGE_SIZE, e->value);
		}
	}
}

/* --- what the kernel issues ----------------------------------------------------------------------
 */

uint64_t model_sysreg(const char *name)
{
	if (!strcmp(name, "id_aa64mmfr0_el1"))
		return model_long_asids ? 2 << 4 : 0;
	if (!strcmp(name, "ctr_el0"))
		return model_ctr;
	fail_msg("%s is not modelled", name);
	return 0;
}

void model_isb(void)
{
	speculate();
}

void model_tlbi(const char *op, uint64_t value)
{
	struct pending p = {.asid = (uint16_t)(value >> 48), .page = value & ((1ull << 44) - 1)};

	if (!strcmp(op, "aside1") || !strcmp(op, "aside1is"))
		p.of_asid = true;
	else if (!strcmp(op, "vale1is"))
		p.leaf = true;
	else if (strcmp(op, "vae1is") != 0)
		fail_msg("tlbi %s is not modelled", op);
	p.local = strcmp(op + strlen(op) - 2, "is") != 0;
	assert_true(pending_count[model_cpu] < PENDING_MAX);
	pending[model_cpu][pending_count[model_cpu]++] = p;
	speculate();
}

static void invalidate(struct cpu_model *cpu, const struct pending *p)
{
	for (unsigned i = 0; i < TLB_ENTRIES; i++) {
		struct entry *e = &cpu->tlb[i];
		if (e->asid == p->asid && (p->of_asid || e->at == p->page))
			e->valid = false;
	}
	for (unsigned i = 0; i < WALK_ENTRIES && !p->leaf; i++) {
		struct entry *e = &cpu->walks[i];
		if (e->asid == p->asid && (p->of_asid || e->at == p->page * PAGE_SIZE / BLOCK_SIZE))
			e->valid = false;
	}
}

/* Completes what this CPU has issued; only_local: a barrier that the others do not take part in. */
static void complete(bool only_local)
{
	unsigned left = 0;

	for (unsigned i = 0; i < pending_count[model_cpu]; i++) {
		struct pending p = pending[model_cpu][i];
		if (only_local && !p.local) {
			pending[model_cpu][left++] = p;
			continue;
		}
		for (unsigned cpu = 0; cpu < MODEL_CPUS; cpu++) {
			if (!p.local || cpu == model_cpu)
				invalidate(&machine[cpu], &p);
		}
	}
	pending_count[model_cpu] = left;
}

static void caches_complete(void)
{
	for (unsigned i = 0; i < MODEL_PAGES; i++) {
		for (unsigned n = 0; n < GRANULES && pages[i].taken; n++) {
			uint8_t *line = &pages[i].lines[n];
			if (*line == LINE_CLEANING || *line == LINE_INVALIDATING)
				++*line;
		}
	}
}

void model_dsb(const char *domain)
{
	bool stores_only = !strcmp(domain, "ishst");
	bool local = !strcmp(domain, "nsh");

	if (!stores_only && !local && strcmp(domain, "ish") != 0)
		fail_msg("dsb %s is not modelled", domain);
	if (!stores_only) {
		/* Only then may stores follow that came before the invalidation without a barrier.
		 */
		complete(local);
		speculate();
	}
	if (!local)
		stores_become_visible();
	if (!stores_only && !local)
		caches_complete();
	speculate();
}

/* --- instruction caches --------------------------------------------------------------------------
 */

void model_page_write(const void *page)
{
	memset(page_of(page)->lines, LINE_WRITTEN, GRANULES);
}

bool model_page_is_synced(const void *page)
{
	for (unsigned i = 0; i < GRANULES; i++) {
		if (page_of(page)->lines[i] != LINE_SYNCED)
			return false;
	}
	return true;
}

/* All of a line goes on from one state to the next. */
static void maintain(const void *va, unsigned log2_words, enum line from)
{
	size_t size = (size_t)4 << log2_words;
	size_t first = ((uintptr_t)va & PAGE_MASK & ~(size - 1)) / GRANULE;
	uint8_t *lines = page_of(va)->lines;

	for (size_t i = first; i < first + size / GRANULE; i++) {
		if (lines[i] == from)
			lines[i]++;
	}
}

void model_dc_cvau(const void *va)
{
	maintain(va, model_ctr >> 16 & 0xf, LINE_WRITTEN);
}

/* By address it reaches other aliases only in a cache that is indexed by physical addresses. */
void model_ic_ivau(const void *va)
{
	if ((model_ctr >> 14 & 3) == 3)
		maintain(va, model_ctr & 0xf, LINE_CLEAN);
}

void model_ic_ialluis(void)
{
	for (unsigned i = 0; i < MODEL_PAGES; i++) {
		for (unsigned n = 0; n < GRANULES && pages[i].taken; n++)
			pages[i].lines[n] += pages[i].lines[n] == LINE_CLEAN;
	}
}
