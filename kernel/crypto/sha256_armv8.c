/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The library's sha256.c is in the kernel twice: for general registers, and, under names that begin
 * with v_, with the Armv8 instructions (meson.build). The second runs only inside a window.
 */
#include "kernel/crypto/sha256.h"

#include "kernel/arch/arch.h"
#include "kernel/lib/assert.h"
#include "kernel/memory/pages.h"

/* For md.c of the library (meson.build). */
int md_sha256_update(mbedtls_sha256_context *state, const unsigned char *data, size_t size);
int md_sha256_finish(mbedtls_sha256_context *state, unsigned char *digest);

/* About 8,000 instructions (I7). */
#define WINDOW (PAGE_SIZE / 2)

int v_mbedtls_sha256_update(mbedtls_sha256_context *state, const unsigned char *data, size_t size);
int v_mbedtls_sha256_finish(mbedtls_sha256_context *state, unsigned char *digest);

void sha256_update(mbedtls_sha256_context *state, const void *data, size_t size)
{
	const unsigned char *from = data;
	int err = 0;

	if (!arch_has_sha256()) {
		err = mbedtls_sha256_update(state, from, size);
		size = 0;
	}
	while (size > 0 && err == 0) {
		size_t bite = min(size, (size_t)WINDOW);
		uint64_t mask = arch_fp_begin();
		err = v_mbedtls_sha256_update(state, from, bite);
		arch_fp_end(mask);
		from += bite;
		size -= bite;
	}
	assert(err == 0); /* computes in memory only: there is nothing that can fail */
}

void sha256_final(mbedtls_sha256_context *state, uint8_t *digest)
{
	int err;

	if (arch_has_sha256()) {
		uint64_t mask = arch_fp_begin();
		err = v_mbedtls_sha256_finish(state, digest);
		arch_fp_end(mask);
	} else {
		err = mbedtls_sha256_finish(state, digest);
	}
	assert(err == 0);
}

int md_sha256_update(mbedtls_sha256_context *state, const unsigned char *data, size_t size)
{
	sha256_update(state, data, size);
	return 0;
}

int md_sha256_finish(mbedtls_sha256_context *state, unsigned char *digest)
{
	sha256_final(state, digest);
	return 0;
}
