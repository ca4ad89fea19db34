/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A yielding call as a state machine that can pause wherever its work is long:
 *
 *   call_start ─▶ TRANSLATE ─▶ ENTER ─▶ (TEE) ─▶ RETURNED ─┬─ RPC ──────▶ SHOW ─▶ guest
 *                     │          ▲                         │                        │
 *                     │          ├─── cannot be delivered ─┘                        │
 *                     │          └────────────── ANSWER ◀──────────── call_resume ◀─┘
 *                     └─ refused ─▶ END ◀─── final value ── RETURNED
 *
 * RELEASE comes before any of ENTER, SHOW and END when something is to be unpinned. Pausing keeps
 * the call in the vCPU (struct med_vcpu) until med_handle() is called again. A dying VM pauses at
 * the next step for ever: med_vm_destroy_step() frees a call in whatever step it is.
 */
#include "internal.h"

#include <string.h>

static void call_go(struct med_call *call, enum med_step step)
{
	call->step = step;
	if (call->garbage != NULL || call->old_lists != NULL) {
		call->after_release = step;
		call->step = STEP_RELEASE;
	}
}

static void call_end(struct med_call *call, uint32_t a0)
{
	call->answer = a0;
	own_splice(&call->lists, &call->old_lists);
	own_splice(&call->answer_lists, &call->old_lists);
	call_go(call, STEP_END);
}

/* What the call made for its own use and nobody knows yet, or any more. */
static void drop_unpublished(struct med_call *call)
{
	struct med_vm *vm = call->vm;

	if (call->walk.buffer != NULL)
		walk_abandon(vm, &call->walk, &call->garbage);
	own_splice(&call->walk.lists, &call->old_lists);
	if (call->registering != NULL)
		shm_forget(vm, call->registering, &call->garbage);
	call->registering = NULL;
	while (call->temporaries != NULL) {
		struct med_buffer *buffer = call->temporaries;

		call->temporaries = buffer->next;
		shm_forget(vm, buffer, &call->garbage);
	}
}

static void step_translate(struct med_call *call, bool *pause)
{
	TEE_Result result = TEE_ERROR_GENERIC;

	*pause = true;
	switch (message_translate(call, &result)) {
	case WALK_DONE:
		*pause = false;
		call->step = STEP_ENTER;
		break;
	case WALK_MORE:
		break;
	default:
		drop_unpublished(call);
		call_end(call, message_refuse(call, result));
	}
}

static void step_enter(struct med_call *call)
{
	uint64_t regs[8] = {call->to_tee[0],
			    call->to_tee[1],
			    call->to_tee[2],
			    call->to_tee[3],
			    call->to_tee[4],
			    call->to_tee[5],
			    0,
			    call->vm->id};

	call_set_phase(call, MED_PHASE_RUNNING);
	call->vm->host->smc(regs);
	call_set_phase(call, MED_PHASE_FINISHING);
	for (uint32_t i = 0; i < 4; i++)
		call->from_tee[i] = (uint32_t)regs[i];
	call->step = STEP_RETURNED;
}

/*
 * The TEE has answered. What it knows of memory changes first, then the guest sees the result, then
 * pages are unpinned. Success needs a0 = 0 and a result that the TEE wrote (NW-175).
 */
static void call_finish(struct med_call *call)
{
	uint32_t a0 = call->from_tee[0];
	TEE_Result result = TEE_ERROR_GENERIC;

	if (a0 == SMC_OK)
		result = message_result(call);
	if (result == TEE_SUCCESS && call->registering != NULL) {
		shm_publish(call->vm, call->registering);
		call->registering = NULL;
	}
	if (call->leaving != NULL) {
		if (result == TEE_SUCCESS)
			shm_forget(call->vm, call->leaving, &call->garbage);
		else
			shm_publish(call->vm, call->leaving);
		call->leaving = NULL;
	}
	drop_unpublished(call);
	if (a0 == SMC_OK)
		a0 = message_copy_back(call, result);
	call_end(call, a0);
}

static bool is_rpc(uint32_t a0)
{
	return (a0 & SMC_RPC_PREFIX) == SMC_RPC_PREFIX && a0 != SMC_UNKNOWN_FUNCTION;
}

/* Back to the TEE with the error that is preset in the message of the RPC (NW-183). */
static void call_return_rpc(struct med_call *call)
{
	rpc_drop_buffer(call);
	rpc_set_resume(call);
	call_go(call, STEP_ENTER);
}

/*
 * The TEE names a call in a way that cannot be told from another. It stays as it is until the VM
 * ends, because the TEE may still use what it was given.
 */
static void call_lose(struct med_call *call)
{
	struct med_vm *vm = call->vm;

	vm_lock(vm);
	call_set_phase(call, MED_PHASE_LOST);
	vm->in_flight--;
	vm->lost++;
	call->busy = false;
	vm_unlock(vm);
}

static bool step_returned(struct med_call *call, bool *pause, uint64_t regs[8])
{
	if (!is_rpc(call->from_tee[0])) {
		call_finish(call);
		return false;
	}
	switch (rpc_latch(call)) {
	case RPC_SHOW:
		call_go(call, STEP_SHOW);
		return false;
	case RPC_RESUME:
		call_return_rpc(call);
		/* A TEE could do this for ever. */
		*pause = true;
		return false;
	default:
		call_lose(call);
		regs_answer(regs, SMC_ENOTAVAIL, 0, 0, 0);
		return true;
	}
}

static void step_answer(struct med_call *call, bool *pause)
{
	call_go(call, rpc_answer_walk(call, pause));
}

static void step_release(struct med_call *call, bool *pause)
{
	bool more;

	if (call->garbage != NULL)
		more = shm_release_batch(call->vm, &call->garbage);
	else
		more = own_put_batch(call->vm, &call->old_lists);
	*pause = more;
	if (!more && call->old_lists == NULL)
		call->step = call->after_release;
}

/*
 * Shows the RPC to the guest. From the moment the call is among the suspended ones another vCPU may
 * have it, so that comes last.
 */
static bool step_show(struct med_call *call, bool *pause, struct med_vcpu *vcpu, uint64_t regs[8])
{
	const struct med_rpc *rpc = &call->rpc;
	struct med_vm *vm = call->vm;

	if (!rpc_present(call)) {
		call_return_rpc(call);
		*pause = true;
		return false;
	}
	call->node.key = rpc->thread_id;
	vm_lock(vm);
	if (med_map_find(&vm->suspended, rpc->thread_id) != NULL) {
		vm_unlock(vm);
		call_lose(call);
		regs_answer(regs, SMC_ENOTAVAIL, 0, 0, 0);
		return true;
	}
	regs_answer(regs, rpc->function, rpc->a1, rpc->a2, rpc->thread_id);
	call_set_phase(call, MED_PHASE_SUSPENDED);
	call_describe(call, &vcpu->last);
	med_map_insert(&vm->suspended, &call->node);
	call->busy = false;
	vm_unlock(vm);
	return true;
}

/* Gives the slot back; the guest can start another call the moment it sees the answer. */
static bool step_end(struct med_call *call, uint64_t regs[8])
{
	struct med_vm *vm = call->vm;

	if (call->message_pinned)
		vm->host->page_unpin(vm->cookie, call->message.pa[0]);
	call->message_pinned = false;
	memset(call->shadow->page.va, 0, call->shadow->used);
	call->shadow->used = 0;

	vm_lock(vm);
	if (call->message_buffer != NULL) {
		bool was_last = shm_drop_locked(call->message_buffer, &call->garbage);

		call->message_buffer = NULL;
		if (was_last) {
			vm_unlock(vm);
			call_go(call, STEP_END);
			return false;
		}
	}
	regs_answer(regs, call->answer, 0, 0, 0);
	call_set_phase(call, MED_PHASE_NONE);
	call->busy = false;
	vm->in_flight--;
	call->free_next = vm->free_calls;
	vm->free_calls = call;
	vm_unlock(vm);
	return true;
}

static enum med_result call_pause(struct med_call *call, struct med_vcpu *vcpu)
{
	vcpu->call = call;
	__atomic_store_n(&call->busy, false, __ATOMIC_RELEASE);
	return MED_AGAIN;
}

/* Runs the call until the guest is to see something, or it is time to let others run. */
static enum med_result call_run(struct med_call *call, struct med_vcpu *vcpu, uint64_t regs[8])
{
	const struct med_host *host = call->vm->host;

	for (;;) {
		bool pause = false;
		bool done = false;

		if (vm_is_dying(call->vm))
			return call_pause(call, vcpu);
		switch (call->step) {
		case STEP_TRANSLATE:
			step_translate(call, &pause);
			break;
		case STEP_ENTER:
			step_enter(call);
			break;
		case STEP_RETURNED:
			done = step_returned(call, &pause, regs);
			break;
		case STEP_ANSWER:
			step_answer(call, &pause);
			break;
		case STEP_RELEASE:
			step_release(call, &pause);
			break;
		case STEP_SHOW:
			done = step_show(call, &pause, vcpu, regs);
			break;
		case STEP_END:
			done = step_end(call, regs);
			break;
		}
		if (done)
			return MED_DONE;
		if (pause && host->preempt_pending())
			return call_pause(call, vcpu);
	}
}

/* A slot that was never used, with a shadow page of its own; NULL when there is no memory. */
static struct med_call *slot_make(struct med_vm *vm)
{
	struct med_call *call = vm->host->mem_alloc(sizeof(*call));

	_Static_assert(sizeof(struct med_call) <= MED_MEM_MAX, "a slot is one block");
	if (call == NULL)
		return NULL;
	memset(call, 0, sizeof(*call));
	call->vm = vm;
	call->shadow = own_get(vm);
	if (call->shadow == NULL) {
		vm->host->mem_free(call, sizeof(*call));
		return NULL;
	}
	return call;
}

/* Marks a slot as used; with REGD_ARG takes a reference to the buffer that holds the message. */
static void slot_claim_locked(struct med_vm *vm, struct med_call *call, const uint32_t guest[8])
{
	call->busy = true;
	call_set_phase(call, MED_PHASE_PREPARING);
	if (guest[0] != SMC_CALL_WITH_REGD_ARG)
		return;
	call->message_buffer = shm_find_locked(vm, BUFFER_REGISTERED, pair(guest[1], guest[2]));
	if (call->message_buffer != NULL)
		call->message_buffer->references++;
}

/* The first calls of a VM bring their slots with them. */
static struct med_call *slot_add(struct med_vm *vm, const uint32_t guest[8])
{
	struct med_call *call = slot_make(vm);

	vm_lock(vm);
	vm->visitors--;
	if (call == NULL) {
		vm->slot_count--;
		vm->in_flight--;
	} else {
		call->all_next = vm->calls;
		vm->calls = call;
		slot_claim_locked(vm, call, guest);
	}
	vm_unlock(vm);
	return call;
}

/*
 * A slot for a new call, or NULL and in @status a0 for the guest. ETHREAD_LIMIT makes a guest wait
 * for the end of another of its calls, so it is no answer when there is none.
 */
static struct med_call *slot_take(struct med_vm *vm, const uint32_t guest[8], uint32_t *status)
{
	struct med_call *call;
	bool add = false;

	vm_lock(vm);
	call = vm->free_calls;
	*status = vm->in_flight != 0 ? SMC_ETHREAD_LIMIT : SMC_ENOTAVAIL;
	if (vm->dying || vm->in_flight + vm->lost >= vm->call_limit) {
		call = NULL;
	} else if (call != NULL) {
		vm->free_calls = call->free_next;
		vm->in_flight++;
		slot_claim_locked(vm, call, guest);
	} else {
		add = true;
		vm->visitors++;
		vm->slot_count++;
		vm->in_flight++;
		*status = SMC_ENOMEM;
	}
	vm_unlock(vm);
	return add ? slot_add(vm, guest) : call;
}

/* Fetches and decodes; what is refused here leaves nothing but the slot to give back. */
static void call_prepare(struct med_call *call, const uint32_t guest[8])
{
	uint64_t shadow_pa = call->shadow->page.pa;
	TEE_Result result;
	bool has_lists;
	uint32_t status;

	call->function = guest[0];
	call->appended = guest[0] != SMC_CALL_WITH_ARG;
	/* The TEE never needs to know where in registered memory a message lay. */
	call->to_tee[0] = call->appended ? SMC_CALL_WITH_RPC_ARG : SMC_CALL_WITH_ARG;
	call->to_tee[1] = (uint32_t)(shadow_pa >> 32);
	call->to_tee[2] = (uint32_t)shadow_pa;
	call->to_tee[3] = 0;
	call->to_tee[4] = 0;
	call->to_tee[5] = 0;
	status = message_locate(call, guest);
	if (status == SMC_OK)
		status = message_fetch(call);
	if (status != SMC_OK) {
		call_end(call, status);
		return;
	}
	result = message_decode(call, &has_lists);
	if (result != TEE_SUCCESS)
		call_end(call, message_refuse(call, result));
	else
		call->step = has_lists ? STEP_TRANSLATE : STEP_ENTER;
}

/* A new yielding call. @guest: the low halves of the registers, function id cleaned. */
enum med_result call_start(struct med_vm *vm, struct med_vcpu *vcpu, const uint32_t guest[8],
			   uint64_t regs[8])
{
	struct med_call *call;
	uint32_t status;

	call = slot_take(vm, guest, &status);
	if (call == NULL && vm_is_dying(vm))
		return MED_AGAIN;
	if (call == NULL) {
		regs_answer(regs, status, 0, 0, 0);
		return MED_DONE;
	}
	call_prepare(call, guest);
	return call_run(call, vcpu, regs);
}

/*
 * RETURN_FROM_RPC. The call is taken out of the suspended ones before the TEE can reuse its thread
 * id (NW-182); of two vCPUs with one id the second finds nothing (NW-036).
 */
enum med_result call_resume(struct med_vm *vm, struct med_vcpu *vcpu, const uint32_t guest[8],
			    uint64_t regs[8])
{
	struct med_node *node;
	struct med_call *call;

	vm_lock(vm);
	if (vm->dying) {
		vm_unlock(vm);
		return MED_AGAIN;
	}
	node = med_map_find(&vm->suspended, guest[3]);
	if (node == NULL) {
		vm_unlock(vm);
		regs_answer(regs, SMC_ERESUME, 0, 0, 0);
		return MED_DONE;
	}
	med_map_remove(&vm->suspended, node);
	call = (struct med_call *)((uint8_t *)node - offsetof(struct med_call, node));
	call->busy = true;
	call_set_phase(call, MED_PHASE_ANSWERING);
	vm_unlock(vm);
	call_go(call, rpc_answer(call, guest));
	return call_run(call, vcpu, regs);
}

/* Goes on with the call that paused on this vCPU. */
enum med_result call_continue(struct med_vm *vm, struct med_vcpu *vcpu, uint64_t regs[8])
{
	struct med_call *call = vcpu->call;

	vm_lock(vm);
	if (vm->dying) {
		vm_unlock(vm);
		return MED_AGAIN;
	}
	call->busy = true;
	vm_unlock(vm);
	vcpu->call = NULL;
	return call_run(call, vcpu, regs);
}

/* What can be told of a call; by its vCPU, or under the lock of the VM. */
void call_describe(const struct med_call *call, struct med_call_info *info)
{
	memset(info, 0, sizeof(*info));
	info->phase = (enum med_phase)__atomic_load_n(&call->phase, __ATOMIC_RELAXED);
	if (info->phase == MED_PHASE_NONE)
		return;
	info->message = __atomic_load_n(&call->cmd, __ATOMIC_RELAXED);
	if (info->phase != MED_PHASE_SUSPENDED)
		return;
	info->function = call->rpc.function;
	info->thread_id = call->rpc.thread_id;
	if (info->function == SMC_RPC_CMD) {
		info->rpc_command = call->rpc.header.cmd;
		if (call->rpc.header.num_params != 0)
			info->rpc_detail = (uint32_t)call->rpc.params[0].u.value.a;
	}
}

/*
 * For the end of the VM: everything that the call holds goes to its garbage and its old lists, in
 * whatever step it is. Nobody works at it, and the TEE has forgotten the VM.
 */
void call_strip(struct med_call *call)
{
	struct med_vm *vm = call->vm;

	drop_unpublished(call);
	rpc_drop_buffer(call);
	if (call->message_pinned)
		vm->host->page_unpin(vm->cookie, call->message.pa[0]);
	call->message_pinned = false;
	if (call->message_buffer != NULL)
		shm_drop(vm, call->message_buffer, &call->garbage);
	call->message_buffer = NULL;
	/* What is leaving still has its name; it goes with the other names. */
	call->leaving = NULL;
	own_splice(&call->lists, &call->old_lists);
	own_splice(&call->answer_lists, &call->old_lists);
}

/* After call_strip(). */
void call_free(struct med_call *call)
{
	struct med_vm *vm = call->vm;

	own_put(vm, call->shadow);
	vm->host->mem_free(call, sizeof(*call));
}
