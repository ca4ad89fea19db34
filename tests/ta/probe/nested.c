/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands that lead from the probe to other apps, and back to itself. */
#include "probe.h"

#define VALUE_IN_OUT 0x2001u /* p0 value in, p3 value out */

static uint32_t kept;

uint32_t raw_open(uint32_t app, struct raw_params *params, uint32_t *session, uint32_t *origin)
{
	const TEE_UUID uuid = TATEST_UUID((uint16_t)app);

	*session = 0;
	*origin = 0;
	return sys(NR_OPEN, address_of(&uuid), TEE_TIMEOUT_INFINITE, address_of(params),
		   address_of(session), address_of(origin), 0, 0);
}

uint32_t raw_invoke(uint32_t session, uint32_t timeout, uint32_t cmd, struct raw_params *params,
		    uint32_t *origin)
{
	*origin = 0;
	return sys(NR_INVOKE, session, timeout, cmd, address_of(params), address_of(origin), 0, 0);
}

TEE_Result nest_depth(uint32_t levels, uint32_t *reached, uint32_t *error)
{
	struct raw_params p = {.types = 0x21, .vals = {levels - 1}};
	uint32_t session, origin;

	*reached = 0;
	*error = TEE_SUCCESS;
	if (levels == 0)
		return TEE_SUCCESS;
	*error = raw_open(APP_PROBE, NULL, &session, &origin);
	if (*error)
		return TEE_SUCCESS;
	*error = raw_invoke(session, TEE_TIMEOUT_INFINITE, CMD_DEPTH, &p, &origin);
	if (!*error) {
		*reached = (uint32_t)p.vals[2] + 1;
		*error = (uint32_t)p.vals[3];
	}
	sys(NR_CLOSE, session, 0, 0, 0, 0, 0, 0);
	return TEE_SUCCESS;
}

TEE_Result nest_try(uint32_t app, uint32_t next, TEE_Param *out)
{
	struct raw_params p = {.types = VALUE_IN_OUT, .vals = {next}};
	uint32_t session;

	out->value.a = raw_open(app, NULL, &session, &out->value.b);
	if (out->value.a)
		return TEE_SUCCESS;
	if (next) {
		out->value.a =
			raw_invoke(session, TEE_TIMEOUT_INFINITE, CMD_TRY, &p, &out->value.b);
		if (!out->value.a) {
			out->value.a = (uint32_t)p.vals[6];
			out->value.b = (uint32_t)p.vals[7];
		}
	}
	sys(NR_CLOSE, session, 0, 0, 0, 0, 0, 0);
	return TEE_SUCCESS;
}

TEE_Result nest_keep(uint32_t app)
{
	uint32_t origin;

	return raw_open(app, NULL, &kept, &origin);
}

TEE_Result nest_use_kept(uint32_t levels, TEE_Param *out)
{
	struct raw_params p = {.types = VALUE_IN_OUT, .vals = {levels - 1}};

	if (levels == 0)
		return TEE_SUCCESS;
	out->value.a = raw_invoke(kept, TEE_TIMEOUT_INFINITE, CMD_USE_KEPT, &p, &out->value.b);
	if (!out->value.a && levels > 1) {
		out->value.a = (uint32_t)p.vals[6];
		out->value.b = (uint32_t)p.vals[7];
	}
	return TEE_SUCCESS;
}

TEE_Result nest_leave_open(uint32_t app)
{
	uint32_t session, origin;
	TEE_Result res = raw_open(app, NULL, &session, &origin);

	if (res)
		return res;
	TEE_Panic(FAULT_PANIC_CODE);
	return TEE_ERROR_BAD_STATE;
}
