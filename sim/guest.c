/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the vCPUs of a guest do: a driver as Linux has it, a tee-supplicant, and a client that
 * checks the answers. A liar does the same, but now and then sends what it should not.
 */
#include <string.h>

#include "kernel/arch/host/app.h"
#include "sim/programs.h"
#include "sim/sim.h"

#define CALLS_PER_LIFE 4u
#define ECHO_SIZE      600u

/* A call in flight, as its vCPU sees it. */
struct driver {
	struct fiber *fiber;
	struct vm *vm;
	bool appended; /* profile A */
	uint64_t page; /* IPA of the message */
	uint32_t rpcs;
};

static struct msg_header *header_of(const struct driver *d)
{
	return world_at(d->vm, d->page);
}

static struct msg_param *params_of(const struct driver *d)
{
	return (struct msg_param *)(header_of(d) + 1);
}

/* --- the guest's pages ---------------------------------------------------------------------------
 */

/* 0: none is free. */
static uint64_t page_take(struct vm *vm)
{
	for (unsigned i = 0; i < SIM_RAM_PAGES; i++) {
		if (vm->used[i / 64] >> i % 64 & 1)
			continue;
		vm->used[i / 64] |= 1ull << i % 64;
		memset(world_at(vm, SIM_RAM_BASE + i * PAGE_SIZE), 0, PAGE_SIZE);
		return SIM_RAM_BASE + i * PAGE_SIZE;
	}
	return 0;
}

static void page_give(struct vm *vm, uint64_t ipa)
{
	uint64_t i = (ipa - SIM_RAM_BASE) / PAGE_SIZE;

	if (ipa)
		vm->used[i / 64] &= ~(1ull << i % 64);
}

static struct buffer *buffer_find(struct vm *vm, uint64_t cookie)
{
	for (unsigned i = 0; i < array_count(vm->buffers); i++) {
		if (vm->buffers[i].cookie == cookie)
			return &vm->buffers[i];
	}
	return NULL;
}

static void buffer_drop(struct vm *vm, struct buffer *buffer)
{
	for (unsigned i = 0; i < buffer->count; i++)
		page_give(vm, buffer->page[i]);
	page_give(vm, buffer->list);
	*buffer = (struct buffer){0};
}

static struct buffer *buffer_make(struct vm *vm, uint32_t count)
{
	struct buffer *buffer = buffer_find(vm, 0);

	if (!buffer || count > SIM_PAYLOAD_PAGES)
		return NULL;
	buffer->cookie = vm->next_cookie += 0x40;
	buffer->list = page_take(vm);
	uint64_t *list = buffer->list ? world_at(vm, buffer->list) : NULL;
	for (buffer->count = 0; list && buffer->count < count; buffer->count++) {
		buffer->page[buffer->count] = page_take(vm);
		if (!buffer->page[buffer->count])
			break;
		list[buffer->count] = buffer->page[buffer->count];
	}
	if (buffer->count == count && list)
		return buffer;
	buffer_drop(vm, buffer);
	return NULL;
}

/* --- lies ----------------------------------------------------------------------------------------
 */

static uint64_t some_number(const struct vm *vm)
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

static void scribble(struct driver *d)
{
	uint64_t *words = world_at(d->vm, d->page);

	for (unsigned i = 0; i < 3; i++)
		words[below(40)] = some_number(d->vm);
}

/* --- calls ---------------------------------------------------------------------------------------
 */

/* False: the VM is dying; its vCPU ends. */
static bool smc(struct driver *d, uint64_t regs[8])
{
	for (;;) {
		point();
		if (d->vm->state != VM_LIVING)
			return false;
		if (med_handle(d->vm->med, &d->fiber->med, regs) == MED_DONE)
			return true;
	}
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
	case 2: /* another thread's call, perhaps another guest's */
		regs[3] = below(SIM_FAMILIAR * 64);
		break;
	default: /* other pages and cookies */
		regs[1 + below(5)] = (uint32_t)some_number(d->vm);
		break;
	}
}

/* Answers one RPC in regs. num_params: of the main message, as it was sent. */
static void serve(struct driver *d, uint64_t regs[8], uint32_t num_params)
{
	uint64_t cookie = (uint64_t)(uint32_t)regs[1] << 32 | (uint32_t)regs[2];
	struct msg_header *message = NULL;

	d->rpcs++;
	d->vm->served++;
	summary.rpcs++;
	if (regs[0] == SMC_RPC_CMD) {
		message = rpc_message(d, cookie, num_params);
		if (message)
			serve_command(d, message);
	} else if (regs[0] == SMC_RPC_ALLOC) {
		struct buffer *buffer = buffer_make(d->vm, 1);
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

static bool is_rpc(uint64_t a0)
{
	return (a0 & 0xFFFF0000u) == SMC_RPC_PREFIX && a0 != SMC_UNKNOWN_FUNCTION;
}

/* Sends the message in d->page. False: the VM is dying. *a0: what it ended with. */
static bool send(struct driver *d, uint32_t *a0)
{
	uint32_t num_params = header_of(d)->num_params;
	uint64_t regs[8] = {d->appended ? SMC_CALL_WITH_RPC_ARG : SMC_CALL_WITH_ARG, d->page >> 32,
			    (uint32_t)d->page};
	unsigned refused = 0;

	summary.calls++;
	d->rpcs = 0;
	for (;;) {
		if (!smc(d, regs))
			return false;
		*a0 = (uint32_t)regs[0];
		if (*a0 == SMC_ETHREAD_LIMIT && ++refused < 50) {
			regs[0] = d->appended ? SMC_CALL_WITH_RPC_ARG : SMC_CALL_WITH_ARG;
			regs[1] = d->page >> 32;
			regs[2] = (uint32_t)d->page;
			continue;
		}
		if (!is_rpc(*a0))
			return true;
		/* A liar may leave a call lying for ever. */
		if (d->vm->lies && below(40) == 0)
			return true;
		serve(d, regs, num_params);
	}
}

/* A fresh message; liars spoil it sometimes. */
static void begin(struct driver *d, uint32_t cmd, uint32_t num_params)
{
	memset(header_of(d), 0, MSG_SIZE(8));
	header_of(d)->cmd = cmd;
	header_of(d)->num_params = num_params;
	header_of(d)->ret = 0x12345678;
}

static bool send_honestly_or_not(struct driver *d, uint32_t *result)
{
	uint32_t a0;

	if (d->vm->lies && below(5) == 0)
		scribble(d);
	if (!send(d, &a0))
		return false;
	*result = a0 ? 0xAAAA0000u | (a0 & 0xFFFF) : header_of(d)->ret;
	return true;
}

/* --- a life --------------------------------------------------------------------------------------
 */

static bool do_register(struct driver *d, struct buffer *buffer, uint32_t *result)
{
	begin(d, MSG_CMD_REGISTER_SHM, 1);
	params_of(d)[0] = (struct msg_param){
		.attr = MSG_ATTR_SHM_LIST,
		.u.tmem = {buffer->list, buffer->count * PAGE_SIZE, buffer->cookie}};
	return send_honestly_or_not(d, result);
}

static bool do_unregister(struct driver *d, struct buffer *buffer, uint32_t *result)
{
	begin(d, MSG_CMD_UNREGISTER_SHM, 1);
	params_of(d)[0] =
		(struct msg_param){.attr = MSG_ATTR_RMEM_IN, .u.rmem = {0, 0, buffer->cookie}};
	return send_honestly_or_not(d, result);
}

static bool do_open(struct driver *d, const uint8_t uuid[16], uint32_t *session, uint32_t *result)
{
	begin(d, MSG_CMD_OPEN_SESSION, 2);
	params_of(d)[0].attr = params_of(d)[1].attr = MSG_ATTR_META_VALUE_IN;
	memcpy(params_of(d)[0].u.octets, uuid, 16);
	if (!send_honestly_or_not(d, result))
		return false;
	*session = header_of(d)->session;
	return true;
}

static bool do_close(struct driver *d, uint32_t session, uint32_t *result)
{
	begin(d, MSG_CMD_CLOSE_SESSION, 0);
	header_of(d)->session = session;
	return send_honestly_or_not(d, result);
}

static bool do_invoke(struct driver *d, uint32_t session, uint32_t func, struct buffer *buffer,
		      uint32_t *result)
{
	begin(d, MSG_CMD_INVOKE_COMMAND, buffer ? 1 : 0);
	header_of(d)->session = session;
	header_of(d)->func = func;
	if (buffer)
		params_of(d)[0] = (struct msg_param){.attr = MSG_ATTR_RMEM_INOUT,
						     .u.rmem = {100, ECHO_SIZE, buffer->cookie}};
	if (!send_honestly_or_not(d, result))
		return false;
	if (d->rpcs > 0 && *result == TEE_SUCCESS)
		d->vm->invoked++;
	return true;
}

/* An honest guest's buffer goes in with its secret, and comes back turned over by its own app. */
static bool do_echo(struct driver *d, uint32_t session, struct buffer *buffer)
{
	uint8_t *bytes = world_at(d->vm, buffer->page[0]);
	const uint8_t turned = d->vm->secret ^ 0xFF;
	uint32_t result;

	memset(bytes + 100, d->vm->secret, ECHO_SIZE);
	if (!do_invoke(d, session, PROGRAM_ECHO, buffer, &result))
		return false;
	for (unsigned i = 0; i < ECHO_SIZE && result == TEE_SUCCESS && !d->vm->lies; i++) {
		if (bytes[100 + i] != turned)
			broken("guest %u got 0x%02x instead of 0x%02x", d->vm->number,
			       bytes[100 + i], turned);
	}
	summary.right_answers += result == TEE_SUCCESS && !d->vm->lies;
	return true;
}

static uint32_t some_command(const struct vm *vm)
{
	static const uint32_t harmless[] = {PROGRAM_TIME, PROGRAM_WAIT, PROGRAM_TIME,
					    PROGRAM_INTERRUPTED, PROGRAM_RANDOM};

	if (vm->real || (vm->lies && below(3) == 0))
		return below(PROGRAM_COUNT);
	if (below(30) == 0)
		return PROGRAM_PANIC - below(2);
	return harmless[below(array_count(harmless))];
}

/* Sessions, commands, the end of it all; false as soon as the VM is dying. */
static bool work(struct driver *d, struct buffer *buffer)
{
	uint32_t session = 0, result;

	if (!do_open(d, program_uuid(d->vm->real), &session, &result))
		return false;
	if (result != TEE_SUCCESS)
		return true;
	d->vm->opened++;
	for (unsigned i = 0; i < CALLS_PER_LIFE; i++) {
		if (!do_invoke(d, session, some_command(d->vm), NULL, &result))
			return false;
		if (buffer && !d->vm->real && below(2) && !do_echo(d, session, buffer))
			return false;
	}
	if (below(3) == 0)
		return true; /* its sessions stay open */
	return do_close(d, session, &result);
}

static bool live(struct driver *d)
{
	struct buffer *buffer = NULL;
	uint32_t result = 1;
	uint64_t regs[8] = {SMC_EXCHANGE_CAPABILITIES};

	if (!smc(d, regs))
		return false;
	d->appended = regs[0] == SMC_OK && (regs[1] & SMC_CAP_RPC_ARG);
	regs[0] = (regs[1] & SMC_CAP_ASYNC_NOTIF) ? SMC_ENABLE_ASYNC_NOTIF : SMC_GET_THREAD_COUNT;
	if (!smc(d, regs))
		return false;
	if (d->fiber->index == 0) {
		buffer = buffer_make(d->vm, 1 + below(4));
		if (buffer && !do_register(d, buffer, &result))
			return false;
		d->vm->registered |= result == TEE_SUCCESS;
		if (result != TEE_SUCCESS)
			buffer = NULL;
	}
	if (!work(d, buffer))
		return false;
	return !buffer || below(2) || do_unregister(d, buffer, &result);
}

void guest_body(struct fiber *fiber)
{
	struct driver d = {.fiber = fiber, .vm = fiber->vm};

	d.page = page_take(d.vm);
	if (d.page)
		(void)!live(&d);
	/* The page stays the call's own: the TEE may still have a call that a liar left. */
}
