/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EL2's own map: one to one, 39 bits. Text can be executed and not written, everything else is
 * never executable (SCTLR_EL2.WXN besides); below each stack is a page that is not mapped.
 */
#include <arch/arch.h>
#include <arch/arm64/internal.h>
#include <arch/arm64/sysreg.h>
#include <platform/platform.h>

#define TABLES       24u
#define BLOCK_SIZE   BIT(21)
#define HUGE_SIZE    BIT(30)
#define PTE_VALID    BIT(0)
#define PTE_TABLE    BIT(1)
#define PTE_AF       BIT(10)
#define PTE_INNER    (3ull << 8)
#define PTE_RO       BIT(7)
#define PTE_RES1_AP1 BIT(6)
#define PTE_XN       BIT(54)
#define PTE_NORMAL   (0ull << 2)
#define PTE_DEVICE   (1ull << 2)
#define PTE_BASE     (PTE_VALID | PTE_AF | PTE_INNER | PTE_RES1_AP1)

static uint64_t tables[TABLES][512] __attribute__((aligned(4096)));
static unsigned tables_used = 1; /* the first is the root */

/* Read by boot.S with the MMU off, in this order. */
struct {
	uint64_t mair, tcr, ttbr, sctlr;
} mmu_config;

extern char __image_start[], __rodata_start[], __data_start[], __image_end[];

static uint64_t *table_below(uint64_t *pte)
{
	if (!*pte) {
		if (tables_used == TABLES)
			return NULL;
		*pte = (uintptr_t)tables[tables_used++] | PTE_VALID | PTE_TABLE;
	}
	return (uint64_t *)(uintptr_t)(*pte & MASK(47, 12));
}

/* With the largest blocks that fit; what has a table already keeps it. */
static void map(uint64_t start, uint64_t end, uint64_t attr)
{
	for (uint64_t at = start; at < end;) {
		uint64_t *l1 = &tables[0][at >> 30], *l2, *l3;

		if (at % HUGE_SIZE == 0 && end - at >= HUGE_SIZE && !*l1) {
			*l1 = at | attr;
			at += HUGE_SIZE;
			continue;
		}
		l2 = table_below(l1);
		if (!l2)
			return;
		if (at % BLOCK_SIZE == 0 && end - at >= BLOCK_SIZE) {
			l2[at >> 21 & 511] = at | attr;
			at += BLOCK_SIZE;
			continue;
		}
		l3 = table_below(&l2[at >> 21 & 511]);
		if (!l3)
			return;
		l3[at >> 12 & 511] = at | attr | PTE_TABLE;
		at += PAGE_SIZE;
	}
}

void mmu_map_ram(struct paddr base, uint64_t size)
{
	uint64_t image = (uintptr_t)__image_start, end = (uintptr_t)__image_end;
	uint64_t last = base.v + size;

	/* The image is mapped already, with finer rights. */
	if (base.v < image)
		map(base.v, last < image ? last : image, PTE_BASE | PTE_NORMAL | PTE_XN);
	if (last > end)
		map(base.v > end ? base.v : end, last, PTE_BASE | PTE_NORMAL | PTE_XN);
	dsb(ishst);
	isb();
}

/* Runs with the MMU off; the DTB may lie anywhere in the first GiB of RAM, so that is mapped too.
 */
void mmu_prepare(void)
{
	map((uintptr_t)__image_start, (uintptr_t)__rodata_start, PTE_BASE | PTE_NORMAL | PTE_RO);
	map((uintptr_t)__rodata_start, (uintptr_t)__data_start,
	    PTE_BASE | PTE_NORMAL | PTE_RO | PTE_XN);
	map((uintptr_t)__data_start, (uintptr_t)__image_end, PTE_BASE | PTE_NORMAL | PTE_XN);
	for (unsigned i = 0; i < platform_device_count; i++)
		map(platform_devices[i].base, platform_devices[i].base + platform_devices[i].size,
		    PTE_BASE | PTE_DEVICE | PTE_XN);
	mmu_config.mair = 0x04FF; /* 0: write-back; 1: nGnRE */
	mmu_config.tcr = BIT(31) | BIT(23) | (64 - 39) | 1u << 8 | 1u << 10 | 3u << 12 |
			 FIELD(sysreg_read(id_aa64mmfr0_el1), 2, 0) << 16;
	mmu_config.ttbr = (uintptr_t)tables[0];
	mmu_config.sctlr = SCTLR_EL2_RES1 | SCTLR_M | SCTLR_C | SCTLR_I | SCTLR_SA | SCTLR_WXN;
	dsb(sy);
}

void mmu_guard_page(uint64_t address)
{
	uint64_t *l2 = table_below(&tables[0][address >> 30]);
	uint64_t *l3 = table_below(&l2[address >> 21 & 511]);

	l3[address >> 12 & 511] = 0;
	dsb(ishst);
	__asm__ volatile("tlbi vae2is, %0" ::"r"(address >> 12));
	dsb(ish);
	isb();
}

static uint64_t line_size(void)
{
	return 4ull << FIELD(sysreg_read(ctr_el0), 19, 16);
}

void arch_cache_clean(const void *p, size_t size)
{
	uint64_t line = line_size();

	for (uint64_t at = ALIGN_DOWN((uintptr_t)p, line); at < (uintptr_t)p + size; at += line)
		__asm__ volatile("dc civac, %0" ::"r"(at) : "memory");
	dsb(sy);
}

void arch_tlb_flush_vm(struct paddr root, unsigned vmid)
{
	uint64_t old = sysreg_read(vttbr_el2);

	sysreg_write(vttbr_el2, root.v | (uint64_t)vmid << 48);
	isb();
	dsb(ishst);
	__asm__ volatile("tlbi vmalls12e1is\n\tdsb ish\n\tic ialluis\n\tdsb ish" ::: "memory");
	sysreg_write(vttbr_el2, old);
	isb();
}
