/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/ta/versions.h"

#include "kernel/lib/assert.h"
#include "kernel/ta/image_head.h"

#define BATCH 64

struct version_entry {
	struct list link;
	struct version_claim claim;
};

static struct version_entry *entry_of(struct list *node)
{
	return list_entry(node, struct version_entry, link);
}

static bool same_name(const struct version_claim *a, const struct version_claim *b)
{
	return a->is_subkey == b->is_subkey && uuid_equal(&a->uuid, &b->uuid);
}

static struct version_entry *find(struct guest *guest, const struct version_claim *claim)
{
	list_for_each (node, &guest->versions) {
		if (same_name(&entry_of(node)->claim, claim))
			return entry_of(node);
	}
	return NULL;
}

static bool is_older(struct guest *guest, const struct version_claim *claims, unsigned count,
		     const struct version_claim *claim)
{
	const struct version_entry *known = find(guest, claim);

	if (known && known->claim.version > claim->version)
		return true;
	for (unsigned i = 0; i < count; i++) {
		if (same_name(&claims[i], claim) && claims[i].version > claim->version)
			return true;
	}
	return false;
}

/* An entry, with version 0, for each claim that has none and needs one. */
static TEE_Result make_room(struct guest *guest, const struct version_claim *claims, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct version_entry *entry;

		if (claims[i].version == 0 || find(guest, &claims[i]))
			continue;
		if (guest->count.versions >= VERSIONS_MAX)
			return TEE_ERROR_OUT_OF_MEMORY;
		entry = heap_alloc(&guest->heap, sizeof(*entry));
		if (!entry)
			return TEE_ERROR_OUT_OF_MEMORY;
		entry->claim = claims[i];
		entry->claim.version = 0;
		list_insert(&guest->versions, &entry->link);
		guest->count.versions++;
	}
	return TEE_SUCCESS;
}

static void drop(struct guest *guest, struct version_entry *entry)
{
	list_remove(&entry->link);
	heap_free(&guest->heap, entry);
	guest->count.versions--;
}

/* Takes back what make_room() made: nothing else has version 0. */
static void drop_unused(struct guest *guest, const struct version_claim *claims, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct version_entry *entry = find(guest, &claims[i]);
		if (entry && entry->claim.version == 0)
			drop(guest, entry);
	}
}

TEE_Result versions_admit(struct guest *guest, const struct version_claim *claims, unsigned count)
{
	TEE_Result res;

	for (unsigned i = 0; i < count; i++) {
		if (is_older(guest, claims, count, &claims[i]))
			return TEE_ERROR_ACCESS_CONFLICT;
	}
	res = make_room(guest, claims, count);
	if (res) {
		drop_unused(guest, claims, count);
		return res;
	}
	for (unsigned i = 0; i < count; i++) {
		struct version_entry *entry = find(guest, &claims[i]);
		if (entry)
			entry->claim.version = claims[i].version;
	}
	return TEE_SUCCESS;
}

bool versions_forget(struct guest *guest)
{
	for (unsigned i = 0; i < BATCH && !list_empty(&guest->versions); i++)
		drop(guest, entry_of(guest->versions.next));
	return !list_empty(&guest->versions);
}

static enum teardown versions_teardown(struct guest *guest)
{
	return versions_forget(guest) ? TEARDOWN_MORE : TEARDOWN_DONE;
}

void versions_init(void)
{
	guest_on_teardown(versions_teardown);
}
