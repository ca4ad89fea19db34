/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/call/call.h"

#include "abi/smc.h"
#include "abi/tenon.h"
#include "kernel/call/rpc.h"
#include "kernel/crypto/crypto.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace.h"

/* thread_id = generation << CALL_SLOT_BITS | slot, so that a stale id does not reach a slot's next
 * user.
 */
_Static_assert(TENON_CALLS_MAX <= CALL_SLOTS, "slots");

/* The part of a second after which a call lets the normal world look at its timers (NW-222). */
#define SLICES_PER_SECOND 500

static struct {
	struct arch_context entry; /* the entry stack, while a call runs */
	struct call *current;
} cpus[CPU_MAX];

struct call *call_current(void)
{
	return cpus[arch_cpu_index()].current;
}

struct guest *call_guest(void)
{
	return call_current()->guest;
}

static void call_free(struct call *call)
{
	struct guest *guest = call->guest;

	if (call->stack)
		arch_stack_unmap(call->stack);
	for (unsigned i = 0; i < KERNEL_STACK_PAGES; i++)
		page_free(&guest->budget, call->stack_pages[i]);
	heap_free(&guest->heap, call);
}

static struct call *call_new(struct guest *guest)
{
	struct call *call = heap_alloc(&guest->heap, sizeof(*call));

	if (!call)
		return NULL;
	call->guest = guest;
	list_init(&call->link);
	for (unsigned i = 0; i < KERNEL_STACK_PAGES; i++) {
		call->stack_pages[i] = page_alloc(&guest->budget);
		if (!call->stack_pages[i])
			goto fail;
	}
	call->stack = arch_stack_map(call->stack_pages);
	if (call->stack)
		return call;
fail:
	call_free(call);
	return NULL;
}

static uint32_t free_slot(const struct guest *guest)
{
	uint64_t taken = 0;

	list_for_each (node, &guest->calls)
		taken |= 1ull << list_entry(node, struct call, link)->slot;
	return __builtin_ctzll(~taken);
}

/* The first thing on a call's own stack. */
static void call_body(void *arg)
{
	struct call *call = arg;

	call->main(call);
	assert(call->bracket == BRACKET_NONE && call->user_depth == 0);
	assert(list_empty(&call->orphans));
	call->state = CALL_FREE;
	arch_fp_leave();
	arch_context_switch(&call->context, &cpus[arch_cpu_index()].entry);
	panic("a finished call was resumed");
}

/* A call that ended is kept as the guest's spare one, or goes. */
static void call_finish(struct call *call)
{
	struct guest *guest = call->guest;

	list_remove(&call->link);
	guest->count.calls--;
	if (guest->spare_call || guest->dying)
		call_free(call);
	else
		guest->spare_call = call;
}

static void trace_leave(const struct call *call)
{
	static const uint32_t why[] = {[CALL_FREE] = 0, [CALL_RPC] = 1, [CALL_PREEMPTED] = 2};

	trace(TRACE_CALL_LEAVE, call->guest->vm_id, call->slot, why[call->state], call->args.a[0],
	      0, 0);
}

/* What passed since the call came back: two slices at most, for a CPU that its host took away
 * counts for nobody. */
static uint64_t stretch(const struct call *call)
{
	uint64_t most = 2 * arch_counter_hz() / SLICES_PER_SECOND;

	return min(arch_counter() - call->resumed_at, most);
}

uint64_t call_cpu_time(void)
{
	const struct call *call = call_current();

	return call->cpu_ticks + stretch(call);
}

/* Runs the call on this CPU until it leaves or ends. Context: entry stack, monitor held before and
 * after. */
static void call_run(struct call *call, struct smc_args *args)
{
	unsigned cpu = arch_cpu_index();

	trace(TRACE_CALL_ENTER, call->guest->vm_id, call->slot, call->state != CALL_FREE, 0, 0, 0);
	call->state = CALL_RUNNING;
	call->args = *args;
	call->resumed_at = arch_counter();
	cpus[cpu].current = call;
	arch_slice_arm(arch_counter_hz() / SLICES_PER_SECOND);
	arch_context_switch(&cpus[cpu].entry, &call->context);
	arch_slice_arm(0);
	cpus[cpu].current = NULL;
	assert(spin_held() == 1);
	*args = call->args;
	trace_leave(call);
	if (call->state == CALL_FREE)
		call_finish(call);
}

static uint32_t refuse(struct guest *guest)
{
	guest->count.refusals++;
	trace(TRACE_REFUSED, guest->vm_id, TRACE_NO_CALL, TRACE_OF_CALLS, 0, 0, 0);
	return guest->count.calls > 0 ? SMC_ETHREAD_LIMIT : SMC_ENOMEM;
}

void call_start(struct guest *guest, void (*main)(struct call *), struct smc_args *args)
{
	struct call *call = guest->spare_call;

	if (guest->count.calls >= guest->limit.calls || (!call && !(call = call_new(guest)))) {
		args->a[0] = refuse(guest);
		return;
	}
	guest->spare_call = NULL;
	guest->called = true;
	guest->count.calls_total++;
	call->slot = free_slot(guest);
	guest->thread_generation++;
	call->thread_id =
		(guest->thread_generation << CALL_SLOT_BITS | call->slot) & SMC_THREAD_ID_MAX;
	call->main = main;
	call->session = NULL;
	call->waits_for = NULL;
	call->parked = NULL;
	call->cpu_ticks = 0;
	list_init(&call->orphans);
	call->rpc = (struct call_rpc_message){0};
	list_insert(&guest->calls, &call->link);
	count_up(&guest->count.calls, &guest->count.calls_peak);
	arch_context_init(&call->context, call->stack, call_body, call);
	call_run(call, args);
}

static bool is_suspended(const struct call *call)
{
	return call->state == CALL_RPC || call->state == CALL_PREEMPTED;
}

void call_resume(struct guest *guest, uint32_t thread_id, struct smc_args *args)
{
	list_for_each (node, &guest->calls) {
		struct call *call = list_entry(node, struct call, link);
		if (call->thread_id == thread_id && is_suspended(call)) {
			call_run(call, args);
			return;
		}
	}
	args->a[0] = SMC_ERESUME;
}

void call_suspend(enum call_state state, uint32_t a0, uint64_t a1_a2)
{
	struct call *call = call_current();

	assert(spin_held() == 1 && call->bracket == BRACKET_NONE);
	call->state = state;
	call->cpu_ticks += stretch(call);
	call->args.a[0] = a0;
	call->args.a[1] = a1_a2 >> 32;
	call->args.a[2] = (uint32_t)a1_a2;
	call->args.a[3] = call->thread_id;
	arch_fp_leave();
	arch_context_switch(&call->context, &cpus[arch_cpu_index()].entry);
}

/* How a bracket of this call runs: a guest that is destroyed in one go is not interrupted any more.
 */
static enum call_bracket bracket_kind(const struct guest *guest)
{
	return guest->dying && !guest->restartable ? BRACKET_MASKED : BRACKET_OPEN;
}

/* What a loop that polls gets to know: nothing inside a shared app, which is not to see an error
 * for the death of one of its clients. */
static TEE_Result life_of(const struct call *call)
{
	return call->guest->dying && !call->sheltered ? TEE_ERROR_TARGET_DEAD : TEE_SUCCESS;
}

TEE_Result call_yield(void)
{
	struct guest *guest = call_guest();

	/* A dying guest's call runs in its destroyer: leaving lets that one answer EBUSY. */
	if (bracket_kind(guest) == BRACKET_OPEN)
		call_suspend(CALL_PREEMPTED, SMC_RPC_FOREIGN_INTR, 0);
	return life_of(call_current());
}

TEE_Result call_poll(void)
{
	struct call *call = call_current();

	if (!call)
		return TEE_SUCCESS;
	if (arch_foreign_pending())
		return call_yield();
	guest_make_way(call_guest());
	return life_of(call_current());
}

bool call_preempted(void)
{
	struct call *call = call_current();
	struct guest *guest = call->guest;

	spin_lock(&guest->monitor);
	call->bracket = BRACKET_NONE;
	(void)!call_yield();
	call->bracket = bracket_kind(guest);
	bool stay_masked = call->bracket == BRACKET_MASKED;
	spin_unlock(&guest->monitor);
	return stay_masked;
}

void call_preemptible_begin(void)
{
	struct call *call = call_current();

	if (!call)
		return;
	assert(call->bracket == BRACKET_NONE);
	call->bracket = bracket_kind(call->guest);
	spin_unlock(&call->guest->monitor);
	if (call->bracket == BRACKET_OPEN)
		arch_interrupts_unmask();
}

void call_preemptible_end(void)
{
	/* Masked first: a call may move to another CPU between two instructions of an open bracket.
	 */
	arch_interrupts_mask();
	struct call *call = call_current();

	if (!call)
		return;
	spin_lock(&call->guest->monitor);
	call->bracket = BRACKET_NONE;
}

/* For kernel/crypto: where the running call keeps the memory of its operation. In brackets, too. */
static struct crypto_work **crypto_slot(void)
{
	static struct crypto_work *outside_calls;

	arch_interrupts_mask();
	struct call *call = call_current();
	if (call && call->bracket == BRACKET_OPEN)
		arch_interrupts_unmask();
	return call ? &call->crypto_work : &outside_calls;
}

/*
 * Unwinds the calls of a dying guest: each suspended one is resumed here, finds that its guest is
 * dying wherever it would leave or wait, and ends through its ordinary error paths. None waits for
 * another, for every wait ends at once; one is suspended again only because an interrupt waits. A
 * call on another CPU ends there by itself at its next exit.
 */
static enum teardown call_teardown(struct guest *guest)
{
	list_for_each (node, &guest->calls) {
		struct call *call = list_entry(node, struct call, link);
		if (!is_suspended(call))
			continue;
		struct smc_args args = {0};
		call_run(call, &args);
		return TEARDOWN_MORE;
	}
	if (!list_empty(&guest->calls))
		return TEARDOWN_BLOCKED;
	if (guest->spare_call)
		call_free(guest->spare_call);
	guest->spare_call = NULL;
	call_rpc_forget_cache(guest);
	return TEARDOWN_DONE;
}

void call_init(void)
{
	crypto_work_slot = crypto_slot;
	crypto_bracket_begin = call_preemptible_begin;
	crypto_bracket_end = call_preemptible_end;
	guest_on_teardown(call_teardown);
}
