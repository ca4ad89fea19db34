/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages that the TEE sees instead of the guest's: copies of messages and of page lists. They belong
 * to one VM from birth to death, so nothing can pass between VMs through them; what was written is
 * zeroed before a page is used again, so nothing passes between calls either (NW-189).
 */
#include "internal.h"

#include <string.h>

static struct med_own *own_alloc(struct med_vm *vm)
{
	struct med_own *own = vm->host->mem_alloc(sizeof(*own));

	if (own == NULL)
		return NULL;
	memset(own, 0, sizeof(*own));
	if (!vm->host->page_alloc(&own->page)) {
		vm->host->mem_free(own, sizeof(*own));
		return NULL;
	}
	/* Address 0 means "none" on the wire, so such a page is of no use (NW-190). */
	if (own->page.pa == 0) {
		vm->host->page_free(&own->page);
		vm->host->mem_free(own, sizeof(*own));
		return NULL;
	}
	vm_lock(vm);
	vm->own_pages++;
	vm_unlock(vm);
	return own;
}

/* An all-zero page, or NULL when the hypervisor has none. Ends in own_put() or own_free(). */
struct med_own *own_get(struct med_vm *vm)
{
	struct med_own *own;

	vm_lock(vm);
	own = vm->spare;
	if (own != NULL) {
		vm->spare = own->next;
		vm->spare_count--;
	}
	vm_unlock(vm);
	if (own == NULL)
		return own_alloc(vm);
	own->next = NULL;
	return own;
}

void own_free(struct med_vm *vm, struct med_own *own)
{
	vm->host->page_free(&own->page);
	vm->host->mem_free(own, sizeof(*own));
	vm_lock(vm);
	vm->own_pages--;
	vm_unlock(vm);
}

/* Gives a page back that the TEE has no use for any more. */
void own_put(struct med_vm *vm, struct med_own *own)
{
	bool keep;

	memset(own->page.va, 0, own->used);
	own->used = 0;
	vm_lock(vm);
	keep = vm->spare_count < MED_SPARE_PAGES;
	if (keep) {
		own->next = vm->spare;
		vm->spare = own;
		vm->spare_count++;
	}
	vm_unlock(vm);
	if (!keep)
		own_free(vm, own);
}

/* Gives back the first pages of a list; false when that were all. A page stands for many data
 * pages. */
bool own_put_batch(struct med_vm *vm, struct med_own **list)
{
	for (uint32_t i = 0; i < MED_BATCH_LISTS && *list != NULL; i++) {
		struct med_own *own = *list;

		*list = own->next;
		own_put(vm, own);
	}
	return *list != NULL;
}

/* Moves all pages of @from, which is not empty, to the front of @to. */
void own_splice_pages(struct med_own **from, struct med_own **to)
{
	struct med_own **end = from;

	while (*end != NULL)
		end = &(*end)->next;
	*end = *to;
	*to = *from;
	*from = NULL;
}

/* Address 0 is "none" on the wire, so a page there can be neither named nor shared (NW-190). */
bool guest_page_pin(struct med_vm *vm, uint64_t ipa, uint64_t *pa)
{
	if (ipa == 0 || !is_page_aligned(ipa) || !vm->host->page_pin(vm->cookie, ipa, pa))
		return false;
	if (*pa != 0)
		return true;
	vm->host->page_unpin(vm->cookie, *pa);
	return false;
}
