/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SHA-256 and SHA-224 on the library's state, by whatever the machine does best: the build takes
 * one of sha256_armv8.c and sha256_plain.c. A state may go from one to the other in the middle.
 * Context: may run in a bracket; cannot fail.
 */
#ifndef CRYPTO_SHA256_H
#define CRYPTO_SHA256_H

#include <mbedtls/sha256.h>

#include "kernel/lib/types.h"

void sha256_update(mbedtls_sha256_context *state, const void *data, size_t size);
void sha256_final(mbedtls_sha256_context *state, uint8_t *digest);

#endif
