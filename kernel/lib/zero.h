/* SPDX-License-Identifier: BSD-2-Clause */
/* The fast middle part of zeroing, chosen by the build: whole cache lines where the CPU can. */
#ifndef LIB_ZERO_H
#define LIB_ZERO_H

#include <stddef.h>

/*
 * Zeroes a leading part of [to, to + size) and returns its size, which may be 0; the caller does
 * the rest.
 */
size_t zero_lines(void *to, size_t size);

#endif
