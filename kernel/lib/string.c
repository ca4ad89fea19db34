/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of the C library that the kernel needs, for the target; written for general registers.
 * Not built with -mstrict-align: it runs with the MMU on only, where unaligned accesses are fine.
 */
#include <stdint.h>
#include "kernel/lib/string.h"
#include "kernel/lib/zero.h"

/* Units that may lie anywhere and alias anything. */
typedef uint64_t __attribute__((may_alias, aligned(1))) word_t;
struct pair {
	word_t a, b;
};

/* From this size on, zeroing whole cache lines pays. */
#define ZERO_LINES_MIN 256

static void *copy_up(void *to, const void *from, size_t size)
{
	unsigned char *d = to;
	const unsigned char *s = from;

	for (; size >= 4 * sizeof(struct pair); size -= 4 * sizeof(struct pair)) {
		struct pair p0 = ((const struct pair *)s)[0], p1 = ((const struct pair *)s)[1];
		struct pair p2 = ((const struct pair *)s)[2], p3 = ((const struct pair *)s)[3];

		((struct pair *)d)[0] = p0;
		((struct pair *)d)[1] = p1;
		((struct pair *)d)[2] = p2;
		((struct pair *)d)[3] = p3;
		s += 4 * sizeof(struct pair);
		d += 4 * sizeof(struct pair);
	}
	for (; size >= sizeof(word_t); size -= sizeof(word_t)) {
		*(word_t *)d = *(const word_t *)s;
		s += sizeof(word_t);
		d += sizeof(word_t);
	}
	while (size-- != 0)
		*d++ = *s++;
	return to;
}

static void *copy_down(void *to, const void *from, size_t size)
{
	unsigned char *d = (unsigned char *)to + size;
	const unsigned char *s = (const unsigned char *)from + size;

	for (; size >= sizeof(word_t); size -= sizeof(word_t)) {
		s -= sizeof(word_t);
		d -= sizeof(word_t);
		*(word_t *)d = *(const word_t *)s;
	}
	while (size-- != 0)
		*--d = *--s;
	return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	return copy_up(to, from, size);
}

void *memmove(void *to, const void *from, size_t size)
{
	/* Upwards is right unless to lies inside [from, from + size). */
	if ((uintptr_t)to - (uintptr_t)from >= size)
		return copy_up(to, from, size);
	return copy_down(to, from, size);
}

void *memset(void *to, int value, size_t size)
{
	unsigned char *d = to;
	word_t word = 0x0101010101010101ull * (unsigned char)value;

	if (value == 0 && size >= ZERO_LINES_MIN) {
		size_t done = zero_lines(d, size);

		d += done;
		size -= done;
	}
	for (; size >= 2 * sizeof(struct pair); size -= 2 * sizeof(struct pair)) {
		((struct pair *)d)[0] = (struct pair){word, word};
		((struct pair *)d)[1] = (struct pair){word, word};
		d += 2 * sizeof(struct pair);
	}
	for (; size >= sizeof(word_t); size -= sizeof(word_t), d += sizeof(word_t))
		*(word_t *)d = word;
	while (size-- != 0)
		*d++ = (unsigned char)value;
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *x = a, *y = b;

	for (; size >= sizeof(word_t) && *(const word_t *)x == *(const word_t *)y;
	     size -= sizeof(word_t)) {
		x += sizeof(word_t);
		y += sizeof(word_t);
	}
	for (; size != 0; size--, x++, y++)
		if (*x != *y)
			return *x < *y ? -1 : 1;
	return 0;
}

void *memchr(const void *s, int c, size_t size)
{
	const unsigned char *p = s;

	for (; size != 0; size--, p++)
		if (*p == (unsigned char)c)
			return (void *)(uintptr_t)p;
	return NULL;
}

size_t strlen(const char *s)
{
	size_t length = 0;

	while (s[length] != '\0')
		length++;
	return length;
}

size_t strnlen(const char *s, size_t max)
{
	size_t length = 0;

	while (length < max && s[length] != '\0')
		length++;
	return length;
}

int strncmp(const char *a, const char *b, size_t max)
{
	for (; max != 0; max--, a++, b++) {
		if (*a != *b)
			return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
		if (*a == '\0')
			return 0;
	}
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)(uintptr_t)s;
		if (*s == '\0')
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	const char *found = NULL;

	for (;; s++) {
		if (*s == (char)c)
			found = s;
		if (*s == '\0')
			return (char *)(uintptr_t)found;
	}
}
