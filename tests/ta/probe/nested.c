/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls from the probe to other apps, and to itself. */
#include "probe.h"

static TEE_Result open(uint32_t app, TEE_TASessionHandle *session, uint32_t *origin)
{
	const TEE_UUID uuid = TATEST_UUID((uint16_t)app);
	TEE_Param none[TEE_NUM_PARAMS] = {0};

	return TEE_OpenTASession(&uuid, TEE_TIMEOUT_INFINITE, 0, none, session, origin);
}

TEE_Result nest_depth(uint32_t levels, uint32_t *reached, uint32_t *error)
{
	const uint32_t types =
		TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INPUT, TEE_PARAM_TYPE_VALUE_OUTPUT, 0, 0);
	TEE_Param p[TEE_NUM_PARAMS] = {0};
	TEE_TASessionHandle session = TEE_HANDLE_NULL;
	uint32_t origin = 0;
	TEE_Result res;

	*reached = 0;
	*error = TEE_SUCCESS;
	if (levels == 0)
		return TEE_SUCCESS;
	res = open(APP_PROBE, &session, &origin);
	if (res) {
		*error = res;
		return TEE_SUCCESS;
	}
	p[0].value.a = levels - 1;
	res = TEE_InvokeTACommand(session, TEE_TIMEOUT_INFINITE, CMD_DEPTH, types, p, &origin);
	*reached = p[1].value.a + 1;
	*error = res ? res : p[1].value.b;
	TEE_CloseTASession(session);
	return TEE_SUCCESS;
}

/* Opens an app, gives it a command with our p1 and p2, closes it; the first failure is the result.
 */
TEE_Result nest_call(uint32_t types, TEE_Param p[TEE_NUM_PARAMS])
{
	const uint32_t passed = types & ~0xF00Fu; /* p1, p2 */
	TEE_Param params[TEE_NUM_PARAMS] = {[1] = p[1], [2] = p[2]};
	TEE_TASessionHandle session = TEE_HANDLE_NULL;
	uint32_t origin = 0;
	TEE_Result res = open(p[0].value.a, &session, &origin);

	if (!res) {
		res = TEE_InvokeTACommand(session, TEE_TIMEOUT_INFINITE, p[0].value.b, passed,
					  params, &origin);
		TEE_CloseTASession(session);
	}
	p[1] = params[1];
	p[2] = params[2];
	p[3].value.a = res;
	p[3].value.b = origin;
	return TEE_SUCCESS;
}

TEE_Result nest_leave_open(uint32_t app)
{
	TEE_TASessionHandle session = TEE_HANDLE_NULL;
	TEE_Result res = open(app, &session, NULL);

	if (res)
		return res;
	TEE_Panic(FAULT_PANIC_CODE);
	return TEE_ERROR_BAD_STATE;
}

void check_nested(TEE_Param p[TEE_NUM_PARAMS])
{
	(void)p;
}
