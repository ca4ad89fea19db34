/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/crypto/crypto.h"

#include <mbedtls/constant_time.h>
#include <mbedtls/platform_util.h>

#include "kernel/crypto/sha256.h"
#include "kernel/lib/assert.h"

_Static_assert(sizeof(mbedtls_sha256_context) <= sizeof(((struct crypto_sha256 *)0)->state),
	       "room for the library's state");

static void no_bracket(void)
{
}

void (*crypto_bracket_begin)(void) = no_bracket;
void (*crypto_bracket_end)(void) = no_bracket;

static mbedtls_sha256_context *context(struct crypto_sha256 *hash)
{
	return (mbedtls_sha256_context *)hash->state;
}

void crypto_sha256_init(struct crypto_sha256 *hash)
{
	mbedtls_sha256_init(context(hash));
	int err = mbedtls_sha256_starts(context(hash), 0);
	assert(err == 0); /* computes in memory only: there is nothing that can fail */
}

void crypto_sha256_update(struct crypto_sha256 *hash, const void *data, size_t size)
{
	sha256_update(context(hash), data, size);
}

void crypto_sha256_final(struct crypto_sha256 *hash, uint8_t digest[CRYPTO_SHA256_SIZE])
{
	sha256_final(context(hash), digest);
	mbedtls_sha256_free(context(hash));
}

bool crypto_equal(const void *a, const void *b, size_t size)
{
	return mbedtls_ct_memcmp(a, b, size) == 0;
}

void crypto_wipe(void *secret, size_t size)
{
	mbedtls_platform_zeroize(secret, size);
}
