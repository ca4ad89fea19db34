/* SPDX-License-Identifier: BSD-2-Clause */
/* Encrypted images (trusted-app ABI §1.2, TA-014): AES-256-GCM with a key of this machine. */
#include "kernel/call/call.h"
#include "kernel/lib/string.h"
#include "kernel/platform/platform.h"
#include "kernel/ta/image_cache.h"

/* Pages decrypted in one preemptible bracket. */
#define BATCH 8

void image_encryption_key(uint8_t key[CRYPTO_SHA256_SIZE])
{
	const uint32_t usage = SHDR_ENC_KEY_USAGE;
	const struct crypto_bytes message[] = {
		{&usage, sizeof(usage)},
		{crypto_ta_key.modulus, crypto_ta_key.modulus_size},
	};
	uint8_t hardware_key[PLATFORM_KEY_SIZE];
	/* Without one it is zeros, and the log has said so. */
	bool is_secret = platform_hardware_key(hardware_key);

	(void)is_secret;
	crypto_hmac_sha256(hardware_key, sizeof(hardware_key), message, array_count(message), key);
	crypto_wipe(hardware_key, sizeof(hardware_key));
}

/* In place: only this call knows the pages. */
static void decrypt_batch(struct crypto_gcm *gcm, const struct page_list *pages, uint64_t size,
			  uint32_t first)
{
	call_preemptible_begin();
	for (uint32_t i = first; i < pages->count && i < first + BATCH; i++) {
		void *page = page_list_get(pages, i);
		crypto_gcm_decrypt(gcm, page, page, min(size - i * PAGE_SIZE, PAGE_SIZE));
	}
	call_preemptible_end();
}

static TEE_Result decrypt(struct crypto_gcm *gcm, const struct image_head *head,
			  const struct page_list *pages, uint64_t size)
{
	uint8_t key[CRYPTO_SHA256_SIZE];
	TEE_Result res;

	image_encryption_key(key);
	res = crypto_gcm_begin(gcm, key, head->iv, sizeof(head->iv));
	crypto_wipe(key, sizeof(key));
	if (res)
		return TEE_ERROR_SECURITY;
	for (uint32_t i = 0; !res && i < pages->count; i += BATCH) {
		decrypt_batch(gcm, pages, size, i);
		res = call_poll();
	}
	if (!res && crypto_gcm_finish(gcm, head->tag, sizeof(head->tag)))
		res = TEE_ERROR_SECURITY;
	crypto_gcm_end(gcm);
	return res;
}

TEE_Result image_decrypt(struct guest *guest, const struct image_head *head,
			 const struct page_list *pages, uint64_t size)
{
	struct crypto_gcm *gcm = heap_alloc(&guest->heap, sizeof(*gcm));
	TEE_Result res = TEE_ERROR_OUT_OF_MEMORY;

	if (gcm)
		res = decrypt(gcm, head, pages, size);
	heap_free(&guest->heap, gcm);
	return res;
}
