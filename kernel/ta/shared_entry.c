/* SPDX-License-Identifier: BSD-2-Clause */
/* Entries into shared apps: for a client, for one that is gone, and again after a wait. */
#include "kernel/ta/shared_entry.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"

/* --- one entry -----------------------------------------------------------------------------------
 */

/* Lock held: a session's guest may be going on another CPU. */
static void set_due(struct ta_shared *s, struct ta_session *peer)
{
	list_remove(&peer->of_opener);
	list_insert(&s->due, &peer->of_opener);
}

/* Cut: from here on it belongs to no guest. */
static void cut(struct ta_shared *s)
{
	struct shared_entry *entry = &s->entry;

	entry->used += call_cpu_time() - entry->begun;
	entry->wait = NULL;
	user_params_disown(&entry->params);
	shared_lock();
	entry->is_cut = true;
	entry->peer->peer = NULL;
	shared_unlock();
}

/*
 * Runs the entry to its end. SUCCESS: *result is the app's, its parameters are still there;
 * TARGET_DEAD: it was cut, or the app died.
 */
static TEE_Result run(struct ta_instance *instance, TEE_Result *result)
{
	struct shared_entry *entry = &instance->shared->entry;

	entry->begun = call_cpu_time();
	switch (instance_run(instance, entry->peer, result)) {
	case TA_CUT:
		cut(instance->shared);
		return TEE_ERROR_TARGET_DEAD;
	case TA_PANIC:
		user_params_end(&entry->params, instance);
		shared_die(instance);
		return TEE_ERROR_TARGET_DEAD;
	default:
		entry->peer->cancel_unmasked = false;
		entry->peer->deadline = UINT64_MAX;
		return TEE_SUCCESS;
	}
}

/* Not for the guest whose call does it to prevent: its death is seen where the entry runs, which
 * then is cut. So that of a close, which has no parameters, can't fail. */
static TEE_Result set_entry(struct ta_instance *instance, const struct ta_session *peer,
			    const struct shared_request *request)
{
	struct call *call = call_current();

	call->sheltered = true;
	TEE_Result res = instance_set_entry(instance, peer->id, request->function, request->cmd,
					    &instance->shared->entry.params);
	call->sheltered = false;
	return res;
}

static TEE_Result begin(struct ta_instance *instance, struct ta_session *peer,
			const struct shared_request *request, struct shared_wait *wait)
{
	struct shared_entry *entry = &instance->shared->entry;
	TEE_Result res = user_params_copy_in(&entry->params, instance, request->params);

	if (res)
		return res;
	entry->peer = peer;
	entry->function = request->function;
	entry->used = 0;
	entry->wait = wait;
	peer->deadline = request->deadline;
	res = set_entry(instance, peer, request);
	if (res)
		user_params_end(&entry->params, instance);
	return res;
}

/* What the client gets: nothing before the command is over. */
static TEE_Result publish(struct ta_instance *instance, struct ta_params *params)
{
	struct user_params *up = &instance->shared->entry.params;
	TEE_Result res = instance_get_block(instance, up);

	if (!res)
		res = user_params_copy_out(up, params);
	if (!res)
		user_params_take(&up->block, params);
	return res;
}

bool shared_is_overdue(const struct ta_instance *instance)
{
	const struct shared_entry *entry = &instance->shared->entry;
	uint64_t used = entry->used + call_cpu_time() - entry->begun;
	bool overdue = used > arch_counter_hz() * TENON_SHARED_MILLIS / 1000;

	if (overdue)
		guest_log(instance->guest, "a shared app was %u ms inside one command",
			  TENON_SHARED_MILLIS);
	return overdue;
}

/* --- for those that are gone ---------------------------------------------------------------------
 */

/* A command, or part of one, whose client will not hear of it. Its guest's sessions are due, or
 * will be; one that was being opened is known to the app alone. */
static TEE_Result run_for_nobody(struct ta_instance *instance)
{
	struct ta_shared *s = instance->shared;
	struct shared_entry *entry = &s->entry;
	TEE_Result result;
	TEE_Result res = run(instance, &result);

	if (res)
		return res;
	user_params_end(&entry->params, instance);
	if (entry->function == TA_FUNC_OPEN_SESSION && result == TEE_SUCCESS) {
		shared_lock();
		set_due(s, entry->peer);
		shared_unlock();
	} else if (entry->function != TA_FUNC_INVOKE_COMMAND) {
		session_peer_drop(entry->peer);
	}
	return TEE_SUCCESS;
}

static struct ta_session *take_due(struct ta_shared *s)
{
	struct ta_session *peer = NULL;

	shared_lock();
	if (!list_empty(&s->due)) {
		peer = list_entry(s->due.next, struct ta_session, of_opener);
		list_remove(&peer->of_opener);
	}
	shared_unlock();
	return peer;
}

/* One thing that is pending; false: there is none. */
static bool settle_one(struct ta_instance *instance, TEE_Result *res)
{
	static const struct shared_request close = {TA_FUNC_CLOSE_SESSION, .deadline = UINT64_MAX};
	struct ta_shared *s = instance->shared;
	struct ta_session *peer;

	if (s->entry.is_cut) {
		shared_lock();
		s->entry.is_cut = false;
		shared_unlock();
		*res = run_for_nobody(instance);
		return true;
	}
	peer = take_due(s);
	if (!peer)
		return false;
	*res = begin(instance, peer, &close, NULL);
	assert(*res == TEE_SUCCESS); /* no parameters, and the stack is there */
	*res = run_for_nobody(instance);
	return true;
}

TEE_Result shared_settle(struct ta_instance *instance)
{
	TEE_Result res = TEE_SUCCESS;

	do {
		if (call_guest()->dying)
			return TEE_ERROR_TARGET_DEAD;
	} while (settle_one(instance, &res) && !res);
	return res;
}

void shared_orphan(struct ta_session *session)
{
	struct ta_shared *s = session->instance->shared;

	if (!session->peer)
		return;
	shared_lock();
	session->peer->peer = NULL;
	set_due(s, session->peer);
	bool somebody_sees_it = session->instance->busy != NULL;
	shared_unlock();
	session->peer = NULL;
	if (!somebody_sees_it)
		shared_pass_on(s);
}

/* --- for a client --------------------------------------------------------------------------------
 */

/* The session's share of all that the app serves. */
static bool has_room(const struct ta_session *session)
{
	unsigned count = 0;

	list_for_each (node, &session->guest->sessions) {
		const struct ta_session *other = list_entry(node, struct ta_session, link);
		count += other->instance == session->instance;
	}
	return count <= TENON_SHARED_SESSIONS;
}

/* What the app is to know of the session before the entry; NULL: no room. */
static struct ta_session *peer_for(struct ta_session *session, uint32_t function)
{
	if (function != TA_FUNC_OPEN_SESSION)
		return session->peer;
	if (!has_room(session))
		return NULL;
	/* It was a search among many (I7). If the guest is dying, the entry is cut at once. */
	(void)!call_poll();
	return session_peer_new(session);
}

/* After an entry that was not cut: the app knows the session from a successful open to a close. */
static void settle_peer(struct ta_session *session, struct ta_session *peer, uint32_t function,
			bool succeeded)
{
	if (function == TA_FUNC_OPEN_SESSION && succeeded) {
		session->peer = peer;
	} else if (function != TA_FUNC_INVOKE_COMMAND) {
		session->peer = NULL;
		session_peer_drop(peer);
	}
}

/* Context: taken. */
static TEE_Result enter(struct ta_session *session, const struct shared_request *request,
			struct shared_wait *wait, TEE_Result *result)
{
	struct ta_instance *instance = session->instance;
	struct ta_shared *s = instance->shared;
	struct ta_session *peer = peer_for(session, request->function);
	bool is_command = request->function == TA_FUNC_INVOKE_COMMAND;
	TEE_Result res;

	if (!peer)
		return request->function == TA_FUNC_OPEN_SESSION ? TEE_ERROR_OUT_OF_MEMORY
								 : TEE_ERROR_BAD_PARAMETERS;
	res = begin(instance, peer, request, is_command ? wait : NULL);
	if (res) {
		/* A close has no parameters that could fail. */
		settle_peer(session, peer, request->function, false);
		return res;
	}
	wait->entered = true;
	res = run(instance, result);
	if (res) {
		/* Cut: it goes on without the session. Dead: the peer goes with the instance. */
		if (!is_command)
			session->peer = NULL;
		return res;
	}
	if (*result != TENON_RETRY)
		res = publish(instance, request->params);
	user_params_end(&s->entry.params, instance);
	settle_peer(session, peer, request->function, *result == TEE_SUCCESS);
	return res;
}

/* A wake-up that the command does not use: for its key, or for what was pending. */
static void pass_wake_up_on(struct ta_shared *s, const struct shared_wait *wait)
{
	shared_wake_topic(&s->parked, wait->waiter.topic);
	shared_pass_on(s);
}

static bool leave_queue(struct shared_wait *wait)
{
	if (!wait->registered)
		return false;
	wait->registered = false;
	return shared_wait_end(&wait->waiter);
}

#define LONGEST_SLEEP 1000u /* milliseconds */

/* Never 0, which would be no time-out at all (normal-world ABI §4.3). */
static uint32_t time_left(uint64_t deadline)
{
	uint64_t now = arch_counter(), hz = arch_counter_hz();

	if (deadline <= now)
		return 1;
	return deadline - now >= hz ? LONGEST_SLEEP : (uint32_t)((deadline - now) * 1000 / hz) + 1;
}

/*
 * Why a command that waits looks at its condition again, beside a wake-up: each once. Who was woken
 * for what is pending may never come; then the next one that looks up from its sleep does it.
 */
struct reasons {
	bool cancelled;
	bool late;
};

static bool has_reason(const struct ta_session *session, const struct shared_request *request,
		       struct reasons *seen)
{
	bool cancelled = session->cancel_requested && !seen->cancelled;
	bool late = arch_counter() >= request->deadline && !seen->late;

	seen->cancelled |= cancelled;
	seen->late |= late;
	return cancelled || late || session->state != TA_SESSION_OPEN ||
	       session->instance->state == TA_DEAD || shared_is_left(session->instance->shared);
}

/* Parks until it was woken, or has another reason. TARGET_DEAD: the guest is dying. */
static TEE_Result park(struct ta_session *session, const struct shared_request *request,
		       struct shared_wait *wait, struct reasons *seen)
{
	struct call *call = call_current();
	TEE_Result res = TEE_SUCCESS;

	call->parked = session;
	while (!res && !shared_is_woken(&wait->waiter) && !has_reason(session, request, seen)) {
		uint32_t left = seen->late ? LONGEST_SLEEP : time_left(request->deadline);

		res = shared_wait_sleep(&wait->waiter, left);
	}
	call->parked = NULL;
	return res;
}

/* Once: takes the instance, enters, gives it back. */
static TEE_Result try_call(struct ta_session *session, const struct shared_request *request,
			   struct shared_wait *wait, TEE_Result *result)
{
	bool is_command = request->function == TA_FUNC_INVOKE_COMMAND;
	TEE_Result res;

	if (call_current()->user_depth >= TA_DEPTH_MAX)
		return TEE_ERROR_OUT_OF_MEMORY;
	res = shared_take(session->instance);
	if (res)
		return res;
	/* Closed while it waited: the app does not know the session any more. */
	if (is_command && session->state != TA_SESSION_OPEN)
		res = TEE_ERROR_BAD_PARAMETERS;
	else
		res = enter(session, request, wait, result);
	shared_give_back(session->instance);
	return res;
}

TEE_Result shared_call(struct ta_session *session, const struct shared_request *request,
		       TEE_Result *result)
{
	struct ta_shared *s = session->instance->shared;
	struct shared_wait wait = {0};
	struct reasons seen = {0};
	bool woken = false;

	for (;;) {
		wait.entered = false;
		TEE_Result res = try_call(session, request, &wait, result);
		bool waits = !res && *result == TENON_RETRY && wait.registered;

		if (woken && !wait.entered)
			pass_wake_up_on(s, &wait);
		if (waits)
			res = park(session, request, &wait, &seen);
		woken = leave_queue(&wait);
		if (waits && !res)
			continue;
		if (woken)
			pass_wake_up_on(s, &wait);
		bool is_lost = !res && *result == TENON_RETRY;
		return is_lost ? TEE_ERROR_BAD_STATE : res;
	}
}

/* --- the wait service ----------------------------------------------------------------------------
 */

TEE_Result shared_wait(struct ta_instance *instance, uint64_t key)
{
	struct shared_entry *entry = &instance->shared->entry;
	struct shared_wait *wait = entry->wait;

	if (!wait)
		return entry->function == TA_FUNC_INVOKE_COMMAND ? TEE_ERROR_CANCEL
								 : TEE_ERROR_BAD_STATE;
	if (wait->registered)
		return TEE_ERROR_BAD_STATE;
	shared_wait_begin(&instance->shared->parked, &wait->waiter, key);
	wait->registered = true;
	return TEE_SUCCESS;
}

uint32_t shared_wake(struct ta_instance *instance, uint64_t key, uint32_t most)
{
	uint32_t count = 0;

	while (count < most && shared_wake_topic(&instance->shared->parked, key)) {
		count++;
		(void)!call_poll();
	}
	return count;
}
