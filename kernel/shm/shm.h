/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that a guest lends: a list of its pages under a cookie. Nothing of it is mapped in the
 * kernel; it is copied from and to page by page, and mapped into a trusted app while a parameter
 * needs it.
 *
 * Owner: the guest, which is charged for the record. Born complete (published last); found only by
 * its own guest (I2); looked up and referenced in one step. Gone when it is both released and
 * unreferenced.
 */
#ifndef SHM_SHM_H
#define SHM_SHM_H

#include "abi/msg.h"
#include "kernel/call/call.h"

#define SHM_OBJECTS_MAX  2048 /* per guest: bounds every look-up */
#define SHM_INLINE_PAGES 4

enum shm_kind {
	SHM_REGISTERED, /* by REGISTER_SHM, until UNREGISTER_SHM */
	SHM_PAYLOAD, /* an answer to SHM_ALLOC, until the kernel frees it; no name for the guest to
			use */
	SHM_TEMPORARY, /* a page list passed with one call */
};

struct shm {
	struct list link; /* in its bucket of guest->shm; alone when released */
	struct guest *guest;
	uint64_t cookie;
	uint64_t size;   /* bytes, from offset on */
	uint32_t offset; /* of the first byte in the first page */
	uint32_t page_count;
	uint32_t references;
	enum shm_kind kind;
	struct wait_queue unused; /* UNREGISTER_SHM waits here until references is 0 */
	/* Page frame numbers: inline, or one heap object, or (over SHM_DIRECT_PAGES) heap object of
	 * pages. */
	uint32_t inline_pfn[SHM_INLINE_PAGES];
	uint32_t *direct;
	uint32_t **chunks;
};

/*
 * Reads the page list that list (buf_ptr of a NONCONTIG tmem) leads to, of size bytes, and makes
 * the object, with one reference and not to be found yet. BAD_PARAMETERS: size, list or a page is
 * bad (NW-060 .. NW-066); OUT_OF_MEMORY: budget or a limit. Context: inside a call; may be
 * preempted.
 */
TEE_Result must_check shm_create(enum shm_kind kind, uint64_t list, uint64_t size, uint64_t cookie,
				 struct shm **out);

/* Makes it findable by its cookie; the newest of equal cookies is found (NW-079). */
void shm_publish(struct shm *shm);

/* Finds a registered object and references it; NULL if there is none (NW-078, NW-087). */
struct shm *shm_get(struct guest *guest, uint64_t cookie);
void shm_reference(struct shm *shm);

/* Drops a reference; the last one of a released object frees it. Wakes UNREGISTER_SHM; may send an
 * RPC. */
void shm_put(struct shm *shm);

/*
 * UNREGISTER_SHM: forgets the cookie at once and returns when nobody uses the memory any more
 * (NW-077, NW-080). BAD_PARAMETERS: unknown. Context: inside a call.
 */
TEE_Result must_check shm_unregister(struct guest *guest, uint64_t cookie);

/* [offset, offset + size) lies inside the object (NW-084). */
bool shm_contains(const struct shm *shm, uint64_t offset, uint64_t size);

/* Page frame index (0..page_count-1) of the object. */
paddr_t shm_page(const struct shm *shm, uint32_t index);

/*
 * Copies between the object and secure memory, page by page. The range must be inside (asserted)
 * and short: nothing polls in between, so the monitor is kept. False if guest memory failed.
 */
bool must_check shm_read(const struct shm *shm, uint64_t offset, void *to, size_t size);
bool must_check shm_write(const struct shm *shm, uint64_t offset, const void *from, size_t size);

/*
 * Memory from tee-supplicant for the payload of an RPC (SHM_ALLOC of type appl), with one
 * reference. The answer is checked (NW-110, NW-111). shm_payload_free() forgets it before the guest
 * may reuse the cookie (NW-112).
 */
TEE_Result must_check shm_payload_alloc(uint64_t size, struct shm **out);
void shm_payload_free(struct shm *shm);

void shm_init(void);

#endif
