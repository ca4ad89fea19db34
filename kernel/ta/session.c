/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions, opened by the normal world or by apps. */
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace.h"
#include "kernel/ta/internal.h"
#include "kernel/ta/shared.h"

static const struct ta_service *services[TA_SERVICES_MAX];
static unsigned service_count;

void ta_register_service(const struct ta_service *service)
{
	assert(service_count < TA_SERVICES_MAX);
	services[service_count++] = service;
}

const struct ta_service *ta_service_at(unsigned index)
{
	return index < service_count ? services[index] : NULL;
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

/* What a shared app opens is its own, not that of the guest whose call is inside of it. */
static struct guest *owner_of(const struct ta_caller *caller)
{
	return caller->opener ? caller->opener->guest : call_guest();
}

/* A name is good only for who opened it, and while the session is open (I2, TA-080). */
static struct ta_session *find_of(const struct ta_caller *caller, uint32_t id)
{
	struct ta_session *session = find(owner_of(caller), id);
	bool usable =
		session && session->state == TA_SESSION_OPEN && session->opener == caller->opener;

	return usable ? session : NULL;
}

/* Lookup and reference in one step. */
static struct ta_session *session_get(const struct ta_caller *caller, uint32_t id)
{
	struct ta_session *session = find_of(caller, id);

	if (session)
		session->references++;
	return session;
}

static void unpublish(struct ta_session *session)
{
	session->state = TA_SESSION_CLOSED;
	/* It may be closed for good after its opener's end. */
	session->opener = NULL;
	list_remove(&session->of_opener);
}

static void session_put(struct ta_session *session)
{
	struct guest *guest = session->guest;

	if (--session->references > 0)
		return;
	/* The last one: nobody finds it, nobody is inside. */
	if (session->accepted && session->service->close)
		session->service->close(session);
	if (session->instance && session->instance->shared)
		shared_orphan(session);
	if (session->instance)
		instance_put(session->instance);
	list_remove(&session->link);
	guest->count.sessions--;
	heap_free(&guest->heap, session);
}

/* Numbers go round the 32 bits; 0 is none. */
static uint32_t after(uint32_t id)
{
	return id + 1 + (id == UINT32_MAX);
}

/*
 * Those in use are passed over. The list is in the order in which they come: they are its first
 * ones, however many there are (I7), and then its last ones. To be inserted at the end.
 */
static uint32_t new_id(struct guest *guest)
{
	struct list *node = guest->sessions.next;
	uint32_t id = after(guest->next_session_id);

	while (node != &guest->sessions && list_entry(node, struct ta_session, link)->id == id) {
		id = after(id);
		node = node->next;
	}
	list_rotate(&guest->sessions, node);
	guest->next_session_id = id;
	return id;
}

/* An app counts as itself, whatever it is asked to pass for (TA-086). */
static struct ta_client client_of(const struct ta_caller *caller, const struct ta_client *client)
{
	if (!caller->opener)
		return *client;
	return (struct ta_client){TA_LOGIN_TRUSTED_APP, caller->opener->uuid};
}

static struct ta_session *record_new(struct guest *guest)
{
	struct ta_session *session;

	if (guest->count.sessions >= guest->limit.sessions) {
		guest->count.refusals++;
		trace(TRACE_REFUSED, guest->vm_id, TRACE_NO_CALL, TRACE_OF_SESSIONS, 0, 0, 0);
		return NULL;
	}
	session = heap_alloc(&guest->heap, sizeof(*session));
	if (!session)
		return NULL;
	session->guest = guest;
	session->id = new_id(guest);
	session->references = 1;
	session->deadline = UINT64_MAX;
	list_init(&session->of_opener);
	list_insert(&guest->sessions, &session->link);
	count_up(&guest->count.sessions, &guest->count.sessions_peak);
	return session;
}

static struct ta_session *session_new(const struct ta_caller *caller,
				      const struct ta_client *client)
{
	struct ta_session *session = record_new(owner_of(caller));

	if (session) {
		session->opener = caller->opener;
		session->client = client_of(caller, client);
	}
	return session;
}

struct ta_session *session_peer_new(struct ta_session *session)
{
	struct ta_session *peer = record_new(session->instance->guest);

	if (peer) {
		peer->peer = session;
		peer->client = session->client;
		peer->client_guest = guest_uuid(session->guest);
	}
	return peer;
}

void session_peer_drop(struct ta_session *peer)
{
	list_remove(&peer->of_opener);
	session_put(peer);
}

#define DROP_BATCH 32

bool session_drop_opened(struct ta_instance *instance)
{
	for (unsigned i = 0; i < DROP_BATCH && !list_empty(&instance->opened); i++) {
		struct ta_session *session =
			list_entry(instance->opened.next, struct ta_session, of_opener);
		unpublish(session);
		session_put(session);
	}
	return !list_empty(&instance->opened);
}

/* --- entering
 * -------------------------------------------------------------------------------------- */

/* What a caller asks of a session's app. */
struct request {
	uint32_t function;
	uint32_t cmd;
	uint32_t timeout;
	struct ta_params *params; /* NULL: none */
};

static uint64_t deadline_after(uint32_t millis)
{
	if (millis == TA_NO_TIMEOUT)
		return UINT64_MAX;
	return arch_counter() + arch_counter_hz() * millis / 1000;
}

static TEE_Result enter_shared(struct ta_session *session, const struct request *request,
			       uint64_t deadline, uint32_t *origin)
{
	const struct shared_request what = {request->function, request->cmd, deadline,
					    request->params};
	TEE_Result result;
	TEE_Result res = shared_call(session, &what, &result);

	session->cancel_requested = false;
	if (res)
		return res;
	*origin = TEE_ORIGIN_TRUSTED_APP;
	return result;
}

#define FEW_SESSIONS 16u

/* Before an entry: finding the session, or an instance for it, was a search among many (I7). If the
 * guest is dying, the entry finds out. */
static void breathe_among_many(const struct ta_session *session)
{
	if (session->guest->count.sessions > FEW_SESSIONS)
		(void)!call_poll();
}

/*
 * Enters the session's app. The result of a function that ran has the origin TRUSTED_APP, success
 * included (TA-048); that it could not run, or died, comes from the TEE. The time that it waits for
 * its turn counts (TA-089).
 */
static TEE_Result enter(struct ta_session *session, const struct request *request, uint32_t *origin)
{
	struct ta_instance *instance = session->instance;
	uint64_t deadline = deadline_after(request->timeout);
	TEE_Result result;
	TEE_Result res;

	*origin = TEE_ORIGIN_TEE;
	breathe_among_many(session);
	if (instance->shared)
		return enter_shared(session, request, deadline, origin);
	res = instance_take(instance);
	if (res)
		return res;
	if (request->function == TA_FUNC_INVOKE_COMMAND && session->state != TA_SESSION_OPEN) {
		/* Closed while this call waited: the app does not know the session any more. */
		instance_give_back(instance);
		return TEE_ERROR_BAD_PARAMETERS;
	}
	session->deadline = deadline;
	res = instance_enter(instance, session, request->function, request->cmd, request->params,
			     &result);
	instance_give_back(instance);
	if (res)
		return res;
	*origin = TEE_ORIGIN_TRUSTED_APP;
	return result;
}

/* --- closing
 * --------------------------------------------------------------------------------------- */

void session_orphan(struct ta_session *session)
{
	struct call *call = call_current();

	unpublish(session);
	/* Without a call the guest is being taken apart, its sessions with it. */
	if (call)
		list_insert(&call->orphans, &session->of_opener);
}

/* Commands that wait for another guest look again: the session is closed, or its client asks to
 * cancel. */
static void rouse_parked(const struct ta_session *session)
{
	list_for_each (node, &session->guest->calls) {
		const struct call *call = list_entry(node, struct call, link);

		if (call->parked == session)
			shared_rouse(call);
	}
}

/*
 * Ends a session that nobody finds any more: its app sees a close (TA-052). False: it can't be
 * entered from where this call is, because it waits for this call, or the call is too deep; then
 * nothing has happened.
 */
static bool must_check close_now(struct ta_session *session)
{
	const struct request request = {TA_FUNC_CLOSE_SESSION, .timeout = TA_NO_TIMEOUT};
	uint32_t origin;

	trace(TRACE_SESSION_CLOSE, session->guest->vm_id, call_current()->slot, session->id, 0, 0,
	      0);
	if (session->instance) {
		TEE_Result res = enter(session, &request, &origin);
		bool later = origin == TEE_ORIGIN_TEE &&
			     (res == TEE_ERROR_BUSY || res == TEE_ERROR_OUT_OF_MEMORY);
		if (later && call_current()->user_depth > 0)
			return false;
		if (res && res != TEE_ERROR_TARGET_DEAD)
			guest_log(session->guest, "session %u: the app's close failed: 0x%x",
				  session->id, res);
	}
	session_put(session);
	return true;
}

/*
 * Closes what the running call has left to close. Each may leave more behind: they are queued, so
 * that a chain of apps that open each other makes work but no depth; and those that are queued here
 * are not for the apps that are entered meanwhile. What can't be closed from here waits for the
 * next outer level; the outermost is inside of nothing and closes everything.
 */
static void close_orphans(void)
{
	struct call *call = call_current();
	struct list due, later;

	/* Not from inside a shared app: they are of the guest whose call is there. */
	if (call->sheltered)
		return;
	list_init(&due);
	list_init(&later);
	for (;;) {
		list_splice(&call->orphans, &due);
		if (list_empty(&due))
			break;
		struct ta_session *session = list_entry(due.next, struct ta_session, of_opener);
		list_remove(&session->of_opener);
		if (!close_now(session))
			list_insert(&later, &session->of_opener);
		/* Those to services are not entered, and there may be many of them (I7). If the
		 * guest is dying there is still nothing to do but to go on. */
		if (call_poll())
			continue;
	}
	list_splice(&later, &call->orphans);
}

/* --- what callers ask for
 * -------------------------------------------------------------------------- */

static bool is_shared(const struct ta_instance *instance)
{
	return instance && instance->shared;
}

static TEE_Result open_service(struct ta_session *session, const struct ta_caller *caller,
			       struct ta_params *params)
{
	const struct ta_service *service = session->service;
	TEE_Result res = TEE_SUCCESS;

	if (is_shared(caller->opener) && !service->for_shared)
		return TEE_ERROR_ACCESS_DENIED;
	if (service->apps_only && !caller->opener)
		return TEE_ERROR_ACCESS_DENIED;
	if (service->open)
		res = service->open(session, params);
	session->accepted = res == TEE_SUCCESS;
	return res;
}

static TEE_Result open(struct ta_session *session, const struct ta_caller *caller,
		       const struct uuid *uuid, struct ta_params *params, uint32_t *origin)
{
	const struct request request = {TA_FUNC_OPEN_SESSION, 0, caller->timeout, params};
	TEE_Result res;

	session->service = find_service(uuid);
	if (session->service) {
		*origin = TEE_ORIGIN_TRUSTED_APP;
		return open_service(session, caller, params);
	}
	/* It would wait for others, in the guest of one of its clients (I3). */
	if (is_shared(caller->opener))
		return TEE_ERROR_ACCESS_DENIED;
	res = instance_for_open(uuid, &session->instance);
	if (res)
		return res;
	return enter(session, &request, origin);
}

TEE_Result ta_open_session(const struct ta_caller *caller, const struct uuid *uuid,
			   const struct ta_client *client, struct ta_params *params, uint32_t *id,
			   uint32_t *origin)
{
	struct ta_session *session = session_new(caller, client);
	TEE_Result res;

	*id = 0;
	*origin = TEE_ORIGIN_TEE;
	if (!session)
		return TEE_ERROR_OUT_OF_MEMORY;
	res = open(session, caller, uuid, params, origin);
	trace(TRACE_SESSION_OPEN, session->guest->vm_id, call_current()->slot, session->id, res, 0,
	      uuid->time_low);
	if (res) {
		session_put(session);
	} else {
		*id = session->id;
		session->state = TA_SESSION_OPEN;
		if (caller->opener)
			list_insert(&caller->opener->opened, &session->of_opener);
	}
	close_orphans();
	return res;
}

TEE_Result ta_invoke(const struct ta_caller *caller, uint32_t id, uint32_t cmd,
		     struct ta_params *params, uint32_t *origin)
{
	const struct request request = {TA_FUNC_INVOKE_COMMAND, cmd, caller->timeout, params};
	struct ta_session *session = session_get(caller, id);
	TEE_Result res;

	*origin = TEE_ORIGIN_TEE;
	if (!session)
		return TEE_ERROR_BAD_PARAMETERS;
	if (session->service) {
		*origin = TEE_ORIGIN_TRUSTED_APP;
		res = session->service->invoke(session, cmd, params);
	} else {
		res = enter(session, &request, origin);
	}
	session_put(session);
	close_orphans();
	return res;
}

TEE_Result ta_close_session(const struct ta_caller *caller, uint32_t id, uint32_t *origin)
{
	struct ta_session *session = find_of(caller, id);

	*origin = TEE_ORIGIN_TEE;
	if (!session)
		return TEE_ERROR_ITEM_NOT_FOUND;
	/* From here on nobody finds it; those inside hold references. */
	unpublish(session);
	rouse_parked(session);
	if (!close_now(session))
		list_insert(&call_current()->orphans, &session->of_opener);
	close_orphans();
	return TEE_SUCCESS;
}

/*
 * A session whose command still waits for its turn is flagged too: the app finds the flag when the
 * command enters.
 */
TEE_Result ta_cancel(uint32_t id)
{
	const struct ta_caller normal_world = {0};
	struct ta_session *session = find_of(&normal_world, id);

	if (!session)
		return TEE_ERROR_BAD_PARAMETERS;
	session->cancel_requested = true;
	rouse_parked(session);
	return TEE_SUCCESS;
}

bool ta_cancelled(const struct ta_session *session)
{
	const struct ta_session *client = session->peer ? session->peer : session;
	bool asked = client->cancel_requested || arch_counter() >= session->deadline;

	return asked && session->cancel_unmasked;
}

/* The sessions and instances of a dying guest, whose calls are gone: no app is entered any more. */
static enum teardown ta_teardown(struct guest *guest)
{
	/* Not for the end of one of these, which would bury others in turn. */
	if (!guest->owns_shared && shared_bury())
		return TEARDOWN_MORE;
	/* Their memory first, so that no later step is a long one (I7). */
	list_for_each (node, &guest->instances) {
		struct ta_instance *instance = list_entry(node, struct ta_instance, link);
		if (!instance->as_ready)
			continue;
		idle_remove(instance);
		if (!uaspace_shrink(&instance->as) && !ta_release(instance) &&
		    !modules_drop_one(instance)) {
			/* Not looked at again: a step is not to cost more the more there are. */
			instance->as_ready = false;
			uaspace_destroy(&instance->as);
		}
		return TEARDOWN_MORE;
	}
	if (!list_empty(&guest->sessions)) {
		struct ta_session *session =
			list_entry(guest->sessions.next, struct ta_session, link);
		assert(session->references == 1);
		unpublish(session);
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
	idle_init();
	shared_init();
	guest_on_teardown(ta_teardown);
}
