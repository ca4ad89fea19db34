/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory, sessions and commands, as a client library would ask for them. */
#include "tee.h"

static struct call *take(uint32_t command, uint32_t num_params)
{
	struct call *call = call_take(command, num_params);

	if (!call)
		fail("no call is free for command %u", command);
	return call;
}

/* Finishes and frees the call; its result. */
static TEE_Result result_of(struct call *call)
{
	uint32_t command = call->message->cmd;
	TEE_Result result;

	if (call_finish(call) != SMC_OK)
		fail("command %u: status %x", command, call->status);
	result = call->message->ret;
	call_free(call);
	return result;
}

/* (Un)registering goes by address in both profiles, as Linux does it. */
static TEE_Result run_memory_call(struct call *call)
{
	call_start(call, tee.way == WAY_ARG ? WAY_ARG : WAY_RPC_ARG);
	return result_of(call);
}

TEE_Result buffer_register(struct buffer *buffer)
{
	struct call *call = take(MSG_CMD_REGISTER_SHM, 1);

	call->params[0].attr = MSG_ATTR_SHM_LIST;
	call->params[0].u.tmem.buf_ptr = (uintptr_t)buffer->list;
	call->params[0].u.tmem.size = buffer->size;
	call->params[0].u.tmem.shm_ref = buffer->cookie;
	return run_memory_call(call);
}

struct buffer *tee_register(uint64_t size)
{
	struct buffer *buffer = buffer_new(BUFFER_REGISTERED, size);

	if (!buffer)
		return NULL;
	if (buffer_register(buffer) == TEE_SUCCESS)
		return buffer;
	buffer_delete(buffer);
	return NULL;
}

TEE_Result tee_unregister(struct buffer *buffer)
{
	struct call *call = take(MSG_CMD_UNREGISTER_SHM, 1);
	TEE_Result result;

	call->params[0].attr = MSG_ATTR_RMEM_IN;
	call->params[0].u.rmem.shm_ref = buffer->cookie;
	result = run_memory_call(call);
	buffer_delete(buffer);
	return result;
}

struct call *open_prepare(const uint8_t uuid[16])
{
	struct call *call = take(MSG_CMD_OPEN_SESSION, 2);

	call->params[0].attr = MSG_ATTR_META_VALUE_IN;
	memcpy(call->params[0].u.octets, uuid, 16);
	call->params[1].attr = MSG_ATTR_META_VALUE_IN;
	call->params[1].u.value.c = LOGIN_PUBLIC;
	return call;
}

struct call *invoke_prepare(uint32_t session, uint32_t function, const struct msg_param params[4])
{
	struct call *call = take(MSG_CMD_INVOKE_COMMAND, 4);

	call->message->func = function;
	call->message->session = session;
	if (params)
		memcpy(call->params, params, 4 * sizeof(params[0]));
	return call;
}

TEE_Result tee_open(const uint8_t uuid[16], uint32_t *session)
{
	struct call *call = open_prepare(uuid);

	call_start(call, tee.way);
	*session = 0;
	if (call_finish(call) == SMC_OK)
		*session = call->message->session;
	return result_of(call);
}

TEE_Result tee_close(uint32_t session)
{
	struct call *call = take(MSG_CMD_CLOSE_SESSION, 0);

	call->message->session = session;
	call_start(call, tee.way);
	return result_of(call);
}

TEE_Result tee_invoke(uint32_t session, uint32_t function, struct msg_param params[4])
{
	struct call *call = invoke_prepare(session, function, params);
	TEE_Result result;

	call_start(call, tee.way);
	if (call_finish(call) == SMC_OK)
		memcpy(params, call->params, 4 * sizeof(params[0]));
	result = call->message->ret;
	return result_of(call) == result ? result : TEE_ERROR_GENERIC;
}
