/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exchange: uses the lock and the mailbox that all guests of the machine share.
 *
 *     exchange hold SECONDS     takes the lock, keeps it so long, gives it back
 *     exchange lock             takes the lock and gives it back; says if its last holder died
 *     exchange put TEXT         puts a message into the mailbox
 *     exchange get              prints the next message, and from which guest it is
 *     exchange beat COUNT MS    takes the lock so many times for so long, and stays away as long
 *     exchange follow COUNT MS  waits for the lock behind a beat; the median time to get it
 *
 * Each waits as long as it takes.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tee_client_api.h>
#include <unistd.h>

#include "../exchange.h"

static TEEC_Context context;
static TEEC_Session session;

/* The same in all guests of the machine: the hypervisor gives them no offset. */
static uint64_t counter_read(void)
{
	uint64_t value;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(value)::"memory");
	return value;
}

static uint64_t counter_frequency(void)
{
	uint64_t value;

	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(value));
	return value;
}

static void check(const char *what, TEEC_Result result)
{
	if (result == TEEC_SUCCESS)
		return;
	fprintf(stderr, "exchange: %s: 0x%x\n", what, result);
	exit(1);
}

static void invoke(const char *what, uint32_t command, TEEC_Operation *op)
{
	check(what, TEEC_InvokeCommand(&session, command, op, NULL));
}

/* What the last holder left behind. */
struct grant {
	int died;
	uint64_t word;
};

static struct grant lock_take(void)
{
	TEEC_Operation op = {.paramTypes =
				     TEEC_PARAM_TYPES(TEEC_VALUE_OUTPUT, TEEC_VALUE_OUTPUT, 0, 0)};

	invoke("lock", EXCHANGE_LOCK, &op);
	return (struct grant){(int)op.params[0].value.a,
			      (uint64_t)op.params[1].value.b << 32 | op.params[1].value.a};
}

static void lock_give_back(void)
{
	uint64_t now = counter_read();
	TEEC_Operation op = {.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, 0, 0, 0)};

	op.params[0].value.a = (uint32_t)now;
	op.params[0].value.b = now >> 32;
	invoke("unlock", EXCHANGE_UNLOCK, &op);
}

static void sleep_millis(unsigned millis)
{
	usleep(millis * 1000);
}

static void hold(unsigned seconds)
{
	(void)lock_take();
	printf("exchange: holding\n");
	fflush(stdout);
	sleep(seconds);
	lock_give_back();
	printf("exchange: released\n");
}

static void lock(void)
{
	struct grant grant = lock_take();

	printf("exchange: locked%s\n", grant.died ? ", the holder died" : "");
	lock_give_back();
}

static void put(const char *text)
{
	TEEC_Operation op = {.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, 0, 0, 0)};

	op.params[0].tmpref.buffer = (void *)(uintptr_t)text;
	op.params[0].tmpref.size = strlen(text);
	invoke("put", EXCHANGE_PUT, &op);
}

static void get(void)
{
	char text[EXCHANGE_MESSAGE_MAX];
	TEEC_UUID from;
	TEEC_Operation op = {.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_OUTPUT,
							    TEEC_MEMREF_TEMP_OUTPUT, 0, 0)};

	op.params[0].tmpref.buffer = text;
	op.params[0].tmpref.size = sizeof(text);
	op.params[1].tmpref.buffer = &from;
	op.params[1].tmpref.size = sizeof(from);
	invoke("get", EXCHANGE_GET, &op);
	printf("exchange: from %08x-%04x-%04x-", from.timeLow, from.timeMid, from.timeHiAndVersion);
	for (unsigned i = 0; i < 8; i++)
		printf("%02x%s", from.clockSeqAndNode[i], i == 1 ? "-" : "");
	printf(": %.*s\n", (int)op.params[0].tmpref.size, text);
}

static void beat(unsigned count, unsigned millis)
{
	while (count-- > 0) {
		(void)lock_take();
		sleep_millis(millis);
		lock_give_back();
		sleep_millis(millis);
	}
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* From the other's clock before its unlock to this one's after its lock. Only locks that it had to
 * wait for count: the beat holds the lock again after two of its times, so one and a half after the
 * last release is early enough to find it taken. */
static void follow(unsigned count, unsigned millis)
{
	uint64_t *ticks = calloc(count, sizeof(*ticks));
	unsigned found = 0;

	for (unsigned tries = 0; ticks && found < count && tries < 4 * count; tries++) {
		uint64_t before = counter_read();
		uint64_t released = lock_take().word;
		uint64_t now = counter_read();

		lock_give_back();
		if (released > before)
			ticks[found++] = now - released;
		sleep_millis(millis + millis / 2);
	}
	if (found == 0)
		check("follow: it never waited", TEEC_ERROR_GENERIC);
	qsort(ticks, found, sizeof(*ticks), compare);
	double nanos = 1e9 / (double)counter_frequency();
	printf("exchange: %u waits, median %.0f ns, longest %.0f ns\n", found,
	       (double)ticks[found / 2] * nanos, (double)ticks[found - 1] * nanos);
	free(ticks);
}

static void usage(void)
{
	fprintf(stderr, "exchange hold SECONDS | lock | put TEXT | get | beat COUNT MS | follow "
			"COUNT MS\n");
	exit(2);
}

int main(int argc, char **argv)
{
	const TEEC_UUID uuid = EXCHANGE_UUID;
	const char *what = argc > 1 ? argv[1] : "";
	unsigned first = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
	unsigned second = argc > 3 ? (unsigned)atoi(argv[3]) : 0;

	check("context", TEEC_InitializeContext(NULL, &context));
	check("session",
	      TEEC_OpenSession(&context, &session, &uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, NULL));
	if (!strcmp(what, "hold") && argc == 3)
		hold(first);
	else if (!strcmp(what, "lock") && argc == 2)
		lock();
	else if (!strcmp(what, "put") && argc == 3)
		put(argv[2]);
	else if (!strcmp(what, "get") && argc == 2)
		get();
	else if (!strcmp(what, "beat") && argc == 4)
		beat(first, second);
	else if (!strcmp(what, "follow") && argc == 4)
		follow(first, second);
	else
		usage();
	TEEC_CloseSession(&session);
	TEEC_FinalizeContext(&context);
	return 0;
}
