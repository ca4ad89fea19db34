/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first translation tables, built with the MMU off. The code runs at its physical address: it
 * may take addresses of symbols (they are relative to the PC) but not follow pointers in data.
 *
 * Secure RAM is mapped in 2 MiB blocks, except for the blocks that hold the image or reach beyond
 * secure RAM: these are mapped page by page, so each section gets its own rights and the
 * firmware's memory stays unmapped.
 */
#include <platform_layout.h>
#include "kernel/arch/arm64/mmu.h"

#define IMAGE_BLOCKS 3 /* level-3 tables for the image: it may lie across two 2 MiB borders */

#define table_storage __attribute__((aligned(PAGE_SIZE)))

uint64_t kernel_root[TABLE_ENTRIES] table_storage;
uint64_t idmap_root[TABLE_ENTRIES] table_storage;
uint64_t fixmap_table[FIXMAP_TABLES * TABLE_ENTRIES] table_storage;
uint64_t stack_tables[STACK_TABLES * TABLE_ENTRIES] table_storage;
static uint64_t linear_table[TABLE_ENTRIES] table_storage;
static uint64_t window_table[TABLE_ENTRIES] table_storage; /* of fixmap and stacks */
static uint64_t image_tables[IMAGE_BLOCKS][TABLE_ENTRIES] table_storage;
static uint64_t idmap_pages[TABLE_ENTRIES] table_storage;

/* The stack until the CPU's own one is mapped. */
char boot_stack[PAGE_SIZE] table_storage;

static uint64_t address(const void *symbol)
{
	return (uint64_t)(uintptr_t)symbol;
}

static unsigned index_of(uint64_t va, unsigned level)
{
	return (va >> (39 - 9 * level)) & (TABLE_ENTRIES - 1);
}

static uint64_t rights_of(uint64_t pa)
{
	if (pa >= address(data_start) || pa < address(image_start))
		return PTE_KERNEL_DATA;
	return pa < address(rodata_start) ? PTE_KERNEL_TEXT : PTE_KERNEL_RODATA;
}

static void secure_ram_map(void)
{
	uint64_t end = SECURE_RAM_BASE + SECURE_RAM_SIZE;
	unsigned tables = 0;

	for (uint64_t block = SECURE_RAM_BASE & ~(BLOCK_SIZE - 1); block < end;
	     block += BLOCK_SIZE) {
		bool whole = block >= SECURE_RAM_BASE && block + BLOCK_SIZE <= end;
		bool image = block < address(bss_end) && block + BLOCK_SIZE > address(image_start);
		uint64_t *entry = &linear_table[index_of(block, 2)];

		if (whole && !image) {
			*entry = block | PTE_KERNEL_DATA | PTE_BLOCK;
			continue;
		}
		if (tables == IMAGE_BLOCKS)
			continue; /* an unmapped tail: the first use of it would show */
		uint64_t *pages = image_tables[tables++];
		*entry = address(pages) | PTE_TABLE;
		for (uint64_t pa = block; pa < block + BLOCK_SIZE; pa += PAGE_SIZE)
			if (pa >= SECURE_RAM_BASE && pa < end)
				pages[index_of(pa, 3)] = pa | rights_of(pa) | PTE_PAGE;
	}
}

static void devices_map(void)
{
	fixmap_table[FIXMAP_UART] = UART_PA | PTE_KERNEL_DEVICE | PTE_PAGE;
	fixmap_table[FIXMAP_GICD] = GICD_PA | PTE_KERNEL_DEVICE | PTE_PAGE;
	for (unsigned i = 0; i < CPU_MAX; i++) {
		uint64_t frame = GICR_PA + i * GICR_STRIDE;
		uint64_t *entry = &fixmap_table[FIXMAP_GICR + 2 * i];

		entry[0] = frame | PTE_KERNEL_DEVICE | PTE_PAGE;
		entry[1] = (frame + GICR_STRIDE / 2) | PTE_KERNEL_DEVICE | PTE_PAGE;
	}
}

/* Stack pages are kept in the linear map too: pages there never change their rights. */
static uint64_t stack_pages_map(unsigned fixmap_page, unsigned count, uint64_t pa)
{
	for (unsigned i = 0; i < count; i++, pa += PAGE_SIZE)
		fixmap_table[fixmap_page + i] = pa | PTE_KERNEL_DATA | PTE_PAGE;
	return pa;
}

static uint64_t cpu_stacks_map_pa(unsigned cpu, uint64_t pa)
{
	unsigned first = FIXMAP_CPU_STACKS + cpu * FIXMAP_CPU_STRIDE;

	pa = stack_pages_map(first + FIXMAP_ENTRY_STACK, ENTRY_STACK_PAGES, pa);
	return stack_pages_map(first + FIXMAP_FAULT_STACK, FAULT_STACK_PAGES, pa);
}

void cpu_stacks_map(unsigned index, char **free)
{
	*free = (char *)(cpu_stacks_map_pa(index, linear_to_pa(*free)) + KERNEL_LINEAR);
}

uint64_t boot_map_build(void)
{
	uint64_t identity = address(image_start);

	secure_ram_map();
	devices_map();
	kernel_root[index_of(KERNEL_LINEAR, 1)] = address(linear_table) | PTE_TABLE;
	kernel_root[index_of(KERNEL_FIXMAP, 1)] = address(window_table) | PTE_TABLE;
	for (unsigned i = 0; i < FIXMAP_TABLES; i++)
		window_table[index_of(KERNEL_FIXMAP, 2) + i] =
			address(&fixmap_table[i * TABLE_ENTRIES]) | PTE_TABLE;
	for (unsigned i = 0; i < STACK_TABLES; i++)
		window_table[index_of(KERNEL_STACKS, 2) + i] =
			address(&stack_tables[i * TABLE_ENTRIES]) | PTE_TABLE;

	idmap_root[index_of(identity, 2)] = address(idmap_pages) | PTE_TABLE;
	idmap_pages[index_of(identity, 3)] = identity | PTE_KERNEL_TEXT | PTE_NOT_GLOBAL | PTE_PAGE;

	return cpu_stacks_map_pa(0, address(bss_end));
}
