/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random numbers for one owner. The library would allocate the inside of an HMAC_DRBG; here it lies
 * beside it, and the pointers to it are made anew for each use (see digest.c).
 */
#include <mbedtls/hmac_drbg.h>

#include "kernel/crypto/crypto.h"
#include "kernel/crypto/sha256.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"

#define RESEED_INTERVAL 64 /* requests */

struct generator {
	mbedtls_hmac_drbg_context drbg;
	mbedtls_sha256_context hash;
	uint8_t pads[2 * 64];
	unsigned requests; /* since fresh material was mixed in */
};
_Static_assert(sizeof(struct generator) <= sizeof(struct crypto_stream), "room for all of it");
_Static_assert(MBEDTLS_HMAC_DRBG_MAX_REQUEST == CRYPTO_RANDOM_PIECE, "pieces as announced");

static struct generator *generator(struct crypto_stream *stream)
{
	struct generator *g = (struct generator *)stream->state;
	mbedtls_md_context_t *md = &g->drbg.MBEDTLS_PRIVATE(md_ctx);

	md->MBEDTLS_PRIVATE(md_info) = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
	md->MBEDTLS_PRIVATE(md_ctx) = &g->hash;
	md->MBEDTLS_PRIVATE(hmac_ctx) = g->pads;
	return g;
}

static void mix_in(struct generator *g, const void *data, size_t size)
{
	int err = mbedtls_hmac_drbg_update(&g->drbg, data, size);

	assert(err == 0);
}

static void mix_in_fresh(struct generator *g)
{
	uint8_t fresh[48]; /* a seed's length: SP 800-90A, 10.1 */

	crypto_random(fresh, sizeof(fresh));
	mix_in(g, fresh, sizeof(fresh));
	crypto_wipe(fresh, sizeof(fresh));
	g->requests = 0;
}

void crypto_stream_init(struct crypto_stream *stream, const void *name, size_t name_size)
{
	*stream = (struct crypto_stream){0};
	struct generator *g = generator(stream);
	uint8_t *v = g->drbg.MBEDTLS_PRIVATE(V);

	/* The start of every HMAC_DRBG (SP 800-90A, 10.1.2.3): a key of zeros, V of ones. */
	int err = mbedtls_md_hmac_starts(&g->drbg.MBEDTLS_PRIVATE(md_ctx), v, CRYPTO_SHA256_SIZE);
	assert(err == 0);
	memset(v, 1, CRYPTO_SHA256_SIZE);
	mix_in_fresh(g);
	mix_in(g, name, name_size);
}

void crypto_stream_random(struct crypto_stream *stream, void *to, size_t size)
{
	struct generator *g = generator(stream);
	uint8_t *out = to;

	while (size > 0) {
		size_t piece = min(size, (size_t)CRYPTO_RANDOM_PIECE);
		if (++g->requests >= RESEED_INTERVAL)
			mix_in_fresh(g);
		int err = mbedtls_hmac_drbg_random(&g->drbg, out, piece);
		assert(err == 0);
		out += piece;
		size -= piece;
	}
}

void crypto_stream_add(struct crypto_stream *stream, const void *data, size_t size)
{
	assert(size <= CRYPTO_RANDOM_PIECE);
	if (size > 0)
		mix_in(generator(stream), data, size);
}
