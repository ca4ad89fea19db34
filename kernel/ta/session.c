/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions that the normal world opens. */
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/ta/internal.h"

#define SERVICES_MAX 16

static const struct ta_service *services[SERVICES_MAX];
static unsigned service_count;

void ta_register_service(const struct ta_service *service)
{
	assert(service_count < SERVICES_MAX);
	services[service_count++] = service;
}

static const struct ta_service *find_service(const struct uuid *uuid)
{
	for (unsigned i = 0; i < service_count; i++) {
		if (uuid_equal(&services[i]->uuid, uuid))
			return services[i];
	}
	return NULL;
}

static struct ta_session *find(struct guest *guest, uint32_t id)
{
	list_for_each (node, &guest->sessions) {
		struct ta_session *session = list_entry(node, struct ta_session, link);
		if (session->id == id)
			return session;
	}
	return NULL;
}

/* A name is good only for who opened it (I2, TA-080). */
static struct ta_session *find_of(const struct ta_caller *caller, uint32_t id)
{
	struct ta_session *session = find(call_guest(), id);

	return session && session->opener == caller->opener ? session : NULL;
}

/* Lookup and reference in one step. */
static struct ta_session *session_get(const struct ta_caller *caller, uint32_t id)
{
	struct ta_session *session = find_of(caller, id);

	if (session)
		session->references++;
	return session;
}

static void session_put(struct ta_session *session)
{
	struct guest *guest = session->guest;

	if (--session->references > 0)
		return;
	if (session->instance)
		instance_put(session->instance);
	guest->count.sessions--;
	heap_free(&guest->heap, session);
}

/* Numbers go round the 32 bits; one that is in use, or 0, is passed over. */
static uint32_t new_id(struct guest *guest)
{
	do {
		guest->next_session_id++;
	} while (guest->next_session_id == 0 || find(guest, guest->next_session_id));
	return guest->next_session_id;
}

static struct ta_session *session_new(const struct ta_caller *caller,
				      const struct ta_client *client)
{
	struct guest *guest = call_guest();
	struct ta_session *session;

	if (guest->count.sessions >= guest->limit.sessions) {
		guest->count.refusals++;
		return NULL;
	}
	session = heap_alloc(&guest->heap, sizeof(*session));
	if (!session)
		return NULL;
	list_init(&session->link);
	session->guest = guest;
	session->id = new_id(guest);
	session->references = 1;
	session->opener = caller->opener;
	session->client = *client;
	session->deadline = UINT64_MAX;
	guest->count.sessions++;
	return session;
}

/*
 * Enters the session's app. The result of a function that ran has the origin TRUSTED_APP, success
 * included (TA-048); that it could not run, or died, comes from the TEE.
 */
static TEE_Result enter(struct ta_session *session, uint32_t function, uint32_t cmd,
			struct ta_params *params, uint32_t *origin)
{
	struct ta_instance *instance = session->instance;
	TEE_Result result;
	TEE_Result res = instance_take(instance);

	*origin = TEE_ORIGIN_TEE;
	if (res)
		return res;
	if (function == TA_FUNC_INVOKE_COMMAND && list_empty(&session->link)) {
		/* Closed while this call waited: the app does not know the session any more. */
		instance_give_back(instance);
		return TEE_ERROR_BAD_PARAMETERS;
	}
	res = instance_enter(instance, session, function, cmd, params, &result);
	instance_give_back(instance);
	if (res)
		return res;
	*origin = TEE_ORIGIN_TRUSTED_APP;
	return result;
}

static TEE_Result open(struct ta_session *session, const struct uuid *uuid,
		       struct ta_params *params, uint32_t *origin)
{
	TEE_Result res;

	session->service = find_service(uuid);
	if (session->service) {
		*origin = TEE_ORIGIN_TRUSTED_APP;
		return TEE_SUCCESS;
	}
	res = instance_for_open(uuid, &session->instance);
	if (res)
		return res;
	return enter(session, TA_FUNC_OPEN_SESSION, 0, params, origin);
}

TEE_Result ta_open_session(const struct ta_caller *caller, const struct uuid *uuid,
			   const struct ta_client *client, struct ta_params *params, uint32_t *id,
			   uint32_t *origin)
{
	struct guest *guest = call_guest();
	struct ta_session *session = session_new(caller, client);
	TEE_Result res;

	*id = 0;
	*origin = TEE_ORIGIN_TEE;
	if (!session)
		return TEE_ERROR_OUT_OF_MEMORY;
	res = open(session, uuid, params, origin);
	if (res) {
		session_put(session);
		return res;
	}
	*id = session->id;
	list_insert(&guest->sessions, &session->link);
	return TEE_SUCCESS;
}

TEE_Result ta_invoke(const struct ta_caller *caller, uint32_t id, uint32_t cmd,
		     struct ta_params *params, uint32_t *origin)
{
	struct ta_session *session = session_get(caller, id);
	TEE_Result res;

	*origin = TEE_ORIGIN_TEE;
	if (!session)
		return TEE_ERROR_BAD_PARAMETERS;
	if (session->service) {
		*origin = TEE_ORIGIN_TRUSTED_APP;
		res = session->service->invoke(session, cmd, params);
	} else {
		res = enter(session, TA_FUNC_INVOKE_COMMAND, cmd, params, origin);
	}
	session_put(session);
	return res;
}

TEE_Result ta_close_session(const struct ta_caller *caller, uint32_t id, uint32_t *origin)
{
	struct ta_session *session = find_of(caller, id);

	*origin = TEE_ORIGIN_TEE;
	if (!session)
		return TEE_ERROR_ITEM_NOT_FOUND;
	/* From here on nobody finds it; those inside hold references. */
	list_remove(&session->link);
	if (session->instance) {
		TEE_Result res = enter(session, TA_FUNC_CLOSE_SESSION, 0, NULL, origin);
		if (res && res != TEE_ERROR_TARGET_DEAD)
			guest_log(call_guest(), "session %u: the app's close failed: 0x%x", id,
				  res);
	}
	session_put(session);
	return TEE_SUCCESS;
}

TEE_Result ta_cancel(uint32_t id)
{
	const struct ta_caller normal_world = {0};
	struct ta_session *session = find_of(&normal_world, id);

	if (!session)
		return TEE_ERROR_BAD_PARAMETERS;
	session->cancel_requested = true;
	return TEE_SUCCESS;
}

bool ta_cancelled(const struct ta_session *session)
{
	return session->cancel_requested && session->cancel_unmasked;
}

/* The sessions and instances of a dying guest, whose calls are gone: no app is entered any more. */
static enum teardown ta_teardown(struct guest *guest)
{
	/* Their memory first, so that no later step is a long one (I7). */
	list_for_each (node, &guest->instances) {
		struct ta_instance *instance = list_entry(node, struct ta_instance, link);
		if (instance->as_ready && uaspace_shrink(&instance->as))
			return TEARDOWN_MORE;
	}
	if (!list_empty(&guest->sessions)) {
		struct ta_session *session =
			list_entry(guest->sessions.next, struct ta_session, link);
		list_remove(&session->link);
		session_put(session);
		return TEARDOWN_MORE;
	}
	if (!list_empty(&guest->instances)) {
		/* A kept one: without sessions nothing else refers to it. */
		struct ta_instance *instance =
			list_entry(guest->instances.next, struct ta_instance, link);
		instance->references++;
		instance_put(instance);
		return TEARDOWN_MORE;
	}
	return TEARDOWN_DONE;
}

void ta_init(void)
{
	service_count = 0;
	guest_on_teardown(ta_teardown);
}
