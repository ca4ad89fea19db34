/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets of apps, and a tee-supplicant that is honest, hostile or gone. */
#include "kernel/service/fixture_test.h"

#define OPEN  1u
#define CLOSE 2u
#define SEND  3u
#define RECV  4u
#define IOCTL 5u

/* --- an honest tee-supplicant: one socket that echoes
 * ------------------------------------------------- */

static struct {
	uint32_t instance;
	unsigned opened, closed, all_closed;
	char host[32];
	uint64_t port, protocol, version, timeout, command;
	uint8_t data[300];
	size_t size;
} net;

static TEE_Result serve(struct msg_header *header, struct msg_param *p)
{
	unsigned op = p[0].u.value.a;

	assert_int_equal(p[0].attr, MSG_ATTR_VALUE_IN);
	assert_true(op == 0 || op == 2 || p[0].u.value.c == 0x1234);
	if (net.instance)
		assert_int_equal(p[0].u.value.b, net.instance);
	net.instance = p[0].u.value.b;
	switch (op) {
	case 0:
		assert_int_equal(header->num_params, 4);
		assert_int_equal(p[1].attr, MSG_ATTR_VALUE_IN);
		assert_int_equal(p[2].attr, MSG_ATTR_RMEM_IN);
		assert_int_equal(p[3].attr, MSG_ATTR_VALUE_OUT);
		net.port = p[1].u.value.a;
		net.protocol = p[1].u.value.b;
		net.version = p[1].u.value.c;
		memcpy(net.host, supplicant_memory(&p[2]), p[2].u.rmem.size);
		p[3].u.value.a = 0x1234;
		net.opened++;
		return TEE_SUCCESS;
	case 1:
		assert_int_equal(header->num_params, 1);
		net.closed++;
		return TEE_SUCCESS;
	case 2:
		assert_int_equal(header->num_params, 1);
		net.all_closed++;
		return TEE_SUCCESS;
	case 3:
		assert_int_equal(header->num_params, 3);
		assert_int_equal(p[2].attr, MSG_ATTR_VALUE_INOUT);
		net.timeout = p[2].u.value.a;
		net.size = min(p[1].u.rmem.size, (uint64_t)sizeof(net.data));
		memcpy(net.data, supplicant_memory(&p[1]), net.size);
		p[2].u.value.b = net.size;
		return TEE_SUCCESS;
	case 4:
		assert_int_equal(header->num_params, 3);
		assert_int_equal(p[2].attr, MSG_ATTR_VALUE_IN);
		net.timeout = p[2].u.value.a;
		if (!supplicant_memory(&p[1])) {
			p[1].u.tmem.size = net.size;
			return TEE_SUCCESS;
		}
		p[1].u.rmem.size = min(p[1].u.rmem.size, (uint64_t)net.size);
		memcpy(supplicant_memory(&p[1]), net.data, p[1].u.rmem.size);
		return TEE_SUCCESS;
	default:
		assert_int_equal(op, 5);
		assert_int_equal(header->num_params, 3);
		net.command = p[2].u.value.a;
		if (supplicant_memory(&p[1]))
			((uint8_t *)supplicant_memory(&p[1]))[0]++;
		return 0xF1007001;
	}
}

static void honest(uint32_t cmd, struct msg_header *header, struct msg_param *p, bool *served)
{
	if (cmd != RPC_CMD_SOCKET)
		return;
	header->ret = serve(header, p);
	*served = true;
}

static int start(void **state)
{
	memset(&net, 0, sizeof(net));
	supplicant = honest;
	return fixture_start(state);
}

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, fixture_stop)

/* --- commands
 * ------------------------------------------------------------------------------------------ */

static struct ta_params open_params(const struct ta_instance *app, uint64_t size)
{
	return (struct ta_params){{
		value_param(TEE_PARAM_VALUE_INPUT, 1, 8080),
		memory_param(TEE_PARAM_MEMREF_INPUT, app, app_page, size),
		value_param(TEE_PARAM_VALUE_INPUT, 0x65, 0),
		null_param(TEE_PARAM_VALUE_OUTPUT),
	}};
}

static struct ta_params data_params(const struct ta_instance *app, uint32_t type, uint64_t size)
{
	struct ta_params params = {{
		value_param(TEE_PARAM_VALUE_INPUT, 0x1234, 77),
		memory_param(type, app, app_page, size),
	}};

	if (type == TEE_PARAM_MEMREF_INPUT)
		params.p[2].type = TEE_PARAM_VALUE_OUTPUT;
	if (size == 0)
		params.p[1] = null_param(type);
	return params;
}

static uint32_t open_socket(struct ta_instance *app, uint32_t session)
{
	struct ta_params params = open_params(app, 10);

	app_put(app, app_page, "127.0.0.1", 10);
	assert_int_equal(app_invoke(app, session, OPEN, &params), TEE_SUCCESS);
	return params.p[3].u.value.a;
}

static void use_socket(struct ta_instance *app)
{
	uint32_t session;
	uint8_t data[300], back[300];
	struct ta_params params;

	assert_int_equal(app_open(app, &socket_uuid, &session), TEE_SUCCESS);
	assert_int_equal(open_socket(app, session), 0x1234);
	assert_string_equal(net.host, "127.0.0.1");
	assert_int_equal(net.port, 8080);
	assert_int_equal(net.protocol, 0x65);
	assert_int_equal(net.version, 1);
	memset(data, 'd', sizeof(data));
	app_put(app, app_page, data, sizeof(data));
	params = data_params(app, TEE_PARAM_MEMREF_INPUT, 300);
	assert_int_equal(app_invoke(app, session, SEND, &params), TEE_SUCCESS);
	assert_int_equal(params.p[2].u.value.a, 300);
	assert_int_equal(net.timeout, 77);
	assert_memory_equal(net.data, data, 300);
	/* How much is there? */
	params = data_params(app, TEE_PARAM_MEMREF_OUTPUT, 0);
	assert_int_equal(app_invoke(app, session, RECV, &params), TEE_SUCCESS);
	assert_int_equal(params.p[1].u.memref.size, 300);
	params = data_params(app, TEE_PARAM_MEMREF_OUTPUT, 1000);
	params.p[1].u.memref.offset += 1500;
	assert_int_equal(app_invoke(app, session, RECV, &params), TEE_SUCCESS);
	assert_int_equal(params.p[1].u.memref.size, 300);
	app_get(app, app_page + 1500, back, sizeof(back));
	assert_memory_equal(back, data, 300);
	/* GlobalPlatform's socket codes are for the app. */
	params = data_params(app, TEE_PARAM_MEMREF_INOUT, 4);
	assert_int_equal(app_invoke(app, session, IOCTL, &params), 0xF1007001);
	assert_int_equal(net.command, 77);
	params = (struct ta_params){{value_param(TEE_PARAM_VALUE_INPUT, 0x1234, 0)}};
	assert_int_equal(app_invoke(app, session, CLOSE, &params), TEE_SUCCESS);
	assert_int_equal(net.closed, 1);
	assert_int_equal(net.all_closed, 0);
	app_close(app, session);
	assert_int_equal(net.all_closed, 1);
}

static void ta_147_a_socket_opens_sends_receives_and_closes(void **state)
{
	(void)state;
	assert_int_equal(in_app(use_socket), SMC_OK);
}

static void leave_socket(struct ta_instance *app)
{
	uint32_t session, unused;

	assert_int_equal(app_open(app, &socket_uuid, &session), TEE_SUCCESS);
	assert_int_equal(app_open(app, &socket_uuid, &unused), TEE_SUCCESS);
	assert_int_not_equal(session, unused);
	open_socket(app, session);
}

static void ta_147_what_an_app_leaves_open_is_closed_with_it(void **state)
{
	(void)state;
	assert_int_equal(in_app(leave_socket), SMC_OK);
	/* Once: the other session had no socket, so nothing is sent for it. */
	assert_int_equal(net.all_closed, 1);
	assert_int_equal(net.closed, 0);
}

/* TA-141, TA-147 */
static void sockets_are_for_apps_only(void **state)
{
	uint8_t octets[16];
	uint32_t session;

	(void)state;
	uuid_to_octets(&socket_uuid, octets);
	assert_int_equal(model_open(&guest, octets, &session), TEE_ERROR_ACCESS_DENIED);
	uuid_to_octets(&system_uuid, octets);
	assert_int_equal(model_open(&guest, octets, &session), TEE_ERROR_ACCESS_DENIED);
}

static void send_wrong_things(struct ta_instance *app)
{
	uint32_t session;
	struct ta_params params = open_params(app, 10);

	assert_int_equal(app_open(app, &socket_uuid, &session), TEE_SUCCESS);
	wrong_types_are_refused(app, session, OPEN, &params);
	params = data_params(app, TEE_PARAM_MEMREF_INPUT, 10);
	wrong_types_are_refused(app, session, SEND, &params);
	params = data_params(app, TEE_PARAM_MEMREF_OUTPUT, 10);
	wrong_types_are_refused(app, session, RECV, &params);
	params = data_params(app, TEE_PARAM_MEMREF_INOUT, 10);
	wrong_types_are_refused(app, session, IOCTL, &params);
	params = (struct ta_params){{null_param(TEE_PARAM_VALUE_INPUT)}};
	wrong_types_are_refused(app, session, CLOSE, &params);
	assert_int_equal(app_invoke(app, session, 0, &params), TEE_ERROR_NOT_IMPLEMENTED);
	assert_int_equal(app_invoke(app, session, 6, &params), TEE_ERROR_NOT_IMPLEMENTED);
	/* Host names: none, without an end, too long for any. */
	params = open_params(app, 10);
	params.p[1] = null_param(TEE_PARAM_MEMREF_INPUT);
	assert_int_equal(app_invoke(app, session, OPEN, &params), TEE_ERROR_BAD_PARAMETERS);
	app_put(app, app_page, "12345678901", 11);
	params = open_params(app, 10);
	assert_int_equal(app_invoke(app, session, OPEN, &params), TEE_ERROR_BAD_PARAMETERS);
	params = open_params(app, 257);
	assert_int_equal(app_invoke(app, session, OPEN, &params), 0xF1007007);
	/* Memory that is not there, should it have gone since it was checked. */
	params = open_params(app, 10);
	params.p[1].u.memref.offset = 0x1000;
	assert_int_equal(app_invoke(app, session, OPEN, &params), TEE_ERROR_ACCESS_DENIED);
	params = data_params(app, TEE_PARAM_MEMREF_INPUT, 2 * PAGE_SIZE);
	assert_int_equal(app_invoke(app, session, SEND, &params), TEE_ERROR_ACCESS_DENIED);
	params = data_params(app, TEE_PARAM_MEMREF_INOUT, UINT64_MAX);
	assert_int_equal(app_invoke(app, session, IOCTL, &params), TEE_ERROR_OUT_OF_MEMORY);
}

static void wrong_parameters_of_sockets_reach_nobody(void **state)
{
	(void)state;
	assert_int_equal(in_app(send_wrong_things), SMC_OK);
	assert_int_equal(net.opened + net.closed + net.all_closed, 0);
}

static void send_much(struct ta_instance *app)
{
	const uint64_t size = (1u << 20) + PAGE_SIZE;
	struct ta_params params;
	uint32_t session;
	uint64_t va;

	assert_int_equal(uaspace_map_zero(&app->as, size, false, 0, 0, 0, &va), TEE_SUCCESS);
	assert_int_equal(app_open(app, &socket_uuid, &session), TEE_SUCCESS);
	params = data_params(app, TEE_PARAM_MEMREF_INPUT, size);
	params.p[1].u.memref.offset = va;
	assert_int_equal(app_invoke(app, session, SEND, &params), TEE_SUCCESS);
	assert_int_equal(params.p[2].u.value.a, sizeof(net.data));
	params = data_params(app, TEE_PARAM_MEMREF_OUTPUT, size);
	params.p[1].u.memref.offset = va;
	assert_int_equal(app_invoke(app, session, RECV, &params), TEE_SUCCESS);
	assert_int_equal(params.p[1].u.memref.size, sizeof(net.data));
	assert_int_equal(uaspace_unmap_zero(&app->as, va, size), TEE_SUCCESS);
}

/* More than a payload can be is sent and received in part: the app sees how much. */
static void large_transfers_go_in_parts(void **state)
{
	(void)state;
	assert_int_equal(in_app(send_much), SMC_OK);
}

/* --- hostile answers
 * ------------------------------------------------------------------------------------ */

static TEE_Result lie_result;
static uint64_t lie_size;

static void liar(uint32_t cmd, struct msg_header *header, struct msg_param *p, bool *served)
{
	if (cmd != RPC_CMD_SOCKET)
		return;
	header->ret = lie_result;
	for (unsigned i = 0; i < 4; i++) {
		p[i].attr = UINT64_MAX;
		p[i].u.value = (struct msg_value){lie_size, lie_size, lie_size};
	}
	*served = true;
}

static void listen_to_lies(struct ta_instance *app)
{
	static const TEE_Result results[] = {TEE_SUCCESS,
					     TEE_ERROR_TARGET_DEAD,
					     TEE_ERROR_SHORT_BUFFER,
					     0xF1007005,
					     0xF1007003,
					     0x12345678,
					     UINT32_MAX};
	static const uint64_t sizes[] = {0,        1,          99,         100,       101,
					 1u << 20, UINT32_MAX, 1ull << 32, UINT64_MAX};
	uint32_t session;

	assert_int_equal(app_open(app, &socket_uuid, &session), TEE_SUCCESS);
	for (unsigned i = 0; i < array_count(results) * array_count(sizes); i++) {
		lie_result = results[i / array_count(sizes)];
		lie_size = sizes[i % array_count(sizes)];
		/* TARGET_DEAD is the kernel's own word. */
		TEE_Result told =
			lie_result == TEE_ERROR_TARGET_DEAD ? TEE_ERROR_GENERIC : lie_result;
		bool needs = told == TEE_ERROR_SHORT_BUFFER || told == 0xF1007005;
		struct ta_params params = data_params(app, TEE_PARAM_MEMREF_INPUT, 100);
		assert_int_equal(app_invoke(app, session, SEND, &params), told);
		assert_in_range(params.p[2].u.value.a, 0, 100);
		params = data_params(app, TEE_PARAM_MEMREF_OUTPUT, 100);
		assert_int_equal(app_invoke(app, session, RECV, &params), told);
		assert_in_range(params.p[1].u.memref.size, 0, needs ? UINT32_MAX : 100);
		if (told && !needs)
			assert_int_equal(params.p[1].u.memref.size, 100);
		params = data_params(app, TEE_PARAM_MEMREF_INOUT, 100);
		assert_int_equal(app_invoke(app, session, IOCTL, &params), told);
		assert_in_range(params.p[1].u.memref.size, 0, needs ? UINT32_MAX : 100);
		params = data_params(app, TEE_PARAM_MEMREF_OUTPUT, 0);
		assert_int_equal(app_invoke(app, session, RECV, &params), told);
		assert_in_range(params.p[1].u.memref.size, 0, UINT32_MAX);
		params = open_params(app, 10);
		app_put(app, app_page, "localhost", 10);
		assert_int_equal(app_invoke(app, session, OPEN, &params), told);
	}
}

/* TA-147, NW-103 */
static void lies_about_sockets_are_bounded(void **state)
{
	(void)state;
	supplicant = liar;
	assert_int_equal(in_app(listen_to_lies), SMC_OK);
}

/* --- nothing to be had, and nobody there
 * ---------------------------------------------------------------- */

static unsigned fail_which;
static bool survived;

static void use_without_memory(struct ta_instance *app)
{
	struct ta_params params;
	uint32_t session;
	TEE_Result res;

	survived = false;
	fail_allocation(fail_which);
	res = app_open(app, &socket_uuid, &session);
	if (res == TEE_SUCCESS) {
		app_put(app, app_page, "127.0.0.1", 10);
		params = open_params(app, 10);
		res = app_invoke(app, session, OPEN, &params);
	}
	if (res == TEE_SUCCESS) {
		params = data_params(app, TEE_PARAM_MEMREF_INPUT, 300);
		res = app_invoke(app, session, SEND, &params);
	}
	if (res == TEE_SUCCESS) {
		params = data_params(app, TEE_PARAM_MEMREF_OUTPUT, 4000);
		res = app_invoke(app, session, RECV, &params);
	}
	survived = !allocation_failed();
	fail_allocation(0);
	assert_int_equal(res, survived ? TEE_SUCCESS : TEE_ERROR_OUT_OF_MEMORY);
}

/* TA-147, I8 */
static void a_socket_without_memory_is_an_error_code(void **state)
{
	(void)state;
	for (fail_which = 1; !survived; fail_which++) {
		memset(&net, 0, sizeof(net));
		assert_int_equal(in_app(use_without_memory), SMC_OK);
		assert_int_equal(net.all_closed, net.opened);
	}
	assert_true(fail_which > 3);
}

static unsigned stop_which;

static void use_and_die(struct ta_instance *app)
{
	struct ta_params params;
	uint32_t session;

	stop_at_exit(stop_which);
	if (app_open(app, &socket_uuid, &session))
		return;
	app_put(app, app_page, "127.0.0.1", 10);
	params = open_params(app, 10);
	TEE_Result res = app_invoke(app, session, OPEN, &params);
	params = data_params(app, TEE_PARAM_MEMREF_INPUT, 300);
	if (!res)
		res = app_invoke(app, session, SEND, &params);
	params = data_params(app, TEE_PARAM_MEMREF_OUTPUT, 300);
	if (!res)
		res = app_invoke(app, session, RECV, &params);
	/* It may die when all is done but giving the payload back. */
	assert_true(res == TEE_SUCCESS || (res == TEE_ERROR_TARGET_DEAD && app->guest->dying));
}

/* TA-147, NW-164: at each RPC of a socket's life, that of its end included. */
static void a_guest_that_dies_at_any_rpc_of_a_socket_leaves_nothing(void **state)
{
	for (stop_which = 1; in_app(use_and_die) != SMC_OK; stop_which++) {
		model_end(&guest);
		start(state);
	}
	assert_int_equal(net.all_closed, 1);
	assert_true(stop_which > 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ta_147_a_socket_opens_sends_receives_and_closes),
		TEST(ta_147_what_an_app_leaves_open_is_closed_with_it),
		TEST(sockets_are_for_apps_only),
		TEST(wrong_parameters_of_sockets_reach_nobody),
		TEST(large_transfers_go_in_parts),
		TEST(lies_about_sockets_are_bounded),
		TEST(a_socket_without_memory_is_an_error_code),
		TEST(a_guest_that_dies_at_any_rpc_of_a_socket_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
