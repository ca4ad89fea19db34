/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of Mbed TLS that the kernel contains. Everything the library allocates comes from the
 * working memory of the operation that runs (arena.h); it has no other way to the outside: no
 * files, no time, no entropy source of its own.
 */
#ifndef CRYPTO_MBEDTLS_CONFIG_H
#define CRYPTO_MBEDTLS_CONFIG_H

#include "kernel/crypto/arena.h"

/* clang-format off */
#define MBEDTLS_HAVE_ASM
#define MBEDTLS_NO_UDBL_DIVISION         /* no 128-bit division: there is no compiler run-time library */
#define MBEDTLS_DEPRECATED_REMOVED

#define MBEDTLS_PLATFORM_C
#define MBEDTLS_PLATFORM_NO_STD_FUNCTIONS
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_PLATFORM_CALLOC_MACRO    arena_calloc
#define MBEDTLS_PLATFORM_FREE_MACRO      arena_free
#define MBEDTLS_PLATFORM_SNPRINTF_MACRO  snprintf
#define MBEDTLS_NO_PLATFORM_ENTROPY

#define MBEDTLS_BIGNUM_C
#define MBEDTLS_MPI_MAX_SIZE             512 /* bytes: RSA-4096; buffers of this size lie on kernel stacks */
#define MBEDTLS_OID_C
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_RSA_C
#define MBEDTLS_PKCS1_V15
#define MBEDTLS_PKCS1_V21
#define MBEDTLS_MD_C
#define MBEDTLS_SHA1_C                   /* for apps only */
#define MBEDTLS_SHA224_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C
#define MBEDTLS_AES_C
#define MBEDTLS_AES_ROM_TABLES           /* nothing is computed at first use */
#define MBEDTLS_AES_FEWER_TABLES
#define MBEDTLS_BLOCK_CIPHER_NO_DECRYPT  /* GCM encrypts counters only */
#define MBEDTLS_GCM_C
#define MBEDTLS_HMAC_DRBG_C
/* clang-format on */

#endif
