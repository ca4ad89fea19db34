/* SPDX-License-Identifier: BSD-2-Clause */
/* Translation tables: descriptors and the kernel's own map. */
#ifndef ARCH_ARM64_MMU_H
#define ARCH_ARM64_MMU_H

#include "kernel/arch/arm64/layout.h"
#include "kernel/lib/types.h"

#define TABLE_ENTRIES 512
#define BLOCK_SIZE    0x200000ull /* what a level-2 entry covers */

/* clang-format off */
#define PTE_TABLE       0x3ull
#define PTE_PAGE        0x3ull
#define PTE_BLOCK       0x1ull
#define PTE_DEVICE      (0ull << 2)             /* MAIR 0 */
#define PTE_NORMAL      (1ull << 2)             /* MAIR 1 */
#define PTE_NONSECURE   (1ull << 5)
#define PTE_USER        (1ull << 6)
#define PTE_READ_ONLY   (1ull << 7)
#define PTE_INNER       (3ull << 8)
#define PTE_ACCESSED    (1ull << 10)
#define PTE_NOT_GLOBAL  (1ull << 11)
#define PTE_GUARDED     (1ull << 50)            /* ignored by CPUs without FEAT_BTI */
#define PTE_KERNEL_XN   (1ull << 53)
#define PTE_USER_XN     (1ull << 54)
#define PTE_ADDRESS     0x0000FFFFFFFFF000ull
/* clang-format on */

#define PTE_MEMORY        (PTE_NORMAL | PTE_INNER | PTE_ACCESSED)
#define PTE_KERNEL_DATA   (PTE_MEMORY | PTE_KERNEL_XN | PTE_USER_XN)
#define PTE_KERNEL_RODATA (PTE_KERNEL_DATA | PTE_READ_ONLY)
#define PTE_KERNEL_TEXT   (PTE_MEMORY | PTE_READ_ONLY | PTE_USER_XN)
#define PTE_KERNEL_DEVICE (PTE_DEVICE | PTE_ACCESSED | PTE_KERNEL_XN | PTE_USER_XN)

#define FIXMAP_ADDRESS(page) (KERNEL_FIXMAP + (uint64_t)(page)*PAGE_SIZE)

/* 16 KiB of addresses per call stack, as many as secure RAM could ever fill. */
#define STACK_SLOT_PAGES 4
#define STACK_SLOTS      1280
#define STACK_TABLES     (STACK_SLOTS * STACK_SLOT_PAGES / TABLE_ENTRIES)

/* Linker symbols. */
extern char image_start[], text_end[], rodata_start[], data_start[], bss_start[], bss_end[];

/* The kernel's tables that are changed after the start. Index: page of the region. */
extern uint64_t fixmap_table[FIXMAP_TABLES * TABLE_ENTRIES];
_Static_assert(FIXMAP_GICR + 2 * CPU_MAX <= FIXMAP_WINDOW &&
		       FIXMAP_WINDOW + 2 * CPU_MAX <= FIXMAP_CPU_STACKS &&
		       FIXMAP_CPU_STACKS + CPU_MAX * FIXMAP_CPU_STRIDE <=
			       FIXMAP_TABLES * TABLE_ENTRIES,
	       "the fixmap has room for every CPU");
extern uint64_t stack_tables[STACK_TABLES * TABLE_ENTRIES];

/* The identity map's root; see start.S. */
extern uint64_t idmap_root[TABLE_ENTRIES];

/*
 * Builds the kernel's and the identity map's tables. Called with the MMU off at physical
 * addresses: touches nothing but its tables and uses no absolute address. Returns the physical end
 * of the memory that was written.
 */
uint64_t boot_map_build(void);

/* Maps the entry and the fault stack of a CPU, from pages taken at *free (kernel address). */
void cpu_stacks_map(unsigned index, char **free);

/* Physical address of a kernel address in the linear map. */
static inline uint64_t linear_to_pa(const void *va)
{
	return (uint64_t)(uintptr_t)va - KERNEL_LINEAR;
}

#endif
