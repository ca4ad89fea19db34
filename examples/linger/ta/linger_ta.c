/* SPDX-License-Identifier: BSD-2-Clause */
#include <tee_internal_api.h>

#include "bench.h"
#include "linger.h"
#include "linger_ta.h"
#include "simd.h"

#define TYPES                                                                                      \
	TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INPUT, TEE_PARAM_TYPE_VALUE_OUTPUT,                   \
			TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE)

#define SPINS     200000u
#define BLOCKS    16u
#define BLOCK_MAX (12u * 1024)

void hold_registers(const struct simd_state *in, struct simd_state *out, uint64_t spins);

/* A stretch of time: rounds are made until it is over. */
struct stay {
	TEE_Time start;
	uint32_t milliseconds;
	uint32_t rounds;
	uint32_t changed;
};

static bool stay_goes_on(struct stay *stay)
{
	TEE_Time now;
	uint64_t passed;

	if (stay->milliseconds == LINGER_FOREVER)
		return true;
	TEE_GetSystemTime(&now);
	passed = ((uint64_t)now.seconds * 1000 + now.millis) -
		 ((uint64_t)stay->start.seconds * 1000 + stay->start.millis);
	return passed < stay->milliseconds;
}

static TEE_Result round_busy(struct stay *stay)
{
	static struct simd_state in;
	static struct simd_state out;

	simd_pattern(&in, stay->rounds ^ ((uint64_t)stay->start.millis << 32));
	hold_registers(&in, &out, SPINS);
	stay->changed += simd_compare(&in, &out);
	return TEE_SUCCESS;
}

static TEE_Result round_time(struct stay *stay)
{
	TEE_Time now;

	(void)stay;
	TEE_GetREETime(&now);
	return now.millis < 1000 ? TEE_SUCCESS : TEE_ERROR_GENERIC;
}

static TEE_Result round_wait(struct stay *stay)
{
	return TEE_Wait(stay->milliseconds < 20 ? stay->milliseconds : 20);
}

static TEE_Result round_nest(struct stay *stay)
{
	static const TEE_UUID uuid = BENCH_COLD_UUID(0);
	TEE_Param params[TEE_NUM_PARAMS] = {0};
	TEE_TASessionHandle session = TEE_HANDLE_NULL;
	uint32_t origin = 0;
	TEE_Result res;

	(void)stay;
	res = TEE_OpenTASession(&uuid, TEE_TIMEOUT_INFINITE, 0, params, &session, &origin);
	if (res != TEE_SUCCESS)
		return res;
	res = TEE_InvokeTACommand(session, TEE_TIMEOUT_INFINITE, 0, 0, params, &origin);
	TEE_CloseTASession(session);
	return res;
}

static TEE_Result round_alloc(struct stay *stay)
{
	uint8_t *blocks[BLOCKS] = {0};
	TEE_Result res = TEE_SUCCESS;
	uint32_t size;

	for (uint32_t i = 0; i < BLOCKS && res == TEE_SUCCESS; i++) {
		size = 1 + (stay->rounds * 977u + i * 3571u) % BLOCK_MAX;
		blocks[i] = TEE_Malloc(size, TEE_MALLOC_FILL_ZERO);
		if (!blocks[i])
			res = TEE_ERROR_OUT_OF_MEMORY;
		else if (blocks[i][0] || blocks[i][size - 1])
			res = TEE_ERROR_CORRUPT_OBJECT;
		else
			TEE_MemFill(blocks[i], (uint8_t)(i + 1), size);
	}
	for (uint32_t i = 0; i < BLOCKS; i++) {
		size = 1 + (stay->rounds * 977u + i * 3571u) % BLOCK_MAX;
		if (blocks[i] && (blocks[i][0] != i + 1 || blocks[i][size - 1] != i + 1))
			res = TEE_ERROR_CORRUPT_OBJECT;
		TEE_Free(blocks[i]);
	}
	return res;
}

TEE_Result TA_CreateEntryPoint(void)
{
	return TEE_SUCCESS;
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
	return TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *context)
{
	(void)context;
}

TEE_Result TA_InvokeCommandEntryPoint(void *context, uint32_t command, uint32_t types,
				      TEE_Param params[TEE_NUM_PARAMS])
{
	static TEE_Result (*const rounds[])(struct stay * stay) = {
		[LINGER_BUSY] = round_busy,   [LINGER_TIME] = round_time,
		[LINGER_WAIT] = round_wait,   [LINGER_NEST] = round_nest,
		[LINGER_ALLOC] = round_alloc,
	};
	struct stay stay = {0};
	TEE_Result res = TEE_SUCCESS;

	(void)context;
	if (types != TYPES)
		return TEE_ERROR_BAD_PARAMETERS;
	if (command == LINGER_RETURN)
		return TEE_SUCCESS;
	if (command == LINGER_PANIC)
		TEE_Panic(params[0].value.b);
	if (command == LINGER_FAULT) {
		fault_commit(params[0].value.b);
		return TEE_ERROR_BAD_STATE; /* it was let pass */
	}
	if (command >= sizeof(rounds) / sizeof(rounds[0]))
		return TEE_ERROR_NOT_SUPPORTED;
	stay.milliseconds = params[0].value.a;
	TEE_GetSystemTime(&stay.start);
	do {
		res = rounds[command](&stay);
		stay.rounds++;
	} while (res == TEE_SUCCESS && stay_goes_on(&stay));
	params[1].value.a = stay.rounds;
	params[1].value.b = stay.changed;
	return res;
}
