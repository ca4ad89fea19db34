/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Digests and HMAC. The library would allocate the state of either; it works as well on memory that
 * it is shown, so that nothing here can fail.
 */
#include <mbedtls/md.h>
#include <mbedtls/sha1.h>
#include <mbedtls/sha512.h>

#include "kernel/crypto/crypto.h"
#include "kernel/crypto/sha256.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"

#define STATE_SIZE sizeof(((struct crypto_digest *)0)->state)

_Static_assert(sizeof(mbedtls_sha1_context) <= STATE_SIZE &&
		       sizeof(mbedtls_sha256_context) <= STATE_SIZE &&
		       sizeof(mbedtls_sha512_context) <= STATE_SIZE,
	       "room for the library's state");

static const struct kind {
	mbedtls_md_type_t type;
	size_t size;
} kinds[] = {
	[CRYPTO_SHA1] = {MBEDTLS_MD_SHA1, 20},     [CRYPTO_SHA224] = {MBEDTLS_MD_SHA224, 28},
	[CRYPTO_SHA256] = {MBEDTLS_MD_SHA256, 32}, [CRYPTO_SHA384] = {MBEDTLS_MD_SHA384, 48},
	[CRYPTO_SHA512] = {MBEDTLS_MD_SHA512, 64},
};

size_t crypto_digest_size(enum crypto_digest_kind kind)
{
	assert(kind < array_count(kinds));
	return kinds[kind].size;
}

/* The library's handle of a state: made anew for each use, so a state has no pointers. */
static mbedtls_md_context_t context(struct crypto_digest *digest)
{
	mbedtls_md_context_t md;

	assert(digest->kind < array_count(kinds));
	mbedtls_md_init(&md);
	md.MBEDTLS_PRIVATE(md_info) = mbedtls_md_info_from_type(kinds[digest->kind].type);
	md.MBEDTLS_PRIVATE(md_ctx) = digest->state;
	return md;
}

/* What is computed in memory only cannot fail. */
static void succeeded(int err)
{
	assert(err == 0);
}

void crypto_digest_init(struct crypto_digest *digest, enum crypto_digest_kind kind)
{
	*digest = (struct crypto_digest){.kind = kind};
	mbedtls_md_context_t md = context(digest);
	succeeded(mbedtls_md_starts(&md));
}

/* The state of those that have a faster way, or NULL. */
static mbedtls_sha256_context *fast(struct crypto_digest *digest)
{
	bool is_fast = digest->kind == CRYPTO_SHA224 || digest->kind == CRYPTO_SHA256;

	return is_fast ? (mbedtls_sha256_context *)digest->state : NULL;
}

void crypto_digest_update(struct crypto_digest *digest, const void *data, size_t size)
{
	mbedtls_md_context_t md = context(digest);

	if (fast(digest))
		sha256_update(fast(digest), data, size);
	else
		succeeded(mbedtls_md_update(&md, data, size));
}

void crypto_digest_final(struct crypto_digest *digest, uint8_t *result)
{
	mbedtls_md_context_t md = context(digest);

	if (fast(digest))
		sha256_final(fast(digest), result);
	else
		succeeded(mbedtls_md_finish(&md, result));
	crypto_wipe(digest->state, sizeof(digest->state));
}

void crypto_hmac_sha256(const void *key, size_t key_size, const struct crypto_bytes *pieces,
			unsigned count, uint8_t mac[CRYPTO_SHA256_SIZE])
{
	struct crypto_digest inner = {.kind = CRYPTO_SHA256};
	uint8_t pads[2 * 64]; /* the key in both of HMAC's forms, a block each */
	mbedtls_md_context_t md = context(&inner);

	md.MBEDTLS_PRIVATE(hmac_ctx) = pads;
	crypto_bracket_begin();
	succeeded(mbedtls_md_hmac_starts(&md, key, key_size));
	for (unsigned i = 0; i < count; i++)
		succeeded(mbedtls_md_hmac_update(&md, pieces[i].data, pieces[i].size));
	succeeded(mbedtls_md_hmac_finish(&md, mac));
	crypto_bracket_end();
	crypto_wipe(&inner, sizeof(inner));
	crypto_wipe(pads, sizeof(pads));
}
