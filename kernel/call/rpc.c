/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Remote procedure calls to the normal world. The message lies behind the call's own message, or in
 * a page that the guest gave for it (RPC ALLOC), of which some are kept for later calls (NW-045).
 */
#include "kernel/call/rpc.h"

#include "abi/smc.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace.h"
#include "kernel/platform/platform.h"

struct rpc_message {
	struct msg_header header;
	struct msg_param params[MSG_RPC_MAX_PARAMS];
};
_Static_assert(sizeof(struct rpc_message) == MSG_RPC_SIZE, "RPC message");

/* A page of the guest that is kept for the next call without an RPC message. Owner: the guest. */
struct kept_buffer {
	struct list link;
	paddr_t pa;
	uint64_t cookie;
};

static uint64_t pair(uint32_t high, uint32_t low)
{
	return (uint64_t)high << 32 | low;
}

static void send_free(uint64_t cookie)
{
	if (cookie && !call_guest()->dying)
		call_suspend(CALL_RPC, SMC_RPC_FREE, cookie);
}

static void use_page(struct call *call, paddr_t pa, uint64_t cookie)
{
	call->rpc = (struct call_rpc_message){
		.first = pa, .first_size = MSG_RPC_SIZE, .cookie = cookie};
}

/* Gets a page for the RPC message: a kept one, or one from the guest (NW-040). */
static TEE_Result get_page(struct call *call)
{
	struct guest *guest = call->guest;

	if (!list_empty(&guest->rpc_buffers)) {
		struct kept_buffer *kept =
			list_entry(guest->rpc_buffers.next, struct kept_buffer, link);
		use_page(call, kept->pa, kept->cookie);
		list_remove(&kept->link);
		heap_free(&guest->heap, kept);
		return TEE_SUCCESS;
	}
	call_suspend(CALL_RPC, SMC_RPC_ALLOC, pair(MSG_RPC_SIZE, 0));
	if (guest->dying)
		return TEE_ERROR_TARGET_DEAD;
	paddr_t pa = paddr(pair(call->args.a[1], call->args.a[2]));
	uint64_t cookie = pair(call->args.a[4], call->args.a[5]);
	bool usable = pa.pa != 0 && cookie != 0 && pa.pa % PAGE_SIZE == 0 &&
		      platform_is_nonsecure_ram(pa, PAGE_SIZE);
	if (!usable) {
		send_free(cookie);
		return TEE_ERROR_OUT_OF_MEMORY;
	}
	use_page(call, pa, cookie);
	return TEE_SUCCESS;
}

static bool put_message(const struct call_rpc_message *at, const struct rpc_message *message)
{
	const char *bytes = (const char *)message;
	size_t rest = sizeof(*message) - at->first_size;

	return arch_ns_write(at->first, bytes, at->first_size) &&
	       (rest == 0 || arch_ns_write(at->second, bytes + at->first_size, rest));
}

static bool get_message(const struct call_rpc_message *at, struct rpc_message *message)
{
	char *bytes = (char *)message;
	size_t rest = sizeof(*message) - at->first_size;

	return arch_ns_read(bytes, at->first, at->first_size) &&
	       (rest == 0 || arch_ns_read(bytes + at->first_size, at->second, rest));
}

/* Takes over what was declared an output, by the types that were sent (NW-103). */
static void take_outputs(struct msg_param *sent, const struct msg_param *answer)
{
	switch (sent->attr & MSG_ATTR_TYPE_MASK) {
	case MSG_ATTR_VALUE_OUT:
	case MSG_ATTR_VALUE_INOUT:
		sent->u.value = answer->u.value;
		break;
	case MSG_ATTR_RMEM_OUT:
	case MSG_ATTR_RMEM_INOUT:
		sent->u.rmem.size = answer->u.rmem.size;
		break;
	case MSG_ATTR_TMEM_OUT:
	case MSG_ATTR_TMEM_INOUT:
		sent->u.tmem.size = answer->u.tmem.size;
		break;
	default:
		break;
	}
}

TEE_Result call_rpc(uint32_t cmd, struct msg_param *params, unsigned count)
{
	struct call *call = call_current();
	struct rpc_message message = {
		.header = {.cmd = cmd, .ret = TEE_ERROR_GENERIC, .num_params = count}, /* NW-100 */
	};
	TEE_Result res;

	assert(count <= MSG_RPC_MAX_PARAMS);
	/* A shared app neither waits for the guest of one of its clients (I3) nor sees its death.
	 */
	if (call && call->sheltered)
		return TEE_ERROR_NOT_SUPPORTED;
	/* No call: a guest that is dead is being taken apart. */
	if (!call || call->guest->dying)
		return TEE_ERROR_TARGET_DEAD;
	if (call->rpc.first.pa == 0) {
		res = get_page(call);
		if (res)
			return res;
	}
	memcpy(message.params, params, count * sizeof(params[0]));
	if (!put_message(&call->rpc, &message))
		return TEE_ERROR_COMMUNICATION;
	call->guest->count.rpcs_total++;
	trace(TRACE_RPC, call->guest->vm_id, call->slot, cmd, 0, 0, 0);
	call_suspend(CALL_RPC, SMC_RPC_CMD, call->rpc.cookie);
	if (call->guest->dying)
		return TEE_ERROR_TARGET_DEAD;
	if (!get_message(&call->rpc, &message))
		return TEE_ERROR_COMMUNICATION;
	/* The answer to SHM_ALLOC is the one whose attribute is an output too. */
	if (cmd == RPC_CMD_SHM_ALLOC && message.header.ret == TEE_SUCCESS)
		params[0] = message.params[0];
	for (unsigned i = 0; i < count; i++)
		take_outputs(&params[i], &message.params[i]);
	if (cmd == RPC_CMD_SHM_ALLOC && message.header.num_params != 1)
		return TEE_ERROR_GENERIC;
	/* That one only the kernel says. */
	return message.header.ret == TEE_ERROR_TARGET_DEAD ? TEE_ERROR_GENERIC : message.header.ret;
}

void call_rpc_release(void)
{
	struct call *call = call_current();
	struct guest *guest = call->guest;
	uint64_t cookie = call->rpc.cookie;
	struct kept_buffer *kept = NULL;

	if (cookie == 0)
		return;
	if (guest->shm_cache_on && !guest->dying)
		kept = heap_alloc(&guest->heap, sizeof(*kept));
	if (kept) {
		kept->pa = call->rpc.first;
		kept->cookie = cookie;
		list_insert(&guest->rpc_buffers, &kept->link);
	}
	call->rpc =
		(struct call_rpc_message){0}; /* forgotten before the guest may reuse it (NW-080) */
	if (!kept)
		send_free(cookie);
}

bool call_rpc_uncache(struct guest *guest, uint64_t *cookie)
{
	if (list_empty(&guest->rpc_buffers)) {
		guest->shm_cache_on = false;
		return false;
	}
	struct kept_buffer *kept = list_entry(guest->rpc_buffers.next, struct kept_buffer, link);
	*cookie = kept->cookie;
	list_remove(&kept->link);
	heap_free(&guest->heap, kept);
	return true;
}

void call_rpc_forget_cache(struct guest *guest)
{
	uint64_t cookie;

	while (call_rpc_uncache(guest, &cookie))
		;
}
