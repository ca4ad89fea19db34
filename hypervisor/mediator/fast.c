/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fast calls of a guest: a list of what there is, and nothing else gets near the TEE (NW-168). The
 * identity of API and TEE was learnt at boot and is answered from there.
 */
#include "internal.h"

/* What a guest may tell about itself; anything else would make some TEEs refuse. */
#define KNOWN_NW_CAPS SMC_NWCAP_UNIPROCESSOR

/* What a guest may be told: of the rest, it cannot be used through us, or we do not know it. */
#define PASSED_CAPS (SMC_CAP_DYNAMIC_SHM | SMC_CAP_MEMREF_NULL | SMC_CAP_RPMB_PROBE)

/* The calls offered in profile B, and the two more of profile A. */
#define CALLS_IN_PROFILE_B     12u
#define CALLS_OF_PROFILE_A     2u
#define CALLS_OF_NOTIFICATIONS 2u

static void vm_call(struct med_vm *vm, uint32_t function, uint32_t a1, uint32_t out[8])
{
	out[0] = function;
	out[1] = a1;
	for (uint32_t i = 2; i < 7; i++)
		out[i] = 0;
	out[7] = vm->id;
	tee_call(vm->host, out);
}

/* NW-169, NW-014, NW-130. All four registers are ours: no reserved pool. */
static void exchange_capabilities(struct med_vm *vm, uint32_t a1, uint64_t regs[8])
{
	uint32_t tee[8];
	uint32_t caps;

	vm_call(vm, SMC_EXCHANGE_CAPABILITIES, a1 & KNOWN_NW_CAPS, tee);
	if (tee[0] != SMC_OK || (tee[1] & SMC_CAP_DYNAMIC_SHM) == 0) {
		regs_answer(regs, SMC_ENOTAVAIL, 0, 0, 0);
		return;
	}
	caps = tee[1] & PASSED_CAPS;
	if (vm->notifications)
		caps |= SMC_CAP_ASYNC_NOTIF;
	if (vm->rpc_arg)
		caps |= SMC_CAP_RPC_ARG;
	regs_answer(regs, SMC_OK, caps, vm->notifications ? tee[2] : 0,
		    vm->rpc_arg ? MSG_RPC_MAX_PARAMS : 0);
}

/* ENABLE_ASYNC_NOTIF and GET_ASYNC_NOTIF_VALUE: the state is the TEE's, per VM. */
static void notifications(struct med_vm *vm, uint32_t function, uint64_t regs[8])
{
	uint32_t tee[8];

	vm_call(vm, function, 0, tee);
	if (function == SMC_ENABLE_ASYNC_NOTIF)
		regs_answer(regs, tee[0], 0, 0, 0);
	else
		regs_answer(regs, tee[0], tee[1], tee[2], 0);
}

/* The buffer that the TEE hands back is forgotten before the guest can free it (NW-015, NW-080). */
static void disable_shm_cache(struct med_vm *vm, uint64_t regs[8])
{
	struct med_buffer *garbage = NULL;
	struct med_buffer *buffer = NULL;
	uint32_t tee[8];

	vm_call(vm, SMC_DISABLE_SHM_CACHE, 0, tee);
	if (tee[0] == SMC_OK)
		buffer = shm_take_name(vm, BUFFER_RPC, pair(tee[1], tee[2]));
	if (buffer != NULL)
		shm_drop(vm, buffer, &garbage);
	while (shm_release_batch(vm, &garbage))
		; /* one page at most */
	regs_answer(regs, tee[0], tee[1], tee[2], 0);
}

static void enable_shm_cache(struct med_vm *vm, uint64_t regs[8])
{
	uint32_t tee[8];

	vm_call(vm, SMC_ENABLE_SHM_CACHE, 0, tee);
	regs_answer(regs, tee[0], 0, 0, 0);
}

static bool visit(struct med_vm *vm)
{
	bool welcome;

	vm_lock(vm);
	welcome = !vm->dying;
	if (welcome)
		vm->visitors++;
	vm_unlock(vm);
	return welcome;
}

static void leave(struct med_vm *vm)
{
	vm_lock(vm);
	vm->visitors--;
	vm_unlock(vm);
}

/* The calls that the TEE answers, with the VM's id in a7 (NW-160). */
static enum med_result forwarded_call(struct med_vm *vm, uint32_t function, uint32_t a1,
				      uint64_t regs[8])
{
	if (!visit(vm))
		return MED_AGAIN;
	if (function == SMC_EXCHANGE_CAPABILITIES)
		exchange_capabilities(vm, a1, regs);
	else if (function == SMC_DISABLE_SHM_CACHE)
		disable_shm_cache(vm, regs);
	else if (function == SMC_ENABLE_SHM_CACHE)
		enable_shm_cache(vm, regs);
	else
		notifications(vm, function, regs);
	leave(vm);
	return MED_DONE;
}

static uint32_t calls_count(const struct med_vm *vm)
{
	return CALLS_IN_PROFILE_B + (vm->rpc_arg ? CALLS_OF_PROFILE_A : 0) +
	       (vm->notifications ? CALLS_OF_NOTIFICATIONS : 0);
}

enum med_result fast_call(struct med_vm *vm, uint32_t function, uint32_t a1, uint64_t regs[8])
{
	const struct med_tee *tee = &vm->med->tee;

	switch (function) {
	case SMC_CALLS_COUNT:
		regs_answer(regs, calls_count(vm), 0, 0, 0);
		break;
	case SMC_CALLS_UID:
		regs_answer(regs, tee->uid[0], tee->uid[1], tee->uid[2], tee->uid[3]);
		break;
	case SMC_CALLS_REVISION:
		regs_answer(regs, tee->revision[0], tee->revision[1], 0, 0);
		break;
	case SMC_GET_OS_UUID:
		regs_answer(regs, tee->os_uuid[0], tee->os_uuid[1], tee->os_uuid[2],
			    tee->os_uuid[3]);
		break;
	case SMC_GET_OS_REVISION:
		regs_answer(regs, tee->os_revision[0], tee->os_revision[1], tee->os_revision[2], 0);
		break;
	case SMC_GET_SHM_CONFIG:
		regs_answer(regs, SMC_ENOTAVAIL, 0, 0, 0);
		break;
	case SMC_GET_THREAD_COUNT:
		regs_answer(regs, SMC_OK, vm->call_limit, 0, 0);
		break;
	case SMC_ENABLE_ASYNC_NOTIF:
	case SMC_GET_ASYNC_NOTIF_VALUE:
		if (!vm->notifications) {
			regs[0] = SMC_UNKNOWN_FUNCTION;
			break;
		}
		return forwarded_call(vm, function, a1, regs);
	case SMC_EXCHANGE_CAPABILITIES:
	case SMC_DISABLE_SHM_CACHE:
	case SMC_ENABLE_SHM_CACHE:
		return forwarded_call(vm, function, a1, regs);
	default:
		regs[0] = SMC_UNKNOWN_FUNCTION;
		break;
	}
	return MED_DONE;
}
