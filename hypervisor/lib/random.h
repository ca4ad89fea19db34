/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Seeds for guests (rng-seed, kaslr-seed): ChaCha20 keyed with what the machine gives. How good it
 * is depends on what was mixed in: the firmware's rng-seed if its device tree has one, RNDR where
 * the CPU has it, and otherwise only the jitter of the counter.
 */
#ifndef LIB_RANDOM_H
#define LIB_RANDOM_H

#include <stddef.h>

/** Mix @n bytes into the state. Any context; takes the module's own lock. */
void random_mix(const void *data, size_t n);

/** Fill @out with @n bytes; the state moves on, so that earlier output can't be found from it. */
void random_fill(void *out, size_t n);

#endif
