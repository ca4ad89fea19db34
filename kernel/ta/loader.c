/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fetching an app's file from the guest: tee-supplicant tells its size, then fills a buffer, which
 * is copied once into secure memory and looked at only there (TA-016).
 *
 * This is the one store of files that exists so far. The first others (§1.7) go in front of it in
 * loader_fetch(), which then asks the next one after ITEM_NOT_FOUND and STORAGE_NOT_AVAILABLE only
 * (TA-021); every other answer of a store, as here, is the answer.
 */
#include "kernel/lib/string.h"
#include "kernel/ta/internal.h"

/* Asks for the size (a NULL buffer) or for the content. *size: what the answer said. */
static TEE_Result ask(const struct uuid *uuid, const struct shm *buffer, uint64_t *size)
{
	struct msg_param params[2] = {0};
	TEE_Result res;

	params[0].attr = MSG_ATTR_VALUE_IN;
	uuid_to_octets(uuid, params[0].u.octets);
	params[1].attr = MSG_ATTR_TMEM_OUT;
	if (buffer) {
		params[1].attr = MSG_ATTR_RMEM_OUT;
		params[1].u.rmem.size = *size;
		params[1].u.rmem.shm_ref = buffer->cookie;
	}
	res = call_rpc(RPC_CMD_LOAD_TA, params, 2);
	*size = params[1].u.tmem.size;
	return res;
}

static TEE_Result copy_in(struct image_stage *stage, const struct shm *buffer)
{
	for (uint64_t done = 0; image_stage_missing(stage) > 0;) {
		void *to;
		size_t room;
		TEE_Result res = image_stage_window(stage, &to, &room);

		if (res)
			return res;
		if (!shm_contains(buffer, done, room))
			return TEE_ERROR_SECURITY;
		if (!shm_read(buffer, done, to, room))
			return TEE_ERROR_COMMUNICATION;
		done += room;
		res = image_stage_commit(stage, room);
		if (!res)
			res = call_poll();
		if (res)
			return res;
	}
	return TEE_SUCCESS;
}

/* The guest may answer the second time with another file: what does not fill the stage exactly is
 * refused. */
static TEE_Result fill(struct image_stage *stage, const struct uuid *uuid, uint64_t size)
{
	struct shm *buffer;
	uint64_t filled = size;
	TEE_Result res = shm_payload_alloc(size, &buffer);

	if (res)
		return res;
	res = ask(uuid, buffer, &filled);
	if (!res && filled != size)
		res = TEE_ERROR_SECURITY;
	if (!res)
		res = copy_in(stage, buffer);
	shm_payload_free(buffer);
	return res;
}

TEE_Result loader_fetch(const struct uuid *uuid, struct image **image)
{
	struct image_stage *stage;
	uint64_t size = 0;
	TEE_Result res = ask(uuid, NULL, &size);

	if (res)
		return res;
	res = image_stage_begin(call_guest(), size, &stage);
	if (res)
		return res;
	res = fill(stage, uuid, size);
	if (res) {
		image_stage_drop(stage);
		return res;
	}
	return image_stage_finish(stage, uuid, image);
}
