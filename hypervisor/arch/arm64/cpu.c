/* SPDX-License-Identifier: BSD-2-Clause */
/* Per-CPU state, time, and what the firmware does for us. */
#include <arch/arm64/internal.h>
#include <arch/arm64/sysreg.h>

#define PSCI_SYSTEM_OFF 0x84000008u

struct cpu cpus[MAX_CPUS];
unsigned cpu_count;

uint64_t arch_time(void)
{
	isb();
	return sysreg_read(cntpct_el0);
}

uint64_t arch_time_hz(void)
{
	return sysreg_read(cntfrq_el0);
}

void arch_timer_set(uint64_t deadline)
{
	if (deadline)
		sysreg_write(cnthp_cval_el2, deadline);
	sysreg_write(cnthp_ctl_el2, deadline ? 1 : 0);
	isb();
}

void arch_machine_off(void)
{
	uint64_t regs[8] = {PSCI_SYSTEM_OFF};

	arch_smc(regs);
	for (;;)
		__asm__ volatile("wfi");
}

uint64_t arch_random(void)
{
	uint64_t v = sysreg_read(cntpct_el0);

	if (FIELD(sysreg_read(id_aa64isar0_el1), 63, 60)) { /* RNDR */
		uint64_t r;

		__asm__ volatile("mrs %0, S3_3_C2_C4_0" : "=r"(r)::"cc");
		v ^= r;
	}
	return v;
}
