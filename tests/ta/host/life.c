/* SPDX-License-Identifier: BSD-2-Clause */
/* How instances begin and end (sections 2.12, 4.2.1 of the contract). */
#include <stdio.h>

#include "client.h"

static const uint64_t good = (uint64_t)ORIGIN_TRUSTED_APP << 32;
static const uint64_t dead = (uint64_t)ORIGIN_TEE << 32 | TEEC_ERROR_TARGET_DEAD;

static const char *const fault_names[FAULT_COUNT] = {
	[FAULT_READ_NULL] = "reading address 0",
	[FAULT_READ_1] = "reading address 1",
	[FAULT_READ_40000] = "reading address 0x40000",
	[FAULT_EXECUTE_NULL] = "executing address 0",
	[FAULT_READ_FAR_STACK] = "reading the stack + 1 GiB",
	[FAULT_WRITE_FAR_STACK] = "writing the stack + 1 GiB",
	[FAULT_EXECUTE_FAR_STACK] = "executing the stack + 1 GiB",
	[FAULT_WRITE_CODE] = "writing code",
	[FAULT_WRITE_CONSTANT] = "writing a constant",
	[FAULT_EXECUTE_DATA] = "executing data",
	[FAULT_EXECUTE_STACK] = "executing the stack",
	[FAULT_BRK] = "brk #0",
	[FAULT_BRK_1000] = "brk #1000",
	[FAULT_UNDEFINED] = "an undefined instruction",
	[FAULT_READ_SYSTEM] = "reading a system register of EL1",
	[FAULT_WRITE_SYSTEM] = "writing a system register of EL1",
	[FAULT_TLB] = "a TLB instruction",
	[FAULT_CACHE] = "a cache instruction by set and way",
	[FAULT_HVC] = "a call of EL2",
	[FAULT_SMC] = "a call of EL3",
	[FAULT_ERET] = "an exception return",
	[FAULT_DAIF] = "masking interrupts",
	[FAULT_UNALIGNED_PC] = "a branch to half an instruction",
	[FAULT_READ_KERNEL] = "reading a kernel address",
	[FAULT_READ_NONCANONICAL] = "reading an address of neither half",
	[FAULT_WILD_JUMP] = "a jump out of the address space",
	[FAULT_GUARD_PAGE] = "a stack that runs over",
	[FAULT_PANIC] = "a panic",
	[FAULT_PANIC_ZERO] = "a panic with code 0",
};

/* Each fault ends the instance, and nothing else. */
void group_fault(void)
{
	TEEC_Session bystander = open_app(APP_PROBE);
	char text[80];

	for (uint32_t kind = 0; kind < FAULT_COUNT; kind++) {
		TEEC_Session session = open_app(APP_PROBE);

		snprintf(text, sizeof(text), "%s ends the app", fault_names[kind]);
		expect("TA-049", text, dead, command(&session, CMD_FAULT, kind, 0));
		expect("TA-050", "which stays dead", dead, command(&session, CMD_NOTHING, 0, 0));
		TEEC_CloseSession(&session);
	}
	expect("TA-049", "others live on", good, command(&bystander, CMD_NOTHING, 0, 0));
	TEEC_CloseSession(&bystander);
}

/* Adds 1 to the instance's counter: how often that has been done, or all ones on failure. */
static uint64_t count(TEEC_Session *session)
{
	TEEC_Operation op = {.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, 0, 0, 0)};

	op.params[0].value.a = 1;
	return TEEC_InvokeCommand(session, CMD_ADD, &op, NULL) ? UINT64_MAX : op.params[0].value.b;
}

static uint64_t count_in_new_session(enum tatest_app app)
{
	TEEC_Session session = open_app(app);
	uint64_t counted = count(&session);

	TEEC_CloseSession(&session);
	return counted;
}

static void check_instances(void)
{
	TEEC_Session a = open_app(APP_PROBE);
	TEEC_Session b = open_app(APP_PROBE);

	(void)count(&a);
	expect("TA-073", "each session has an instance of its own", 1, count(&b));
	TEEC_CloseSession(&a);
	TEEC_CloseSession(&b);
	a = open_app(APP_SINGLE);
	expect("TA-072", "a second session is refused", both(TEEC_ERROR_BUSY, ORIGIN_TEE),
	       try_app(APP_SINGLE));
	expect("TA-072", "the first goes on", 1, count(&a));
	TEEC_CloseSession(&a);
	expect("TA-072", "when it is closed, another may open", good, try_app(APP_SINGLE));
	a = open_app(APP_SHARED);
	b = open_app(APP_SHARED);
	(void)count(&a);
	expect("TA-073", "sessions of a shared instance share its state", 2, count(&b));
	TEEC_CloseSession(&a);
	expect("TA-073", "which stays while one of them is open", 3, count(&b));
	TEEC_CloseSession(&b);
	expect("TA-074", "and ends with the last of them", 1, count_in_new_session(APP_SHARED));
}

static void check_kept(void)
{
	TEEC_Session a, b;
	uint64_t before = count_in_new_session(APP_KEPT);

	expect("TA-074", "a kept instance outlives its sessions", before + 1,
	       count_in_new_session(APP_KEPT));
	expect("TA-074", "keep-alive without single instance", 1,
	       count_in_new_session(APP_KEPT_MANY));
	expect("TA-074", "keeps nothing", 1, count_in_new_session(APP_KEPT_MANY));
	a = open_app(APP_KEPT);
	b = open_app(APP_KEPT);
	expect("TA-050", "a kept instance dies, too", dead, command(&a, CMD_FAULT, FAULT_PANIC, 0));
	expect("TA-050", "for all its sessions", dead, command(&b, CMD_NOTHING, 0, 0));
	expect("TA-051", "the next session finds a fresh one", 1, count_in_new_session(APP_KEPT));
	TEEC_CloseSession(&a);
	TEEC_CloseSession(&b);
	expect("TA-051", "which is kept in turn", 2, count_in_new_session(APP_KEPT));
}

/* An app of 4.6 that is kept also when it has crashed: nobody starts it again. */
void group_crash_kept(void)
{
	TEEC_Session a;

	expect("TA-034", "flag bit 13 is taken", good, try_app(APP_KEPT_DEAD));
	a = open_app(APP_KEPT_DEAD);
	expect("TA-050", "an app with it dies", dead, command(&a, CMD_FAULT, FAULT_PANIC, 0));
	TEEC_CloseSession(&a);
	/* the peer takes the bit as one without meaning */
	expect_either("TA-034", "and is not started again", dead, good, try_app(APP_KEPT_DEAD));
	expect_either("TA-034", "whoever tries", dead, good, try_app(APP_KEPT_DEAD));
}

void group_flags(void)
{
	unsigned int other = 0;

	check_instances();
	check_kept();
	expect("TA-034", "a flag that nobody knows", both(TEEC_ERROR_BAD_FORMAT, ORIGIN_TEE),
	       try_app(APP_BAD_FLAG));
	expect("TA-076", "an app that nobody has", both(TEEC_ERROR_ITEM_NOT_FOUND, ORIGIN_TEE),
	       try_app(APP_ABSENT));
	for (int i = 0; i < 20; i++)
		other += try_app(APP_NO_CREATE) != both(TEEC_ERROR_GENERIC, ORIGIN_TRUSTED_APP);
	expect("TA-075", "an app that can't be created, twenty times", 0, other);
}
