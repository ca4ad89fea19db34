/* SPDX-License-Identifier: BSD-2-Clause */
/* Files on their way from a guest: its answers, its changes of mind, and its death at each RPC. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "kernel/arch/host/app.h"
#include "kernel/ta/ta.h"

#define PAGES 1200
#define APP   "c3f6e2c0-3548-11e1-b86c-0800200c9a66"

static struct model guest, other;
static uint8_t uuid[16];
static unsigned asked;
static uint32_t answer;

static void use_app(struct model *model)
{
	app_uuid(uuid, APP);
	app_load_file(model, TEST_TA_DIR, APP);
}

static int start(void **state)
{
	(void)state;
	model_boot(&guest, PAGES);
	app_reset();
	use_app(&guest);
	asked = 0;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	while (image_reclaim(&system_budget))
		;
	model_end(&guest);
	return 0;
}

static bool refuse(struct model *model, uint32_t cmd, struct msg_header *message, bool *served)
{
	(void)model;
	if (cmd == RPC_CMD_LOAD_TA) {
		asked++;
		message->ret = answer;
		*served = true;
	}
	return true;
}

/* There is one store so far: after whatever it says nobody else is asked, and the opener is told.
 */
static void ta_021_the_answer_of_a_store_ends_the_search(void **state)
{
	static const uint32_t answers[] = {TEE_ERROR_ITEM_NOT_FOUND,
					   TEE_ERROR_STORAGE_NOT_AVAILABLE, TEE_ERROR_SECURITY,
					   TEE_ERROR_OUT_OF_MEMORY, TEE_ERROR_GENERIC};
	uint32_t session;

	(void)state;
	guest.on_rpc = refuse;
	for (size_t i = 0; i < array_count(answers); i++) {
		asked = 0;
		answer = answers[i];
		assert_int_equal(model_open(&guest, uuid, &session), answer);
		assert_int_equal(asked, 1);
	}
	guest.on_rpc = NULL;
}

static bool spoil_after_copy(struct model *model, uint32_t cmd, struct msg_header *message,
			     bool *served)
{
	(void)message;
	(void)served;
	if (cmd != RPC_CMD_SHM_FREE)
		return true;
	for (size_t i = 0; i < MODEL_BUFFERS; i++) {
		const struct model_buffer *b = &model->payload[i];
		for (uint64_t at = 0; b->cookie && at < b->size; at += PAGE_SIZE)
			memset(host_ns(b->pa + at), 0xff, min(b->size - at, PAGE_SIZE));
	}
	asked++;
	return true;
}

/* The kernel has its copy when it gives the buffer back; the first time verified, then compared. */
static void ta_016_the_guests_buffer_does_not_matter_once_it_was_copied(void **state)
{
	uint32_t session;

	(void)state;
	guest.on_rpc = spoil_after_copy;
	for (unsigned i = 0; i < 2; i++) {
		asked = 0;
		assert_int_equal(model_open(&guest, uuid, &session), TEE_SUCCESS);
		assert_true(asked > 0);
		assert_int_equal(model_close(&guest, session), TEE_SUCCESS);
	}
	guest.on_rpc = NULL;
}

static bool stop_there(struct model *model, uint32_t cmd, struct msg_header *message, bool *served)
{
	(void)model;
	(void)cmd;
	(void)message;
	(void)served;
	return ++asked != answer;
}

/* Destroys guest 2 at the RPC with this number (from 1) of an open; false if there is none. */
static bool die_at(unsigned number)
{
	uint32_t session;

	model_start(&other, 2);
	use_app(&other);
	other.on_rpc = stop_there;
	answer = number;
	asked = 0;
	uint32_t result = model_open(&other, uuid, &session);
	bool reached = asked >= number;
	assert_true(reached || result == TEE_SUCCESS);
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 2, 0, 0).a[0], SMC_OK);
	return reached;
}

static void die_everywhere(void)
{
	struct page_totals before, after;
	unsigned number = 1;

	pages_totals(&before);
	while (die_at(number)) {
		while (image_reclaim(&system_budget))
			;
		pages_totals(&after);
		assert_int_equal(after.free, before.free);
		assert_int_equal(after.reserved, before.reserved);
		number++;
	}
	/* Size, buffer, content, and the buffer's return at least. */
	assert_true(number > 4);
}

/* TA-016, attack row 38 */
static void a_guest_that_dies_at_any_rpc_of_an_open_leaves_nothing(void **state)
{
	uint32_t session;

	(void)state;
	die_everywhere();
	/* The same with a file that is known, and in use by another guest. */
	assert_int_equal(model_open(&guest, uuid, &session), TEE_SUCCESS);
	die_everywhere();
	assert_int_equal(model_close(&guest, session), TEE_SUCCESS);
}

/* Secure pages that opening one more session takes. */
static uint32_t cost_of_open(struct model *model)
{
	struct page_totals before, after;
	uint32_t session;

	pages_totals(&before);
	assert_int_equal(model_open(model, uuid, &session), TEE_SUCCESS);
	pages_totals(&after);
	return before.free - after.free;
}

static void costs_of(const char *name, const char *what, uint32_t further_most)
{
	struct model second;

	model_start(&second, 2);
	app_uuid(uuid, name);
	app_load_file(&guest, TEST_TA_DIR, name);
	app_load_file(&second, TEST_TA_DIR, name);
	uint32_t first = cost_of_open(&guest), further = cost_of_open(&guest);
	uint32_t of_second = cost_of_open(&second);
	printf("%s: first session %u pages, a further one %u, another guest's first %u\n", what,
	       first, further, of_second);
	/* A call with its stack is kept with a guest's first session. */
	assert_in_range(of_second, 1, first - 20);
	assert_in_range(further, 0, further_most);
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 2, 0, 0).a[0], SMC_OK);
}

/* What is not shared is writable pages, tables and records: the figures of docs/performance.md. */
static void what_is_not_shared_is_what_a_further_session_costs(void **state)
{
	(void)state;
	costs_of(APP, "an instance for each session", 20);
	costs_of("e6a33ed4-562b-463a-bb7e-ff5e15a493c8", "one instance, several sessions", 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ta_021_the_answer_of_a_store_ends_the_search),
		TEST(ta_016_the_guests_buffer_does_not_matter_once_it_was_copied),
		TEST(a_guest_that_dies_at_any_rpc_of_an_open_leaves_nothing),
		TEST(what_is_not_shared_is_what_a_further_session_costs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
