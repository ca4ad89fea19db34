/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ledger: an append-only book kept by a trusted app, one book per session. This header is the
 * contract between the trusted app (ta/) and its client (host/) and holds the arithmetic that both
 * do, so that the client can check every result against a book of its own.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include <stddef.h>
#include <stdint.h>

/* 7e0b3c5a-0001-4b8e-a2f6-6c6564676572 */
#define LEDGER_UUID                                                                                \
	{                                                                                          \
		0x7e0b3c5a, 0x0001, 0x4b8e,                                                        \
		{                                                                                  \
			0xa2, 0xf6, 0x6c, 0x65, 0x64, 0x67, 0x65, 0x72                             \
		}                                                                                  \
	}

/* Commands, with their parameters. */
enum ledger_command {
	/* value inout: a amount (signed) in, b:a checksum out; memory in: the entry */
	LEDGER_APPEND,
	/* three values out: count, balance, checksum; each b:a */
	LEDGER_TOTALS,
	/* value out: b:a checksum; memory inout: hidden under a stream, and entered */
	LEDGER_SEAL,
	/* value in: a bytes wanted, b nonce; memory out: the stream. Short buffer if it does not
	 * fit */
	LEDGER_STATEMENT,
	/* value inout as APPEND; memory in: an entry; memory out: stream; memory inout: as SEAL */
	LEDGER_TRANSFER,
	/* memory out: the latest entry, if it was kept (see LEDGER_KEPT_MAX). No data / short
	 * buffer */
	LEDGER_RECALL,
	/* value in: b:a number of an entry; value out: b:a checksum after it; value out: amount,
	 * size */
	LEDGER_LOOKUP,
};

#define LEDGER_HISTORY  64u        /* LOOKUP knows the newest so many entries */
#define LEDGER_KEPT_MAX 4096u      /* RECALL knows the newest entry if it is not larger */
#define LEDGER_SIZE_MAX (1u << 20) /* largest memory reference */

struct ledger_book {
	uint64_t count;
	int64_t balance;
	uint64_t checksum;
};

struct ledger_entry {
	uint64_t checksum;
	int32_t amount;
	uint32_t size;
};

typedef uint64_t __attribute__((may_alias)) ledger_word;

static inline uint64_t ledger_mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
	return hash ^ (hash >> 29);
}

/* Word number index of the stream that key stands for. */
static inline uint64_t ledger_stream(uint64_t key, uint64_t index)
{
	return ledger_mix(key ^ 0xA5A5A5A5A5A5A5A5u, index);
}

/* Reads up to eight bytes, each exactly once: the memory may be shared with someone hostile. */
static inline uint64_t ledger_load(const uint8_t *from, size_t left)
{
	uint64_t word = 0;

	if (left >= 8 && ((uintptr_t)from & 7) == 0)
		return *(const volatile ledger_word *)(const volatile void *)from;
	for (size_t i = 0; i < 8 && i < left; i++)
		word |= (uint64_t) * (const volatile uint8_t *)(from + i) << (8 * i);
	return word;
}

static inline void ledger_store(uint8_t *to, size_t left, uint64_t word)
{
	if (left >= 8 && ((uintptr_t)to & 7) == 0) {
		*(volatile ledger_word *)(volatile void *)to = word;
		return;
	}
	for (size_t i = 0; i < 8 && i < left; i++)
		*(volatile uint8_t *)(to + i) = (uint8_t)(word >> (8 * i));
}

static inline void ledger_enter(struct ledger_book *book, int32_t amount, uint64_t digest)
{
	book->count++;
	book->balance += amount;
	book->checksum = ledger_mix(ledger_mix(book->checksum, (uint32_t)amount), digest);
}

/* Enters data into the book. */
static inline void ledger_append(struct ledger_book *book, int32_t amount, const uint8_t *data,
				 size_t size)
{
	uint64_t digest = size;

	for (size_t i = 0; i < size; i += 8)
		digest = ledger_mix(digest, ledger_load(data + i, size - i));
	ledger_enter(book, amount, digest);
}

/* Enters data into the book and hides it under the stream of the old checksum, in one pass. */
static inline void ledger_seal(struct ledger_book *book, uint8_t *data, size_t size)
{
	uint64_t key = book->checksum;
	uint64_t digest = size;

	for (size_t i = 0; i < size; i += 8) {
		uint64_t word = ledger_load(data + i, size - i);

		digest = ledger_mix(digest, word);
		ledger_store(data + i, size - i, word ^ ledger_stream(key, i));
	}
	ledger_enter(book, 0, digest);
}

/* Writes the first size bytes of the stream of key. */
static inline void ledger_fill(uint64_t key, uint8_t *out, size_t size)
{
	for (size_t i = 0; i < size; i += 8)
		ledger_store(out + i, size - i, ledger_stream(key, i));
}

#endif
