/* SPDX-License-Identifier: BSD-2-Clause */
#include "tee.h"

#include <abi/tenon.h>

#include "memory.h"

/* More rounds of waiting than any other call of ours could need to end. */
#define WAITS_MAX 100000u

struct tee tee;

/* clang-format off */
const uint8_t uuid_ledger[16] = { 0x7e, 0x0b, 0x3c, 0x5a, 0x00, 0x01, 0x4b, 0x8e,
				  0xa2, 0xf6, 0x6c, 0x65, 0x64, 0x67, 0x65, 0x72 };
const uint8_t uuid_linger[16] = { 0x7e, 0x0b, 0x3c, 0x5a, 0x00, 0x02, 0x4b, 0x8e,
				  0xa2, 0xf6, 0x6c, 0x69, 0x6e, 0x67, 0x65, 0x72 };
const uint8_t uuid_cold[16]   = { 0x7e, 0x0b, 0x3c, 0x5a, 0x00, 0x04, 0x4b, 0x8e,
				  0xa2, 0xf6, 0x62, 0x65, 0x6e, 0x63, 0x63, 0x00 };
const uint8_t uuid_exchange[16] = { 0x7e, 0x0b, 0x3c, 0x5a, 0x00, 0x05, 0x4b, 0x8e,
				    0xa2, 0xf6, 0x65, 0x78, 0x63, 0x68, 0x61, 0x6e };
const uint8_t uuid_warm[16]   = { 0x7e, 0x0b, 0x3c, 0x5a, 0x00, 0x03, 0x4b, 0x8e,
				  0xa2, 0xf6, 0x62, 0x65, 0x6e, 0x63, 0x68, 0x77 };
const uint8_t uuid_herd[16]   = { 0x7e, 0x0b, 0x3c, 0x5a, 0x00, 0x33, 0x4b, 0x8e,
				  0xa2, 0xf6, 0x74, 0x61, 0x2d, 0x74, 0x73, 0x74 };
/* clang-format on */

void tee_smc(uint64_t regs[18])
{
	uint64_t before[18];

	for (uint32_t i = 8; i < 18; i++)
		regs[i] = 0x5100000000000000u + i * 0x0101010101u;
	memcpy(before, regs, sizeof(before));
	call_firmware(machine.tee_by_hvc, regs);
	for (uint32_t i = 4; i < 18; i++)
		if (regs[i] != before[i])
			fail("NW-196: call %lx changed x%u from %lx to %lx", before[0], i,
			     before[i], regs[i]);
	if (regs[0] >> 32)
		fail("NW-002: call %lx returned %lx", before[0], regs[0]);
}

uint32_t tee_fast(uint32_t id, uint32_t a1, uint32_t a2, uint32_t a3, uint64_t regs[18])
{
	memset(regs, 0, 18 * sizeof(regs[0]));
	regs[0] = id;
	regs[1] = a1;
	regs[2] = a2;
	regs[3] = a3;
	tee_smc(regs);
	return (uint32_t)regs[0];
}

static void probe_identity(void)
{
	uint64_t regs[18];

	tee_fast(SMC_CALLS_UID, 0, 0, 0, regs);
	if (regs[0] != SMC_UID_0 || regs[1] != SMC_UID_1 || regs[2] != SMC_UID_2 ||
	    regs[3] != SMC_UID_3)
		fail("NW-010: uid %lx %lx %lx %lx", regs[0], regs[1], regs[2], regs[3]);
	tee_fast(SMC_CALLS_REVISION, 0, 0, 0, regs);
	if (regs[0] != SMC_REVISION_MAJOR)
		fail("NW-011: revision %lu.%lu", regs[0], regs[1]);
	tee_fast(SMC_GET_OS_UUID, 0, 0, 0, regs);
	tee.is_tenon = regs[0] == TENON_OS_UUID_0 && regs[1] == TENON_OS_UUID_1 &&
		       regs[2] == TENON_OS_UUID_2 && regs[3] == TENON_OS_UUID_3;
	if (tee_fast(SMC_GET_THREAD_COUNT, 0, 0, 0, regs) == SMC_OK)
		tee.thread_count = (uint32_t)regs[1];
}

static void empty_cache(void)
{
	uint64_t regs[18];
	uint32_t status;

	while ((status = tee_fast(SMC_DISABLE_SHM_CACHE, 0, 0, 0, regs)) == SMC_OK) {
		struct buffer *buffer = buffer_find((regs[1] << 32) | regs[2]);

		if (buffer)
			buffer_delete(buffer);
	}
	if (status != SMC_ENOTAVAIL)
		fail("NW-015: DISABLE_SHM_CACHE: %x", status);
}

/* The messages of all calls lie in one buffer, so that profile A can register it. */
static void make_calls(void)
{
	tee.call_count = (uint32_t)machine_number("slots", CALLS);
	if (tee.call_count > CALLS_MAX)
		fail("more than %u calls", CALLS_MAX);
	tee.messages = buffer_new(BUFFER_REGISTERED, (uint64_t)tee.call_count * PAGE_SIZE);
	for (uint32_t i = 0; i < tee.call_count; i++) {
		uint8_t *page = tee.messages->data + i * PAGE_SIZE;

		tee.calls[i].message = (struct msg_header *)(void *)page;
		tee.calls[i].params = (struct msg_param *)(tee.calls[i].message + 1);
	}
}

void tee_probe(char profile)
{
	uint64_t regs[18];

	memset(&tee, 0, sizeof(tee));
	make_calls();
	probe_identity();
	if (tee_fast(SMC_EXCHANGE_CAPABILITIES, 0, 0, 0, regs) != SMC_OK)
		fail("NW-169: EXCHANGE_CAPABILITIES: %lx", regs[0]);
	tee.capabilities = (uint32_t)regs[1];
	if (!(tee.capabilities & SMC_CAP_DYNAMIC_SHM))
		fail("NW-013: capabilities %x", tee.capabilities);
	if (tee.capabilities & SMC_CAP_RPC_ARG && (regs[3] & 0xFF) < MSG_RPC_MAX_PARAMS)
		fail("NW-014: %lu parameters of an RPC", regs[3] & 0xFF);
	empty_cache();
	if (profile == 'b' || !(tee.capabilities & SMC_CAP_RPC_ARG)) {
		tee.way = WAY_ARG;
		return;
	}
	tee.way = WAY_RPC_ARG; /* until the messages are registered */
	if (buffer_register(tee.messages) != TEE_SUCCESS)
		fail("NW-020: the messages could not be registered");
	tee.way = WAY_REGISTERED;
}

struct call *call_take(uint32_t command, uint32_t num_params)
{
	for (uint32_t i = 0; i < tee.call_count; i++) {
		struct call *call = &tee.calls[i];

		if (call->state != CALL_FREE)
			continue;
		memset(call->message, 0, PAGE_SIZE);
		call->message->cmd = command;
		call->message->num_params = num_params;
		call->message->ret = TEE_ERROR_GENERIC; /* what nobody writes is no success */
		call->state = CALL_DONE;
		call->rpcs = 0;
		return call;
	}
	return NULL;
}

void call_free(struct call *call)
{
	call->state = CALL_FREE;
}

static void take_return(struct call *call, const uint64_t regs[18])
{
	uint32_t a0 = (uint32_t)regs[0];

	if ((a0 & SMC_RPC_PREFIX) != SMC_RPC_PREFIX || a0 == SMC_UNKNOWN_FUNCTION) {
		call->state = CALL_DONE;
		call->status = a0;
		return;
	}
	call->state = CALL_SUSPENDED;
	call->function = a0;
	call->argument = (regs[1] << 32) | (uint32_t)regs[2];
	call->thread = (uint32_t)regs[3];
	call->rpcs++;
	if (call->thread > SMC_THREAD_ID_MAX)
		fail("NW-035: thread %x", call->thread);
	for (uint32_t i = 0; i < CALLS_MAX; i++)
		if (&tee.calls[i] != call && tee.calls[i].state == CALL_SUSPENDED &&
		    tee.calls[i].thread == call->thread)
			fail("NW-035: two calls are suspended as thread %u", call->thread);
}

void call_start(struct call *call, enum call_way way)
{
	uint64_t address = (uintptr_t)call->message;
	uint64_t regs[18] = {0};

	call->way = way;
	call->num_params = call->message->num_params;
	if (way == WAY_REGISTERED) {
		regs[0] = SMC_CALL_WITH_REGD_ARG;
		regs[3] = address - (uintptr_t)tee.messages->data;
		address = tee.messages->cookie;
	} else {
		regs[0] = way == WAY_ARG ? SMC_CALL_WITH_ARG : SMC_CALL_WITH_RPC_ARG;
	}
	regs[1] = address >> 32;
	regs[2] = (uint32_t)address;
	tee_smc(regs);
	take_return(call, regs);
}

struct msg_header *call_rpc_message(const struct call *call)
{
	static union {
		struct msg_header header;
		uint8_t page[PAGE_SIZE];
	} nowhere;
	struct buffer *buffer;

	if (call->way != WAY_ARG)
		return (struct msg_header *)(void *)((uint8_t *)call->message +
						     MSG_SIZE(call->num_params));
	buffer = buffer_find(call->argument);
	if (tee.is_tolerant && (!buffer || buffer->kind != BUFFER_RPC))
		return memset(&nowhere, 0, sizeof(nowhere));
	if (!buffer || buffer->kind != BUFFER_RPC)
		fail("NW-041: RPC message in unknown memory %lx", call->argument);
	return (struct msg_header *)(void *)buffer->data;
}

uint32_t call_rpc_command(const struct call *call)
{
	return call_rpc_message(call)->cmd;
}

bool call_is_waiting(const struct call *call)
{
	const struct msg_header *message;

	if (call->state != CALL_SUSPENDED || call->function != SMC_RPC_CMD)
		return false;
	message = call_rpc_message(call);
	return message->cmd == RPC_CMD_NOTIFICATION &&
	       ((const struct msg_param *)(message + 1))->u.value.a == RPC_NOTIFICATION_WAIT;
}

static void answer_alloc(const struct call *call, uint64_t regs[18])
{
	struct buffer *buffer = NULL;

	tee.rpc_alloc++;
	if (call->argument >> 32 && call->argument >> 32 <= PAGE_SIZE)
		buffer = buffer_new(BUFFER_RPC, call->argument >> 32);
	if (!buffer)
		return;
	regs[1] = (uintptr_t)buffer->data >> 32;
	regs[2] = (uint32_t)(uintptr_t)buffer->data;
	regs[4] = buffer->cookie >> 32;
	regs[5] = (uint32_t)buffer->cookie;
}

static void answer_free(const struct call *call)
{
	struct buffer *buffer = buffer_find(call->argument);

	tee.rpc_free++;
	if (tee.is_tolerant && (!buffer || buffer->kind != BUFFER_RPC))
		return;
	if (!buffer || buffer->kind != BUFFER_RPC)
		fail("NW-041: FREE of unknown memory %lx", call->argument);
	buffer_delete(buffer);
}

void call_answer(struct call *call, uint64_t regs[18])
{
	memset(regs, 0, 18 * sizeof(regs[0]));
	regs[0] = SMC_RETURN_FROM_RPC;
	regs[3] = call->thread;
	switch (call->function) {
	case SMC_RPC_ALLOC:
		answer_alloc(call, regs);
		break;
	case SMC_RPC_FREE:
		answer_free(call);
		break;
	case SMC_RPC_FOREIGN_INTR:
		tee.rpc_foreign++;
		break;
	case SMC_RPC_CMD:
		regs[1] = call->argument >> 32;
		regs[2] = (uint32_t)call->argument;
		rpc_command_answer(call_rpc_message(call));
		break;
	default:
		fail("unknown RPC %x", call->function);
	}
}

void call_resume(struct call *call, uint64_t regs[18])
{
	tee_smc(regs);
	take_return(call, regs);
}

static void serve_once(struct call *call)
{
	uint64_t regs[18];

	call_answer(call, regs);
	call_resume(call, regs);
}

void call_serve_others(const struct call *call)
{
	for (uint32_t i = 0; i < CALLS_MAX; i++)
		if (&tee.calls[i] != call && tee.calls[i].state == CALL_SUSPENDED)
			serve_once(&tee.calls[i]);
}

uint32_t call_finish(struct call *call)
{
	uint32_t waits = 0;

	while (call->state == CALL_SUSPENDED) {
		bool was_waiting = call_is_waiting(call);

		serve_once(call);
		if (was_waiting)
			call_serve_others(call);
		if (was_waiting && ++waits == WAITS_MAX)
			fail("NW-164: command %u waits for ever", call->message->cmd);
	}
	return call->status;
}
