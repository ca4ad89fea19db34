/* SPDX-License-Identifier: BSD-2-Clause */
#include <tee_internal_api.h>

#include "abi/shared.h"
#include "herd.h"

#define KEY_GATE 1u

static TEE_TASessionHandle wait_service;
static uintptr_t session_count; /* ever opened: each has its number as context */
static void *keeper;            /* the session that has shut the gate; NULL: it is open */

static TEE_Result wait_for_gate(void)
{
	TEE_Param params[TEE_NUM_PARAMS] = {{.value = {KEY_GATE, 0}}};
	TEE_Result res;

	if (!keeper)
		return TEE_SUCCESS;
	res = TEE_InvokeTACommand(wait_service, TEE_TIMEOUT_INFINITE, TENON_WAIT_CMD_WAIT,
				  TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INPUT, 0, 0, 0), params,
				  NULL);
	return res ? res : TENON_RETRY;
}

static TEE_Result shut_gate(void *context)
{
	if (keeper)
		return TEE_ERROR_BAD_STATE;
	keeper = context;
	return TEE_SUCCESS;
}

static TEE_Result open_gate(void)
{
	TEE_Param params[TEE_NUM_PARAMS] = {{.value = {KEY_GATE, 0}}, {.value = {UINT32_MAX, 0}}};

	keeper = NULL;
	return TEE_InvokeTACommand(
		wait_service, TEE_TIMEOUT_INFINITE, TENON_WAIT_CMD_WAKE,
		TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INPUT, TEE_PARAM_TYPE_VALUE_INOUT, 0, 0),
		params, NULL);
}

TEE_Result TA_CreateEntryPoint(void)
{
	static const TEE_UUID uuid = TENON_WAIT_UUID;

	return TEE_OpenTASession(&uuid, TEE_TIMEOUT_INFINITE, 0, NULL, &wait_service, NULL);
}

void TA_DestroyEntryPoint(void)
{
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t types, TEE_Param params[TEE_NUM_PARAMS],
				    void **context)
{
	(void)types;
	(void)params;
	*context = (void *)++session_count;
	return TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *context)
{
	if (keeper == context)
		(void)open_gate();
}

TEE_Result TA_InvokeCommandEntryPoint(void *context, uint32_t command, uint32_t types,
				      TEE_Param params[TEE_NUM_PARAMS])
{
	(void)types;
	(void)params;
	switch (command) {
	case HERD_RETURN:
		return TEE_SUCCESS;
	case HERD_SHUT:
		return shut_gate(context);
	case HERD_OPEN:
		return open_gate();
	case HERD_WAIT:
		return wait_for_gate();
	case HERD_PANIC:
		TEE_Panic(0);
		return TEE_ERROR_GENERIC;
	case HERD_SPIN:
		for (volatile uint32_t i = 0;; i++)
			;
	default:
		return TEE_ERROR_NOT_IMPLEMENTED;
	}
}
