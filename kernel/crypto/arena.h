/* SPDX-License-Identifier: BSD-2-Clause */
/* Working memory of the library: calloc() and free() inside the running operation's crypto_work. */
#ifndef CRYPTO_ARENA_H
#define CRYPTO_ARENA_H

#include <stddef.h>

/*
 * count * size zeroed bytes, 16-byte aligned, from the pages of the running call's crypto_work;
 * NULL when nothing fits, also when no operation is running. Nothing larger than ARENA_MAX. May run
 * in a bracket.
 */
#define ARENA_MAX ((size_t)4080)
void *arena_calloc(size_t count, size_t size);

/* Scrubs it. NULL is ignored; anything that is not a live allocation is a mistake (asserted). */
void arena_free(void *memory);

#endif
