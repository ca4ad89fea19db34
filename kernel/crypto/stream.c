/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random numbers for one owner. The library would allocate the inside of an HMAC_DRBG; here it lies
 * beside it, and the pointers to it are made anew for each use (see digest.c).
 *
 * A draw is too long to be made with interrupts masked (I7), so it works in a bracket, on a copy of
 * the stream, and so may others at the same time. Nobody gets what another one gets: whoever is not
 * alone mixes a number in that is used once only. The first one to be done puts its copy in the
 * stream's place, the others drop theirs; so what a draw began with is gone when it has ended.
 */
#include <mbedtls/hmac_drbg.h>

#include "kernel/crypto/sha256.h"
#include "kernel/crypto/stream.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/spinlock.h"
#include "kernel/lib/string.h"

#define RESEED_INTERVAL 64 /* requests */

/* Complete in itself. */
struct generator {
	mbedtls_hmac_drbg_context drbg;
	mbedtls_sha256_context hash;
	uint8_t pads[2 * 64];
};

struct stream {
	struct spinlock lock; /* a leaf, as the page allocator's */
	uint32_t users;       /* that have a copy */
	uint32_t requests;    /* since fresh material was mixed in */
	uint64_t copies;      /* ever taken */
	uint64_t generation;  /* how often it was replaced */
	struct generator generator;
};
_Static_assert(sizeof(struct stream) <= sizeof(struct crypto_stream), "room for all of it");
_Static_assert(MBEDTLS_HMAC_DRBG_MAX_REQUEST == CRYPTO_RANDOM_PIECE, "pieces as announced");

/* A copy at work. */
struct copy {
	struct generator generator;
	uint64_t number; /* no other copy of the stream has it */
	uint64_t generation;
	bool alone;
};

static struct stream *stream_of(struct crypto_stream *stream)
{
	return (struct stream *)stream->state;
}

static void connect(struct generator *g)
{
	mbedtls_md_context_t *md = &g->drbg.MBEDTLS_PRIVATE(md_ctx);

	md->MBEDTLS_PRIVATE(md_info) = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
	md->MBEDTLS_PRIVATE(md_ctx) = &g->hash;
	md->MBEDTLS_PRIVATE(hmac_ctx) = g->pads;
}

static void mix_in(struct generator *g, const void *data, size_t size)
{
	int err = mbedtls_hmac_drbg_update(&g->drbg, data, size);

	assert(err == 0);
}

/* From here to leave(): in a bracket, and the stream's owner may be somewhere else. */
static void enter(struct stream *s, struct copy *c)
{
	spin_lock(&s->lock);
	c->generator = s->generator;
	c->generation = s->generation;
	c->number = ++s->copies;
	c->alone = s->users++ == 0;
	spin_unlock(&s->lock);
	crypto_bracket_begin();
	connect(&c->generator);
	if (!c->alone)
		mix_in(&c->generator, &c->number, sizeof(c->number));
}

/* False: somebody else was first, and what was mixed in is not in the stream. */
static bool leave(struct stream *s, struct copy *c, bool is_fresh)
{
	crypto_bracket_end();
	spin_lock(&s->lock);
	bool is_first = s->generation == c->generation;
	if (is_first) {
		s->generator = c->generator;
		s->generation++;
	}
	if (is_first && is_fresh)
		s->requests = 0;
	s->users--;
	spin_unlock(&s->lock);
	crypto_wipe(c, sizeof(*c));
	return is_first;
}

void stream_start(struct crypto_stream *stream, const void *seed, size_t size)
{
	struct stream *s = stream_of(stream);
	struct generator *g = &s->generator;

	*stream = (struct crypto_stream){0};
	crypto_bracket_begin();
	connect(g);
	uint8_t *v = g->drbg.MBEDTLS_PRIVATE(V);
	/* SP 800-90A, 10.1.2.3: a key of zeros, V of ones. */
	int err = mbedtls_md_hmac_starts(&g->drbg.MBEDTLS_PRIVATE(md_ctx), v, CRYPTO_SHA256_SIZE);
	assert(err == 0);
	memset(v, 1, CRYPTO_SHA256_SIZE);
	mix_in(g, seed, size);
	crypto_bracket_end();
}

bool stream_is_due(struct crypto_stream *stream)
{
	struct stream *s = stream_of(stream);

	spin_lock(&s->lock);
	bool is_due = ++s->requests >= RESEED_INTERVAL;
	spin_unlock(&s->lock);
	return is_due;
}

void stream_draw(struct crypto_stream *stream, const void *material, size_t size, void *out,
		 size_t out_size)
{
	struct copy c;

	enter(stream_of(stream), &c);
	if (size > 0)
		mix_in(&c.generator, material, size);
	int err = mbedtls_hmac_drbg_random(&c.generator.drbg, out, out_size);
	assert(err == 0);
	/* If others were quicker, fresh material is due again with the next request. */
	(void)leave(stream_of(stream), &c, size > 0);
}

void crypto_stream_init(struct crypto_stream *stream, const void *name, size_t name_size)
{
	uint8_t seed[48]; /* SP 800-90A, 10.1 */

	crypto_random(seed, sizeof(seed));
	stream_start(stream, seed, sizeof(seed));
	crypto_wipe(seed, sizeof(seed));
	crypto_stream_add(stream, name, name_size);
}

void crypto_stream_random(struct crypto_stream *stream, void *to, size_t size)
{
	uint8_t fresh[48];
	uint8_t *out = to;

	while (size > 0) {
		size_t piece = min(size, (size_t)CRYPTO_RANDOM_PIECE);
		bool is_due = stream_is_due(stream);
		if (is_due)
			crypto_random(fresh, sizeof(fresh));
		stream_draw(stream, fresh, is_due ? sizeof(fresh) : 0, out, piece);
		out += piece;
		size -= piece;
	}
	crypto_wipe(fresh, sizeof(fresh));
}

void crypto_stream_add(struct crypto_stream *stream, const void *data, size_t size)
{
	bool done = size == 0;

	assert(size <= CRYPTO_RANDOM_PIECE);
	while (!done) {
		struct copy c;

		enter(stream_of(stream), &c);
		mix_in(&c.generator, data, size);
		done = leave(stream_of(stream), &c, false);
	}
}
