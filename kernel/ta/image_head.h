/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The signed headers at the start of a file: a chain of subkeys, possibly empty, and the header of
 * the image itself (trusted-app ABI §1.1 .. §1.3).
 *
 * Two steps. image_head_lay_out() finds where things lie, which takes sizes only and trusts nothing
 * it reads; image_head_verify() then goes along the chain and believes each element only after its
 * signature was found good with the key of the one before. Both read the secure copy.
 */
#ifndef TA_IMAGE_HEAD_H
#define TA_IMAGE_HEAD_H

#include "abi/result.h"
#include "abi/ta.h"
#include "kernel/crypto/crypto.h"
#include "kernel/guest/guest.h"
#include "kernel/ta/versions.h"

/* Limits of ours: a chain of the development kit takes about 700 bytes for each subkey. */
#define IMAGE_HEAD_PAGES   4
#define IMAGE_HEAD_MAX     (IMAGE_HEAD_PAGES * PAGE_SIZE)
#define IMAGE_HEAD_SUBKEYS 8

/* A signed header: 20 bytes, hash, signature; then what it stands for. */
struct image_head_element {
	struct shdr shdr;
	enum crypto_rsa_scheme scheme;
	uint32_t offset;    /* of the 20 bytes in the file */
	uint32_t hash;      /* offset */
	uint32_t signature; /* offset */
	uint32_t body;      /* offset of what follows the signature */
	uint32_t name_size; /* subkeys: bytes of name behind the body */
};

struct image_head {
	uint8_t *pages[IMAGE_HEAD_PAGES]; /* the first bytes of the file */
	uint32_t filled;                  /* how many of them have come */
	/* From here on valid when the layout is complete. */
	struct image_head_element elements[IMAGE_HEAD_SUBKEYS + 1];
	uint32_t subkey_count; /* elements[subkey_count] is the image's own */
	bool has_bootstrap;    /* img_type 1 and 2 */
	bool is_encrypted;     /* img_type 2 */
	struct shdr_bootstrap bootstrap;
	struct shdr_encryption encryption;
	uint8_t iv[SHDR_ENC_IV_SIZE];
	uint8_t tag[SHDR_ENC_TAG_SIZE];
	uint32_t size; /* of all headers: where the image begins */
};

enum image_head_layout {
	IMAGE_HEAD_BAD,     /* not a file that can be verified */
	IMAGE_HEAD_MORE,    /* needs bytes behind head->filled */
	IMAGE_HEAD_COMPLETE /* the headers have come, and the image fills the rest exactly */
};

/*
 * Finds the parts of a file of file_size bytes, of which head->filled have come (TA-001, TA-004,
 * TA-005, TA-008, TA-015). A bounded piece of work.
 */
enum image_head_layout image_head_lay_out(struct image_head *head, uint64_t file_size);

/* Copies [offset, offset + size) of what has come (asserted). */
void image_head_read(const struct image_head *head, uint32_t offset, void *to, size_t size);

/* Adds [offset, offset + size) of what has come (asserted) to a hash. May run in a bracket. */
void image_head_hash(const struct image_head *head, uint32_t offset, size_t size,
		     struct crypto_sha256 *hash);

/*
 * Verifies the signatures of all elements and the rules of the chain (TA-002, TA-003, TA-010 ..
 * TA-013). What the image's own hash covers is left to the caller. claims[1 .. subkey_count]
 * receive the versions of the subkeys. SECURITY; OUT_OF_MEMORY; TARGET_DEAD. Polls, runs brackets;
 * head must be known to this call only.
 */
TEE_Result must_check image_head_verify(const struct image_head *head, struct guest *guest,
					struct version_claim claims[IMAGE_HEAD_SUBKEYS + 1]);

/*
 * The UUID that the element behind a subkey must have (TA-013): the first 16 bytes of
 * SHA-512(uuid ‖ name up to its first NUL) marked as version 5, or the subkey's own if the name has
 * no size. name_size <= IMAGE_HEAD_MAX bytes. All in octets.
 */
struct image_head_name {
	const struct image_head *head;
	uint32_t offset;
	uint32_t size;
};
void image_head_derive_uuid(const uint8_t subkey[16], const struct image_head_name *name,
			    uint8_t derived[16]);

/* Octets of RFC 4122 to the native form, back, and equality of native forms. */
void uuid_from_octets(struct uuid *uuid, const uint8_t octets[16]);
void uuid_to_octets(const struct uuid *uuid, uint8_t octets[16]);
bool uuid_equal(const struct uuid *a, const struct uuid *b);

#endif
