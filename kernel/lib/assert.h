/* SPDX-License-Identifier: BSD-2-Clause */
/* assert(): for our own mistakes only, on in every build. Nothing a guest or a TA sends may reach
 * one. */
#ifndef LIB_ASSERT_H
#define LIB_ASSERT_H

#include "kernel/lib/types.h"

/* Prints the message and the state of the machine, then stops this CPU for good. */
noreturn void panic(const char *format, ...) printf_like(1, 2);

#define assert(condition)                                                                          \
	do {                                                                                       \
		if (!(condition))                                                                  \
			panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #condition);      \
	} while (0)

#endif
