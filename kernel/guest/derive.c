/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys derived for a guest's apps:
 *
 *     hardware key ─┬─────────────────────── guest 0 ─┐
 *                   └─ usage GUEST, identity ── guest ─┼─ usage APP, UUID of the app, extra ── key
 *     random ──────────── guest without an identity ──┘
 *
 * Each message begins with its usage, so none of one kind can be one of another kind.
 */
#include "kernel/crypto/crypto.h"
#include "kernel/guest/guest.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/platform/platform.h"

#define USAGE_APP   3u          /* the reference's */
#define USAGE_GUEST 0x544e4e01u /* Tenon's own */

_Static_assert(GUEST_KEY_SIZE == CRYPTO_SHA256_SIZE && PLATFORM_KEY_SIZE == GUEST_KEY_SIZE,
	       "every key here is an HMAC or as long as one");

static void key_of_identity(const struct uuid *identity, uint8_t key[GUEST_KEY_SIZE])
{
	const uint32_t usage = USAGE_GUEST;
	const struct crypto_bytes message[] = {{&usage, sizeof(usage)},
					       {identity, sizeof(*identity)}};

	crypto_hmac_sha256(key, GUEST_KEY_SIZE, message, array_count(message), key);
}

/* What all keys of a guest's apps come from. */
static void guest_key(struct guest *guest, uint8_t key[GUEST_KEY_SIZE])
{
	if (guest->has_identity || guest->vm_id == GUEST_NATIVE) {
		/* Without a hardware key it is zeros; the log has said so. */
		bool is_secret = platform_hardware_key(key);
		(void)is_secret;
		if (guest->has_identity)
			key_of_identity(&guest->identity, key);
		return;
	}
	if (!guest->has_secret) {
		crypto_random(key, GUEST_KEY_SIZE);
		/* Another call may have come here meanwhile. */
		if (!guest->has_secret)
			memcpy(guest->secret, key, GUEST_KEY_SIZE);
		guest->has_secret = true;
	}
	memcpy(key, guest->secret, GUEST_KEY_SIZE);
}

void guest_derive_key(struct guest *guest, const struct uuid *uuid, const void *extra,
		      size_t extra_size, uint8_t *out, size_t out_size)
{
	const uint32_t usage = USAGE_APP;
	const struct crypto_bytes message[] = {
		{&usage, sizeof(usage)}, {uuid, sizeof(*uuid)}, {extra, extra_size}};
	uint8_t key[GUEST_KEY_SIZE];

	assert(out_size > 0 && out_size <= sizeof(key));
	guest_key(guest, key);
	crypto_hmac_sha256(key, sizeof(key), message, array_count(message), key);
	memcpy(out, key, out_size);
	crypto_wipe(key, sizeof(key));
}
