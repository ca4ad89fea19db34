/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/syscall/syscall.h"

#include "kernel/crypto/crypto.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace.h"
#include "kernel/syscall/object.h"
#include "kernel/ta/crash.h"

static TEE_Result sys_return(struct syscall *sc)
{
	sc->verdict = TA_RETURN;
	return (TEE_Result)sc->arg[0];
}

static TEE_Result sys_panic(struct syscall *sc)
{
	crash_report_panic(sc->instance, sc->session, (uint32_t)sc->arg[0], sc->arg[1]);
	sc->verdict = TA_PANIC;
	return TEE_SUCCESS;
}

#define LOG_TEXT_MAX 160

/* The text is the app's: what is not printable becomes '.', and only so much of it is taken. */
static TEE_Result sys_log(struct syscall *sc)
{
	char text[LOG_TEXT_MAX + 1];
	size_t size = min(sc->arg[1], (uint64_t)LOG_TEXT_MAX);
	TEE_Result res =
		user_read(&sc->instance->as, text, uaddr(sc->arg[0]), size, USER_ANY_OWNER);

	if (res)
		return res;
	while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\0'))
		size--;
	for (size_t i = 0; i < size; i++) {
		if (text[i] < ' ' || text[i] > '~')
			text[i] = '.';
	}
	text[size] = '\0';
	guest_log(sc->instance->guest, "%s", text);
	return TEE_SUCCESS;
}

static TEE_Result sys_check_access_rights(struct syscall *sc)
{
	return user_check(&sc->instance->as, uaddr(sc->arg[1]), sc->arg[2], (uint32_t)sc->arg[0]);
}

static TEE_Result put_u32(struct syscall *sc, uint64_t va, uint32_t value)
{
	return user_write(&sc->instance->as, uaddr(va), &value, sizeof(value), USER_ANY_OWNER);
}

static TEE_Result sys_get_cancellation_flag(struct syscall *sc)
{
	return put_u32(sc, sc->arg[0], ta_cancelled(sc->session));
}

static TEE_Result set_mask(struct syscall *sc, bool unmasked)
{
	TEE_Result res = put_u32(sc, sc->arg[0], !sc->session->cancel_unmasked);

	if (res == TEE_SUCCESS)
		sc->session->cancel_unmasked = unmasked;
	return res;
}

static TEE_Result sys_unmask_cancellation(struct syscall *sc)
{
	return set_mask(sc, true);
}

static TEE_Result sys_mask_cancellation(struct syscall *sc)
{
	return set_mask(sc, false);
}

/* No limit on the length (TA-126): in pieces, each from a kernel buffer, with a look for interrupts
 * between. */
static TEE_Result sys_random(struct syscall *sc)
{
	uint8_t piece[256];
	uint64_t size = sc->arg[1];
	TEE_Result res =
		user_check(&sc->instance->as, uaddr(sc->arg[0]), size, USER_WRITE | USER_ANY_OWNER);

	for (uint64_t done = 0; done < size && !res;) {
		size_t bite = min(size - done, (uint64_t)sizeof(piece));
		guest_random(sc->instance->guest, piece, bite);
		res = user_write(&sc->instance->as, uaddr(sc->arg[0] + done), piece, bite,
				 USER_ANY_OWNER);
		done += bite;
		if (!res)
			res = call_poll();
	}
	crypto_wipe(piece, sizeof(piece));
	return res;
}

#define CACHE_OPERATIONS 3 /* clean, clean and invalidate, invalidate */

/* (va, size, operation): of memory that is shared with others only (TA-150). Invalidating alone
 * could show what was there before, so each of them cleans. */
static TEE_Result sys_cache_operation(struct syscall *sc)
{
	const struct uaspace *as = &sc->instance->as;
	uint64_t va = sc->arg[0], size = sc->arg[1], operation = sc->arg[2];
	unsigned flags = USER_ANY_OWNER | USER_READ | (operation ? USER_WRITE : 0);
	TEE_Result res;

	if (!(sc->instance->flags & TA_FLAG_CACHE_MAINTENANCE))
		return TEE_ERROR_NOT_SUPPORTED;
	if (operation >= CACHE_OPERATIONS)
		return TEE_ERROR_BAD_PARAMETERS;
	if (size == 0)
		return TEE_SUCCESS;
	if (user_check(as, uaddr(va), size, flags) ||
	    user_check(as, uaddr(va), size, USER_READ) == TEE_SUCCESS)
		return TEE_ERROR_ACCESS_DENIED;
	res = user_clean(as, uaddr(va), size);
	return res;
}

/* What is absent answers as syscall_refusal() says. */
static TEE_Result (*const table[SYS_MAX + 1])(struct syscall *sc) = {
	[SYS_RETURN] = sys_return,
	[SYS_LOG] = sys_log,
	[SYS_PANIC] = sys_panic,
	[SYS_GET_PROPERTY] = sys_get_property,
	[SYS_GET_PROPERTY_INDEX] = sys_get_property_index,
	[SYS_OPEN_TA_SESSION] = sys_open_ta_session,
	[SYS_CLOSE_TA_SESSION] = sys_close_ta_session,
	[SYS_INVOKE_TA_COMMAND] = sys_invoke_ta_command,
	[SYS_CHECK_ACCESS_RIGHTS] = sys_check_access_rights,
	[SYS_GET_CANCELLATION_FLAG] = sys_get_cancellation_flag,
	[SYS_UNMASK_CANCELLATION] = sys_unmask_cancellation,
	[SYS_MASK_CANCELLATION] = sys_mask_cancellation,
	[SYS_WAIT] = sys_wait,
	[SYS_GET_TIME] = sys_get_time,
	[SYS_SET_TA_TIME] = sys_set_ta_time,
	[SYS_CRYP_STATE_ALLOC] = sys_cryp_state_alloc,
	[SYS_CRYP_STATE_COPY] = sys_cryp_state_copy,
	[SYS_CRYP_STATE_FREE] = sys_cryp_state_free,
	[SYS_HASH_INIT] = sys_hash_init,
	[SYS_HASH_UPDATE] = sys_hash_update,
	[SYS_HASH_FINAL] = sys_hash_final,
	[SYS_RANDOM] = sys_random,
	[SYS_CACHE_OPERATION] = sys_cache_operation,
};

static void trace_syscall(const struct ta_instance *instance, uint64_t number, uint64_t since)
{
	trace(TRACE_SYSCALL, call_guest()->vm_id, call_current()->slot, (uint32_t)number,
	      (uint32_t)instance->context->x[0],
	      (uint32_t)min(arch_counter() - since, (uint64_t)UINT32_MAX), 0);
}

static enum ta_verdict dispatch(struct ta_instance *instance, struct ta_session *session)
{
	uint64_t *x = instance->context->x;
	struct syscall sc = {.instance = instance, .session = session, .arg = x};
	uint64_t asked = x[8];
	uint64_t since = trace_is_on ? arch_counter() : 0;
	size_t number = index_clamp(asked, array_count(table));
	TEE_Result result =
		asked <= SYS_MAX && table[number] ? table[number](&sc) : syscall_refusal(asked);

	x[0] = sc.verdict == TA_CONTINUE ? syscall_result(asked, result) : result;
	/* Nothing of the kernel's leaves in the registers that a call may clobber. */
	memset(&x[1], 0, 7 * sizeof(x[0]));
	if (since)
		trace_syscall(instance, asked, since);
	return instance->guest->dying ? TA_PANIC : sc.verdict;
}

void syscall_init(void)
{
	ta_syscall = dispatch;
	ta_release = object_free_some;
	syscall_time_init();
}
