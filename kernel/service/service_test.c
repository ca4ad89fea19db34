/* SPDX-License-Identifier: BSD-2-Clause */
/* Services of the kernel, as Linux uses them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "abi/tenon.h"
#include "kernel/arch/host/model.h"
#include "kernel/guest/guest.h"
#include "kernel/ta/ta.h"

static struct model guest;
static struct page_totals at_start;

static int start(void **state)
{
	(void)state;
	host_start(1200);
	pages_totals(&at_start);
	model_start(&guest, 1);
	return 0;
}

static int stop(void **state)
{
	struct page_totals t;

	(void)state;
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 1, 0, 0).a[0], SMC_OK);
	while (image_reclaim(&system_budget))
		;
	pages_totals(&t);
	assert_int_equal(t.free, at_start.free);
	assert_int_equal(t.reserved, at_start.reserved);
	return 0;
}

static const uint8_t device_uuid[16] = {0x70, 0x11, 0xa6, 0x88, 0xdd, 0xde, 0x40, 0x53,
					0xa5, 0xa9, 0x7b, 0x3c, 0x4d, 0xdf, 0x13, 0xb8};
static const uint8_t rng_uuid[16] = {0xab, 0x7a, 0x61, 0x7c, 0xb8, 0xe7, 0x4d, 0x8f,
				     0x83, 0x01, 0xd0, 0x9b, 0x61, 0x03, 0x6b, 0x64};

static struct model_message invoke(uint32_t session, uint32_t func, unsigned params)
{
	return (struct model_message){.header = {.cmd = MSG_CMD_INVOKE_COMMAND,
						 .session = session,
						 .func = func,
						 .num_params = params}};
}

static void nw_146_device_enumeration_as_linux_asks(void **state)
{
	uint32_t session;
	uint64_t pa = model_alloc(&guest, PAGE_SIZE);

	(void)state;
	assert_int_equal(model_open(&guest, device_uuid, &session), TEE_SUCCESS);
	struct model_message m = invoke(session, 0, 4);
	m.params[0].attr = MSG_ATTR_TMEM_OUT;
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_ERROR_SHORT_BUFFER);
	assert_int_equal(m.params[0].u.tmem.size, 16);
	assert_int_equal(model_register(&guest, pa, 16, 0x40), TEE_SUCCESS);
	m = invoke(session, 0, 4);
	m.params[0] = (struct msg_param){.attr = MSG_ATTR_RMEM_OUT, .u.rmem = {0, 16, 0x40}};
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_SUCCESS);
	assert_memory_equal(host_ns(pa), rng_uuid, 16);
	for (uint32_t cmd = 1; cmd <= 2; cmd++) {
		m = invoke(session, cmd, 4);
		m.params[0].attr = MSG_ATTR_TMEM_OUT;
		assert_int_equal(model_call(&guest, &m), SMC_OK);
		assert_int_equal(m.header.ret, TEE_SUCCESS);
		assert_int_equal(m.params[0].u.tmem.size, 0);
	}
	m = invoke(session, 3, 4);
	m.params[0].attr = MSG_ATTR_TMEM_OUT;
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_ERROR_NOT_IMPLEMENTED);
	assert_int_equal(model_close(&guest, session), TEE_SUCCESS);
}

static void nw_148_random_numbers_for_linux(void **state)
{
	uint32_t session;
	uint64_t pa = model_alloc(&guest, PAGE_SIZE);
	static const uint8_t zero[64];

	(void)state;
	assert_int_equal(model_open(&guest, rng_uuid, &session), TEE_SUCCESS);
	assert_int_equal(model_register(&guest, pa, PAGE_SIZE, 0x40), TEE_SUCCESS);
	struct model_message m = invoke(session, 0, 4);
	m.params[0] =
		(struct msg_param){.attr = MSG_ATTR_RMEM_INOUT, .u.rmem = {0, PAGE_SIZE, 0x40}};
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_SUCCESS);
	assert_int_equal(m.params[0].u.rmem.size, PAGE_SIZE);
	for (unsigned i = 0; i < PAGE_SIZE; i += 64)
		assert_memory_not_equal(host_ns(pa + i), zero, 64);
	m.params[0].attr = MSG_ATTR_RMEM_OUT;
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_ERROR_BAD_PARAMETERS);
	m = invoke(session, 1, 1);
	m.params[0].attr = MSG_ATTR_VALUE_OUT;
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_SUCCESS);
	assert_int_equal(m.params[0].u.value.a, 0);
	assert_int_equal(model_close(&guest, session), TEE_SUCCESS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(nw_146_device_enumeration_as_linux_asks),
		TEST(nw_148_random_numbers_for_linux),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
