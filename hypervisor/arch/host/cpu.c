/* SPDX-License-Identifier: BSD-2-Clause */
/* For the unit tests: CPUs that do what the test says. */
#include <arch/arch.h>

struct cpu cpus[MAX_CPUS];
unsigned cpu_count;
struct cpu *host_cpu = &cpus[0];
bool host_irq_pending;
uint64_t host_time;
uint64_t host_deadline;
unsigned host_kicks;

uint64_t arch_time(void)
{
	return host_time;
}

uint64_t arch_time_hz(void)
{
	return 62500000;
}

void arch_timer_set(uint64_t deadline)
{
	host_deadline = deadline;
}

void arch_cpu_kick(struct cpu *cpu)
{
	(void)cpu;
	host_kicks++;
}
