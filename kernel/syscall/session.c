/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions that apps open to other apps and to services (trusted-app ABI §4.2.4). */
#include "kernel/lib/string.h"
#include "kernel/syscall/syscall.h"

static bool is_value(uint32_t type)
{
	return type >= TEE_PARAM_VALUE_INPUT && type <= TEE_PARAM_VALUE_INOUT;
}

static bool is_memref(uint32_t type)
{
	return type >= TEE_PARAM_MEMREF_INPUT && type <= TEE_PARAM_MEMREF_INOUT;
}

static bool is_output(uint32_t type)
{
	return type == TEE_PARAM_VALUE_OUTPUT || type == TEE_PARAM_VALUE_INOUT ||
	       type == TEE_PARAM_MEMREF_OUTPUT || type == TEE_PARAM_MEMREF_INOUT;
}

/* NULL goes with size 0 only; anything else must be there with the rights that its direction needs,
 * whoever owns it. */
static TEE_Result decode_memref(const struct uaspace *as, uint32_t type, uint64_t va, uint64_t size,
				struct ta_memref *ref)
{
	unsigned flags = USER_ANY_OWNER | USER_READ | (is_output(type) ? USER_WRITE : 0);

	*ref = (struct ta_memref){0};
	if (va == 0)
		return size ? TEE_ERROR_BAD_PARAMETERS : TEE_SUCCESS;
	*ref = (struct ta_memref){.as = as, .offset = va, .size = size, .room = size};
	return user_check(as, uaddr(va), size, flags);
}

static TEE_Result decode_param(const struct uaspace *as, const struct utee_params *block,
			       unsigned n, struct ta_param *param)
{
	const uint64_t *vals = &block->vals[2 * n];

	*param = (struct ta_param){.type = TEE_PARAM_TYPE(block->types, n)};
	if (is_memref(param->type))
		return decode_memref(as, param->type, vals[0], vals[1], &param->u.memref);
	if (is_value(param->type)) {
		param->u.value.a = (uint32_t)vals[0];
		param->u.value.b = (uint32_t)vals[1];
		return TEE_SUCCESS;
	}
	return param->type == TEE_PARAM_NONE ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS;
}

/* The caller's structure is read this once; where it lies must take the answer, too. */
static TEE_Result fetch_params(const struct uaspace *as, uint64_t at, struct ta_params *params)
{
	struct utee_params block;
	TEE_Result res;

	memset(params, 0, sizeof(*params));
	if (at == 0)
		return TEE_SUCCESS;
	res = user_check(as, uaddr(at), sizeof(block), USER_ANY_OWNER | USER_READ | USER_WRITE);
	if (res == TEE_SUCCESS)
		res = user_read(as, &block, uaddr(at), sizeof(block), USER_ANY_OWNER);
	for (unsigned n = 0; n < TA_PARAMS && res == TEE_SUCCESS; n++)
		res = decode_param(as, &block, n, &params->p[n]);
	return res ? res : call_poll(); /* each was a search among many regions (I7) */
}

/* Outputs only: values, and sizes of memory (TA-083). */
static TEE_Result publish_params(const struct uaspace *as, uint64_t at,
				 const struct ta_params *params)
{
	TEE_Result res = TEE_SUCCESS;

	for (unsigned n = 0; n < TA_PARAMS && res == TEE_SUCCESS; n++) {
		const struct ta_param *p = &params->p[n];
		uint64_t to = at + offsetof(struct utee_params, vals) + n * 2 * sizeof(uint64_t);
		uint64_t value[2] = {p->u.value.a, p->u.value.b};

		if (!is_output(p->type))
			continue;
		if (is_value(p->type))
			res = user_write(as, uaddr(to), value, sizeof(value), USER_ANY_OWNER);
		else
			res = user_write(as, uaddr(to + sizeof(uint64_t)), &p->u.memref.size,
					 sizeof(uint64_t), USER_ANY_OWNER);
	}
	return res;
}

/* A result that is written without being looked at again: the place was checked before. */
static TEE_Result put_u32(const struct uaspace *as, uint64_t at, uint32_t value)
{
	return at ? user_write(as, uaddr(at), &value, sizeof(value), 0) : TEE_SUCCESS;
}

static TEE_Result check_u32(const struct uaspace *as, uint64_t at)
{
	return user_check(as, uaddr(at), sizeof(uint32_t), USER_WRITE);
}

static struct ta_caller caller_of(const struct syscall *sc, uint64_t timeout)
{
	return (struct ta_caller){.opener = sc->instance, .timeout = (uint32_t)timeout};
}

static TEE_Result open_session(struct syscall *sc, uint32_t *id, uint32_t *origin)
{
	const struct uaspace *as = &sc->instance->as;
	const struct ta_caller caller = caller_of(sc, sc->arg[1]);
	struct ta_params params;
	struct uuid uuid;
	uint32_t unused;
	TEE_Result res = user_read(as, &uuid, uaddr(sc->arg[0]), sizeof(uuid), 0);

	if (res == TEE_SUCCESS)
		res = fetch_params(as, sc->arg[2], &params);
	if (res == TEE_SUCCESS)
		res = check_u32(as, sc->arg[3]);
	if (res == TEE_SUCCESS)
		res = ta_open_session(&caller, &uuid, NULL, &params, id, origin);
	if (res)
		return res;
	res = publish_params(as, sc->arg[2], &params);
	if (res) {
		/* It does not get to know the session, so there is none. */
		*origin = TEE_ORIGIN_TEE;
		(void)!ta_close_session(&caller, *id, &unused);
		*id = 0;
	}
	return res;
}

/* (uuid P, timeout in ms, params A or NULL, session * P, origin * P or NULL) */
TEE_Result sys_open_ta_session(struct syscall *sc)
{
	const struct uaspace *as = &sc->instance->as;
	uint64_t session_at = sc->arg[3], origin_at = sc->arg[4];
	uint32_t id = 0, origin = TEE_ORIGIN_TEE;
	TEE_Result copied;

	if (origin_at && check_u32(as, origin_at))
		return TEE_ERROR_ACCESS_DENIED;
	TEE_Result res = open_session(sc, &id, &origin);
	copied = put_u32(as, origin_at, origin);
	if (copied == TEE_SUCCESS && res == TEE_SUCCESS)
		copied = put_u32(as, session_at, id);
	return res ? res : copied;
}

/* (session) */
TEE_Result sys_close_ta_session(struct syscall *sc)
{
	const struct ta_caller caller = caller_of(sc, TA_NO_TIMEOUT);
	uint32_t origin;

	if (sc->arg[0] > UINT32_MAX)
		return TEE_ERROR_BAD_PARAMETERS;
	return ta_close_session(&caller, (uint32_t)sc->arg[0], &origin) ? TEE_ERROR_BAD_PARAMETERS
									: TEE_SUCCESS;
}

static TEE_Result invoke_command(struct syscall *sc, uint32_t *origin)
{
	const struct uaspace *as = &sc->instance->as;
	const struct ta_caller caller = caller_of(sc, sc->arg[1]);
	struct ta_params params;
	TEE_Result copied;
	TEE_Result res = fetch_params(as, sc->arg[3], &params);

	if (res)
		return res;
	if (sc->arg[0] > UINT32_MAX)
		return TEE_ERROR_BAD_PARAMETERS;
	res = ta_invoke(&caller, (uint32_t)sc->arg[0], (uint32_t)sc->arg[2], &params, origin);
	if (res == TEE_ERROR_TARGET_DEAD)
		return res;
	copied = publish_params(as, sc->arg[3], &params);
	if (copied == TEE_SUCCESS)
		return res;
	*origin = TEE_ORIGIN_TEE;
	return copied;
}

/* (session, timeout in ms, command, params A or NULL, origin * P or NULL) */
TEE_Result sys_invoke_ta_command(struct syscall *sc)
{
	const struct uaspace *as = &sc->instance->as;
	uint64_t origin_at = sc->arg[4];
	uint32_t origin = TEE_ORIGIN_TEE;
	TEE_Result copied;

	if (origin_at && check_u32(as, origin_at))
		return TEE_ERROR_ACCESS_DENIED;
	TEE_Result res = invoke_command(sc, &origin);
	copied = put_u32(as, origin_at, origin);
	return res ? res : copied;
}
