/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/crypto/crypto.h"

#include <mbedtls/rsa.h>

#include "kernel/lib/assert.h"

static TEE_Result load_key(mbedtls_rsa_context *rsa, const struct crypto_rsa_key *key)
{
	if (key->modulus_size == 0 || key->modulus_size > CRYPTO_RSA_MODULUS_MAX ||
	    key->exponent_size == 0 || key->exponent_size > key->modulus_size)
		return TEE_ERROR_BAD_PARAMETERS;
	if (mbedtls_rsa_import_raw(rsa, key->modulus, key->modulus_size, NULL, 0, NULL, 0, NULL, 0,
				   key->exponent, key->exponent_size) ||
	    mbedtls_rsa_check_pubkey(rsa) || mbedtls_rsa_get_len(rsa) != key->modulus_size)
		return TEE_ERROR_BAD_PARAMETERS;
	return TEE_SUCCESS;
}

static int verify(mbedtls_rsa_context *rsa, enum crypto_rsa_scheme scheme, const uint8_t *digest,
		  const uint8_t *signature)
{
	switch (scheme) {
	case CRYPTO_RSA_PSS_SHA256:
		return mbedtls_rsa_rsassa_pss_verify_ext(rsa, MBEDTLS_MD_SHA256, CRYPTO_SHA256_SIZE,
							 digest, MBEDTLS_MD_SHA256,
							 CRYPTO_SHA256_SIZE, signature);
	case CRYPTO_RSA_PKCS1_SHA256:
		return mbedtls_rsa_rsassa_pkcs1_v15_verify(rsa, MBEDTLS_MD_SHA256,
							   CRYPTO_SHA256_SIZE, digest, signature);
	}
	return MBEDTLS_ERR_RSA_BAD_INPUT_DATA;
}

TEE_Result crypto_rsa_verify(struct crypto_work *work, const struct crypto_rsa_key *key,
			     enum crypto_rsa_scheme scheme,
			     const uint8_t digest[CRYPTO_SHA256_SIZE], const uint8_t *signature,
			     size_t signature_size)
{
	mbedtls_rsa_context rsa;
	TEE_Result res;

	assert(*crypto_work_slot() == work);
	mbedtls_rsa_init(&rsa);
	res = load_key(&rsa, key);
	if (res == TEE_SUCCESS && signature_size != key->modulus_size)
		res = TEE_ERROR_SIGNATURE_INVALID;
	if (res == TEE_SUCCESS && verify(&rsa, scheme, digest, signature) != 0)
		res = TEE_ERROR_SIGNATURE_INVALID;
	/* The library's codes for want of memory come in many disguises; the arena knows. */
	if (res != TEE_SUCCESS && work->exhausted)
		res = TEE_ERROR_OUT_OF_MEMORY;
	mbedtls_rsa_free(&rsa);
	return res;
}
