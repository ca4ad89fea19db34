/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls that are left half way, in the state that was asked for. */
#include "../../examples/common/random.h"
#include "../../examples/linger/linger.h"
#include "book.h"
#include "modes.h"

enum kind {
	KIND_NONE,
	KIND_RUNNING,
	KIND_PREEMPTED,
	KIND_ALLOC,
	KIND_FREE,
	KIND_LOAD_TA,
	KIND_SHM_ALLOC,
	KIND_SHM_FREE,
	KIND_GET_TIME,
	KIND_SUSPEND,
	KIND_NOTIFICATION,
	KIND_COUNT,
	KIND_MIX = KIND_COUNT
};

static const char *const names[] = {
	"none",         "running",     "preempted",        "rpc:alloc",
	"rpc:free",     "rpc:load_ta", "rpc:shm_alloc",    "rpc:shm_free",
	"rpc:get_time", "rpc:suspend", "rpc:notification", "mix",
};

#define BUSY_MS      200u
#define RPC_ROUND_MS 20u

static struct random seeded;
static uint64_t hold_us; /* how long a call is held; 0: for ever */
static uint64_t held[KIND_COUNT];

static uint32_t parse_kind(void)
{
	char text[24];

	machine_string("kind", "mix", text, sizeof(text));
	for (uint32_t i = 0; i <= KIND_MIX; i++)
		if (!strcmp(text, names[i]))
			return i;
	fail("no kind %s", text);
}

static void hold(uint32_t kind)
{
	if (held[kind]++ == 0)
		print("guest: linger: in %s\n", names[kind]);
	if (hold_us == 0)
		for (;;)
			delay(1000000);
	delay(random_below(&seeded, hold_us));
}

static bool is_in(const struct call *call, uint32_t kind)
{
	static const uint32_t commands[KIND_COUNT] = {
		[KIND_LOAD_TA] = RPC_CMD_LOAD_TA,   [KIND_SHM_ALLOC] = RPC_CMD_SHM_ALLOC,
		[KIND_SHM_FREE] = RPC_CMD_SHM_FREE, [KIND_GET_TIME] = RPC_CMD_GET_TIME,
		[KIND_SUSPEND] = RPC_CMD_SUSPEND,   [KIND_NOTIFICATION] = RPC_CMD_NOTIFICATION,
	};

	switch (kind) {
	case KIND_NONE:
	case KIND_RUNNING:
		return false;
	case KIND_PREEMPTED:
		return call->function == SMC_RPC_FOREIGN_INTR;
	case KIND_ALLOC:
		return call->function == SMC_RPC_ALLOC;
	case KIND_FREE:
		return call->function == SMC_RPC_FREE;
	default:
		return call->function == SMC_RPC_CMD && call_rpc_command(call) == commands[kind];
	}
}

/* Serves the call to its end, and holds it wherever it is in the kind's state. */
static TEE_Result finish_held(struct call *call, uint32_t kind)
{
	uint64_t regs[18];
	TEE_Result result;

	while (call->state == CALL_SUSPENDED) {
		if (is_in(call, kind))
			hold(kind);
		call_answer(call, regs);
		call_resume(call, regs);
	}
	result = call->status == SMC_OK ? call->message->ret : TEE_ERROR_COMMUNICATION;
	call_free(call);
	return result;
}

static struct call *linger_prepare(uint32_t session, uint32_t command, uint32_t milliseconds)
{
	struct msg_param params[4] = {0};

	params[0].attr = MSG_ATTR_VALUE_IN;
	params[0].u.value.a = milliseconds;
	params[1].attr = MSG_ATTR_VALUE_OUT;
	return invoke_prepare(session, command, params);
}

/* A call into a session that is busy waits: RPC NOTIFICATION (NW-075). */
static TEE_Result linger_twice(uint32_t session)
{
	struct call *first = linger_prepare(session, LINGER_WAIT, 2 * RPC_ROUND_MS);
	struct call *second = linger_prepare(session, LINGER_RETURN, 0);
	TEE_Result result;
	uint64_t regs[18];

	call_start(first, tee.way);
	call_start(second, tee.way);
	for (uint32_t i = 0; second->state == CALL_SUSPENDED; i++) {
		if (is_in(second, KIND_NOTIFICATION))
			hold(KIND_NOTIFICATION);
		call_answer(second, regs);
		call_resume(second, regs);
		if (first->state == CALL_SUSPENDED) {
			call_answer(first, regs);
			call_resume(first, regs);
		}
	}
	result = finish_held(second, KIND_NONE);
	return finish_held(first, KIND_NONE) == TEE_SUCCESS ? result : TEE_ERROR_GENERIC;
}

static TEE_Result open_cold(uint32_t kind, enum call_way way)
{
	struct call *call = open_prepare(uuid_cold);
	TEE_Result result;
	uint32_t session;

	call_start(call, way);
	result = finish_held(call, kind);
	session = call->message->session;
	return result == TEE_SUCCESS ? tee_close(session) : result;
}

/* One call of the kind, with session open to the lingerer. */
static TEE_Result linger_once(uint32_t kind, uint32_t session)
{
	static const uint32_t commands[KIND_COUNT] = {
		[KIND_RUNNING] = LINGER_BUSY,
		[KIND_PREEMPTED] = LINGER_BUSY,
		[KIND_GET_TIME] = LINGER_TIME,
		[KIND_SUSPEND] = LINGER_WAIT,
	};
	bool is_busy = kind == KIND_RUNNING || kind == KIND_PREEMPTED;
	uint32_t busy_ms = hold_us ? BUSY_MS : LINGER_FOREVER;
	struct call *call;

	switch (kind) {
	case KIND_NONE:
		hold(kind);
		return TEE_SUCCESS;
	case KIND_ALLOC:
	case KIND_FREE:
		return open_cold(kind, WAY_ARG);
	case KIND_LOAD_TA:
	case KIND_SHM_ALLOC:
	case KIND_SHM_FREE:
		return open_cold(kind, tee.way);
	case KIND_NOTIFICATION:
		return linger_twice(session);
	default:
		call = linger_prepare(session, commands[kind], is_busy ? busy_ms : RPC_ROUND_MS);
		held[kind] += kind == KIND_RUNNING;
		if (held[kind] == 1 && kind == KIND_RUNNING)
			print("guest: linger: in running\n");
		call_start(call, tee.way);
		return finish_held(call, kind);
	}
}

static uint32_t open_lingerer(void)
{
	uint32_t session;
	TEE_Result result = tee_open(uuid_linger, &session);

	if (result != TEE_SUCCESS)
		fail("linger: open: %x", result);
	return session;
}

/* Whether the kind's calls go to a session with the lingerer. */
static bool needs_session(uint32_t kind)
{
	return kind == KIND_RUNNING || kind == KIND_PREEMPTED || kind == KIND_GET_TIME ||
	       kind == KIND_SUSPEND || kind == KIND_NOTIFICATION;
}

/* A letter typed on the console chooses the kind from now on: 'a' the first one, and so on. */
static uint32_t typed_kind(uint32_t kind)
{
	int c = console_read();

	return c >= 'a' && c <= 'a' + KIND_MIX ? (uint32_t)(c - 'a') : kind;
}

void mode_linger(void)
{
	uint32_t kind = parse_kind();
	uint64_t rounds = machine_number("calls", 0);
	uint32_t session = 0;
	TEE_Result result;

	seeded.state = machine_number("seed", 1);
	hold_us = machine_number("hold", kind == KIND_MIX ? 20000 : 0);
	print("guest: linger: ready\n");
	for (uint64_t i = 0; rounds == 0 || i < rounds; i++) {
		uint32_t now;

		kind = typed_kind(kind);
		now = kind == KIND_MIX ? (uint32_t)random_below(&seeded, KIND_COUNT) : kind;
		if (needs_session(now) && session == 0)
			session = open_lingerer();
		result = linger_once(now, session);
		if (result != TEE_SUCCESS)
			fail("linger: %s: %x", names[now], result);
	}
	if (session && tee_close(session) != TEE_SUCCESS)
		fail("linger: close");
	give_back();
	for (uint32_t i = 0; i < KIND_COUNT; i++)
		print("guest: linger: %s %lu\n", names[i], held[i]);
}
