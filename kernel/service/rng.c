/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bytes come from the kernel's own generator (kernel/crypto/crypto.h), seeded by the CPU's
 * random number instruction or by the firmware; the quality that is claimed is that of a generator,
 * not of a noise source.
 */
#include "kernel/crypto/crypto.h"
#include "kernel/service/service.h"
#include "kernel/ta/ta.h"

#define CMD_GET_ENTROPY 0u
#define CMD_GET_INFO    1u

static bool only_first(const struct ta_params *params, uint32_t type)
{
	return params->p[0].type == type && params->p[1].type == TEE_PARAM_NONE &&
	       params->p[2].type == TEE_PARAM_NONE && params->p[3].type == TEE_PARAM_NONE;
}

static TEE_Result get_entropy(struct ta_memref *out)
{
	uint8_t piece[256];
	TEE_Result res = TEE_SUCCESS;

	for (uint64_t done = 0; done < out->size && !res;) {
		size_t bite = min(out->size - done, (uint64_t)sizeof(piece));
		crypto_random(piece, bite);
		res = ta_memref_write(out, done, piece, bite);
		done += bite;
		if (!res)
			res = call_poll();
	}
	crypto_wipe(piece, sizeof(piece));
	return res;
}

static TEE_Result invoke(struct ta_session *session, uint32_t cmd, struct ta_params *params)
{
	(void)session;
	switch (cmd) {
	case CMD_GET_ENTROPY:
		if (!only_first(params, TEE_PARAM_MEMREF_INOUT))
			return TEE_ERROR_BAD_PARAMETERS;
		return get_entropy(&params->p[0].u.memref);
	case CMD_GET_INFO:
		if (!only_first(params, TEE_PARAM_VALUE_OUTPUT))
			return TEE_ERROR_BAD_PARAMETERS;
		params->p[0].u.value.a = 0; /* as fast as asked: Linux need not wait and retry */
		params->p[0].u.value.b = 1024;
		return TEE_SUCCESS;
	default:
		return TEE_ERROR_NOT_IMPLEMENTED;
	}
}

static const struct ta_service rng_service = {
	.uuid = {0xab7a617c, 0xb8e7, 0x4d8f, {0x83, 0x01, 0xd0, 0x9b, 0x61, 0x03, 0x6b, 0x64}},
	.name = "random numbers",
	.invoke = invoke,
};

void service_rng_init(void)
{
	ta_register_service(&rng_service);
}
