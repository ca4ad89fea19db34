/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of the host body. */
#ifndef ARCH_HOST_INTERNAL_H
#define ARCH_HOST_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void host_contexts_reset(void);
void host_aspaces_reset(void);

/* Secure memory of the body, and where the kernel says it lies. */
void *host_secure(uint64_t *pa, size_t *size);

/*
 * Page tables are in the machine's format, so that an engine can walk them. The physical addresses
 * in them have HOST_TABLE_PA added: none looks like an app's address then, which Unicorn 2.0 needs
 * (it looks for a region under both).
 */
#define HOST_TABLE_PA 0x800000000ull

/* Mappings were removed: no translation may be remembered. NULL without an engine. */
extern void (*host_tlb_flush)(void);

/* The page at pa becomes executable somewhere. NULL without an engine. */
extern void (*host_code_mapped)(uint64_t pa);

#endif
