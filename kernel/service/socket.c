/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 3b996a7d-2c2b-4a49-a896-e1fb5766d2f4: network sockets for apps, made by tee-supplicant (TA-147).
 *
 * A socket's handle is the guest's word, so nothing is kept here: the guest serves its own apps
 * only. The sockets of one session are an "instance" for tee-supplicant, under the session's
 * number; they are closed together when the session ends, however it ends.
 */
#include "kernel/lib/string.h"
#include "kernel/service/internal.h"

#define CMD_OPEN  1u
#define CMD_CLOSE 2u
#define CMD_SEND  3u
#define CMD_RECV  4u
#define CMD_IOCTL 5u

#define RPC_OPEN      0u
#define RPC_CLOSE     1u
#define RPC_CLOSE_ALL 2u
#define RPC_SEND      3u
#define RPC_RECV      4u
#define RPC_IOCTL     5u

/* Codes that GlobalPlatform's socket interface adds; tee-supplicant answers with them. */
#define SOCKET_ERROR_BUFFER_TOO_SMALL 0xF1007005u
#define SOCKET_ERROR_HOST_NAME        0xF1007007u

#define HOST_NAME_MAX 256u /* with NUL; DNS has no longer ones */

/* service_data: there may be sockets to be closed with the session. */
#define USED 1u

static struct msg_param command(const struct ta_session *session, uint32_t op, uint32_t handle)
{
	return (struct msg_param){.attr = MSG_ATTR_VALUE_IN, .u.value = {op, session->id, handle}};
}

static struct msg_param value(uint64_t attr, uint64_t a, uint64_t b, uint64_t c)
{
	return (struct msg_param){.attr = attr, .u.value = {a, b, c}};
}

/* The host's name as a C string; what is sent is what was checked. */
static TEE_Result send_host(const struct ta_memref *from, struct payload *payload)
{
	char name[HOST_NAME_MAX];
	TEE_Result res;

	if (from->room == 0)
		return TEE_ERROR_BAD_PARAMETERS;
	if (from->room > sizeof(name))
		return SOCKET_ERROR_HOST_NAME;
	res = ta_memref_read(from, 0, name, from->room);
	if (res)
		return res;
	if (name[from->room - 1] != '\0')
		return TEE_ERROR_BAD_PARAMETERS;
	res = payload_begin(payload, from->room, NULL);
	if (!res && !shm_write(payload->shm, 0, name, from->room)) {
		payload_end(payload);
		res = TEE_ERROR_COMMUNICATION;
	}
	return res;
}

static TEE_Result open(struct ta_session *session, struct ta_params *params)
{
	uint32_t version = params->p[0].u.value.a, port = params->p[0].u.value.b;
	uint32_t protocol = params->p[2].u.value.a;
	struct payload payload;
	TEE_Result res;

	if (!service_types_are(params, TEE_PARAM_VALUE_INPUT, TEE_PARAM_MEMREF_INPUT,
			       TEE_PARAM_VALUE_INPUT, TEE_PARAM_VALUE_OUTPUT))
		return TEE_ERROR_BAD_PARAMETERS;
	res = send_host(&params->p[1].u.memref, &payload);
	if (res)
		return res;
	struct msg_param rpc[4] = {
		command(session, RPC_OPEN, 0),
		value(MSG_ATTR_VALUE_IN, port, protocol, version),
		payload_param(&payload, MSG_ATTR_RMEM_IN),
		value(MSG_ATTR_VALUE_OUT, 0, 0, 0),
	};
	session->service_data = USED;
	res = call_rpc(RPC_CMD_SOCKET, rpc, array_count(rpc));
	params->p[3].u.value.a = res ? 0 : (uint32_t)rpc[3].u.value.a;
	params->p[3].u.value.b = 0;
	payload_end(&payload);
	return res;
}

static TEE_Result close(struct ta_session *session, struct ta_params *params)
{
	struct msg_param rpc = command(session, RPC_CLOSE, params->p[0].u.value.a);

	if (!service_types_are(params, TEE_PARAM_VALUE_INPUT, TEE_PARAM_NONE, TEE_PARAM_NONE,
			       TEE_PARAM_NONE))
		return TEE_ERROR_BAD_PARAMETERS;
	return call_rpc(RPC_CMD_SOCKET, &rpc, 1);
}

/* Sends the first PAYLOAD_MAX bytes at most: the app learns how much went. */
static TEE_Result send(struct ta_session *session, struct ta_params *params)
{
	const struct ta_memref *from = &params->p[1].u.memref;
	struct payload payload;
	TEE_Result res;

	if (!service_types_are(params, TEE_PARAM_VALUE_INPUT, TEE_PARAM_MEMREF_INPUT,
			       TEE_PARAM_VALUE_OUTPUT, TEE_PARAM_NONE))
		return TEE_ERROR_BAD_PARAMETERS;
	res = payload_begin(&payload, min(from->room, (uint64_t)PAYLOAD_MAX), from);
	if (res)
		return res;
	struct msg_param rpc[3] = {
		command(session, RPC_SEND, params->p[0].u.value.a),
		payload_param(&payload, MSG_ATTR_RMEM_IN),
		value(MSG_ATTR_VALUE_INOUT, params->p[0].u.value.b, 0, 0),
	};
	res = call_rpc(RPC_CMD_SOCKET, rpc, array_count(rpc));
	params->p[2].u.value.a = (uint32_t)min(rpc[2].u.value.b, payload.size);
	params->p[2].u.value.b = 0;
	payload_end(&payload);
	return res;
}

/*
 * Gives the client what the guest answered: bytes on success, and the size that it says. That size
 * is bounded by the buffer, unless it says how much there is for a buffer that is too small or
 * absent.
 */
static TEE_Result take(TEE_Result res, const struct payload *payload, uint64_t size,
		       struct ta_memref *to)
{
	bool is_needed = res == TEE_ERROR_SHORT_BUFFER || res == SOCKET_ERROR_BUFFER_TOO_SMALL ||
			 (res == TEE_SUCCESS && to->room == 0);

	if (is_needed) {
		to->size = min(size, (uint64_t)UINT32_MAX);
		return res;
	}
	/* With any other error nothing moved and the size stays as it came: clients of a time-out
	 * look at it. */
	if (res)
		return res;
	to->size = min(size, payload->size);
	return payload_copy_out(payload, to, to->size);
}

static TEE_Result receive(struct ta_session *session, struct ta_params *params)
{
	struct ta_memref *to = &params->p[1].u.memref;
	struct payload payload;
	TEE_Result res;

	if (!service_types_are(params, TEE_PARAM_VALUE_INPUT, TEE_PARAM_MEMREF_OUTPUT,
			       TEE_PARAM_NONE, TEE_PARAM_NONE))
		return TEE_ERROR_BAD_PARAMETERS;
	res = payload_begin(&payload, min(to->room, (uint64_t)PAYLOAD_MAX), NULL);
	if (res)
		return res;
	struct msg_param rpc[3] = {
		command(session, RPC_RECV, params->p[0].u.value.a),
		payload_param(&payload, MSG_ATTR_RMEM_OUT),
		value(MSG_ATTR_VALUE_IN, params->p[0].u.value.b, 0, 0),
	};
	res = call_rpc(RPC_CMD_SOCKET, rpc, array_count(rpc));
	res = take(res, &payload, rpc[1].u.rmem.size, to);
	payload_end(&payload);
	return res;
}

static TEE_Result ioctl(struct ta_session *session, struct ta_params *params)
{
	struct ta_memref *data = &params->p[1].u.memref;
	struct payload payload;
	TEE_Result res;

	if (!service_types_are(params, TEE_PARAM_VALUE_INPUT, TEE_PARAM_MEMREF_INOUT,
			       TEE_PARAM_NONE, TEE_PARAM_NONE))
		return TEE_ERROR_BAD_PARAMETERS;
	res = payload_begin(&payload, data->room, data);
	if (res)
		return res;
	struct msg_param rpc[3] = {
		command(session, RPC_IOCTL, params->p[0].u.value.a),
		payload_param(&payload, MSG_ATTR_RMEM_INOUT),
		value(MSG_ATTR_VALUE_IN, params->p[0].u.value.b, 0, 0),
	};
	res = call_rpc(RPC_CMD_SOCKET, rpc, array_count(rpc));
	res = take(res, &payload, rpc[1].u.rmem.size, data);
	payload_end(&payload);
	return res;
}

static TEE_Result invoke(struct ta_session *session, uint32_t cmd, struct ta_params *params)
{
	switch (cmd) {
	case CMD_OPEN:
		return open(session, params);
	case CMD_CLOSE:
		return close(session, params);
	case CMD_SEND:
		return send(session, params);
	case CMD_RECV:
		return receive(session, params);
	case CMD_IOCTL:
		return ioctl(session, params);
	default:
		return TEE_ERROR_NOT_IMPLEMENTED;
	}
}

/* A dying guest's sockets go with its tee-supplicant; there may be no call to send an RPC from. */
static void close_session(struct ta_session *session)
{
	struct msg_param rpc = command(session, RPC_CLOSE_ALL, 0);

	if (session->service_data == USED && !session->guest->dying)
		(void)!call_rpc(RPC_CMD_SOCKET, &rpc, 1);
}

const struct ta_service service_socket = {
	.uuid = {0x3b996a7d, 0x2c2b, 0x4a49, {0xa8, 0x96, 0xe1, 0xfb, 0x57, 0x66, 0xd2, 0xf4}},
	.name = "sockets",
	.apps_only = true,
	.close = close_session,
	.invoke = invoke,
};
