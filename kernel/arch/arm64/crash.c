/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a CPU: registers and a back trace with names, then nothing more. */
#include <stdarg.h>
#include "kernel/arch/arm64/cpu.h"
#include "kernel/arch/arm64/mmu.h"
#include "kernel/arch/arm64/sysreg.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/platform/platform.h"

#define BACKTRACE_MAX 24

/* Made from the linked image by symbols.py; sorted by offset from image_start. */
struct symbol {
	uint32_t offset;
	uint32_t name; /* in symbol_names */
};
extern const struct symbol symbol_table[];
extern const uint32_t symbol_count;
extern const char symbol_names[];

/* Past the log and its lock: whoever held it may be us. */
static void printf_like(1, 2) print(const char *format, ...)
{
	char line[200];
	va_list args;

	va_start(args, format);
	int length = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	platform_console_write(line, min((size_t)length, sizeof(line) - 1));
}

static void print_address(uint64_t address)
{
	uint64_t offset = address - (uint64_t)(uintptr_t)image_start;
	const struct symbol *found = NULL;

	for (uint32_t i = 0; i < symbol_count && symbol_table[i].offset <= offset; i++)
		found = &symbol_table[i];
	if (found == NULL || address > (uint64_t)(uintptr_t)text_end)
		print("  0x%016llx\n", (unsigned long long)address);
	else
		print("  0x%016llx %s+0x%x\n", (unsigned long long)address,
		      symbol_names + found->name, (unsigned)(offset - found->offset));
}

/* Two words at va can be read: a damaged chain of frames must not end in another exception. */
static bool readable(uint64_t va)
{
	if ((va & 15) != 0 || va < KERNEL_LINEAR)
		return false;
	__asm__ volatile("at s1e1r, %0\n\tisb" ::"r"(va) : "memory");
	return (sysreg_read(par_el1) & 1) == 0;
}

static void print_backtrace(uint64_t frame)
{
	print("back trace:\n");
	for (unsigned i = 0; i < BACKTRACE_MAX && readable(frame); i++) {
		const uint64_t *link = (const uint64_t *)(uintptr_t)frame;

		if (link[1] == 0)
			break;
		print_address(link[1] - 4);
		frame = link[0];
	}
}

static noreturn void stop(void)
{
	for (;;)
		__asm__ volatile("msr daifset, #15\n\twfi");
}

/* A crash inside a crash says nothing more. */
static void crash_begin(void)
{
	struct cpu *cpu = cpu_self();

	__asm__ volatile("msr daifset, #15" ::: "memory");
	if (cpu == NULL || cpu->in_crash)
		stop();
	cpu->in_crash = true;
}

void crash(const struct trap_frame *frame, const char *what)
{
	crash_begin();
	print("\ntenon: CPU %u: %s: esr 0x%llx far 0x%llx\n", arch_cpu_index(), what,
	      (unsigned long long)frame->esr, (unsigned long long)frame->far);
	for (unsigned i = 0; i < 31; i++)
		print("%sx%-2u %016llx", i % 4 ? "  " : "\n  ", i, (unsigned long long)frame->x[i]);
	print("\n  sp  %016llx  spsr %llx\nat\n", (unsigned long long)frame->sp,
	      (unsigned long long)frame->spsr);
	print_address(frame->elr);
	print_address(frame->x[30]);
	print_backtrace(frame->x[29]);
	stop();
}

void panic(const char *format, ...)
{
	char text[160];
	va_list args;

	crash_begin();
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	print("\ntenon: CPU %u: %s\n", arch_cpu_index(), text);
	print_backtrace((uint64_t)(uintptr_t)__builtin_frame_address(0));
	stop();
}
