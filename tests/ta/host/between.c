/* SPDX-License-Identifier: BSD-2-Clause */
/* Apps that call apps (sections 4.2 and 5.2 of the contract). */
#include "client.h"

/* A command with p0 = {a, b}: what it puts into parameter n, as {result, origin}; or its own
 * failure. */
static uint64_t value_of(TEEC_Session *session, uint32_t command, uint32_t a, uint32_t b, int n)
{
	TEEC_Operation op = {
		.paramTypes = n == 1 ? TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_VALUE_OUTPUT, 0, 0)
				     : TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, 0, 0, TEEC_VALUE_OUTPUT),
	};
	uint32_t origin = 0;
	TEEC_Result res;

	op.params[0].value.a = a;
	op.params[0].value.b = b;
	res = TEEC_InvokeCommand(session, command, &op, &origin);
	return res ? both(res, origin) : both(op.params[n].value.a, op.params[n].value.b);
}

/* Sessions of APP_KEPT that were opened and are not closed, the one that asks not counted. */
static uint64_t open_sessions(void)
{
	TEEC_Session session = open_app(APP_KEPT);
	uint64_t counts = value_of(&session, CMD_COUNTS, 0, 0, 3);

	TEEC_CloseSession(&session);
	return (uint32_t)counts - (counts >> 32) - 1;
}

static void check_depth(void)
{
	TEEC_Session session = open_app(APP_PROBE);
	uint64_t reached = value_of(&session, CMD_DEPTH, 10, 0, 1);

	expect("TA-079", "apps nest to a limit", TEEC_ERROR_OUT_OF_MEMORY, reached >> 32);
	expect("TA-079", "of some levels, below the ten that were asked for", 1,
	       (uint32_t)reached >= 2 && (uint32_t)reached < 10);
	expect("TA-079", "and can do it again", reached, value_of(&session, CMD_DEPTH, 10, 0, 1));
	TEEC_CloseSession(&session);
}

void group_nest(void)
{
	TEEC_Session session = open_app(APP_PROBE);
	uint64_t before;

	report(&session, CHECK_NESTED);
	TEEC_CloseSession(&session);
	check_depth();
	before = open_sessions();
	session = open_app(APP_PROBE);
	expect("TA-052", "an app panics with a session open",
	       both(TEEC_ERROR_TARGET_DEAD, ORIGIN_TEE),
	       command(&session, CMD_LEAVE_OPEN, APP_KEPT, 0));
	expect("TA-052", "which is closed properly", before, open_sessions());
	TEEC_CloseSession(&session);
	expect("TA-052", "once", before, open_sessions());
}

/* Two apps that hold sessions of each other: the one that closes the circle is told so. */
static void check_cyclic_invoke(void)
{
	TEEC_Session a = open_app(APP_SHARED);
	TEEC_Session b = open_app(APP_SHARED_TOO);
	const uint64_t good = both(TEEC_SUCCESS, ORIGIN_TRUSTED_APP);

	expect("TA-078", "an app opens another", good, command(&a, CMD_KEEP, APP_SHARED_TOO, 0));
	expect("TA-078", "which opens it", good, command(&b, CMD_KEEP, APP_SHARED, 0));
	expect("TA-078", "a call there", good, value_of(&a, CMD_USE_KEPT, 1, 0, 3));
	expect("TA-078", "a call there and back", both(TEEC_ERROR_BUSY, ORIGIN_TEE),
	       value_of(&a, CMD_USE_KEPT, 2, 0, 3));
	expect("TA-078", "and the other way round", both(TEEC_ERROR_BUSY, ORIGIN_TEE),
	       value_of(&b, CMD_USE_KEPT, 2, 0, 3));
	expect("TA-078", "both live", good,
	       command(&a, CMD_NOTHING, 0, 0) | command(&b, CMD_NOTHING, 0, 0));
	TEEC_CloseSession(&b);
	TEEC_CloseSession(&a);
}

void group_cycle(void)
{
	TEEC_Session session;

	if (on_peer)
		return; /* it stops the machine over them */
	session = open_app(APP_SHARED);
	expect("TA-078", "a single instance that opens itself", both(TEEC_ERROR_BUSY, ORIGIN_TEE),
	       value_of(&session, CMD_TRY, APP_SHARED, 0, 3));
	expect("TA-078", "two that open each other", both(TEEC_ERROR_BUSY, ORIGIN_TEE),
	       value_of(&session, CMD_TRY, APP_SHARED_TOO, APP_SHARED, 3));
	expect("TA-078", "one that opens another", both(TEEC_SUCCESS, ORIGIN_TRUSTED_APP),
	       value_of(&session, CMD_TRY, APP_SHARED_TOO, 0, 3));
	TEEC_CloseSession(&session);
	check_cyclic_invoke();
}

void group_system(void)
{
	static const TEEC_UUID uuid = {
		0x3a2f8978, 0x5dc0, 0x11e8, {0x9c, 0x2d, 0xfa, 0x7a, 0xe0, 0x1b, 0xbe, 0xbc}};
	TEEC_Session session;
	uint32_t origin = 0;

	/* the origin is the service's, or nobody's business */
	expect("TA-141", "a client may not open the service for apps", TEEC_ERROR_ACCESS_DENIED,
	       TEEC_OpenSession(&context, &session, &uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin));
	session = open_app(APP_PROBE);
	report(&session, CHECK_SYSTEM);
	TEEC_CloseSession(&session);
}

void group_secrets(void)
{
	TEEC_Session session = open_app(APP_PROBE);

	report(&session, CHECK_SECRETS);
	TEEC_CloseSession(&session);
}

void group_libs(void)
{
	for (int i = 0; i < 2; i++) {
		TEEC_Session session = open_app(APP_LIBS);

		report(&session, CHECK_LIBS);
		TEEC_CloseSession(&session);
	}
}
