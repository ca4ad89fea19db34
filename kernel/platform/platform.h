/* SPDX-License-Identifier: BSD-2-Clause */
/* What the portable kernel asks of a board. */
#ifndef PLATFORM_PLATFORM_H
#define PLATFORM_PLATFORM_H

#include "kernel/lib/types.h"

/* Where secure RAM (the kernel's image included) is visible in kernel addresses. */
void *platform_to_virtual(paddr_t pa);
paddr_t platform_to_physical(const void *va); /* any address inside secure RAM */

/* The free part of secure RAM, page-aligned, as kernel addresses; given to the page allocator at
 * start. */
void platform_free_memory(void **start, void **end);

/* [pa, pa + size) lies wholly in non-secure RAM of the device tree. False on overflow or size 0
 * (NW-086). */
bool platform_is_nonsecure_ram(paddr_t pa, uint64_t size);

/* Writes bytes to the secure console. Any context; serialised by the caller. */
void platform_console_write(const char *text, size_t size);

/*
 * A seed that the machine's firmware passed at boot (QEMU: /secure-chosen/rng-seed), at most size
 * bytes; returns the bytes given, 0 if there is none. Wiped by the first call.
 */
size_t platform_boot_seed(uint8_t *seed, size_t size);

#endif
