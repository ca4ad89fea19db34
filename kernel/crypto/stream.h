/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of random numbers: the kernel's own generators are streams like any other. */
#ifndef CRYPTO_STREAM_H
#define CRYPTO_STREAM_H

#include "kernel/crypto/crypto.h"

/* The start of an HMAC_DRBG. Nobody else knows the stream yet. */
void stream_start(struct crypto_stream *stream, const void *seed, size_t size);

/* Counts a request; true: fresh material is to be mixed in with it. */
bool stream_is_due(struct crypto_stream *stream);

/* Mixes in material, if size is not 0, and fills out with at most CRYPTO_RANDOM_PIECE bytes. */
void stream_draw(struct crypto_stream *stream, const void *material, size_t size, void *out,
		 size_t out_size);

#endif
