/* SPDX-License-Identifier: BSD-2-Clause */
/* A small seeded generator (splitmix64): the same seed gives the same test on every machine. */
#ifndef EXAMPLES_RANDOM_H
#define EXAMPLES_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

static inline uint64_t random_next(struct random *r)
{
	uint64_t z = (r->state += 0x9E3779B97F4A7C15u);

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

/* A number in [0, bound); bound is 1 or more. The slight bias does not matter to a test. */
static inline uint64_t random_below(struct random *r, uint64_t bound)
{
	return random_next(r) % bound;
}

/* True in percent of the cases. */
static inline int random_chance(struct random *r, unsigned int percent)
{
	return random_below(r, 100) < percent;
}

static inline void random_fill(struct random *r, uint8_t *out, size_t size)
{
	for (size_t i = 0; i < size; i += 8) {
		uint64_t word = random_next(r);

		for (size_t j = i; j < size && j < i + 8; j++) {
			out[j] = (uint8_t)word;
			word >>= 8;
		}
	}
}

#endif
