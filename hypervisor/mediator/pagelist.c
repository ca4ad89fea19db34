/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one reader of page lists (normal-world ABI, "NONCONTIG"): pins the pages that a guest's list
 * names, and writes the same list with physical addresses into pages of ours. Works in batches, so
 * that a long list neither keeps a CPU nor outlives a kill (NW-185).
 *
 * Each entry and each link is read once (NW-061). A link is read only when more data pages follow
 * (NW-063), so at most ceil(P / 511) list pages are visited, whatever they lead to (NW-065). A list
 * page is pinned while it is being read, and never looked at after the walk (NW-064).
 */
#include "internal.h"

#include <string.h>

/*
 * Checks the reference and takes name and charge for it. After success the walk goes on with
 * walk_batch() until WALK_DONE, or ends with walk_abandon(). Errors as for shm_create().
 */
TEE_Result walk_begin(struct med_vm *vm, struct med_walk *walk, enum med_buffer_kind kind,
		      const struct msg_tmem *tmem)
{
	uint32_t offset = tmem->buf_ptr & (MSG_PAGE_SIZE - 1);

	memset(walk, 0, sizeof(*walk));
	walk->list_ipa = tmem->buf_ptr - offset;
	return shm_create(vm, kind, tmem->shm_ref, offset, tmem->size, &walk->buffer);
}

/* Appends a page of ours and links it to the one before. */
static bool own_list_extend(struct med_vm *vm, struct med_walk *walk)
{
	struct med_own *own = own_get(vm);

	if (own == NULL)
		return false;
	if (walk->last_list == NULL) {
		walk->lists = own;
	} else {
		((med_word *)walk->last_list->page.va)[MSG_LIST_ENTRIES] = own->page.pa;
		walk->last_list->used = MSG_PAGE_SIZE;
		walk->last_list->next = own;
	}
	walk->last_list = own;
	return true;
}

/* Pins the next list page of the guest and gets the page of ours that mirrors it. */
static enum med_walk_result list_page_open(struct med_vm *vm, struct med_walk *walk)
{
	uint64_t pa;

	if (!guest_page_pin(vm, walk->list_ipa, &pa))
		return WALK_BAD;
	walk->list_pa = pa;
	walk->index = 0;
	return own_list_extend(vm, walk) ? WALK_DONE : WALK_NO_MEMORY;
}

static void list_page_close(struct med_vm *vm, struct med_walk *walk)
{
	if (walk->list_pa != 0)
		vm->host->page_unpin(vm->cookie, walk->list_pa);
	walk->list_pa = 0;
}

static enum med_walk_result entry_translate(struct med_vm *vm, struct med_walk *walk, uint64_t ipa)
{
	med_word *own = walk->last_list->page.va;
	uint64_t pa;

	if (!guest_page_pin(vm, ipa, &pa))
		return WALK_BAD;
	if (!shm_add_page(vm, walk->buffer, pa)) {
		vm->host->page_unpin(vm->cookie, pa);
		return WALK_NO_MEMORY;
	}
	own[walk->index++] = pa;
	walk->last_list->used = walk->index * sizeof(*own);
	return WALK_DONE;
}

/* Up to @budget entries of the open list page, and its link if more data pages follow. */
static enum med_walk_result entries_translate(struct med_vm *vm, struct med_walk *walk,
					      uint32_t *budget)
{
	const struct med_buffer *buffer = walk->buffer;
	volatile med_word *list = vm->host->page_map(walk->list_pa);
	enum med_walk_result result = WALK_DONE;

	while (result == WALK_DONE && *budget != 0 && walk->index < MSG_LIST_ENTRIES &&
	       buffer->pinned < buffer->page_count) {
		result = entry_translate(vm, walk, list[walk->index]);
		(*budget)--;
	}
	if (result == WALK_DONE && walk->index == MSG_LIST_ENTRIES &&
	    buffer->pinned < buffer->page_count)
		walk->list_ipa = list[MSG_LIST_ENTRIES];
	vm->host->page_unmap((void *)list);
	return result;
}

/*
 * Translates at most MED_BATCH_PAGES entries. WALK_DONE: walk->buffer is complete, walk->lists is
 * its list in our pages. After WALK_BAD and WALK_NO_MEMORY the caller calls walk_abandon().
 */
enum med_walk_result walk_batch(struct med_vm *vm, struct med_walk *walk)
{
	const struct med_buffer *buffer = walk->buffer;
	uint32_t budget = MED_BATCH_PAGES;

	while (budget != 0 && buffer->pinned < buffer->page_count) {
		enum med_walk_result result = WALK_DONE;

		if (walk->list_pa == 0)
			result = list_page_open(vm, walk);
		if (result == WALK_DONE)
			result = entries_translate(vm, walk, &budget);
		if (result != WALK_DONE)
			return result;
		if (walk->index == MSG_LIST_ENTRIES)
			list_page_close(vm, walk);
	}
	if (buffer->pinned < buffer->page_count)
		return WALK_MORE;
	list_page_close(vm, walk);
	return WALK_DONE;
}

/* Ends a walk that has begun and is not done: what it has pinned goes to @garbage, its list stays
 * in walk->lists. */
void walk_abandon(struct med_vm *vm, struct med_walk *walk, struct med_buffer **garbage)
{
	list_page_close(vm, walk);
	shm_forget(vm, walk->buffer, garbage);
	walk->buffer = NULL;
}
