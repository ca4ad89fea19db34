/* SPDX-License-Identifier: BSD-2-Clause */
/* Plugins of tee-supplicant, called by apps through the system service (TA-146). */
#include "kernel/lib/string.h"
#include "kernel/service/internal.h"

#define PLUGIN_INVOKE 0u

/* The plugin's UUID goes as its octets, read as four little-endian words. */
static void fill_names(struct msg_param params[4], const struct uuid *uuid, uint32_t cmd,
		       uint32_t subcmd)
{
	uint8_t octets[16];
	uint32_t words[4];

	uuid_to_octets(uuid, octets);
	memcpy(words, octets, sizeof(words));
	params[0] = (struct msg_param){.attr = MSG_ATTR_VALUE_IN,
				       .u.value = {PLUGIN_INVOKE, words[0], words[1]}};
	params[1] =
		(struct msg_param){.attr = MSG_ATTR_VALUE_IN, .u.value = {words[2], words[3], cmd}};
	params[2] = (struct msg_param){.attr = MSG_ATTR_VALUE_INOUT, .u.value = {subcmd, 0, 0}};
}

TEE_Result plugin_invoke(struct ta_params *params)
{
	struct ta_memref *data = &params->p[2].u.memref;
	struct msg_param rpc[4] = {0};
	struct payload payload;
	struct uuid uuid;
	TEE_Result res;

	if (!service_types_are(params, TEE_PARAM_MEMREF_INPUT, TEE_PARAM_VALUE_INPUT,
			       TEE_PARAM_MEMREF_INOUT, TEE_PARAM_VALUE_OUTPUT))
		return TEE_ERROR_BAD_PARAMETERS;
	res = service_read_uuid(&params->p[0].u.memref, &uuid);
	if (!res)
		res = payload_begin(&payload, data->room, data);
	if (res)
		return res;
	fill_names(rpc, &uuid, params->p[1].u.value.a, params->p[1].u.value.b);
	rpc[3] = payload_param(&payload, MSG_ATTR_RMEM_INOUT);
	res = call_rpc(RPC_CMD_SUPP_PLUGIN, rpc, array_count(rpc));
	/* The whole buffer: a plugin may change what it says nothing about. */
	if (!res)
		res = payload_copy_out(&payload, data, payload.size);
	params->p[3].u.value.a = (uint32_t)min(rpc[2].u.value.b, payload.size);
	params->p[3].u.value.b = 0;
	payload_end(&payload);
	return res;
}
