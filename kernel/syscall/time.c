/* SPDX-License-Identifier: BSD-2-Clause */
/* Time in its three kinds, and waiting (TA-089 .. TA-091). */
#include "kernel/lib/string.h"
#include "kernel/syscall/syscall.h"

#define CATEGORY_SYSTEM        0u
#define CATEGORY_TA_PERSISTENT 1u
#define CATEGORY_REE           2u

#define WAIT_FOREVER 0xFFFFFFFFu
/* Apps of one guest with a time of their own: bounds each look-up. */
#define APP_TIMES_MAX 256u
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

/*
 * The time that an app was given by one of its instances (TA-091): for all instances of that UUID
 * in this guest, as long as the guest lives. Owner: the guest, which is charged for it.
 */
struct app_time {
	struct list link; /* guest->times */
	struct uuid uuid;
	/* Set time is system time plus this, modulo 2^32 seconds. */
	uint32_t seconds;
	uint32_t millis;
	bool wraps; /* it was set below system time */
};

static struct app_time *find_time(const struct ta_instance *instance)
{
	list_for_each (node, &instance->guest->times) {
		struct app_time *at = list_entry(node, struct app_time, link);
		if (uuid_equal(&at->uuid, &instance->uuid))
			return at;
	}
	return NULL;
}

static struct app_time *new_time(const struct ta_instance *instance)
{
	struct guest *guest = instance->guest;
	struct app_time *at;

	if (guest->time_count >= APP_TIMES_MAX)
		return NULL;
	at = heap_alloc(&guest->heap, sizeof(*at));
	if (!at)
		return NULL;
	at->uuid = instance->uuid;
	list_insert(&guest->times, &at->link);
	guest->time_count++;
	return at;
}

static enum teardown forget_times(struct guest *guest)
{
	if (list_empty(&guest->times))
		return TEARDOWN_DONE;
	struct app_time *at = list_entry(guest->times.next, struct app_time, link);
	list_remove(&at->link);
	heap_free(&guest->heap, at);
	return TEARDOWN_MORE;
}

void syscall_time_init(void)
{
	guest_on_teardown(forget_times);
}

static TEE_Result persistent_time(const struct ta_instance *instance, struct tee_time *time)
{
	const struct app_time *at = find_time(instance);

	if (!at)
		return TEE_ERROR_TIME_NOT_SET;
	system_time(time);
	uint32_t millis = time->millis + at->millis;
	uint64_t seconds = (uint64_t)time->seconds + at->seconds + millis / 1000;

	time->seconds = (uint32_t)seconds;
	time->millis = millis % 1000;
	/* A time set lower than system time has an offset that wraps once by design. */
	return (seconds >> 32) > at->wraps ? TEE_ERROR_OVERFLOW : TEE_SUCCESS;
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
	const struct ta_instance *instance = sc->instance;
	struct tee_time time, now;
	struct app_time *at;
	TEE_Result res = user_read(&instance->as, &time, uaddr(sc->arg[0]), sizeof(time), 0);

	if (res)
		return res;
	if (time.millis >= 1000)
		return TEE_ERROR_BAD_PARAMETERS;
	at = find_time(instance);
	if (!at)
		at = new_time(instance);
	if (!at)
		return TEE_ERROR_OUT_OF_MEMORY;
	system_time(&now);
	uint32_t borrow = time.millis < now.millis;
	at->millis = time.millis + borrow * 1000 - now.millis;
	at->seconds = time.seconds - now.seconds - borrow;
	at->wraps = time.seconds < (uint64_t)now.seconds + borrow;
	return TEE_SUCCESS;
}

/* Sleeps in the guest, a step at a time, so that cancellation is seen. */
TEE_Result sys_wait(struct syscall *sc)
{
	uint32_t length = (uint32_t)sc->arg[0];

	/* Nobody sleeps inside a shared app: there is the wait service. */
	if (sc->instance->shared)
		return TEE_ERROR_CANCEL;
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
		 * own time; one that could not be asked gets the CPU in another way. */
		TEE_Result res = call_rpc(RPC_CMD_SUSPEND, &param, 1);
		res = res ? call_yield() : call_poll();
		if (res)
			return TEE_ERROR_CANCEL; /* the guest is dying */
	}
}
