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

/*
 * The key that this machine alone has (the hardware unique key), from which keys of apps and of
 * encrypted images are derived. False: the board has none, key is all zeros and everybody knows
 * what is derived from it. The caller wipes key.
 */
#define PLATFORM_KEY_SIZE 32u
bool must_check platform_hardware_key(uint8_t key[PLATFORM_KEY_SIZE]);

/* --- for the arch's start only
 * --------------------------------------------------------------------
 */

/*
 * Reads the device tree that the firmware passed (NW-219): untrusted memory of the normal world,
 * looked at once, on the boot CPU, before the normal world runs. Announces the TEE in it (NW-145).
 * From free on, secure RAM is unused and may be written. False: the machine cannot be used.
 */
bool must_check platform_start(paddr_t device_tree, void *free);

/* Affinities (MPIDR_EL1, Aff3..Aff0 only) of the machine's CPUs, at most max; returns how many. */
unsigned platform_cpus(uint64_t *mpidr, unsigned max);

/* Where free secure RAM begins, once the arch has taken what it needs. */
void platform_set_free_start(void *start);

#endif
