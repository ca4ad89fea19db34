/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instances that nobody has a session with and that are kept alive all the same: they give way when
 * memory is short, those that were left longest first.
 *
 * Whoever takes one apart does kernel work for its guest, so he holds its monitor: that of his own
 * guest he has already; another one he takes only if it is free at once (I3), and for a bounded
 * piece of work. Only what an instance has beyond the reserve of its guest gives way to others, and
 * nobody takes from a guest that has less than himself (budget_may_lose()).
 */
#include "kernel/lib/assert.h"
#include "kernel/ta/internal.h"

/* Entries looked at, and pieces of one address space taken off, in one request (I7). A page comes
 * free with the first piece while there is one to come; pieces without are short
 * (uaspace_shrink()). So a call that needs four pages to begin with may ask four times in one
 * window. */
#define LOOKS_MAX  32
#define PIECES_MAX 16

/* All that are idle, of all guests; each guest has a list of its own ones. An entry changes with
 * the lock and its guest's monitor held. */
static struct {
	struct spinlock lock; /* in the order of locks: as "image cache" */
	struct list instances;
} idle;

void idle_init(void)
{
	list_init(&idle.instances);
}

void idle_add(struct ta_instance *instance)
{
	spin_lock(&idle.lock);
	list_insert(&idle.instances, &instance->idle);
	list_insert(&instance->guest->idle, &instance->idle_of_guest);
	spin_unlock(&idle.lock);
}

void idle_remove(struct ta_instance *instance)
{
	spin_lock(&idle.lock);
	list_remove(&instance->idle);
	list_remove(&instance->idle_of_guest);
	spin_unlock(&idle.lock);
}

/* One that is not to begin anew after a crash would do just that if it gave way. */
bool idle_may_give_way(const struct ta_instance *instance)
{
	return instance->state == TA_READY && instance->references == 0 &&
	       list_empty(&instance->opened) && !(instance->flags & TA_FLAG_KEEP_CRASHED);
}

static void set_dead(struct ta_instance *instance)
{
	instance->state = TA_DEAD;
	instance->flags = 0;
}

bool idle_give_up(struct guest *guest)
{
	if (list_empty(&guest->idle))
		return false;
	struct ta_instance *instance =
		list_entry(guest->idle.next, struct ta_instance, idle_of_guest);
	idle_remove(instance);
	set_dead(instance);
	return true;
}

/* The guest whose monitor is held here, if it is known to be. */
static struct guest *guest_inside(void)
{
	const struct call *call = call_current();

	return call && call->bracket == BRACKET_NONE ? call->guest : NULL;
}

/*
 * Gets the right to work for the owner of an instance. Whoever is inside need not be the one that
 * lacks pages: in a shared app that is the app's own owner. Context: idle list locked.
 */
static bool may_have(struct guest *owner, const struct budget *for_whom, uint32_t count)
{
	bool inside = owner == guest_inside();

	if (&owner->budget != for_whom && !budget_may_lose(&owner->budget, for_whom, count))
		return false;
	if (!inside && !spin_try_lock(&owner->monitor))
		return false;
	if (!owner->dying)
		return true;
	if (!inside)
		spin_unlock(&owner->monitor);
	return false;
}

/* Those that may not be had go to the end of the list. */
static struct ta_instance *first_of_all(const struct budget *for_whom, uint32_t count)
{
	for (unsigned i = 0; i < LOOKS_MAX && !list_empty(&idle.instances); i++) {
		struct ta_instance *first =
			list_entry(idle.instances.next, struct ta_instance, idle);
		if (may_have(first->guest, for_whom, count))
			return first;
		list_remove(&first->idle);
		list_insert(&idle.instances, &first->idle);
	}
	return NULL;
}

static struct ta_instance *own_first(const struct budget *for_whom, uint32_t count)
{
	struct guest *guest = for_whom->guest;

	if (!guest || list_empty(&guest->idle) || !may_have(guest, for_whom, count))
		return NULL;
	return list_entry(guest->idle.next, struct ta_instance, idle_of_guest);
}

/*
 * The first one that may be had, with the monitor of its guest. It stays in the list, and with it
 * its guest stays alive as long as that monitor is held.
 */
static struct ta_instance *take_one(const struct budget *for_whom, uint32_t count)
{
	struct ta_instance *found = NULL;

	spin_lock(&idle.lock);
	if (!budget_is_full(for_whom))
		found = first_of_all(for_whom, count);
	if (!found)
		found = own_first(for_whom, count);
	spin_unlock(&idle.lock);
	return found;
}

static uint32_t pages_of(const struct guest *guest)
{
	return guest->budget.used - guest->budget.shared;
}

/*
 * Takes pieces of its memory off until a page came free. It is dead from the first one on, and not
 * found any more; what remains when the memory is gone, a record and objects, goes with the next
 * open of its guest.
 */
static void take_apart(struct ta_instance *instance)
{
	struct guest *guest = instance->guest;
	uint32_t before = pages_of(guest);

	assert(instance->references == 0 && !instance->busy);
	set_dead(instance);
	for (unsigned i = 0; i < PIECES_MAX && pages_of(guest) >= before; i++) {
		if (uaspace_shrink(&instance->as) || modules_let_go(instance))
			continue;
		instance->as_ready = false;
		uaspace_destroy(&instance->as);
		idle_remove(instance);
		break;
	}
}

bool ta_reclaim(struct budget *for_whom, uint32_t count)
{
	if (!budget_is_full(for_whom) && image_reclaim(for_whom))
		return true;
	struct ta_instance *instance = take_one(for_whom, count);
	if (!instance)
		return false;
	struct guest *owner = instance->guest;
	take_apart(instance);
	if (owner != guest_inside())
		spin_unlock(&owner->monitor);
	return true;
}
