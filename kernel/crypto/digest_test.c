/* SPDX-License-Identifier: BSD-2-Clause */
/* Digests, HMAC and AES-GCM against the standards' own examples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/crypto/arena.h"
#include "kernel/crypto/crypto.h"
#include "kernel/lib/assert.h"

void panic(const char *format, ...)
{
	fprintf(stderr, "%s\n", format);
	abort();
}

/* Nothing of this file allocates. */
void *arena_calloc(size_t count, size_t size)
{
	(void)count;
	(void)size;
	fail();
	return NULL;
}

void arena_free(void *memory)
{
	assert_null(memory);
}

static size_t from_hex(uint8_t *to, const char *hex)
{
	size_t size = strlen(hex) / 2;

	for (size_t i = 0; i < size; i++) {
		const char digits[] = {hex[2 * i], hex[2 * i + 1], '\0'};
		to[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return size;
}

/* FIPS 180-4 examples, and the empty message. */
static const struct {
	enum crypto_digest_kind kind;
	const char *message;
	const char *digest;
} examples[] = {
	{CRYPTO_SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
	{CRYPTO_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
	{CRYPTO_SHA1, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	 "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
	{CRYPTO_SHA224, "", "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f"},
	{CRYPTO_SHA224, "abc", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
	{CRYPTO_SHA224, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	 "75388b16512776cc5dba5da1fd890150b0c6455cb4f58b1952522525"},
	{CRYPTO_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{CRYPTO_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{CRYPTO_SHA256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	{CRYPTO_SHA384, "",
	 "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14"
	 "898b95b"},
	{CRYPTO_SHA384, "abc",
	 "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca13"
	 "4c825a7"},
	{CRYPTO_SHA384,
	 "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrl"
	 "mnopqrsmnopqrstnopqrstu",
	 "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa9"
	 "1746039"},
	{CRYPTO_SHA512, "",
	 "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d28"
	 "77eec2f63b931bd47417a81a538327af927da3e"},
	{CRYPTO_SHA512, "abc",
	 "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a"
	 "3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
	{CRYPTO_SHA512,
	 "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrl"
	 "mnopqrsmnopqrstnopqrstu",
	 "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018501d289e4900f7e4331b99dec"
	 "4b5433ac7d329eeb6dd26545e96e55b874be909"},
};

static void check_pieces(enum crypto_digest_kind kind, const char *message, const char *digest,
			 size_t piece)
{
	uint8_t expected[CRYPTO_DIGEST_SIZE_MAX], result[CRYPTO_DIGEST_SIZE_MAX];
	struct crypto_digest d;
	size_t size = strlen(message);

	assert_int_equal(crypto_digest_size(kind), from_hex(expected, digest));
	crypto_digest_init(&d, kind);
	for (size_t done = 0; done < size; done += piece)
		crypto_digest_update(&d, message + done, size - done < piece ? size - done : piece);
	struct crypto_digest copy = d; /* anywhere, and mid-way */
	memset(&d, 0xee, sizeof(d));
	crypto_digest_final(&copy, result);
	assert_memory_equal(result, expected, crypto_digest_size(kind));
}

/* TA-101 */
static void digests_match_the_standards_examples_in_any_pieces(void **state)
{
	(void)state;
	for (unsigned i = 0; i < array_count(examples); i++) {
		for (size_t piece = 1; piece < 130; piece += 3)
			check_pieces(examples[i].kind, examples[i].message, examples[i].digest,
				     piece);
	}
}

static void digests_of_a_million_letters_match(void **state)
{
	static const char *const digests[] = {
		"34aa973cd4c4daa4f61eeb2bdbad27316534016f",
		"20794655980c91d8bbb4c1ea97618a4bf03f42581948b2ee4ee7ad67",
		"cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
		"9d0e1809716474cb086e834e310a4a1ced149e9c00f248527972cec5704c2a5b07b8b3dc38ecc4ebae"
		"97ddd87f3d8985",
		"e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973ebde0ff244877ea60a4c"
		"b0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b",
	};
	static char million[1000001];

	(void)state;
	memset(million, 'a', 1000000);
	for (unsigned kind = 0; kind < array_count(digests); kind++) {
		check_pieces(kind, million, digests[kind], 1000000);
		check_pieces(kind, million, digests[kind], 4099);
	}
}

static void a_finished_digest_leaves_nothing_behind(void **state)
{
	static const uint8_t zero[sizeof(((struct crypto_digest *)0)->state)];
	uint8_t result[CRYPTO_DIGEST_SIZE_MAX];
	struct crypto_digest d;

	(void)state;
	crypto_digest_init(&d, CRYPTO_SHA512);
	crypto_digest_update(&d, "secret", 6);
	crypto_digest_final(&d, result);
	assert_memory_equal(d.state, zero, sizeof(zero));
}

/* RFC 4231, test cases 2 and 6: a short key, and one longer than a block. */
static void hmac_matches_the_examples_of_rfc_4231(void **state)
{
	static const char large[] = "Test Using Larger Than Block-Size Key - Hash Key First";
	const struct crypto_bytes pieces[] = {
		{"what do ya want ", 16}, {NULL, 0}, {"for nothing?", 12}};
	const struct crypto_bytes one = {large, sizeof(large) - 1};
	uint8_t key[131], mac[32], expected[32];

	(void)state;
	from_hex(expected, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	crypto_hmac_sha256("Jefe", 4, pieces, 3, mac);
	assert_memory_equal(mac, expected, 32);
	from_hex(expected, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	memset(key, 0xaa, sizeof(key));
	crypto_hmac_sha256(key, sizeof(key), &one, 1, mac);
	assert_memory_equal(mac, expected, 32);
}

/* Test case 15 of McGrew and Viega, "The Galois/Counter Mode of Operation": AES-256, 96-bit IV. */
static const char gcm_key[] = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
static const char gcm_iv[] = "cafebabefacedbaddecaf888";
static const char gcm_plain[] = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
				"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
static const char gcm_cipher[] = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
				 "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad";
static const char gcm_tag[] = "b094dac5d93471bdec1a502270e3cc6c";

static void gcm_start(struct crypto_gcm *gcm)
{
	uint8_t key[32], iv[12];

	from_hex(key, gcm_key);
	from_hex(iv, gcm_iv);
	assert_int_equal(crypto_gcm_begin(gcm, key, iv, sizeof(iv)), TEE_SUCCESS);
}

static void gcm_decrypts_in_place_and_in_pieces(void **state)
{
	uint8_t plain[64], text[64], tag[16];
	struct crypto_gcm gcm;

	(void)state;
	from_hex(plain, gcm_plain);
	from_hex(tag, gcm_tag);
	for (size_t piece = 16; piece <= 64; piece += 16) {
		from_hex(text, gcm_cipher);
		gcm_start(&gcm);
		for (size_t done = 0; done < sizeof(text); done += piece)
			crypto_gcm_decrypt(&gcm, text + done, text + done,
					   min(piece, sizeof(text) - done));
		assert_int_equal(crypto_gcm_finish(&gcm, tag, 16), TEE_SUCCESS);
		assert_memory_equal(text, plain, 64);
		crypto_gcm_end(&gcm);
	}
}

static void gcm_refuses_a_changed_text_and_a_changed_tag(void **state)
{
	static const struct crypto_gcm wiped;
	uint8_t text[64], out[64], tag[16];
	struct crypto_gcm gcm;

	(void)state;
	from_hex(tag, gcm_tag);
	for (unsigned bit = 0; bit < 64 * 8; bit += 37) {
		from_hex(text, gcm_cipher);
		text[bit / 8] ^= 1u << bit % 8;
		gcm_start(&gcm);
		crypto_gcm_decrypt(&gcm, out, text, sizeof(text));
		assert_int_equal(crypto_gcm_finish(&gcm, tag, 16), TEE_ERROR_MAC_INVALID);
		crypto_gcm_end(&gcm);
		assert_memory_equal(&gcm, &wiped, sizeof(gcm));
	}
	from_hex(text, gcm_cipher);
	for (unsigned bit = 0; bit < 16 * 8; bit += 13) {
		tag[bit / 8] ^= 1u << bit % 8;
		gcm_start(&gcm);
		crypto_gcm_decrypt(&gcm, out, text, sizeof(text));
		assert_int_equal(crypto_gcm_finish(&gcm, tag, 16), TEE_ERROR_MAC_INVALID);
		crypto_gcm_end(&gcm);
		tag[bit / 8] ^= 1u << bit % 8;
	}
}

static void gcm_answers_sizes_that_make_no_sense(void **state)
{
	uint8_t key[32] = {0}, tag[16] = {0};
	struct crypto_gcm gcm;

	(void)state;
	assert_int_equal(crypto_gcm_begin(&gcm, key, tag, 0), TEE_ERROR_BAD_PARAMETERS);
	crypto_gcm_end(&gcm);
	for (size_t size = 0; size <= 17; size += size < 3 ? 1 : 14) {
		gcm_start(&gcm);
		assert_int_equal(crypto_gcm_finish(&gcm, tag, size), TEE_ERROR_MAC_INVALID);
		crypto_gcm_end(&gcm);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_match_the_standards_examples_in_any_pieces),
		cmocka_unit_test(digests_of_a_million_letters_match),
		cmocka_unit_test(a_finished_digest_leaves_nothing_behind),
		cmocka_unit_test(hmac_matches_the_examples_of_rfc_4231),
		cmocka_unit_test(gcm_decrypts_in_place_and_in_pieces),
		cmocka_unit_test(gcm_refuses_a_changed_text_and_a_changed_tag),
		cmocka_unit_test(gcm_answers_sizes_that_make_no_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
