/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The main message of a yielding call: fetched once into a page of ours (the shadow), decoded and
 * translated there, and the outputs of the TEE copied back, as the types latched at the start say.
 */
#include "internal.h"

static struct msg_header *shadow_header(const struct med_call *call)
{
	return call->shadow->page.va;
}

static struct msg_param *shadow_params(const struct med_call *call)
{
	return (struct msg_param *)(shadow_header(call) + 1);
}

/* Pins the page of a CALL_WITH_ARG or CALL_WITH_RPC_ARG message until the call ends. */
static uint32_t locate_page(struct med_call *call, uint64_t ipa)
{
	uint64_t pa;

	if (!guest_page_pin(call->vm, ipa, &pa))
		return SMC_EBADADDR;
	call->message_pinned = true;
	call->message.pa[0] = pa;
	call->message.pa[1] = 0;
	call->message.offset = 0;
	call->room = MSG_PAGE_SIZE;
	return SMC_OK;
}

/* A CALL_WITH_REGD_ARG message lies @offset bytes into the referenced call->message_buffer. */
static uint32_t locate_in_buffer(struct med_call *call, uint32_t offset)
{
	const struct med_buffer *buffer = call->message_buffer;
	uint64_t start, index, room;

	if (buffer == NULL || offset >= buffer->size)
		return SMC_EBADADDR;
	start = (uint64_t)buffer->offset + offset;
	if (offset % sizeof(uint64_t) != 0 || start % sizeof(uint64_t) != 0)
		return SMC_EBADADDR;
	room = buffer->size - offset;
	index = start / MSG_PAGE_SIZE;
	call->message.pa[0] = shm_page(buffer, (uint32_t)index);
	call->message.pa[1] = 0;
	if (index + 1 < buffer->page_count)
		call->message.pa[1] = shm_page(buffer, (uint32_t)index + 1);
	call->message.offset = start % MSG_PAGE_SIZE;
	call->room = room < MSG_PAGE_SIZE ? (uint32_t)room : MSG_PAGE_SIZE;
	return SMC_OK;
}

/* Finds the message of a new call; the answer is a0 for the guest (NW-030, NW-033). */
uint32_t message_locate(struct med_call *call, const uint32_t guest[8])
{
	if (call->function == SMC_CALL_WITH_REGD_ARG)
		return locate_in_buffer(call, guest[3]);
	return locate_page(call, pair(guest[1], guest[2]));
}

/* The two commands of notifications are the last ones (NW-132). */
static uint32_t last_command(const struct med_vm *vm)
{
	return vm->notifications ? MSG_CMD_STOP_ASYNC_NOTIF : MSG_CMD_UNREGISTER_SHM;
}

/*
 * Copies header and parameters into the shadow and latches what is decided from them. num_params is
 * read once (NW-031, NW-032); only that much is copied. The answer is a0 for the guest; on failure
 * its message is untouched (NW-070, NW-191).
 */
uint32_t message_fetch(struct med_call *call)
{
	struct msg_header *header = shadow_header(call);
	uint32_t status = SMC_EBADADDR;
	uint32_t used = sizeof(*header);
	struct med_window window;

	if (call->room < sizeof(*header))
		return SMC_EBADADDR;
	window_open(&window, call->vm->host, &call->message, call->room);
	call->shadow->used = used;
	window_read(&window, 0, header, sizeof(*header));
	__atomic_store_n(&call->cmd, header->cmd, __ATOMIC_RELAXED);
	call->num_params = header->num_params;
	if (call->num_params <= MSG_MAX_PARAMS) {
		used = MSG_SIZE(call->num_params) + (call->appended ? MSG_RPC_SIZE : 0);
		if (used <= call->room) {
			call->shadow->used = used;
			window_read(&window, sizeof(*header), shadow_params(call),
				    call->num_params * sizeof(struct msg_param));
			status = SMC_OK;
		}
	}
	window_close(&window);
	if (status == SMC_OK && call->cmd > last_command(call->vm))
		status = SMC_EBADCMD;
	/* A call that the TEE never wrote to must not look successful (NW-175). */
	header->ret = TEE_ERROR_GENERIC;
	header->ret_origin = TEE_ORIGIN_COMMS;
	return status;
}

static bool takes_memory(uint32_t cmd)
{
	return cmd == MSG_CMD_OPEN_SESSION || cmd == MSG_CMD_INVOKE_COMMAND;
}

/* Bit 1 is in every output type, and in no other. */
static bool is_output(uint8_t type)
{
	return (type & MSG_ATTR_VALUE_OUT) != 0;
}

/* One parameter of a call other than (UN)REGISTER_SHM (NW-083, NW-173). */
static TEE_Result param_decode(struct med_call *call, struct msg_param *param, bool *has_lists)
{
	switch (param->attr) {
	case MSG_ATTR_VALUE_IN:
	case MSG_ATTR_VALUE_OUT:
	case MSG_ATTR_VALUE_INOUT:
		return TEE_SUCCESS;
	case MSG_ATTR_META_VALUE_IN:
		return call->cmd == MSG_CMD_OPEN_SESSION ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS;
	case MSG_ATTR_RMEM_IN:
	case MSG_ATTR_RMEM_OUT:
	case MSG_ATTR_RMEM_INOUT:
		/* What the guest names must be a name that a guest can give (NW-078). */
		return cookie_is_usable(param->u.rmem.shm_ref) ? TEE_SUCCESS
							       : TEE_ERROR_BAD_PARAMETERS;
	case MSG_ATTR_TMEM_IN:
	case MSG_ATTR_TMEM_OUT:
	case MSG_ATTR_TMEM_INOUT:
		if (param->u.tmem.buf_ptr != 0)
			return TEE_ERROR_BAD_PARAMETERS;
		param->u.tmem.size = 0;
		param->u.tmem.shm_ref = 0;
		return TEE_SUCCESS;
	case MSG_ATTR_TMEM_IN | MSG_ATTR_NONCONTIG:
	case MSG_ATTR_TMEM_OUT | MSG_ATTR_NONCONTIG:
	case MSG_ATTR_TMEM_INOUT | MSG_ATTR_NONCONTIG:
		*has_lists = true;
		return takes_memory(call->cmd) ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS;
	default:
		return TEE_ERROR_BAD_PARAMETERS;
	}
}

/*
 * Only one UNREGISTER_SHM of a name is let through, and only for what REGISTER_SHM made: so what
 * the TEE forgets is what we forget (NW-174).
 */
static TEE_Result decode_unregister(struct med_call *call)
{
	const struct msg_param *param = shadow_params(call);

	if (call->num_params != 1 || param->attr != MSG_ATTR_RMEM_IN)
		return TEE_ERROR_BAD_PARAMETERS;
	call->leaving = shm_leave(call->vm, param->u.rmem.shm_ref);
	return call->leaving != NULL ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS;
}

/*
 * Checks all parameters and latches their types; nothing is pinned yet. @has_lists: whether there
 * is something for message_translate() to do.
 */
TEE_Result message_decode(struct med_call *call, bool *has_lists)
{
	struct msg_param *params = shadow_params(call);

	*has_lists = false;
	call->next_param = 0;
	if (call->cmd == MSG_CMD_UNREGISTER_SHM)
		return decode_unregister(call);
	if (call->cmd == MSG_CMD_REGISTER_SHM) {
		*has_lists = true;
		if (call->num_params != 1 || params->attr != MSG_ATTR_SHM_LIST)
			return TEE_ERROR_BAD_PARAMETERS;
		return TEE_SUCCESS;
	}
	call->output_count = 0;
	for (uint32_t i = 0; i < call->num_params; i++) {
		TEE_Result result;

		call->types[i] = params[i].attr & MSG_ATTR_TYPE_MASK;
		if (params[i].attr == MSG_ATTR_NONE)
			continue;
		result = param_decode(call, &params[i], has_lists);
		if (result != TEE_SUCCESS)
			return result;
		if (is_output(call->types[i]))
			call->output_count = i + 1;
	}
	return TEE_SUCCESS;
}

/* Puts our list in the place of the guest's, and its buffer where its owner will find it. */
static void param_replace(struct med_call *call, struct msg_param *param)
{
	struct med_walk *walk = &call->walk;

	param->u.tmem.buf_ptr = walk->lists->page.pa | walk->buffer->offset;
	param->u.tmem.shm_ref = walk->buffer->node.key;
	own_splice(&walk->lists, &call->lists);
	if (walk->buffer->kind == BUFFER_REGISTERED) {
		call->registering = walk->buffer;
	} else {
		walk->buffer->next = call->temporaries;
		call->temporaries = walk->buffer;
	}
	walk->buffer = NULL;
}

/*
 * One batch of work on the page lists of the message. WALK_DONE: all are translated. WALK_MORE:
 * call again. Else *result says what to tell the guest, and call_strip()-like clean-up is the
 * caller's.
 */
enum med_walk_result message_translate(struct med_call *call, TEE_Result *result)
{
	struct msg_param *params = shadow_params(call);
	enum med_buffer_kind kind =
		call->cmd == MSG_CMD_REGISTER_SHM ? BUFFER_REGISTERED : BUFFER_TEMPORARY;
	enum med_walk_result walked;

	while (call->next_param < call->num_params &&
	       (params[call->next_param].attr & MSG_ATTR_NONCONTIG) == 0)
		call->next_param++;
	if (call->next_param == call->num_params)
		return WALK_DONE;
	if (call->walk.buffer == NULL) {
		*result = walk_begin(call->vm, &call->walk, kind, &params[call->next_param].u.tmem);
		if (*result != TEE_SUCCESS)
			return WALK_BAD;
	}
	walked = walk_batch(call->vm, &call->walk);
	*result = walked == WALK_NO_MEMORY ? TEE_ERROR_OUT_OF_MEMORY : TEE_ERROR_BAD_PARAMETERS;
	if (walked != WALK_DONE)
		return walked;
	param_replace(call, &params[call->next_param]);
	call->next_param++;
	return WALK_MORE;
}

/* False once the guest has unregistered the memory that its message lies in. */
bool message_is_reachable(const struct med_call *call)
{
	return call->message_buffer == NULL ||
	       __atomic_load_n(&call->message_buffer->state, __ATOMIC_RELAXED) != BUFFER_GONE;
}

/* Tells the guest that we refuse the call; returns a0 for it. */
uint32_t message_refuse(struct med_call *call, TEE_Result result)
{
	struct med_window window;

	if (!message_is_reachable(call))
		return SMC_EBADADDR;
	window_open(&window, call->vm->host, &call->message, sizeof(struct msg_header));
	window_put32(&window, offsetof(struct msg_header, ret), result);
	window_put32(&window, offsetof(struct msg_header, ret_origin), TEE_ORIGIN_COMMS);
	window_close(&window);
	return SMC_OK;
}

/* What the TEE left in `ret`; read once, decisions and copy-back use the same sample. */
TEE_Result message_result(const struct med_call *call)
{
	return *(const volatile uint32_t *)&shadow_header(call)->ret;
}

static void param_copy_back(const struct med_window *window, uint32_t offset,
			    const volatile struct msg_param *param, uint8_t type)
{
	offset += offsetof(struct msg_param, u);
	if (type == MSG_ATTR_VALUE_OUT || type == MSG_ATTR_VALUE_INOUT) {
		window_put64(window, offset, param->u.value.a);
		window_put64(window, offset + 8, param->u.value.b);
		window_put64(window, offset + 16, param->u.value.c);
	} else {
		window_put64(window, offset + offsetof(struct msg_tmem, size), param->u.tmem.size);
	}
}

/*
 * Copies the outputs of a call that the TEE ended with a0 = 0 to the guest: result, session of
 * OPEN_SESSION, and the outputs of the parameters as latched. Nothing else, and never an address
 * (NW-082, NW-172). Returns a0 for the guest.
 */
uint32_t message_copy_back(struct med_call *call, TEE_Result result)
{
	const volatile struct msg_header *header = shadow_header(call);
	const struct msg_param *params = shadow_params(call);
	struct med_window window;

	if (!message_is_reachable(call))
		return SMC_EBADADDR;
	window_open(&window, call->vm->host, &call->message, MSG_SIZE(call->num_params));
	if (takes_memory(call->cmd)) {
		for (uint32_t i = 0; i < call->output_count; i++) {
			if (is_output(call->types[i]))
				param_copy_back(&window, MSG_SIZE(i), &params[i], call->types[i]);
		}
	}
	if (call->cmd == MSG_CMD_OPEN_SESSION)
		window_put32(&window, offsetof(struct msg_header, session), header->session);
	window_put32(&window, offsetof(struct msg_header, ret_origin), header->ret_origin);
	window_put32(&window, offsetof(struct msg_header, ret), result);
	window_close(&window);
	return SMC_OK;
}
