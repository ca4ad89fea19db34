/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One instance for all guests (docs/abi-extensions.md, "Shared apps"). No command sleeps: one that
 * cannot go on says what it waits for and returns TENON_RETRY; it is entered again, from its
 * beginning, when somebody has woken that key. So each looks at its condition first.
 */
#include <string.h>
#include <tee_internal_api.h>

#include "abi/shared.h"
#include "exchange.h"

/* What a command waits for. */
enum key {
	KEY_LOCK,
	KEY_EMPTY,
	KEY_MESSAGE
};

static TEE_TASessionHandle wait_service;

/* Each session has one of these as its context. */
struct client {
	bool has_lock;
};

static struct {
	bool is_taken;
	bool was_abandoned; /* its last holder went without giving it back */
	uint32_t word[2];   /* from the last holder */
} lock;

static struct {
	uint32_t size; /* 0: empty */
	uint8_t bytes[EXCHANGE_MESSAGE_MAX];
	TEE_UUID from;
} mailbox;

static TEE_Result wait_for(enum key key)
{
	TEE_Param params[TEE_NUM_PARAMS] = {{.value = {key, 0}}};
	TEE_Result res = TEE_InvokeTACommand(
		wait_service, TEE_TIMEOUT_INFINITE, TENON_WAIT_CMD_WAIT,
		TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INPUT, 0, 0, 0), params, NULL);

	return res ? res : TENON_RETRY;
}

static void wake_one(enum key key)
{
	TEE_Param params[TEE_NUM_PARAMS] = {{.value = {key, 0}}, {.value = {1, 0}}};

	(void)TEE_InvokeTACommand(
		wait_service, TEE_TIMEOUT_INFINITE, TENON_WAIT_CMD_WAKE,
		TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INPUT, TEE_PARAM_TYPE_VALUE_INOUT, 0, 0),
		params, NULL);
}

static bool is_cancelled(void)
{
	(void)TEE_UnmaskCancellation();
	return TEE_GetCancellationFlag();
}

/* --- the lock --- */

static TEE_Result lock_take(struct client *client, TEE_Param params[TEE_NUM_PARAMS])
{
	if (client->has_lock)
		return TEE_ERROR_BAD_STATE;
	if (is_cancelled())
		return TEE_ERROR_CANCEL;
	if (lock.is_taken)
		return wait_for(KEY_LOCK);
	lock.is_taken = client->has_lock = true;
	params[0].value.a = lock.was_abandoned;
	params[1].value.a = lock.word[0];
	params[1].value.b = lock.word[1];
	lock.was_abandoned = false;
	return TEE_SUCCESS;
}

static void lock_free(struct client *client)
{
	client->has_lock = lock.is_taken = false;
	wake_one(KEY_LOCK);
}

static TEE_Result lock_give_back(struct client *client, TEE_Param params[TEE_NUM_PARAMS])
{
	if (!client->has_lock)
		return TEE_ERROR_BAD_STATE;
	lock.word[0] = params[0].value.a;
	lock.word[1] = params[0].value.b;
	lock_free(client);
	return TEE_SUCCESS;
}

/* --- the mailbox --- */

static TEE_Result mailbox_put(TEE_Param params[TEE_NUM_PARAMS])
{
	TEE_Result res;

	if (params[0].memref.size == 0 || params[0].memref.size > sizeof(mailbox.bytes))
		return TEE_ERROR_BAD_PARAMETERS;
	if (is_cancelled())
		return TEE_ERROR_CANCEL;
	if (mailbox.size)
		return wait_for(KEY_EMPTY);
	res = TEE_GetPropertyAsUUID(TEE_PROPSET_CURRENT_CLIENT, "tenon.client.guest",
				    &mailbox.from);
	if (res)
		return res;
	mailbox.size = params[0].memref.size;
	memcpy(mailbox.bytes, params[0].memref.buffer, mailbox.size);
	wake_one(KEY_MESSAGE);
	return TEE_SUCCESS;
}

static TEE_Result mailbox_get(TEE_Param params[TEE_NUM_PARAMS])
{
	size_t room = params[0].memref.size;

	if (params[1].memref.size < sizeof(mailbox.from))
		return TEE_ERROR_BAD_PARAMETERS;
	if (is_cancelled())
		return TEE_ERROR_CANCEL;
	if (mailbox.size == 0)
		return wait_for(KEY_MESSAGE);
	params[0].memref.size = mailbox.size;
	if (room < mailbox.size) {
		wake_one(KEY_MESSAGE); /* somebody else may have room for it */
		return TEE_ERROR_SHORT_BUFFER;
	}
	memcpy(params[0].memref.buffer, mailbox.bytes, mailbox.size);
	params[1].memref.size = sizeof(mailbox.from);
	memcpy(params[1].memref.buffer, &mailbox.from, sizeof(mailbox.from));
	mailbox.size = 0;
	wake_one(KEY_EMPTY);
	return TEE_SUCCESS;
}

/* --- entry points --- */

TEE_Result TA_CreateEntryPoint(void)
{
	static const TEE_UUID uuid = TENON_WAIT_UUID;

	return TEE_OpenTASession(&uuid, TEE_TIMEOUT_INFINITE, 0, NULL, &wait_service, NULL);
}

void TA_DestroyEntryPoint(void)
{
	TEE_CloseTASession(wait_service);
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t types, TEE_Param params[TEE_NUM_PARAMS],
				    void **context)
{
	(void)types;
	(void)params;
	*context = TEE_Malloc(sizeof(struct client), TEE_MALLOC_FILL_ZERO);
	return *context ? TEE_SUCCESS : TEE_ERROR_OUT_OF_MEMORY;
}

/* Also when the client's guest was destroyed: what it held must not stay held. */
void TA_CloseSessionEntryPoint(void *context)
{
	struct client *client = context;

	if (client->has_lock) {
		lock.was_abandoned = true;
		lock_free(client);
	}
	TEE_Free(client);
}

TEE_Result TA_InvokeCommandEntryPoint(void *context, uint32_t command, uint32_t types,
				      TEE_Param params[TEE_NUM_PARAMS])
{
	static const uint32_t expected[] = {
		[EXCHANGE_LOCK] = TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_OUTPUT,
						  TEE_PARAM_TYPE_VALUE_OUTPUT, 0, 0),
		[EXCHANGE_UNLOCK] = TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INPUT, 0, 0, 0),
		[EXCHANGE_PUT] = TEE_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_INPUT, 0, 0, 0),
		[EXCHANGE_GET] = TEE_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_OUTPUT,
						 TEE_PARAM_TYPE_MEMREF_OUTPUT, 0, 0),
	};

	if (command > EXCHANGE_GET)
		return TEE_ERROR_NOT_IMPLEMENTED;
	if (types != expected[command])
		return TEE_ERROR_BAD_PARAMETERS;
	switch (command) {
	case EXCHANGE_LOCK:
		return lock_take(context, params);
	case EXCHANGE_UNLOCK:
		return lock_give_back(context, params);
	case EXCHANGE_PUT:
		return mailbox_put(params);
	default:
		return mailbox_get(params);
	}
}
