/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/ta/image_head.h"

#include "kernel/call/call.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"

#define ATTRIBUTES   2u /* modulus and exponent, each once */
#define EXPONENT_MAX 8u /* bytes */
#define MODULUS_MIN  256u

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

typedef uint32_t __attribute__((may_alias)) uuid_word;

/* By words and without a copy: hundreds are compared in a row that differ at their ends only (I7).
 */
bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
	const uuid_word *x = (const uuid_word *)a, *y = (const uuid_word *)b;

	_Static_assert(_Alignof(struct uuid) == sizeof(*x), "whole words");
	return x[0] == y[0] && x[1] == y[1] && x[2] == y[2] && x[3] == y[3];
}

/* --- bytes ---------------------------------------------------------------------------------------
 */

/* The longest piece of [offset, end) that lies in one page. */
static size_t piece(const struct image_head *head, uint32_t offset, uint32_t end,
		    const uint8_t **data)
{
	assert(offset <= end && end <= head->filled);
	*data = head->pages[offset >> PAGE_SHIFT] + (offset & PAGE_MASK);
	return min((size_t)(end - offset), PAGE_SIZE - (offset & PAGE_MASK));
}

void image_head_read(const struct image_head *head, uint32_t offset, void *to, size_t size)
{
	uint32_t end = offset + size;
	uint8_t *out = to;

	while (offset < end) {
		const uint8_t *data;
		size_t count = piece(head, offset, end, &data);

		memcpy(out, data, count);
		out += count;
		offset += count;
	}
}

void image_head_hash(const struct image_head *head, uint32_t offset, size_t size,
		     struct crypto_sha256 *hash)
{
	for (uint32_t end = offset + size; offset < end;) {
		const uint8_t *data;
		size_t count = piece(head, offset, end, &data);

		crypto_sha256_update(hash, data, count);
		offset += count;
	}
}

/* --- where things lie ----------------------------------------------------------------------------
 */

/* Whether the first end bytes of the file are there, and if not, whether they can ever be. */
static enum image_head_layout need(const struct image_head *head, uint64_t file_size, uint64_t end)
{
	if (end <= head->filled)
		return IMAGE_HEAD_COMPLETE;
	return end <= min(file_size, (uint64_t)IMAGE_HEAD_MAX) ? IMAGE_HEAD_MORE : IMAGE_HEAD_BAD;
}

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

/* The signed header at offset, of any type. That the signature has its key's size is checked with
 * the key. */
static enum image_head_layout lay_out_element(const struct image_head *head, uint64_t file_size,
					      uint32_t offset, struct image_head_element *e)
{
	enum image_head_layout layout = need(head, file_size, offset + sizeof(e->shdr));

	if (layout != IMAGE_HEAD_COMPLETE)
		return layout;
	*e = (struct image_head_element){.offset = offset};
	image_head_read(head, offset, &e->shdr, sizeof(e->shdr));
	if (e->shdr.magic != SHDR_MAGIC || e->shdr.img_type > SHDR_SUBKEY ||
	    e->shdr.hash_size != CRYPTO_SHA256_SIZE || e->shdr.sig_size < MODULUS_MIN ||
	    e->shdr.sig_size > CRYPTO_RSA_MODULUS_MAX || !decode_scheme(e->shdr.algo, &e->scheme))
		return IMAGE_HEAD_BAD;
	e->hash = offset + sizeof(e->shdr);
	e->signature = e->hash + e->shdr.hash_size;
	e->body = e->signature + e->shdr.sig_size;
	return need(head, file_size, e->body);
}

/* A subkey's body and name. *next: where the next header begins. */
static enum image_head_layout lay_out_subkey(const struct image_head *head, uint64_t file_size,
					     struct image_head_element *e, uint32_t *next)
{
	struct shdr_subkey body;

	if (e->shdr.img_size < sizeof(body) + ATTRIBUTES * sizeof(struct shdr_attribute))
		return IMAGE_HEAD_BAD;
	enum image_head_layout layout = need(head, file_size, (uint64_t)e->body + sizeof(body));
	if (layout != IMAGE_HEAD_COMPLETE)
		return layout;
	image_head_read(head, e->body, &body, sizeof(body));
	e->name_size = body.name_size;
	uint64_t end = (uint64_t)e->body + e->shdr.img_size + body.name_size;
	layout = need(head, file_size, end);
	if (layout == IMAGE_HEAD_COMPLETE)
		*next = end;
	return layout;
}

static bool decode_encryption(const struct shdr_encryption *e)
{
	/* Keys of a whole class of machines do not exist here (TA-015). */
	return e->enc_algo == SHDR_ENC_AES_GCM && e->flags == 0 && e->iv_size == SHDR_ENC_IV_SIZE &&
	       e->tag_size == SHDR_ENC_TAG_SIZE;
}

/* What lies between the image's own signature and the image. */
static enum image_head_layout lay_out_image(struct image_head *head, uint64_t file_size)
{
	const struct image_head_element *e = &head->elements[head->subkey_count];
	uint32_t at = e->body;

	head->has_bootstrap = e->shdr.img_type != SHDR_TA;
	head->is_encrypted = e->shdr.img_type == SHDR_ENCRYPTED_TA;
	head->size = at + (head->has_bootstrap ? sizeof(head->bootstrap) : 0) +
		     (head->is_encrypted
			      ? sizeof(head->encryption) + SHDR_ENC_IV_SIZE + SHDR_ENC_TAG_SIZE
			      : 0);
	enum image_head_layout layout = need(head, file_size, head->size);
	if (layout != IMAGE_HEAD_COMPLETE)
		return layout;
	if (head->has_bootstrap)
		image_head_read(head, at, &head->bootstrap, sizeof(head->bootstrap));
	if (head->is_encrypted) {
		at += sizeof(head->bootstrap);
		image_head_read(head, at, &head->encryption, sizeof(head->encryption));
		at += sizeof(head->encryption);
		image_head_read(head, at, head->iv, sizeof(head->iv));
		image_head_read(head, at + sizeof(head->iv), head->tag, sizeof(head->tag));
		if (!decode_encryption(&head->encryption))
			return IMAGE_HEAD_BAD;
	}
	/* Nothing may be missing, and nothing may follow (TA-008). */
	return file_size - head->size == e->shdr.img_size ? IMAGE_HEAD_COMPLETE : IMAGE_HEAD_BAD;
}

enum image_head_layout image_head_lay_out(struct image_head *head, uint64_t file_size)
{
	uint32_t offset = 0;

	for (uint32_t i = 0; i <= IMAGE_HEAD_SUBKEYS; i++) {
		struct image_head_element *e = &head->elements[i];
		enum image_head_layout layout = lay_out_element(head, file_size, offset, e);

		if (layout != IMAGE_HEAD_COMPLETE)
			return layout;
		if (e->shdr.img_type != SHDR_SUBKEY) {
			head->subkey_count = i;
			return lay_out_image(head, file_size);
		}
		layout = lay_out_subkey(head, file_size, e, &offset);
		if (layout != IMAGE_HEAD_COMPLETE)
			return layout;
	}
	return IMAGE_HEAD_BAD;
}

/* --- the chain -----------------------------------------------------------------------------------
 */

/* What the next element has to satisfy. */
struct chain {
	const struct image_head *head;
	struct crypto_work work;
	struct crypto_rsa_key key; /* the root key, or below */
	uint8_t modulus[CRYPTO_RSA_MODULUS_MAX];
	uint8_t exponent[EXPONENT_MAX];
	uint8_t signature[CRYPTO_RSA_MODULUS_MAX];
	uint32_t bound; /* max_depth of a subkey must be below it */
	bool has_uuid;
	uint8_t uuid[16]; /* octets */
};

void image_head_derive_uuid(const uint8_t subkey[16], const struct image_head_name *name,
			    uint8_t derived[16])
{
	uint8_t hash[CRYPTO_DIGEST_SIZE_MAX];
	struct crypto_digest digest;
	uint32_t end = name->offset + name->size;

	if (name->size == 0) {
		memcpy(derived, subkey, 16);
		return;
	}
	crypto_digest_init(&digest, CRYPTO_SHA512);
	crypto_digest_update(&digest, subkey, 16);
	for (uint32_t at = name->offset; at < end;) {
		const uint8_t *data;
		size_t count = piece(name->head, at, end, &data);
		const uint8_t *nul = memchr(data, 0, count);

		crypto_digest_update(&digest, data, nul ? (size_t)(nul - data) : count);
		at = nul ? end : at + count;
	}
	crypto_digest_final(&digest, hash);
	memcpy(derived, hash, 16);
	derived[6] = (derived[6] & 0x0F) | 0x50;
	derived[8] = (derived[8] & 0x3F) | 0x80;
}

/* Copies a big-endian number without its leading zeros (TA-011); 0: it does not fit or is none. */
static size_t read_number(const struct image_head *head, uint32_t offset, uint32_t size,
			  uint8_t *to, size_t room)
{
	const uint8_t *data;

	while (size > 0) {
		(void)piece(head, offset, offset + 1, &data);
		if (*data != 0)
			break;
		offset++;
		size--;
	}
	if (size > room)
		return 0;
	image_head_read(head, offset, to, size);
	return size;
}

/* The attributes of a subkey's body become the key of the next element (TA-011, TA-012). */
static bool take_key(struct chain *chain, const struct image_head_element *e)
{
	struct shdr_attribute attributes[ATTRIBUTES];
	size_t modulus = 0, exponent = 0;

	image_head_read(chain->head, e->body + sizeof(struct shdr_subkey), attributes,
			sizeof(attributes));
	for (unsigned i = 0; i < ATTRIBUTES; i++) {
		const struct shdr_attribute *a = &attributes[i];
		uint32_t end;

		if (add_overflow(a->offset, a->size, &end) || end > e->shdr.img_size)
			return false;
		if (a->id == SHDR_ATTR_RSA_MODULUS && modulus == 0)
			modulus = read_number(chain->head, e->body + a->offset, a->size,
					      chain->modulus, sizeof(chain->modulus));
		else if (a->id == SHDR_ATTR_RSA_EXPONENT && exponent == 0)
			exponent = read_number(chain->head, e->body + a->offset, a->size,
					       chain->exponent, sizeof(chain->exponent));
		else
			return false;
	}
	chain->key = (struct crypto_rsa_key){chain->modulus, modulus, chain->exponent, exponent};
	return modulus >= MODULUS_MIN && exponent > 0;
}

/* Rules 3 to 5 of §1.3 for a subkey whose signature is good, and what follows from it. */
static bool take_subkey(struct chain *chain, const struct image_head_element *e,
			struct version_claim *claim)
{
	struct shdr_subkey body;

	image_head_read(chain->head, e->body, &body, sizeof(body));
	if (body.attr_count != ATTRIBUTES || body.max_depth >= chain->bound ||
	    SHDR_ALGO_MAIN(body.algo) != SHDR_ALGO_MAIN_RSA ||
	    (chain->has_uuid && memcmp(chain->uuid, body.uuid, sizeof(body.uuid)) != 0) ||
	    !take_key(chain, e))
		return false;
	*claim = (struct version_claim){.version = body.subkey_version, .is_subkey = true};
	uuid_from_octets(&claim->uuid, body.uuid);
	chain->bound = body.max_depth;
	chain->has_uuid = true;
	image_head_derive_uuid(
		body.uuid,
		&(struct image_head_name){chain->head, e->body + e->shdr.img_size, e->name_size},
		chain->uuid);
	return true;
}

/* The body of a subkey is what its hash says; the name is not covered (§1.3 rule 1). */
static bool right_hash(const struct chain *chain, const struct image_head_element *e,
		       const uint8_t hash[CRYPTO_SHA256_SIZE])
{
	uint8_t computed[CRYPTO_SHA256_SIZE];
	struct crypto_sha256 sha;

	crypto_sha256_init(&sha);
	crypto_sha256_update(&sha, &e->shdr, sizeof(e->shdr));
	image_head_hash(chain->head, e->body, e->shdr.img_size, &sha);
	crypto_sha256_final(&sha, computed);
	return crypto_equal(computed, hash, sizeof(computed));
}

/* Inside a bracket. */
static TEE_Result verify_element(struct chain *chain, const struct image_head_element *e,
				 struct version_claim *claim)
{
	uint8_t hash[CRYPTO_SHA256_SIZE];
	TEE_Result res;

	if (e->shdr.sig_size != chain->key.modulus_size)
		return TEE_ERROR_SECURITY;
	image_head_read(chain->head, e->hash, hash, sizeof(hash));
	image_head_read(chain->head, e->signature, chain->signature, e->shdr.sig_size);
	res = crypto_rsa_verify(&chain->work, &chain->key, e->scheme, hash, chain->signature,
				e->shdr.sig_size);
	if (res)
		return res == TEE_ERROR_OUT_OF_MEMORY ? res : TEE_ERROR_SECURITY;
	if (e->shdr.img_type != SHDR_SUBKEY)
		return TEE_SUCCESS;
	return right_hash(chain, e, hash) && take_subkey(chain, e, claim) ? TEE_SUCCESS
									  : TEE_ERROR_SECURITY;
}

/* The image's own UUID is the one that the last subkey allows; without a name there is no way. */
static bool right_uuid(const struct chain *chain)
{
	const struct image_head *head = chain->head;

	if (!chain->has_uuid)
		return true;
	return head->has_bootstrap &&
	       memcmp(chain->uuid, head->bootstrap.uuid, sizeof(chain->uuid)) == 0;
}

static TEE_Result verify_chain(struct chain *chain,
			       struct version_claim claims[IMAGE_HEAD_SUBKEYS + 1])
{
	for (uint32_t i = 0; i <= chain->head->subkey_count; i++) {
		call_preemptible_begin();
		TEE_Result res = verify_element(chain, &chain->head->elements[i], &claims[i + 1]);
		call_preemptible_end();
		if (!res)
			res = call_poll();
		if (res)
			return res;
	}
	return right_uuid(chain) ? TEE_SUCCESS : TEE_ERROR_SECURITY;
}

TEE_Result image_head_verify(const struct image_head *head, struct guest *guest,
			     struct version_claim claims[IMAGE_HEAD_SUBKEYS + 1])
{
	struct chain *chain = heap_alloc(&guest->heap, sizeof(*chain));
	TEE_Result res = TEE_ERROR_OUT_OF_MEMORY;

	if (!chain)
		return TEE_ERROR_OUT_OF_MEMORY;
	chain->head = head;
	chain->key = crypto_ta_key;
	chain->bound = UINT32_MAX;
	if (crypto_work_begin(&chain->work, &guest->budget) == TEE_SUCCESS) {
		res = verify_chain(chain, claims);
		crypto_work_end(&chain->work);
	}
	heap_free(&guest->heap, chain);
	return res;
}
