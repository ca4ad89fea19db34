/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tatest [--peer] GROUP…: checks, with apps of its own, what trusted apps are promised. A line for
 * each check; exit status 0 means that none failed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

#define TEXT_SIZE (32u * 1024)

TEEC_Context context;
bool on_peer;
static unsigned int checks;
static unsigned int failures;

void expect(const char *point, const char *what, uint64_t expected, uint64_t got)
{
	checks++;
	if (expected == got) {
		printf("ok %s %s\n", point, what);
		return;
	}
	failures++;
	printf("FAIL %s %s: expected 0x%llx, got 0x%llx\n", point, what,
	       (unsigned long long)expected, (unsigned long long)got);
}

void expect_either(const char *point, const char *what, uint64_t tenon, uint64_t peer, uint64_t got)
{
	expect(point, what, on_peer ? peer : tenon, got);
}

uint64_t both(TEEC_Result result, uint32_t origin)
{
	return (uint64_t)origin << 32 | result;
}

TEEC_UUID uuid_of(enum tatest_app app)
{
	return (TEEC_UUID)TATEST_UUID((uint16_t)app);
}

TEEC_Session open_app(enum tatest_app app)
{
	const TEEC_UUID uuid = uuid_of(app);
	TEEC_Session session;
	uint32_t origin = 0;
	TEEC_Result res =
		TEEC_OpenSession(&context, &session, &uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin);

	if (res) {
		printf("FAIL TA-151 app %#x opens: result %#x origin %u\n", app, res, origin);
		exit(1);
	}
	return session;
}

uint64_t try_app(enum tatest_app app)
{
	const TEEC_UUID uuid = uuid_of(app);
	TEEC_Session session;
	uint32_t origin = 0;
	TEEC_Result res =
		TEEC_OpenSession(&context, &session, &uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin);

	if (res == TEEC_SUCCESS)
		TEEC_CloseSession(&session);
	return both(res, origin);
}

uint64_t command(TEEC_Session *session, uint32_t command, uint32_t a, uint32_t b)
{
	TEEC_Operation op = {.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, 0, 0, 0)};
	uint32_t origin = 0;
	TEEC_Result res;

	op.params[0].value.a = a;
	op.params[0].value.b = b;
	res = TEEC_InvokeCommand(session, command, &op, &origin);
	return both(res, origin);
}

/* Counts the lines of an app's report as our own. */
static void take_report(const char *text, size_t size)
{
	fwrite(text, 1, size, stdout);
	for (const char *line = text; line < text + size; line = strchr(line, '\n') + 1) {
		checks++;
		failures += strncmp(line, "ok ", 3) != 0;
	}
}

void report_on(TEEC_Session *session, enum tatest_check check, void *buffer, size_t size)
{
	static char text[TEXT_SIZE + 1];
	static uint8_t in[8192];
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_MEMREF_TEMP_INPUT,
					       TEEC_MEMREF_TEMP_INOUT, TEEC_MEMREF_TEMP_OUTPUT)};
	uint32_t origin = 0;
	TEEC_Result res;

	op.params[0].value.a = check;
	op.params[0].value.b = on_peer ? TATEST_ON_PEER : 0;
	op.params[1].tmpref = (TEEC_TempMemoryReference){in, sizeof(in)};
	op.params[2].tmpref = (TEEC_TempMemoryReference){buffer, size};
	op.params[3].tmpref = (TEEC_TempMemoryReference){text, TEXT_SIZE};
	res = TEEC_InvokeCommand(session, CMD_CHECK, &op, &origin);
	if (res)
		memset(text, 0, sizeof(text));
	else
		take_report(text, op.params[3].tmpref.size);
	expect("TA-151", "the app's checks ran", both(TEEC_SUCCESS, ORIGIN_TRUSTED_APP),
	       both(res, origin));
}

void report(TEEC_Session *session, enum tatest_check check)
{
	static uint8_t inout[8192];

	report_on(session, check, inout, sizeof(inout));
}

struct tatest_record record(TEEC_Session *session, enum tatest_record_of which)
{
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, 0, 0, TEEC_MEMREF_TEMP_OUTPUT)};
	struct tatest_record found = {0};
	uint32_t origin = 0;
	TEEC_Result res;

	op.params[0].value.a = which;
	op.params[3].tmpref = (TEEC_TempMemoryReference){&found, sizeof(found)};
	res = TEEC_InvokeCommand(session, CMD_RECORD, &op, &origin);
	if (res)
		expect("TA-044", "the app's record", 0, both(res, origin));
	return found;
}

static const struct {
	const char *name;
	void (*run)(void);
} groups[] = {
	{"entry", group_entry},
	{"params", group_params},
	{"memory", group_memory},
	{"calls", group_calls},
	{"fp", group_fp},
	{"fault", group_fault},
	{"flags", group_flags},
	{"crash-kept", group_crash_kept},
	{"image", group_image},
	{"wrapped", group_wrapped},
	{"version", group_version},
	{"nest", group_nest},
	{"cycle", group_cycle},
	{"system", group_system},
	{"secrets", group_secrets},
	{"libs", group_libs},
	{"many-regions", group_many_regions},
	{"many-objects", group_many_objects},
	{"many-sessions", group_many_sessions},
	{"many-bytes", group_many_bytes},
	{"many-libs", group_many_libs},
	{"many-images", group_many_images},
};

static int run_group(const char *name)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (strcmp(name, groups[i].name) != 0)
			continue;
		groups[i].run();
		fflush(stdout);
		return 0;
	}
	fprintf(stderr, "tatest: no group %s\n", name);
	return 2;
}

int main(int argc, char **argv)
{
	TEEC_Result res = TEEC_InitializeContext(NULL, &context);

	if (res) {
		fprintf(stderr, "tatest: no TEE: %#x\n", res);
		return 2;
	}
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--peer"))
			on_peer = true;
		else if (run_group(argv[i]))
			return 2;
	}
	TEEC_FinalizeContext(&context);
	printf("tatest: %u checks, %u failures\n", checks, failures);
	return checks == 0 || failures != 0;
}
