/* SPDX-License-Identifier: BSD-2-Clause */
/* Properties that the kernel answers for; libutee has a table of its own in front (trusted-app ABI
 * §4.1). */
#include "kernel/lib/string.h"
#include "kernel/syscall/syscall.h"

#define SET_TEE        0xFFFFFFFDu
#define SET_CLIENT     0xFFFFFFFEu
#define SET_CURRENT_TA 0xFFFFFFFFu

#define TYPE_BOOL     0u
#define TYPE_U32      1u
#define TYPE_UUID     2u
#define TYPE_IDENTITY 3u
#define TYPE_STRING   4u

#define NAME_MAX 80u

struct identity {
	uint32_t login;
	struct uuid uuid;
};

struct property {
	const char *name;
	uint32_t type;
	uint32_t number;  /* BOOL, U32 */
	const char *text; /* STRING */
	/* Writes a value that depends on who asks; returns its size. */
	size_t (*get)(const struct syscall *sc, void *to);
};

/* Of a shared app it is the guest of the session that is served. */
static size_t get_guest(const struct syscall *sc, void *to)
{
	struct uuid id =
		sc->instance->shared ? sc->session->client_guest : guest_uuid(sc->instance->guest);

	memcpy(to, &id, sizeof(id));
	return sizeof(id);
}

static size_t get_client_identity(const struct syscall *sc, void *to)
{
	struct identity identity = {sc->session->client.login, sc->session->client.uuid};

	memcpy(to, &identity, sizeof(identity));
	return sizeof(identity);
}

static size_t get_app_id(const struct syscall *sc, void *to)
{
	memcpy(to, &sc->instance->uuid, sizeof(struct uuid));
	return sizeof(struct uuid);
}

static const struct property tee_properties[] = {
	{"gpd.tee.apiversion", TYPE_STRING, .text = "GPD-1.1-dev"},
	{"gpd.tee.description", TYPE_STRING, .text = "Tenon"},
	{"gpd.tee.deviceID", TYPE_UUID, .get = get_guest},
	{"gpd.tee.systemTime.protectionLevel", TYPE_U32, .number = 1000},
	{"gpd.tee.TAPersistentTime.protectionLevel", TYPE_U32, .number = 100},
	{"gpd.tee.cryptography.ecc", TYPE_BOOL, .number = 1},
	{"gpd.tee.trustedStorage.antiRollback.protectionLevel", TYPE_U32, .number = 0},
	{"gpd.tee.trustedos.implementation.version", TYPE_STRING, .text = "Tenon 0.1"},
	{"gpd.tee.trustedos.implementation.binaryversion", TYPE_U32, .number = 0},
	{"gpd.tee.trustedos.manufacturer", TYPE_STRING, .text = "Tenon"},
	{"gpd.tee.firmware.implementation.version", TYPE_STRING, .text = "undefined"},
	{"gpd.tee.firmware.implementation.binaryversion", TYPE_U32, .number = 0},
	{"gpd.tee.firmware.manufacturer", TYPE_STRING, .text = "undefined"},
};

static const struct property client_properties[] = {
	{"gpd.client.identity", TYPE_IDENTITY, .get = get_client_identity},
	{"gpd.client.endian", TYPE_U32, .number = 0},
	{"tenon.client.guest", TYPE_UUID, .get = get_guest}, /* docs/abi-extensions.md */
};

static const struct property ta_properties[] = {
	{"gpd.ta.appID", TYPE_UUID, .get = get_app_id},
};

static const struct property *find_set(uint64_t set, size_t *count)
{
	switch ((uint32_t)set) {
	case SET_TEE:
		*count = array_count(tee_properties);
		return tee_properties;
	case SET_CLIENT:
		*count = array_count(client_properties);
		return client_properties;
	case SET_CURRENT_TA:
		*count = array_count(ta_properties);
		return ta_properties;
	default:
		*count = 0;
		return NULL;
	}
}

static size_t value_of(const struct syscall *sc, const struct property *p, const void **value,
		       void *room)
{
	*value = room;
	if (p->get)
		return p->get(sc, room);
	if (p->type == TYPE_STRING) {
		*value = p->text;
		return strlen(p->text) + 1;
	}
	*(uint32_t *)room = p->number;
	return p->type == TYPE_BOOL ? 1 : sizeof(uint32_t);
}

/*
 * Gives one in/out pair of buffer and length: the length that is needed, and the bytes if they fit.
 * Both may be absent.
 */
static TEE_Result put(const struct uaspace *as, uint64_t to, uint64_t length_at, const void *value,
		      uint32_t size)
{
	uint32_t room;
	TEE_Result res;

	if (!length_at)
		return TEE_SUCCESS;
	res = user_read(as, &room, uaddr(length_at), sizeof(room), USER_ANY_OWNER);
	if (!res)
		res = user_write(as, uaddr(length_at), &size, sizeof(size), USER_ANY_OWNER);
	if (res)
		return res;
	if (room < size || !to)
		return TEE_ERROR_SHORT_BUFFER;
	return user_write(as, uaddr(to), value, size, USER_ANY_OWNER);
}

/* (set, index, name, name_len *, buf, blen *, type *) */
TEE_Result sys_get_property(struct syscall *sc)
{
	const struct uaspace *as = &sc->instance->as;
	size_t count;
	const struct property *set = find_set(sc->arg[0], &count);
	const void *value;
	_Alignas(8) uint8_t room[sizeof(struct identity)];
	TEE_Result name_res, value_res;

	if (sc->arg[1] >= count)
		return TEE_ERROR_ITEM_NOT_FOUND;
	const struct property *p = &set[index_clamp(sc->arg[1], count)];
	size_t size = value_of(sc, p, &value, room);
	if (sc->arg[6]) {
		TEE_Result res = user_write(as, uaddr(sc->arg[6]), &p->type, sizeof(p->type),
					    USER_ANY_OWNER);
		if (res)
			return res;
	}
	name_res = put(as, sc->arg[2], sc->arg[3], p->name, strlen(p->name) + 1);
	value_res = put(as, sc->arg[4], sc->arg[5], value, size);
	return name_res ? name_res : value_res;
}

/* (set, name, name_len with the NUL, index *) */
TEE_Result sys_get_property_index(struct syscall *sc)
{
	const struct uaspace *as = &sc->instance->as;
	char name[NAME_MAX];
	size_t count;
	const struct property *set = find_set(sc->arg[0], &count);
	uint64_t size = sc->arg[2];
	TEE_Result res;

	if (size == 0 || size > NAME_MAX)
		return TEE_ERROR_ITEM_NOT_FOUND;
	res = user_read(as, name, uaddr(sc->arg[1]), size, USER_ANY_OWNER);
	if (res)
		return res;
	if (name[size - 1] != '\0')
		return TEE_ERROR_ITEM_NOT_FOUND;
	for (uint32_t i = 0; i < count; i++) {
		if (!strcmp(set[i].name, name))
			return user_write(as, uaddr(sc->arg[3]), &i, sizeof(i), USER_ANY_OWNER);
	}
	return TEE_ERROR_ITEM_NOT_FOUND;
}
