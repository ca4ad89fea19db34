/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 3a2f8978-5dc0-11e8-9c2d-fa7ae01bbebc: what apps' own libraries ask the kernel for: memory,
 * libraries, keys, plugins (trusted-app ABI §5.2). Everything is done to the app that opened the
 * session; a session has no state.
 */
#include "kernel/crypto/crypto.h"
#include "kernel/lib/string.h"
#include "kernel/service/internal.h"

#define CMD_ADD_RNG_ENTROPY      0u
#define CMD_DERIVE_TA_UNIQUE_KEY 1u
#define CMD_MAP_ZERO             2u
#define CMD_UNMAP                3u
#define CMD_DLOPEN               10u
#define CMD_DLSYM                11u
#define CMD_GET_TPM_EVENT_LOG    12u
#define CMD_SUPPLICANT_PLUGIN    13u

#define MAP_SHAREABLE 1u

static uint64_t pair(uint32_t high, uint32_t low)
{
	return (uint64_t)high << 32 | low;
}

/* TA-144 */
static TEE_Result add_entropy(struct guest *guest, struct ta_params *params)
{
	const struct ta_memref *from = &params->p[0].u.memref;
	uint8_t piece[256];
	TEE_Result res = TEE_SUCCESS;

	if (!service_types_are(params, TEE_PARAM_MEMREF_INPUT, TEE_PARAM_NONE, TEE_PARAM_NONE,
			       TEE_PARAM_NONE) ||
	    from->room == 0)
		return TEE_ERROR_BAD_PARAMETERS;
	for (uint64_t done = 0; done < from->room && !res;) {
		size_t bite = min(from->room - done, (uint64_t)sizeof(piece));
		res = ta_memref_read(from, done, piece, bite);
		if (!res)
			guest_random_add(guest, piece, bite);
		done += bite;
		if (!res)
			res = call_poll();
	}
	crypto_wipe(piece, sizeof(piece));
	return res;
}

#define KEY_MIN   16u
#define EXTRA_MAX 1024u

/*
 * TA-143: a key that is the app's alone, so it may not go where anybody else reads. What the app's
 * library passes on in its place is memory that it can share with apps: secure as well.
 */
static TEE_Result derive_key(struct ta_instance *app, struct ta_params *params)
{
	const struct ta_memref *extra = &params->p[0].u.memref;
	struct ta_memref *out = &params->p[1].u.memref;
	uint8_t key[GUEST_KEY_SIZE];
	void *copy = NULL;
	TEE_Result res = TEE_SUCCESS;

	if (!service_types_are(params, TEE_PARAM_MEMREF_INPUT, TEE_PARAM_MEMREF_OUTPUT,
			       TEE_PARAM_NONE, TEE_PARAM_NONE) ||
	    extra->room > EXTRA_MAX || out->room < KEY_MIN || out->room > sizeof(key))
		return TEE_ERROR_BAD_PARAMETERS;
	if (user_check(&app->as, uaddr(out->offset), out->room,
		       USER_WRITE | USER_SECURE | USER_ANY_OWNER))
		return TEE_ERROR_SECURITY;
	if (extra->room > 0) {
		copy = heap_alloc(&app->guest->heap, extra->room);
		if (!copy)
			return TEE_ERROR_OUT_OF_MEMORY;
		res = ta_memref_read(extra, 0, copy, extra->room);
	}
	if (!res) {
		guest_derive_key(app->guest, &app->uuid, copy, extra->room, key, out->room);
		out->size = out->room;
		res = ta_memref_write(out, 0, key, out->room);
		crypto_wipe(key, sizeof(key));
	}
	heap_free(&app->guest->heap, copy);
	return res;
}

/* TA-142 */
static TEE_Result map_zero(struct ta_instance *app, struct ta_params *params)
{
	uint32_t size = params->p[0].u.value.a, flags = params->p[0].u.value.b;
	uint32_t *high = &params->p[1].u.value.a, *low = &params->p[1].u.value.b;
	uint64_t va;
	TEE_Result res;

	if (!service_types_are(params, TEE_PARAM_VALUE_INPUT, TEE_PARAM_VALUE_INOUT,
			       TEE_PARAM_VALUE_INPUT, TEE_PARAM_NONE) ||
	    (flags & ~MAP_SHAREABLE))
		return TEE_ERROR_BAD_PARAMETERS;
	res = uaspace_map_zero(&app->as, size, flags & MAP_SHAREABLE, pair(*high, *low),
			       params->p[2].u.value.a, params->p[2].u.value.b, &va);
	if (res)
		return res;
	*high = va >> 32;
	*low = (uint32_t)va;
	return TEE_SUCCESS;
}

static TEE_Result unmap(struct ta_instance *app, struct ta_params *params)
{
	if (!service_types_are(params, TEE_PARAM_VALUE_INPUT, TEE_PARAM_VALUE_INPUT, TEE_PARAM_NONE,
			       TEE_PARAM_NONE) ||
	    params->p[0].u.value.b != 0)
		return TEE_ERROR_BAD_PARAMETERS;
	return uaspace_unmap_zero(&app->as, pair(params->p[1].u.value.a, params->p[1].u.value.b),
				  params->p[0].u.value.a);
}

static TEE_Result invoke(struct ta_session *session, uint32_t cmd, struct ta_params *params)
{
	struct ta_instance *app = session->opener;

	switch (cmd) {
	case CMD_ADD_RNG_ENTROPY:
		return add_entropy(app->guest, params);
	case CMD_DERIVE_TA_UNIQUE_KEY:
		return derive_key(app, params);
	case CMD_MAP_ZERO:
		return map_zero(app, params);
	case CMD_UNMAP:
		return unmap(app, params);
	case CMD_DLOPEN:
		return library_open(app, params);
	case CMD_DLSYM:
		return library_find(app, params);
	case CMD_GET_TPM_EVENT_LOG:
		return service_types_are(params, TEE_PARAM_MEMREF_OUTPUT, TEE_PARAM_NONE,
					 TEE_PARAM_NONE, TEE_PARAM_NONE)
			       ? TEE_ERROR_NOT_SUPPORTED
			       : TEE_ERROR_BAD_PARAMETERS;
	case CMD_SUPPLICANT_PLUGIN:
		return plugin_invoke(params);
	default:
		return TEE_ERROR_NOT_IMPLEMENTED;
	}
}

const struct ta_service service_system = {
	.uuid = {0x3a2f8978, 0x5dc0, 0x11e8, {0x9c, 0x2d, 0xfa, 0x7a, 0xe0, 0x1b, 0xbe, 0xbc}},
	.name = "system",
	.apps_only = true,
	.for_shared = true,
	.invoke = invoke,
};
