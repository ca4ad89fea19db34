/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * figures: what guests have in the trusted world, one line for each, as Tenon's statistics service
 * tells it (abi/stats.h). A guest sees itself; Linux without a hypervisor, and a guest that the
 * hypervisor made privileged (tenon,privileged), see all, and the machine.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <tee_client_api.h>

#include "abi/stats.h"

#define RECORDS 16u

static TEEC_Result ask_guests(TEEC_Session *session, uint32_t from, struct stats_guest *records,
			      uint32_t *count, uint32_t *next)
{
	TEEC_Operation op = {.paramTypes =
				     TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_MEMREF_TEMP_OUTPUT,
						      TEEC_VALUE_OUTPUT, TEEC_NONE)};
	uint32_t origin;
	TEEC_Result res;

	op.params[0].value.a = from;
	op.params[1].tmpref.buffer = records;
	op.params[1].tmpref.size = RECORDS * sizeof(*records);
	res = TEEC_InvokeCommand(session, STATS_CMD_TENON_GUESTS, &op, &origin);
	*count = op.params[2].value.a;
	*next = op.params[2].value.b;
	return res;
}

static void print_guest(const struct stats_guest *g)
{
	printf("%-5" PRIu32 " %6" PRIu32 " %6" PRIu32 " %6" PRIu32 " %6" PRIu32 " %6" PRIu32
	       " %6" PRIu32 " %6" PRIu32 " %9" PRIu64 " %9" PRIu64 " %8" PRIu64 " %10" PRIu64
	       "%s\n",
	       g->handle, g->pages, g->pages_peak, g->pages_reserve, g->calls, g->sessions,
	       g->instances, g->shm_pages, g->calls_total, g->rpcs_total, g->refusals, g->cpu_us,
	       g->flags & STATS_GUEST_DYING ? " dying" : "");
}

static TEEC_Result print_guests(TEEC_Session *session)
{
	struct stats_guest records[RECORDS];
	uint32_t next = 0;

	printf("guest  pages   peak   resv  calls   sess   apps    shm     calls      rpcs  refused"
	       "     cpu-us\n");
	do {
		uint32_t count;
		TEEC_Result res = ask_guests(session, next, records, &count, &next);

		if (res != TEEC_SUCCESS)
			return res;
		for (uint32_t i = 0; i < count && i < RECORDS; i++)
			print_guest(&records[i]);
	} while (next);
	return TEEC_SUCCESS;
}

static TEEC_Result print_machine(TEEC_Session *session)
{
	struct stats_machine machine;
	TEEC_Operation op = {.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE,
							    TEEC_NONE, TEEC_NONE)};
	uint32_t origin;
	TEEC_Result res;

	op.params[0].tmpref.buffer = &machine;
	op.params[0].tmpref.size = sizeof(machine);
	res = TEEC_InvokeCommand(session, STATS_CMD_TENON_MACHINE, &op, &origin);
	if (res == TEEC_SUCCESS)
		printf("machine: %" PRIu32 " pages, %" PRIu32 " free, %" PRIu32
		       " reserved; %" PRIu32 " guests; %" PRIu32 " images\n",
		       machine.pages_total, machine.pages_free, machine.pages_reserved,
		       machine.guests, machine.images);
	return res == TEEC_ERROR_ACCESS_DENIED ? TEEC_SUCCESS : res; /* not for every guest */
}

int main(int argc, char **argv)
{
	static const TEEC_UUID stats = STATS_UUID;
	TEEC_Context context;
	TEEC_Session session;
	uint32_t origin;
	TEEC_Result res;

	if (argc > 1) {
		fputs("usage: figures\n"
		      "What guests have in the trusted world: all of them, if this one may see "
		      "it.\n",
		      strcmp(argv[1], "--help") ? stderr : stdout);
		return strcmp(argv[1], "--help") ? 2 : 0;
	}
	res = TEEC_InitializeContext(NULL, &context);
	if (res == TEEC_SUCCESS) {
		res = TEEC_OpenSession(&context, &session, &stats, TEEC_LOGIN_PUBLIC, NULL, NULL,
				       &origin);
		if (res == TEEC_SUCCESS) {
			res = print_guests(&session);
			if (res == TEEC_SUCCESS)
				res = print_machine(&session);
			TEEC_CloseSession(&session);
		}
		TEEC_FinalizeContext(&context);
	}
	if (res != TEEC_SUCCESS)
		fprintf(stderr, "figures: result %#x\n", res);
	return res == TEEC_SUCCESS ? 0 : 1;
}
