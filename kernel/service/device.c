/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 7011a688-ddde-4053-a5a9-7b3c4ddf13b8: tells Linux which services to make devices of, by the flag
 * that each registered service has (NW-146, NW-147, TA-148).
 */
#include "kernel/lib/string.h"
#include "kernel/service/internal.h"

#define OCTETS 16u

/* By command: what Linux asks for in its probe, when tee-supplicant comes, and when an RPMB device
 * does. */
static const enum ta_device kinds[] = {TA_DEVICE, TA_DEVICE_SUPPLICANT, TA_DEVICE_STORAGE};

/* The UUIDs of one kind in octet form; bytes written. */
static size_t list_services(enum ta_device kind, uint8_t octets[TA_SERVICES_MAX * OCTETS])
{
	const struct ta_service *service;
	size_t size = 0;

	for (unsigned i = 0; (service = ta_service_at(i)); i++) {
		if (service->device != kind)
			continue;
		uuid_to_octets(&service->uuid, octets + size);
		size += OCTETS;
	}
	return size;
}

static TEE_Result invoke(struct ta_session *session, uint32_t cmd, struct ta_params *params)
{
	struct ta_memref *out = &params->p[0].u.memref;
	uint8_t octets[TA_SERVICES_MAX * OCTETS];
	uint64_t room;

	(void)session;
	if (cmd >= array_count(kinds))
		return TEE_ERROR_NOT_IMPLEMENTED;
	if (!service_types_are(params, TEE_PARAM_MEMREF_OUTPUT, TEE_PARAM_NONE, TEE_PARAM_NONE,
			       TEE_PARAM_NONE))
		return TEE_ERROR_BAD_PARAMETERS;
	room = out->room;
	out->size = list_services(kinds[index_clamp(cmd, array_count(kinds))], octets);
	if (room < out->size)
		return TEE_ERROR_SHORT_BUFFER;
	return ta_memref_write(out, 0, octets, out->size);
}

const struct ta_service service_device = {
	.uuid = {0x7011a688, 0xddde, 0x4053, {0xa5, 0xa9, 0x7b, 0x3c, 0x4d, 0xdf, 0x13, 0xb8}},
	.name = "device enumeration",
	.invoke = invoke,
};
