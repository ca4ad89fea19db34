/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The invariants of kernel/guest/guest.h, as far as they can be seen at a point.
 *
 *  I1 fail.c: each page has one owner, who alone gives it back; here, now and then: what an owner
 *     is charged for are its pages, and all that are not free are somebody's; what a guest's
 *     counters say is in its lists
 *  I2 client.c: answers and secrets are the guest's own; a liar presents others' names; sched.c:
 *     the kernel reaches no memory that the running guest did not lend
 *  I3 sched.c: no lock is held at a point; lock.c, check_waiter(): of what guests share, nobody has
 *     it at the same time as another, or waits for nobody
 *  I4 sched.c: a liar rewrites its memory while it is being read
 *  I5 world.c: no frame is pinned or mapped in an app when it changes hands
 *  I6 fail.c: a page that is given back is zero (some are looked at); when all are gone: every page
 *  I7 not here: it is measured on the machine (`make irqoff`, tests/irqoff_test.py), and lock
 *     sections by sections_test
 *  I8 the process lives: a panic of the kernel ends it
 */
#include "kernel/guest/guest.h"
#include "kernel/shm/shm.h"
#include "kernel/ta/image.h"
#include "kernel/ta/shared.h"
#include "sim/lock.h"
#include "sim/owners.h"
#include "sim/sim.h"

/* Turns from one look at sums, at a guest's lists, at all owners, to the next. */
#define SUMS   16u
#define LISTS  64u
#define OWNERS 2048u

/* Points for which the lock may be free although somebody waits and nothing holds its app up. */
#define FREE_LIMIT 200000u

static struct page_totals at_start;

/* What guests have for themselves; what they share with others is the system's. */
static uint64_t pages_of_guests(void)
{
	struct guest_figures guest;
	uint64_t pages = 0;

	for (uint32_t from = 0; guest_get_figures(from, &guest); from = guest.vm_id + 1)
		pages += guest.budget.used - guest.budget.shared;
	return pages;
}

static void check_sums(void)
{
	struct page_totals t;
	uint64_t owned =
		system_budget.used - system_budget.shared + pages_of_guests() + owners_of_shared();

	pages_totals(&t);
	if (owned + t.free != t.total)
		broken("I1: %llu pages are owned and %u free, of %u", (unsigned long long)owned,
		       t.free, t.total);
}

static uint32_t length(const struct list *list)
{
	uint32_t count = 0;

	list_for_each (node, list)
		count++;
	return count;
}

static void compare(uint32_t vm, const char *what, uint64_t counted, uint64_t listed)
{
	if (counted != listed)
		broken("I1: guest %u: %llu %s are counted, and %llu are there", vm,
		       (unsigned long long)counted, what, (unsigned long long)listed);
}

/* Memory that a call is still looking at is counted, and in no list. */
static void check_shm(const struct guest *guest)
{
	uint64_t objects = 0, pages = 0;

	for (unsigned i = 0; i < GUEST_SHM_BUCKETS; i++) {
		list_for_each (node, &guest->shm[i]) {
			const struct shm *shm = list_entry(node, struct shm, link);
			objects++;
			pages += shm->page_count;
			if (shm->guest != guest)
				broken("I1: guest %u has memory of another", guest->vm_id);
		}
	}
	if (objects > guest->count.shm_objects || pages > guest->count.shm_pages)
		broken("I1: guest %u: more memory is listed than counted", guest->vm_id);
}

static void check_sessions(const struct guest *guest)
{
	uint64_t least = 0;

	list_for_each (node, &guest->sessions) {
		const struct ta_session *s = list_entry(node, struct ta_session, link);
		bool is_shared = s->instance && s->instance->shared;
		uint32_t ahead = s->id - guest->next_session_id - 1;

		/* Numbers are chosen without a search, because they are in the order in which they
		 * come round: that of the one that was opened last is a whole round ahead. */
		if (ahead < least || s->id == 0)
			broken("I2: guest %u: session %u is not in the order of numbers",
			       guest->vm_id, s->id);
		least = (uint64_t)ahead + 1;
		if (s->guest != guest || (s->opener && s->opener->guest != guest) ||
		    (s->instance && !is_shared && s->instance->guest != guest))
			broken("I1: session %u of guest %u leads to another guest", s->id,
			       guest->vm_id);
	}
	list_for_each (node, &guest->instances) {
		const struct ta_instance *instance = list_entry(node, struct ta_instance, link);
		if (instance->guest != guest || (instance->busy && instance->busy->guest != guest))
			broken("I1: an app of guest %u leads to another guest", guest->vm_id);
	}
}

static void check_lists(uint32_t vm)
{
	struct guest *guest = guest_enter(vm);

	if (!guest)
		return;
	summary.checks++;
	compare(vm, "sessions", guest->count.sessions, length(&guest->sessions));
	/* One that is being freed by a call is in no list any more. */
	if (guest->count.calls == 0 || length(&guest->instances) > guest->count.instances)
		compare(vm, "apps", guest->count.instances, length(&guest->instances));
	compare(vm, "calls", guest->count.calls, length(&guest->calls));
	check_shm(guest);
	check_sessions(guest);
	compare(vm, "pages", guest->budget.used - guest->budget.shared,
		owners_count(&guest->budget));
	guest_leave(guest);
}

static void check_owners(void)
{
	struct page_totals t;

	pages_totals(&t);
	compare(0, "pages of all", t.total - t.free, owners_count(NULL));
	compare(0, "pages of the system", system_budget.used - system_budget.shared,
		owners_count(&system_budget));
	owners_check_shared();
}

void check_point(void)
{
	static uint32_t turns;

	/* They cost as much as there are guests, objects, pages. */
	turns++;
	if (turns % SUMS == 0)
		check_sums();
	if (turns % LISTS == 0)
		check_lists(below(options.guests + 1));
	if (turns % OWNERS == 0)
		check_owners();
}

/* --- waiting for the lock ------------------------------------------------------------------------
 */

static bool is_queued(struct shared_queue *queue, const struct guest *guest, uint32_t key)
{
	list_for_each (node, &queue->waiters) {
		const struct shared_waiter *waiter = list_entry(node, struct shared_waiter, link);
		if (waiter->guest == guest && waiter->key == key)
			return true;
	}
	return false;
}

static struct ta_session *find_session(const struct guest *guest, uint32_t id)
{
	list_for_each (node, &guest->sessions) {
		struct ta_session *session = list_entry(node, struct ta_session, link);
		if (session->id == id)
			return session;
	}
	return NULL;
}

/* A liar may have gone away in the middle of a command: until it dies the others wait. */
static bool is_held_up(const struct ta_instance *instance)
{
	uint32_t vm = instance->busy ? instance->busy->guest->vm_id : 0;

	return vm > 0 && (vms[vm - 1].lies || vms[vm - 1].state != VM_LIVING);
}

/* Somebody is inside, or what those did who have gone is still to be brought to its end. */
static bool is_settling(const struct ta_shared *s)
{
	return s->instance->busy || s->entry.is_cut || !list_empty(&s->due);
}

/* Of honest guests. */
static bool others_come(const struct ta_shared *s)
{
	uint32_t calls = 0, parked = 0;

	for (unsigned i = 0; i < options.guests; i++) {
		for (unsigned k = 0; k < SIM_VCPUS && !vms[i].lies; k++)
			calls += vms[i].state != VM_ABSENT && vms[i].in_lock[k];
	}
	list_for_each (node, &s->parked.waiters) {
		const struct guest *guest = list_entry(node, struct shared_waiter, link)->guest;
		parked += !vms[guest->vm_id - 1].lies;
	}
	return calls > parked;
}

/* Liars may be woken for what is pending, also while they open a session, and never come. */
static bool liars_have_it(void)
{
	struct guest_figures guest;
	bool any = false;

	for (unsigned i = 0; i < options.guests; i++) {
		if (!vms[i].lies || vms[i].state == VM_ABSENT)
			continue;
		for (unsigned k = 0; k < SIM_VCPUS; k++)
			any |= vms[i].sessions[k] != 0;
		any |= guest_get_figures(vms[i].number, &guest) && guest.vm_id == vms[i].number &&
		       guest.count.calls > 0;
	}
	return any;
}

/* One who waits for the lock was woken for it, or another is inside and will wake one. Liars are
 * woken for it apart. */
static bool somebody_comes(const struct ta_shared *s)
{
	return others_come(s) || is_settling(s);
}

/* Its notification is posted, on its way, or there. */
static bool is_told(const struct vm *vm, const struct guest *guest, uint32_t key)
{
	uint64_t bits = guest->notify.pending[key / 64] | vm->notified[key / 64];

	return vm->fetching > 0 || (bits >> key % 64 & 1);
}

/* The lock that guest waits for does not stay with nobody; told: it is being woken itself. */
static void check_lock(const struct guest *guest, const struct ta_instance *instance, bool told,
		       uint64_t begun)
{
	static uint64_t held_up; /* when it was last seen so, whichever app it was */
	const struct ta_shared *s = instance->shared;
	uint64_t since;
	enum lock_is is = lock_is(&since);

	if (is_held_up(instance)) {
		held_up = summary.points;
		return;
	}
	if (is == LOCK_TAKEN)
		return;
	if (is == LOCK_ABANDONED && !is_settling(s))
		broken("I3: guest %u waits for a lock whose holder has gone", guest->vm_id);
	if (is == LOCK_FREE && !told && !somebody_comes(s))
		broken("I3: guest %u waits for a lock that is free, and nobody comes to it",
		       guest->vm_id);
	if (is == LOCK_ABANDONED && !told && !instance->busy && !liars_have_it() && !others_come(s))
		broken("I3: guest %u waits for a lock whose holder has gone, and nobody was woken",
		       guest->vm_id);
	since = max(max(since, begun), held_up);
	if (summary.points - since > FREE_LIMIT)
		broken("I3: guest %u waits for a lock that nobody has", guest->vm_id);
}

bool check_waiter(const struct fiber *fiber, uint32_t id, uint32_t key, uint64_t begun)
{
	struct guest *guest = guest_enter(fiber->vm->number);
	struct ta_session *session = guest ? find_session(guest, id) : NULL;
	struct ta_instance *instance = session ? session->instance : NULL;
	bool told = guest && is_told(fiber->vm, guest, key);

	if (guest)
		guest_leave(guest);
	if (!instance || !instance->shared || instance->state == TA_DEAD)
		return told;
	if (!told && !is_queued(&instance->shared->turn, guest, key) &&
	    !is_queued(&instance->shared->parked, guest, key))
		broken("I3: guest %u waits for the lock with key %u, and nobody will tell it",
		       guest->vm_id, key);
	check_lock(guest, instance, told, begun);
	return told;
}

/* --- the end -------------------------------------------------------------------------------------
 */

void check_start(void)
{
	pages_totals(&at_start);
}

static void check_clean(void)
{
	static struct budget probe;
	static void *pages[4096];
	unsigned count = 0;

	probe = (struct budget){.limit = UINT32_MAX};
	while (count < 4096 && (pages[count] = page_alloc(&probe)))
		count++;
	for (unsigned i = 0; i < count; i++) {
		if (*(const uint64_t *)pages[i])
			broken("I6: a page is not zero");
		check_freed(pages[i]);
		page_free(&probe, pages[i]);
	}
}

void check_freed(const void *page)
{
	const uint64_t *words = page;

	/* The first one may be the allocator's. */
	for (unsigned k = 1; k < PAGE_SIZE / 8; k++) {
		if (words[k])
			broken("I6: a free page is not zero");
	}
}

void check_empty(void)
{
	struct page_totals t;

	while (image_reclaim(&system_budget))
		;
	pages_totals(&t);
	if (t.free != at_start.free || t.reserved != at_start.reserved)
		broken("I1: %u pages free of %u, %u reserved of %u when nobody lives", t.free,
		       at_start.free, t.reserved, at_start.reserved);
	check_owners();
	if (host_ns_mappings())
		broken("I5: %zu mappings of guests' memory are left", host_ns_mappings());
	check_clean();
}
