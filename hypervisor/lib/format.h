/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Print into @buf (of @size bytes, size > 0; the result is cut and always ends with NUL).
 * Knows %s %c %d %u %x with an optional 0, a width of one or two digits and l/ll, and %%.
 * Returns the number of characters in @buf, the NUL not counted.
 */
size_t str_format(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
size_t str_vformat(char *buf, size_t size, const char *fmt, va_list ap);

/** Read a decimal or 0x-hexadecimal number that fills the whole of @s. False: it does not. */
bool str_to_number(const char *s, uint64_t *value);

/** Split off the first word of *@s (in place, at blanks). NULL: there is none. */
char *str_next_word(char **s);

#endif
