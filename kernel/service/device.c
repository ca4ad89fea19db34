/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/service/service.h"
#include "kernel/ta/ta.h"

#define CMD_DEVICES         0u /* work without tee-supplicant */
#define CMD_DEVICES_SUPP    1u /* need tee-supplicant */
#define CMD_DEVICES_STORAGE 2u /* need secure storage on RPMB */

/* The services of command 0, as octets. */
static const uint8_t rng_octets[16] = {0xab, 0x7a, 0x61, 0x7c, 0xb8, 0xe7, 0x4d, 0x8f,
				       0x83, 0x01, 0xd0, 0x9b, 0x61, 0x03, 0x6b, 0x64};

static bool types_are_right(const struct ta_params *params)
{
	return params->p[0].type == TEE_PARAM_MEMREF_OUTPUT &&
	       params->p[1].type == TEE_PARAM_NONE && params->p[2].type == TEE_PARAM_NONE &&
	       params->p[3].type == TEE_PARAM_NONE;
}

static TEE_Result invoke(struct ta_session *session, uint32_t cmd, struct ta_params *params)
{
	struct ta_memref *out = &params->p[0].u.memref;
	uint64_t room = out->room;

	(void)session;
	if (cmd > CMD_DEVICES_STORAGE)
		return TEE_ERROR_NOT_IMPLEMENTED;
	if (!types_are_right(params))
		return TEE_ERROR_BAD_PARAMETERS;
	out->size = cmd == CMD_DEVICES ? sizeof(rng_octets) : 0;
	if (room < out->size)
		return TEE_ERROR_SHORT_BUFFER;
	return ta_memref_write(out, 0, rng_octets, out->size);
}

static const struct ta_service device_service = {
	.uuid = {0x7011a688, 0xddde, 0x4053, {0xa5, 0xa9, 0x7b, 0x3c, 0x4d, 0xdf, 0x13, 0xb8}},
	.name = "device enumeration",
	.invoke = invoke,
};

void service_device_init(void)
{
	ta_register_service(&device_service);
}
