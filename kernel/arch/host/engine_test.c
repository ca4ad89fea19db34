/* SPDX-License-Identifier: BSD-2-Clause */
/* Real trusted apps, executed: xtest's own, against the kernel's system calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "kernel/arch/host/app.h"
#include "kernel/arch/host/engine.h"
#include "kernel/guest/guest.h"
#include "kernel/ta/ta.h"

#define PAGES       4096
#define CRYPT       "cb3e5ba0-adf1-11e0-998b-0002a5d5c51b"
#define CREATE_FAIL "c3f6e2c0-3548-11e1-b86c-0800200c9a66"

static struct model guest;
static uint8_t uuid[16];

static int start_with(uint64_t seed, uint32_t slice)
{
	model_boot(&guest, PAGES);
	engine_start(&(struct engine_config){.seed = seed, .slice = slice});
	return 0;
}

static int start(void **state)
{
	(void)state;
	return start_with(1, 2000);
}

/* The guest dies; then every page is back. */
static int stop(void **state)
{
	(void)state;
	model_end(&guest);
	engine_stop();
	return 0;
}

static uint32_t open(const char *name, uint32_t *session)
{
	app_uuid(uuid, name);
	app_load_file(&guest, TEST_TA_DIR, name);
	return model_open(&guest, uuid, session);
}

/* Commands of xtest's crypt app that it computes itself: 1, 2: SHA-224, SHA-256. */
static uint32_t digest(uint32_t session, uint32_t cmd, const char *text, uint8_t out[32])
{
	uint64_t mark = guest.used;
	uint64_t pa = model_alloc(&guest, 2 * PAGE_SIZE);
	struct model_message m = {.header = {.cmd = MSG_CMD_INVOKE_COMMAND,
					     .session = session,
					     .func = cmd,
					     .num_params = 2}};

	memcpy(host_ns(pa), text, strlen(text));
	m.params[0] = (struct msg_param){
		MSG_ATTR_TMEM_IN | MSG_ATTR_NONCONTIG,
		.u.tmem = {model_page_list(&guest, pa, PAGE_SIZE), strlen(text), 0x1234}};
	m.params[1] = (struct msg_param){
		MSG_ATTR_TMEM_OUT | MSG_ATTR_NONCONTIG,
		.u.tmem = {model_page_list(&guest, pa + PAGE_SIZE, PAGE_SIZE), 32, 0x1235}};
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	memcpy(out, host_ns(pa + PAGE_SIZE), 32);
	guest.used = mark;
	return m.header.ret;
}

/* TA-041, TA-042, TA-044, TA-056: as shipped, with its V registers, over many preemptions. */
static void an_app_of_the_test_suite_hashes_what_its_client_lends_it(void **state)
{
	static const uint8_t abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
				      0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
				      0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
				      0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
	uint32_t session;
	uint8_t out[32];

	(void)state;
	assert_int_equal(open(CRYPT, &session), TEE_SUCCESS);
	assert_int_equal(digest(session, 2, "abc", out), TEE_SUCCESS);
	assert_memory_equal(out, abc, sizeof(abc));
	assert_true(guest.preemptions >= 3);
	assert_int_equal(model_close(&guest, session), TEE_SUCCESS);
}

static uint64_t instructions_with(uint64_t seed, unsigned *preemptions)
{
	uint32_t session;
	uint8_t out[32];

	start_with(seed, 1000);
	assert_int_equal(open(CRYPT, &session), TEE_SUCCESS);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(digest(session, 1, "a longer text", out), TEE_SUCCESS);
	*preemptions = guest.preemptions;
	uint64_t count = engine_instructions();
	stop(NULL);
	return count;
}

static void the_same_seed_gives_the_same_run(void **state)
{
	unsigned a, b, c;

	uint64_t count = instructions_with(7, &a);
	assert_int_equal(instructions_with(7, &b), count);
	assert_int_equal(a, b);
	assert_int_equal(instructions_with(8, &c), count);
	start(state);
}

/* TA-048 */
static void an_app_that_refuses_to_be_created_leaves_nothing(void **state)
{
	uint32_t session;

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(open(CREATE_FAIL, &session), TEE_ERROR_GENERIC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			an_app_of_the_test_suite_hashes_what_its_client_lends_it, start, stop),
		cmocka_unit_test_setup_teardown(the_same_seed_gives_the_same_run, NULL, stop),
		cmocka_unit_test_setup_teardown(an_app_that_refuses_to_be_created_leaves_nothing,
						start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
