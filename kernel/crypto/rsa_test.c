/* SPDX-License-Identifier: BSD-2-Clause */
/* RSA verification with the library's memory taken from malloc(), so that the sanitizer sees each
 * double free, and with each single allocation failing in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/crypto/arena.h"
#include "kernel/crypto/crypto.h"
#include "kernel/crypto/rsa_vectors_test.h"
#include "kernel/lib/assert.h"

static const uint8_t exponent[] = {1, 0, 1};
static const struct crypto_rsa_key key = {vector_modulus, sizeof(vector_modulus), exponent,
					  sizeof(exponent)};
static struct crypto_work work;
static struct crypto_work *slot = &work;
static int allocations;
static int allocations_alive;
static int fail_at;

static struct crypto_work **get_slot(void)
{
	return &slot;
}

struct crypto_work **(*crypto_work_slot)(void) = get_slot;

void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	abort();
}

void *arena_calloc(size_t count, size_t size)
{
	assert_true(count * size <= ARENA_MAX);
	if (++allocations == fail_at) {
		slot->exhausted = true;
		return NULL;
	}
	allocations_alive++;
	return calloc(count, size);
}

void arena_free(void *memory)
{
	if (memory)
		allocations_alive--;
	free(memory);
}

static TEE_Result verify_with(const struct crypto_rsa_key *k, enum crypto_rsa_scheme scheme,
			      const uint8_t *signature, size_t size)
{
	TEE_Result res;

	work = (struct crypto_work){0};
	allocations = 0;
	res = crypto_rsa_verify(&work, k, scheme, vector_digest, signature, size);
	assert_int_equal(allocations_alive, 0);
	return res;
}

static TEE_Result verify(enum crypto_rsa_scheme scheme, const uint8_t *signature)
{
	return verify_with(&key, scheme, signature, 256);
}

static void accepts_signatures_that_openssl_made(void **state)
{
	(void)state;
	fail_at = 0;
	assert_int_equal(verify(CRYPTO_RSA_PSS_SHA256, vector_pss), TEE_SUCCESS);
	assert_int_equal(verify(CRYPTO_RSA_PKCS1_SHA256, vector_pkcs1), TEE_SUCCESS);
}

static void refuses_another_scheme_salt_or_mask(void **state)
{
	(void)state;
	fail_at = 0;
	assert_int_equal(verify(CRYPTO_RSA_PSS_SHA256, vector_pkcs1), TEE_ERROR_SIGNATURE_INVALID);
	assert_int_equal(verify(CRYPTO_RSA_PKCS1_SHA256, vector_pss), TEE_ERROR_SIGNATURE_INVALID);
	assert_int_equal(verify(CRYPTO_RSA_PSS_SHA256, vector_pss_salt_20),
			 TEE_ERROR_SIGNATURE_INVALID);
	assert_int_equal(verify(CRYPTO_RSA_PSS_SHA256, vector_pss_mgf_sha1),
			 TEE_ERROR_SIGNATURE_INVALID);
	assert_int_equal(verify((enum crypto_rsa_scheme)7, vector_pss),
			 TEE_ERROR_SIGNATURE_INVALID);
}

static void refuses_each_corrupted_byte_of_a_signature(void **state)
{
	uint8_t bad[256];

	(void)state;
	fail_at = 0;
	for (size_t i = 0; i < sizeof(bad); i += 5) {
		memcpy(bad, vector_pss, sizeof(bad));
		bad[i] ^= 1u << (i % 8);
		assert_int_equal(verify(CRYPTO_RSA_PSS_SHA256, bad), TEE_ERROR_SIGNATURE_INVALID);
	}
	memset(bad, 0xff, sizeof(bad)); /* larger than the modulus */
	assert_int_equal(verify(CRYPTO_RSA_PSS_SHA256, bad), TEE_ERROR_SIGNATURE_INVALID);
	memset(bad, 0, sizeof(bad));
	assert_int_equal(verify(CRYPTO_RSA_PSS_SHA256, bad), TEE_ERROR_SIGNATURE_INVALID);
	assert_int_equal(verify(CRYPTO_RSA_PKCS1_SHA256, bad), TEE_ERROR_SIGNATURE_INVALID);
}

/* Attack row 17: no size is taken off another that is smaller. */
static void ta_005_refuses_signatures_of_another_size_than_the_modulus(void **state)
{
	(void)state;
	fail_at = 0;
	for (size_t size = 0; size <= 257; size += size == 0 ? 255 : 2) {
		if (size != 256)
			assert_int_equal(verify_with(&key, CRYPTO_RSA_PSS_SHA256, vector_pss, size),
					 TEE_ERROR_SIGNATURE_INVALID);
	}
}

/* Attack row 17 */
static void refuses_keys_that_are_none(void **state)
{
	static const uint8_t even[] = {2}, zero[256];
	struct crypto_rsa_key bad[] = {
		{vector_modulus, 0, exponent, 3},     {vector_modulus, 513, exponent, 3},
		{vector_modulus, 256, exponent, 0},   {vector_modulus, 256, even, 1},
		{vector_modulus, 256, exponent, 257}, {zero, 256, exponent, 3},
		{vector_modulus, 255, exponent, 3}, /* even */
	};

	(void)state;
	fail_at = 0;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(verify_with(&bad[i], CRYPTO_RSA_PSS_SHA256, vector_pss,
					     bad[i].modulus_size),
				 TEE_ERROR_BAD_PARAMETERS);
}

static void fail_each_allocation(enum crypto_rsa_scheme scheme, const uint8_t *signature)
{
	fail_at = 0;
	assert_int_equal(verify(scheme, signature), TEE_SUCCESS);
	int total = allocations;
	assert_true(total > 3);
	for (fail_at = 1; fail_at <= total; fail_at++)
		assert_int_equal(verify(scheme, signature), TEE_ERROR_OUT_OF_MEMORY);
	fail_at = 0;
}

/* Attack row 13 */
static void attack_13_no_double_free_when_any_allocation_fails(void **state)
{
	(void)state;
	fail_each_allocation(CRYPTO_RSA_PSS_SHA256, vector_pss);
	fail_each_allocation(CRYPTO_RSA_PKCS1_SHA256, vector_pkcs1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_signatures_that_openssl_made),
		cmocka_unit_test(refuses_another_scheme_salt_or_mask),
		cmocka_unit_test(refuses_each_corrupted_byte_of_a_signature),
		cmocka_unit_test(ta_005_refuses_signatures_of_another_size_than_the_modulus),
		cmocka_unit_test(refuses_keys_that_are_none),
		cmocka_unit_test(attack_13_no_double_free_when_any_allocation_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
