/* SPDX-License-Identifier: BSD-2-Clause */
/* A fuzzer's input, taken from the front; what is beyond its end is zero. */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size;
};

static inline uint64_t input_take(struct input *in, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes && in->size > 0; i++, in->data++, in->size--)
		value |= (uint64_t)*in->data << 8 * i;
	return value;
}

/* A number below bound <= 256. */
static inline unsigned input_below(struct input *in, unsigned bound)
{
	return (unsigned)(input_take(in, 1) % bound);
}

#endif
