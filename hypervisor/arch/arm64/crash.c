/* SPDX-License-Identifier: BSD-2-Clause */
/* An exception of the hypervisor itself: say all there is to know, and stop. */
#include <arch/arm64/internal.h>
#include <arch/arm64/sysreg.h>
#include <lib/format.h>
#include <platform/platform.h>

static void say(const char *s)
{
	for (; *s; s++)
		while (!platform_uart_try_put((uint8_t)*s))
			;
}

static void say_register(const char *name, uint64_t value)
{
	char line[48];

	str_format(line, sizeof(line), " %s=%016lx", name, value);
	say(line);
}

/* Return addresses from frame records, as long as they lie in RAM in growing order. */
static void backtrace(uint64_t fp)
{
	for (unsigned i = 0; i < 16 && fp && fp % 16 == 0; i++) {
		const uint64_t *record = (const uint64_t *)(uintptr_t)fp;

		say_register("lr", record[1]);
		if (record[0] <= fp || record[0] - fp > 0x4000)
			break;
		fp = record[0];
	}
}

void crash_dump(uint64_t type, const struct vcpu_regs *regs)
{
	char name[8];

	say("\001"
	    "00\nevent: panic exception at EL2");
	say_register("type", type);
	say_register("esr", sysreg_read(esr_el2));
	say_register("far", sysreg_read(far_el2));
	say_register("elr", regs->pc);
	say_register("spsr", regs->spsr);
	say_register("sp", sysreg_read(sp_el0)); /* vectors.S left it there */
	say_register("cpu", cpu_this() ? cpu_this()->index : 0);
	say("\n");
	for (unsigned i = 0; i < 31; i++) {
		str_format(name, sizeof(name), "x%u", i);
		say_register(name, regs->x[i]);
		if (i % 4 == 3)
			say("\n");
	}
	say("\n");
	backtrace(regs->x[29]);
	say("\n");
	for (;;)
		__asm__ volatile("wfi");
}
