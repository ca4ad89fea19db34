/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that claim to be trusted apps: headers of any kind in front of any bytes, and real apps,
 * and the smallest one that has something of everything, changed as if somebody who holds the key
 * had signed the result: digest and signature are right, so that all of the loader sees it. Never
 * more than an error; at the end every page is back.
 */
#include <stdlib.h>
#include <string.h>

#include "abi/smc.h"
#include "kernel/arch/host/app.h"
#include "kernel/lib/assert.h"
#include "kernel/ta/image.h"
#include "kernel/ta/tiny_elf_test.h"
#include "tests/fuzz/input.h"

#define VM       1u
#define FILE_MAX (1u << 20)
#define PATCHES  16u
#define HEADERS  328u /* of a plain app, in front of its ELF file */

static struct input in;
static struct model guest;
static struct page_totals at_start;
static bool started;
static uint8_t file[FILE_MAX];
static bool signed_by_us; /* the signature of what is presented is right */

TEE_Result __real_crypto_rsa_verify(struct crypto_work *work, const struct crypto_rsa_key *key,
				    enum crypto_rsa_scheme scheme, const uint8_t *digest,
				    const uint8_t *signature, size_t signature_size);
TEE_Result __wrap_crypto_rsa_verify(struct crypto_work *work, const struct crypto_rsa_key *key,
				    enum crypto_rsa_scheme scheme, const uint8_t *digest,
				    const uint8_t *signature, size_t signature_size);
TEE_Result __wrap_crypto_rsa_verify(struct crypto_work *work, const struct crypto_rsa_key *key,
				    enum crypto_rsa_scheme scheme, const uint8_t *digest,
				    const uint8_t *signature, size_t signature_size)
{
	if (signed_by_us)
		return TEE_SUCCESS;
	return __real_crypto_rsa_verify(work, key, scheme, digest, signature, signature_size);
}

static const char *const apps[] = {
	"d17f73a0-36ef-11e1-984a-0002a5d5c51b", "5b9e0e40-2636-11e1-ad9e-0002a5d5c51b",
	"ffd2bded-ab7d-4988-95ee-e4962fff7154", "5c206987-16a3-59cc-ab0f-64b9cfc9e758"};

/* The fixed part in front of an ELF file, with room for hash and signature. */
struct headers {
	struct shdr shdr;
	uint8_t hash[32];
	uint8_t signature[256];
	struct shdr_bootstrap bootstrap;
};
_Static_assert(sizeof(struct headers) == HEADERS, "headers of a plain app");

static size_t real_app(uint8_t uuid[16])
{
	const char *name = apps[input_below(&in, array_count(apps))];

	app_uuid(uuid, name);
	app_load_file(&guest, TEST_TA_DIR, name);
	size_t size = min(guest.ta_size, (size_t)FILE_MAX);
	memcpy(file, guest.ta_file, size);
	return size;
}

static size_t tiny_app(uint8_t uuid[16])
{
	struct headers *headers = (struct headers *)file;
	static struct tiny_elf elf;

	tiny_elf_make(&elf);
	elf.head.stack_size = 0x2000;
	app_uuid(uuid, apps[0]);
	elf.head.uuid = (struct uuid){
		0xd17f73a0, 0x36ef, 0x11e1, {0x98, 0x4a, 0x00, 0x02, 0xa5, 0xd5, 0xc5, 0x1b}};
	headers->shdr = (struct shdr){
		SHDR_MAGIC, SHDR_BOOTSTRAP_TA, sizeof(elf), SHDR_ALGO_RSA_PSS_SHA256, 32, 256};
	memset(headers->signature, 0, sizeof(headers->signature));
	memcpy(headers->bootstrap.uuid, uuid, 16);
	headers->bootstrap.ta_version = 0;
	memcpy(file + HEADERS, &elf, sizeof(elf));
	return HEADERS + sizeof(elf);
}

/* A few bytes or words changed, near the beginning or the end of the ELF file, where the tables
 * are. */
static void change(size_t size)
{
	size_t elf_size = size - HEADERS;

	for (unsigned i = 0; i < PATCHES && in.size > 0; i++) {
		uint64_t where = input_take(&in, 2);
		unsigned width = where & 0x4000 ? 8 : 1;
		size_t at = where & 0x8000 ? elf_size - 1 - (where & 0x3FFF) % elf_size
					   : (where & 0x3FFF) % elf_size;
		uint64_t value = input_take(&in, width == 8 ? 2 : 1);

		if (width == 8 && value & 0x8000)
			value |= 0xFFFFFFFFFFFF0000ull; /* negative, or very large */
		memcpy(file + HEADERS + at, &value, min((size_t)width, elf_size - at));
	}
}

/* What the signature covers (TA-006). */
static void sign(size_t size)
{
	struct headers *headers = (struct headers *)file;
	struct crypto_sha256 hash;

	crypto_sha256_init(&hash);
	crypto_sha256_update(&hash, &headers->shdr, sizeof(headers->shdr));
	crypto_sha256_update(&hash, &headers->bootstrap, sizeof(headers->bootstrap));
	crypto_sha256_update(&hash, file + HEADERS, size - HEADERS);
	crypto_sha256_final(&hash, headers->hash);
}

/* Through the door: as a guest presents it. */
static void present(const uint8_t uuid[16], const void *data, size_t size)
{
	uint32_t session;

	guest.ta_file = data;
	guest.ta_size = size;
	if (size == 0 || model_open(&guest, uuid, &session) != TEE_SUCCESS)
		return;
	struct model_message m = model_invocation(session, 1, 0);
	(void)model_call(&guest, &m);
}

static void present_changed(bool with_signature)
{
	uint8_t uuid[16];
	size_t size = input_below(&in, 4) ? tiny_app(uuid) : real_app(uuid);

	change(size);
	if (with_signature)
		sign(size);
	signed_by_us = with_signature;
	present(uuid, file, size);
	signed_by_us = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct page_totals t;
	uint8_t uuid[16];

	if (!started) {
		host_start(1500);
		app_reset();
		started = true;
	}
	pages_totals(&at_start);
	in = (struct input){data, size};
	model_start(&guest, VM);
	switch (input_below(&in, 8)) {
	case 0:
		app_uuid(uuid, apps[0]);
		present(uuid, in.data, in.size);
		break;
	case 1:
		present_changed(false);
		break;
	default:
		present_changed(true);
		break;
	}
	while (model_admin(SMC_VM_DESTROYED, VM, 0, 0).a[0] == SMC_EBUSY)
		;
	while (image_reclaim(&system_budget))
		;
	pages_totals(&t);
	if (t.free != at_start.free)
		abort();
	host_console();
	return 0;
}
