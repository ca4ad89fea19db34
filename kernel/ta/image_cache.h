/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the stage, where images are verified, and the cache, where they live. */
#ifndef TA_IMAGE_CACHE_H
#define TA_IMAGE_CACHE_H

#include "kernel/ta/image.h"

/* A guest's use of an image: charged image->page_count. On the guest's heap. */
struct image_user {
	struct list link;
	struct guest *guest;
	uint32_t references;
};

/* The record of an image that is being loaded, on a page charged to the guest; NULL: no memory. */
struct image *image_record_new(struct guest *guest);

/* Frees the record and what pages it has; owned_by_system of them, the first ones, are the
 * system's already, the record is the guest's. Polls. */
void image_record_drop(struct guest *guest, struct image *image, uint32_t owned_by_system);

/* The image with this identity if it is cached and for this guest to use, pinned: image_attach()
 * must follow. Else NULL. */
struct image *image_find(const struct guest *guest, const uint8_t identity[CRYPTO_SHA256_SIZE]);

/*
 * Gives a verified image to the system and puts it into the cache. *image: the cached one, pinned;
 * the guest has been charged for it if it is the one that was passed; somebody else's if it was
 * quicker (then the one that was passed is gone); the guest's own if the system has no room for it.
 * TARGET_DEAD: the image is gone and nothing is charged. Polls.
 */
TEE_Result must_check image_publish(struct guest *guest, struct image **image);

/*
 * Makes the guest a user of a pinned image and takes the pin off. charged: the guest has been
 * charged already. user: a fresh record, consumed. OUT_OF_MEMORY: over the guest's limit.
 */
TEE_Result must_check image_attach(struct guest *guest, struct image *image,
				   struct image_user *user, bool charged);

/*
 * Decrypts size bytes in pages, in place (TA-014). They must not be looked at unless SUCCESS and
 * before their digest was compared. SECURITY: the tag is not right; OUT_OF_MEMORY; TARGET_DEAD.
 * Polls, runs brackets.
 */
TEE_Result must_check image_decrypt(struct guest *guest, const struct image_head *head,
				    const struct page_list *pages, uint64_t size);

/* The key of images for this machine alone: HMAC of the root key's modulus with the hardware key.
 * The caller wipes it. */
void image_encryption_key(uint8_t key[CRYPTO_SHA256_SIZE]);

#endif
