/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes from app to app (sections 2.12, 4.2.4, 4.2.5, 4.3 of the contract). */
#include <pta_system.h>
#include <string.h>

#include "probe.h"

#define FOREVER TEE_TIMEOUT_INFINITE
#define BAD     TEE_ERROR_BAD_PARAMETERS
#define DENIED  TEE_ERROR_ACCESS_DENIED
#define TEE     3u
#define APP     4u

static uint8_t private_bytes[256] = {1};
static uint32_t callee;     /* a session of another probe */
static uint32_t system_app; /* a session of the service for apps */

static uint32_t open_system(void)
{
	const TEE_UUID uuid = PTA_SYSTEM_UUID;
	uint32_t origin;

	return sys(NR_OPEN, address_of(&uuid), FOREVER, 0, address_of(&system_app),
		   address_of(&origin), 0, 0);
}

/* size bytes of new memory, shareable with flags 1; 0 on failure. */
static uint64_t map(uint64_t size, uint64_t flags)
{
	struct raw_params p = {.types = 0x131, .vals = {size, flags}};
	uint32_t origin;

	if (raw_invoke(system_app, FOREVER, PTA_SYSTEM_MAP_ZI, &p, &origin))
		return 0;
	return p.vals[2] << 32 | p.vals[3];
}

/* CMD_MEMREFS with one inout memref as p0; the origin goes to *origin. */
static uint32_t pass(uint64_t address, uint64_t size, uint32_t *origin)
{
	struct raw_params p = {.types = 0x7, .vals = {address, size}};

	return raw_invoke(callee, FOREVER, CMD_MEMREFS, &p, origin);
}

static void check_memory_kinds(TEE_Param *client)
{
	uint8_t *shareable = (uint8_t *)(uintptr_t)map(4096, 1);
	uint8_t *own = (uint8_t *)(uintptr_t)map(4096, 0);
	uint8_t *shared = client->memref.buffer;
	uint32_t origin;

	expect("TA-081", "private memory is not passed to an app", BAD,
	       pass(address_of(private_bytes), 64, &origin));
	expect("TA-081", "the TEE says so", TEE, origin);
	expect("TA-081", "nor is a piece of the stack", BAD, pass(address_of(&origin), 4, &origin));
	expect("TA-082", "nor is mapped memory that is not shareable", BAD,
	       pass(address_of(own), 64, &origin));
	expect("TA-082", "shareable memory is", 0, pass(address_of(shareable) + 10, 2, &origin));
	expect("TA-082", "by the callee's word", APP, origin);
	expect("TA-082", "which wrote into it", 0x0101,
	       (uint64_t)shareable[10] << 8 | shareable[11]);
	expect("TA-082", "and not beside it", 0, shareable[9] | shareable[12]);
	shared[5] = 41;
	expect("TA-082", "the client's memory is passed on", 0,
	       pass(address_of(shared) + 5, 1, &origin));
	expect("TA-082", "as it is", 42, shared[5]);
	expect("TA-064", "NULL with a size is no memory", BAD, pass(0, 16, &origin));
	expect("TA-064", "the kernel's memory is not ours to pass", DENIED,
	       pass(KERNEL_ADDRESS, 16, &origin));
	expect("TA-064", "nor is what is not mapped", DENIED, pass(0x40000, 16, &origin));
	expect("TA-064", "nor what wraps around", DENIED, pass(~(uint64_t)3, 16, &origin));
	expect("TA-085", "an empty memref is passed", 0, pass(address_of(shareable), 0, &origin));
}

/* What the callee found at the entry before this. */
static void check_empty(void)
{
	struct tatest_record *found = (struct tatest_record *)(uintptr_t)map(sizeof(*found), 1);
	struct raw_params p = {
		.types = 0x6001,
		.vals = {RECORD_PREVIOUS, 0, 0, 0, 0, 0, address_of(found), sizeof(*found)}};
	uint32_t origin;

	expect("TA-085", "the callee's record", 0,
	       raw_invoke(callee, FOREVER, CMD_RECORD, &p, &origin));
	expect("TA-085", "it got NULL for the empty memref", 0, found->params[1]);
	expect("TA-044", "an entry from an app has a session, too", 1,
	       found->x[1] != 0 && found->x[1] >> 32 == 0);
}

static void check_write_back(void)
{
	struct raw_params p = {.types = 0x2032, .vals = {1, 2, 3, 4, 5, 6, 7, 8}};
	uint32_t session, origin;

	expect("TA-083", "a command that fails", TEE_ERROR_SHORT_BUFFER,
	       raw_invoke(callee, FOREVER, CMD_RAW_RETURN, &p, &origin));
	expect("TA-083", "by the callee's word", APP, origin);
	expect("TA-083", "writes its output values nevertheless", 0x10000, (uint32_t)p.vals[0]);
	expect("TA-083", "and inout values", 0x20003, (uint32_t)p.vals[3]);
	expect("TA-083", "and leaves what is none", 5, p.vals[4]);
	expect("TA-083", "and changes no type", 0x2032, p.types);
	p = (struct raw_params){.types = 0x2, .vals = {77, 78}};
	expect("TA-083", "an opening that fails", TEE_ERROR_GENERIC,
	       raw_open(APP_NO_CREATE, &p, &session, &origin));
	expect("TA-083", "by the callee's word", APP, origin);
	expect("TA-083", "writes nothing", 77, p.vals[0]);
	expect("TA-076", "an app that nobody has", TEE_ERROR_ITEM_NOT_FOUND,
	       raw_open(APP_ABSENT, NULL, &session, &origin));
	expect("TA-076", "by the TEE's word", TEE, origin);
}

static void check_pointers_to_others(TEE_Param *client)
{
	const TEE_UUID uuid = TATEST_UUID(APP_PROBE);
	uint64_t there = address_of(client->memref.buffer);
	uint32_t session = 0;
	const uint64_t open[8] = {address_of(&uuid), FOREVER, 0, address_of(&session)};
	const uint64_t invoke[8] = {callee, FOREVER, CMD_NOTHING};

	memcpy(client->memref.buffer, &uuid, sizeof(uuid));
	expect("TA-065", "a UUID in client memory", DENIED,
	       sys(NR_OPEN, there, FOREVER, 0, open[3], 0, 0, 0));
	expect("TA-064", "a UUID at a bad address", 0, others(DENIED, NR_OPEN, 0, open));
	expect("TA-064", "parameters of an opening at a bad address", 0,
	       others(DENIED, NR_OPEN, 2, open));
	expect("TA-064", "parameters of a command at a bad address", 0,
	       others(DENIED, NR_INVOKE, 3, invoke));
	expect("TA-067", "no such session to invoke", BAD,
	       sys(NR_INVOKE, 0x12345, FOREVER, 0, 0, 0, 0, 0));
	/* the peer has another word for it; the runtime dies of either */
	expect_either("TA-067", "no such session to close", BAD, TEE_ERROR_ITEM_NOT_FOUND,
		      sys(NR_CLOSE, 0x12345, 0, 0, 0, 0, 0, 0));
}

static void check_panic_of_callee(void)
{
	struct raw_params p = {.types = 0x1, .vals = {FAULT_PANIC}};
	uint32_t session, origin;

	expect("TA-053", "another app opens", 0, raw_open(APP_PROBE, NULL, &session, &origin));
	expect("TA-053", "it panics", TEE_ERROR_TARGET_DEAD,
	       raw_invoke(session, FOREVER, CMD_FAULT, &p, &origin));
	expect("TA-053", "the TEE says so", TEE, origin);
	expect("TA-050", "it stays dead", TEE_ERROR_TARGET_DEAD,
	       raw_invoke(session, FOREVER, CMD_NOTHING, NULL, &origin));
	expect("TA-050", "its session can be closed", 0, sys(NR_CLOSE, session, 0, 0, 0, 0, 0, 0));
	expect("TA-053", "others go on", 0,
	       raw_invoke(callee, FOREVER, CMD_NOTHING, NULL, &origin));
}

static void check_deadline(void)
{
	struct raw_params p = {.types = 0x1, .vals = {20000, 1}};
	TEE_Time before, after;
	uint32_t origin;

	TEE_GetSystemTime(&before);
	expect("TA-089", "a wait that has a deadline is cancelled", TEE_ERROR_CANCEL,
	       raw_invoke(callee, 200, CMD_WAIT, &p, &origin));
	expect("TA-089", "by the callee's word", APP, origin);
	TEE_GetSystemTime(&after);
	/* the peer is late by the carry of milliseconds into seconds */
	if (!report_on_peer())
		expect("TA-089", "long before its end", 1, after.seconds - before.seconds < 15);
	p.vals[0] = 100;
	p.vals[1] = 0;
	expect("TA-088", "a callee that has not unmasked is not cancelled", 0,
	       raw_invoke(callee, 10, CMD_WAIT, &p, &origin));
}

static void check_identity(void)
{
	const TEE_UUID me = TATEST_UUID(APP_PROBE);
	TEE_Identity *identity = (TEE_Identity *)(uintptr_t)map(sizeof(*identity), 1);
	struct raw_params p = {.types = 0x6000,
			       .vals = {0, 0, 0, 0, 0, 0, address_of(identity), sizeof(*identity)}};
	uint32_t origin;

	expect("TA-086", "a callee's client", 0,
	       raw_invoke(callee, FOREVER, CMD_IDENTITY, &p, &origin));
	expect("TA-086", "is an app", 0xF0000000u, identity->login);
	expect("TA-086", "is this one", 0, (uint64_t)memcmp(&identity->uuid, &me, sizeof(me)));
}

/* The callee puts its own values into all registers that are not the caller's business. */
static void check_registers(void)
{
	uint64_t text = map(8192, 1);
	uint64_t value;
	struct raw_params p = {.types = 0x6001, .vals = {CHECK_FP, 0, 0, 0, 0, 0, text, 8192}};
	uint32_t origin;

	__asm__ volatile("msr tpidr_el0, %0" : : "r"((uint64_t)0x5151));
	expect("TA-042", "V registers stay over a call of another app", 0,
	       changed_over(NR_INVOKE,
			    (const uint64_t[8]){callee, FOREVER, CMD_CHECK, address_of(&p),
						address_of(&origin)},
			    9));
	__asm__ volatile("mrs %0, tpidr_el0" : "=r"(value));
	/* the peer has one for all */
	expect_either("TA-039", "and the thread register", 0x5151, 0xABCD, value);
	expect("TA-042", "which ran", 1, p.vals[7] > 100 && p.vals[7] < 8192);
}

void check_nested(TEE_Param p[TEE_NUM_PARAMS])
{
	uint32_t origin;

	expect("TA-084", "the service for apps opens", 0, open_system());
	expect("TA-073", "another instance of ourselves opens", 0,
	       raw_open(APP_PROBE, NULL, &callee, &origin));
	expect("TA-048", "by its own word", APP, origin);
	expect("TA-067", "its session has a name", 1, callee != 0);
	check_memory_kinds(&p[2]);
	check_empty();
	check_pointers_to_others(&p[2]);
	check_panic_of_callee();
	check_deadline();
	check_identity();
	check_registers();
	check_write_back();
	expect("TA-067", "the session closes", 0, sys(NR_CLOSE, callee, 0, 0, 0, 0, 0, 0));
	expect("TA-067", "once", 1, sys(NR_CLOSE, callee, 0, 0, 0, 0, 0, 0) != 0);
}
