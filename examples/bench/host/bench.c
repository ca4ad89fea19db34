/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench: what calls into the trusted world cost, as one line of JSON. Each figure is the median of
 * the ticks of the virtual counter around one call, in nanoseconds: on a machine that counts a
 * nanosecond for each instruction (QEMU's -icount shift=0) that is the number of instructions at
 * all exception levels. Runs on CPU 0 only.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tee_client_api.h>

#include "../bench.h"

#define WARM_UP      20
#define CALLS        200
#define OPENS        21
#define OPENS_WARMUP 3

#define BUFFER_SIZE (64 * 1024)

struct bench {
	TEEC_Context context;
	TEEC_Session session; /* with the warm trusted app */
	TEEC_Session opened;  /* what an open is measured on */
	TEEC_SharedMemory registered;
	TEEC_UUID uuid; /* which trusted app an open is for */
	uint8_t *buffer;
	size_t size;
};

/* One operation: prepare and tidy stand outside of the clock; both may be NULL. */
struct operation {
	const char *name;
	int count;
	int warm_up;
	size_t size;
	const TEEC_UUID *uuid;
	TEEC_Result (*prepare)(struct bench *bench);
	TEEC_Result (*act)(struct bench *bench);
	TEEC_Result (*tidy)(struct bench *bench);
};

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

static TEEC_Result invoke(struct bench *bench)
{
	TEEC_Operation op = {.paramTypes = 0};
	uint32_t origin;

	return TEEC_InvokeCommand(&bench->session, 0, &op, &origin);
}

static TEEC_Result invoke_temporary(struct bench *bench)
{
	TEEC_Operation op = {.paramTypes = TEEC_MEMREF_TEMP_INOUT};
	uint32_t origin;

	op.params[0].tmpref.buffer = bench->buffer;
	op.params[0].tmpref.size = bench->size;
	return TEEC_InvokeCommand(&bench->session, 0, &op, &origin);
}

static TEEC_Result invoke_registered(struct bench *bench)
{
	TEEC_Operation op = {.paramTypes = TEEC_MEMREF_PARTIAL_INOUT};
	uint32_t origin;

	op.params[0].memref.parent = &bench->registered;
	op.params[0].memref.size = bench->size;
	return TEEC_InvokeCommand(&bench->session, 0, &op, &origin);
}

static TEEC_Result allocate_and_free(struct bench *bench)
{
	TEEC_SharedMemory memory = {
		.size = bench->size,
		.flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT,
	};
	TEEC_Result res = TEEC_AllocateSharedMemory(&bench->context, &memory);

	if (res == TEEC_SUCCESS)
		TEEC_ReleaseSharedMemory(&memory);
	return res;
}

/* The next one of the apps that are alike. */
static TEEC_Result choose_unknown(struct bench *bench)
{
	static const TEEC_UUID unknown[BENCH_COLD_APPS] = {
		BENCH_COLD_UUID(0), BENCH_COLD_UUID(1), BENCH_COLD_UUID(2),
		BENCH_COLD_UUID(3), BENCH_COLD_UUID(4),
	};
	static unsigned int next;

	bench->uuid = unknown[next++];
	return TEEC_SUCCESS;
}

static TEEC_Result open_session(struct bench *bench)
{
	uint32_t origin;

	return TEEC_OpenSession(&bench->context, &bench->opened, &bench->uuid, TEEC_LOGIN_PUBLIC,
				NULL, NULL, &origin);
}

static TEEC_Result close_session(struct bench *bench)
{
	TEEC_CloseSession(&bench->opened);
	return TEEC_SUCCESS;
}

static const TEEC_UUID warm = BENCH_WARM_UUID;
static const TEEC_UUID cold = BENCH_COLD_UUID(0);

/* clang-format off */
static const struct operation operations[] = {
	{ "invoke",                CALLS, WARM_UP, 0, &warm, NULL, invoke, NULL },
	{ "invoke_temporary_4k",   CALLS, WARM_UP, 4096, &warm, NULL, invoke_temporary, NULL },
	{ "invoke_temporary_64k",  CALLS, WARM_UP, 65536, &warm, NULL, invoke_temporary, NULL },
	{ "invoke_registered_4k",  CALLS, WARM_UP, 4096, &warm, NULL, invoke_registered, NULL },
	{ "allocate_free_4k",      CALLS, WARM_UP, 4096, &warm, NULL, allocate_and_free, NULL },
	{ "open_warm",             OPENS, OPENS_WARMUP, 0, &warm, NULL, open_session, close_session },
	{ "close_warm",            OPENS, OPENS_WARMUP, 0, &warm, open_session, close_session, NULL },
	/* Each is the first of its image in this machine. */
	{ "open_unknown",          BENCH_COLD_APPS, 0, 0, &cold, choose_unknown, open_session, close_session },
	{ "open_cold",             OPENS, 1, 0, &cold, NULL, open_session, close_session },
};
/* clang-format on */

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool step(TEEC_Result (*act)(struct bench *bench), struct bench *bench,
		 const struct operation *op)
{
	TEEC_Result res = act ? act(bench) : TEEC_SUCCESS;

	if (res != TEEC_SUCCESS)
		fprintf(stderr, "bench: %s: result %#x\n", op->name, res);
	return res == TEEC_SUCCESS;
}

/* Sets median to the median of op's ticks. */
static bool measure(struct bench *bench, const struct operation *op, uint64_t *median)
{
	uint64_t ticks[CALLS];

	bench->size = op->size;
	bench->uuid = *op->uuid;
	for (int i = -op->warm_up; i < op->count; i++) {
		uint64_t start;
		uint64_t end;

		if (!step(op->prepare, bench, op))
			return false;
		start = counter_read();
		if (!step(op->act, bench, op))
			return false;
		end = counter_read();
		if (!step(op->tidy, bench, op))
			return false;
		if (i >= 0)
			ticks[i] = end - start;
	}
	qsort(ticks, (size_t)op->count, sizeof(ticks[0]), compare);
	*median = ticks[op->count / 2];
	return true;
}

static bool bench_open(struct bench *bench)
{
	uint32_t origin;
	TEEC_Result res;

	memset(bench, 0, sizeof(*bench));
	bench->buffer = aligned_alloc(4096, BUFFER_SIZE);
	if (!bench->buffer)
		return false;
	memset(bench->buffer, 1, BUFFER_SIZE);
	bench->registered.size = BUFFER_SIZE;
	bench->registered.flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT;
	res = TEEC_InitializeContext(NULL, &bench->context);
	if (res == TEEC_SUCCESS)
		res = TEEC_AllocateSharedMemory(&bench->context, &bench->registered);
	if (res == TEEC_SUCCESS)
		res = TEEC_OpenSession(&bench->context, &bench->session, &warm, TEEC_LOGIN_PUBLIC,
				       NULL, NULL, &origin);
	if (res != TEEC_SUCCESS)
		fprintf(stderr, "bench: set-up: result %#x\n", res);
	return res == TEEC_SUCCESS;
}

static void bench_close(struct bench *bench)
{
	TEEC_CloseSession(&bench->session);
	TEEC_ReleaseSharedMemory(&bench->registered);
	TEEC_FinalizeContext(&bench->context);
	free(bench->buffer);
}

int main(void)
{
	struct bench bench;
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first)) {
		perror("bench: CPU 0");
		return 1;
	}
	if (!bench_open(&bench))
		return 1;
	printf("{");
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		uint64_t median;

		if (!measure(&bench, &operations[i], &median))
			return 1;
		printf("%s\"%s\": %llu", i ? ", " : "", operations[i].name,
		       (unsigned long long)(median * 1000000000u / counter_frequency()));
		fflush(stdout);
	}
	printf("}\n");
	bench_close(&bench);
	return 0;
}
