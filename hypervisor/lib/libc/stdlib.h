/* SPDX-License-Identifier: BSD-2-Clause */
/* libfdt includes this header; it uses only strtoul(), in code that is not linked. */
#ifndef LIB_LIBC_STDLIB_H
#define LIB_LIBC_STDLIB_H

#include <stddef.h>

unsigned long strtoul(const char *s, char **end, int base);

#endif
