/* SPDX-License-Identifier: BSD-2-Clause */
/* Zeroing with DC ZVA. */
#include "kernel/arch/arm64/sysreg.h"
#include "kernel/lib/zero.h"

#define DCZID_PROHIBITED (1u << 4)

size_t zero_lines(void *to, size_t size)
{
	uint64_t id = sysreg_read(dczid_el0);
	size_t line = (size_t)4 << (id & 0xf);
	char *p = to;

	if ((id & DCZID_PROHIBITED) != 0 || ((uintptr_t)p & (line - 1)) != 0)
		return 0;
	for (; size >= line; size -= line, p += line)
		__asm__ volatile("dc zva, %0" ::"r"(p) : "memory");
	return (size_t)(p - (char *)to);
}
