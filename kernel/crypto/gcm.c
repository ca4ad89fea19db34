/* SPDX-License-Identifier: BSD-2-Clause */
#include <mbedtls/gcm.h>

#include "kernel/crypto/crypto.h"
#include "kernel/lib/assert.h"

#define KEY_BITS 256

_Static_assert(sizeof(mbedtls_gcm_context) <= sizeof(((struct crypto_gcm *)0)->state),
	       "room for the library's state");

static mbedtls_gcm_context *context(struct crypto_gcm *gcm)
{
	return (mbedtls_gcm_context *)gcm->state;
}

TEE_Result crypto_gcm_begin(struct crypto_gcm *gcm, const uint8_t key[32], const uint8_t *iv,
			    size_t iv_size)
{
	mbedtls_gcm_init(context(gcm));
	int err = mbedtls_gcm_setkey(context(gcm), MBEDTLS_CIPHER_ID_AES, key, KEY_BITS);
	assert(err == 0); /* the size of the key is right, and nothing is allocated */
	if (mbedtls_gcm_starts(context(gcm), MBEDTLS_GCM_DECRYPT, iv, iv_size) != 0) {
		crypto_gcm_end(gcm);
		return TEE_ERROR_BAD_PARAMETERS;
	}
	return TEE_SUCCESS;
}

void crypto_gcm_decrypt(struct crypto_gcm *gcm, void *to, const void *from, size_t size)
{
	size_t done;
	int err = mbedtls_gcm_update(context(gcm), from, size, to, size, &done);

	assert(err == 0 && done == size); /* only messages of 64 GiB could fail */
}

TEE_Result crypto_gcm_finish(struct crypto_gcm *gcm, const uint8_t *tag, size_t tag_size)
{
	uint8_t computed[16];
	size_t none;
	bool equal;

	if (tag_size < 4 || tag_size > sizeof(computed))
		return TEE_ERROR_MAC_INVALID;
	int err = mbedtls_gcm_finish(context(gcm), NULL, 0, &none, computed, tag_size);
	assert(err == 0);
	equal = crypto_equal(computed, tag, tag_size);
	crypto_wipe(computed, sizeof(computed));
	return equal ? TEE_SUCCESS : TEE_ERROR_MAC_INVALID;
}

void crypto_gcm_end(struct crypto_gcm *gcm)
{
	crypto_wipe(gcm, sizeof(*gcm));
}
