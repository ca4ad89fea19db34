/* SPDX-License-Identifier: BSD-2-Clause */
/* From the entry to the first VM. */
#include <arch/arm64/internal.h>
#include <arch/arm64/sysreg.h>
#include <console/console.h>
#include <lib/random.h>
#include <libfdt.h>
#include <platform/platform.h>
#include <string.h>
#include <tee/tee.h>
#include <vm/vm.h>

#define PSCI_CPU_ON  0xC4000003u
#define STACK_PAGES  4u
#define BANKS_MAX    8u
#define DTB_SIZE_MAX BIT(20)

/* Each with a page below it that is not mapped. */
static uint8_t stacks[MAX_CPUS][STACK_PAGES + 1][PAGE_SIZE] __attribute__((aligned(4096)));
static struct platform_range banks[BANKS_MAX];
static unsigned bank_count;

extern char __image_start[], __image_end[];
extern char secondary_start[];

void boot_main(const void *fdt) __attribute__((noreturn));
void boot_secondary(struct cpu *cpu) __attribute__((noreturn));

static void stop(const char *why)
{
	for (const char *s = why; *s; s++)
		while (!platform_uart_try_put((uint8_t)*s))
			;
	for (;;)
		__asm__ volatile("wfi");
}

/* Calls @each for every (base, size) of a reg property whose parent has the usual two and two
 * cells. */
static void for_each_reg(const void *fdt, int node, void (*each)(struct platform_range range))
{
	int size;
	const fdt64_t *reg = fdt_getprop(fdt, node, "reg", &size);

	for (int i = 0; reg && (i + 1) * 16 <= size; i++)
		each((struct platform_range){fdt64_ld(reg + 2 * i), fdt64_ld(reg + 2 * i + 1)});
}

static void add_bank(struct platform_range range)
{
	if (bank_count < BANKS_MAX && range.size)
		banks[bank_count++] = range;
}

static void find_memory(const void *fdt)
{
	int node;

	fdt_for_each_subnode(node, fdt, 0)
	{
		const char *type = fdt_getprop(fdt, node, "device_type", NULL);

		/* The secure world's memory is described too where it is seen by both. */
		if (type && !strcmp(type, "memory") &&
		    !fdt_getprop(fdt, node, "secure-status", NULL))
			for_each_reg(fdt, node, add_bank);
	}
	if (!bank_count)
		stop("tenon-hv: the device tree has no memory\n");
}

/* What is not ours: called for each range, for the search of room and for the pool. */
static const void *boot_fdt;

static void each_module(const struct vm_module *module, void (*each)(struct platform_range range))
{
	if (module->size)
		each((struct platform_range){module->base, module->size});
}

static void for_each_taken(void (*each)(struct platform_range range))
{
	uint64_t image = (uintptr_t)__image_start;
	int parent = fdt_path_offset(boot_fdt, "/reserved-memory"), node;

	each((struct platform_range){image, (uintptr_t)__image_end - image});
	each((struct platform_range){(uintptr_t)boot_fdt, fdt_totalsize(boot_fdt)});
	for (unsigned i = 0; i < platform_reserved_count; i++)
		each(platform_reserved[i]);
	for (int i = 0; i < fdt_num_mem_rsv(boot_fdt); i++) {
		struct platform_range range;

		if (!fdt_get_mem_rsv(boot_fdt, i, &range.base, &range.size))
			each(range);
	}
	if (parent >= 0) {
		fdt_for_each_subnode(node, boot_fdt, parent)
		{
			for_each_reg(boot_fdt, node, each);
		}
	}
	for (unsigned i = 0; i < vm_node_count; i++) {
		each_module(&vm_nodes[i].kernel, each);
		each_module(&vm_nodes[i].ramdisk, each);
	}
}

/* Search for @room.size bytes that nobody has: move up past whatever is in the way until nothing
 * is. */
static struct platform_range room;
static bool moved;

static void move_past(struct platform_range taken)
{
	if (room.base < taken.base + taken.size && taken.base < room.base + room.size) {
		room.base = ALIGN_UP(taken.base + taken.size, PAGE_SIZE);
		moved = true;
	}
}

static struct paddr find_room(uint64_t size)
{
	for (unsigned i = 0; i < bank_count; i++) {
		room = (struct platform_range){banks[i].base, size};
		do {
			moved = false;
			for_each_taken(move_past);
		} while (moved);
		if (room.base + size <= banks[i].base + banks[i].size)
			return PADDR(room.base);
	}
	stop("tenon-hv: no room for the page records\n");
	return PADDR(0);
}

static void reserve(struct platform_range range)
{
	page_pool_reserve(&host_pages, PADDR(range.base), range.size);
}

static void init_pages(void)
{
	uint64_t low = ~0ull, high = 0, count;
	struct paddr records;

	for (unsigned i = 0; i < bank_count; i++) {
		mmu_map_ram(PADDR(banks[i].base), banks[i].size);
		if (banks[i].base < low)
			low = banks[i].base;
		if (banks[i].base + banks[i].size > high)
			high = banks[i].base + banks[i].size;
	}
	count = (high - low) / PAGE_SIZE;
	records = find_room(count * sizeof(struct page));
	page_pool_init(&host_pages, mm_ptr(records), PADDR(low), (uint32_t)count);
	for (unsigned i = 0; i < bank_count; i++)
		page_pool_add(&host_pages, PADDR(banks[i].base), banks[i].size);
	for_each_taken(reserve);
	reserve((struct platform_range){records.v, count * sizeof(struct page)});
	page_pool_seal(&host_pages);
}

static void bad_node(const char *name, const char *why)
{
	console_line("event: failed node %s: %s", name, why);
}

/* Every module must be RAM, or copying it would be an exception of ours. */
static bool module_in_ram(const struct vm_module *module)
{
	for (unsigned i = 0; i < bank_count; i++)
		if (module->base >= banks[i].base &&
		    module->base + module->size <= banks[i].base + banks[i].size)
			return true;
	return module->size == 0;
}

static void find_nodes(const void *fdt)
{
	unsigned kept = 0;

	vm_node_count = vm_nodes_parse(fdt, vm_nodes, VM_NODES_MAX, bad_node);
	for (unsigned i = 0; i < vm_node_count; i++) {
		if (module_in_ram(&vm_nodes[i].kernel) && module_in_ram(&vm_nodes[i].ramdisk))
			vm_nodes[kept++] = vm_nodes[i];
		else
			bad_node(vm_nodes[i].name, "a module is not in RAM");
	}
	vm_node_count = kept;
}

static void mix_seeds(const void *fdt)
{
	static const char *const names[] = {"rng-seed", "kaslr-seed"};
	int chosen = fdt_path_offset(fdt, "/chosen"), size;

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		const void *seed = chosen < 0 ? NULL : fdt_getprop(fdt, chosen, names[i], &size);

		if (seed)
			random_mix(seed, (size_t)size);
	}
	for (unsigned i = 0; i < 8; i++) {
		uint64_t v = arch_random();

		random_mix(&v, sizeof(v));
	}
}

static void init_cpu(struct cpu *cpu)
{
	sysreg_write(tpidr_el2, cpu);
	trap_init_cpu();
	gic_init_cpu(cpu);
}

static void prepare_cpu(unsigned index, uint64_t mpidr)
{
	struct cpu *cpu = &cpus[index];

	cpu->index = index;
	cpu->mpidr = mpidr;
	cpu->stack_top = (uintptr_t)stacks[index][STACK_PAGES + 1];
	mmu_guard_page((uintptr_t)stacks[index][0]);
}

static void start_others(const void *fdt)
{
	int parent = fdt_path_offset(fdt, "/cpus"), node;
	uint64_t self = cpus[0].mpidr;

	if (parent < 0)
		return;
	fdt_for_each_subnode(node, fdt, parent)
	{
		const char *type = fdt_getprop(fdt, node, "device_type", NULL);
		int size;
		const void *reg = fdt_getprop(fdt, node, "reg", &size);
		uint64_t regs[8] = {PSCI_CPU_ON};

		if (!type || strcmp(type, "cpu") || !reg || cpu_count == MAX_CPUS)
			continue;
		regs[1] = size == 8 ? fdt64_ld(reg) : fdt32_ld(reg);
		if (regs[1] == self)
			continue;
		prepare_cpu(cpu_count, regs[1]);
		regs[2] = (uintptr_t)secondary_start;
		regs[3] = (uintptr_t)&cpus[cpu_count];
		arch_cache_clean(&cpus[cpu_count], sizeof(struct cpu));
		cpu_count++;
		arch_smc(regs);
		if (regs[0])
			cpu_count--; /* not there, or the firmware keeps it */
	}
}

void boot_secondary(struct cpu *cpu)
{
	init_cpu(cpu);
	guest_enter(vcpu_resume(cpu));
}

void boot_main(const void *fdt)
{
	platform_uart_init();
	mmu_map_ram(PADDR(ALIGN_DOWN((uintptr_t)fdt, BIT(21))), BIT(21));
	if (fdt_check_header(fdt) || fdt_totalsize(fdt) > DTB_SIZE_MAX)
		stop("tenon-hv: no device tree\n");
	boot_fdt = fdt;
	sched_init();
	cpu_count = 1;
	prepare_cpu(0, sysreg_read(mpidr_el1) & 0xFF00FFFFFFull);
	sysreg_write(tpidr_el2, &cpus[0]);
	console_start();
	find_memory(fdt);
	find_nodes(fdt);
	init_pages();
	mix_seeds(fdt);
	gic_init_dist();
	vgic_hw_init();
	init_cpu(&cpus[0]);
	gic_enable_spi(platform_uart_intid, false);
	tee_init();
	if (tee_present())
		gic_enable_spi(platform_tee_intid, true);
	start_others(fdt);
	guest_enter(vcpu_resume(&cpus[0]));
}
