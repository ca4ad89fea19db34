/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random numbers: one HMAC_DRBG (NIST SP 800-90A) for each CPU, so that guests neither wait for
 * each other nor see a common state.
 *
 * What is secret comes from two places: the CPU's random number instruction, and the seed that the
 * firmware gave at boot. Samples of the counter are mixed in whenever something is; they are not
 * counted as entropy, they only keep two boots with the same seed apart.
 */
#include "kernel/arch/arch.h"
#include "kernel/crypto/stream.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/log.h"
#include "kernel/platform/platform.h"

#define JITTER_SAMPLES 8
#define CPU_WORDS      8 /* 64-bit words of the CPU's generator per reseeding */

/* What is mixed in at once. Fields that could not be filled are zero. */
struct material {
	uint8_t root[CRYPTO_SHA256_SIZE]; /* at the start only */
	uint64_t cpu_index;
	uint64_t words[CPU_WORDS];
	uint64_t jitter[JITTER_SAMPLES];
};

static struct crypto_stream generators[CPU_MAX];

/* Words that the CPU's generator gave; it may fail now and then, so each gets several tries. */
static unsigned read_words(uint64_t words[CPU_WORDS])
{
	unsigned got = 0;

	for (unsigned tries = 0; got < CPU_WORDS && tries < 10 * CPU_WORDS; tries++)
		got += arch_random(&words[got]);
	return got;
}

static unsigned gather(struct material *m)
{
	unsigned words = read_words(m->words);

	for (unsigned i = 0; i < JITTER_SAMPLES; i++)
		m->jitter[i] = arch_counter();
	return words;
}

static void report_sources(unsigned words, size_t seed_size)
{
	if (words == CPU_WORDS)
		log_info("entropy: the CPU's generator%s", seed_size ? " and the boot seed" : "");
	else if (seed_size)
		log_info("entropy: a boot seed of %zu bytes", seed_size);
	else
		log_warn("NO ENTROPY: neither the CPU nor the firmware gives any; "
			 "random numbers can be guessed");
}

static void report_keys(void)
{
	uint8_t key[PLATFORM_KEY_SIZE];

	if (crypto_ta_key_is_development)
		log_warn("trusted apps are verified with the PUBLISHED development key; "
			 "anybody can sign");
	if (!platform_hardware_key(key))
		log_warn("this machine has NO HARDWARE KEY: keys derived for apps and images are "
			 "known to anybody");
	crypto_wipe(key, sizeof(key));
}

/* One for each CPU. */
static void start_generators(struct material *m)
{
	for (unsigned cpu = 0; cpu < arch_cpu_count(); cpu++) {
		gather(m);
		m->cpu_index = cpu;
		stream_start(&generators[cpu], m, sizeof(*m));
	}
}

void crypto_init(const void *seed, size_t seed_size)
{
	struct material m = {0};
	struct crypto_sha256 hash;

	report_sources(gather(&m), seed_size);
	report_keys();
	crypto_sha256_init(&hash);
	crypto_sha256_update(&hash, seed, seed_size);
	crypto_sha256_update(&hash, &m, sizeof(m));
	crypto_sha256_final(&hash, m.root);

	start_generators(&m);
	crypto_wipe(&m, sizeof(m));
}

void crypto_random(void *to, size_t size)
{
	uint8_t *out = to;

	while (size > 0) {
		/* Another CPU may have gone on with the call after each piece. */
		struct crypto_stream *own = &generators[arch_cpu_index()];
		size_t piece = min(size, (size_t)CRYPTO_RANDOM_PIECE);
		struct material m = {0};
		bool is_due = stream_is_due(own);
		if (is_due)
			gather(&m);
		stream_draw(own, &m, is_due ? sizeof(m) : 0, out, piece);
		crypto_wipe(&m, sizeof(m));
		out += piece;
		size -= piece;
	}
}

uint64_t crypto_random_below(uint64_t bound)
{
	uint64_t value;

	assert(bound > 0);
	/* Values of the last, incomplete stretch of [0, 2^64) would favour small results. */
	uint64_t unfair = -bound % bound;
	do
		crypto_random(&value, sizeof(value));
	while (value < unfair);
	return value % bound;
}
