/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of the kernel's map that change: stacks of calls and the windows on guest memory. */
#include "kernel/arch/arm64/cpu.h"
#include "kernel/arch/arm64/mmu.h"
#include "kernel/arch/arm64/sysreg.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/spinlock.h"
#include "kernel/platform/platform.h"

#define SLOT_BYTES  (STACK_SLOT_PAGES * PAGE_SIZE)
#define GUARD_PAGES (STACK_SLOT_PAGES - KERNEL_STACK_PAGES)

static struct spinlock stack_lock;
static uint64_t stack_slots_used[STACK_SLOTS / 64];

/* What TLB instructions take: the page number; the ASID field is ignored for global entries. */
static uint64_t tlb_page(const void *va)
{
	return ((uint64_t)(uintptr_t)va >> PAGE_SHIFT) & 0xFFFFFFFFFFFull;
}

size_t arch_stacks_max(void)
{
	return STACK_SLOTS;
}

static int stack_slot_take(void)
{
	for (unsigned word = 0; word < array_count(stack_slots_used); word++) {
		if (~stack_slots_used[word] == 0)
			continue;
		unsigned bit = (unsigned)__builtin_ctzll(~stack_slots_used[word]);
		stack_slots_used[word] |= 1ull << bit;
		return (int)(word * 64 + bit);
	}
	return -1;
}

void *arch_stack_map(void *const pages[KERNEL_STACK_PAGES])
{
	spin_lock(&stack_lock);
	int slot = stack_slot_take();
	spin_unlock(&stack_lock);
	if (slot < 0)
		return NULL;

	uint64_t *entry = &stack_tables[slot * STACK_SLOT_PAGES + GUARD_PAGES];
	for (unsigned i = 0; i < KERNEL_STACK_PAGES; i++)
		entry[i] = linear_to_pa(pages[i]) | PTE_KERNEL_DATA | PTE_PAGE;
	dsb(ishst);
	isb();
	return (void *)(KERNEL_STACKS + (uint64_t)slot * SLOT_BYTES + GUARD_PAGES * PAGE_SIZE);
}

void arch_stack_unmap(void *stack)
{
	uint64_t slot = ((uint64_t)(uintptr_t)stack - KERNEL_STACKS) / SLOT_BYTES;
	uint64_t *entry = &stack_tables[slot * STACK_SLOT_PAGES + GUARD_PAGES];

	assert(slot < STACK_SLOTS && (stack_slots_used[slot / 64] >> (slot % 64) & 1));
	for (unsigned i = 0; i < KERNEL_STACK_PAGES; i++)
		entry[i] = 0;
	dsb(ishst);
	for (unsigned i = 0; i < KERNEL_STACK_PAGES; i++)
		tlbi(vaale1is, tlb_page((char *)stack + i * PAGE_SIZE));
	dsb(ish);
	isb();

	spin_lock(&stack_lock);
	stack_slots_used[slot / 64] &= ~(1ull << (slot % 64));
	spin_unlock(&stack_lock);
}

/*
 * The window belongs to this CPU: only it uses the address, so only its own TLB is told when the
 * page goes. Interrupts are masked, so nobody else can come in between.
 */
static void *window_open(const struct cpu *cpu, paddr_t pa)
{
	*cpu->window_entry = (pa.pa & PTE_ADDRESS) | PTE_KERNEL_DATA | PTE_NONSECURE | PTE_PAGE;
	dsb(ishst);
	isb();
	return (char *)cpu->window + (pa.pa & PAGE_MASK);
}

static void window_close(const struct cpu *cpu)
{
	*cpu->window_entry = 0;
	dsb(nshst);
	tlbi(vaale1, tlb_page(cpu->window));
	dsb(nsh);
	isb();
}

bool arch_ns_read(void *to, paddr_t from, size_t size)
{
	const struct cpu *cpu = cpu_self();

	assert((from.pa & PAGE_MASK) + size <= PAGE_SIZE);
	bool ok = guarded_copy(to, window_open(cpu, from), size);
	window_close(cpu);
	return ok;
}

bool arch_ns_write(paddr_t to, const void *from, size_t size)
{
	const struct cpu *cpu = cpu_self();

	assert((to.pa & PAGE_MASK) + size <= PAGE_SIZE);
	bool ok = guarded_copy(window_open(cpu, to), from, size);
	window_close(cpu);
	return ok;
}

static void clean_lines(const char *from, size_t size)
{
	uint64_t line = (uint64_t)4 << (sysreg_read(ctr_el0) >> 16 & 0xf);
	uint64_t end = (uint64_t)from + size;

	for (uint64_t at = (uint64_t)from & ~(line - 1); at < end; at += line)
		__asm__ volatile("dc civac, %0" ::"r"(at) : "memory");
	dsb(sy);
}

void arch_cache_clean(paddr_t pa, size_t size, bool nonsecure)
{
	const struct cpu *cpu = cpu_self();

	assert((pa.pa & PAGE_MASK) + size <= PAGE_SIZE);
	if (!nonsecure) {
		clean_lines(platform_to_virtual(pa), size);
		return;
	}
	clean_lines(window_open(cpu, pa), size);
	window_close(cpu);
}
