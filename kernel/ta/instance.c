/* SPDX-License-Identifier: BSD-2-Clause */
/* Instances of trusted apps: found or loaded, entered one call at a time, and taken apart. */
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace.h"
#include "kernel/ta/crash.h"
#include "kernel/ta/internal.h"
#include "kernel/ta/shared.h"

/* Bytes between the parameter block and the top of the stack, and the block with SP at its start
 * (TA-044). */
#define PARAMS_ROOM 80

/* Sessions let go between two looks at whether the normal world wants the CPU (I7). */
#define ORPHANS_BATCH 64

enum ta_verdict (*ta_syscall)(struct ta_instance *instance, struct ta_session *session);
bool (*ta_release)(struct ta_instance *instance);

void instance_empty(struct ta_instance *instance)
{
	bool had_memory = instance->as_ready;

	instance->as_ready = false;
	while (instance->shared && session_drop_opened(instance))
		(void)!call_poll();
	for (unsigned i = 1; !list_empty(&instance->opened); i++) {
		session_orphan(list_entry(instance->opened.next, struct ta_session, of_opener));
		if (i % ORPHANS_BATCH == 0 && call_poll())
			continue; /* the guest is dying: there is nothing to do but to go on */
	}
	while (ta_release(instance))
		(void)!call_poll();
	if (instance->context)
		arch_user_context_drop(instance->context);
	(void)!call_poll(); /* one piece of work ends here, another begins (I7) */
	if (had_memory)
		uaspace_destroy(&instance->as);
	modules_drop(instance);
	heap_free(&instance->guest->heap, instance->context);
	instance->context = NULL;
}

static void instance_free(struct ta_instance *instance)
{
	struct guest *guest = instance->guest;

	list_remove(&instance->link);
	idle_remove(instance);
	instance_empty(instance);
	heap_free(&guest->heap, instance);
	guest->count.instances--;
}

static bool has_flags(const struct ta_instance *instance, uint32_t flags)
{
	return (instance->flags & flags) == flags;
}

#define KEPT_ALIVE   (TA_FLAG_SINGLE_INSTANCE | TA_FLAG_KEEP_ALIVE)
#define KEPT_CRASHED (KEPT_ALIVE | TA_FLAG_KEEP_CRASHED)

/* Without sessions: an app that asked for it stays for the next opener, or its crash stays known to
 * all that come. */
static bool is_kept(const struct ta_instance *instance)
{
	uint32_t flags = instance->state == TA_READY ? KEPT_ALIVE : KEPT_CRASHED;

	return has_flags(instance, flags) && !instance->guest->dying;
}

void instance_put(struct ta_instance *instance)
{
	if (instance->shared) {
		shared_put(instance);
		return;
	}
	assert(instance->references > 0);
	if (--instance->references > 0)
		return;
	if (!is_kept(instance))
		instance_free(instance);
	else if (idle_may_give_way(instance))
		idle_add(instance);
}

/* It gave way, and nobody has come for the rest yet. */
static bool is_remains(const struct ta_instance *instance)
{
	return instance->state == TA_DEAD && instance->references == 0 && !is_kept(instance);
}

/* Polls, so that the list may change meanwhile. */
static void free_remains(struct guest *guest)
{
	bool again = true;

	while (again) {
		again = false;
		list_for_each (node, &guest->instances) {
			struct ta_instance *instance = list_entry(node, struct ta_instance, link);
			if (is_remains(instance)) {
				instance_free(instance);
				again = true;
				break;
			}
		}
	}
}

static bool is_crowded(const struct guest *guest)
{
	return guest->count.instances >= TA_INSTANCES_MAX;
}

/* A record that other openers of the same app find and wait for. NULL: no memory, or too many. */
static struct ta_instance *instance_new(struct guest *guest, const struct uuid *uuid)
{
	struct ta_instance *instance;

	if (is_crowded(guest))
		return NULL;
	instance = heap_alloc(&guest->heap, sizeof(*instance));
	if (!instance)
		return NULL;
	instance->guest = guest;
	instance->uuid = *uuid;
	instance->state = TA_LOADING;
	instance->references = 1;
	list_init(&instance->idle);
	list_init(&instance->idle_of_guest);
	instance->busy = call_current();
	wait_queue_init(&instance->turn);
	list_init(&instance->opened);
	list_init(&instance->objects);
	modules_init(instance);
	list_insert(&guest->instances, &instance->link);
	count_up(&guest->count.instances, &guest->count.instances_peak);
	return instance;
}

static TEE_Result instance_load(struct ta_instance *instance)
{
	struct guest *guest = instance->guest;
	TEE_Result res = call_poll(); /* it was looked for among many (I7) */

	if (res)
		return res;
	instance->context = heap_alloc(&guest->heap, sizeof(*instance->context));
	if (!instance->context)
		return TEE_ERROR_OUT_OF_MEMORY;
	res = uaspace_init(&instance->as, guest);
	if (res)
		return res;
	instance->as_ready = true;
	return modules_load(instance);
}

static struct ta_instance *find(struct guest *guest, const struct uuid *uuid)
{
	list_for_each (node, &guest->instances) {
		struct ta_instance *instance = list_entry(node, struct ta_instance, link);
		bool joinable = instance->state == TA_LOADING ||
				(instance->state == TA_READY &&
				 has_flags(instance, TA_FLAG_SINGLE_INSTANCE)) ||
				(instance->state == TA_DEAD && has_flags(instance, KEPT_CRASHED));
		if (joinable && uuid_equal(&instance->uuid, uuid))
			return instance;
	}
	return NULL;
}

static TEE_Result load_new(struct guest *guest, const struct uuid *uuid, struct ta_instance **out)
{
	struct ta_instance *instance = instance_new(guest, uuid);
	struct ta_instance *ready = instance;
	TEE_Result res;

	if (!instance)
		return TEE_ERROR_OUT_OF_MEMORY;
	res = instance_load(instance);
	bool is_shared = !res && (instance->flags & TENON_TA_SHARED);
	/* The guest has shown that it may use the app: now it joins what all guests use. */
	if (is_shared)
		res = shared_join(modules_app_image(instance), &instance->uuid, &ready);
	bool is_own = !res && !is_shared;
	instance->state = is_own ? TA_READY : TA_DEAD;
	if (!is_own)
		instance->flags = 0; /* it did not crash: it never was */
	instance->busy = NULL;
	call_wake_all(&instance->turn);
	if (!is_own)
		instance_put(instance);
	if (!res)
		*out = ready;
	return res;
}

/*
 * Each call waits for one instance at most, so those that wait for each other are a line: it ends
 * at a call that runs, or at this one, which then must not wait (TA-078). A circle without this
 * call can't be there, for its last member would not have waited either.
 */
static bool waits_for_this_call(const struct ta_instance *instance)
{
	const struct call *self = call_current();

	while (instance && instance->busy && instance->busy != self)
		instance = instance->busy->waits_for;
	return instance && instance->busy;
}

/* Sleeps once until an instance changes, which the caller keeps referenced. */
static TEE_Result wait_for(struct ta_instance *instance)
{
	struct call *call = call_current();
	TEE_Result res;

	if (waits_for_this_call(instance))
		return TEE_ERROR_BUSY;
	call->waits_for = instance;
	res = call_wait(&instance->turn);
	call->waits_for = NULL;
	return res;
}

/* No room for one more app in this call (TA-079). */
static bool is_too_deep(void)
{
	return call_current()->user_depth >= TA_DEPTH_MAX;
}

static TEE_Result find_or_load(struct guest *guest, const struct uuid *uuid,
			       struct ta_instance **out)
{
	struct ta_instance *instance;

	while ((instance = find(guest, uuid)) && instance->state == TA_LOADING) {
		instance->references++;
		instance->awaited++;
		TEE_Result res = wait_for(instance);
		instance->awaited--;
		instance_put(instance);
		if (res)
			return res;
	}
	if (!instance)
		return load_new(guest, uuid, out);
	if (instance->state == TA_DEAD)
		return TEE_ERROR_TARGET_DEAD;
	/* The reference count sees an opener that is not a session yet, the session count does not;
	 * those who waited for the loading are no openers before they were here. */
	if (!(instance->flags & TA_FLAG_MULTI_SESSION) && instance->references > instance->awaited)
		return TEE_ERROR_BUSY;
	idle_remove(instance);
	instance->references++;
	*out = instance;
	return TEE_SUCCESS;
}

/* No idle one made room. A refusal for want of memory is counted where there was none. */
static void count_if_crowded(struct guest *guest)
{
	if (!is_crowded(guest))
		return;
	guest->count.refusals++;
	trace(TRACE_REFUSED, guest->vm_id, TRACE_NO_CALL, TRACE_OF_INSTANCES, 0, 0, 0);
}

TEE_Result instance_for_open(const struct uuid *uuid, struct ta_instance **out)
{
	struct guest *guest = call_guest();
	uint32_t refusals;
	TEE_Result res;

	if (is_too_deep())
		return TEE_ERROR_OUT_OF_MEMORY;
	/* What charges cannot take page by page, as for images, an idle instance may make room for,
	 * if it was this guest that had none. */
	do {
		refusals = guest->budget.refusals;
		free_remains(guest);
		res = call_poll(); /* both search among many (I7) */
		if (res)
			return res;
		res = find_or_load(guest, uuid, out);
	} while (res == TEE_ERROR_OUT_OF_MEMORY &&
		 (guest->budget.refusals != refusals || is_crowded(guest)) && idle_give_up(guest));
	if (res == TEE_ERROR_OUT_OF_MEMORY)
		count_if_crowded(guest);
	return res;
}

TEE_Result instance_take(struct ta_instance *instance)
{
	if (is_too_deep())
		return TEE_ERROR_OUT_OF_MEMORY;
	while (instance->busy) {
		TEE_Result res = wait_for(instance);
		if (res)
			return res;
	}
	if (instance->state == TA_DEAD)
		return TEE_ERROR_TARGET_DEAD;
	instance->busy = call_current();
	return TEE_SUCCESS;
}

void instance_give_back(struct ta_instance *instance)
{
	instance->busy = NULL;
	if (instance->state == TA_DEAD)
		call_wake_all(&instance->turn);
	else
		call_wake_one(&instance->turn);
}

static uint32_t count_sessions(const struct ta_instance *instance)
{
	uint32_t count = 0;

	list_for_each (node, &instance->guest->sessions) {
		const struct ta_session *session = list_entry(node, struct ta_session, link);
		count += session->instance == instance && session->state == TA_SESSION_OPEN;
	}
	return count;
}

bool ta_get_figures(unsigned index, struct ta_figures *figures)
{
	const struct guest *guest = call_guest();

	list_for_each (node, &guest->instances) {
		const struct ta_instance *instance = list_entry(node, struct ta_instance, link);
		if (is_remains(instance) || index-- > 0)
			continue;
		*figures = (struct ta_figures){
			.uuid = instance->uuid,
			.panicked = instance->state == TA_DEAD,
			.sessions = count_sessions(instance),
			.pages = instance->as_ready ? instance->as.page_count : 0,
		};
		return true;
	}
	return false;
}

/* --- inside
 * ------------------------------------------------------------------------------------------ */

/* Runs the app until it returns, panics, or its guest goes. */
static enum ta_verdict run(struct ta_instance *instance, struct ta_session *session)
{
	struct guest *guest = call_guest();

	for (;;) {
		struct user_fault fault;
		enum ta_verdict verdict = TA_CONTINUE;

		if (guest->dying)
			return instance->shared ? TA_CUT : TA_PANIC;
		if (instance->shared && shared_is_overdue(instance))
			return TA_PANIC;
		spin_unlock(&guest->monitor);
		enum user_exit why = arch_user_run(&instance->as.arch, instance->context, &fault);
		spin_lock(&guest->monitor);
		switch (why) {
		case USER_EXIT_FOREIGN_INTR:
			if (call_yield())
				return TA_PANIC;
			break;
		case USER_EXIT_SVC:
			verdict = ta_syscall(instance, session);
			break;
		default:
			crash_report_fault(instance, session, &fault);
			return TA_PANIC;
		}
		if (verdict != TA_CONTINUE)
			return verdict;
	}
}

/* Registers of a fresh entry; V registers included (TA-042, TA-044). TPIDR_EL0 is the app's own and
 * stays. */
static void set_entry(struct ta_instance *instance, uint32_t session_id, uint32_t function,
		      uint32_t cmd)
{
	struct user_context *ctx = instance->context;
	uint64_t tpidr_el0 = ctx->tpidr_el0;

	arch_user_context_drop(ctx);
	memset(ctx, 0, sizeof(*ctx));
	ctx->tpidr_el0 = tpidr_el0;
	ctx->pc = instance->modules.elf.entry;
	ctx->sp = instance->modules.elf.stack_top - PARAMS_ROOM;
	ctx->x[0] = function;
	ctx->x[1] = session_id;
	ctx->x[2] = ctx->sp;
	ctx->x[3] = function == TA_FUNC_INVOKE_COMMAND ? cmd : 0;
}

static uaddr_t block_at(const struct ta_instance *instance)
{
	return uaddr(instance->modules.elf.stack_top - PARAMS_ROOM);
}

TEE_Result instance_set_entry(struct ta_instance *instance, uint32_t session_id, uint32_t function,
			      uint32_t cmd, struct user_params *up)
{
	set_entry(instance, session_id, function, cmd);
	return user_write(&instance->as, block_at(instance), &up->block, sizeof(up->block), 0);
}

enum ta_verdict instance_run(struct ta_instance *instance, struct ta_session *session,
			     TEE_Result *result)
{
	struct call *call = call_current();
	struct ta_session *outer = call->session;

	call->session = session;
	call->user_depth++;
	call->sheltered = instance->shared != NULL;
	trace(TRACE_APP_ENTER, call->guest->vm_id, call->slot, (uint32_t)instance->context->x[0],
	      session->id, (uint32_t)instance->context->x[3], instance->uuid.time_low);
	enum ta_verdict verdict = run(instance, session);
	trace(TRACE_APP_LEAVE, call->guest->vm_id, call->slot, verdict,
	      (uint32_t)instance->context->x[0], 0, instance->uuid.time_low);
	call->sheltered = false;
	call->user_depth--;
	call->session = outer;
	/* Of no use after an entry, and the next call that enters may do so on another CPU; what
	 * goes on there needs them saved. */
	if (verdict == TA_CUT)
		arch_fp_leave();
	else
		arch_user_context_drop(instance->context);
	*result = (TEE_Result)instance->context->x[0];
	return verdict;
}

TEE_Result instance_get_block(const struct ta_instance *instance, struct user_params *up)
{
	return user_read(&instance->as, &up->block, block_at(instance), sizeof(up->block), 0);
}

static TEE_Result enter(struct ta_instance *instance, struct ta_session *session, uint32_t function,
			uint32_t cmd, struct user_params *up, struct ta_params *params,
			TEE_Result *result)
{
	TEE_Result res = instance_set_entry(instance, session->id, function, cmd, up);

	if (res)
		return res;
	enum ta_verdict verdict = instance_run(instance, session, result);
	session->cancel_requested = false;
	session->cancel_unmasked = false;
	session->deadline = UINT64_MAX;
	if (verdict == TA_PANIC)
		return TEE_ERROR_TARGET_DEAD;
	res = instance_get_block(instance, up);
	if (res == TEE_SUCCESS)
		user_params_take(&up->block, params);
	return res;
}

TEE_Result instance_enter(struct ta_instance *instance, struct ta_session *session,
			  uint32_t function, uint32_t cmd, struct ta_params *params,
			  TEE_Result *result)
{
	struct user_params up;
	TEE_Result res = user_params_begin(&up, instance, params);

	if (res)
		return res;
	res = enter(instance, session, function, cmd, &up, params, result);
	user_params_end(&up, instance);
	if (res == TEE_ERROR_TARGET_DEAD) {
		instance->state = TA_DEAD;
		instance_empty(instance);
	}
	return res;
}
