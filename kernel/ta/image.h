/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verified images of trusted apps.
 *
 *   image_stage_begin()      window/commit …       image_stage_finish()
 *   ──────────────▶ stage ─────────────────▶ stage ──────────────────▶ image (a reference)
 *                     │                                                  │ image_put()
 *                     └── image_stage_drop()                             ▼
 *                                                     cached, unused ──▶ freed by image_reclaim()
 *
 * A stage is a file on its way in: a secure copy, page by page, charged to the guest that loads it
 * and known to one call only. The normal world's copy is read once, on the way into the stage
 * (TA-016). When the file has been verified, it either is in the cache already (the stage is freed)
 * or goes there: its pages then belong to the system. Every guest that uses an image is charged its
 * full page count, once. Images are immutable and shared by the instances of all guests.
 *
 * The system needs an unpromised page for each page that it takes over, because the guest's reserve
 * is then owed to the guest again. Where all memory is promised the image stays its guest's own:
 * found by that guest only, and gone with its last use.
 *
 * The fast path: when all signed headers have come and a verified image has the very same ones, the
 * rest of the file is not kept but compared with that image, a page at a time, and equality to the
 * end stands for verification. From then on the guest is charged for the image, so one that never
 * finishes holds nothing for free. What is decided for each guest (the UUID it asked for, its table
 * of versions) is decided on both paths. Encrypted files always take the long way: their cached
 * pages are plain text.
 */
#ifndef TA_IMAGE_H
#define TA_IMAGE_H

#include "abi/result.h"
#include "abi/ta.h"
#include "kernel/crypto/crypto.h"
#include "kernel/guest/guest.h"
#include "kernel/ta/elf.h"
#include "kernel/ta/image_head.h"
#include "kernel/ta/pagelist.h"
#include "kernel/ta/versions.h"

struct image_stage;

/*
 * Owner: the system, or one guest. Born at the end of image_stage_finish(), freed by
 * image_reclaim() when nobody uses it, or with its guest's last reference. Lies at the start of a
 * page of its own, with the first pointers to its pages behind it. Immutable after it was published
 * but for link, same, users and pins (lock: image cache).
 */
struct image {
	struct list link;  /* in the cache: in use, or unused with the least recently used last; an
			    * owner's: in its list */
	struct list same;  /* with those that are looked for in the same place */
	struct list users; /* one struct image_user for each guest that uses it */
	uint32_t pins;     /* calls that are about to use it */
	struct guest *owner;  /* NULL: the system */
	uint32_t given_pages; /* of an owner's image: the first pages, which the system has taken */
	uint32_t given_chunks;
	uint8_t identity[CRYPTO_SHA256_SIZE]; /* digest of all its headers, and so of everything */
	struct uuid uuid;                     /* of the bootstrap header, or else of ta_head */
	struct version_claim claims[IMAGE_HEAD_SUBKEYS + 1]; /* its own, then its subkeys' */
	uint32_t claim_count;
	uint32_t page_count;  /* pages it consists of: what each user is charged */
	struct elf_file file; /* file.pages is &pages */
	struct elf elf;
	struct page_list pages;
};

/*
 * Begins to load a file of file_size bytes for guest. OUT_OF_MEMORY: could never fit the guest's
 * budget (TA-020); SECURITY: too short to be one (TA-008).
 */
TEE_Result must_check image_stage_begin(struct guest *guest, uint64_t file_size,
					struct image_stage **stage);

/*
 * Where the next bytes of the file belong: *room (> 0) bytes of secure memory at *to, never
 * crossing a page of the target. After writing filled <= room bytes there, image_stage_commit()
 * accepts them. To be called until image_stage_missing() is 0. OUT_OF_MEMORY (TA-020); SECURITY:
 * the headers are wrong, or there is no room left (TA-001, TA-008). Runs brackets.
 */
TEE_Result must_check image_stage_window(struct image_stage *stage, void **to, size_t *room);
TEE_Result must_check image_stage_commit(struct image_stage *stage, size_t filled);

/* Same with bytes that lie in secure memory already. */
TEE_Result must_check image_stage_write(struct image_stage *stage, const void *data, size_t size);

/* Bytes that have not come yet. */
uint64_t image_stage_missing(const struct image_stage *stage);

/* Gives up. NULL is ignored. Polls. */
void image_stage_drop(struct image_stage *stage);

/*
 * Verifies and publishes; the stage is gone afterwards in any case. uuid is what the client asked
 * for. The guest holds one reference to *image more on SUCCESS. SECURITY: anything that does not
 * verify (TA-001 .. TA-015, TA-019, TA-033); ACCESS_CONFLICT: older than what this guest has seen
 * (TA-018); BAD_FORMAT: from elf_decode(); OUT_OF_MEMORY; TARGET_DEAD. Polls, runs
 * brackets.
 */
TEE_Result must_check image_stage_finish(struct image_stage *stage, const struct uuid *uuid,
					 struct image **image);

/* One more reference of a guest that holds one already (asserted); cannot fail. */
void image_get(struct guest *guest, struct image *image);

/* A first reference for guest to an image that another guest, or this one, uses meanwhile.
 * OUT_OF_MEMORY, also for an image that is its guest's own: nothing changed. */
TEE_Result must_check image_share(struct guest *guest, struct image *image);

/* Gives a reference of guest back. With the guest's last one its charge goes; the image stays. */
void image_put(struct guest *guest, struct image *image);

/*
 * Frees some pages of images that no guest uses, the least recently used first; a bounded piece of
 * work per call. False if there was none. For page_reclaim of kernel/memory/pages.h: any context
 * without the locks "image cache" and to its right.
 */
bool image_reclaim(struct budget *for_whom);

struct image_totals {
	uint32_t images;       /* cached */
	uint32_t unused_pages; /* pages of those that no guest uses */
};
void image_totals(struct image_totals *totals);

/* After guest_init(). */
void image_init(void);

#endif
