/* SPDX-License-Identifier: BSD-2-Clause */
/* Time in its three kinds, and waiting (TA-089 .. TA-091). */
#include "kernel/lib/string.h"
#include "kernel/syscall/syscall.h"

#define CATEGORY_SYSTEM        0u
#define CATEGORY_TA_PERSISTENT 1u
#define CATEGORY_REE           2u

#define WAIT_FOREVER 0xFFFFFFFFu
/* A wait looks for cancellation this often, in milliseconds. */
#define WAIT_STEP 50u

struct tee_time {
	uint32_t seconds;
	uint32_t millis;
};

static uint64_t now_millis(void)
{
	uint64_t hz = arch_counter_hz();
	uint64_t ticks = arch_counter();

	return ticks / hz * 1000 + ticks % hz * 1000 / hz;
}

static void system_time(struct tee_time *time)
{
	uint64_t millis = now_millis();

	time->seconds = millis / 1000;
	time->millis = millis % 1000;
}

/* Set time as system time plus an offset, modulo 2^32 seconds. */
static TEE_Result persistent_time(const struct ta_instance *instance, struct tee_time *time)
{
	if (!instance->has_time)
		return TEE_ERROR_TIME_NOT_SET;
	system_time(time);
	uint32_t millis = time->millis + instance->time_offset.millis;
	uint64_t seconds = (uint64_t)time->seconds + instance->time_offset.seconds + millis / 1000;
	bool set_before_boot = instance->time_offset.wraps;

	time->seconds = (uint32_t)seconds;
	time->millis = millis % 1000;
	/* A time set lower than system time has an offset that wraps once by design. */
	return (seconds >> 32) > set_before_boot ? TEE_ERROR_OVERFLOW : TEE_SUCCESS;
}

static TEE_Result ree_time(struct tee_time *time)
{
	struct msg_param param = {.attr = MSG_ATTR_VALUE_OUT};

	/* libutee lets no error through here: a guest that answers nonsense gets time 0. */
	if (call_rpc(RPC_CMD_GET_TIME, &param, 1) == TEE_SUCCESS) {
		time->seconds = (uint32_t)param.u.value.a;
		time->millis = (uint32_t)(param.u.value.b / 1000000 % 1000);
	}
	return TEE_SUCCESS;
}

TEE_Result sys_get_time(struct syscall *sc)
{
	struct tee_time time = {0};
	TEE_Result res = TEE_SUCCESS;
	TEE_Result copied;

	switch (sc->arg[0]) {
	case CATEGORY_SYSTEM:
		system_time(&time);
		break;
	case CATEGORY_TA_PERSISTENT:
		res = persistent_time(sc->instance, &time);
		break;
	case CATEGORY_REE:
		res = ree_time(&time);
		break;
	default:
		return TEE_ERROR_BAD_PARAMETERS;
	}
	if (res && res != TEE_ERROR_OVERFLOW)
		return res;
	copied = user_write(&sc->instance->as, uaddr(sc->arg[1]), &time, sizeof(time), 0);
	return copied ? copied : res;
}

TEE_Result sys_set_ta_time(struct syscall *sc)
{
	struct ta_instance *instance = sc->instance;
	struct tee_time time, now;
	TEE_Result res = user_read(&instance->as, &time, uaddr(sc->arg[0]), sizeof(time), 0);

	if (res)
		return res;
	if (time.millis >= 1000)
		return TEE_ERROR_BAD_PARAMETERS;
	system_time(&now);
	uint32_t borrow = time.millis < now.millis;
	instance->time_offset.millis = time.millis + borrow * 1000 - now.millis;
	instance->time_offset.seconds = time.seconds - now.seconds - borrow;
	instance->time_offset.wraps = time.seconds < (uint64_t)now.seconds + borrow;
	instance->has_time = true;
	return TEE_SUCCESS;
}

/* Sleeps in the guest, a step at a time, so that cancellation is seen. */
TEE_Result sys_wait(struct syscall *sc)
{
	uint32_t length = (uint32_t)sc->arg[0];
	uint64_t end = now_millis() + length;

	for (;;) {
		uint64_t now = now_millis();
		uint64_t left = length == WAIT_FOREVER ? WAIT_STEP : end > now ? end - now : 0;
		struct msg_param param = {
			.attr = MSG_ATTR_VALUE_IN,
			.u.value.a = min(left, (uint64_t)WAIT_STEP),
		};

		if (ta_cancelled(sc->session))
			return TEE_ERROR_CANCEL;
		if (left == 0)
			return TEE_SUCCESS;
		/* Whatever it answers: the clock decides. A guest that answers at once burns its
		 * own time. */
		if (call_rpc(RPC_CMD_SUSPEND, &param, 1) == TEE_ERROR_TARGET_DEAD)
			return TEE_ERROR_CANCEL;
		if (call_poll())
			return TEE_ERROR_CANCEL;
	}
}
