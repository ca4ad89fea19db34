/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sleeping. A call that has to wait parks in its own guest: an RPC puts the client's thread to
 * sleep on the call's key, so that waiting costs no time in the secure world.
 */
#include "kernel/call/call.h"
#include "kernel/notify/notify.h"

/* A safety net only: a waiter is woken by whoever changes what it waits for. Linux takes it as
 * jiffies (NW-107). */
#define WAIT_TIMEOUT 500

/* Where a guest without notifications looks again for what another guest did. */
#define RECHECK_TIMEOUT 5

_Static_assert(NOTIFY_KEY_FIRST + CALL_SLOTS <= GUEST_NOTIFY_VALUES, "each call has a key");

struct waiter {
	struct list link;
	uint32_t key;
};

void wait_queue_init(struct wait_queue *queue)
{
	list_init(&queue->waiters);
}

static uint32_t own_key(void)
{
	return NOTIFY_KEY_FIRST + call_current()->slot;
}

static TEE_Result notify(uint64_t action, uint32_t key, uint64_t timeout)
{
	struct msg_param param = {
		.attr = MSG_ATTR_VALUE_IN,
		.u.value = {.a = action, .b = key, .c = timeout},
	};

	return call_rpc(RPC_CMD_NOTIFICATION, &param, 1);
}

/*
 * Whatever the guest answers, the caller looks at its condition again (NW-105, NW-106). If it could
 * not even be asked, it gets the CPU in another way: no loop of the caller stays inside.
 */
static void park(uint64_t timeout)
{
	if (notify(RPC_NOTIFICATION_WAIT, own_key(), timeout) == TEE_ERROR_COMMUNICATION)
		(void)!call_yield();
}

TEE_Result call_wait(struct wait_queue *queue)
{
	struct waiter self = {.key = own_key()};

	if (call_guest()->dying)
		return TEE_ERROR_TARGET_DEAD;
	list_insert(&queue->waiters, &self.link);
	park(WAIT_TIMEOUT);
	/* From here to the caller's look at its condition the monitor is held. */
	list_remove(&self.link);
	return call_guest()->dying ? TEE_ERROR_TARGET_DEAD : TEE_SUCCESS;
}

void call_wake_one(struct wait_queue *queue)
{
	if (list_empty(&queue->waiters))
		return;
	struct waiter *first = list_entry(queue->waiters.next, struct waiter, link);
	/* It leaves the queue here, so that two wake-ups reach two waiters; its memory is not
	 * touched after. */
	uint32_t key = first->key;
	list_remove(&first->link);
	(void)!notify(RPC_NOTIFICATION_SEND, key, 0);
}

void call_wake_all(struct wait_queue *queue)
{
	/* Those that queue up again after they were woken are behind these. */
	unsigned count = 0;

	list_for_each (node, &queue->waiters)
		count++;
	while (count-- > 0)
		call_wake_one(queue);
}

/* --- across guests -------------------------------------------------------------------------------
 */

void shared_queue_init(struct shared_queue *queue)
{
	*queue = (struct shared_queue){0};
	list_init(&queue->waiters);
}

void shared_wait_begin(struct shared_queue *queue, struct shared_waiter *self, uint64_t topic)
{
	*self = (struct shared_waiter){
		.queue = queue, .guest = call_guest(), .key = own_key(), .topic = topic};
	spin_lock(&queue->lock);
	list_insert(&queue->waiters, &self->link);
	spin_unlock(&queue->lock);
}

bool shared_is_woken(const struct shared_waiter *self)
{
	spin_lock(&self->queue->lock);
	bool woken = self->woken;
	spin_unlock(&self->queue->lock);
	return woken;
}

TEE_Result shared_wait_sleep(const struct shared_waiter *self, uint32_t timeout)
{
	uint32_t longest = notify_is_enabled(self->guest) ? WAIT_TIMEOUT : RECHECK_TIMEOUT;

	if (self->guest->dying)
		return TEE_ERROR_TARGET_DEAD;
	if (!shared_is_woken(self))
		park(min(timeout, longest));
	return self->guest->dying ? TEE_ERROR_TARGET_DEAD : TEE_SUCCESS;
}

bool shared_wait_end(struct shared_waiter *self)
{
	spin_lock(&self->queue->lock);
	list_remove(&self->link);
	bool woken = self->woken;
	spin_unlock(&self->queue->lock);
	return woken;
}

/* Lock held. It cannot go before it has had this lock, and its guest not before it. */
static void wake(struct shared_waiter *waiter)
{
	list_remove(&waiter->link);
	waiter->woken = true;
	notify_post(waiter->guest, waiter->key);
}

bool shared_wake_one(struct shared_queue *queue)
{
	bool found;

	spin_lock(&queue->lock);
	found = !list_empty(&queue->waiters);
	if (found)
		wake(list_entry(queue->waiters.next, struct shared_waiter, link));
	spin_unlock(&queue->lock);
	return found;
}

bool shared_wake_topic(struct shared_queue *queue, uint64_t topic)
{
	bool found = false;

	spin_lock(&queue->lock);
	list_for_each (node, &queue->waiters) {
		struct shared_waiter *waiter = list_entry(node, struct shared_waiter, link);

		if (waiter->topic != topic)
			continue;
		wake(waiter);
		found = true;
		break;
	}
	spin_unlock(&queue->lock);
	return found;
}

void shared_rouse(const struct call *call)
{
	notify_post(call->guest, NOTIFY_KEY_FIRST + call->slot);
}
