/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/notify/notify.h"

#include "kernel/arch/arch.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"

#define WORD_BITS 64u

static struct {
	struct spinlock lock;
	struct list
		to_tell; /* guests that the hypervisor has to interrupt, in the order of events */
} notify;

static bool any_pending(const struct guest *guest)
{
	for (unsigned i = 0; i < array_count(guest->notify.pending); i++) {
		if (guest->notify.pending[i])
			return true;
	}
	return false;
}

/* Lock held. Guest 0 takes the interrupt itself. True: the interrupt is to be raised. */
static bool tell(struct guest *guest)
{
	if (!guest->notify.enabled || !any_pending(guest))
		return false;
	if (guest->vm_id != GUEST_NATIVE && list_empty(&guest->notify.link))
		list_insert(&notify.to_tell, &guest->notify.link);
	return true;
}

void notify_post(struct guest *guest, uint32_t value)
{
	assert(value < GUEST_NOTIFY_VALUES);
	spin_lock(&notify.lock);
	guest->notify.pending[value / WORD_BITS] |= 1ull << value % WORD_BITS;
	if (tell(guest))
		arch_notify_raise(); /* after the bit: who is interrupted finds it */
	spin_unlock(&notify.lock);
}

/* Only the change counts: a guest that repeats itself interrupts nobody again. */
void notify_enable(struct guest *guest)
{
	spin_lock(&notify.lock);
	if (!guest->notify.enabled) {
		guest->notify.enabled = true;
		if (tell(guest))
			arch_notify_raise();
	}
	spin_unlock(&notify.lock);
}

void notify_stop(struct guest *guest)
{
	spin_lock(&notify.lock);
	guest->notify.enabled = false;
	list_remove(&guest->notify.link);
	spin_unlock(&notify.lock);
}

bool notify_is_enabled(struct guest *guest)
{
	spin_lock(&notify.lock);
	bool enabled = guest->notify.enabled;
	spin_unlock(&notify.lock);
	return enabled;
}

bool notify_take(struct guest *guest, uint32_t *value, bool *more)
{
	bool found = false;

	spin_lock(&notify.lock);
	for (unsigned i = 0; i < array_count(guest->notify.pending) && !found; i++) {
		uint64_t *word = &guest->notify.pending[i];

		if (*word == 0)
			continue;
		*value = i * WORD_BITS + (unsigned)__builtin_ctzll(*word);
		*word &= *word - 1;
		found = true;
	}
	*more = any_pending(guest);
	spin_unlock(&notify.lock);
	return found;
}

bool notify_next(uint32_t *vm_id)
{
	bool found;

	spin_lock(&notify.lock);
	found = !list_empty(&notify.to_tell);
	if (found) {
		struct guest *guest = list_entry(notify.to_tell.next, struct guest, notify.link);
		list_remove(&guest->notify.link);
		*vm_id = guest->vm_id;
	}
	spin_unlock(&notify.lock);
	return found;
}

/* Its calls are gone, so nobody posts to it any more. */
static enum teardown forget(struct guest *guest)
{
	notify_stop(guest);
	return TEARDOWN_DONE;
}

void notify_init(void)
{
	memset(&notify, 0, sizeof(notify));
	list_init(&notify.to_tell);
	guest_on_teardown(forget);
}
