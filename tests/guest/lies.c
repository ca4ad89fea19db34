/* SPDX-License-Identifier: BSD-2-Clause */
/* RPCs answered with lies: what a hostile driver or tee-supplicant would do to the TEE. */
#include "storm.h"

#include "../../examples/linger/linger.h"
#include "memory.h"

/* More RPCs than any call can need, however often it is preempted. */
#define ROUNDS_MAX 20000u

static struct msg_param *first_param(struct msg_header *message)
{
	return (struct msg_param *)(message + 1);
}

static void lie_about_memory(struct msg_param *param)
{
	static const uint64_t attrs[] = {0xA, 0x0, 0x209, 0x1, 0x20B};
	struct buffer *other = storm.buffers[pick(STORM_BUFFERS)];

	switch (pick(7)) {
	case 0:
		param->attr = attrs[pick(5)];
		break;
	case 1:
		param->u.tmem.size -= 1;
		break;
	case 2:
		param->u.tmem.size = random_next(&storm.random);
		break;
	case 3:
		param->u.tmem.shm_ref = other ? other->cookie : 0;
		break;
	case 4:
		param->u.tmem.buf_ptr = hostile_address();
		break;
	case 5:
		param->u.tmem.shm_ref = tee.messages->cookie;
		break;
	default: {
		struct buffer *buffer = buffer_find(param->u.tmem.shm_ref);

		if (buffer)
			buffer->list[pick(buffer->page_count)] = hostile_address();
		break;
	}
	}
}

static void lie_about_file(struct msg_param *params)
{
	static const uint64_t sizes[] = {0, 1, 19, 20, 100, 4096, 1u << 20, 1ull << 32, ~0ull};
	struct buffer *buffer = buffer_find(params[1].u.rmem.shm_ref);

	if (pick(2) || !buffer || (params[1].attr & MSG_ATTR_TYPE_MASK) != MSG_ATTR_RMEM_OUT) {
		params[1].u.rmem.size = sizes[pick(9)];
		return;
	}
	/* header, hash, signature, ELF: anywhere */
	for (uint32_t i = 0; i <= pick(4); i++)
		buffer->data[pick(pick(2) ? 512 : (uint32_t)buffer->size)] ^=
			(uint8_t)(1u << pick(8));
}

static void lie_in_message(struct msg_header *message, uint32_t command)
{
	struct msg_param *params = first_param(message);
	struct buffer *given = buffer_find(params[0].u.tmem.shm_ref);

	if (command == RPC_CMD_SHM_ALLOC && given)
		given->is_doubtful = true;
	if (pick(3) == 0)
		message->ret =
			pick(2) ? (uint32_t)random_next(&storm.random) : TEE_ERROR_SHORT_BUFFER;
	if (pick(6) == 0)
		message->cmd = pick(32);
	if (pick(6) == 0)
		message->num_params = pick(2) ? pick(5) : 0xFFFFFFFFu;
	if (message->ret == TEE_SUCCESS && command == RPC_CMD_SHM_ALLOC && pick(4))
		lie_about_memory(params);
	if (message->ret == TEE_SUCCESS && command == RPC_CMD_LOAD_TA && pick(4))
		lie_about_file(params);
	if (command == RPC_CMD_GET_TIME && pick(2)) {
		params[0].u.value.a = random_next(&storm.random);
		params[0].u.value.b = random_next(&storm.random);
	}
}

static void lie_in_registers(const struct call *call, uint64_t regs[18])
{
	if (call->function == SMC_RPC_ALLOC) {
		uint64_t address = hostile_address();
		uint64_t cookie = pick(2) ? tee.messages->cookie : 0;
		struct buffer *buffer = buffer_find((regs[4] << 32) | regs[5]);

		if (buffer)
			buffer->is_doubtful = true;
		if (pick(2)) {
			regs[1] = address >> 32;
			regs[2] = (uint32_t)address;
		} else {
			regs[4] = cookie >> 32;
			regs[5] = (uint32_t)cookie;
		}
		return;
	}
	regs[1] = (uint32_t)random_next(&storm.random);
	regs[2] = (uint32_t)random_next(&storm.random);
	regs[4] = random_next(&storm.random);
	regs[6] = random_next(&storm.random);
}

/* What we gave and the TEE never gave back, because it did not believe us. */
static void reclaim(void)
{
	for (uint32_t i = 0; i < BUFFERS_MAX; i++)
		if ((tee.buffers[i].kind == BUFFER_PAYLOAD || tee.buffers[i].kind == BUFFER_RPC) &&
		    tee.buffers[i].is_doubtful)
			buffer_delete(&tee.buffers[i]);
}

static void serve_lying(struct call *call)
{
	bool is_command = call->function == SMC_RPC_CMD;
	uint32_t command = is_command ? call_rpc_command(call) : 0;
	struct msg_header *message = is_command ? call_rpc_message(call) : NULL;
	uint64_t regs[18];

	if (pick(4) == 0)
		storm_resume_unknown();
	call_answer(call, regs);
	if (pick(3) == 0) {
		if (message && command != RPC_CMD_SHM_FREE && command != RPC_CMD_FS)
			lie_in_message(message, command);
		if (pick(3) == 0)
			lie_in_registers(call, regs);
	}
	call_resume(call, regs);
}

/* Finishes the call with lies at times; session is what its message says at the end. */
static TEE_Result storm_finish_lying(struct call *call, uint32_t *session)
{
	uint32_t rounds = 0;

	tee.is_tolerant = true;
	while (call->state == CALL_SUSPENDED) {
		bool was_waiting = call_is_waiting(call);

		if (++rounds == ROUNDS_MAX)
			fail("command %u has no end: RPC %x, command %u", call->message->cmd,
			     call->function,
			     call->function == SMC_RPC_CMD ? call_rpc_command(call) : 0);
		serve_lying(call);
		/* after a lie about the memory of its message we cannot see that it waits */
		if (was_waiting || rounds % 16 == 0)
			call_serve_others(call);
	}
	reclaim();
	tee.is_tolerant = false;
	*session = call->message->session;
	return storm_finish(call);
}

void storm_lies(void)
{
	uint32_t session = storm.sessions[pick(STORM_SESSIONS)];
	struct msg_param params[4] = {0};
	struct call *call;
	bool is_open = !session || pick(2);
	TEE_Result result;

	params[0].attr = MSG_ATTR_VALUE_IN;
	params[0].u.value.a = 1 + pick(5);
	params[1].attr = MSG_ATTR_VALUE_OUT;
	if (is_open)
		call = open_prepare(uuid_cold);
	else
		call = invoke_prepare(session, pick(2) ? LINGER_TIME : LINGER_NEST, params);
	call_start(call, pick(3) ? tee.way : WAY_ARG);
	result = storm_finish_lying(call, &session);
	if (is_open && result == TEE_SUCCESS && tee_close(session) != TEE_SUCCESS)
		fail("NW-073: session %x cannot be closed", session);
}

/* The memory of an RPC is the TEE's to free, not ours to unregister (NW-077). */
void storm_steal_payload(void)
{
	struct call *call = open_prepare(uuid_cold);
	struct call *thief;
	uint64_t cookie = 0;
	uint64_t regs[18];
	uint32_t session;

	call_start(call, tee.way);
	while (call->state == CALL_SUSPENDED && !cookie) {
		if (call->function == SMC_RPC_CMD && call_rpc_command(call) == RPC_CMD_SHM_FREE)
			break;
		call_answer(call, regs);
		if (call->function == SMC_RPC_CMD && call_rpc_command(call) == RPC_CMD_SHM_ALLOC)
			cookie = first_param(call_rpc_message(call))->u.tmem.shm_ref;
		call_resume(call, regs);
	}
	if (call->state == CALL_SUSPENDED && cookie && !storm.abandoned_count) {
		thief = call_take(MSG_CMD_UNREGISTER_SHM, 1);
		thief->params[0].attr = MSG_ATTR_RMEM_IN;
		thief->params[0].u.rmem.shm_ref = cookie;
		call_start(thief, tee.way == WAY_ARG ? WAY_ARG : WAY_RPC_ARG);
		if (storm_finish(thief) == TEE_SUCCESS)
			fail("NW-077: the memory of an RPC was unregistered");
	}
	call_finish(call);
	session = call->message->session;
	if (storm_finish(call) == TEE_SUCCESS && tee_close(session) != TEE_SUCCESS)
		fail("NW-073: session %x cannot be closed", session);
}
