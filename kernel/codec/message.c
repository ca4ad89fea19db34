/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/codec/message.h"

#include "kernel/lib/string.h"

bool message_attr_is_valid(uint64_t attr)
{
	uint64_t type = attr & MSG_ATTR_TYPE_MASK;
	bool value = type >= MSG_ATTR_VALUE_IN && type <= MSG_ATTR_VALUE_INOUT;
	bool rmem = type >= MSG_ATTR_RMEM_IN && type <= MSG_ATTR_RMEM_INOUT;
	bool tmem = type >= MSG_ATTR_TMEM_IN && type <= MSG_ATTR_TMEM_INOUT;
	uint64_t known = MSG_ATTR_TYPE_MASK | MSG_ATTR_META |
			 (tmem ? MSG_ATTR_NONCONTIG | MSG_ATTR_CACHE_MASK : 0);

	return (attr & ~known) == 0 && (type == MSG_ATTR_NONE || value || rmem || tmem) &&
	       (!(attr & MSG_ATTR_META) || value);
}

struct uuid message_uuid(const uint8_t *o)
{
	struct uuid uuid = {
		.time_low =
			(uint32_t)o[0] << 24 | (uint32_t)o[1] << 16 | (uint32_t)o[2] << 8 | o[3],
		.time_mid = (uint16_t)(o[4] << 8 | o[5]),
		.time_hi_and_version = (uint16_t)(o[6] << 8 | o[7]),
	};

	memcpy(uuid.clock_seq_and_node, o + 8, sizeof(uuid.clock_seq_and_node));
	return uuid;
}

static bool login_has_uuid(uint64_t login)
{
	return login == LOGIN_USER || login == LOGIN_GROUP || login == LOGIN_APPLICATION ||
	       login == LOGIN_APPLICATION_USER || login == LOGIN_APPLICATION_GROUP;
}

TEE_Result message_decode_open(const struct message *message, struct message_open *open)
{
	const struct msg_param *p = message->params;

	if (message->header.num_params < 2 || message->header.num_params > 2 + TA_PARAMS ||
	    p[0].attr != MSG_ATTR_META_VALUE_IN || p[1].attr != MSG_ATTR_META_VALUE_IN)
		return TEE_ERROR_BAD_PARAMETERS;
	uint64_t login = p[1].u.value.c;
	bool nameless = login == LOGIN_PUBLIC || login == LOGIN_REE_KERNEL;
	if (!nameless && !login_has_uuid(login))
		return TEE_ERROR_BAD_PARAMETERS;
	*open = (struct message_open){
		.ta = message_uuid(p[0].u.octets),
		.login = (uint32_t)login,
	};
	if (!nameless)
		open->client = message_uuid(p[1].u.octets);
	return TEE_SUCCESS;
}
