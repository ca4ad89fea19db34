/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 7e0b3c5a-5a17-4b8e-a2f6-54656e6f6e31: waiting and waking across guests, for shared apps
 * (abi/shared.h, kernel/ta/shared.h).
 */
#include "abi/shared.h"
#include "kernel/service/internal.h"
#include "kernel/ta/shared.h"

static uint64_t key_of(const struct ta_params *params)
{
	return (uint64_t)params->p[0].u.value.b << 32 | params->p[0].u.value.a;
}

static TEE_Result open(struct ta_session *session, struct ta_params *params)
{
	(void)params;
	return session->opener->shared ? TEE_SUCCESS : TEE_ERROR_ACCESS_DENIED;
}

static TEE_Result invoke(struct ta_session *session, uint32_t cmd, struct ta_params *params)
{
	uint32_t *count = &params->p[1].u.value.a;

	switch (cmd) {
	case TENON_WAIT_CMD_WAIT:
		if (!service_types_are(params, TEE_PARAM_VALUE_INPUT, TEE_PARAM_NONE,
				       TEE_PARAM_NONE, TEE_PARAM_NONE))
			return TEE_ERROR_BAD_PARAMETERS;
		return shared_wait(session->opener, key_of(params));
	case TENON_WAIT_CMD_WAKE:
		if (!service_types_are(params, TEE_PARAM_VALUE_INPUT, TEE_PARAM_VALUE_INOUT,
				       TEE_PARAM_NONE, TEE_PARAM_NONE))
			return TEE_ERROR_BAD_PARAMETERS;
		*count = shared_wake(session->opener, key_of(params), *count);
		params->p[1].u.value.b = 0;
		return TEE_SUCCESS;
	default:
		return TEE_ERROR_NOT_IMPLEMENTED;
	}
}

const struct ta_service service_wait = {
	.uuid = TENON_WAIT_UUID,
	.name = "wait",
	.apps_only = true,
	.for_shared = true,
	.open = open,
	.invoke = invoke,
};
