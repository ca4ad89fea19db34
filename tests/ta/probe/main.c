/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands of the probe, and what it keeps about its entries. */
#include <user_ta_header.h>

#include "probe.h"

extern const struct ta_head ta_head;

struct tatest_record entry_record = {.pad = 1}; /* data, not bss: bss has to be found untouched */
static struct tatest_record records[RECORD_COUNT];
static uint8_t untouched[3 * 4096 + 1000];
static uint32_t dirt;
static uint32_t counter;
static uint32_t opened;
static uint32_t closed;

const struct tatest_record *record_of(uint32_t which)
{
	return &records[which];
}

uint32_t dirt_at_creation(void)
{
	return dirt;
}

/* The block at x2 is at the top of the stack or just below it; the bottom is page aligned. */
struct ta_stack stack_of_app(void)
{
	uint64_t end = records[RECORD_FIRST].x[2] + sizeof(struct raw_params);
	uint64_t low = (end - ta_head.stack_size + 4095) & ~(uint64_t)4095;

	return (struct ta_stack){low, low + ta_head.stack_size};
}

TEE_Result TA_CreateEntryPoint(void)
{
	const volatile uint64_t *word;

	records[RECORD_FIRST] = entry_record;
	for (size_t i = 0; i < sizeof(untouched); i++)
		dirt += untouched[i] != 0;
	/* what is far below the stack pointer has not been used in this life */
	for (word = (const uint64_t *)stack_of_app().low;
	     address_of(word) + 4096 < address_of(&word); word++)
		dirt += *word != 0;
	return ta_head.uuid.timeMid == APP_NO_CREATE ? TEE_ERROR_GENERIC : TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t types, TEE_Param params[TEE_NUM_PARAMS],
				    void **context)
{
	(void)types;
	(void)params;
	(void)context;
	records[RECORD_OPEN] = entry_record;
	opened++;
	return TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *context)
{
	(void)context;
	records[RECORD_CLOSE] = entry_record;
	closed++;
}

static TEE_Result answer(TEE_Param *out, uint32_t type, const void *data, size_t size)
{
	if (type != TEE_PARAM_TYPE_MEMREF_OUTPUT || out->memref.size < size)
		return TEE_ERROR_BAD_PARAMETERS;
	TEE_MemMove(out->memref.buffer, data, size);
	out->memref.size = size;
	return TEE_SUCCESS;
}

static TEE_Result run_check(uint32_t types, TEE_Param p[TEE_NUM_PARAMS])
{
	static void (*const checks[])(TEE_Param p[TEE_NUM_PARAMS]) = {
		[CHECK_MEMORY] = check_memory,
		[CHECK_NUMBERS] = check_numbers,
		[CHECK_POINTERS] = check_pointers,
		[CHECK_RIGHTS] = check_rights,
		[CHECK_CANCEL] = check_cancel,
		[CHECK_TIME] = check_time,
		[CHECK_CACHE] = check_cache,
		[CHECK_FP] = check_fp,
		[CHECK_ZERO] = check_zero,
		[CHECK_NESTED] = check_nested,
		[CHECK_SYSTEM] = check_system,
		[CHECK_SECRETS] = check_secrets,
		[CHECK_MANY_REGIONS] = check_many_regions,
		[CHECK_MANY_OBJECTS] = check_many_objects,
		[CHECK_MANY_SESSIONS] = check_many_sessions,
		[CHECK_MANY_BYTES] = check_many_bytes,
	};
	uint32_t which = p[0].value.a;

	if (TEE_PARAM_TYPE_GET(types, 3) != TEE_PARAM_TYPE_MEMREF_OUTPUT ||
	    which >= sizeof(checks) / sizeof(checks[0]) || !checks[which])
		return TEE_ERROR_BAD_PARAMETERS;
	report_begin(p[3].memref.buffer, p[3].memref.size, p[0].value.b & TATEST_ON_PEER);
	checks[which](p);
	p[3].memref.size = report_end();
	return TEE_SUCCESS;
}

/* Whether the kernel would read at the address for us. */
static TEE_Result read_at(uint64_t address)
{
	return sys(NR_CHECK_ACCESS, TEE_MEMORY_ACCESS_READ | TEE_MEMORY_ACCESS_ANY_OWNER, address,
		   1, 0, 0, 0, 0);
}

/* Types, addresses and upper halves that nobody asked for; sizes larger than they were. */
static void return_raw(void)
{
	struct raw_params *raw = (struct raw_params *)records[RECORD_THIS].x[2];

	raw->types = 0x7777;
	for (int i = 0; i < 8; i++)
		raw->vals[i] = 0xAAAAAAAA00000000u + 0x10000u + (uint32_t)i;
	raw->vals[3] = 0x20003; /* the size of p1 */
	sys(NR_RETURN, TEE_ERROR_SHORT_BUFFER, 0, 0, 0, 0, 0, 0);
}

static TEE_Result touch_memrefs(uint32_t types, TEE_Param p[TEE_NUM_PARAMS])
{
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t type = TEE_PARAM_TYPE_GET(types, i);
		uint8_t *bytes = p[i].memref.buffer;

		if (type != TEE_PARAM_TYPE_MEMREF_OUTPUT && type != TEE_PARAM_TYPE_MEMREF_INOUT)
			continue;
		for (size_t j = 0; j < p[i].memref.size; j++)
			bytes[j] = type == TEE_PARAM_TYPE_MEMREF_OUTPUT ? 0x5a : bytes[j] + 1;
	}
	return TEE_SUCCESS;
}

static TEE_Result wait(uint32_t milliseconds, bool unmask)
{
	if (unmask)
		(void)TEE_UnmaskCancellation();
	return TEE_Wait(milliseconds);
}

static TEE_Result fill_memory(void)
{
	TEE_MemFill(untouched, 0xA5, sizeof(untouched));
	for (volatile uint64_t *word = (uint64_t *)stack_of_app().low;
	     address_of(word) + 1024 < address_of(&word); word++)
		*word = 0xA5A5A5A5A5A5A5A5u;
	return TEE_SUCCESS;
}

static TEE_Result tell_identity(uint32_t types, TEE_Param p[TEE_NUM_PARAMS])
{
	TEE_Identity identity = {0};
	TEE_Result res = TEE_GetPropertyAsIdentity(TEE_PROPSET_CURRENT_CLIENT,
						   "gpd.client.identity", &identity);

	return res ? res : answer(&p[3], TEE_PARAM_TYPE_GET(types, 3), &identity, sizeof(identity));
}

static TEE_Result add(TEE_Param *p)
{
	counter += p->value.a;
	p->value.b = counter;
	return TEE_SUCCESS;
}

static TEE_Result obey(uint32_t command, uint32_t types, TEE_Param p[TEE_NUM_PARAMS])
{
	switch (command) {
	case CMD_NOTHING:
		return TEE_SUCCESS;
	case CMD_RECORD:
		if (p[0].value.a >= RECORD_COUNT)
			return TEE_ERROR_BAD_PARAMETERS;
		return answer(&p[3], TEE_PARAM_TYPE_GET(types, 3), &records[p[0].value.a],
			      sizeof(records[0]));
	case CMD_CHECK:
		return run_check(types, p);
	case CMD_FAULT:
		fault_commit(p[0].value.a);
		return TEE_ERROR_BAD_STATE; /* it was let pass */
	case CMD_ADDRESS:
		return read_at((uint64_t)p[0].value.a << 32 | p[0].value.b);
	case CMD_RAW_RETURN:
		return_raw();
		return TEE_ERROR_BAD_STATE;
	case CMD_ADD:
		return add(&p[0]);
	case CMD_FILL:
		return fill_memory();
	case CMD_MEMREFS:
		return touch_memrefs(types, p);
	case CMD_WAIT:
		return wait(p[0].value.a, p[0].value.b);
	case CMD_DEPTH:
		return nest_depth(p[0].value.a, &p[1].value.a, &p[1].value.b);
	case CMD_TRY:
		return nest_try(p[0].value.a, p[0].value.b, &p[3]);
	case CMD_KEEP:
		return nest_keep(p[0].value.a);
	case CMD_USE_KEPT:
		return nest_use_kept(p[0].value.a, &p[3]);
	case CMD_LEAVE_OPEN:
		return nest_leave_open(p[0].value.a);
	case CMD_IDENTITY:
		return tell_identity(types, p);
	case CMD_COUNTS:
		p[3].value.a = opened;
		p[3].value.b = closed;
		return TEE_SUCCESS;
	case CMD_PANIC_FAR:
		many_panic();
		return TEE_ERROR_BAD_STATE;
	case CMD_STACK:
		stack_use(p[0].value.a == 1);
		return TEE_SUCCESS;
	default:
		return TEE_ERROR_NOT_SUPPORTED;
	}
}

TEE_Result TA_InvokeCommandEntryPoint(void *context, uint32_t command, uint32_t types,
				      TEE_Param params[TEE_NUM_PARAMS])
{
	(void)context;
	records[RECORD_PREVIOUS] = records[RECORD_THIS];
	records[RECORD_THIS] = entry_record;
	return obey(command, types, params);
}
