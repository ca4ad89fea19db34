/* SPDX-License-Identifier: BSD-2-Clause */
/* dlopen() and dlsym() of apps (TA-145). */
#include "kernel/service/internal.h"

/* RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE of the development kit */
#define DLOPEN_FLAGS 0x1102u

TEE_Result library_open(struct ta_instance *app, struct ta_params *params)
{
	struct uuid uuid;
	TEE_Result res;

	if (!service_types_are(params, TEE_PARAM_MEMREF_INPUT, TEE_PARAM_VALUE_INPUT,
			       TEE_PARAM_NONE, TEE_PARAM_NONE) ||
	    params->p[1].u.value.a != DLOPEN_FLAGS)
		return TEE_ERROR_BAD_PARAMETERS;
	res = service_read_uuid(&params->p[0].u.memref, &uuid);
	return res ? res : modules_open(app, &uuid);
}

/* A symbol's name, copied once; to be freed. The app's owner need not be the guest that calls. */
static TEE_Result read_name(struct heap *heap, const struct ta_memref *from, char **name)
{
	TEE_Result res;

	if (from->room == 0 || from->room > HEAP_MAX)
		return TEE_ERROR_BAD_PARAMETERS;
	*name = heap_alloc(heap, from->room);
	if (!*name)
		return TEE_ERROR_OUT_OF_MEMORY;
	res = ta_memref_read(from, 0, *name, from->room);
	if (!res && (*name)[from->room - 1] != '\0')
		res = TEE_ERROR_BAD_PARAMETERS;
	if (res)
		heap_free(heap, *name);
	return res;
}

TEE_Result library_find(struct ta_instance *app, struct ta_params *params)
{
	struct uuid uuid;
	char *name;
	uint64_t va = 0;
	TEE_Result res;

	if (!service_types_are(params, TEE_PARAM_MEMREF_INPUT, TEE_PARAM_MEMREF_INPUT,
			       TEE_PARAM_VALUE_OUTPUT, TEE_PARAM_NONE))
		return TEE_ERROR_BAD_PARAMETERS;
	res = service_read_uuid(&params->p[0].u.memref, &uuid);
	if (!res)
		res = read_name(&app->guest->heap, &params->p[1].u.memref, &name);
	if (res)
		return res;
	res = modules_find(app, &uuid, name, &va);
	heap_free(&app->guest->heap, name);
	params->p[2].u.value.a = va >> 32;
	params->p[2].u.value.b = (uint32_t)va;
	return res;
}
