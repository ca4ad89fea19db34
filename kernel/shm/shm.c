/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/shm/shm.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace.h"
#include "kernel/platform/platform.h"

#define DIRECT_PAGES ((uint32_t)(HEAP_MAX / sizeof(uint32_t)))
#define CHUNK_PAGES  ((uint32_t)(PAGE_SIZE / sizeof(uint32_t)))
#define CHUNKS_MAX   ((uint32_t)(HEAP_MAX / sizeof(uint32_t *)))
#define PAGES_MAX    (CHUNKS_MAX * CHUNK_PAGES)

/* Pages given back, and taken, between two looks at whether the normal world wants the CPU (I7). */
#define BATCH        8
#define CHUNKS_BATCH 2

static struct list *bucket_of(struct guest *guest, uint64_t cookie)
{
	/* Linux uses kernel pointers, so the low bits say little. */
	return &guest->shm[(cookie >> 6 ^ cookie >> 12) % GUEST_SHM_BUCKETS];
}

static uint32_t chunk_count(const struct shm *shm)
{
	return (shm->page_count + CHUNK_PAGES - 1) / CHUNK_PAGES;
}

static bool alloc_frames(struct shm *shm)
{
	struct heap *heap = &shm->guest->heap;

	if (shm->page_count <= SHM_INLINE_PAGES)
		return true;
	if (shm->page_count <= DIRECT_PAGES) {
		shm->direct = heap_alloc(heap, shm->page_count * sizeof(uint32_t));
		return shm->direct;
	}
	shm->chunks = heap_alloc(heap, chunk_count(shm) * sizeof(shm->chunks[0]));
	if (!shm->chunks)
		return false;
	for (uint32_t i = 0; i < chunk_count(shm); i++) {
		/* Also before the first: what the call needed for itself may have been taken from
		 * idle apps, too. */
		if (i % CHUNKS_BATCH == 0 && call_poll())
			return false;
		shm->chunks[i] = page_alloc(&shm->guest->budget);
		if (!shm->chunks[i])
			return false;
	}
	return true;
}

static uint32_t *frame(struct shm *shm, uint32_t index)
{
	if (shm->chunks)
		return &shm->chunks[index / CHUNK_PAGES][index % CHUNK_PAGES];
	return shm->direct ? &shm->direct[index] : &shm->inline_pfn[index];
}

paddr_t shm_page(const struct shm *shm, uint32_t index)
{
	assert(index < shm->page_count);
	return paddr((uint64_t)*frame((struct shm *)shm, index) << PAGE_SHIFT);
}

/* Between batches. If the guest is dying there is still nothing to do but to go on. */
static void breathe(void)
{
	if (call_poll())
		return;
}

/* Gives some of the pages with frames back. False: there are none left. */
static bool free_some_chunks(struct shm *shm)
{
	uint32_t count = shm->chunks ? chunk_count(shm) : 0;
	unsigned freed = 0;

	for (uint32_t i = 0; i < count && freed < BATCH; i++) {
		freed += shm->chunks[i] != NULL;
		page_free(&shm->guest->budget, shm->chunks[i]);
		shm->chunks[i] = NULL;
	}
	return freed > 0;
}

/* Polls, inside a call: nobody finds it any more. */
static void shm_free(struct shm *shm)
{
	struct guest *guest = shm->guest;

	while (free_some_chunks(shm))
		breathe();
	heap_free(&guest->heap, shm->chunks);
	heap_free(&guest->heap, shm->direct);
	guest->count.shm_pages -= shm->page_count;
	guest->count.shm_objects--;
	heap_free(&guest->heap, shm);
}

/* Room for page_count pages within the guest's limits, all still absent. NULL: none. */
static struct shm *shm_new(struct guest *guest, enum shm_kind kind, uint32_t page_count)
{
	struct shm *shm;

	if (page_count > PAGES_MAX || guest->count.shm_objects >= SHM_OBJECTS_MAX ||
	    page_count > guest->limit.shm_pages - guest->count.shm_pages) {
		guest->count.refusals++;
		trace(TRACE_REFUSED, guest->vm_id, TRACE_NO_CALL, TRACE_OF_SHM_PAGES, 0, 0, 0);
		return NULL;
	}
	shm = heap_alloc(&guest->heap, sizeof(*shm));
	if (!shm)
		return NULL;
	list_init(&shm->link);
	wait_queue_init(&shm->unused);
	shm->guest = guest;
	shm->kind = kind;
	shm->references = 1;
	shm->page_count = page_count;
	guest->count.shm_pages += page_count;
	guest->count.shm_pages_peak = max(guest->count.shm_pages_peak, guest->count.shm_pages);
	guest->count.shm_objects++;
	if (alloc_frames(shm))
		return shm;
	shm_free(shm);
	return NULL;
}

/* Entries are read in bites of this many, each entry once (NW-061). */
#define BITE 64

/*
 * Fills in the frames from the page list. The list is visited only as far as it has entries to
 * give, so a list that loops ends, and the link behind the last entry is never looked at (NW-063,
 * NW-065).
 */
static TEE_Result read_list(struct shm *shm, paddr_t list)
{
	uint64_t entries[BITE];
	TEE_Result res;

	for (uint32_t done = 0; done < shm->page_count;) {
		uint32_t at = done % MSG_LIST_ENTRIES;
		uint32_t left_here = MSG_LIST_ENTRIES - at;
		uint32_t count = min(min(shm->page_count - done, left_here), (uint32_t)BITE);
		bool link = count == left_here && done + count < shm->page_count && count < BITE;
		uint32_t words = count + link;

		if (!platform_is_nonsecure_ram(list, PAGE_SIZE) ||
		    !arch_ns_read(entries, paddr(list.pa + at * sizeof(uint64_t)),
				  words * sizeof(uint64_t)))
			return TEE_ERROR_BAD_PARAMETERS;
		for (uint32_t i = 0; i < count; i++) {
			if ((entries[i] & PAGE_MASK) ||
			    !platform_is_nonsecure_ram(paddr(entries[i]), PAGE_SIZE))
				return TEE_ERROR_BAD_PARAMETERS;
			*frame(shm, done + i) = entries[i] >> PAGE_SHIFT;
		}
		done += count;
		if (link) {
			if (entries[count] & PAGE_MASK)
				return TEE_ERROR_BAD_PARAMETERS;
			list = paddr(entries[count]);
		}
		res = call_poll();
		if (res)
			return res;
	}
	return TEE_SUCCESS;
}

TEE_Result shm_create(enum shm_kind kind, uint64_t list, uint64_t size, uint64_t cookie,
		      struct shm **out)
{
	uint64_t end;
	struct shm *shm;
	TEE_Result res;

	if (size == 0 || add_overflow(size, (list & PAGE_MASK) + PAGE_MASK, &end))
		return TEE_ERROR_BAD_PARAMETERS;
	if (end >> PAGE_SHIFT > UINT32_MAX)
		return TEE_ERROR_OUT_OF_MEMORY;
	shm = shm_new(call_guest(), kind, end >> PAGE_SHIFT);
	if (!shm)
		return TEE_ERROR_OUT_OF_MEMORY;
	shm->cookie = cookie;
	shm->size = size;
	shm->offset = list & PAGE_MASK;
	res = read_list(shm, paddr(list & ~PAGE_MASK));
	if (res) {
		shm_free(shm);
		return res;
	}
	*out = shm;
	return TEE_SUCCESS;
}

void shm_publish(struct shm *shm)
{
	list_insert(bucket_of(shm->guest, shm->cookie)->next, &shm->link);
}

static struct shm *find(struct guest *guest, uint64_t cookie)
{
	if (cookie == 0)
		return NULL;
	list_for_each (node, bucket_of(guest, cookie)) {
		struct shm *shm = list_entry(node, struct shm, link);
		if (shm->cookie == cookie && shm->kind == SHM_REGISTERED)
			return shm;
	}
	return NULL;
}

void shm_reference(struct shm *shm)
{
	shm->references++;
}

struct shm *shm_get(struct guest *guest, uint64_t cookie)
{
	struct shm *shm = find(guest, cookie);

	if (shm)
		shm_reference(shm);
	return shm;
}

void shm_put(struct shm *shm)
{
	assert(shm->references > 0);
	if (--shm->references > 0)
		return;
	if (!list_empty(&shm->link))
		panic("shared memory without a reference is still published");
	if (list_empty(&shm->unused.waiters))
		shm_free(shm);
	else
		call_wake_one(&shm->unused);
}

/*
 * The registration itself is a reference. Whoever drops the last one while UNREGISTER_SHM waits
 * leaves the freeing to it: the waiter goes on when it sees no reference.
 */
TEE_Result shm_unregister(struct guest *guest, uint64_t cookie)
{
	struct shm *shm = find(guest, cookie);

	if (!shm)
		return TEE_ERROR_BAD_PARAMETERS;
	list_remove(&shm->link);
	shm->references--;
	while (shm->references > 0) {
		if (call_wait(&shm->unused)) {
			/* The guest is dying: the users of the memory end too, and the last one
			 * frees it. */
			if (shm->references > 0)
				return TEE_ERROR_TARGET_DEAD;
			break;
		}
	}
	shm_free(shm);
	return TEE_SUCCESS;
}

bool shm_contains(const struct shm *shm, uint64_t offset, uint64_t size)
{
	return offset <= shm->size && size <= shm->size - offset;
}

/* The physical address of a byte of the object, and how many follow it in its page. */
static paddr_t locate(const struct shm *shm, uint64_t offset, size_t *contiguous)
{
	uint64_t at = shm->offset + offset;

	*contiguous = PAGE_SIZE - (at & PAGE_MASK);
	return paddr(shm_page(shm, at >> PAGE_SHIFT).pa + (at & PAGE_MASK));
}

bool shm_read(const struct shm *shm, uint64_t offset, void *to, size_t size)
{
	assert(shm_contains(shm, offset, size));
	for (size_t done = 0, bite; done < size; done += bite) {
		paddr_t pa = locate(shm, offset + done, &bite);
		bite = min(bite, size - done);
		if (!arch_ns_read((char *)to + done, pa, bite))
			return false;
	}
	return true;
}

bool shm_write(const struct shm *shm, uint64_t offset, const void *from, size_t size)
{
	assert(shm_contains(shm, offset, size));
	for (size_t done = 0, bite; done < size; done += bite) {
		paddr_t pa = locate(shm, offset + done, &bite);
		bite = min(bite, size - done);
		if (!arch_ns_write(pa, (const char *)from + done, bite))
			return false;
	}
	return true;
}

static void send_shm_free(uint64_t cookie)
{
	struct msg_param free_param = {
		.attr = MSG_ATTR_VALUE_IN,
		.u.value = {.a = RPC_SHM_APPL, .b = cookie},
	};

	/* Nothing can be done about a guest that does not take its memory back. */
	if (call_rpc(RPC_CMD_SHM_FREE, &free_param, 1))
		return;
}

TEE_Result shm_payload_alloc(uint64_t size, struct shm **out)
{
	struct msg_param param = {
		.attr = MSG_ATTR_VALUE_IN,
		.u.value = {.a = RPC_SHM_APPL, .b = size, .c = 0},
	};
	TEE_Result res = call_rpc(RPC_CMD_SHM_ALLOC, &param, 1);

	/* What the kernel says stands; the guest can only have no memory. */
	if (res && (res == TEE_ERROR_TARGET_DEAD || call_current()->sheltered))
		return res;
	if (res)
		return TEE_ERROR_OUT_OF_MEMORY;
	if (param.attr != MSG_ATTR_SHM_LIST || param.u.tmem.size < size)
		res = TEE_ERROR_GENERIC;
	else
		res = shm_create(SHM_PAYLOAD, param.u.tmem.buf_ptr, param.u.tmem.size,
				 param.u.tmem.shm_ref, out);
	if (res && param.u.tmem.shm_ref && (param.attr & MSG_ATTR_TYPE_MASK) == MSG_ATTR_TMEM_OUT)
		send_shm_free(param.u.tmem.shm_ref);
	return res;
}

void shm_payload_free(struct shm *shm)
{
	uint64_t cookie = shm->cookie;

	shm_put(shm);
	send_shm_free(cookie);
}

/* What is still registered when a guest is destroyed; its calls are gone by then, so nothing refers
 * to it. */
static enum teardown shm_teardown(struct guest *guest)
{
	unsigned freed = 0;

	for (unsigned i = 0; i < GUEST_SHM_BUCKETS; i++) {
		while (!list_empty(&guest->shm[i])) {
			struct shm *shm = list_entry(guest->shm[i].next, struct shm, link);
			if (freed++ == BATCH || free_some_chunks(shm))
				return TEARDOWN_MORE;
			list_remove(&shm->link);
			shm_put(shm);
		}
	}
	assert(guest->count.shm_objects == 0 && guest->count.shm_pages == 0);
	return TEARDOWN_DONE;
}

void shm_init(void)
{
	guest_on_teardown(shm_teardown);
}
