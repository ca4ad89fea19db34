/* SPDX-License-Identifier: BSD-2-Clause */
/* Instances of shared apps: found or made, taken by one call at a time, and ended. */
#include "kernel/ta/shared.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/ta/shared_entry.h"

static struct {
	struct spinlock lock; /* "shared apps" */
	struct list apps;     /* that openers find */
	struct list ended;    /* for shared_bury() */
} shared;

void shared_lock(void)
{
	spin_lock(&shared.lock);
}

void shared_unlock(void)
{
	spin_unlock(&shared.lock);
}

/* --- birth and end -------------------------------------------------------------------------------
 */

#define BATCH 32

/* Some of the sessions that the app knew. False: there were none. */
static bool drop_peers(struct guest *owner)
{
	bool any = !list_empty(&owner->sessions);

	for (unsigned i = 0; i < BATCH && !list_empty(&owner->sessions); i++)
		session_peer_drop(list_entry(owner->sessions.next, struct ta_session, link));
	return any;
}

/* The record and all that it has; nobody finds it, nobody is inside. Polls inside a call. */
static void destroy(struct ta_shared *s)
{
	struct ta_instance *instance = s->instance;
	struct guest *owner = instance->guest;

	instance_empty(instance);
	while (drop_peers(owner))
		(void)!call_poll();
	heap_free(&owner->heap, instance);
	heap_free(&owner->heap, s);
	guest_end_owner(owner);
}

static struct ta_instance *new_records(struct guest *owner, const struct uuid *uuid)
{
	struct ta_instance *instance = heap_alloc(&owner->heap, sizeof(*instance));
	struct ta_shared *s = heap_alloc(&owner->heap, sizeof(*s));

	if (!instance || !s) {
		heap_free(&owner->heap, instance);
		heap_free(&owner->heap, s);
		return NULL;
	}
	instance->guest = owner;
	instance->uuid = *uuid;
	instance->state = TA_READY;
	instance->references = 1;
	instance->shared = s;
	s->instance = instance;
	wait_queue_init(&instance->turn);
	list_init(&instance->link);
	list_init(&instance->idle);
	list_init(&instance->idle_of_guest);
	list_init(&instance->opened);
	list_init(&instance->objects);
	modules_init(instance);
	list_init(&s->link);
	list_init(&s->due);
	shared_queue_init(&s->turn);
	shared_queue_init(&s->parked);
	return instance;
}

static TEE_Result load(struct ta_instance *instance, struct image *image)
{
	struct guest *owner = instance->guest;
	TEE_Result res;

	instance->flags = image->elf.head.flags;
	instance->context = heap_alloc(&owner->heap, sizeof(*instance->context));
	if (!instance->context)
		return TEE_ERROR_OUT_OF_MEMORY;
	res = uaspace_init(&instance->as, owner);
	if (res)
		return res;
	instance->as_ready = true;
	return modules_load_shared(instance, image);
}

/* One that nobody knows yet. */
static TEE_Result make(struct image *image, const struct uuid *uuid, struct ta_instance **out)
{
	struct guest *owner = guest_new_owner(TENON_SHARED_PAGES);
	struct ta_instance *instance = owner ? new_records(owner, uuid) : NULL;
	TEE_Result res;

	if (!instance) {
		if (owner)
			guest_end_owner(owner);
		return TEE_ERROR_OUT_OF_MEMORY;
	}
	res = load(instance, image);
	if (res)
		destroy(instance->shared);
	else
		*out = instance;
	return res;
}

/* Lock held. A guest joins what it has shown itself, byte by byte, not what has the same name. */
static TEE_Result find_and_get(const struct image *image, const struct uuid *uuid,
			       struct ta_instance **out)
{
	list_for_each (node, &shared.apps) {
		struct ta_instance *instance = list_entry(node, struct ta_shared, link)->instance;

		if (!uuid_equal(&instance->uuid, uuid))
			continue;
		if (memcmp(modules_app_image(instance)->identity, image->identity,
			   sizeof(image->identity)))
			return TEE_ERROR_ACCESS_CONFLICT;
		instance->references++;
		*out = instance;
		return TEE_SUCCESS;
	}
	return TEE_ERROR_ITEM_NOT_FOUND;
}

TEE_Result shared_join(struct image *image, const struct uuid *uuid, struct ta_instance **out)
{
	struct ta_instance *mine;
	TEE_Result res;

	shared_lock();
	res = find_and_get(image, uuid, out);
	shared_unlock();
	if (res != TEE_ERROR_ITEM_NOT_FOUND)
		return res;
	res = make(image, uuid, &mine);
	if (res)
		return res;
	shared_lock();
	res = find_and_get(image, uuid, out);
	bool was_first = res == TEE_ERROR_ITEM_NOT_FOUND;
	if (was_first)
		list_insert(&shared.apps, &mine->shared->link);
	shared_unlock();
	if (!was_first) {
		destroy(mine->shared);
		return res;
	}
	*out = mine;
	return TEE_SUCCESS;
}

static bool is_kept(const struct ta_instance *instance)
{
	return instance->state == TA_READY && (instance->flags & TA_FLAG_KEEP_ALIVE);
}

void shared_put(struct ta_instance *instance)
{
	bool in_call = call_current() != NULL;
	bool ends;

	shared_lock();
	assert(instance->references > 0);
	instance->references--;
	ends = instance->references == 0 && !is_kept(instance);
	if (ends) {
		list_remove(&instance->shared->link);
		if (!in_call)
			list_insert(&shared.ended, &instance->shared->link);
	}
	shared_unlock();
	if (ends && in_call)
		destroy(instance->shared);
}

bool shared_bury(void)
{
	struct ta_shared *s = NULL;

	shared_lock();
	if (!list_empty(&shared.ended)) {
		s = list_entry(shared.ended.next, struct ta_shared, link);
		list_remove(&s->link);
	}
	shared_unlock();
	if (!s)
		return false;
	/* In pieces: no later step is a long one (I7). */
	struct ta_instance *instance = s->instance;
	if (session_drop_opened(instance) ||
	    (instance->as_ready && uaspace_shrink(&instance->as)) || ta_release(instance) ||
	    drop_peers(instance->guest)) {
		shared_lock();
		list_insert(&shared.ended, &s->link);
		shared_unlock();
		return true;
	}
	destroy(s);
	return true;
}

/* The app panicked. Its sessions stay known to their guests, which get TARGET_DEAD. */
void shared_die(struct ta_instance *instance)
{
	shared_lock();
	instance->state = TA_DEAD;
	list_remove(&instance->shared->link);
	shared_unlock();
	instance_empty(instance);
}

/* --- turns ---------------------------------------------------------------------------------------
 */

/* How long one that was woken has to come, in milliseconds; and how long a sleep may be. */
#define TURN_KEPT    5u
#define TURN_TIMEOUT 1000u

/* Lock held: somebody was woken for his turn, and may still come. */
static bool is_kept_for_another(const struct ta_shared *s)
{
	return s->kept_until && arch_counter() < s->kept_until;
}

/* TARGET_DEAD, BUSY or SUCCESS. my_turn: the caller was woken for it. */
static TEE_Result try_take(struct ta_instance *instance, bool my_turn)
{
	struct ta_shared *s = instance->shared;
	TEE_Result res = TEE_ERROR_BUSY;

	shared_lock();
	if (instance->state == TA_DEAD) {
		res = TEE_ERROR_TARGET_DEAD;
	} else if (!instance->busy && (my_turn || !is_kept_for_another(s))) {
		instance->busy = call_current();
		s->kept_until = 0;
		res = TEE_SUCCESS;
	}
	shared_unlock();
	return res;
}

/* Milliseconds to sleep for, by one that did not get it. */
static uint32_t time_to_sleep(struct ta_instance *instance)
{
	shared_lock();
	bool is_free = !instance->busy;
	shared_unlock();
	return is_free ? TURN_KEPT : TURN_TIMEOUT;
}

/* Lock held. */
static bool is_pending(const struct ta_shared *s)
{
	return s->entry.is_cut || !list_empty(&s->due);
}

bool shared_is_left(struct ta_shared *s)
{
	shared_lock();
	bool left = is_pending(s) && !s->instance->busy;
	shared_unlock();
	return left;
}

void shared_pass_on(struct ta_shared *s)
{
	shared_lock();
	bool pending = is_pending(s);
	s->kept_until = arch_counter() + TURN_KEPT * arch_counter_hz() / 1000;
	shared_unlock();
	if (shared_wake_one(&s->turn))
		return;
	shared_lock();
	s->kept_until = 0;
	shared_unlock();
	/* A parked one comes back for what is pending, and then waits again for its own key. */
	if (pending)
		shared_wake_one(&s->parked);
}

/* Sleeps in its turn once. A wake-up that it does not use is the next one's. */
static TEE_Result wait_for_turn(struct ta_instance *instance)
{
	struct ta_shared *s = instance->shared;
	struct shared_waiter self;
	TEE_Result res = TEE_SUCCESS;
	TEE_Result taken;

	shared_wait_begin(&s->turn, &self, 0);
	for (;;) {
		bool woken = shared_is_woken(&self);
		taken = try_take(instance, woken);
		if (taken != TEE_ERROR_BUSY || woken || res)
			break;
		res = shared_wait_sleep(&self, time_to_sleep(instance));
	}
	bool woken = shared_wait_end(&self);
	if (taken != TEE_ERROR_BUSY)
		return taken;
	if (res && woken)
		shared_pass_on(s);
	return res ? res : TEE_ERROR_BUSY;
}

TEE_Result shared_take(struct ta_instance *instance)
{
	TEE_Result res = call_guest()->dying ? TEE_ERROR_TARGET_DEAD : try_take(instance, false);

	while (res == TEE_ERROR_BUSY)
		res = wait_for_turn(instance);
	if (res)
		return res;
	res = shared_settle(instance);
	if (res)
		shared_give_back(instance);
	return res;
}

void shared_give_back(struct ta_instance *instance)
{
	struct ta_shared *s = instance->shared;

	shared_lock();
	bool is_dead = instance->state == TA_DEAD;
	instance->busy = NULL;
	shared_unlock();
	shared_pass_on(s);
	while (is_dead && (shared_wake_one(&s->turn) || shared_wake_one(&s->parked)))
		(void)!call_poll();
}

void shared_init(void)
{
	list_init(&shared.apps);
	list_init(&shared.ended);
}
