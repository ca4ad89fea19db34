/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of the C library that the kernel and Mbed TLS need. On the host the C library's own is
 * used. */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include <stdarg.h>
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
void *memchr(const void *s, int c, size_t size);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);

/*
 * %s %c %d %i %u %x %X %p %% with width, zero padding, '-', precision for %s, and the sizes hh h l
 * ll z. Always terminated; returns the length that the full text has.
 */
int snprintf(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
int vsnprintf(char *to, size_t size, const char *format, va_list args);

#endif
