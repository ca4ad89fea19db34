/* SPDX-License-Identifier: BSD-2-Clause */
/* Birth and death of a VM as far as the TEE is concerned, and a look inside. */
#include "internal.h"

#include <abi/tenon.h>
#include <string.h>

/* How often a VM that never ran is taken back from a TEE that says EBUSY. */
#define CREATE_UNDO_TRIES 64u

struct med_limits med_limits_default(void)
{
	return (struct med_limits){
		.calls = MED_DEFAULT_CALLS,
		.pages_per_buffer = MED_DEFAULT_PAGES_PER_BUFFER,
		.buffers = MED_DEFAULT_BUFFERS,
		.pages = MED_DEFAULT_PAGES,
		.rpc_buffers = MED_DEFAULT_RPC_BUFFERS,
		.hide_rpc_arg = false,
		.notifications = false,
	};
}

/* What we let through is what the TEE lets through for this VM, or less (NW-017, NW-199). */
void vm_refresh_call_limit(struct med_vm *vm)
{
	uint32_t count = tee_thread_count(vm->host, vm->id);

	vm->call_limit = vm->limits.calls;
	if (count != 0 && count < vm->call_limit)
		vm->call_limit = count;
}

/* Whether the TEE can serve this VM, and in which profile (NW-193). */
static bool vm_probe(struct med_vm *vm)
{
	uint32_t caps[8] = {SMC_EXCHANGE_CAPABILITIES, 0, 0, 0, 0, 0, 0, vm->id};

	tee_call(vm->host, caps);
	if (caps[0] != SMC_OK || (caps[1] & SMC_CAP_DYNAMIC_SHM) == 0)
		return false;
	vm->rpc_arg = !vm->limits.hide_rpc_arg && (caps[1] & SMC_CAP_RPC_ARG) != 0 &&
		      (caps[3] & 0xFF) >= MSG_RPC_MAX_PARAMS;
	vm->notifications = vm->limits.notifications && (caps[1] & SMC_CAP_ASYNC_NOTIF) != 0 &&
			    med_tee_is_tenon(vm->med);
	vm_refresh_call_limit(vm);
	return true;
}

static void vm_free(struct med_vm *vm)
{
	const struct med_host *host = vm->host;

	med_map_fini(&vm->names, host);
	med_map_fini(&vm->suspended, host);
	host->mem_free(vm, sizeof(*vm));
}

static struct med_vm *vm_alloc(struct med *med, uint32_t vm_id, void *cookie,
			       const struct med_limits *limits)
{
	struct med_vm *vm = med->host->mem_alloc(sizeof(*vm));

	if (vm == NULL)
		return NULL;
	memset(vm, 0, sizeof(*vm));
	vm->med = med;
	vm->host = med->host;
	vm->cookie = cookie;
	vm->id = vm_id;
	vm->limits = *limits;
	if (!med_map_init(&vm->names, vm->host, limits->buffers) ||
	    !med_map_init(&vm->suspended, vm->host, limits->calls)) {
		vm_free(vm);
		return NULL;
	}
	return vm;
}

/*
 * med_vm_destroy_step() repeats, so a TEE that can tear a VM down in slices may. One that does not
 * know the key does it in one go.
 */
static void tell_that_we_repeat(struct med_vm *vm)
{
	const uint32_t yes[4] = {1};

	(void)med_vm_configure(vm, TENON_KEY_RESTARTABLE, yes);
}

enum med_status med_vm_create(struct med *med, uint32_t vm_id, void *cookie,
			      const struct med_limits *limits, struct med_vm **out)
{
	struct med_vm *vm;

	if (!med->usable)
		return MED_NO_TEE;
	if (vm_id == 0 || limits->calls == 0 || limits->pages_per_buffer == 0 ||
	    limits->buffers == 0 || limits->pages == 0)
		return MED_BAD_ARGUMENT;
	vm = vm_alloc(med, vm_id, cookie, limits);
	if (vm == NULL)
		return MED_NO_MEMORY;
	if (tee_vm_created(med->host, vm_id) != SMC_OK) {
		vm_free(vm);
		return MED_REFUSED;
	}
	if (!vm_probe(vm)) {
		for (uint32_t i = 0; i < CREATE_UNDO_TRIES; i++) {
			if (tee_vm_destroyed(med->host, vm_id) != SMC_EBUSY)
				break;
		}
		vm_free(vm);
		return MED_REFUSED;
	}
	tell_that_we_repeat(vm);
	*out = vm;
	return MED_OK;
}

void med_vm_kill(struct med_vm *vm)
{
	vm_lock(vm);
	__atomic_store_n(&vm->dying, true, __ATOMIC_RELEASE);
	vm_unlock(vm);
}

void med_vm_counters(struct med_vm *vm, struct med_counters *out)
{
	vm_lock(vm);
	*out = (struct med_counters){
		.calls = vm->in_flight + vm->lost,
		.buffers = vm->buffers,
		.pages = vm->pages,
		.rpc_buffers = vm->rpc_buffers,
		.shadow_pages = vm->own_pages,
		.spare_pages = vm->spare_count,
	};
	vm_unlock(vm);
}

uint32_t med_vm_calls(struct med_vm *vm, struct med_call_info *out, uint32_t max)
{
	uint32_t count = 0;

	vm_lock(vm);
	for (const struct med_call *call = vm->calls; call != NULL; call = call->all_next) {
		struct med_call_info info;

		call_describe(call, &info);
		if (info.phase == MED_PHASE_NONE)
			continue;
		if (count < max)
			out[count] = info;
		count++;
	}
	vm_unlock(vm);
	return count;
}

/* Ends the VM's life if it has not ended yet; true when no vCPU is in med_handle(). */
static bool vm_is_quiet(struct med_vm *vm)
{
	bool quiet;

	vm_lock(vm);
	__atomic_store_n(&vm->dying, true, __ATOMIC_RELEASE);
	quiet = vm->visitors == 0;
	for (const struct med_call *call = vm->calls; call != NULL; call = call->all_next) {
		if (__atomic_load_n(&call->busy, __ATOMIC_ACQUIRE))
			quiet = false;
	}
	vm_unlock(vm);
	return quiet;
}

static void garbage_prepend(struct med_buffer **to, struct med_buffer *list)
{
	while (list != NULL) {
		struct med_buffer *buffer = list;

		list = buffer->next;
		buffer->next = *to;
		*to = buffer;
	}
}

static void release_first_call(struct med_vm *vm)
{
	struct med_call *call = vm->calls;

	vm->calls = call->all_next;
	if (call->phase == MED_PHASE_LOST)
		vm->lost--;
	else if (call->phase != MED_PHASE_NONE)
		vm->in_flight--;
	call_strip(call);
	garbage_prepend(&vm->garbage, call->garbage);
	own_splice(&call->old_lists, &vm->old_lists);
	call_free(call);
}

/* The buffers that still have a name; false when there is none left. */
static bool release_next_bucket(struct med_vm *vm)
{
	struct med_node *node;

	if (vm->next_bucket >> vm->names.bits != 0)
		return false;
	node = vm->names.buckets[vm->next_bucket];
	while (node != NULL) {
		struct med_buffer *buffer = (struct med_buffer *)node;

		node = node->next;
		shm_forget(vm, buffer, &vm->garbage);
	}
	vm->next_bucket++;
	return true;
}

static bool release_spare(struct med_vm *vm)
{
	struct med_own *own = vm->spare;

	if (own == NULL)
		return false;
	vm->spare = own->next;
	vm->spare_count--;
	own_free(vm, own);
	return true;
}

/*
 * One batch of giving back, the TEE having forgotten the VM; false when all is done. Nobody else
 * uses the VM any more, so its lists are taken apart without the lock.
 */
static bool release_batch(struct med_vm *vm)
{
	if (vm->garbage != NULL) {
		shm_release_batch(vm, &vm->garbage);
		return true;
	}
	if (vm->old_lists != NULL) {
		own_put_batch(vm, &vm->old_lists);
		return true;
	}
	if (vm->calls != NULL) {
		release_first_call(vm);
		return true;
	}
	return release_next_bucket(vm) || release_spare(vm);
}

enum med_result med_vm_destroy_step(struct med_vm *vm, struct med_counters *left)
{
	if (!vm_is_quiet(vm))
		return MED_AGAIN;
	if (!vm->tee_forgot) {
		uint32_t status = tee_vm_destroyed(vm->host, vm->id);

		if (status == SMC_EBUSY)
			return MED_AGAIN;
		if (status != SMC_OK)
			return MED_STUCK;
		vm->tee_forgot = true;
	}
	while (release_batch(vm)) {
		if (vm->host->preempt_pending())
			return MED_AGAIN;
	}
	if (left != NULL)
		med_vm_counters(vm, left);
	vm_free(vm);
	return MED_DONE;
}
