/* SPDX-License-Identifier: BSD-2-Clause */
#include <lib/lock.h>
#include <lib/random.h>
#include <stdint.h>
#include <string.h>

static struct lock lock;
static uint32_t key[8];
static uint64_t counter;

static uint32_t rotl(uint32_t v, unsigned n)
{
	return v << n | v >> (32 - n);
}

static void quarter(uint32_t *s, unsigned a, unsigned b, unsigned c, unsigned d)
{
	s[a] += s[b];
	s[d] = rotl(s[d] ^ s[a], 16);
	s[c] += s[d];
	s[b] = rotl(s[b] ^ s[c], 12);
	s[a] += s[b];
	s[d] = rotl(s[d] ^ s[a], 8);
	s[c] += s[d];
	s[b] = rotl(s[b] ^ s[c], 7);
}

/* One ChaCha20 block (RFC 8439 §2.3, 64-bit counter) under the current key. */
static void block(uint32_t out[16])
{
	uint32_t in[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

	memcpy(&in[4], key, sizeof(key));
	in[12] = (uint32_t)counter;
	in[13] = (uint32_t)(counter >> 32);
	counter++;
	memcpy(out, in, sizeof(in));
	for (unsigned i = 0; i < 10; i++) {
		quarter(out, 0, 4, 8, 12);
		quarter(out, 1, 5, 9, 13);
		quarter(out, 2, 6, 10, 14);
		quarter(out, 3, 7, 11, 15);
		quarter(out, 0, 5, 10, 15);
		quarter(out, 1, 6, 11, 12);
		quarter(out, 2, 7, 8, 13);
		quarter(out, 3, 4, 9, 14);
	}
	for (unsigned i = 0; i < 16; i++)
		out[i] += in[i];
}

static void rekey(void)
{
	uint32_t b[16];

	block(b);
	memcpy(key, b, sizeof(key));
	memset(b, 0, sizeof(b));
}

void random_mix(const void *data, size_t n)
{
	const uint8_t *p = data;

	lock_acquire(&lock);
	while (n) {
		size_t part = n < sizeof(key) ? n : sizeof(key);

		for (size_t i = 0; i < part; i++)
			((uint8_t *)key)[i] ^= p[i];
		rekey();
		p += part;
		n -= part;
	}
	lock_release(&lock);
}

void random_fill(void *out, size_t n)
{
	uint32_t b[16];
	uint8_t *p = out;

	lock_acquire(&lock);
	while (n) {
		size_t part = n < sizeof(b) ? n : sizeof(b);

		block(b);
		memcpy(p, b, part);
		p += part;
		n -= part;
	}
	rekey();
	lock_release(&lock);
	memset(b, 0, sizeof(b));
}
