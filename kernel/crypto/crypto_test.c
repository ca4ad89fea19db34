/* SPDX-License-Identifier: BSD-2-Clause */
/* The arena, the random number generators, SHA-256 and the built-in key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/arch/arch.h"
#include "kernel/crypto/arena.h"
#include "kernel/crypto/crypto.h"
#include "kernel/crypto/rsa_vectors_test.h"
#include "kernel/lib/log.h"
#include "kernel/lib/spinlock.h"
#include "kernel/platform/platform.h"

#define PAGES 32

/* --- the machine, as this test wants it --- */

static unsigned cpu;
static uint64_t counter;
static bool has_cpu_words;
static uint64_t cpu_word;
static bool has_hardware_key;
static char log_text[1024];
static jmp_buf panic_jump;
static bool panic_expected;

unsigned arch_cpu_index(void)
{
	return cpu;
}

unsigned arch_cpu_count(void)
{
	return CPU_MAX;
}

uint64_t arch_counter(void)
{
	return counter += 7;
}

bool arch_random(uint64_t *value)
{
	if (!has_cpu_words)
		return false;
	cpu_word = cpu_word * 6364136223846793005ull + 1;
	*value = cpu_word;
	return true;
}

bool platform_hardware_key(uint8_t key[PLATFORM_KEY_SIZE])
{
	memset(key, has_hardware_key ? 7 : 0, PLATFORM_KEY_SIZE);
	return has_hardware_key;
}

void spin_lock(struct spinlock *lock)
{
	(void)lock;
}

void spin_unlock(struct spinlock *lock)
{
	(void)lock;
}

void log_write(enum log_level level, const char *format, ...)
{
	size_t used = strlen(log_text);
	va_list args;

	used += snprintf(log_text + used, sizeof(log_text) - used, level == LOG_WARN ? "W:" : "I:");
	va_start(args, format);
	vsnprintf(log_text + used, sizeof(log_text) - used, format, args);
	va_end(args);
}

void panic(const char *format, ...)
{
	if (panic_expected)
		longjmp(panic_jump, 1);
	fprintf(stderr, "%s\n", format);
	abort();
}

static void *memory;

static int fresh_machine(void **state)
{
	(void)state;
	free(memory);
	memory = aligned_alloc(PAGE_SIZE, PAGES * PAGE_SIZE);
	pages_init(memory, (char *)memory + PAGES * PAGE_SIZE);
	cpu = 0;
	counter = 1;
	has_cpu_words = false;
	has_hardware_key = false;
	log_text[0] = 0;
	*crypto_work_slot() = NULL;
	return 0;
}

static int drop_machine(void **state)
{
	(void)state;
	free(memory);
	memory = NULL;
	return 0;
}

/* --- random numbers --- */

static void boot(const char *seed)
{
	fresh_machine(NULL);
	crypto_init(seed, strlen(seed));
}

/* Attack row 11 */
static void attack_11_first_bytes_differ_between_boots_and_cpus(void **state)
{
	uint8_t first[6][16];
	unsigned n = 0;

	(void)state;
	for (unsigned seed = 0; seed < 2; seed++) {
		boot(seed ? "seed of one boot" : "seed of the next");
		for (cpu = 0; cpu < 3; cpu++)
			crypto_random(first[n++], 16);
	}
	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = 0; k < i; k++)
			assert_memory_not_equal(first[i], first[k], 16);
	}
}

/* Attack row 11 */
static void attack_11_output_depends_on_the_seed_and_on_the_cpus_words(void **state)
{
	uint8_t a[16], b[16], c[16];

	boot("A");
	crypto_random(a, sizeof(a));
	boot("A");
	crypto_random(b, sizeof(b));
	assert_memory_equal(a, b, sizeof(a)); /* the fake counter is the same, too */
	fresh_machine(state);
	has_cpu_words = true;
	crypto_init("A", 1);
	crypto_random(c, sizeof(c));
	assert_memory_not_equal(a, c, sizeof(a));
}

static void fresh_words_are_mixed_in_as_output_goes_on(void **state)
{
	uint8_t a[8], b[8];

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		boot("same");
		has_cpu_words = true;
		cpu_word = round;
		for (unsigned i = 0; i < 70; i++)
			crypto_random(round ? b : a, 8);
	}
	assert_memory_not_equal(a, b, sizeof(a));
}

/* Attack row 11 */
static void a_boot_without_entropy_says_so_loudly(void **state)
{
	(void)state;
	crypto_init(NULL, 0);
	assert_non_null(strstr(log_text, "W:NO ENTROPY"));
}

static void the_source_of_entropy_is_named(void **state)
{
	(void)state;
	crypto_init("12345678", 8);
	assert_null(strstr(log_text, "NO ENTROPY"));
	assert_non_null(strstr(log_text, "boot seed of 8 bytes"));
	fresh_machine(state);
	has_cpu_words = true;
	crypto_init(NULL, 0);
	assert_non_null(strstr(log_text, "the CPU's generator"));
	assert_null(strstr(log_text, "seed"));
}

static void the_development_key_is_announced_at_boot(void **state)
{
	(void)state;
	assert_int_equal(crypto_ta_key.modulus_size, 256);
	assert_memory_equal(crypto_ta_key.modulus, "\xa6\x5a\x18\xad\xc0\xb3\xce\xe3", 8);
	assert_true(crypto_ta_key_is_development);
	crypto_init("x", 1);
	assert_non_null(strstr(log_text, "PUBLISHED development key"));
}

static void a_machine_without_a_key_says_so_loudly(void **state)
{
	(void)state;
	crypto_init("x", 1);
	assert_non_null(strstr(log_text, "W:this machine has NO HARDWARE KEY"));
	fresh_machine(state);
	has_hardware_key = true;
	crypto_init("x", 1);
	assert_null(strstr(log_text, "HARDWARE KEY"));
}

/* Trusted-app ABI 1.2: the key of encrypted images for a machine without a key and the development
 * key. */
static void the_image_key_of_a_machine_without_a_key_is_the_kits(void **state)
{
	static const uint8_t expected[] = {0xb6, 0x4d, 0x23, 0x9b, 0x1f, 0x3c, 0x7d, 0x3b,
					   0x06, 0x50, 0x62, 0x29, 0xcd, 0x8f, 0xf7, 0xc8,
					   0xaf, 0x2b, 0xb4, 0xdb, 0x21, 0x68, 0x62, 0x1a,
					   0xc6, 0x2c, 0x84, 0x94, 0x84, 0x68, 0xc4, 0xf4};
	static const uint8_t usage[4] = {4};
	const struct crypto_bytes message[] = {{usage, sizeof(usage)},
					       {crypto_ta_key.modulus, crypto_ta_key.modulus_size}};
	uint8_t root[PLATFORM_KEY_SIZE], key[32];

	(void)state;
	assert_false(platform_hardware_key(root));
	crypto_hmac_sha256(root, sizeof(root), message, 2, key);
	assert_memory_equal(key, expected, sizeof(key));
}

static void requests_of_any_length_are_filled(void **state)
{
	static uint8_t big[5000];

	(void)state;
	crypto_init("x", 1);
	crypto_random(big, 0);
	crypto_random(big, sizeof(big));
	for (size_t i = 0; i + 16 <= sizeof(big); i += 16) {
		static const uint8_t zero[16];
		assert_memory_not_equal(big + i, zero, 16);
	}
}

static void numbers_below_a_bound_reach_all_values_and_none_other(void **state)
{
	unsigned seen[5] = {0};

	(void)state;
	crypto_init("x", 1);
	for (unsigned i = 0; i < 500; i++)
		seen[crypto_random_below(5)]++;
	for (unsigned i = 0; i < 5; i++)
		assert_in_range(seen[i], 60, 140);
	assert_int_equal(crypto_random_below(1), 0);
	assert_true(crypto_random_below(UINT64_MAX) < UINT64_MAX);
}

/* --- streams --- */

/* In a machine that repeats itself to the bit, with or without one more thing that happens. */
static void draw(struct crypto_stream *stream, const char *name, uint8_t out[16])
{
	crypto_stream_init(stream, name, strlen(name));
	crypto_stream_random(stream, out, 16);
}

static void streams_differ_by_name_and_by_when_they_began(void **state)
{
	struct crypto_stream a, b;
	uint8_t first[16], second[16], other[16];

	(void)state;
	boot("same");
	draw(&a, "guest 1", first);
	draw(&b, "guest 1", second);
	assert_memory_not_equal(first, second, 16);
	boot("same");
	draw(&b, "guest 2", other);
	assert_memory_not_equal(first, other, 16);
	boot("same");
	draw(&b, "guest 1", other);
	assert_memory_equal(first, other, 16); /* so it was the name */
}

/* TA-144 */
static void what_is_added_changes_this_stream_and_nothing_else(void **state)
{
	uint8_t first[2][16], second[2][16], machine[2][16];
	static const uint8_t zero[CRYPTO_RANDOM_PIECE];
	struct crypto_stream a, b;

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		boot("same");
		crypto_stream_init(&a, "a", 1);
		crypto_stream_init(&b, "b", 1);
		if (round == 1)
			crypto_stream_add(&a, zero, sizeof(zero));
		crypto_stream_add(&b, zero, 0);
		crypto_stream_random(&a, first[round], 16);
		crypto_stream_random(&b, second[round], 16);
		crypto_random(machine[round], 16);
	}
	assert_memory_not_equal(first[0], first[1], 16);
	assert_memory_not_equal(first[1], zero, 16);
	assert_memory_equal(second[0], second[1], 16);
	assert_memory_equal(machine[0], machine[1], 16);
}

/* Two machines that part after the streams began: their streams do at the first reseeding. */
static void a_stream_is_reseeded_after_so_many_requests(void **state)
{
	uint8_t out[2][70][8], unused[8];
	struct crypto_stream s;

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		boot("same");
		crypto_stream_init(&s, "s", 1);
		if (round == 1)
			crypto_random(unused, sizeof(unused));
		for (unsigned i = 0; i < 70; i++)
			crypto_stream_random(&s, out[round][i], 8);
	}
	assert_memory_equal(out[0][62], out[1][62], 8);
	assert_memory_not_equal(out[0][63], out[1][63], 8);
	assert_memory_not_equal(out[0][69], out[1][69], 8);
}

static void a_stream_fills_any_length_and_may_be_moved(void **state)
{
	static uint8_t big[CRYPTO_RANDOM_PIECE * 66 + 5];
	static const uint8_t zero[16];
	struct crypto_stream *s = malloc(sizeof(*s)), moved;

	(void)state;
	boot("x");
	crypto_stream_init(s, "", 0);
	moved = *s;
	free(s);
	crypto_stream_random(&moved, big, 0);
	crypto_stream_random(&moved, big, sizeof(big));
	for (size_t i = 0; i + 16 <= sizeof(big); i += 16)
		assert_memory_not_equal(big + i, zero, 16);
}

/* --- hash --- */

static void sha256_matches_the_standards_example_in_any_pieces(void **state)
{
	static const uint8_t expected[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
					   0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
					   0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
					   0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
	uint8_t digest[32];
	struct crypto_sha256 hash, copy;

	(void)state;
	crypto_sha256_init(&hash);
	crypto_sha256_update(&hash, "a", 1);
	copy = hash;
	crypto_sha256_update(&hash, "bc", 2);
	crypto_sha256_final(&hash, digest);
	assert_memory_equal(digest, expected, 32);
	crypto_sha256_update(&copy, "b", 1);
	crypto_sha256_update(&copy, "", 0);
	crypto_sha256_update(&copy, "c", 1);
	crypto_sha256_final(&copy, digest);
	assert_memory_equal(digest, expected, 32);
	assert_true(crypto_equal(digest, expected, 32));
	digest[31] ^= 1;
	assert_false(crypto_equal(digest, expected, 32));
}

/* --- working memory --- */

static struct budget budget;
static struct crypto_work work;

static void open_work(void)
{
	budget = (struct budget){.limit = 100};
	assert_int_equal(crypto_work_begin(&work, &budget), TEE_SUCCESS);
}

static void close_work(void)
{
	crypto_work_end(&work);
	assert_int_equal(budget.used, 0);
}

static bool panics(void (*fn)(void *), void *arg)
{
	panic_expected = true;
	bool jumped = setjmp(panic_jump) != 0;
	if (!jumped)
		fn(arg);
	panic_expected = false;
	return jumped;
}

static void memory_is_zeroed_aligned_and_reused(void **state)
{
	(void)state;
	open_work();
	for (unsigned round = 0; round < 50; round++) {
		uint8_t *a = arena_calloc(3, 11), *b = arena_calloc(1, ARENA_MAX);
		uint8_t *c = arena_calloc(1, 2000), *d = arena_calloc(1, 1800);
		assert_true(a && b && c && d);
		assert_int_equal((uintptr_t)a % 16 + (uintptr_t)b % 16 + (uintptr_t)c % 16, 0);
		for (unsigned i = 0; i < 2000; i++)
			assert_int_equal(c[i], 0);
		memset(a, 0xaa, 33);
		memset(b, 0xbb, ARENA_MAX);
		memset(c, 0xcc, 2000);
		memset(d, 0xdd, 1800);
		arena_free(round % 2 ? a : d);
		arena_free(b);
		arena_free(round % 2 ? d : a);
		arena_free(c);
	}
	assert_false(work.exhausted);
	close_work();
}

static void memory_that_does_not_fit_is_refused_and_noted(void **state)
{
	(void)state;
	assert_null(arena_calloc(1, 16)); /* no operation is running */
	open_work();
	assert_null(arena_calloc(SIZE_MAX, 2));
	assert_null(arena_calloc(1, ARENA_MAX + 1));
	assert_null(arena_calloc(0, 5));
	assert_true(work.exhausted);
	void *all[CRYPTO_WORK_PAGES];
	for (unsigned i = 0; i < CRYPTO_WORK_PAGES; i++)
		assert_non_null(all[i] = arena_calloc(1, ARENA_MAX));
	assert_null(arena_calloc(1, 1));
	for (unsigned i = 0; i < CRYPTO_WORK_PAGES; i++)
		arena_free(all[i]);
	close_work();
}

/* Attack row 13 */
static void attack_13_freeing_twice_or_elsewhere_is_caught(void **state)
{
	uint64_t foreign[4];

	(void)state;
	open_work();
	char *a = arena_calloc(1, 100);
	assert_true(panics(arena_free, &foreign[2]));
	arena_free(a);
	assert_true(panics(arena_free, a));
	arena_free(NULL);
	close_work();
}

static void work_needs_its_pages_from_the_budget(void **state)
{
	(void)state;
	for (uint32_t limit = 0; limit < CRYPTO_WORK_PAGES; limit++) {
		budget = (struct budget){.limit = limit};
		assert_int_equal(crypto_work_begin(&work, &budget), TEE_ERROR_OUT_OF_MEMORY);
		assert_int_equal(budget.used, 0);
		assert_null(*crypto_work_slot());
	}
}

static void rsa_fits_its_working_memory_and_leaves_nothing(void **state)
{
	static const uint8_t e[] = {1, 0, 1};
	const struct crypto_rsa_key key = {vector_modulus, sizeof(vector_modulus), e, sizeof(e)};

	(void)state;
	open_work();
	assert_int_equal(crypto_rsa_verify(&work, &key, CRYPTO_RSA_PSS_SHA256, vector_digest,
					   vector_pss, sizeof(vector_pss)),
			 TEE_SUCCESS);
	assert_int_equal(crypto_rsa_verify(&work, &key, CRYPTO_RSA_PKCS1_SHA256, vector_digest,
					   vector_pkcs1, sizeof(vector_pkcs1)),
			 TEE_SUCCESS);
	/* With all but a little taken, it says so. */
	void *most[CRYPTO_WORK_PAGES];
	for (unsigned i = 0; i < CRYPTO_WORK_PAGES; i++)
		most[i] = arena_calloc(1, i ? ARENA_MAX : 3000);
	assert_int_equal(crypto_rsa_verify(&work, &key, CRYPTO_RSA_PSS_SHA256, vector_digest,
					   vector_pss, sizeof(vector_pss)),
			 TEE_ERROR_OUT_OF_MEMORY);
	for (unsigned i = 0; i < CRYPTO_WORK_PAGES; i++)
		arena_free(most[i]);
	close_work();
}

static void rsa_4096_fits_the_working_memory_too(void **state)
{
	/* No signature of this key is at hand; the arithmetic is what needs the room. */
	static uint8_t modulus[512], signature[512];
	static const uint8_t e[] = {1, 0, 1};
	const struct crypto_rsa_key key = {modulus, sizeof(modulus), e, sizeof(e)};

	(void)state;
	memset(modulus, 0xe5, sizeof(modulus));
	memset(signature, 0x77, sizeof(signature));
	open_work();
	assert_int_equal(crypto_rsa_verify(&work, &key, CRYPTO_RSA_PSS_SHA256, vector_digest,
					   signature, sizeof(signature)),
			 TEE_ERROR_SIGNATURE_INVALID);
	assert_int_equal(crypto_rsa_verify(&work, &key, CRYPTO_RSA_PKCS1_SHA256, vector_digest,
					   signature, sizeof(signature)),
			 TEE_ERROR_SIGNATURE_INVALID);
	assert_false(work.exhausted);
	close_work();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh_machine, drop_machine)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(attack_11_first_bytes_differ_between_boots_and_cpus),
		TEST(attack_11_output_depends_on_the_seed_and_on_the_cpus_words),
		TEST(fresh_words_are_mixed_in_as_output_goes_on),
		TEST(a_boot_without_entropy_says_so_loudly),
		TEST(the_source_of_entropy_is_named),
		TEST(the_development_key_is_announced_at_boot),
		TEST(a_machine_without_a_key_says_so_loudly),
		TEST(the_image_key_of_a_machine_without_a_key_is_the_kits),
		TEST(requests_of_any_length_are_filled),
		TEST(numbers_below_a_bound_reach_all_values_and_none_other),
		TEST(streams_differ_by_name_and_by_when_they_began),
		TEST(what_is_added_changes_this_stream_and_nothing_else),
		TEST(a_stream_is_reseeded_after_so_many_requests),
		TEST(a_stream_fills_any_length_and_may_be_moved),
		TEST(sha256_matches_the_standards_example_in_any_pieces),
		TEST(memory_is_zeroed_aligned_and_reused),
		TEST(memory_that_does_not_fit_is_refused_and_noted),
		TEST(attack_13_freeing_twice_or_elsewhere_is_caught),
		TEST(work_needs_its_pages_from_the_budget),
		TEST(rsa_fits_its_working_memory_and_leaves_nothing),
		TEST(rsa_4096_fits_the_working_memory_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
