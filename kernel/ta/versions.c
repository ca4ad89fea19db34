/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/ta/versions.h"

#include "kernel/call/call.h"
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

/* The claims of one file, each with the guest's entry for it; NULL: it has none. */
struct admission {
	struct guest *guest;
	const struct version_claim *claims;
	unsigned count;
	struct version_entry *entries[IMAGE_HEAD_SUBKEYS + 1];
};

/*
 * Looks all of them up. A look-up may pass every entry, so it polls between two of them (I7); what
 * was found stays, for entries go with their guest only, and what was not found is looked up again
 * if there are new ones.
 */
static TEE_Result find_all(struct admission *a)
{
	uint32_t known;

	do {
		known = a->guest->count.versions;
		for (unsigned i = 0; i < a->count; i++) {
			a->entries[i] = find(a->guest, &a->claims[i]);
			TEE_Result res = call_poll();
			if (res)
				return res;
		}
	} while (a->guest->count.versions != known);
	return TEE_SUCCESS;
}

static bool is_older(const struct admission *a, unsigned index)
{
	const struct version_claim *claim = &a->claims[index];
	const struct version_entry *known = a->entries[index];

	if (known && known->claim.version > claim->version)
		return true;
	for (unsigned i = 0; i < a->count; i++) {
		if (same_name(&a->claims[i], claim) && a->claims[i].version > claim->version)
			return true;
	}
	return false;
}

/* The entry that was made for another claim with the same name. */
static struct version_entry *entry_of_twin(const struct admission *a, unsigned index)
{
	for (unsigned i = 0; i < index; i++) {
		if (a->entries[i] && same_name(&a->claims[i], &a->claims[index]))
			return a->entries[i];
	}
	return NULL;
}

static struct version_entry *entry_new(struct guest *guest, const struct version_claim *claim)
{
	struct version_entry *entry = NULL;

	if (guest->count.versions < VERSIONS_MAX)
		entry = heap_alloc(&guest->heap, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->claim = *claim;
	entry->claim.version = 0;
	list_insert(&guest->versions, &entry->link);
	guest->count.versions++;
	return entry;
}

/* An entry, with version 0, for each claim that has none and needs one. */
static TEE_Result make_room(struct admission *a)
{
	for (unsigned i = 0; i < a->count; i++) {
		if (a->claims[i].version == 0 || a->entries[i])
			continue;
		a->entries[i] = entry_of_twin(a, i);
		if (!a->entries[i])
			a->entries[i] = entry_new(a->guest, &a->claims[i]);
		if (!a->entries[i])
			return TEE_ERROR_OUT_OF_MEMORY;
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
static void drop_unused(struct admission *a)
{
	for (unsigned i = a->count; i > 0; i--) {
		struct version_entry *entry = a->entries[i - 1];

		if (entry && entry->claim.version == 0 && !entry_of_twin(a, i - 1))
			drop(a->guest, entry);
	}
}

TEE_Result versions_admit(struct guest *guest, const struct version_claim *claims, unsigned count)
{
	struct admission a = {.guest = guest, .claims = claims, .count = count};
	TEE_Result res = find_all(&a);

	if (res)
		return res;
	/* From here on without a poll: all of it or nothing. */
	for (unsigned i = 0; i < count; i++) {
		if (is_older(&a, i))
			return TEE_ERROR_ACCESS_CONFLICT;
	}
	res = make_room(&a);
	if (res) {
		drop_unused(&a);
		return res;
	}
	for (unsigned i = 0; i < count; i++) {
		if (a.entries[i])
			a.entries[i]->claim.version = claims[i].version;
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
