/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Yielding calls: the message is fetched once, decoded from the copy, acted on, and its output
 * fields are published (spec "normal-world ABI" §2 and §3).
 */
#include "abi/smc.h"
#include "kernel/call/call.h"
#include "kernel/codec/message.h"
#include "kernel/entry/entry.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace.h"
#include "kernel/notify/notify.h"
#include "kernel/platform/platform.h"
#include "kernel/ta/ta.h"

/* Where a message lies: in a registered buffer (referenced for the call's duration), or in one page
 * of the guest. */
struct place {
	struct shm *shm;
	uint64_t offset; /* in shm */
	paddr_t pa;      /* without shm */
	uint64_t room;   /* bytes from there to the end of the buffer or page */
};

static uint64_t pair(uint32_t high, uint32_t low)
{
	return (uint64_t)high << 32 | low;
}

static bool place_read(const struct place *place, uint64_t offset, void *to, size_t size)
{
	if (place->shm)
		return shm_read(place->shm, place->offset + offset, to, size);
	return arch_ns_read(to, paddr(place->pa.pa + offset), size);
}

static bool place_write(const struct place *place, uint64_t offset, const void *from, size_t size)
{
	if (place->shm)
		return shm_write(place->shm, place->offset + offset, from, size);
	return arch_ns_write(paddr(place->pa.pa + offset), from, size);
}

/* Finds the message that the registers name: SMC_OK, or what the caller gets in a0 (NW-030,
 * NW-033). */
static uint32_t locate(const struct smc_args *args, struct guest *guest, struct place *place)
{
	uint64_t where = pair(args->a[1], args->a[2]);

	*place = (struct place){0};
	if (args->a[0] != SMC_CALL_WITH_REGD_ARG) {
		place->pa = paddr(where);
		place->room = PAGE_SIZE;
		bool usable =
			where % PAGE_SIZE == 0 && platform_is_nonsecure_ram(place->pa, PAGE_SIZE);
		return usable ? SMC_OK : SMC_EBADADDR;
	}
	struct shm *shm = shm_get(guest, where);
	if (!shm)
		return SMC_EBADADDR;
	place->offset = args->a[3];
	if ((shm->offset + place->offset) % 8 || place->offset >= shm->size) {
		shm_put(shm);
		return SMC_EBADADDR;
	}
	place->shm = shm;
	place->room = shm->size - place->offset;
	return SMC_OK;
}

/* Copies the message into secure memory; num_params is read this once (NW-031, NW-032, NW-081). */
static uint32_t fetch(const struct place *place, size_t rpc_size, struct message *message)
{
	struct msg_header *header = &message->header;

	if (place->room < sizeof(*header) || !place_read(place, 0, header, sizeof(*header)))
		return SMC_EBADADDR;
	if (header->num_params > MSG_MAX_PARAMS ||
	    MSG_SIZE(header->num_params) + rpc_size > place->room)
		return SMC_EBADADDR;
	size_t kept = min(header->num_params, MESSAGE_PARAMS) * sizeof(message->params[0]);
	if (kept && !place_read(place, sizeof(*header), message->params, kept))
		return SMC_EBADADDR;
	return SMC_OK;
}

/* The RPC message lies behind the main one (NW-034). */
static void set_rpc_place(struct call *call, const struct place *place, uint32_t num_params)
{
	uint64_t offset = MSG_SIZE(num_params);
	struct call_rpc_message *rpc = &call->rpc;

	if (!place->shm) {
		rpc->first = paddr(place->pa.pa + offset);
		rpc->first_size = MSG_RPC_SIZE;
		return;
	}
	uint64_t at = place->shm->offset + place->offset + offset;
	uint32_t page = at >> PAGE_SHIFT;
	rpc->first = paddr(shm_page(place->shm, page).pa + (at & PAGE_MASK));
	rpc->first_size = min(MSG_RPC_SIZE, PAGE_SIZE - (at & PAGE_MASK));
	if (rpc->first_size < MSG_RPC_SIZE)
		rpc->second = shm_page(place->shm, page + 1);
}

/* --- parameters for an app
 * ---------------------------------------------------------------------------- */

static uint32_t memref_type(uint64_t attr)
{
	uint32_t type = attr & MSG_ATTR_TYPE_MASK;

	return type >= MSG_ATTR_TMEM_IN ? type - (MSG_ATTR_TMEM_IN - MSG_ATTR_RMEM_IN) : type;
}

static TEE_Result decode_rmem(const struct msg_rmem *rmem, struct ta_memref *ref)
{
	struct shm *shm = shm_get(call_guest(), rmem->shm_ref);

	if (!shm)
		return TEE_ERROR_BAD_PARAMETERS;
	if (!shm_contains(shm, rmem->offs, rmem->size)) {
		shm_put(shm);
		return TEE_ERROR_SECURITY; /* NW-084 */
	}
	*ref = (struct ta_memref){
		.shm = shm, .offset = rmem->offs, .size = rmem->size, .room = rmem->size};
	return TEE_SUCCESS;
}

/* A NULL reference (NW-085), or a page list that lives for this call. A contiguous one would need a
 * reserved pool. */
static TEE_Result decode_tmem(uint64_t attr, const struct msg_tmem *tmem, struct ta_memref *ref)
{
	TEE_Result res;

	*ref = (struct ta_memref){0};
	if (tmem->buf_ptr == 0)
		return TEE_SUCCESS;
	if (!(attr & MSG_ATTR_NONCONTIG))
		return TEE_ERROR_BAD_PARAMETERS;
	res = shm_create(SHM_TEMPORARY, tmem->buf_ptr, tmem->size, 0, &ref->shm);
	ref->size = tmem->size;
	ref->room = tmem->size;
	return res;
}

static TEE_Result decode_param(const struct msg_param *in, struct ta_param *out)
{
	uint64_t type = in->attr & MSG_ATTR_TYPE_MASK;

	if (!message_attr_is_valid(in->attr) || (in->attr & MSG_ATTR_META))
		return TEE_ERROR_BAD_PARAMETERS;
	if (type >= MSG_ATTR_TMEM_IN) {
		out->type = memref_type(in->attr);
		return decode_tmem(in->attr, &in->u.tmem, &out->u.memref);
	}
	if (type >= MSG_ATTR_RMEM_IN) {
		out->type = memref_type(in->attr);
		return decode_rmem(&in->u.rmem, &out->u.memref);
	}
	out->type = type;
	out->u.value.a = (uint32_t)in->u.value.a; /* NW-074 */
	out->u.value.b = (uint32_t)in->u.value.b;
	return TEE_SUCCESS;
}

static void release_params(struct ta_params *params)
{
	for (unsigned n = 0; n < TA_PARAMS; n++) {
		struct ta_param *p = &params->p[n];
		if (p->type >= TEE_PARAM_MEMREF_INPUT && p->u.memref.shm)
			shm_put(p->u.memref.shm);
		p->type = TEE_PARAM_NONE;
	}
}

/* first: the number of meta parameters before the app's own. On failure nothing is held. */
static TEE_Result decode_params(const struct message *message, uint32_t first,
				struct ta_params *params)
{
	memset(params, 0, sizeof(*params));
	if (message->header.num_params > first + TA_PARAMS)
		return TEE_ERROR_BAD_PARAMETERS;
	for (uint32_t i = first; i < message->header.num_params; i++) {
		struct ta_param param = {0};
		TEE_Result res = decode_param(&message->params[i], &param);
		if (!res) {
			params->p[i - first] = param;
			if (param.type >= TEE_PARAM_MEMREF_INPUT)
				res = call_poll(); /* it was a search among many (I7) */
		}
		if (res) {
			release_params(params);
			return res;
		}
	}
	return TEE_SUCCESS;
}

/* Output fields only, by the types that came in; the rest of the message stays as the guest left it
 * (NW-075, NW-082). */
static bool publish_params(const struct place *place, uint32_t first,
			   const struct ta_params *params)
{
	bool done = true;

	for (uint32_t n = 0; n < TA_PARAMS; n++) {
		const struct ta_param *p = &params->p[n];
		uint64_t at = MSG_SIZE(first + n) + offsetof(struct msg_param, u);
		uint64_t value[2] = {p->u.value.a, p->u.value.b};

		if (p->type == TEE_PARAM_VALUE_OUTPUT || p->type == TEE_PARAM_VALUE_INOUT)
			done &= place_write(place, at, value, sizeof(value));
		if (p->type == TEE_PARAM_MEMREF_OUTPUT || p->type == TEE_PARAM_MEMREF_INOUT)
			done &= place_write(place, at + offsetof(struct msg_rmem, size),
					    &p->u.memref.size, sizeof(uint64_t));
	}
	return done;
}

/* --- commands
 * ------------------------------------------------------------------------------------------ */

struct answer {
	TEE_Result ret;
	uint32_t origin;
};
_Static_assert(offsetof(struct msg_header, ret_origin) == offsetof(struct msg_header, ret) + 4,
	       "written as one");

static bool publish_answer(const struct place *place, const struct answer *answer)
{
	return place_write(place, offsetof(struct msg_header, ret), answer, sizeof(*answer));
}

static const struct ta_caller normal_world = {.opener = NULL, .timeout = TA_NO_TIMEOUT};

static bool open_session(const struct place *place, const struct message *message)
{
	struct answer answer = {.origin = TEE_ORIGIN_TEE};
	struct message_open open;
	struct ta_params params = {0};
	uint32_t id = 0;

	answer.ret = message_decode_open(message, &open);
	if (!answer.ret)
		answer.ret = decode_params(message, 2, &params);
	if (!answer.ret) {
		struct ta_client client = {.login = open.login, .uuid = open.client};
		answer.ret = ta_open_session(&normal_world, &open.ta, &client, &params, &id,
					     &answer.origin);
	}
	bool done = publish_params(place, 2, &params) &&
		    place_write(place, offsetof(struct msg_header, session), &id, sizeof(id)) &&
		    publish_answer(place, &answer);
	release_params(&params);
	return done;
}

static bool invoke_command(const struct place *place, const struct message *message)
{
	struct answer answer = {.origin = TEE_ORIGIN_TEE};
	struct ta_params params;

	answer.ret = decode_params(message, 0, &params);
	if (!answer.ret)
		answer.ret = ta_invoke(&normal_world, message->header.session, message->header.func,
				       &params, &answer.origin);
	bool done = publish_params(place, 0, &params) && publish_answer(place, &answer);
	release_params(&params);
	return done;
}

static bool close_session(const struct place *place, const struct message *message)
{
	struct answer answer = {.ret = TEE_ERROR_BAD_PARAMETERS, .origin = TEE_ORIGIN_TEE};

	if (message->header.num_params == 0)
		answer.ret =
			ta_close_session(&normal_world, message->header.session, &answer.origin);
	return publish_answer(place, &answer);
}

static bool cancel(const struct place *place, const struct message *message)
{
	struct answer answer = {.ret = TEE_ERROR_BAD_PARAMETERS, .origin = TEE_ORIGIN_TEE};

	if (message->header.num_params == 0)
		answer.ret = ta_cancel(message->header.session);
	return publish_answer(place, &answer);
}

/* NW-020, NW-076, NW-078 */
static TEE_Result do_register(const struct message *message)
{
	const struct msg_tmem *tmem = &message->params[0].u.tmem;
	struct shm *shm;
	TEE_Result res;

	if (message->header.num_params != 1 || message->params[0].attr != MSG_ATTR_SHM_LIST ||
	    tmem->shm_ref == 0 || tmem->buf_ptr == 0)
		return TEE_ERROR_BAD_PARAMETERS;
	res = shm_create(SHM_REGISTERED, tmem->buf_ptr, tmem->size, tmem->shm_ref, &shm);
	if (res == TEE_SUCCESS)
		shm_publish(shm);
	return res;
}

static bool register_shm(const struct place *place, const struct message *message)
{
	struct answer answer = {.ret = do_register(message), .origin = TEE_ORIGIN_TEE};

	return publish_answer(place, &answer);
}

static bool unregister_shm(const struct place *place, const struct message *message)
{
	struct answer answer = {.ret = TEE_ERROR_BAD_PARAMETERS, .origin = TEE_ORIGIN_TEE};

	if (message->header.num_params == 1)
		answer.ret = shm_unregister(call_guest(), message->params[0].u.rmem.shm_ref);
	return publish_answer(place, &answer);
}

/* Nothing of the kernel waits for a bottom half: there is no driver in it (NW-130). */
static bool bottom_half(const struct place *place, const struct message *message)
{
	struct answer answer = {.ret = TEE_ERROR_BAD_PARAMETERS, .origin = TEE_ORIGIN_TEE};

	if (message->header.num_params == 0)
		answer.ret = TEE_SUCCESS;
	return publish_answer(place, &answer);
}

/* NW-132 */
static bool stop_notifications(const struct place *place, const struct message *message)
{
	struct answer answer = {.ret = TEE_ERROR_BAD_PARAMETERS, .origin = TEE_ORIGIN_TEE};

	if (message->header.num_params == 0) {
		notify_stop(call_guest());
		answer.ret = TEE_SUCCESS;
	}
	return publish_answer(place, &answer);
}

/* Each answers in the message and says whether it could. */
static bool (*const commands[])(const struct place *place, const struct message *message) = {
	[MSG_CMD_OPEN_SESSION] = open_session,   [MSG_CMD_INVOKE_COMMAND] = invoke_command,
	[MSG_CMD_CLOSE_SESSION] = close_session, [MSG_CMD_CANCEL] = cancel,
	[MSG_CMD_REGISTER_SHM] = register_shm,   [MSG_CMD_UNREGISTER_SHM] = unregister_shm,
	[MSG_CMD_DO_BOTTOM_HALF] = bottom_half,  [MSG_CMD_STOP_ASYNC_NOTIF] = stop_notifications,
};

static uint32_t serve(struct call *call, const struct place *place)
{
	bool with_rpc = call->args.a[0] != SMC_CALL_WITH_ARG;
	struct message message;
	uint32_t status = fetch(place, with_rpc ? MSG_RPC_SIZE : 0, &message);

	if (status != SMC_OK)
		return status;
	if (message.header.cmd >= array_count(commands))
		return SMC_EBADCMD; /* NW-070 */
	if (with_rpc)
		set_rpc_place(call, place, message.header.num_params);
	uint32_t cmd = index_clamp(message.header.cmd, array_count(commands));
	trace(TRACE_COMMAND, call->guest->vm_id, call->slot, cmd, message.header.session,
	      message.header.func, 0);
	return commands[cmd](place, &message) ? SMC_OK : SMC_EBADADDR;
}

static void yielding_main(struct call *call)
{
	struct place place;
	uint32_t status = locate(&call->args, call->guest, &place);

	if (place.shm)
		(void)!call_poll(); /* it was a search among many (I7) */
	if (status == SMC_OK) {
		status = serve(call, &place);
		if (place.shm) {
			/* What shm_put() may have to send must not lie in memory that is free then.
			 */
			call->rpc = (struct call_rpc_message){0};
			shm_put(place.shm);
		}
	}
	call_rpc_release();
	call->args = (struct smc_args){.a = {status}};
}

void entry_yielding(struct smc_args *args)
{
	uint64_t since = arch_counter();
	struct guest *guest;
	uint32_t id = args->a[0] & ~SMC_SVE_HINT;

	args->a[0] = id;
	if (id != SMC_RETURN_FROM_RPC && id != SMC_CALL_WITH_ARG && id != SMC_CALL_WITH_RPC_ARG &&
	    id != SMC_CALL_WITH_REGD_ARG) {
		args->a[0] = SMC_EBADCMD; /* NW-004 */
		return;
	}
	guest = guest_enter(args->a[7]);
	if (!guest) {
		args->a[0] = SMC_ENOTAVAIL; /* NW-166 */
		return;
	}
	if (id == SMC_RETURN_FROM_RPC)
		call_resume(guest, args->a[3], args);
	else
		call_start(guest, yielding_main, args);
	guest_charge_time(guest, since);
	guest_leave(guest);
	assert(spin_held() == 0);
}
