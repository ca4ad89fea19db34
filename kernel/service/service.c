/* SPDX-License-Identifier: BSD-2-Clause */
/* What the services have in common. */
#include "kernel/service/service.h"

#include "kernel/lib/assert.h"
#include "kernel/service/internal.h"

bool service_types_are(const struct ta_params *params, uint32_t first, uint32_t second,
		       uint32_t third, uint32_t fourth)
{
	return params->p[0].type == first && params->p[1].type == second &&
	       params->p[2].type == third && params->p[3].type == fourth;
}

TEE_Result service_read_uuid(const struct ta_memref *ref, struct uuid *uuid)
{
	if (ref->room != sizeof(*uuid))
		return TEE_ERROR_BAD_PARAMETERS;
	return ta_memref_read(ref, 0, uuid, sizeof(*uuid));
}

/* --- payload
 * ------------------------------------------------------------------------------------------- */

#define PIECE 512u /* of a copy, on the stack */

TEE_Result payload_copy_out(const struct payload *payload, struct ta_memref *to, uint64_t size)
{
	uint8_t piece[PIECE];
	TEE_Result res = TEE_SUCCESS;

	assert(size <= payload->size && size <= to->room);
	for (uint64_t done = 0; done < size && !res;) {
		size_t bite = min(size - done, (uint64_t)sizeof(piece));
		if (!shm_read(payload->shm, done, piece, bite))
			return TEE_ERROR_COMMUNICATION;
		res = ta_memref_write(to, done, piece, bite);
		done += bite;
		if (!res)
			res = call_poll();
	}
	return res;
}

static TEE_Result copy_in(const struct payload *payload, const struct ta_memref *from)
{
	uint8_t piece[PIECE];
	TEE_Result res = TEE_SUCCESS;

	assert(payload->size <= from->room);
	for (uint64_t done = 0; done < payload->size && !res;) {
		size_t bite = min(payload->size - done, (uint64_t)sizeof(piece));
		res = ta_memref_read(from, done, piece, bite);
		if (!res && !shm_write(payload->shm, done, piece, bite))
			res = TEE_ERROR_COMMUNICATION;
		done += bite;
		if (!res)
			res = call_poll();
	}
	return res;
}

TEE_Result payload_begin(struct payload *payload, uint64_t size, const struct ta_memref *from)
{
	TEE_Result res;

	*payload = (struct payload){.size = size};
	if (size == 0)
		return TEE_SUCCESS;
	if (size > PAYLOAD_MAX)
		return TEE_ERROR_OUT_OF_MEMORY;
	res = shm_payload_alloc(size, &payload->shm);
	if (!res && from)
		res = copy_in(payload, from);
	if (res)
		payload_end(payload);
	return res;
}

void payload_end(struct payload *payload)
{
	if (payload->shm)
		shm_payload_free(payload->shm);
	payload->shm = NULL;
}

struct msg_param payload_param(const struct payload *payload, uint64_t attr)
{
	if (!payload->shm)
		return (struct msg_param){.attr = attr - MSG_ATTR_RMEM_IN + MSG_ATTR_TMEM_IN};
	return (struct msg_param){
		.attr = attr,
		.u.rmem = {.offs = 0, .size = payload->size, .shm_ref = payload->shm->cookie},
	};
}

/* --- start
 * --------------------------------------------------------------------------------------------- */

void service_init(void)
{
	ta_register_service(&service_device);
	ta_register_service(&service_rng);
	ta_register_service(&service_socket);
	ta_register_service(&service_stats);
	ta_register_service(&service_system);
	ta_register_service(&service_wait);
}
