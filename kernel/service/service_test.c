/* SPDX-License-Identifier: BSD-2-Clause */
/* Services of the kernel, as Linux uses them. */
#include "kernel/service/fixture_test.h"

static const uint8_t device_uuid[16] = {0x70, 0x11, 0xa6, 0x88, 0xdd, 0xde, 0x40, 0x53,
					0xa5, 0xa9, 0x7b, 0x3c, 0x4d, 0xdf, 0x13, 0xb8};
static const uint8_t rng_uuid[16] = {0xab, 0x7a, 0x61, 0x7c, 0xb8, 0xe7, 0x4d, 0x8f,
				     0x83, 0x01, 0xd0, 0x9b, 0x61, 0x03, 0x6b, 0x64};

/* TA-148 */
static void nw_146_device_enumeration_as_linux_asks(void **state)
{
	uint32_t session;
	uint64_t pa = model_alloc(&guest, PAGE_SIZE);

	(void)state;
	assert_int_equal(model_open(&guest, device_uuid, &session), TEE_SUCCESS);
	struct model_message m = model_invocation(session, 0, 4);
	m.params[0].attr = MSG_ATTR_TMEM_OUT;
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_ERROR_SHORT_BUFFER);
	assert_int_equal(m.params[0].u.tmem.size, 16);
	assert_int_equal(model_register(&guest, pa, 16, 0x40), TEE_SUCCESS);
	m = model_invocation(session, 0, 4);
	m.params[0] = (struct msg_param){.attr = MSG_ATTR_RMEM_OUT, .u.rmem = {0, 16, 0x40}};
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_SUCCESS);
	assert_memory_equal(host_ns(pa), rng_uuid, 16);
	for (uint32_t cmd = 1; cmd <= 2; cmd++) {
		m = model_invocation(session, cmd, 4);
		m.params[0].attr = MSG_ATTR_TMEM_OUT;
		assert_int_equal(model_call(&guest, &m), SMC_OK);
		assert_int_equal(m.header.ret, TEE_SUCCESS);
		assert_int_equal(m.params[0].u.tmem.size, 0);
	}
	m = model_invocation(session, 3, 4);
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
	struct model_message m = model_invocation(session, 0, 4);
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
	m = model_invocation(session, 1, 1);
	m.params[0].attr = MSG_ATTR_VALUE_OUT;
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_SUCCESS);
	assert_int_equal(m.params[0].u.value.a, 0);
	assert_int_equal(model_close(&guest, session), TEE_SUCCESS);
}

/* TA-140: what decides that a case of xtest is skipped. */
static void services_that_are_absent_are_found_nowhere(void **state)
{
	static const char *const absent[] = {
		"d96a5b40-c3e5-21e3-8794-1002a5d5c61b", /* invoke tests */
		"6e256cba-fc4d-4941-ad09-2ca1860342dd", /* installing apps */
		"39800861-182a-4720-9b67-2bcd622bc0b5", /* attestation */
		"f389f8c8-845f-496c-8bbe-d64bd24c92fd", /* real-time clock */
		"be0e5821-e718-4f77-ab3e-8e6c73a9c735", /* SCP03 */
		"bc50d971-d4c9-42c4-82cb-343fb7f37896", /* fTPM */
	};

	(void)state;
	for (unsigned i = 0; i < array_count(absent); i++) {
		uint8_t uuid[16];
		uint32_t session;
		app_uuid(uuid, absent[i]);
		assert_int_equal(model_open(&guest, uuid, &session), TEE_ERROR_ITEM_NOT_FOUND);
	}
}

static void read_random(struct ta_instance *app)
{
	static const struct uuid rng = {
		0xab7a617c, 0xb8e7, 0x4d8f, {0x83, 0x01, 0xd0, 0x9b, 0x61, 0x03, 0x6b, 0x64}};
	struct ta_params params = {{memory_param(TEE_PARAM_MEMREF_INOUT, app, app_page, 4000)}};
	static const uint8_t zero[32];
	uint8_t got[32];
	uint32_t session;

	assert_int_equal(app_open(app, &rng, &session), TEE_SUCCESS);
	wrong_types_are_refused(app, session, 0, &params);
	assert_int_equal(app_invoke(app, session, 0, &params), TEE_SUCCESS);
	app_get(app, app_page + 3968, got, sizeof(got));
	assert_memory_not_equal(got, zero, sizeof(got));
	params.p[0] = null_param(TEE_PARAM_MEMREF_INOUT);
	assert_int_equal(app_invoke(app, session, 0, &params), TEE_SUCCESS);
	params.p[0] = memory_param(TEE_PARAM_MEMREF_INOUT, app, app_page, PAGE_SIZE + 1);
	assert_int_equal(app_invoke(app, session, 0, &params), TEE_ERROR_ACCESS_DENIED);
}

/* TA-084 */
static void apps_use_the_services_of_clients_with_their_own_memory(void **state)
{
	(void)state;
	assert_int_equal(in_app(read_random), SMC_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nw_146_device_enumeration_as_linux_asks),
		TEST(nw_148_random_numbers_for_linux),
		TEST(services_that_are_absent_are_found_nowhere),
		TEST(apps_use_the_services_of_clients_with_their_own_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
