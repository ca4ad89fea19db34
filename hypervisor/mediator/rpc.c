/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way of an RPC through the mediator:
 *
 *   rpc_latch()    the TEE has returned with an RPC: copy what it asks, forget what it gives back
 *   rpc_present()  the guest is about to see it: write the message into its memory
 *   rpc_answer()   the guest came back: take only the outputs of what was latched
 *
 * A buffer that the TEE frees is forgotten in rpc_latch(), that is before the guest can reuse its
 * name (NW-080, NW-179, NW-181). An RPC that makes no sense goes back to the TEE with the error
 * that was preset in its message (NW-183); among these are cookies that this VM never gave: the
 * guest's driver would take them for pointers.
 */
#include "internal.h"

/* The RPC message where the TEE reads and writes it. */
static struct msg_header *rpc_shadow(const struct med_call *call)
{
	if (call->appended)
		return (struct msg_header *)((uint8_t *)call->shadow->page.va +
					     MSG_SIZE(call->num_params));
	return call->rpc_buffer->shadow->page.va;
}

static struct msg_param *rpc_shadow_params(const struct med_call *call)
{
	return (struct msg_param *)(rpc_shadow(call) + 1);
}

/* The RPC message where the guest reads and writes it. */
static void rpc_window_open(const struct med_call *call, struct med_window *window)
{
	struct med_place place = call->message;

	if (call->appended) {
		place_advance(&place, MSG_SIZE(call->num_params));
	} else {
		place.pa[0] = shm_page(call->rpc_buffer, 0);
		place.offset = 0;
	}
	window_open(window, call->vm->host, &place, MSG_RPC_SIZE);
}

static bool rpc_is_reachable(const struct med_call *call)
{
	if (call->appended)
		return message_is_reachable(call);
	return __atomic_load_n(&call->rpc_buffer->state, __ATOMIC_RELAXED) != BUFFER_GONE;
}

void rpc_drop_buffer(struct med_call *call)
{
	if (call->rpc_buffer != NULL)
		shm_drop(call->vm, call->rpc_buffer, &call->garbage);
	call->rpc_buffer = NULL;
}

/* The registers for a resume that carries nothing but the thread id (NW-176). */
void rpc_set_resume(struct med_call *call)
{
	call->to_tee[0] = SMC_RETURN_FROM_RPC;
	call->to_tee[1] = 0;
	call->to_tee[2] = 0;
	call->to_tee[3] = call->rpc.thread_id;
	call->to_tee[4] = 0;
	call->to_tee[5] = 0;
}

static bool is_null_memory(const struct msg_param *param)
{
	return param->u.tmem.buf_ptr == 0;
}

/* Latches types; false for what must not reach a guest: an address, an unknown type (NW-192). */
static bool latch_params(struct med_rpc *rpc)
{
	for (uint32_t i = 0; i < rpc->header.num_params; i++) {
		struct msg_param *param = &rpc->params[i];

		switch (param->attr) {
		case MSG_ATTR_NONE:
		case MSG_ATTR_VALUE_IN:
		case MSG_ATTR_VALUE_OUT:
		case MSG_ATTR_VALUE_INOUT:
		case MSG_ATTR_RMEM_IN:
		case MSG_ATTR_RMEM_OUT:
		case MSG_ATTR_RMEM_INOUT:
			break;
		case MSG_ATTR_TMEM_IN:
		case MSG_ATTR_TMEM_OUT:
		case MSG_ATTR_TMEM_INOUT:
			if (!is_null_memory(param))
				return false;
			break;
		default:
			return false;
		}
		rpc->types[i] = param->attr & MSG_ATTR_TYPE_MASK;
	}
	return true;
}

static bool is_shm_request(const struct med_rpc *rpc)
{
	return rpc->header.num_params == 1 && rpc->params[0].attr == MSG_ATTR_VALUE_IN;
}

/* Forgets the named buffer and drops the reference of its name; false if this VM has none. */
static bool forget_named(struct med_call *call, enum med_buffer_kind kind, uint64_t cookie)
{
	struct med_buffer *buffer = shm_take_name(call->vm, kind, cookie);

	if (buffer == NULL)
		return false;
	shm_drop(call->vm, buffer, &call->garbage);
	return true;
}

/* Copies the message of a CMD and presets its result, for the guest and for the TEE (NW-100). */
static bool latch_message(struct med_call *call)
{
	volatile struct msg_header *from = rpc_shadow(call);
	const volatile struct msg_param *params = rpc_shadow_params(call);
	struct med_rpc *rpc = &call->rpc;

	from->ret = TEE_ERROR_GENERIC;
	rpc->header = *from;
	rpc->header.ret = TEE_ERROR_GENERIC;
	if (rpc->header.num_params > MSG_RPC_MAX_PARAMS)
		return false;
	for (uint32_t i = 0; i < rpc->header.num_params; i++)
		rpc->params[i] = params[i];
	return latch_params(rpc);
}

static enum rpc_delivery latch_command(struct med_call *call)
{
	struct med_rpc *rpc = &call->rpc;

	if (!latch_message(call))
		return RPC_RESUME;
	switch (rpc->header.cmd) {
	case RPC_CMD_SHM_ALLOC:
		/* The TEE has read the list of the last one by now. */
		own_splice(&call->answer_lists, &call->old_lists);
		return is_shm_request(rpc) ? RPC_SHOW : RPC_RESUME;
	case RPC_CMD_SHM_FREE:
		if (is_shm_request(rpc) &&
		    forget_named(call, BUFFER_PAYLOAD, rpc->params[0].u.value.b))
			return RPC_SHOW;
		return RPC_RESUME;
	default:
		return RPC_SHOW;
	}
}

/* Finds the message of a CMD by what the TEE said: it follows the main one, or lies in the RPC
 * buffer of that name. */
static enum rpc_delivery latch_cmd(struct med_call *call)
{
	struct med_vm *vm = call->vm;
	struct med_rpc *rpc = &call->rpc;

	if (call->appended) {
		rpc->a1 = 0;
		rpc->a2 = 0;
		return latch_command(call);
	}
	vm_lock(vm);
	call->rpc_buffer = shm_find_locked(vm, BUFFER_RPC, pair(rpc->a1, rpc->a2));
	if (call->rpc_buffer != NULL)
		call->rpc_buffer->references++;
	vm_unlock(vm);
	if (call->rpc_buffer == NULL)
		return RPC_RESUME;
	return latch_command(call);
}

/* The TEE has returned with an RPC (call->from_tee). What it gives back goes to call->garbage. */
enum rpc_delivery rpc_latch(struct med_call *call)
{
	struct med_rpc *rpc = &call->rpc;

	rpc->function = call->from_tee[0];
	rpc->a1 = call->from_tee[1];
	rpc->a2 = call->from_tee[2];
	rpc->thread_id = call->from_tee[3];
	rpc->own_free = false;
	if (rpc->thread_id > SMC_THREAD_ID_MAX)
		return RPC_BROKEN;
	switch (rpc->function) {
	case SMC_RPC_ALLOC:
		rpc->a2 = 0;
		return rpc->a1 <= MSG_PAGE_SIZE ? RPC_SHOW : RPC_RESUME;
	case SMC_RPC_FREE:
		return forget_named(call, BUFFER_RPC, pair(rpc->a1, rpc->a2)) ? RPC_SHOW
									      : RPC_RESUME;
	case SMC_RPC_FOREIGN_INTR:
		rpc->a1 = 0;
		rpc->a2 = 0;
		return RPC_SHOW;
	case SMC_RPC_CMD:
		return latch_cmd(call);
	default:
		return RPC_SHOW;
	}
}

/* Puts a SHM_FREE of our own in the place of the command that the guest has answered. */
static void make_own_free(struct med_rpc *rpc)
{
	uint64_t type = rpc->params[0].u.value.a;

	rpc->header.cmd = RPC_CMD_SHM_FREE;
	rpc->header.ret = TEE_ERROR_GENERIC;
	rpc->header.num_params = 1;
	rpc->params[0].attr = MSG_ATTR_VALUE_IN;
	rpc->params[0].u.value.a = type;
	rpc->params[0].u.value.b = rpc->free_cookie;
	rpc->params[0].u.value.c = 0;
}

/*
 * Writes the message of a CMD to where the guest will look for it; nothing to do for other
 * functions. False if the guest has taken that memory away.
 */
bool rpc_present(struct med_call *call)
{
	const struct med_rpc *rpc = &call->rpc;
	struct med_window window;

	if (rpc->function != SMC_RPC_CMD)
		return true;
	if (!rpc_is_reachable(call))
		return false;
	rpc_window_open(call, &window);
	window_write(&window, 0, &rpc->header, sizeof(rpc->header));
	window_write(&window, sizeof(rpc->header), rpc->params,
		     rpc->header.num_params * sizeof(rpc->params[0]));
	window_close(&window);
	return true;
}

/*
 * The page that the guest offers as RPC message buffer: pinned under its name, with a page of ours
 * for the TEE. NULL if it cannot be one (NW-180).
 */
static struct med_buffer *rpc_buffer_create(struct med_call *call, uint64_t ipa, uint64_t cookie)
{
	struct med_vm *vm = call->vm;
	struct med_buffer *buffer;
	uint64_t pa;

	if (shm_create(vm, BUFFER_RPC, cookie, 0, MSG_PAGE_SIZE, &buffer) != TEE_SUCCESS)
		return NULL;
	if (guest_page_pin(vm, ipa, &pa)) {
		if (shm_add_page(vm, buffer, pa)) {
			buffer->shadow = own_get(vm);
			if (buffer->shadow != NULL)
				return buffer;
		} else {
			vm->host->page_unpin(vm->cookie, pa);
		}
	}
	shm_forget(vm, buffer, &call->garbage);
	return NULL;
}

static enum med_step answer_alloc(struct med_call *call, const uint32_t guest[8])
{
	uint64_t cookie = pair(guest[4], guest[5]);
	struct med_buffer *buffer = rpc_buffer_create(call, pair(guest[1], guest[2]), cookie);

	if (buffer == NULL)
		return STEP_ENTER;
	buffer->shadow->used = MSG_RPC_SIZE;
	call->to_tee[1] = (uint32_t)(buffer->shadow->page.pa >> 32);
	call->to_tee[2] = (uint32_t)buffer->shadow->page.pa;
	call->to_tee[4] = guest[4];
	call->to_tee[5] = guest[5];
	shm_publish(call->vm, buffer);
	return STEP_ENTER;
}

/* Takes the declared outputs of one parameter from the guest's message. */
static void param_take(const struct med_window *window, uint32_t index,
		       volatile struct msg_param *to, uint8_t type)
{
	uint32_t offset = MSG_SIZE(index) + offsetof(struct msg_param, u);
	uint64_t size;

	if (type == MSG_ATTR_VALUE_OUT || type == MSG_ATTR_VALUE_INOUT) {
		struct msg_value value;

		window_read(window, offset, &value, sizeof(value));
		to->u.value.a = value.a;
		to->u.value.b = value.b;
		to->u.value.c = value.c;
	} else {
		window_read(window, offset + offsetof(struct msg_tmem, size), &size, sizeof(size));
		to->u.tmem.size = size;
	}
}

static void answer_outputs(struct med_call *call, const struct med_window *window,
			   const struct msg_header *answer)
{
	const struct med_rpc *rpc = &call->rpc;
	volatile struct msg_header *to = rpc_shadow(call);
	volatile struct msg_param *params = rpc_shadow_params(call);

	for (uint32_t i = 0; i < rpc->header.num_params; i++) {
		/* bit 1 of every output type, and of no other */
		if ((rpc->types[i] & MSG_ATTR_VALUE_OUT) != 0)
			param_take(window, i, &params[i], rpc->types[i]);
	}
	to->ret_origin = answer->ret_origin;
	to->ret = answer->ret;
}

/* The guest gets back what it allocated and we cannot use; the TEE is told that it failed. */
static enum med_step refuse_allocation(struct med_call *call, uint64_t cookie)
{
	if (cookie == 0) {
		rpc_drop_buffer(call);
		return STEP_ENTER;
	}
	call->rpc.own_free = true;
	call->rpc.free_cookie = cookie;
	make_own_free(&call->rpc);
	return STEP_SHOW;
}

/* Only a page list is an answer to SHM_ALLOC; anything else is a failure for the TEE (NW-177). */
static enum med_step answer_shm_alloc(struct med_call *call, const struct msg_param *param)
{
	if (param->attr != MSG_ATTR_SHM_LIST) {
		rpc_drop_buffer(call);
		return STEP_ENTER;
	}
	if (walk_begin(call->vm, &call->walk, BUFFER_PAYLOAD, &param->u.tmem) != TEE_SUCCESS)
		return refuse_allocation(call, param->u.tmem.shm_ref);
	return STEP_ANSWER;
}

static enum med_step answer_cmd(struct med_call *call)
{
	const struct med_rpc *rpc = &call->rpc;
	struct msg_header answer;
	struct msg_param param;
	struct med_window window;

	if (rpc->own_free || !rpc_is_reachable(call)) {
		rpc_drop_buffer(call);
		return STEP_ENTER;
	}
	rpc_window_open(call, &window);
	window_read(&window, 0, &answer, sizeof(answer));
	if (rpc->header.cmd == RPC_CMD_SHM_ALLOC && answer.ret == TEE_SUCCESS) {
		window_read(&window, sizeof(answer), &param, sizeof(param));
		window_close(&window);
		return answer_shm_alloc(call, &param);
	}
	answer_outputs(call, &window, &answer);
	window_close(&window);
	rpc_drop_buffer(call);
	return STEP_ENTER;
}

/*
 * The guest has come back with an RPC: prepares the resume of the TEE in call->to_tee and says what
 * comes before it. The guest's registers count for ALLOC only.
 */
enum med_step rpc_answer(struct med_call *call, const uint32_t guest[8])
{
	rpc_set_resume(call);
	if (call->rpc.function == SMC_RPC_ALLOC)
		return answer_alloc(call, guest);
	if (call->rpc.function == SMC_RPC_CMD)
		return answer_cmd(call);
	return STEP_ENTER;
}

/* One batch of an allocated buffer's list; @pause: time to look at preempt_pending(). */
enum med_step rpc_answer_walk(struct med_call *call, bool *pause)
{
	struct med_walk *walk = &call->walk;
	volatile struct msg_header *to = rpc_shadow(call);
	volatile struct msg_param *param = rpc_shadow_params(call);
	uint64_t cookie = walk->buffer->node.key;
	enum med_walk_result walked = walk_batch(call->vm, walk);

	*pause = true;
	if (walked == WALK_MORE)
		return STEP_ANSWER;
	if (walked != WALK_DONE) {
		walk_abandon(call->vm, walk, &call->garbage);
		own_splice(&walk->lists, &call->old_lists);
		return refuse_allocation(call, cookie);
	}
	param->attr = MSG_ATTR_SHM_LIST;
	param->u.tmem.buf_ptr = walk->lists->page.pa | walk->buffer->offset;
	param->u.tmem.size = walk->buffer->size;
	param->u.tmem.shm_ref = cookie;
	own_splice(&walk->lists, &call->answer_lists);
	shm_publish(call->vm, walk->buffer);
	walk->buffer = NULL;
	to->ret = TEE_SUCCESS;
	rpc_drop_buffer(call);
	return STEP_ENTER;
}
