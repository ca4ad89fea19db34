/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/crypto/sha256.h"

#include "kernel/lib/assert.h"

void sha256_update(mbedtls_sha256_context *state, const void *data, size_t size)
{
	int err = mbedtls_sha256_update(state, data, size);
	assert(err == 0);
}

void sha256_final(mbedtls_sha256_context *state, uint8_t *digest)
{
	int err = mbedtls_sha256_finish(state, digest);
	assert(err == 0);
}
