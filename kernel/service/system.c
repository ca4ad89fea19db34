/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 3a2f8978-5dc0-11e8-9c2d-fa7ae01bbebc: what apps' own libraries ask the kernel for: memory,
 * libraries, keys, plugins (trusted-app ABI §5.2). Everything is done to the app that opened the
 * session; a session has no state.
 */
#include "kernel/crypto/crypto.h"
#include "kernel/lib/string.h"
#include "kernel/service/internal.h"

#define CMD_ADD_RNG_ENTROPY      0u
#define CMD_DERIVE_TA_UNIQUE_KEY 1u
#define CMD_MAP_ZERO             2u
#define CMD_UNMAP                3u
#define CMD_DLOPEN               10u
#define CMD_DLSYM                11u
#define CMD_GET_TPM_EVENT_LOG    12u
#define CMD_SUPPLICANT_PLUGIN    13u

#define MAP_SHAREABLE 1u

static uint64_t pair(uint32_t high, uint32_t low)
{
	return (uint64_t)high << 32 | low;
}

/* TA-142 */
static TEE_Result map_zero(struct ta_instance *app, struct ta_params *params)
{
	uint32_t size = params->p[0].u.value.a, flags = params->p[0].u.value.b;
	uint32_t *high = &params->p[1].u.value.a, *low = &params->p[1].u.value.b;
	uint64_t va;
	TEE_Result res;

	if (!service_types_are(params, TEE_PARAM_VALUE_INPUT, TEE_PARAM_VALUE_INOUT,
			       TEE_PARAM_VALUE_INPUT, TEE_PARAM_NONE) ||
	    (flags & ~MAP_SHAREABLE))
		return TEE_ERROR_BAD_PARAMETERS;
	res = uaspace_map_zero(&app->as, size, flags & MAP_SHAREABLE, pair(*high, *low),
			       params->p[2].u.value.a, params->p[2].u.value.b, &va);
	if (res)
		return res;
	*high = va >> 32;
	*low = (uint32_t)va;
	return TEE_SUCCESS;
}

static TEE_Result unmap(struct ta_instance *app, struct ta_params *params)
{
	if (!service_types_are(params, TEE_PARAM_VALUE_INPUT, TEE_PARAM_VALUE_INPUT, TEE_PARAM_NONE,
			       TEE_PARAM_NONE) ||
	    params->p[0].u.value.b != 0)
		return TEE_ERROR_BAD_PARAMETERS;
	return uaspace_unmap_zero(&app->as, pair(params->p[1].u.value.a, params->p[1].u.value.b),
				  params->p[0].u.value.a);
}

static TEE_Result invoke(struct ta_session *session, uint32_t cmd, struct ta_params *params)
{
	struct ta_instance *app = session->opener;

	switch (cmd) {
	case CMD_MAP_ZERO:
		return map_zero(app, params);
	case CMD_UNMAP:
		return unmap(app, params);
	case CMD_GET_TPM_EVENT_LOG:
		return service_types_are(params, TEE_PARAM_MEMREF_OUTPUT, TEE_PARAM_NONE,
					 TEE_PARAM_NONE, TEE_PARAM_NONE)
			       ? TEE_ERROR_NOT_SUPPORTED
			       : TEE_ERROR_BAD_PARAMETERS;
	case CMD_SUPPLICANT_PLUGIN:
		return plugin_invoke(params);
	default:
		return TEE_ERROR_NOT_IMPLEMENTED;
	}
}

const struct ta_service service_system = {
	.uuid = {0x3a2f8978, 0x5dc0, 0x11e8, {0x9c, 0x2d, 0xfa, 0x7a, 0xe0, 0x1b, 0xbe, 0xbc}},
	.name = "system",
	.apps_only = true,
	.invoke = invoke,
};
