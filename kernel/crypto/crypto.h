/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cryptography as the kernel sees it. Nothing here names the library behind it (Mbed TLS), so that
 * another one, or an accelerator, can serve single algorithms later.
 *
 * This room knows nothing of guests and calls: who needs working memory passes a budget to charge.
 * Functions are called with interrupts masked unless they say that they may run in a preemptible
 * bracket (kernel/call/call.h).
 */
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include "abi/result.h"
#include "kernel/lib/types.h"
#include "kernel/memory/pages.h"

/* --- start ---------------------------------------------------------------------------------------
 */

/*
 * Seeds the random number generators of all CPUs. Once, on the boot CPU, after the page allocator
 * is up. Entropy is the CPU's random number instruction (arch_random()) where there is one, and
 * seed (from the firmware, may be empty); both are used if both exist. With neither, output is
 * guessable: a warning says so at every boot. Also warns if trusted apps are verified with the
 * published development key, and if the machine has no hardware key. The caller wipes seed.
 */
void crypto_init(const void *seed, size_t seed_size);

/* --- random numbers ------------------------------------------------------------------------------
 */

/*
 * Fills [to, to + size) from this CPU's generator (HMAC_DRBG with SHA-256, reseeded from
 * arch_random() and counter jitter as it goes). Cannot fail once crypto_init() has returned. Works
 * in brackets of its own (I7): the caller is in none, and what the running call's guest has may
 * change meanwhile.
 */
#define CRYPTO_RANDOM_PIECE 1024u
void crypto_random(void *to, size_t size);

/* A number in [0, bound), bound > 0, without bias. */
uint64_t crypto_random_below(uint64_t bound);

/*
 * A generator of somebody's own (HMAC_DRBG with SHA-256 as well). Holds no pointers to itself that
 * are used again; never fails. Its owner wipes it at the end. Works in brackets as crypto_random()
 * does, so two calls may meet in it: each gets something else.
 */
struct crypto_stream {
	_Alignas(8) uint8_t state[448];
};

/* Seeds it from this CPU's generator and name, which tells it from others. */
void crypto_stream_init(struct crypto_stream *stream, const void *name, size_t name_size);

/* As crypto_random(). Fresh output of this CPU's generator is mixed in every 64 requests, and every
 * 64 KiB of a long one. */
void crypto_stream_random(struct crypto_stream *stream, void *to, size_t size);

/* Mixes in what somebody offers, at most CRYPTO_RANDOM_PIECE bytes; whatever it is, output does not
 * become easier to guess. Touches no other stream and no CPU's generator. */
void crypto_stream_add(struct crypto_stream *stream, const void *data, size_t size);

/*
 * Around long work: the call room has put its preemptible brackets here (kernel/call/call.h). Both
 * do nothing before that, and outside of calls.
 */
extern void (*crypto_bracket_begin)(void);
extern void (*crypto_bracket_end)(void);

/* --- memory --------------------------------------------------------------------------------------
 */

/* Compares in a time that depends on size only. */
bool must_check crypto_equal(const void *a, const void *b, size_t size);

/* Overwrites secrets; the compiler cannot drop it. */
void crypto_wipe(void *secret, size_t size);

/*
 * Working memory of one operation with big numbers: a few pages that the operation's caller pays
 * for. crypto_work_begin() and crypto_work_end() run outside the bracket, what lies between may run
 * inside. One at a time per call. The library's allocations come from here; when they do not fit,
 * the operation answers OUT_OF_MEMORY.
 */
#define CRYPTO_WORK_PAGES 3

struct crypto_work {
	struct budget *budget;
	void *pages[CRYPTO_WORK_PAGES];
	unsigned page_count;
	bool exhausted; /* an allocation did not fit */
};

/* Takes the pages. OUT_OF_MEMORY: nothing taken, crypto_work_end() must not be called. */
TEE_Result must_check crypto_work_begin(struct crypto_work *work, struct budget *budget);

/* Scrubs the pages and gives them back. Nothing of the operation may be alive (asserted). */
void crypto_work_end(struct crypto_work *work);

/*
 * Where the running call keeps the pointer to its crypto_work. The call room sets it; it has to
 * give the right answer inside a bracket, when the call may move to another CPU between two
 * instructions. The default is one slot for all, good for the start of the kernel and for unit
 * tests.
 */
extern struct crypto_work **(*crypto_work_slot)(void);

/* --- SHA-256 -------------------------------------------------------------------------------------
 */

#define CRYPTO_SHA256_SIZE 32u

/* Holds no pointers; may be copied and lie anywhere. */
struct crypto_sha256 {
	_Alignas(8) uint8_t state[112];
};

/* May run in a bracket; cannot fail. final wipes the state. */
void crypto_sha256_init(struct crypto_sha256 *hash);
void crypto_sha256_update(struct crypto_sha256 *hash, const void *data, size_t size);
void crypto_sha256_final(struct crypto_sha256 *hash, uint8_t digest[CRYPTO_SHA256_SIZE]);

/* --- digests of every kind -----------------------------------------------------------------------
 */

enum crypto_digest_kind {
	CRYPTO_SHA1,
	CRYPTO_SHA224,
	CRYPTO_SHA256,
	CRYPTO_SHA384,
	CRYPTO_SHA512
};

#define CRYPTO_DIGEST_SIZE_MAX 64u

/* Bytes of its result. */
size_t crypto_digest_size(enum crypto_digest_kind kind);

/* Holds no pointers; may be copied and lie anywhere. */
struct crypto_digest {
	enum crypto_digest_kind kind;
	_Alignas(8) uint8_t state[232];
};

/* May run in a bracket; cannot fail. final wipes the state. */
void crypto_digest_init(struct crypto_digest *digest, enum crypto_digest_kind kind);
void crypto_digest_update(struct crypto_digest *digest, const void *data, size_t size);
void crypto_digest_final(struct crypto_digest *digest, uint8_t *result);

/* --- keyed ---------------------------------------------------------------------------------------
 */

/* A piece of the message of crypto_hmac_sha256(). */
struct crypto_bytes {
	const void *data;
	size_t size;
};

/* HMAC-SHA256 over count pieces, one behind the other. For short messages. Works
 * in a bracket of its own. */
void crypto_hmac_sha256(const void *key, size_t key_size, const struct crypto_bytes *pieces,
			unsigned count, uint8_t mac[CRYPTO_SHA256_SIZE]);

/* AES-256-GCM, decrypting: holds no pointers that leave it; may not be copied. */
struct crypto_gcm {
	_Alignas(16) uint8_t state[1024];
};

/*
 * begin, then update for whole 16-byte blocks (the last may be shorter; in place allowed), then
 * finish: SUCCESS or MAC_INVALID, in constant time. What was decrypted is to be used only after
 * SUCCESS. May run in a bracket. end wipes, and may be called at any time after begin.
 */
TEE_Result must_check crypto_gcm_begin(struct crypto_gcm *gcm, const uint8_t key[32],
				       const uint8_t *iv, size_t iv_size);
void crypto_gcm_decrypt(struct crypto_gcm *gcm, void *to, const void *from, size_t size);
TEE_Result must_check crypto_gcm_finish(struct crypto_gcm *gcm, const uint8_t *tag,
					size_t tag_size);
void crypto_gcm_end(struct crypto_gcm *gcm);

/* --- RSA -----------------------------------------------------------------------------------------
 */

#define CRYPTO_RSA_MODULUS_MAX 512u /* bytes */

/* A public key; big-endian numbers without leading zeros. */
struct crypto_rsa_key {
	const uint8_t *modulus;
	size_t modulus_size;
	const uint8_t *exponent;
	size_t exponent_size;
};

enum crypto_rsa_scheme {
	CRYPTO_RSA_PSS_SHA256,  /* RSASSA-PSS, MGF1 with SHA-256, salt of exactly 32 bytes */
	CRYPTO_RSA_PKCS1_SHA256 /* RSASSA-PKCS1-v1_5 */
};

/*
 * Verifies signature (signature_size bytes, which must be the modulus size) over a digest that has
 * been computed already. SUCCESS; SIGNATURE_INVALID; OUT_OF_MEMORY: work was too small;
 * BAD_PARAMETERS: the key is not one. May run in a bracket.
 */
TEE_Result must_check crypto_rsa_verify(struct crypto_work *work, const struct crypto_rsa_key *key,
					enum crypto_rsa_scheme scheme,
					const uint8_t digest[CRYPTO_SHA256_SIZE],
					const uint8_t *signature, size_t signature_size);

/* --- the root key of trusted apps ----------------------------------------------------------------
 */

/* A build input (ta_key.py writes them out of a PEM file). */
extern const struct crypto_rsa_key crypto_ta_key;
/* The private half is published in OP-TEE's development kit: anybody can sign. */
extern const bool crypto_ta_key_is_development;

#endif
