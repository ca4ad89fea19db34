/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest answers to RPCs: a tee-supplicant and the driver's part. It may refuse, as one does
 * that is short of memory or is being stopped; it may take very long; a liar answers anything.
 */
#include <string.h>

#include "sim/driver.h"
#include "sim/programs.h"

#define KEYS 128u

/* In points. A time-out is a safety net of the kernel; here it takes as long as a life. */
#define POINTS_OF_MILLI 40u
#define STALL_LEAST     1000u
#define STALL_MORE      8000u
#define TOLD_LIMIT      100000u

/* --- notifications -------------------------------------------------------------------------------
 */

static void note_key(struct vm *vm, uint64_t key)
{
	if (key < KEYS)
		vm->notified[key / 64] |= 1ull << key % 64;
}

static bool take_key(struct vm *vm, uint64_t key)
{
	uint64_t *word = &vm->notified[key / 64];
	bool set = *word >> key % 64 & 1;

	*word &= ~(1ull << key % 64);
	return set;
}

bool take_interrupt(struct driver *d)
{
	while (d->vm->interrupt) {
		uint64_t regs[8] = {SMC_GET_ASYNC_NOTIF_VALUE};

		d->vm->interrupt = false;
		d->vm->fetching++;
		if (!smc(d, regs))
			return false;
		d->vm->fetching--;
		if (regs[0] != SMC_OK || !(regs[2] & 1))
			continue;
		note_key(d->vm, regs[1]);
		d->vm->interrupt |= (regs[2] & 2) != 0;
		summary.notifications++;
	}
	return d->vm->state == VM_LIVING;
}

/* How long it waits. One that waits for the lock relies on being told, if it can be; but not in a
 * wait that is short, in which the lock is kept for another one that may not come. */
static uint64_t patience(const struct driver *d, uint64_t timeout)
{
	if (d->locking && d->vm->async && !d->vm->lies && timeout > 10)
		return UINT64_MAX;
	return min(timeout, (uint64_t)500) * POINTS_OF_MILLI;
}

static void wait_for(struct driver *d, uint64_t key, uint64_t timeout)
{
	uint64_t begun = summary.points, told = 0;
	unsigned turns = 0;

	/* Now and then it comes back for no reason, as one does that got a signal. */
	if (key >= KEYS || below(16) == 0)
		return;
	while (!take_key(d->vm, key) && summary.points - begun < patience(d, timeout)) {
		if (!take_interrupt(d))
			return;
		give_way();
		if (!d->locking || d->vm->lies || ++turns % 8)
			continue;
		if (!check_waiter(d->fiber, d->locking, (uint32_t)key, begun))
			told = 0;
		else if (!told)
			told = summary.points;
		else if (d->vm->async && summary.points - told > TOLD_LIMIT)
			broken("guest %u is not interrupted for a notification", d->vm->number);
	}
}

void stall(struct driver *d)
{
	uint64_t until = summary.points + STALL_LEAST + below(STALL_MORE);

	summary.stalls++;
	while (summary.points < until && d->vm->state == VM_LIVING)
		give_way();
}

/* --- tee-supplicant ------------------------------------------------------------------------------
 */

/* Codes of one that can not, for the time being. */
static uint32_t excuse(void)
{
	static const uint32_t codes[] = {TEE_ERROR_OUT_OF_MEMORY,  TEE_ERROR_BUSY,
					 TEE_ERROR_COMMUNICATION,  TEE_ERROR_GENERIC,
					 TEE_ERROR_ITEM_NOT_FOUND, TEE_ERROR_NOT_SUPPORTED,
					 TEE_ERROR_ACCESS_DENIED,  TEE_ERROR_CANCEL};

	summary.refusals++;
	return codes[below(array_count(codes))];
}

static uint32_t load_ta(struct vm *vm, struct msg_param *params)
{
	const struct program *program = program_find(params[0].u.octets);
	struct buffer *buffer;

	if (!program)
		return TEE_ERROR_ITEM_NOT_FOUND;
	if (params[1].attr == MSG_ATTR_TMEM_OUT) {
		params[1].u.tmem.size = program->size;
		return TEE_SUCCESS;
	}
	buffer = buffer_find(vm, params[1].u.rmem.shm_ref);
	if (!buffer || !params[1].u.rmem.shm_ref || buffer->count * PAGE_SIZE < program->size)
		return TEE_ERROR_BAD_PARAMETERS;
	for (size_t at = 0; at < program->size; at += PAGE_SIZE)
		memcpy(world_at(vm, buffer->page[at / PAGE_SIZE]), program->file + at,
		       min(program->size - at, PAGE_SIZE));
	params[1].u.rmem.size = program->size;
	return TEE_SUCCESS;
}

static uint32_t shm_alloc(struct vm *vm, struct msg_param *param)
{
	struct buffer *buffer =
		buffer_make(vm, (uint32_t)((param->u.value.b + PAGE_SIZE - 1) / PAGE_SIZE));

	if (!buffer)
		return TEE_ERROR_OUT_OF_MEMORY;
	param->attr = MSG_ATTR_SHM_LIST;
	param->u.tmem = (struct msg_tmem){buffer->list, buffer->count * PAGE_SIZE, buffer->cookie};
	return TEE_SUCCESS;
}

static uint32_t shm_free(struct vm *vm, uint64_t cookie)
{
	struct buffer *buffer = cookie ? buffer_find(vm, cookie) : NULL;

	if (!buffer && !vm->lies)
		broken("guest %u is asked to free 0x%llx, which it did not give", vm->number,
		       (unsigned long long)cookie);
	if (buffer)
		buffer_drop(vm, buffer);
	return TEE_SUCCESS;
}

static void serve_command(struct driver *d, struct msg_header *message)
{
	struct msg_param *params = (struct msg_param *)(message + 1);
	bool may_refuse =
		message->cmd != RPC_CMD_SHM_FREE && (message->cmd != RPC_CMD_NOTIFICATION ||
						     params[0].u.value.a == RPC_NOTIFICATION_WAIT);

	if (may_refuse && chance(options.refuse_chance)) {
		message->ret = excuse();
		return;
	}
	switch (message->cmd) {
	case RPC_CMD_LOAD_TA:
		message->ret = load_ta(d->vm, params);
		break;
	case RPC_CMD_SHM_ALLOC:
		message->ret = shm_alloc(d->vm, params);
		break;
	case RPC_CMD_SHM_FREE:
		message->ret = shm_free(d->vm, params[0].u.value.b);
		break;
	case RPC_CMD_GET_TIME:
		params[0].u.value = (struct msg_value){1700000000, 5000000, 0};
		message->ret = TEE_SUCCESS;
		break;
	case RPC_CMD_NOTIFICATION:
		message->ret = TEE_SUCCESS;
		if (params[0].u.value.a == RPC_NOTIFICATION_SEND)
			note_key(d->vm, params[0].u.value.b);
		else
			wait_for(d, params[0].u.value.b, params[0].u.value.c);
		break;
	case RPC_CMD_SUSPEND:
		message->ret = TEE_SUCCESS;
		for (unsigned i = below(4); i > 0; i--)
			point(); /* time passes */
		break;
	default:
		message->ret = TEE_ERROR_NOT_SUPPORTED;
		break;
	}
}

/* Where the RPC's message lies; NULL: nowhere that the guest knows. */
static struct msg_header *rpc_message(const struct driver *d, uint64_t cookie, uint32_t num_params)
{
	if (d->appended)
		return world_at(d->vm, d->page + MSG_SIZE(num_params));
	const struct buffer *buffer = cookie ? buffer_find(d->vm, cookie) : NULL;
	return buffer ? world_at(d->vm, buffer->page[0]) : NULL;
}

/* --- lies ----------------------------------------------------------------------------------------
 */

uint64_t some_number(const struct vm *vm)
{
	switch (below(6)) {
	case 0:
		return random64();
	case 1:
		return SIM_RAM_BASE + below(SIM_RAM_PAGES + 8) * PAGE_SIZE;
	case 2:
		return 0x1000 +
		       0x40 * below(SIM_FAMILIAR); /* a cookie, likely another guest's too */
	case 3:
		return vms[below(options.guests)].next_cookie;
	case 4:
		return vm->next_cookie;
	default:
		return below(SIM_FAMILIAR);
	}
}

static void lie_in_rpc(struct driver *d, struct msg_header *message, uint64_t regs[8])
{
	switch (below(5)) {
	case 0: /* any code */
		if (message)
			message->ret = (uint32_t)some_number(d->vm);
		break;
	case 1: /* anything anywhere in the answer */
		if (message)
			((uint64_t *)(message + 1))[below(16)] = some_number(d->vm);
		break;
	case 2: /* another thread's call, perhaps another guest's, perhaps one that is inside */
		regs[3] = below(2) ? below(SIM_FAMILIAR * 64) : d->vm->threads[below(SIM_VCPUS)];
		break;
	default: /* other pages and cookies */
		regs[1 + below(5)] = (uint32_t)some_number(d->vm);
		break;
	}
}

void serve(struct driver *d, uint64_t regs[8], uint32_t num_params)
{
	uint64_t cookie = (uint64_t)(uint32_t)regs[1] << 32 | (uint32_t)regs[2];
	struct msg_header *message = NULL;

	d->vm->threads[d->fiber->index] = (uint32_t)regs[3];
	if (chance(options.stall_chance))
		stall(d);
	d->rpcs++;
	d->vm->served++;
	summary.rpcs++;
	if (regs[0] == SMC_RPC_CMD) {
		message = rpc_message(d, cookie, num_params);
		if (message)
			serve_command(d, message);
	} else if (regs[0] == SMC_RPC_ALLOC) {
		struct buffer *buffer =
			chance(options.refuse_chance) ? NULL : buffer_make(d->vm, 1);
		regs[1] = buffer ? buffer->page[0] >> 32 : 0;
		regs[2] = buffer ? (uint32_t)buffer->page[0] : 0;
		regs[4] = buffer ? buffer->cookie >> 32 : 0;
		regs[5] = buffer ? (uint32_t)buffer->cookie : 0;
	} else if (regs[0] == SMC_RPC_FREE) {
		(void)shm_free(d->vm, cookie);
	}
	if (d->vm->lies && below(6) == 0)
		lie_in_rpc(d, message, regs);
	regs[0] = SMC_RETURN_FROM_RPC;
}
