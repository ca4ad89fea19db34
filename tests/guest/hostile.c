/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Malicious registers, messages and page lists (Annex A.7 of the ABI). What must be refused is
 * checked to be; of the rest nothing is expected but an answer.
 */
#include "storm.h"

#include "memory.h"

/* Calls that belong to a hypervisor: below one they must be refused, on bare metal they are ours.
 */
static bool is_for_hypervisors(uint32_t id)
{
	return id == SMC_VM_CREATED || id == SMC_VM_DESTROYED || id == SMC_BOOT_SECONDARY ||
	       id == SMC_GET_PROTMEM_CONFIG || (id >= 0xB2000F00u && id <= 0xB2000FFFu);
}

uint64_t hostile_address(void)
{
	uint64_t inside = (uintptr_t)tee.messages->data;
	uint64_t end = machine.memory_start + machine.memory_size;

	switch (pick(11)) {
	case 0:
		return 0;
	case 1:
		return 0x0E100000u + pick(15 << 8) * (uint64_t)PAGE_SIZE; /* secure */
	case 2:
		return 0x0E000000u + pick(256) * (uint64_t)PAGE_SIZE; /* secure SRAM */
	case 3:
		return 0x09000000u; /* the UART */
	case 4:
		return 0x08000000u + pick(512) * (uint64_t)PAGE_SIZE; /* the interrupt controller */
	case 5:
		return inside + 1 + pick(4095); /* ours, but not aligned */
	case 6:
		return end + pick(16) * (uint64_t)PAGE_SIZE; /* behind memory */
	case 7:
		return 0xFFFFFFFFFFFFF000u;
	case 8:
		return 0x8000000000000000u | inside;
	case 9:
		return 0x0001000000000000u | inside;
	default:
		return (random_next(&storm.random) & ~0xFFFull) | (1ull << 45);
	}
}

void storm_fast(void)
{
	static const uint32_t known[] = {
		SMC_CALLS_COUNT, SMC_CALLS_UID,       SMC_CALLS_REVISION,
		SMC_GET_OS_UUID, SMC_GET_OS_REVISION, SMC_GET_SHM_CONFIG,
		SMC_L2CC_MUTEX,  SMC_BOOT_SECONDARY,  SMC_EXCHANGE_CAPABILITIES,
		SMC_VM_CREATED,  SMC_VM_DESTROYED,    SMC_GET_THREAD_COUNT,
		0xB2000F00u,     0xB2000F01u,         SMC_GET_PROTMEM_CONFIG,
	};
	uint32_t id = pick(2) ? known[pick(sizeof(known) / sizeof(known[0]))]
			      : (pick(2) ? 0xB2000000u : 0xBF000000u) | pick(65536);
	uint64_t regs[18] = {0};

	/* the cache and notifications have a state that the probe has set */
	if (id == SMC_DISABLE_SHM_CACHE || id == SMC_ENABLE_SHM_CACHE ||
	    id == SMC_ENABLE_ASYNC_NOTIF || id == SMC_GET_ASYNC_NOTIF_VALUE)
		return;
	if (storm.is_native && is_for_hypervisors(id))
		return;
	regs[0] = id;
	for (uint32_t i = 1; i < 8; i++)
		regs[i] = pick(2) ? random_next(&storm.random) : pick(8); /* NW-001: upper halves */
	tee_smc(regs);
	if (is_for_hypervisors(id) && regs[0] != SMC_UNKNOWN_FUNCTION && regs[0] != SMC_ENOTAVAIL)
		fail("NW-168: a guest's call %x was answered %lx", id, regs[0]);
}

void storm_bad_address(void)
{
	uint64_t address = hostile_address();
	uint64_t regs[18] = {0};

	regs[0] = pick(3) == 0 ? SMC_CALL_WITH_REGD_ARG
		  : pick(2)    ? SMC_CALL_WITH_ARG
			       : SMC_CALL_WITH_RPC_ARG;
	regs[1] = address >> 32;
	regs[2] = (uint32_t)address;
	regs[3] = pick(2) ? pick(65536) : (uint32_t)random_next(&storm.random);
	if (regs[0] == SMC_CALL_WITH_REGD_ARG && pick(2)) {
		/* a known cookie, and an offset that is out of bounds or not aligned */
		regs[1] = tee.messages->cookie >> 32;
		regs[2] = (uint32_t)tee.messages->cookie;
		regs[3] = pick(2) ? (uint32_t)tee.messages->size - pick(64)
				  : 0xFFFFFFFFu - pick(4096);
	}
	tee_smc(regs);
	if (regs[0] == SMC_OK || (regs[0] & SMC_RPC_PREFIX) == SMC_RPC_PREFIX)
		if (regs[0] != SMC_UNKNOWN_FUNCTION)
			fail("NW-031: message at %lx was accepted: %lx", address, regs[0]);
}

void storm_resume_unknown(void)
{
	uint64_t regs[18] = {SMC_RETURN_FROM_RPC};
	uint32_t thread = pick(2) ? pick(64) : (uint32_t)random_next(&storm.random);

	for (uint32_t i = 0; i < CALLS_MAX; i++)
		if (tee.calls[i].state == CALL_SUSPENDED && tee.calls[i].thread == thread)
			return;
	regs[1] = pick(2);
	regs[3] = thread;
	regs[4] = random_next(&storm.random);
	tee_smc(regs);
	if (regs[0] != SMC_ERESUME)
		fail("NW-036: resuming thread %x, which is not, was answered %lx", thread, regs[0]);
}

static uint64_t some_cookie(void)
{
	const struct buffer *buffer = storm.buffers[pick(STORM_BUFFERS)];

	if (buffer && pick(2))
		return buffer->cookie;
	return pick(3)   ? GHOST_COOKIE + 64u * pick(GHOSTS)
	       : pick(2) ? 0
			 : random_next(&storm.random);
}

static void garbage_param(struct msg_param *param)
{
	static const uint64_t sizes[] = {0,         1,          4095,       4096,  4097,
					 65536,     1ull << 31, 1ull << 40, ~0ull, ~0ull - 4095,
					 1ull << 63};

	param->attr = pick(16);
	if (pick(4) == 0)
		param->attr |= MSG_ATTR_META;
	if (pick(4) == 0)
		param->attr |= MSG_ATTR_NONCONTIG;
	if (pick(16) == 0)
		param->attr = random_next(&storm.random);
	param->u.rmem.offs = pick(2) ? sizes[pick(11)] : hostile_address();
	param->u.rmem.size = sizes[pick(11)];
	param->u.rmem.shm_ref = some_cookie();
}

void storm_garbage_message(void)
{
	struct call *call = call_take(pick(14), pick(7));

	if (!call)
		return;
	for (uint32_t i = 0; i < 6; i++)
		garbage_param(&call->params[i]);
	call->message->func = pick(8);
	call->message->session = pick(2) ? storm.sessions[pick(STORM_SESSIONS)] : pick(1000);
	call->message->cancel_id = pick(8);
	if (call->message->cmd == MSG_CMD_CLOSE_SESSION)
		call->message->session = 0x7F000000u + pick(1000); /* ours are closed elsewhere */
	if (call->message->cmd == MSG_CMD_UNREGISTER_SHM)
		call->params[0].u.rmem.shm_ref = GHOST_COOKIE + 64u * pick(GHOSTS);
	if (storm.is_native && call->message->cmd > MSG_CMD_UNREGISTER_SHM)
		call->message->cmd =
			MSG_CMD_REGISTER_SHM; /* upstream's notifications have a state */
	if (pick(8) == 0)
		call->message->num_params = 120 + pick(16);
	if (pick(16) == 0)
		call->message->num_params = 0xFFFFFFFFu - pick(8);
	call_start(call, tee.way == WAY_ARG ? WAY_ARG : pick(2) ? WAY_RPC_ARG : WAY_REGISTERED);
	(void)storm_finish(call);
}

/* One way to be wrong in REGISTER_SHM. */
struct list_case {
	const char *name;
	bool must_fail;
};

enum {
	LIST_SECURE,
	LIST_UNALIGNED,
	LIST_DEVICE,
	LIST_SIZE_ZERO,
	LIST_SIZE_MAX,
	LIST_SIZE_HUGE,
	LIST_ITSELF_LONG,
	LIST_LINK_GARBAGE,
	LIST_LINK_UNUSED,
	LIST_ATTR,
	LIST_COOKIE_ZERO,
	LIST_POINTER,
	LIST_OFFSET,
	LIST_COUNT
};

static const struct list_case cases[LIST_COUNT] = {
	[LIST_SECURE] = {"an entry outside of memory", true},
	[LIST_UNALIGNED] = {"an entry that is not aligned", true},
	[LIST_DEVICE] = {"a device as entry", true},
	[LIST_SIZE_ZERO] = {"size 0", true},
	[LIST_SIZE_MAX] = {"size 2^64-1", true},
	[LIST_SIZE_HUGE] = {"a size of 1 TiB", true},
	[LIST_ITSELF_LONG] = {"a list that links to itself", false},
	[LIST_LINK_GARBAGE] = {"a bad link that is needed", true},
	[LIST_LINK_UNUSED] = {"a bad link that is not needed", false},
	[LIST_ATTR] = {"another attribute", true},
	[LIST_COOKIE_ZERO] = {"cookie 0", true},
	[LIST_POINTER] = {"a bad list address", true},
	[LIST_OFFSET] = {"an offset that makes the sum overflow", true},
};

static void make_list(uint32_t kind, struct msg_param *param, uint64_t *list, uint64_t page)
{
	static const uint64_t attrs[] = {0xA, 0x209, 0x20B, 0x30A, 0x20E, 0x6, 0x1020A};

	for (uint32_t i = 0; i < MSG_LIST_ENTRIES + 1; i++)
		list[i] = page;
	param->attr = MSG_ATTR_SHM_LIST;
	param->u.tmem.buf_ptr = (uintptr_t)list;
	param->u.tmem.size = (1 + pick(16)) * PAGE_SIZE;
	param->u.tmem.shm_ref = GHOST_COOKIE + 64u * pick(GHOSTS);
	switch (kind) {
	case LIST_SECURE:
		list[0] = 0x0E100000u + pick(3840) * (uint64_t)PAGE_SIZE;
		break;
	case LIST_UNALIGNED:
		list[pick((uint32_t)(param->u.tmem.size / PAGE_SIZE))] += 1u << pick(12);
		break;
	case LIST_DEVICE:
		list[0] = 0x09000000u;
		break;
	case LIST_SIZE_ZERO:
		param->u.tmem.size = 0;
		break;
	case LIST_SIZE_MAX:
		param->u.tmem.size = ~0ull;
		break;
	case LIST_SIZE_HUGE:
		param->u.tmem.size = 1ull << 40;
		break;
	case LIST_ITSELF_LONG:
		list[MSG_LIST_ENTRIES] = (uintptr_t)list;
		param->u.tmem.size = 512ull * PAGE_SIZE;
		break;
	case LIST_LINK_GARBAGE:
		list[MSG_LIST_ENTRIES] = hostile_address() | 0x8;
		param->u.tmem.size = 512ull * PAGE_SIZE;
		break;
	case LIST_LINK_UNUSED:
		list[MSG_LIST_ENTRIES] = hostile_address();
		param->u.tmem.size = 511ull * PAGE_SIZE;
		break;
	case LIST_ATTR:
		param->attr = attrs[pick(7)];
		break;
	case LIST_COOKIE_ZERO:
		param->u.tmem.shm_ref = 0;
		break;
	case LIST_POINTER:
		param->u.tmem.buf_ptr = 0x0E100000u;
		break;
	default:
		param->u.tmem.buf_ptr |= 0xFFF;
		param->u.tmem.size = ~0ull - pick(4095);
		break;
	}
}

void storm_hostile_list(void)
{
	static uint8_t page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE))); /* for nothing else */
	struct call *call = call_take(MSG_CMD_REGISTER_SHM, 1);
	uint64_t *list = pages_take(1);
	uint32_t kind = pick(LIST_COUNT);
	TEE_Result result;

	if (!call || !list) {
		if (call)
			call_free(call);
		if (list)
			pages_give(list, 1);
		return;
	}
	make_list(kind, &call->params[0], list, (uintptr_t)page);
	call_start(call, tee.way == WAY_ARG ? WAY_ARG : WAY_RPC_ARG);
	result = storm_finish(call);
	if (result == TEE_SUCCESS && cases[kind].must_fail && !storm.is_native)
		fail("NW-060: memory was registered with %s", cases[kind].name);
	/* the list may go now (NW-064); what was registered is only forgotten at the end */
	pages_give(list, 1);
}

void storm_hostile_invoke(void)
{
	uint32_t session = storm.sessions[pick(STORM_SESSIONS)];
	struct call *call;

	if (!session)
		return;
	call = invoke_prepare(session, pick(5), NULL);
	for (uint32_t i = 0; i < 4; i++) {
		if (pick(2))
			garbage_param(&call->params[i]);
		/* never a way into memory that is not ours to have written */
		if ((call->params[i].attr & MSG_ATTR_TYPE_MASK) >= MSG_ATTR_TMEM_IN &&
		    !(call->params[i].attr & MSG_ATTR_NONCONTIG) && storm.is_native)
			call->params[i].attr = MSG_ATTR_NONE;
	}
	if (pick(8) == 0)
		call->message->num_params = pick(127);
	call_start(call, tee.way);
	(void)storm_finish(call);
}

void storm_hostile_open(void)
{
	struct call *call = open_prepare(uuid_cold);
	uint32_t kind = pick(5);
	uint32_t session;
	TEE_Result result;

	if (kind == 0)
		call->params[pick(2)].attr =
			pick(2) ? MSG_ATTR_VALUE_IN : random_next(&storm.random);
	if (kind == 1)
		random_fill(&storm.random, call->params[0].u.octets, 16);
	if (kind == 2)
		call->params[1].u.value.c = LOGIN_TRUSTED_APP;
	if (kind == 3)
		call->params[1].u.value.c = random_next(&storm.random) | 7;
	if (kind == 4)
		call->message->num_params = pick(2);
	call_start(call, tee.way);
	call_finish(call);
	session = call->message->session;
	result = storm_finish(call);
	if (result == TEE_SUCCESS && (kind == 1 || kind == 2 || kind == 4))
		fail("NW-071: a session was opened by hostile open %u", kind);
	if (result == TEE_SUCCESS && tee_close(session) != TEE_SUCCESS)
		fail("NW-073: session %x cannot be closed", session);
}

void storm_unknown_session(void)
{
	static const uint32_t commands[] = {MSG_CMD_INVOKE_COMMAND, MSG_CMD_CLOSE_SESSION,
					    MSG_CMD_CANCEL};
	uint32_t command = commands[pick(3)];
	struct call *call = call_take(command, command == MSG_CMD_INVOKE_COMMAND ? 4 : 0);

	call->message->session = pick(2) ? 0 : 0x70000000u + pick(1u << 20);
	call_start(call, tee.way);
	if (storm_finish(call) == TEE_SUCCESS && command != MSG_CMD_CANCEL)
		fail("NW-073: command %u on an unknown session succeeded", command);
}
