/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the vCPUs of a guest do: a driver as Linux has it, a tee-supplicant, and a client that
 * checks the answers. A liar does the same, but now and then sends what it should not.
 */
#include <string.h>

#include "sim/driver.h"
#include "sim/programs.h"

#define ECHO_SIZE 600u

/* --- lies ----------------------------------------------------------------------------------------
 */

static void scribble(struct driver *d)
{
	uint64_t *words = world_at(d->vm, d->page);

	for (unsigned i = 0; i < 3; i++)
		words[below(40)] = some_number(d->vm);
}

/* --- calls ---------------------------------------------------------------------------------------
 */

bool smc(struct driver *d, uint64_t regs[8])
{
	for (;;) {
		point();
		if (d->vm->state != VM_LIVING)
			return false;
		if (med_handle(d->vm->med, &d->fiber->med, regs) == MED_DONE)
			return true;
	}
}

static bool is_rpc(uint64_t a0)
{
	return (a0 & 0xFFFF0000u) == SMC_RPC_PREFIX && a0 != SMC_UNKNOWN_FUNCTION;
}

static void message_regs(const struct driver *d, uint64_t regs[8])
{
	regs[0] = d->appended ? SMC_CALL_WITH_RPC_ARG : SMC_CALL_WITH_ARG;
	regs[1] = d->page >> 32;
	regs[2] = (uint32_t)d->page;
}

/* Its thread is known to nobody any more. */
static void forget_thread(struct driver *d)
{
	struct vm *vm = d->vm;
	uint32_t *thread = &vm->threads[d->fiber->index];

	if (*thread)
		vm->stale[vm->stale_count++ % array_count(vm->stale)] = *thread;
	*thread = 0;
}

/* An answer that was given already, given again by any vCPU when the call has ended. */
static bool answer_again(struct driver *d)
{
	uint32_t thread = d->vm->stale[below(array_count(d->vm->stale))];
	uint64_t regs[8] = {SMC_RETURN_FROM_RPC, 0, 0, thread};

	if (!thread)
		return true;
	if (!smc(d, regs))
		return false;
	if (regs[0] != SMC_ERESUME)
		broken("thread 0x%x of guest %u has ended, and is resumed: 0x%llx", thread,
		       d->vm->number, (unsigned long long)regs[0]);
	summary.stale_answers++;
	return true;
}

/* Sends the message in d->page. False: the VM is dying. *a0: what it ended with. */
static bool send(struct driver *d, uint32_t *a0)
{
	uint32_t num_params = header_of(d)->num_params;
	uint64_t regs[8] = {0};
	unsigned refused = 0;

	summary.calls++;
	d->rpcs = 0;
	if (!take_interrupt(d) || (below(16) == 0 && !answer_again(d)))
		return false;
	message_regs(d, regs);
	for (;;) {
		if (!smc(d, regs))
			return false;
		*a0 = (uint32_t)regs[0];
		if (*a0 == SMC_ETHREAD_LIMIT && ++refused < 50) {
			message_regs(d, regs);
			continue;
		}
		if (!is_rpc(*a0)) {
			if (!d->vm->lies)
				forget_thread(d);
			return true;
		}
		/* A liar may leave a call lying for ever. */
		if (d->vm->lies && below(40) == 0)
			return true;
		serve(d, regs, num_params);
	}
}

void begin(struct driver *d, uint32_t cmd, uint32_t num_params)
{
	memset(header_of(d), 0, MSG_SIZE(8));
	header_of(d)->cmd = cmd;
	header_of(d)->num_params = num_params;
	header_of(d)->ret = 0x12345678;
}

bool send_honestly_or_not(struct driver *d, uint32_t *result)
{
	uint32_t a0;

	d->vm->in_lock[d->fiber->index] = d->vm->sessions[d->fiber->index] != 0;
	if (d->vm->lies && below(5) == 0)
		scribble(d);
	if (!send(d, &a0))
		return false;
	d->vm->in_lock[d->fiber->index] = false;
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

bool do_open(struct driver *d, const uint8_t uuid[16], uint32_t *session, uint32_t *result)
{
	begin(d, MSG_CMD_OPEN_SESSION, 2);
	params_of(d)[0].attr = params_of(d)[1].attr = MSG_ATTR_META_VALUE_IN;
	memcpy(params_of(d)[0].u.octets, uuid, 16);
	if (!send_honestly_or_not(d, result))
		return false;
	*session = header_of(d)->session;
	return true;
}

bool do_close(struct driver *d, uint32_t session, uint32_t *result)
{
	begin(d, MSG_CMD_CLOSE_SESSION, 0);
	header_of(d)->session = session;
	return send_honestly_or_not(d, result);
}

bool do_invoke(struct driver *d, uint32_t session, uint32_t func, struct buffer *buffer,
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

bool do_value(struct driver *d, uint32_t session, uint32_t func, uint64_t attr,
	      struct msg_value *value, uint32_t *result)
{
	begin(d, MSG_CMD_INVOKE_COMMAND, 1);
	header_of(d)->session = session;
	header_of(d)->func = func;
	params_of(d)[0] = (struct msg_param){.attr = attr, .u.value = *value};
	if (!send_honestly_or_not(d, result))
		return false;
	*value = params_of(d)[0].u.value;
	return true;
}

bool do_echo(struct driver *d, uint32_t session, uint32_t func, struct buffer *buffer)
{
	uint8_t *bytes = world_at(d->vm, buffer->page[0]);
	const uint8_t turned = d->vm->secret ^ 0xFF;
	uint32_t result;

	if (!bytes && d->vm->lies)
		return true; /* it has freed its buffer in an RPC that was none of that one */
	memset(bytes + 100, d->vm->secret, ECHO_SIZE);
	if (!do_invoke(d, session, func, buffer, &result))
		return false;
	for (unsigned i = 0; i < ECHO_SIZE && result == TEE_SUCCESS && !d->vm->lies; i++) {
		if (bytes[100 + i] != turned)
			broken("I2: guest %u got 0x%02x instead of 0x%02x", d->vm->number,
			       bytes[100 + i], turned);
	}
	summary.right_answers += result == TEE_SUCCESS && !d->vm->lies;
	return true;
}

/* Asks the app in which the other vCPU is to give up. */
static bool do_cancel(struct driver *d, uint32_t *result)
{
	begin(d, MSG_CMD_CANCEL, 0);
	header_of(d)->session = d->vm->sessions[below(SIM_VCPUS)];
	return send_honestly_or_not(d, result);
}

/* From here on nobody tells it of anything. */
static bool do_stop_notifications(struct driver *d, uint32_t *result)
{
	d->vm->async = false;
	begin(d, below(2) ? MSG_CMD_STOP_ASYNC_NOTIF : MSG_CMD_DO_BOTTOM_HALF, 0);
	return send_honestly_or_not(d, result);
}

static bool greet(struct driver *d)
{
	uint64_t regs[8] = {SMC_EXCHANGE_CAPABILITIES};
	bool notifications;

	if (!smc(d, regs))
		return false;
	d->appended = regs[0] == SMC_OK && (regs[1] & SMC_CAP_RPC_ARG);
	notifications = regs[0] == SMC_OK && (regs[1] & SMC_CAP_ASYNC_NOTIF);
	regs[0] = notifications ? SMC_ENABLE_ASYNC_NOTIF : SMC_GET_THREAD_COUNT;
	if (!smc(d, regs))
		return false;
	d->vm->async |= notifications && regs[0] == SMC_OK;
	return true;
}

static bool live(struct driver *d)
{
	struct buffer *buffer = NULL;
	uint32_t result = 1;

	if (!greet(d))
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
	if (below(8) == 0 && !do_cancel(d, &result))
		return false;
	if (below(100) < options.shared_percent && !lock_work(d, buffer))
		return false;
	if (d->fiber->index == 1 && below(32) == 0 && !do_stop_notifications(d, &result))
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
