/* SPDX-License-Identifier: BSD-2-Clause */
/* Apps that have as much as they can have of everything, and how they end (tests/irqoff_test.py).
 * Nothing here is about the peer. */
#include <stdio.h>
#include <stdlib.h>

#include "client.h"

#define CROWD_MAX 1200u

static const uint64_t dead = (uint64_t)ORIGIN_TEE << 32 | TEEC_ERROR_TARGET_DEAD;

/* The app's check, then its end: a close, a panic, a fault. */
static void run_and_end(enum tatest_check check)
{
	for (unsigned int end = 0; end < 3; end++) {
		TEEC_Session session = open_app(APP_PROBE);

		report(&session, check);
		report(&session, CHECK_ZERO); /* whose memory is mapped among all that */
		if (end == 1)
			expect("TA-049", "it panics with all of it", dead,
			       command(&session, CMD_PANIC_FAR, 0, 0));
		if (end == 2)
			expect("TA-049", "it faults with all of it", dead,
			       command(&session, CMD_FAULT, FAULT_READ_NULL, 0));
		TEEC_CloseSession(&session);
	}
}

void group_many_regions(void)
{
	run_and_end(CHECK_MANY_REGIONS);
}

void group_many_objects(void)
{
	run_and_end(CHECK_MANY_OBJECTS);
}

void group_many_sessions(void)
{
	run_and_end(CHECK_MANY_SESSIONS);
}

void group_many_bytes(void)
{
	const size_t size = (size_t)1 << 20;
	uint8_t *buffer = calloc(1, size);
	TEEC_Session session = open_app(APP_PROBE);

	if (!buffer)
		exit(1);
	report_on(&session, CHECK_MANY_BYTES, buffer, size);
	TEEC_CloseSession(&session);
	free(buffer);
}

static void load_and_end(enum tatest_check check, bool panics)
{
	TEEC_Session session = open_app(APP_LIBS);

	report(&session, check);
	if (panics)
		expect("TA-049", "it panics with all of them", dead,
		       command(&session, CMD_FAULT, FAULT_PANIC, 0));
	TEEC_CloseSession(&session);
}

void group_many_libs(void)
{
	for (unsigned int panics = 0; panics < 2; panics++) {
		load_and_end(CHECK_MANY_LIBS, panics);
		load_and_end(CHECK_MANY_REGIONS, panics);
	}
}

/* Opens app after app and keeps them open, until there is no file any more or no memory. */
static uint32_t open_all(TEEC_Session sessions[CROWD_MAX], TEEC_Result *why)
{
	uint32_t count = 0;

	for (*why = TEEC_SUCCESS; count < CROWD_MAX; count++) {
		const TEEC_UUID uuid = uuid_of(APP_CROWD + count);

		*why = TEEC_OpenSession(&context, &sessions[count], &uuid, TEEC_LOGIN_PUBLIC, NULL,
					NULL, NULL);
		if (*why)
			break;
	}
	return count;
}

void group_many_images(void)
{
	static TEEC_Session sessions[CROWD_MAX];
	const uint64_t good = both(TEEC_SUCCESS, ORIGIN_TRUSTED_APP);
	uint32_t there = 0, count;
	TEEC_Result why;

	while (try_app(APP_CROWD + there) == good)
		there++;
	expect("TA-151", "hundreds of apps, one after the other", 1, there >= 100);
	expect("TA-151", "the first again", good, try_app(APP_CROWD));
	expect("TA-151", "the last again", good, try_app(APP_CROWD + there - 1));
	count = open_all(sessions, &why);
	printf("%u apps at the same time, of %u\n", count, there);
	expect("TA-151", "many of them at the same time", 1, count >= 100 || count == there);
	while (count > 0)
		TEEC_CloseSession(&sessions[--count]);
	expect("TA-151", "the first once more", good, try_app(APP_CROWD));
}
