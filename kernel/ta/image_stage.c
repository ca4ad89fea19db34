/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A signed file on its way in. Its first pages go to pages of their own until all headers are
 * there; the ELF file behind them goes to the image, so that it begins on a page, or is compared
 * with an image that is known.
 */
#include "kernel/call/call.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/ta/image.h"
#include "kernel/ta/image_cache.h"

/* Pages hashed in one preemptible bracket; between two of them a dying guest is noticed. */
#define HASH_BATCH 16

struct image_stage {
	struct guest *guest;
	uint64_t file_size;
	uint64_t filled; /* bytes of the file that have come */
	struct image_head head;
	uint32_t head_room; /* bytes of the file that go to the head's pages, as far as known */
	bool head_complete;
	uint8_t identity[CRYPTO_SHA256_SIZE]; /* of all headers */
	struct image *image;                  /* under construction, or … */
	struct image *known;                  /* … a reference to one with the same headers; */
	uint64_t differs;                     /* not 0: what came after them is not the same */
	struct image_user *user;
	TEE_Result refused; /* what was wrong with the headers: nothing more is taken */
};

static const struct image_head_element *own_header(const struct image_stage *stage)
{
	return &stage->head.elements[stage->head.subkey_count];
}

/* --- begin and end -------------------------------------------------------------------------------
 */

static void free_stage(struct image_stage *stage)
{
	struct guest *guest = stage->guest;

	for (unsigned i = 0; i < IMAGE_HEAD_PAGES; i++)
		page_free(&guest->budget, stage->head.pages[i]);
	heap_free(&guest->heap, stage->user);
	heap_free(&guest->heap, stage);
}

void image_stage_drop(struct image_stage *stage)
{
	if (!stage)
		return;
	if (stage->image)
		image_record_drop(stage->guest, stage->image, 0);
	if (stage->known)
		image_put(stage->guest, stage->known);
	free_stage(stage);
}

/* One more page for the head; it takes the file's next bytes. */
static TEE_Result grow_head(struct image_stage *stage)
{
	uint32_t index = stage->head_room >> PAGE_SHIFT;

	assert(index < IMAGE_HEAD_PAGES && (stage->head_room & PAGE_MASK) == 0);
	stage->head.pages[index] = page_alloc(&stage->guest->budget);
	if (!stage->head.pages[index])
		return TEE_ERROR_OUT_OF_MEMORY;
	stage->head_room += min(stage->file_size - stage->head_room, (uint64_t)PAGE_SIZE);
	return TEE_SUCCESS;
}

TEE_Result image_stage_begin(struct guest *guest, uint64_t file_size, struct image_stage **out)
{
	struct image_stage *stage;

	if (file_size < sizeof(struct shdr))
		return TEE_ERROR_SECURITY;
	if (file_size >> PAGE_SHIFT > guest->budget.limit)
		return TEE_ERROR_OUT_OF_MEMORY;
	stage = heap_alloc(&guest->heap, sizeof(*stage));
	if (!stage)
		return TEE_ERROR_OUT_OF_MEMORY;
	stage->guest = guest;
	stage->file_size = file_size;
	stage->user = heap_alloc(&guest->heap, sizeof(*stage->user));
	if (!stage->user || grow_head(stage)) {
		image_stage_drop(stage);
		return TEE_ERROR_OUT_OF_MEMORY;
	}
	*out = stage;
	return TEE_SUCCESS;
}

uint64_t image_stage_missing(const struct image_stage *stage)
{
	return stage->file_size - stage->filled;
}

/* --- filling -------------------------------------------------------------------------------------
 */

/* The place of byte position of the ELF file, with a page under it. What is only compared passes
 * through the first page of headers, which are done with (all but what was decoded). */
static TEE_Result elf_place(struct image_stage *stage, uint64_t position, uint8_t **to)
{
	uint64_t index = position >> PAGE_SHIFT;
	uint8_t *page;

	if (stage->known) {
		page = stage->head.pages[0];
	} else if (index < stage->image->pages.count) {
		page = page_list_get(&stage->image->pages, index);
	} else {
		page = page_alloc(&stage->guest->budget);
		if (!page)
			return TEE_ERROR_OUT_OF_MEMORY;
		if (page_list_append(&stage->image->pages, page, 0)) {
			page_free(&stage->guest->budget, page);
			return TEE_ERROR_OUT_OF_MEMORY;
		}
	}
	*to = page + (position & PAGE_MASK);
	return TEE_SUCCESS;
}

/*
 * Compares size bytes of the ELF file from position on with the known image, all of them whatever
 * the first ones are: how long it takes says nothing of where another guest's file differs.
 */
static void compare(struct image_stage *stage, uint64_t position, const uint8_t *data, size_t size)
{
	const uint8_t *page = page_list_get(&stage->known->pages, position >> PAGE_SHIFT);
	const uint8_t *other = page + (position & PAGE_MASK);
	uint64_t differs = 0;
	size_t done = 0;

	assert((position & PAGE_MASK) + size <= PAGE_SIZE);
	for (uint64_t a[4], b[4]; done + sizeof(a) <= size; done += sizeof(a)) {
		memcpy(a, data + done, sizeof(a));
		memcpy(b, other + done, sizeof(b));
		differs |= (a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]);
	}
	for (; done < size; done++)
		differs |= data[done] ^ other[done];
	stage->differs |= differs;
}

TEE_Result image_stage_window(struct image_stage *stage, void **to, size_t *room)
{
	uint8_t *place;

	if (stage->refused)
		return stage->refused;
	if (image_stage_missing(stage) == 0)
		return TEE_ERROR_SECURITY;
	if (!stage->head_complete) {
		uint32_t filled = stage->head.filled;
		*to = stage->head.pages[filled >> PAGE_SHIFT] + (filled & PAGE_MASK);
		*room = stage->head_room - filled;
		return TEE_SUCCESS;
	}
	uint64_t position = stage->filled - stage->head.size;
	TEE_Result res = elf_place(stage, position, &place);
	if (res)
		return res;
	*to = place;
	*room = min(PAGE_SIZE - (position & PAGE_MASK), image_stage_missing(stage));
	return TEE_SUCCESS;
}

/* The signed headers contain the digest of the rest, so they identify the image. */
static void identify(struct image_stage *stage)
{
	struct crypto_sha256 hash;

	call_preemptible_begin();
	crypto_sha256_init(&hash);
	image_head_hash(&stage->head, 0, stage->head.size, &hash);
	crypto_sha256_final(&hash, stage->identity);
	call_preemptible_end();
}

/* Looks for an image with the same headers. Charges the guest for it if there is one. */
static TEE_Result recognise(struct image_stage *stage)
{
	struct image *image = image_find(stage->guest, stage->identity);
	TEE_Result res;

	if (!image)
		return TEE_SUCCESS;
	res = image_attach(stage->guest, image, stage->user, false);
	stage->user = NULL;
	if (!res)
		stage->known = image;
	return res;
}

/* An unknown file: it has to fit what the guest has left (TA-020). */
static TEE_Result make_image(struct image_stage *stage)
{
	const struct budget *budget = &stage->guest->budget;
	uint64_t size = stage->file_size - stage->head.size;

	if ((size >> PAGE_SHIFT) + 2 > budget->limit - budget->used)
		return TEE_ERROR_OUT_OF_MEMORY;
	stage->image = image_record_new(stage->guest);
	return stage->image ? TEE_SUCCESS : TEE_ERROR_OUT_OF_MEMORY;
}

/* All headers are there, and perhaps the first bytes of the ELF file behind them. */
static TEE_Result take_head(struct image_stage *stage)
{
	const struct image_head *head = &stage->head;
	size_t rest = head->filled - head->size;
	const uint8_t *data = head->pages[(head->filled - 1) >> PAGE_SHIFT];
	TEE_Result res = TEE_SUCCESS;
	uint8_t *place;

	stage->head_complete = true;
	identify(stage);
	if (!head->is_encrypted)
		res = recognise(stage);
	if (!res && !stage->known)
		res = make_image(stage);
	if (res || rest == 0)
		return res;
	data += head->size & PAGE_MASK;
	if (stage->known) {
		compare(stage, 0, data, rest);
		return TEE_SUCCESS;
	}
	res = elf_place(stage, 0, &place);
	if (!res)
		memcpy(place, data, rest);
	return res;
}

/* The pages that the head has are full. */
static TEE_Result decode_head(struct image_stage *stage)
{
	switch (image_head_lay_out(&stage->head, stage->file_size)) {
	case IMAGE_HEAD_MORE:
		return grow_head(stage);
	case IMAGE_HEAD_COMPLETE:
		return take_head(stage);
	default:
		return TEE_ERROR_SECURITY;
	}
}

TEE_Result image_stage_commit(struct image_stage *stage, size_t filled)
{
	uint64_t position = stage->filled - stage->head.size;

	assert(filled <= image_stage_missing(stage));
	stage->filled += filled;
	if (!stage->head_complete) {
		stage->head.filled += filled;
		if (stage->head.filled == stage->head_room)
			stage->refused = decode_head(stage);
	} else if (stage->known) {
		compare(stage, position, stage->head.pages[0] + (position & PAGE_MASK), filled);
	}
	return stage->refused;
}

TEE_Result image_stage_write(struct image_stage *stage, const void *data, size_t size)
{
	const char *from = data;

	while (size > 0) {
		void *to;
		size_t room;
		TEE_Result res = image_stage_window(stage, &to, &room);

		if (res)
			return res;
		room = min(room, size);
		memcpy(to, from, room);
		res = image_stage_commit(stage, room);
		if (res)
			return res;
		from += room;
		size -= room;
	}
	return TEE_SUCCESS;
}

/* --- verification --------------------------------------------------------------------------------
 */

/* Hashes one batch of the ELF file's pages from first on. Only this call knows the pages. */
static void hash_batch(struct crypto_sha256 *hash, const struct image_stage *stage, uint64_t first)
{
	const struct page_list *pages = &stage->image->pages;
	uint64_t size = own_header(stage)->shdr.img_size;

	call_preemptible_begin();
	for (uint64_t i = first; i < pages->count && i < first + HASH_BATCH; i++)
		crypto_sha256_update(hash, page_list_get(pages, i),
				     min(size - i * PAGE_SIZE, (uint64_t)PAGE_SIZE));
	call_preemptible_end();
}

/* What the signature covers is this digest, and the digest covers all but itself (TA-006). */
static TEE_Result verify_digest(const struct image_stage *stage)
{
	const struct image_head *head = &stage->head;
	const struct image_head_element *e = own_header(stage);
	uint8_t digest[CRYPTO_SHA256_SIZE], claimed[CRYPTO_SHA256_SIZE];
	struct crypto_sha256 hash;
	TEE_Result res = TEE_SUCCESS;

	call_preemptible_begin();
	crypto_sha256_init(&hash);
	crypto_sha256_update(&hash, &e->shdr, sizeof(e->shdr));
	image_head_hash(head, e->body, head->size - e->body, &hash);
	call_preemptible_end();
	for (uint64_t i = 0; !res && i < stage->image->pages.count; i += HASH_BATCH) {
		hash_batch(&hash, stage, i);
		res = call_poll();
	}
	crypto_sha256_final(&hash, digest);
	if (res)
		return res;
	image_head_read(head, e->hash, claimed, sizeof(claimed));
	return crypto_equal(digest, claimed, sizeof(digest)) ? TEE_SUCCESS : TEE_ERROR_SECURITY;
}

/* The bootstrap header's UUID is what was asked for (TA-007). */
static TEE_Result verify_uuid(const struct image_stage *stage, const struct uuid *asked)
{
	struct uuid uuid;

	if (!stage->head.has_bootstrap)
		return TEE_SUCCESS;
	uuid_from_octets(&uuid, stage->head.bootstrap.uuid);
	return uuid_equal(&uuid, asked) ? TEE_SUCCESS : TEE_ERROR_SECURITY;
}

/* What the file says of its version counts only once all of it is known to be genuine (TA-017). */
static TEE_Result verify_versions(struct image_stage *stage, const struct uuid *uuid)
{
	struct image *image = stage->image;
	uint32_t version = stage->head.has_bootstrap ? stage->head.bootstrap.ta_version : 0;

	image->claims[0] = (struct version_claim){.uuid = *uuid, .version = version};
	image->claim_count = stage->head.subkey_count + 1;
	return versions_admit(stage->guest, image->claims, image->claim_count);
}

static TEE_Result decode_elf(struct image_stage *stage, const struct uuid *uuid)
{
	struct image *image = stage->image;
	TEE_Result res;

	image->file.size = own_header(stage)->shdr.img_size;
	res = elf_decode(&image->file, &image->elf);
	if (res)
		return res;
	/* An app tells its UUID itself; a library has only the header's, which was checked. */
	bool is_right = image->elf.is_app ? uuid_equal(&image->elf.head.uuid, uuid)
					  : stage->head.has_bootstrap;
	return is_right ? TEE_SUCCESS : TEE_ERROR_SECURITY;
}

static TEE_Result verify(struct image_stage *stage, const struct uuid *uuid)
{
	TEE_Result res = image_head_verify(&stage->head, stage->guest, stage->image->claims);

	if (!res)
		res = verify_uuid(stage, uuid);
	if (!res && stage->head.is_encrypted)
		res = image_decrypt(stage->guest, &stage->head, &stage->image->pages,
				    own_header(stage)->shdr.img_size);
	if (!res)
		res = verify_digest(stage);
	if (!res)
		res = verify_versions(stage, uuid);
	if (!res)
		res = decode_elf(stage, uuid);
	return res;
}

/* Exchanges the stage's image for the cached one, or makes it the cached one. */
static TEE_Result publish(struct image_stage *stage, struct image **image)
{
	struct guest *guest = stage->guest;
	struct image *mine = stage->image;
	struct image *cached = image_find(guest, mine->identity);
	TEE_Result res = TEE_SUCCESS;

	stage->image = NULL;
	if (cached) {
		image_record_drop(guest, mine, 0);
	} else {
		cached = mine;
		res = image_publish(guest, &cached);
	}
	if (res)
		return res;
	res = image_attach(guest, cached, stage->user, cached == mine);
	stage->user = NULL;
	if (res == TEE_SUCCESS)
		*image = cached;
	return res;
}

static TEE_Result finish_new(struct image_stage *stage, const struct uuid *uuid,
			     struct image **image)
{
	TEE_Result res = verify(stage, uuid);

	if (res)
		return res;
	memcpy(stage->image->identity, stage->identity, sizeof(stage->identity));
	stage->image->uuid = *uuid;
	return publish(stage, image);
}

/* The known image was verified; what is left is whether this guest may have it. */
static TEE_Result finish_known(struct image_stage *stage, const struct uuid *uuid,
			       struct image **image)
{
	struct image *known = stage->known;
	TEE_Result res;

	if (stage->differs || !uuid_equal(&known->uuid, uuid))
		return TEE_ERROR_SECURITY;
	res = versions_admit(stage->guest, known->claims, known->claim_count);
	if (res)
		return res;
	stage->known = NULL;
	*image = known;
	return TEE_SUCCESS;
}

TEE_Result image_stage_finish(struct image_stage *stage, const struct uuid *uuid,
			      struct image **image)
{
	TEE_Result res = stage->refused;

	if (!res && image_stage_missing(stage) > 0)
		res = TEE_ERROR_SECURITY;
	if (!res)
		res = stage->known ? finish_known(stage, uuid, image)
				   : finish_new(stage, uuid, image);
	image_stage_drop(stage);
	return res;
}
