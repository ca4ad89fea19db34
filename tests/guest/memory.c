/* SPDX-License-Identifier: BSD-2-Clause */
#include "memory.h"

#define POOL_PAGES  332u
#define CPIO_HEADER 110u

static uint8_t pool[POOL_PAGES][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static uint8_t is_taken[POOL_PAGES];

static uint32_t run_length(uint32_t from, uint32_t wanted)
{
	uint32_t length = 0;

	while (length < wanted && from + length < POOL_PAGES && !is_taken[from + length])
		length++;
	return length;
}

void *pages_take(uint32_t count)
{
	if (count == 0)
		return NULL;
	for (uint32_t i = 0; i + count <= POOL_PAGES;) {
		uint32_t length = run_length(i, count);

		if (length == count) {
			memset(&is_taken[i], 1, count);
			memset(pool[i], 0, (size_t)count * PAGE_SIZE);
			return pool[i];
		}
		i += length + 1;
	}
	return NULL;
}

void pages_give(void *pages, uint32_t count)
{
	uint32_t first = (uint32_t)(((uintptr_t)pages - (uintptr_t)pool) / PAGE_SIZE);

	memset(&is_taken[first], 0, count);
}

uint32_t pages_free(void)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < POOL_PAGES; i++)
		count += !is_taken[i];
	return count;
}

static uint64_t hex8(const uint8_t *p)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < 8; i++)
		value = value * 16 +
			(uint64_t)(p[i] <= '9' ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
	return value;
}

static uint64_t align4(uint64_t value)
{
	return (value + 3) & ~3ull;
}

const uint8_t *archive_find(const char *suffix, uint64_t *size)
{
	uint64_t at = machine.initrd_start;
	size_t length = strlen(suffix);

	while (at + CPIO_HEADER <= machine.initrd_end) {
		const uint8_t *header = (const uint8_t *)(uintptr_t)at;
		uint64_t name_size;
		uint64_t data_size;

		if (memcmp(header, "070701", 6)) {
			at += 4; /* zeros between two archives */
			continue;
		}
		data_size = hex8(header + 54);
		name_size = hex8(header + 94);
		at = align4(at + CPIO_HEADER + name_size);
		if (name_size > length &&
		    !memcmp(header + CPIO_HEADER + name_size - 1 - length, suffix, length)) {
			*size = data_size;
			return (const uint8_t *)(uintptr_t)at;
		}
		at = align4(at + data_size);
	}
	return NULL;
}
