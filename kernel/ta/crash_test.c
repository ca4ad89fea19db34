/* SPDX-License-Identifier: BSD-2-Clause */
/* Reports of apps that died: complete, bounded, and readable however hostile the app's stack is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/smc.h"
#include "kernel/arch/host/app.h"
#include "kernel/guest/guest.h"
#include "kernel/lib/log.h"
#include "kernel/memory/pages.h"
#include "kernel/ta/image.h"

#define TA_TEXT "cb3e5ba0-adf1-11e0-998b-0002a5d5c51b"

static struct model first, second;
static uint8_t uuid[16];
static uint32_t free_pages;

static const struct app_step panics = {APP_SYSCALL, SYS_PANIC, {0xCAFE}};
static const struct app_step faults = {.what = APP_FAULT};

/* What lies on the app's stack from frames on. */
static struct {
	unsigned next; /* index of the next frame; NONE ends the chain */
	uint64_t call; /* return address; below 64 KiB: that far behind the app's entry */
	uint64_t code; /* of pointer authentication, in the bits above */
} chain[64];
#define NONE 1000
static unsigned chain_length;
static uint64_t frames;
static struct app_step death; /* a panic with argument 1 = 0 gets frames there */

static void build_stack(struct arch_aspace *as, struct user_context *ctx, struct utee_params *p)
{
	(void)p;
	frames = ctx->sp - 1024;
	for (unsigned i = 0; i < chain_length; i++) {
		uint64_t *link = host_user_memory(as, frames + 16 * i, PROT_R | PROT_W);
		link[0] = chain[i].next == NONE ? 0 : frames + 16 * chain[i].next;
		link[1] = (chain[i].call < 0x10000 ? ctx->pc + chain[i].call : chain[i].call) |
			  chain[i].code;
	}
	for (unsigned i = 21; i < 31; i++)
		ctx->x[i] = 0x1000 + i;
	ctx->x[29] = frames;
	if (death.what == APP_SYSCALL && death.arg[1] == 0)
		death.arg[1] = frames;
}

static int start(void **state)
{
	struct page_totals totals;

	(void)state;
	host_start(1600);
	app_reset();
	memset(chain, 0, sizeof(chain));
	chain_length = 0;
	death = faults;
	pages_totals(&totals);
	free_pages = totals.free;
	model_start(&first, 1);
	model_start(&second, 2);
	app_uuid(uuid, TA_TEXT);
	app_load_file(&first, TEST_TA_DIR, TA_TEXT);
	app_load_file(&second, TEST_TA_DIR, TA_TEXT);
	app_on_entry = build_stack;
	return 0;
}

static int stop(void **state)
{
	struct page_totals totals;

	(void)state;
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 1, 0, 0).a[0], SMC_OK);
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 2, 0, 0).a[0], SMC_OK);
	assert_int_equal(host_ns_mappings(), 0);
	while (image_reclaim(&system_budget))
		;
	pages_totals(&totals);
	assert_int_equal(totals.free, free_pages);
	return 0;
}

static uint32_t open(struct model *model)
{
	uint32_t session;

	app_step_count = 0;
	assert_int_equal(model_open(model, uuid, &session), TEE_SUCCESS);
	host_console();
	return session;
}

/* Sends the command in which the app does this step. */
static uint32_t step(struct model *model, uint32_t session, struct app_step one)
{
	struct model_message m = {.header = {.cmd = MSG_CMD_INVOKE_COMMAND, .session = session}};

	death = one;
	app_steps = &death;
	app_step_count = 1;
	uint32_t a0 = model_call(model, &m);
	app_step_count = 0;
	return a0 == SMC_OK ? m.header.ret : a0;
}

/* Dies in one command of a session of its own; what the console said. */
static const char *die(struct model *model, struct app_step one)
{
	uint32_t session = open(model);

	assert_int_equal(step(model, session, one), TEE_ERROR_TARGET_DEAD);
	assert_int_equal(model_close(model, session), TEE_SUCCESS);
	return host_console();
}

static unsigned count(const char *text, const char *what)
{
	unsigned found = 0;

	while ((text = strstr(text, what))) {
		text += strlen(what);
		found++;
	}
	return found;
}

/* Where the app was loaded: printed in the report. */
static uint64_t base_of(const char *text)
{
	const char *at = strstr(text, "module " TA_TEXT " at 0x");

	assert_non_null(at);
	return strtoull(at + strlen("module " TA_TEXT " at "), NULL, 16);
}

/* The offset in the app of the n-th call. */
static uint64_t call_offset(const char *text, unsigned n)
{
	for (text = strstr(text, "  call "); text && n > 0; n--)
		text = strstr(text + 1, "  call ");
	assert_non_null(text);
	return strtoull(text + strlen("  call " TA_TEXT "+"), NULL, 16);
}

static void every_line_begins_with(const char *text, const char *prefix)
{
	assert_true(*text);
	while (*text) {
		assert_memory_equal(text, prefix, strlen(prefix));
		text = strchr(text, '\n') + 1;
	}
}

/* TA-049 */
static void a_panic_is_reported_with_guest_app_session_registers_and_places(void **state)
{
	char line[80];

	(void)state;
	uint32_t session = open(&first);
	assert_int_equal(step(&first, session, panics), TEE_ERROR_TARGET_DEAD);
	const char *text = host_console();
	every_line_begins_with(text, "g1: ");
	snprintf(line, sizeof(line), "g1: TA " TA_TEXT " session %u: panic 0xcafe\n", session);
	assert_non_null(strstr(text, line));
	assert_non_null(strstr(text, "  x24 0000000000001018  x25 0000000000001019"));
	assert_non_null(strstr(text, "  sp  "));
	assert_non_null(strstr(text, "  pc   " TA_TEXT "+0x"));
	assert_int_not_equal(base_of(text), 0);
	assert_int_equal(model_close(&first, session), TEE_SUCCESS);
}

/* TA-049, TA-154: what the exception was is said in words and in numbers. */
static void a_fault_is_reported_with_its_syndrome_and_address(void **state)
{
	(void)state;
	const char *text = die(&first, faults);
	every_line_begins_with(text, "g1: ");
	assert_non_null(strstr(text, ": data abort, read, esr 0x92000006 far 0x0\n"));
	assert_non_null(strstr(text, "  lr   0x"));
}

/* TA-153: codes of pointer authentication in return addresses do not hide where they lead. */
static void calls_are_walked_and_freed_of_pointer_authentication(void **state)
{
	(void)state;
	chain[0].next = 1;
	chain[0].call = 0x24;
	chain[0].code = 0x5555000000000000;
	chain[1].next = 2;
	chain[1].call = 0x44;
	chain[1].code = 0x00AA000000000000;
	chain[2].next = NONE;
	chain[2].call = 0x3FFF0008;
	chain_length = 3;
	const char *text = die(&first, panics);
	assert_int_equal(count(text, "  call "), 3);
	assert_int_equal(count(text, "  call " TA_TEXT "+0x"), 2);
	assert_int_equal(call_offset(text, 1), call_offset(text, 0) + 0x20);
	assert_non_null(strstr(text, "  call 0x3fff0004\n"));
	/* For a fault the walk begins at x29, and x30 is shown beside it. */
	text = die(&first, faults);
	assert_int_equal(count(text, "  call "), 3);
}

/* TA-064: a stack that leads anywhere, in circles, or nowhere: the walk ends. */
static void a_hostile_stack_ends_the_walk_and_nothing_else(void **state)
{
	const uint64_t wild[] = {0,
				 1,
				 8,
				 ARCH_USER_BASE,
				 ARCH_USER_END - 8,
				 1ull << 40,
				 UINT64_MAX - 7,
				 UINT64_MAX,
				 0x0E100000};

	(void)state;
	for (unsigned i = 0; i < array_count(wild); i++) {
		uint32_t session = open(&first);
		struct app_step one = {APP_SYSCALL, SYS_PANIC, {1, wild[i]}};
		assert_int_equal(step(&first, session, one), TEE_ERROR_TARGET_DEAD);
		assert_int_equal(count(host_console(), "  call "), 0);
		assert_int_equal(model_close(&first, session), TEE_SUCCESS);
	}
}

static void a_chain_without_end_is_cut(void **state)
{
	(void)state;
	/* Upwards for longer than anybody wants to read. */
	chain_length = 64;
	for (unsigned i = 0; i < 64; i++) {
		chain[i].next = i + 1;
		chain[i].call = 4;
	}
	assert_int_equal(count(die(&first, panics), "  call "), 24);
	/* In circles. */
	chain[2].next = 0;
	assert_int_equal(count(die(&first, panics), "  call "), 3);
	chain[0].next = 0;
	assert_int_equal(count(die(&first, panics), "  call "), 1);
}

static void a_guest_whose_app_panics_in_a_loop_takes_nothing_from_others(void **state)
{
	unsigned reports = 0, brief = 0, lines = 0;

	(void)state;
	uint64_t before = arch_counter();
	for (unsigned i = 0; i < 100; i++) {
		const char *text = die(&first, panics);
		bool whole = strstr(text, "  module ");
		reports += whole;
		brief += count(text, "(no report: too many)");
		lines += count(text, "\n");
		/* A report is there whole or not at all. */
		assert_int_equal(count(text, "  x28 "), whole);
		assert_int_equal(count(text, "  pc   "), whole);
	}
	uint64_t windows = (arch_counter() - before) / (LOG_REPORTS_SECONDS * arch_counter_hz());
	assert_true(reports >= LOG_REPORTS_MAX && reports <= LOG_REPORTS_MAX * (windows + 2));
	assert_true(brief > 0 && lines < 100 * 20);
	assert_non_null(strstr(die(&second, panics), "g2:   module "));
	/* Time gives it back. */
	before = arch_counter();
	while (arch_counter() - before < LOG_REPORTS_SECONDS * arch_counter_hz())
		;
	assert_non_null(strstr(die(&first, faults), "g1:   module "));
}

/* What an app logs in a loop is cut, and the next line says how much. */
static void lines_that_were_dropped_are_counted_with_the_next(void **state)
{
	unsigned shown = 0, dropped = 0, more;

	(void)state;
	uint32_t session = open(&first);
	const struct app_step log = {APP_SYSCALL, SYS_LOG, {frames, 8}};
	for (unsigned i = 0; i < 400; i++) {
		if (i == 399)
			for (uint64_t now = arch_counter();
			     arch_counter() - now <= arch_counter_hz();)
				;
		assert_int_equal(step(&first, session, log), TEE_SUCCESS);
		const char *text = host_console();
		shown += count(text, "g1: ");
		if (sscanf(text, "g1: (%u lines dropped)", &more) == 1)
			dropped += more;
	}
	assert_true(shown > 20 && dropped > 0);
	assert_int_equal(shown + dropped, 400);
	assert_int_equal(model_close(&first, session), TEE_SUCCESS);
}

static bool stops_when_preempted(struct model *model, uint32_t cmd, struct msg_header *message,
				 bool *served)
{
	(void)model;
	(void)message;
	(void)served;
	return cmd < 0x100;
}

/* A report that is on its way gives the CPU back after each line; nothing gets in between. */
static void a_report_is_not_torn_and_a_guest_may_die_in_it(void **state)
{
	(void)state;
	uint32_t a = open(&first), b = open(&first);
	first.on_rpc = stops_when_preempted;
	host_foreign_pending = true;
	assert_int_equal(step(&first, a, panics), MODEL_LEFT);
	host_foreign_pending = false;
	assert_non_null(strstr(host_console(), "g1: TA " TA_TEXT));
	first.on_rpc = NULL;
	uint32_t thread = first.thread_id;
	/* The second crash of that guest is a line; another guest gets its report. */
	assert_int_equal(step(&first, b, panics), TEE_ERROR_TARGET_DEAD);
	const char *text = host_console();
	assert_int_equal(count(text, "\n"), 1);
	assert_non_null(strstr(text, "(no report: too many)"));
	assert_non_null(strstr(die(&second, panics), "g2:   module "));
	first.thread_id = thread;
	assert_int_equal(model_resume(&first), SMC_OK);
	text = host_console();
	every_line_begins_with(text, "g1:   ");
	assert_int_equal(count(text, "  x28 "), 1);
	/* Once more, and now the guest dies in the middle. */
	uint32_t c = open(&first);
	first.on_rpc = stops_when_preempted;
	host_foreign_pending = true;
	assert_int_equal(step(&first, c, faults), MODEL_LEFT);
	host_foreign_pending = false;
	host_console();
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 1, 0, 0).a[0], SMC_OK);
	assert_null(strstr(host_console(), "  module "));
	model_start(&first, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(a_panic_is_reported_with_guest_app_session_registers_and_places),
		TEST(a_fault_is_reported_with_its_syndrome_and_address),
		TEST(calls_are_walked_and_freed_of_pointer_authentication),
		TEST(a_hostile_stack_ends_the_walk_and_nothing_else),
		TEST(a_chain_without_end_is_cut),
		TEST(a_guest_whose_app_panics_in_a_loop_takes_nothing_from_others),
		TEST(lines_that_were_dropped_are_counted_with_the_next),
		TEST(a_report_is_not_torn_and_a_guest_may_die_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
