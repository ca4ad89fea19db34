/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory lent by a guest: names, references, charges, pins.
 *
 * All names of a VM are in one table, so that no cookie ever means two things. A name that is in
 * use is refused, whoever wants it again (NW-079): a guest kernel started by kexec can meet a name
 * of its predecessor that way and has to register the memory under another.
 */
#include "internal.h"

#include <string.h>

/* Read without the lock by message_is_reachable(). */
static void set_state_locked(struct med_buffer *buffer, enum med_buffer_state state)
{
	__atomic_store_n(&buffer->state, state, __ATOMIC_RELAXED);
}

static bool charge_locked(struct med_vm *vm, enum med_buffer_kind kind, uint32_t page_count)
{
	if (kind == BUFFER_RPC) {
		if (vm->rpc_buffers >= vm->limits.rpc_buffers)
			return false;
		vm->rpc_buffers++;
		return true;
	}
	if (vm->buffers >= vm->limits.buffers || page_count > vm->limits.pages - vm->pages)
		return false;
	vm->buffers++;
	vm->pages += page_count;
	return true;
}

static void uncharge_locked(struct med_vm *vm, enum med_buffer_kind kind, uint32_t page_count)
{
	if (kind == BUFFER_RPC) {
		vm->rpc_buffers--;
		return;
	}
	vm->buffers--;
	vm->pages -= page_count;
}

static void uncharge(struct med_vm *vm, enum med_buffer_kind kind, uint32_t page_count)
{
	vm_lock(vm);
	uncharge_locked(vm, kind, page_count);
	vm_unlock(vm);
}

/* Takes the name for the buffer; false if it is in use. A temporary gets one of ours, never in the
 * table: whatever a TEE remembers under it, no guest can ask for it. */
static bool name_take(struct med_vm *vm, struct med_buffer *buffer)
{
	bool is_free = true;

	vm_lock(vm);
	if (buffer->kind == BUFFER_TEMPORARY) {
		vm->temporary_serial++;
		buffer->node.key = MED_COOKIE_PREFIX | (vm->temporary_serial & ~MED_COOKIE_MASK);
	} else {
		is_free = med_map_find(&vm->names, buffer->node.key) == NULL;
		if (is_free)
			med_map_insert(&vm->names, &buffer->node);
	}
	vm_unlock(vm);
	return is_free;
}

/*
 * A buffer of @size bytes that starts @offset bytes (< 4096) into its first page; no page is pinned
 * yet. Its name is taken, but nobody finds it before shm_publish(). The caller has its only
 * reference; shm_forget() or shm_drop() ends it.
 * Errors: BAD_PARAMETERS (size 0, overflow, cookie unusable or in use: NW-060, NW-078, NW-079),
 * OUT_OF_MEMORY (limits, records). Nothing is allocated for a buffer over a limit.
 */
TEE_Result shm_create(struct med_vm *vm, enum med_buffer_kind kind, uint64_t cookie,
		      uint32_t offset, uint64_t size, struct med_buffer **out)
{
	struct med_buffer *buffer;
	uint64_t page_count;
	bool charged;

	if (kind != BUFFER_TEMPORARY && !cookie_is_usable(cookie))
		return TEE_ERROR_BAD_PARAMETERS;
	if (size == 0 || size > UINT64_MAX - offset)
		return TEE_ERROR_BAD_PARAMETERS;
	page_count = (size + offset - 1) / MSG_PAGE_SIZE + 1;
	if (page_count > vm->limits.pages_per_buffer)
		return TEE_ERROR_OUT_OF_MEMORY;
	vm_lock(vm);
	charged = charge_locked(vm, kind, (uint32_t)page_count);
	vm_unlock(vm);
	if (!charged)
		return TEE_ERROR_OUT_OF_MEMORY;

	buffer = vm->host->mem_alloc(sizeof(*buffer));
	if (buffer == NULL) {
		uncharge(vm, kind, (uint32_t)page_count);
		return TEE_ERROR_OUT_OF_MEMORY;
	}
	memset(buffer, 0, sizeof(*buffer));
	buffer->node.key = cookie;
	buffer->kind = kind;
	buffer->state = BUFFER_NEW;
	buffer->references = 1;
	buffer->page_count = (uint32_t)page_count;
	buffer->offset = offset;
	buffer->size = size;
	if (!name_take(vm, buffer)) {
		uncharge(vm, kind, buffer->page_count);
		vm->host->mem_free(buffer, sizeof(*buffer));
		return TEE_ERROR_BAD_PARAMETERS;
	}
	*out = buffer;
	return TEE_SUCCESS;
}

static struct med_chunk *chunk_add(struct med_vm *vm, struct med_buffer *buffer)
{
	uint32_t capacity = buffer->page_count - buffer->pinned;
	struct med_chunk *chunk;

	if (capacity > MED_CHUNK_MAX)
		capacity = MED_CHUNK_MAX;
	chunk = vm->host->mem_alloc(sizeof(*chunk) + capacity * sizeof(chunk->pa[0]));
	if (chunk == NULL)
		return NULL;
	chunk->next = NULL;
	chunk->count = 0;
	chunk->capacity = capacity;
	if (buffer->last_chunk == NULL)
		buffer->chunks = chunk;
	else
		buffer->last_chunk->next = chunk;
	buffer->last_chunk = chunk;
	return chunk;
}

static void chunk_remove_first(struct med_vm *vm, struct med_buffer *buffer)
{
	struct med_chunk *chunk = buffer->chunks;

	buffer->chunks = chunk->next;
	if (buffer->chunks == NULL)
		buffer->last_chunk = NULL;
	vm->host->mem_free(chunk, sizeof(*chunk) + chunk->capacity * sizeof(chunk->pa[0]));
}

/*
 * Records a page that the caller has pinned; the buffer unpins it at its end. False when there is
 * no memory for the record: the pin is still the caller's.
 */
bool shm_add_page(struct med_vm *vm, struct med_buffer *buffer, uint64_t pa)
{
	struct med_chunk *chunk = buffer->last_chunk;

	if (chunk == NULL || chunk->count == chunk->capacity) {
		chunk = chunk_add(vm, buffer);
		if (chunk == NULL)
			return false;
	}
	chunk->pa[chunk->count++] = pa;
	buffer->pinned++;
	return true;
}

/* The address of page @index, which must be below page_count, of a complete buffer. */
uint64_t shm_page(const struct med_buffer *buffer, uint32_t index)
{
	const struct med_chunk *chunk = buffer->chunks;

	while (index >= chunk->count) {
		index -= chunk->count;
		chunk = chunk->next;
	}
	return chunk->pa[index];
}

/* The live buffer of that kind and name, or NULL. The caller takes a reference before it unlocks.
 */
struct med_buffer *shm_find_locked(struct med_vm *vm, enum med_buffer_kind kind, uint64_t cookie)
{
	struct med_node *node = med_map_find(&vm->names, cookie);
	struct med_buffer *buffer = (struct med_buffer *)node;

	_Static_assert(offsetof(struct med_buffer, node) == 0, "a buffer starts with its node");
	if (node == NULL || buffer->kind != kind || buffer->state != BUFFER_LIVE)
		return NULL;
	return buffer;
}

/* The registered buffer of that name, from now on in UNREGISTER_SHM; NULL if there is none or it is
 * in another one. The name keeps its reference until shm_forget(), or shm_publish() if that failed.
 */
struct med_buffer *shm_leave(struct med_vm *vm, uint64_t cookie)
{
	struct med_buffer *buffer;

	vm_lock(vm);
	buffer = shm_find_locked(vm, BUFFER_REGISTERED, cookie);
	if (buffer != NULL)
		set_state_locked(buffer, BUFFER_LEAVING);
	vm_unlock(vm);
	return buffer;
}

/* From now on the buffer is found: the TEE knows it too. Also takes back a failed UNREGISTER_SHM.
 */
void shm_publish(struct med_vm *vm, struct med_buffer *buffer)
{
	vm_lock(vm);
	set_state_locked(buffer, BUFFER_LIVE);
	vm_unlock(vm);
}

/* Drops a reference; true if that was the last and the buffer is now on @garbage. */
bool shm_drop_locked(struct med_buffer *buffer, struct med_buffer **garbage)
{
	if (--buffer->references != 0)
		return false;
	buffer->next = *garbage;
	*garbage = buffer;
	return true;
}

void shm_drop(struct med_vm *vm, struct med_buffer *buffer, struct med_buffer **garbage)
{
	vm_lock(vm);
	shm_drop_locked(buffer, garbage);
	vm_unlock(vm);
}

/* Ends the name of a buffer and drops the reference that goes with it. */
void shm_forget(struct med_vm *vm, struct med_buffer *buffer, struct med_buffer **garbage)
{
	vm_lock(vm);
	if (buffer->kind != BUFFER_TEMPORARY)
		med_map_remove(&vm->names, &buffer->node);
	set_state_locked(buffer, BUFFER_GONE);
	shm_drop_locked(buffer, garbage);
	vm_unlock(vm);
}

/*
 * Takes a live buffer out of the names; the caller gets the reference of the name. NULL if there is
 * none of that kind: what another owner made stays (NW-174).
 */
struct med_buffer *shm_take_name(struct med_vm *vm, enum med_buffer_kind kind, uint64_t cookie)
{
	struct med_buffer *buffer;

	vm_lock(vm);
	buffer = shm_find_locked(vm, kind, cookie);
	if (buffer != NULL) {
		med_map_remove(&vm->names, &buffer->node);
		set_state_locked(buffer, BUFFER_GONE);
	}
	vm_unlock(vm);
	return buffer;
}

/* Unpins from the end of the first chunk; true when no page is left. */
static bool buffer_unpin(struct med_vm *vm, struct med_buffer *buffer, uint32_t *budget)
{
	while (buffer->chunks != NULL && *budget != 0) {
		struct med_chunk *chunk = buffer->chunks;

		while (chunk->count != 0 && *budget != 0) {
			vm->host->page_unpin(vm->cookie, chunk->pa[--chunk->count]);
			buffer->pinned--;
			(*budget)--;
		}
		if (chunk->count == 0)
			chunk_remove_first(vm, buffer);
	}
	return buffer->chunks == NULL;
}

/*
 * Unpins at most MED_BATCH_PAGES pages of the buffers on @garbage and frees those that are through;
 * every buffer counts as one page at least. True when something is left to do.
 */
bool shm_release_batch(struct med_vm *vm, struct med_buffer **garbage)
{
	uint32_t budget = MED_BATCH_PAGES;

	while (*garbage != NULL && budget != 0) {
		struct med_buffer *buffer = *garbage;

		if (buffer->pinned == 0)
			budget--;
		if (!buffer_unpin(vm, buffer, &budget))
			break;
		*garbage = buffer->next;
		if (buffer->shadow != NULL)
			own_put(vm, buffer->shadow);
		uncharge(vm, buffer->kind, buffer->page_count);
		vm->host->mem_free(buffer, sizeof(*buffer));
	}
	return *garbage != NULL;
}
