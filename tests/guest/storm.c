/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The storm: valid, wrong and malicious calls in a seeded order, with a checked ledger session in
 * the middle. Calls may be left half way; at the end everything is taken back, and must come back.
 */
#include "storm.h"

#include "../../examples/linger/linger.h"
#include "memory.h"
#include "modes.h"

#define STORM_CALLS 2000u

extern const uint8_t _start[], _rela_start[];

struct storm storm;

uint32_t pick(uint32_t bound)
{
	return (uint32_t)random_below(&storm.random, bound);
}

static void count_end(const struct call *call)
{
	if (call->status <= SMC_ENOTAVAIL)
		storm.statuses[call->status]++;
	else if (call->status == SMC_UNKNOWN_FUNCTION)
		storm.statuses[8]++;
	else
		fail("NW-004: unknown status %x", call->status);
	if (call->status == SMC_OK && call->message->ret == TEE_SUCCESS)
		storm.successes++;
	else
		storm.refusals++;
}

TEE_Result storm_finish(struct call *call)
{
	TEE_Result result = TEE_ERROR_COMMUNICATION;

	call_finish(call);
	count_end(call);
	if (call->status == SMC_OK)
		result = call->message->ret;
	call_free(call);
	return result;
}

static struct call *wait_prepare(uint32_t session, const struct buffer *buffer)
{
	struct msg_param params[4] = {0};

	params[0].attr = MSG_ATTR_VALUE_IN;
	params[0].u.value.a = 1 + pick(10);
	params[1].attr = MSG_ATTR_VALUE_OUT;
	if (buffer) { /* one too many for the trusted app, but the TEE maps it all the same */
		params[2].attr = MSG_ATTR_RMEM_INOUT;
		params[2].u.rmem.size = buffer->size;
		params[2].u.rmem.shm_ref = buffer->cookie;
	}
	return invoke_prepare(session, LINGER_WAIT, params);
}

static void revive_one(void)
{
	if (storm.abandoned_count)
		(void)storm_finish(storm.abandoned[--storm.abandoned_count]);
}

static void revive_all(void)
{
	while (storm.abandoned_count)
		revive_one();
}

static void open_some(void)
{
	uint32_t *session = &storm.sessions[pick(STORM_SESSIONS)];
	struct call *call;

	if (*session)
		return;
	call = open_prepare(pick(3) ? uuid_linger : pick(2) ? uuid_ledger : uuid_cold);
	call_start(call, tee.way);
	call_finish(call);
	if (call->status == SMC_OK && call->message->ret == TEE_SUCCESS)
		*session = call->message->session;
	(void)storm_finish(call);
}

static void close_some(void)
{
	uint32_t *session = &storm.sessions[pick(STORM_SESSIONS)];
	struct call *call;

	if (!*session)
		return;
	revive_all(); /* a call may be inside it */
	call = call_take(MSG_CMD_CLOSE_SESSION, 0);
	call->message->session = *session;
	call_start(call, tee.way);
	if (storm_finish(call) == TEE_SUCCESS)
		*session = 0;
}

static void register_some(void)
{
	struct buffer **buffer = &storm.buffers[pick(STORM_BUFFERS)];

	if (!*buffer) {
		revive_all();
		*buffer = tee_register(1 + pick(8 * PAGE_SIZE));
	}
}

static void unregister_some(void)
{
	struct buffer **buffer = &storm.buffers[pick(STORM_BUFFERS)];

	if (!*buffer)
		return;
	revive_all();
	if (tee_unregister(*buffer) != TEE_SUCCESS)
		fail("NW-077: registered memory cannot be unregistered");
	*buffer = NULL;
}

/* Starts a call and leaves it where it is. */
static void abandon_one(void)
{
	uint32_t session = storm.sessions[pick(STORM_SESSIONS)];
	struct call *call;

	if (!session || storm.abandoned_count >= storm.abandoned_max)
		return;
	call = wait_prepare(session, storm.buffers[pick(STORM_BUFFERS)]);
	call_start(call, tee.way);
	if (call->state == CALL_SUSPENDED)
		storm.abandoned[storm.abandoned_count++] = call;
	else
		(void)storm_finish(call);
}

static void honest_call(void)
{
	revive_all();
	if (!book_call(&storm.book))
		fail("the honest session went wrong");
}

static void (*const operations[])(void) = {
	open_some,
	open_some,
	close_some,
	register_some,
	unregister_some,
	abandon_one,
	abandon_one,
	revive_one,
	honest_call,
	storm_fast,
	storm_bad_address,
	storm_resume_unknown,
	storm_garbage_message,
	storm_garbage_message,
	storm_hostile_list,
	storm_hostile_list,
	storm_hostile_invoke,
	storm_hostile_invoke,
	storm_hostile_open,
	storm_unknown_session,
	storm_lies,
	storm_lies,
	storm_steal_payload,
};

static uint64_t image_hash(void)
{
	uint64_t hash = 0;

	for (const uint8_t *p = _start; p < _rela_start; p += 8)
		hash = ledger_mix(hash, ledger_load(p, 8));
	return hash;
}

static void forget_ghosts(void)
{
	for (uint32_t i = 0; i < GHOSTS; i++) {
		struct call *call;

		/* a cookie may have been registered more than once (NW-079) */
		for (uint32_t n = 0; n < 64; n++) {
			call = call_take(MSG_CMD_UNREGISTER_SHM, 1);
			call->params[0].attr = MSG_ATTR_RMEM_IN;
			call->params[0].u.rmem.shm_ref = GHOST_COOKIE + 64u * i;
			call_start(call, tee.way == WAY_ARG ? WAY_ARG : WAY_RPC_ARG);
			if (storm_finish(call) != TEE_SUCCESS)
				break;
		}
	}
}

static void take_back(void)
{
	revive_all();
	for (uint32_t i = 0; i < STORM_SESSIONS; i++)
		if (storm.sessions[i] && tee_close(storm.sessions[i]) != TEE_SUCCESS)
			fail("NW-073: session %x cannot be closed", storm.sessions[i]);
	for (uint32_t i = 0; i < STORM_BUFFERS; i++)
		if (storm.buffers[i] && tee_unregister(storm.buffers[i]) != TEE_SUCCESS)
			fail("NW-077: registered memory cannot be unregistered");
	forget_ghosts();
	if (!book_check(&storm.book) || book_close(&storm.book) != TEE_SUCCESS)
		fail("the honest session went wrong at the end");
}

static void report(uint64_t calls, uint64_t seed)
{
	print("guest: storm: seed %lu, %lu operations, %lu successes, %lu refusals, a0:", seed,
	      calls, storm.successes, storm.refusals);
	for (uint32_t i = 0; i < 9; i++)
		print(" %lu", storm.statuses[i]);
	print("\n");
}

void mode_storm(void)
{
	uint64_t seed = machine_number("seed", 1);
	uint64_t calls = machine_number("calls", STORM_CALLS);
	uint64_t trace = machine_number("trace", ~0ull); /* print operations from that on */
	uint64_t hash = image_hash();

	storm.random.state = seed;
	storm.is_native = machine_number("native", 0);
	storm.abandoned_max = tee.thread_count ? tee.thread_count - 1 : 1;
	if (storm.abandoned_max > 3)
		storm.abandoned_max = 3;
	if (book_open(&storm.book, seed, 2) != TEE_SUCCESS)
		fail("the honest session cannot be opened");
	for (uint64_t i = 0; calls == 0 || i < calls; i++) {
		uint32_t which = pick(sizeof(operations) / sizeof(operations[0]));

		if (i >= trace)
			print("guest: storm: %lu: operation %u, %u left half way\n", i, which,
			      storm.abandoned_count);
		operations[which]();
		if (i % 500 == 499)
			report(i + 1, seed);
	}
	take_back();
	give_back();
	report(calls, seed);
	if (image_hash() != hash)
		fail("memory that was never shared has changed");
}
