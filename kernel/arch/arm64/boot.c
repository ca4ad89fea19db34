/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting CPUs, and the power events that EL3 reports. Each runs on the CPU's entry stack. */
#include "kernel/arch/arm64/cpu.h"
#include "kernel/arch/arm64/mmu.h"
#include "kernel/arch/arm64/sysreg.h"
#include "kernel/entry/entry.h"
#include "kernel/lib/log.h"
#include "kernel/platform/platform.h"

_Static_assert(offsetof(struct cpu, entry_stack) == CPU_ENTRY_STACK, "");
_Static_assert(offsetof(struct cpu, fault_stack) == CPU_FAULT_STACK, "");
_Static_assert(offsetof(struct cpu, scratch) == CPU_SCRATCH, "");
_Static_assert(offsetof(struct cpu, idmap_ttbr) == CPU_IDMAP_TTBR, "");
_Static_assert(offsetof(struct cpu, mpidr) == CPU_MPIDR, "");
_Static_assert(offsetof(struct cpu, fp_nw_saved) == CPU_FP_NW_SAVED, "");
_Static_assert(sizeof(struct cpu) == CPU_STRIDE, "");
_Static_assert(offsetof(struct user_context, sp) == USER_SP, "");
_Static_assert(offsetof(struct user_context, pc) == USER_PC, "");
_Static_assert(offsetof(struct user_context, pstate) == USER_PSTATE, "");
_Static_assert(offsetof(struct user_context, tpidr_el0) == USER_TPIDR, "");
_Static_assert(offsetof(struct arch_fp_state, fpcr) == 512, "");
_Static_assert(sizeof(struct trap_frame) == FRAME_SIZE, "");
_Static_assert(offsetof(struct trap_frame, far) == FRAME_FAR, "");

#define PFR0_SVE (0xfull << 32)

#define STACK_TOP(index, first, pages)                                                             \
	FIXMAP_ADDRESS(FIXMAP_CPU_STACKS + (index)*FIXMAP_CPU_STRIDE + (first) + (pages))

/*
 * The boot CPU's record must hold its stacks before any C runs in the kernel's map; the others'
 * are filled in by the boot CPU.
 */
struct cpu cpus[CPU_MAX] = {
	{.entry_stack = STACK_TOP(0, FIXMAP_ENTRY_STACK, ENTRY_STACK_PAGES),
	 .fault_stack = STACK_TOP(0, FIXMAP_FAULT_STACK, FAULT_STACK_PAGES)},
};

/* Records that a started CPU may claim. 0 until the machine is known. */
uint32_t cpu_count;

unsigned arch_cpu_count(void)
{
	return cpu_count;
}

static void cpu_record_init(unsigned index, uint64_t mpidr)
{
	struct cpu *cpu = &cpus[index];
	unsigned window = FIXMAP_WINDOW + 2 * index;

	cpu->entry_stack = STACK_TOP(index, FIXMAP_ENTRY_STACK, ENTRY_STACK_PAGES);
	cpu->fault_stack = STACK_TOP(index, FIXMAP_FAULT_STACK, FAULT_STACK_PAGES);
	cpu->idmap_ttbr = linear_to_pa(idmap_root);
	cpu->mpidr = mpidr;
	cpu->index = index;
	cpu->window_entry = &fixmap_table[window];
	cpu->window = (void *)FIXMAP_ADDRESS(window);
}

/* The CPUs of the device tree, the boot CPU first. Takes stacks for the others from *free. */
static void cpus_init(uint64_t own_mpidr, char **free)
{
	uint64_t mpidr[CPU_MAX];
	unsigned found = platform_cpus(mpidr, CPU_MAX);
	unsigned count = 1;

	for (unsigned i = 0; i < found && count < CPU_MAX; i++) {
		if (mpidr[i] == own_mpidr)
			continue;
		cpu_stacks_map(count, free);
		cpu_record_init(count++, mpidr[i]);
	}
	dsb(ish);
	cpu_count = count;
}

/*
 * The first C in the kernel's map; dt as EL3 gave it. True: the kernel is ready for calls. False:
 * this machine cannot be used, the normal world starts without us (NW-218).
 */
bool boot_cpu_main(paddr_t dt);
bool boot_cpu_main(paddr_t dt)
{
	uint64_t mpidr = sysreg_read(mpidr_el1) & 0xff00ffffff;
	char *free = bss_end + (ENTRY_STACK_PAGES + FAULT_STACK_PAGES) * PAGE_SIZE;

	cpu_record_init(0, mpidr);
	if (!platform_start(dt, free))
		return false;
	cpus_init(mpidr, &free);
	platform_set_free_start(free);
	gic_cpu_init();
	log_info("Tenon on %u CPUs", cpu_count);
	if ((sysreg_read(id_aa64pfr0_el1) & PFR0_SVE) != 0)
		log_info("CPUs with SVE: the firmware must let the secure world use FP (see fp.c)");
	kernel_main();
	/* It has hashed: without this the first call's exit would give the normal world, as its
	 * own, the V registers of this moment. */
	arch_fp_leave();
	return true;
}

void next_cpu_main(void);
void next_cpu_main(void)
{
	struct cpu *cpu = cpu_self();

	cpu->fp_nw_saved = 0;
	cpu->fp_user = NULL;
	gic_cpu_init();
}

void power_cpu_off(void);
void power_cpu_off(void)
{
	arch_slice_arm(0);
}

void power_suspend(void);
void power_suspend(void)
{
	arch_slice_arm(0);
}

/* EL1 registers are back, the interrupt controller may have been off (NW-209). */
void power_resume(void);
void power_resume(void)
{
	sysreg_write(cntps_ctl_el1, 0);
	gic_cpu_init();
}

/* Off or reset, on the calling CPU only; takes no lock, for others may hold them (NW-215). */
void power_system_end(void);
void power_system_end(void)
{
	arch_slice_arm(0);
}

/* A secure interrupt while the normal world ran; may be spurious (NW-210). */
void secure_interrupt(void);
void secure_interrupt(void)
{
	(void)gic_handle();
}
