/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/guest/guest.h"

#include "abi/smc.h"
#include "abi/tenon.h"
#include "kernel/arch/arch.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace.h"

#define BUCKETS   64
#define HOOKS_MAX 8

/* What a guest may use until it is configured; of pages that nobody reserved, its share. */
#define DEFAULT_RESERVE_PAGES   8 /* a call (stack and record) and a few objects */
#define DEFAULT_LIMIT_CALLS     16
#define DEFAULT_LIMIT_SESSIONS  256
#define DEFAULT_LIMIT_SHM_PAGES 65536 /* 256 MiB of its own memory */

static struct {
	struct spinlock lock; /* protects the buckets and every guest's reference count */
	struct list bucket[BUCKETS];
	uint32_t count;
} table;

static guest_teardown hooks[HOOKS_MAX];
static unsigned hook_count;

void guest_on_teardown(guest_teardown hook)
{
	assert(hook_count < HOOKS_MAX);
	hooks[hook_count++] = hook;
}

static struct list *bucket_of(uint32_t vm_id)
{
	return &table.bucket[vm_id % BUCKETS];
}

/* Context: table locked. */
static struct guest *find_locked(uint32_t vm_id)
{
	list_for_each (node, bucket_of(vm_id)) {
		struct guest *guest = list_entry(node, struct guest, link);
		if (guest->vm_id == vm_id)
			return guest;
	}
	return NULL;
}

static struct guest *reference(uint32_t vm_id)
{
	spin_lock(&table.lock);
	struct guest *guest = find_locked(vm_id);
	if (guest)
		guest->references++;
	spin_unlock(&table.lock);
	return guest;
}

static void unreference(struct guest *guest)
{
	spin_lock(&table.lock);
	guest->references--;
	spin_unlock(&table.lock);
}

struct guest *guest_enter(uint32_t vm_id)
{
	struct guest *guest = reference(vm_id);

	if (!guest)
		return NULL;
	spin_lock(&guest->monitor);
	if (!guest->dying)
		return guest;
	guest_leave(guest);
	return NULL;
}

void guest_leave(struct guest *guest)
{
	spin_unlock(&guest->monitor);
	unreference(guest);
}

void guest_make_way(struct guest *guest)
{
	if (!spin_is_wanted(&guest->monitor))
		return;
	spin_unlock(&guest->monitor);
	spin_lock(&guest->monitor);
}

void guest_charge_time(struct guest *guest, uint64_t since)
{
	guest->count.ticks += arch_counter() - since;
}

static void guest_init_fields(struct guest *guest, uint32_t vm_id)
{
	guest->vm_id = vm_id;
	guest->budget.vm_id = vm_id;
	guest->budget.guest = guest;
	heap_init(&guest->heap, &guest->budget);
	guest->limit.calls = DEFAULT_LIMIT_CALLS;
	guest->limit.sessions = DEFAULT_LIMIT_SESSIONS;
	guest->limit.shm_pages = DEFAULT_LIMIT_SHM_PAGES;
	list_init(&guest->calls);
	list_init(&guest->rpc_buffers);
	for (unsigned i = 0; i < GUEST_SHM_BUCKETS; i++)
		list_init(&guest->shm[i]);
	list_init(&guest->versions);
	list_init(&guest->own_images);
	list_init(&guest->instances);
	list_init(&guest->idle);
	list_init(&guest->sessions);
	list_init(&guest->notify.link);
	list_init(&guest->times);
}

/* The page that guest and budget lie in goes last, by way of the system's budget. */
static void guest_free(struct guest *guest)
{
	void *page = guest;

	/* Its reserve first: there may be no page left to make that promise good once more. */
	if (budget_configure(&guest->budget, 0, guest->budget.limit) ||
	    !page_transfer(page, &guest->budget, &system_budget))
		panic("the system's budget has no limit");
	budget_release(&guest->budget);
	page_free(&system_budget, page);
}

/* A guest and its budget live in one page, which that budget pays for. */
static struct guest *guest_new(uint32_t vm_id)
{
	struct page_totals totals;
	struct guest *guest = page_alloc(&system_budget);

	_Static_assert(sizeof(struct guest) <= PAGE_SIZE, "a guest fits its page");
	if (!guest)
		return NULL;
	guest_init_fields(guest, vm_id);
	pages_totals(&totals);
	if (budget_configure(&guest->budget, DEFAULT_RESERVE_PAGES, totals.total) ||
	    !page_transfer(guest, &system_budget, &guest->budget)) {
		budget_release(&guest->budget);
		page_free(&system_budget, guest);
		return NULL;
	}
	/* Guest 0 has the rights of the hypervisor, or the machine for itself. */
	guest->budget.shares = vm_id != GUEST_NATIVE;
	return guest;
}

struct guest *guest_new_owner(uint32_t pages)
{
	struct guest *owner = guest_new(GUEST_SHARED_OWNER);

	if (!owner)
		return NULL;
	/* The nil identity, which no VM can have: keys that its apps derive are stable. */
	owner->has_identity = true;
	owner->owns_shared = true;
	owner->limit.sessions = TENON_SESSIONS_MAX;
	owner->budget.shares = false;
	budget_make_common(&owner->budget);
	if (budget_configure(&owner->budget, 0, pages)) {
		guest_free(owner);
		return NULL;
	}
	return owner;
}

void guest_end_owner(struct guest *owner)
{
	for (unsigned i = 0; i < hook_count; i++) {
		while (hooks[i](owner) == TEARDOWN_MORE)
			;
	}
	guest_free(owner);
}

struct uuid guest_uuid(const struct guest *guest)
{
	struct uuid id = guest->identity;

	for (unsigned i = 0; i < sizeof(guest->vm_id) && !guest->has_identity; i++)
		id.clock_seq_and_node[7 - i] = (uint8_t)(guest->vm_id >> (8 * i));
	return id;
}

static uint32_t create(uint32_t vm_id)
{
	uint32_t status = SMC_ENOTAVAIL;

	if (vm_id == GUEST_NATIVE)
		return SMC_ENOTAVAIL;
	struct guest *guest = guest_new(vm_id);
	if (!guest)
		return SMC_ENOTAVAIL;
	spin_lock(&table.lock);
	if (!find_locked(vm_id)) {
		list_insert(bucket_of(vm_id), &guest->link);
		table.count++;
		status = SMC_OK;
	}
	spin_unlock(&table.lock);
	if (status != SMC_OK)
		guest_free(guest);
	return status;
}

uint32_t guest_create(uint32_t vm_id)
{
	uint32_t status = create(vm_id);

	trace(TRACE_GUEST_CREATED, vm_id, TRACE_NO_CALL, status, 0, 0, 0);
	return status;
}

/*
 * Runs the rooms' hooks from where the last run stopped. True when all are done. A hypervisor that
 * does not repeat VM_DESTROYED gets one run that only another CPU inside the guest can end early.
 */
static bool teardown(struct guest *guest)
{
	while (guest->teardown < hook_count) {
		enum teardown step = hooks[guest->teardown](guest);
		if (step == TEARDOWN_BLOCKED)
			return false;
		guest->teardown += step == TEARDOWN_DONE;
		if (guest->restartable && arch_foreign_pending())
			return false;
		guest_make_way(guest);
	}
	return true;
}

/* Takes the guest out of the table unless somebody still looks at it. */
static bool unlink_if_unused(struct guest *guest)
{
	spin_lock(&table.lock);
	bool unused = guest->references == 1;
	if (unused) {
		list_remove(&guest->link);
		table.count--;
	}
	spin_unlock(&table.lock);
	return unused;
}

static uint32_t destroy(uint32_t vm_id)
{
	struct guest *guest;

	if (vm_id == GUEST_NATIVE)
		return SMC_OK;
	guest = reference(vm_id);
	if (!guest)
		return SMC_OK;
	spin_lock(&guest->monitor);
	guest->dying = true;
	bool mine = !guest->destroying;
	guest->destroying = true;
	bool gone = mine && teardown(guest);
	if (mine)
		guest->destroying = false;
	spin_unlock(&guest->monitor);
	if (gone && unlink_if_unused(guest)) {
		guest_free(guest);
		return SMC_OK;
	}
	unreference(guest);
	return SMC_EBUSY;
}

uint32_t guest_destroy(uint32_t vm_id)
{
	uint32_t status = destroy(vm_id);

	trace(TRACE_GUEST_DESTROYED, vm_id, TRACE_NO_CALL, status, 0, 0, 0);
	return status;
}

/* Context: table locked. */
static bool identity_in_use(const struct uuid *identity)
{
	for (unsigned i = 0; i < BUCKETS; i++) {
		list_for_each (node, &table.bucket[i]) {
			const struct guest *guest = list_entry(node, struct guest, link);
			if (guest->has_identity &&
			    !memcmp(&guest->identity, identity, sizeof(*identity)))
				return true;
		}
	}
	return false;
}

static uint32_t set_identity(struct guest *guest, const uint32_t value[4])
{
	uint32_t status = SMC_ENOTAVAIL;
	struct uuid identity = {
		.time_low = value[0],
		.time_mid = value[1] >> 16,
		.time_hi_and_version = (uint16_t)value[1],
	};

	for (unsigned i = 0; i < 8; i++)
		identity.clock_seq_and_node[i] = value[2 + i / 4] >> (24 - 8 * (i % 4));
	if (!(value[0] | value[1] | value[2] | value[3]))
		return SMC_EBADADDR;
	spin_lock(&table.lock);
	if (!identity_in_use(&identity)) {
		guest->identity = identity;
		guest->has_identity = true;
		status = SMC_OK;
	}
	spin_unlock(&table.lock);
	return status;
}

static uint32_t set_pages(struct guest *guest, uint32_t reserve, uint32_t limit, bool shares)
{
	switch (budget_configure(&guest->budget, reserve, limit)) {
	case TEE_SUCCESS:
		guest->budget.shares = shares;
		return SMC_OK;
	case TEE_ERROR_OUT_OF_MEMORY:
		return SMC_ENOMEM;
	default:
		return SMC_EBADADDR;
	}
}

static uint32_t set_limit(uint32_t *limit, uint32_t value, uint32_t lowest, uint32_t highest)
{
	if (value < lowest || value > highest)
		return SMC_EBADADDR;
	*limit = value;
	return SMC_OK;
}

static uint32_t set_flag(bool *flag, uint32_t value)
{
	if (value > 1)
		return SMC_EBADADDR;
	*flag = value;
	return SMC_OK;
}

static uint32_t configure(struct guest *guest, uint32_t key, const uint32_t value[4])
{
	if (guest->called)
		return SMC_ENOTAVAIL;
	switch (key) {
	case TENON_KEY_IDENTITY:
		return set_identity(guest, value);
	case TENON_KEY_RESERVE_PAGES:
		return set_pages(guest, value[0], guest->budget.limit, guest->budget.shares);
	case TENON_KEY_LIMIT_PAGES:
		return set_pages(guest, guest->budget.reserve, value[0], false);
	case TENON_KEY_LIMIT_CALLS:
		return set_limit(&guest->limit.calls, value[0], 1, TENON_CALLS_MAX);
	case TENON_KEY_LIMIT_SESSIONS:
		return set_limit(&guest->limit.sessions, value[0], 1, TENON_SESSIONS_MAX);
	case TENON_KEY_LIMIT_SHM_PAGES:
		return set_limit(&guest->limit.shm_pages, value[0], 1, UINT32_MAX);
	case TENON_KEY_RESTARTABLE:
		return set_flag(&guest->restartable, value[0]);
	case TENON_KEY_PRIVILEGED:
		return set_flag(&guest->privileged, value[0]);
	default:
		return SMC_EBADCMD;
	}
}

uint32_t guest_configure(uint32_t vm_id, uint32_t key, const uint32_t value[4])
{
	struct guest *guest = guest_enter(vm_id);
	uint32_t status;

	if (!guest)
		return SMC_ENOTAVAIL;
	status = configure(guest, key, value);
	guest_leave(guest);
	return status;
}

static bool guest_counter(const struct guest *guest, uint32_t counter, uint64_t *value)
{
	const uint64_t values[] = {
		[TENON_STAT_PAGES] = guest->budget.used,
		[TENON_STAT_PAGES_PEAK] = guest->budget.peak,
		[TENON_STAT_CALLS] = guest->count.calls,
		[TENON_STAT_SESSIONS] = guest->count.sessions,
		[TENON_STAT_INSTANCES] = guest->count.instances,
		[TENON_STAT_SHM_PAGES] = guest->count.shm_pages,
		[TENON_STAT_CALLS_TOTAL] = guest->count.calls_total,
		[TENON_STAT_RPCS_TOTAL] = guest->count.rpcs_total,
		[TENON_STAT_REFUSALS] = guest->count.refusals + guest->budget.refusals,
		[TENON_STAT_TICKS] = guest->count.ticks,
		[TENON_STAT_CALLS_PEAK] = guest->count.calls_peak,
		[TENON_STAT_SESSIONS_PEAK] = guest->count.sessions_peak,
		[TENON_STAT_INSTANCES_PEAK] = guest->count.instances_peak,
		[TENON_STAT_SHM_PAGES_PEAK] = guest->count.shm_pages_peak,
		[TENON_STAT_RESERVE_PAGES] = guest->budget.reserve,
		[TENON_STAT_LIMIT_PAGES] = guest->budget.limit,
	};

	if (counter >= array_count(values))
		return false;
	*value = values[counter];
	return true;
}

/* Context: table locked. */
static const struct guest *find_next_locked(uint32_t from)
{
	const struct guest *next = NULL;

	for (unsigned i = 0; i < BUCKETS; i++) {
		list_for_each (node, &table.bucket[i]) {
			const struct guest *guest = list_entry(node, struct guest, link);
			if (guest->vm_id >= from && (!next || guest->vm_id < next->vm_id))
				next = guest;
		}
	}
	return next;
}

bool guest_get_figures(uint32_t from, struct guest_figures *figures)
{
	spin_lock(&table.lock);
	/* A guest that asks for its own does not look at all others. */
	const struct guest *guest = find_locked(from);
	if (!guest)
		guest = find_next_locked(from);
	if (guest)
		*figures = (struct guest_figures){
			.vm_id = guest->vm_id,
			.dying = guest->dying,
			.has_identity = guest->has_identity,
			.identity = guest->identity,
			.budget = guest->budget,
			.limit = guest->limit,
			.count = guest->count,
		};
	spin_unlock(&table.lock);
	return guest != NULL;
}

uint32_t guest_count(void)
{
	spin_lock(&table.lock);
	uint32_t count = table.count;
	spin_unlock(&table.lock);
	return count;
}

uint32_t guest_stat(uint32_t vm_id, uint32_t counter, uint64_t *value)
{
	struct guest *guest = guest_enter(vm_id);
	uint32_t status;

	if (!guest)
		return SMC_ENOTAVAIL;
	status = guest_counter(guest, counter, value) ? SMC_OK : SMC_EBADCMD;
	guest_leave(guest);
	return status;
}

void guest_init(void)
{
	hook_count = 0;
	table.count = 0;
	for (unsigned i = 0; i < BUCKETS; i++)
		list_init(&table.bucket[i]);
	struct guest *native = guest_new(GUEST_NATIVE);
	assert(native);
	list_insert(bucket_of(GUEST_NATIVE), &native->link);
	table.count = 1;
}
