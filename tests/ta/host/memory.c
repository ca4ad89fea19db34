/* SPDX-License-Identifier: BSD-2-Clause */
/* An app's memory and system calls; most of it is looked at from the inside. */
#include "client.h"

static void check_small_stack(void)
{
	const uint64_t dead = both(TEEC_ERROR_TARGET_DEAD, ORIGIN_TEE);
	TEEC_Session session = open_app(APP_SMALL_STACK);
	struct tatest_record r = record(&session, RECORD_FIRST);

	expect("TA-035", "a stack of 0xc00 bytes ends there in its page", 1,
	       (r.x[2] + sizeof(r.params) - 1) % 4096 < 0xc00);
	expect("TA-035", "and is 16-aligned", 0, r.sp % 16);
	expect("TA-035", "it can be used whole", both(0, ORIGIN_TRUSTED_APP),
	       command(&session, CMD_STACK, 0, 0));
	expect("TA-035", "but not beyond", dead, command(&session, CMD_STACK, 1, 0));
	TEEC_CloseSession(&session);
	session = open_app(APP_PROBE);
	expect("TA-035", "a stack of 10 KiB can be used whole", both(0, ORIGIN_TRUSTED_APP),
	       command(&session, CMD_STACK, 0, 0));
	expect("TA-035", "but not beyond", dead, command(&session, CMD_STACK, 1, 0));
	TEEC_CloseSession(&session);
}

/* Nothing of an instance that filled its memory is found in the ones after it. */
static void check_leftovers(void)
{
	TEEC_Session session;

	for (int i = 0; i < 4; i++) {
		session = open_app(APP_PROBE);
		expect("TA-041", "fill all memory", both(0, ORIGIN_TRUSTED_APP),
		       command(&session, CMD_FILL, 0, 0));
		TEEC_CloseSession(&session);
		session = open_app(APP_PROBE);
		report(&session, CHECK_ZERO);
		TEEC_CloseSession(&session);
	}
}

void group_memory(void)
{
	TEEC_Session session = open_app(APP_PROBE);

	report(&session, CHECK_MEMORY);
	report(&session, CHECK_ZERO);
	report(&session, CHECK_RIGHTS);
	TEEC_CloseSession(&session);
	check_small_stack();
	check_leftovers();
}

void group_calls(void)
{
	TEEC_Session session = open_app(APP_PROBE);

	report(&session, CHECK_NUMBERS);
	report(&session, CHECK_POINTERS);
	report(&session, CHECK_CANCEL);
	report(&session, CHECK_CANCEL); /* what the last entry unmasked is masked again */
	report(&session, CHECK_TIME);
	report(&session, CHECK_CACHE);
	TEEC_CloseSession(&session);
	session = open_app(APP_CACHE);
	report(&session, CHECK_CACHE);
	TEEC_CloseSession(&session);
}
