/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A signed file on its way in. The first page of the file goes to a page of its own, where the
 * headers are; the ELF file behind them goes to the image, so that it begins on a page.
 */
#include "kernel/call/call.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/ta/image.h"
#include "kernel/ta/image_cache.h"

/* Pages hashed in one preemptible bracket; between two of them a dying guest is noticed. */
#define HASH_BATCH 16

/* What the signed header says, all of it checked against the file's size (TA-001 .. TA-005). */
struct headers {
	struct shdr shdr;
	struct shdr_bootstrap bootstrap;
	bool has_bootstrap; /* img_type 1 */
	enum crypto_rsa_scheme scheme;
	uint32_t hash_offset;
	uint32_t signature_offset;
	uint32_t bootstrap_offset;
	uint32_t elf_offset;
};

struct image_stage {
	struct guest *guest;
	uint64_t file_size;
	uint64_t filled;    /* bytes of the file that have come */
	uint8_t *head_page; /* the file's first page */
	uint32_t head_size; /* bytes of the file that belong there */
	struct headers headers;
	struct image *image; /* under construction */
	struct image_user *user;
	TEE_Result refused; /* what was wrong with the headers: nothing more is taken */
};

/* --- UUIDs ---------------------------------------------------------------------------------------
 */

void uuid_from_octets(struct uuid *uuid, const uint8_t o[16])
{
	uuid->time_low = (uint32_t)o[0] << 24 | (uint32_t)o[1] << 16 | (uint32_t)o[2] << 8 | o[3];
	uuid->time_mid = (uint16_t)(o[4] << 8 | o[5]);
	uuid->time_hi_and_version = (uint16_t)(o[6] << 8 | o[7]);
	memcpy(uuid->clock_seq_and_node, o + 8, sizeof(uuid->clock_seq_and_node));
}

void uuid_to_octets(const struct uuid *uuid, uint8_t o[16])
{
	for (unsigned i = 0; i < 4; i++)
		o[i] = uuid->time_low >> (24 - 8 * i);
	for (unsigned i = 0; i < 2; i++) {
		o[4 + i] = uuid->time_mid >> (8 - 8 * i);
		o[6 + i] = uuid->time_hi_and_version >> (8 - 8 * i);
	}
	memcpy(o + 8, uuid->clock_seq_and_node, sizeof(uuid->clock_seq_and_node));
}

bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* --- headers -------------------------------------------------------------------------------------
 */

static bool decode_scheme(uint32_t algo, enum crypto_rsa_scheme *scheme)
{
	switch (algo) {
	case SHDR_ALGO_RSA_PSS_SHA256:
		*scheme = CRYPTO_RSA_PSS_SHA256;
		return true;
	case SHDR_ALGO_RSA_PKCS1_SHA256:
		*scheme = CRYPTO_RSA_PKCS1_SHA256;
		return true;
	default: /* weak digests, other key types (TA-004) */
		return false;
	}
}

/* Where the parts of a header with plausible sizes lie; false if they do not fit size bytes. */
static bool lay_out(struct headers *h, uint32_t size)
{
	h->hash_offset = sizeof(h->shdr);
	h->signature_offset = h->hash_offset + h->shdr.hash_size;
	h->bootstrap_offset = h->signature_offset + h->shdr.sig_size;
	h->has_bootstrap = h->shdr.img_type == SHDR_BOOTSTRAP_TA;
	h->elf_offset = h->bootstrap_offset + (h->has_bootstrap ? sizeof(h->bootstrap) : 0);
	return h->elf_offset <= size;
}

/* Decodes the size bytes of headers at data; the file is file_size bytes. */
static TEE_Result decode_headers(struct headers *h, const uint8_t *data, uint32_t size,
				 uint64_t file_size)
{
	if (size < sizeof(h->shdr))
		return TEE_ERROR_SECURITY;
	memcpy(&h->shdr, data, sizeof(h->shdr));
	if (h->shdr.magic != SHDR_MAGIC)
		return TEE_ERROR_SECURITY;
	if (h->shdr.img_type == SHDR_ENCRYPTED_TA || h->shdr.img_type == SHDR_SUBKEY)
		return TEE_ERROR_NOT_SUPPORTED;
	bool right_sizes = h->shdr.hash_size == CRYPTO_SHA256_SIZE &&
			   h->shdr.sig_size == crypto_ta_key.modulus_size;
	if (h->shdr.img_type > SHDR_BOOTSTRAP_TA || !right_sizes ||
	    !decode_scheme(h->shdr.algo, &h->scheme) || !lay_out(h, size))
		return TEE_ERROR_SECURITY;
	if (h->has_bootstrap)
		memcpy(&h->bootstrap, data + h->bootstrap_offset, sizeof(h->bootstrap));
	/* Nothing may be missing, and nothing may follow (TA-008). */
	return file_size - h->elf_offset == h->shdr.img_size ? TEE_SUCCESS : TEE_ERROR_SECURITY;
}

/* --- filling -------------------------------------------------------------------------------------
 */

static void free_stage(struct image_stage *stage)
{
	struct guest *guest = stage->guest;

	page_free(&guest->budget, stage->head_page);
	heap_free(&guest->heap, stage->user);
	heap_free(&guest->heap, stage);
}

void image_stage_drop(struct image_stage *stage)
{
	if (!stage)
		return;
	if (stage->image)
		image_record_drop(stage->guest, stage->image, 0);
	free_stage(stage);
}

TEE_Result image_stage_begin(struct guest *guest, uint64_t file_size, struct image_stage **out)
{
	const struct budget *budget = &guest->budget;
	struct image_stage *stage;

	if (file_size < sizeof(struct shdr))
		return TEE_ERROR_SECURITY;
	if ((file_size >> PAGE_SHIFT) + 2 > budget->limit - budget->used)
		return TEE_ERROR_OUT_OF_MEMORY;
	stage = heap_alloc(&guest->heap, sizeof(*stage));
	if (!stage)
		return TEE_ERROR_OUT_OF_MEMORY;
	stage->guest = guest;
	stage->file_size = file_size;
	stage->head_size = min(file_size, (uint64_t)PAGE_SIZE);
	stage->user = heap_alloc(&guest->heap, sizeof(*stage->user));
	stage->head_page = page_alloc(&guest->budget);
	stage->image = image_record_new(guest);
	if (!stage->user || !stage->head_page || !stage->image) {
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

/* The place of byte position of the ELF file, with a page under it. */
static TEE_Result elf_place(struct image_stage *stage, uint64_t position, uint8_t **to)
{
	struct page_list *pages = &stage->image->pages;
	uint64_t index = position >> PAGE_SHIFT;

	if (index == pages->count) {
		void *page = page_alloc(&stage->guest->budget);
		TEE_Result res = TEE_ERROR_OUT_OF_MEMORY;

		if (page)
			res = page_list_append(pages, page, 0);
		if (res) {
			page_free(&stage->guest->budget, page);
			return res;
		}
	}
	*to = (uint8_t *)page_list_get(pages, index) + (position & PAGE_MASK);
	return TEE_SUCCESS;
}

TEE_Result image_stage_window(struct image_stage *stage, void **to, size_t *room)
{
	uint8_t *place;

	if (stage->refused)
		return stage->refused;
	if (image_stage_missing(stage) == 0)
		return TEE_ERROR_SECURITY;
	if (stage->filled < stage->head_size) {
		*to = stage->head_page + stage->filled;
		*room = stage->head_size - stage->filled;
		return TEE_SUCCESS;
	}
	uint64_t position = stage->filled - stage->headers.elf_offset;
	TEE_Result res = elf_place(stage, position, &place);
	if (res)
		return res;
	*to = place;
	*room = min(PAGE_SIZE - (position & PAGE_MASK), image_stage_missing(stage));
	return TEE_SUCCESS;
}

/* The first page is complete: its headers tell where the ELF file begins. */
static TEE_Result take_head(struct image_stage *stage)
{
	struct headers *h = &stage->headers;
	TEE_Result res = decode_headers(h, stage->head_page, stage->head_size, stage->file_size);
	uint8_t *place;

	if (res || h->elf_offset == stage->head_size)
		return res;
	res = elf_place(stage, 0, &place);
	if (res)
		return res;
	memcpy(place, stage->head_page + h->elf_offset, stage->head_size - h->elf_offset);
	return TEE_SUCCESS;
}

TEE_Result image_stage_commit(struct image_stage *stage, size_t filled)
{
	uint64_t before = stage->filled;

	assert(filled <= image_stage_missing(stage));
	stage->filled += filled;
	if (before < stage->head_size && stage->filled == stage->head_size)
		stage->refused = take_head(stage);
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

static TEE_Result verify_signature(const struct image_stage *stage)
{
	const struct headers *h = &stage->headers;
	struct crypto_work work;
	TEE_Result res = crypto_work_begin(&work, &stage->guest->budget);

	if (res)
		return res;
	call_preemptible_begin();
	res = crypto_rsa_verify(&work, &crypto_ta_key, h->scheme, stage->head_page + h->hash_offset,
				stage->head_page + h->signature_offset, h->shdr.sig_size);
	call_preemptible_end();
	crypto_work_end(&work);
	if (res == TEE_SUCCESS || res == TEE_ERROR_OUT_OF_MEMORY)
		return res;
	return TEE_ERROR_SECURITY;
}

/* Hashes one batch of the ELF file's pages from first on. Only this call knows the pages. */
static void hash_batch(struct crypto_sha256 *hash, const struct image_stage *stage, uint64_t first)
{
	const struct page_list *pages = &stage->image->pages;
	uint64_t size = stage->headers.shdr.img_size;

	call_preemptible_begin();
	for (uint64_t i = first; i < pages->count && i < first + HASH_BATCH; i++)
		crypto_sha256_update(hash, page_list_get(pages, i),
				     min(size - i * PAGE_SIZE, (uint64_t)PAGE_SIZE));
	call_preemptible_end();
}

/* What the signature covers is this digest, and the digest covers all but itself (TA-006). */
static TEE_Result verify_digest(const struct image_stage *stage)
{
	const struct headers *h = &stage->headers;
	uint8_t digest[CRYPTO_SHA256_SIZE];
	struct crypto_sha256 hash;
	TEE_Result res = TEE_SUCCESS;

	crypto_sha256_init(&hash);
	crypto_sha256_update(&hash, &h->shdr, sizeof(h->shdr));
	if (h->has_bootstrap)
		crypto_sha256_update(&hash, &h->bootstrap, sizeof(h->bootstrap));
	for (uint64_t i = 0; !res && i < stage->image->pages.count; i += HASH_BATCH) {
		hash_batch(&hash, stage, i);
		res = call_poll();
	}
	crypto_sha256_final(&hash, digest);
	if (res)
		return res;
	return crypto_equal(digest, stage->head_page + h->hash_offset, sizeof(digest))
		       ? TEE_SUCCESS
		       : TEE_ERROR_SECURITY;
}

/* The bootstrap header's UUID is what was asked for (TA-007). */
static TEE_Result verify_uuid(const struct image_stage *stage, const struct uuid *asked)
{
	struct uuid uuid;

	if (!stage->headers.has_bootstrap)
		return TEE_SUCCESS;
	uuid_from_octets(&uuid, stage->headers.bootstrap.uuid);
	return uuid_equal(&uuid, asked) ? TEE_SUCCESS : TEE_ERROR_SECURITY;
}

static TEE_Result verify(struct image_stage *stage, const struct uuid *uuid)
{
	struct image *image = stage->image;
	TEE_Result res = stage->refused;

	if (!res && image_stage_missing(stage) > 0)
		res = TEE_ERROR_SECURITY;
	if (!res)
		res = verify_signature(stage);
	if (!res)
		res = verify_uuid(stage, uuid);
	if (!res)
		res = verify_digest(stage);
	if (res)
		return res;
	image->file.size = stage->headers.shdr.img_size;
	res = elf_decode(&image->file, &image->elf);
	if (res)
		return res;
	/* An app tells its UUID itself; a library has only the header's, which was checked. */
	bool is_right = image->elf.is_app ? uuid_equal(&image->elf.head.uuid, uuid)
					  : stage->headers.has_bootstrap;
	image->uuid = *uuid;
	return is_right ? TEE_SUCCESS : TEE_ERROR_SECURITY;
}

/* The signed headers contain the digest of the rest, so they identify the image. */
static void identify(const struct image_stage *stage)
{
	struct image *image = stage->image;
	struct crypto_sha256 hash;

	crypto_sha256_init(&hash);
	crypto_sha256_update(&hash, stage->head_page, stage->headers.elf_offset);
	crypto_sha256_final(&hash, image->identity);
	image->version = stage->headers.has_bootstrap ? stage->headers.bootstrap.ta_version : 0;
}

/* Exchanges the stage's image for the cached one, or makes it the cached one. */
static TEE_Result publish(struct image_stage *stage, struct image **image)
{
	struct guest *guest = stage->guest;
	struct image *mine = stage->image;
	struct image *cached = image_find(mine->identity);
	bool hit = cached != NULL;
	TEE_Result res = TEE_SUCCESS;

	stage->image = NULL;
	if (hit) {
		image_record_drop(guest, mine, 0);
	} else {
		cached = mine;
		res = image_publish(guest, &cached);
	}
	if (res)
		return res;
	res = image_attach(guest, cached, stage->user, !hit);
	stage->user = NULL;
	if (res == TEE_SUCCESS)
		*image = cached;
	return res;
}

TEE_Result image_stage_finish(struct image_stage *stage, const struct uuid *uuid,
			      struct image **image)
{
	TEE_Result res = verify(stage, uuid);

	if (!res) {
		identify(stage);
		res = publish(stage, image);
	}
	image_stage_drop(stage);
	return res;
}
