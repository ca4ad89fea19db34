/* SPDX-License-Identifier: BSD-2-Clause */
/* How an app is entered and left (sections 2.10, 2.11, 2.13 of the contract). */
#include <stdlib.h>
#include <string.h>

#include "client.h"

#define NZCV 0xF0000000u

static unsigned int nonzero(const uint64_t *words, unsigned int first, unsigned int end)
{
	unsigned int count = 0;

	for (unsigned int i = first; i < end; i++)
		count += words[i] != 0;
	return count;
}

/* What holds at each entry. */
static void check_entry(const struct tatest_record *r, uint64_t function, uint64_t cmd)
{
	expect("TA-044", "x0 is the function", function, r->x[0]);
	expect("TA-044", "x1 is a session: 32 bits, not 0", 1, r->x[1] != 0 && r->x[1] >> 32 == 0);
	expect("TA-044", "x3 is the command, or 0", cmd, r->x[3]);
	/* the peer leaves one register; the contract says none */
	expect_either("TA-044", "x4..x30 are 0", 0, 1, nonzero(r->x, 4, 31));
	expect("TA-044", "SP is 16-aligned", 0, r->sp % 16);
	expect("TA-044", "the parameters lie at SP or above, in its page or the next", 1,
	       r->x[2] >= r->sp && r->x[2] - r->sp < 4096 && r->x[2] % 8 == 0);
	expect("TA-044", "no condition flag is set", 0, r->nzcv & NZCV);
}

static void check_first_entry(void)
{
	TEEC_Session session = open_app(APP_PROBE);
	struct tatest_record first = record(&session, RECORD_FIRST);

	check_entry(&first, 0, 0);
	expect("TA-039", "the thread register is 0 at first", 0, first.tpidr);
	/* the peer lets its loader's V registers and earlier thread registers through */
	expect_either("TA-042", "V registers are 0 at first", 0, nonzero(first.v, 0, 64),
		      nonzero(first.v, 0, 64));
	expect("TA-042", "FPCR and FPSR are 0 at first", 0, first.fpcr | first.fpsr);
	expect("TA-044", "no operation: the parameter block is 0", 0, nonzero(first.params, 0, 9));
	TEEC_CloseSession(&session);
}

static void check_sessions(void)
{
	TEEC_Session a = open_app(APP_SHARED);
	TEEC_Session b = open_app(APP_SHARED);
	struct tatest_record open, this;
	uint64_t closing;

	open = record(&b, RECORD_OPEN);
	check_entry(&open, 0, 0);
	this = record(&a, RECORD_THIS);
	check_entry(&this, 2, CMD_RECORD);
	expect("TA-045", "two sessions of an instance differ", 1, open.x[1] != this.x[1]);
	this = record(&b, RECORD_THIS);
	expect("TA-045", "a session keeps its number", open.x[1], this.x[1]);
	closing = this.x[1];
	TEEC_CloseSession(&b);
	this = record(&a, RECORD_CLOSE);
	check_entry(&this, 1, 0);
	expect("TA-046", "close is told which session", closing, this.x[1]);
	expect("TA-046", "its parameter block is 0", 0, nonzero(this.params, 0, 9));
	TEEC_CloseSession(&a);
}

/* The thread register belongs to the instance: another one does not see or change it. */
static void check_thread_register(void)
{
	TEEC_Session a = open_app(APP_PROBE);
	TEEC_Session b;
	struct tatest_record r;

	report(&a, CHECK_FP); /* leaves 0xABCD in it */
	b = open_app(APP_PROBE);
	r = record(&b, RECORD_FIRST);
	expect_either("TA-039", "another instance starts with 0", 0, r.tpidr, r.tpidr);
	expect_either("TA-042", "and without our V registers", 0, nonzero(r.v, 0, 64),
		      nonzero(r.v, 0, 64));
	r = record(&a, RECORD_THIS);
	expect("TA-039", "ours is kept to the next entry", 0xABCD, r.tpidr);
	TEEC_CloseSession(&b);
	TEEC_CloseSession(&a);
}

void group_entry(void)
{
	check_first_entry();
	check_sessions();
}

void group_fp(void)
{
	check_thread_register();
}

static void check_values(TEEC_Session *session)
{
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_VALUE_OUTPUT,
					       TEEC_VALUE_INOUT, TEEC_NONE),
		.params = {{.value = {0xFFFFFFFE, 2}},
			   {.value = {3, 4}},
			   {.value = {5, 0x80000006}}},
	};
	struct tatest_record r;
	uint32_t origin = 0;

	expect("TA-048", "a command's success comes from the app", both(0, ORIGIN_TRUSTED_APP),
	       both(TEEC_InvokeCommand(session, CMD_NOTHING, &op, &origin), origin));
	r = record(session, RECORD_PREVIOUS);
	expect("TA-044", "types of three values", 0x321, r.params[0]);
	expect("TA-044", "a value's a", 0xFFFFFFFE, r.params[1]);
	expect("TA-044", "a value's b", 2, r.params[2]);
	expect("TA-044", "an output value comes as 0", 0, r.params[3] | r.params[4]);
	expect("TA-044", "an inout value's a", 5, r.params[5]);
	expect("TA-044", "an inout value's b", 0x80000006, r.params[6]);
	expect("TA-044", "a parameter that is none is 0", 0, r.params[7] | r.params[8]);
}

/* An offset in the client's page is the offset in the app's page; NULL and size 0 are told apart.
 */
static void check_memrefs(TEEC_Session *session)
{
	static uint8_t bytes[3 * 4096] __attribute__((aligned(4096)));
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_OUTPUT,
					       TEEC_MEMREF_TEMP_INOUT, TEEC_MEMREF_TEMP_INPUT),
	};
	struct tatest_record r;
	uint32_t origin = 0;

	op.params[0].tmpref = (TEEC_TempMemoryReference){bytes + 100, 5000};
	op.params[1].tmpref = (TEEC_TempMemoryReference){bytes + 8190, 4};
	op.params[2].tmpref = (TEEC_TempMemoryReference){bytes + 50, 0};
	op.params[3].tmpref = (TEEC_TempMemoryReference){NULL, 0};
	expect("TA-055", "memrefs of all kinds are passed", both(0, ORIGIN_TRUSTED_APP),
	       both(TEEC_InvokeCommand(session, CMD_NOTHING, &op, &origin), origin));
	r = record(session, RECORD_PREVIOUS);
	expect("TA-044", "types of four memrefs", 0x5765, r.params[0]);
	expect("TA-044", "a memref's size", 5000, r.params[2]);
	expect("TA-044", "a memref's offset in its page", 100, r.params[1] % 4096);
	expect("TA-044", "a memref over the end of a page", 4094, r.params[3] % 4096);
	expect("TA-055", "an empty memref is not NULL", 1, r.params[5] != 0);
	expect("TA-055", "and has size 0", 0, r.params[6]);
	expect("TA-056", "a NULL memref has address 0", 0, r.params[7]);
	expect("TA-056", "and size 0", 0, r.params[8]);
	expect("TA-059", "the app can't read the memref after the call",
	       both(TEEC_ERROR_ACCESS_DENIED, ORIGIN_TRUSTED_APP),
	       command(session, CMD_ADDRESS, (uint32_t)(r.params[1] >> 32), (uint32_t)r.params[1]));
	expect("TA-059", "nor its last byte", both(TEEC_ERROR_ACCESS_DENIED, ORIGIN_TRUSTED_APP),
	       command(session, CMD_ADDRESS, (uint32_t)((r.params[1] + 4999) >> 32),
		       (uint32_t)(r.params[1] + 4999)));
}

/* Overlapping and adjacent pieces are one memory. */
static void check_overlap(TEEC_Session *session)
{
	TEEC_SharedMemory shm = {.size = 8192, .flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT};
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_PARTIAL_INOUT, TEEC_MEMREF_PARTIAL_INOUT,
					       TEEC_MEMREF_PARTIAL_OUTPUT, TEEC_NONE),
	};
	const struct {
		uint32_t offset, size;
	} piece[] = {{0, 4100}, {10, 4090}, {4100, 4092}};
	unsigned int wrong = 0;
	uint32_t origin = 0;
	uint8_t *bytes;

	if (TEEC_AllocateSharedMemory(&context, &shm))
		exit(1);
	bytes = memset(shm.buffer, 7, shm.size);
	for (int i = 0; i < 3; i++)
		op.params[i].memref =
			(TEEC_RegisteredMemoryReference){&shm, piece[i].size, piece[i].offset};
	expect("TA-058", "overlapping memrefs are passed", both(0, ORIGIN_TRUSTED_APP),
	       both(TEEC_InvokeCommand(session, CMD_MEMREFS, &op, &origin), origin));
	for (uint32_t i = 0; i < 8192; i++)
		wrong += bytes[i] != (i < 10 ? 8 : i < 4100 ? 9 : 0x5a);
	expect("TA-058", "bytes that are not what the app wrote", 0, wrong);
	op.params[0].memref.size = 8193;
	op.params[0].memref.offset = 0;
	expect("TA-057", "a memref beyond its memory does not reach the app", 1,
	       TEEC_InvokeCommand(session, CMD_MEMREFS, &op, &origin) != 0 &&
		       origin != ORIGIN_TRUSTED_APP);
	TEEC_ReleaseSharedMemory(&shm);
}

/* Types and values are the kernel's to say; what the app leaves in the block is data. */
static void check_hostile_return(void)
{
	TEEC_Session session = open_app(APP_PROBE);
	uint8_t bytes[64];
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_MEMREF_TEMP_OUTPUT,
					       TEEC_VALUE_INOUT, TEEC_VALUE_OUTPUT),
		.params = {{.value = {1, 2}}, {.tmpref = {bytes, sizeof(bytes)}}},
	};
	uint32_t origin = 0;

	memset(bytes, 0x77, sizeof(bytes));
	expect("TA-047", "any result is passed on",
	       both(TEEC_ERROR_SHORT_BUFFER, ORIGIN_TRUSTED_APP),
	       both(TEEC_InvokeCommand(&session, CMD_RAW_RETURN, &op, &origin), origin));
	expect("TA-047", "an input value stays", 1, op.params[0].value.a);
	expect("TA-047", "an output size may have grown", 0x20003, op.params[1].tmpref.size);
	expect("TA-047", "an inout value's low half", 0x10004, op.params[2].value.a);
	expect("TA-047", "an output value's low half", 0x10007, op.params[3].value.b);
	expect("TA-047", "a buffer stays without being written", 0x77, bytes[63]);
	TEEC_CloseSession(&session);
}

void group_params(void)
{
	TEEC_Session session = open_app(APP_PROBE);

	check_values(&session);
	check_memrefs(&session);
	check_overlap(&session);
	TEEC_CloseSession(&session);
	check_hostile_return();
}
