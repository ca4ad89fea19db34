/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ab7a617c-b8e7-4d8f-8301-d09b61036b64: random numbers for Linux's hwrng (NW-148). The bytes come
 * from the guest's own generator (kernel/guest/random.c), which the kernel's seeds, seeded by the
 * CPU's random number instruction or by the firmware; the quality that is claimed is that of a
 * generator, not of a noise source.
 */
#include "kernel/crypto/crypto.h"
#include "kernel/service/internal.h"

#define CMD_GET_ENTROPY 0u
#define CMD_GET_INFO    1u

static TEE_Result get_entropy(struct guest *guest, const struct ta_memref *out)
{
	uint8_t piece[256];
	TEE_Result res = TEE_SUCCESS;

	for (uint64_t done = 0; done < out->size && !res;) {
		size_t bite = min(out->size - done, (uint64_t)sizeof(piece));
		guest_random(guest, piece, bite);
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
	switch (cmd) {
	case CMD_GET_ENTROPY:
		if (!service_types_are(params, TEE_PARAM_MEMREF_INOUT, TEE_PARAM_NONE,
				       TEE_PARAM_NONE, TEE_PARAM_NONE))
			return TEE_ERROR_BAD_PARAMETERS;
		return get_entropy(session->guest, &params->p[0].u.memref);
	case CMD_GET_INFO:
		if (!service_types_are(params, TEE_PARAM_VALUE_OUTPUT, TEE_PARAM_NONE,
				       TEE_PARAM_NONE, TEE_PARAM_NONE))
			return TEE_ERROR_BAD_PARAMETERS;
		params->p[0].u.value.a = 0; /* as fast as asked: Linux need not wait and retry */
		params->p[0].u.value.b = 1024;
		return TEE_SUCCESS;
	default:
		return TEE_ERROR_NOT_IMPLEMENTED;
	}
}

const struct ta_service service_rng = {
	.uuid = {0xab7a617c, 0xb8e7, 0x4d8f, {0x83, 0x01, 0xd0, 0x9b, 0x61, 0x03, 0x6b, 0x64}},
	.name = "random numbers",
	.device = TA_DEVICE,
	.for_shared = true,
	.invoke = invoke,
};
