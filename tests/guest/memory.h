/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages that the test guest can share, and the files of its initial archive. */
#ifndef GUEST_MEMORY_H
#define GUEST_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "machine.h"

/* count zeroed pages in a row, or NULL. */
void *pages_take(uint32_t count);
void pages_give(void *pages, uint32_t count);
uint32_t pages_free(void);

/* The contents of the file whose name ends in suffix, in the archive (cpio newc) of the boot. */
const uint8_t *archive_find(const char *suffix, uint64_t *size);

#endif
