/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/service/fixture_test.h"

#define APP      "023f8f1a-292a-432b-8fc4-de8471358067"
#define SYS_TEST 0xF00u

struct model guest;
uint64_t app_page;
void (*supplicant)(uint32_t cmd, struct msg_header *header, struct msg_param *params, bool *served);

const struct uuid system_uuid = {
	0x3a2f8978, 0x5dc0, 0x11e8, {0x9c, 0x2d, 0xfa, 0x7a, 0xe0, 0x1b, 0xbe, 0xbc}};
const struct uuid socket_uuid = {
	0x3b996a7d, 0x2c2b, 0x4a49, {0xa8, 0x96, 0xe1, 0xfb, 0x57, 0x66, 0xd2, 0xf4}};
const struct uuid stats_uuid = {
	0xd96a5b40, 0xe2c7, 0xb1af, {0x87, 0x94, 0x10, 0x02, 0xa5, 0xd5, 0xc6, 0x1b}};

static enum ta_verdict (*real_syscall)(struct ta_instance *instance, struct ta_session *session);
static void (*test_body)(struct ta_instance *app);
static unsigned allocations, fail_at, exits, stop_at;

/* --- failures
 * --------------------------------------------------------------------------------------- */

void fail_allocation(unsigned n)
{
	allocations = 0;
	fail_at = n;
}

bool allocation_failed(void)
{
	return fail_at > 0 && allocations >= fail_at;
}

static bool fails_now(void)
{
	return fail_at > 0 && ++allocations == fail_at;
}

void *__real_page_alloc(struct budget *budget);
void *__wrap_page_alloc(struct budget *budget);
void *__wrap_page_alloc(struct budget *budget)
{
	return fails_now() ? NULL : __real_page_alloc(budget);
}

void *__real_heap_alloc(struct heap *heap, size_t size);
void *__wrap_heap_alloc(struct heap *heap, size_t size);
void *__wrap_heap_alloc(struct heap *heap, size_t size)
{
	return fails_now() ? NULL : __real_heap_alloc(heap, size);
}

/* --- the guest
 * ---------------------------------------------------------------------------------------- */

void stop_at_exit(unsigned n)
{
	exits = 0;
	stop_at = n;
}

static bool on_rpc(struct model *model, uint32_t cmd, struct msg_header *header, bool *served)
{
	(void)model;
	if (stop_at && ++exits == stop_at)
		return false;
	if (supplicant && header)
		supplicant(cmd, header, (struct msg_param *)(header + 1), served);
	return true;
}

void *supplicant_memory(const struct msg_param *param)
{
	struct model_buffer *buffer = model_payload(&guest, param->u.rmem.shm_ref);
	uint64_t type = param->attr & MSG_ATTR_TYPE_MASK;

	if (type >= MSG_ATTR_TMEM_IN) {
		assert_int_equal(param->u.tmem.buf_ptr, 0);
		assert_int_equal(param->u.tmem.size, 0);
		return NULL;
	}
	assert_non_null(buffer);
	assert_true(param->u.rmem.offs + param->u.rmem.size <= buffer->size);
	return host_ns(buffer->pa + param->u.rmem.offs);
}

/* --- the app
 * ------------------------------------------------------------------------------------------ */

static enum ta_verdict on_syscall(struct ta_instance *instance, struct ta_session *session)
{
	if (instance->context->x[8] != SYS_TEST)
		return real_syscall(instance, session);
	assert_int_equal(uaspace_map_zero(&instance->as, PAGE_SIZE, false, 0, 0, 0, &app_page),
			 TEE_SUCCESS);
	test_body(instance);
	if (!instance->guest->dying)
		assert_int_equal(uaspace_unmap_zero(&instance->as, app_page, PAGE_SIZE),
				 TEE_SUCCESS);
	return TA_CONTINUE;
}

uint32_t in_app(void (*body)(struct ta_instance *app))
{
	static const struct app_step step = {APP_SYSCALL, SYS_TEST, {0}};
	struct model_message m;
	uint8_t uuid[16];
	uint32_t session, a0;

	app_uuid(uuid, APP);
	app_load_file(&guest, KIT_TA_DIR, APP);
	app_step_count = 0;
	assert_int_equal(model_open(&guest, uuid, &session), TEE_SUCCESS);
	guest.ta_file = NULL;
	guest.on_rpc = on_rpc;
	test_body = body;
	app_steps = &step;
	app_step_count = 1;
	m = model_invocation(session, 0, 0);
	a0 = model_call(&guest, &m);
	app_step_count = 0;
	fail_allocation(0);
	if (a0 == MODEL_LEFT)
		return a0;
	assert_int_equal(a0, SMC_OK);
	assert_int_equal(m.header.ret, TEE_SUCCESS);
	uint32_t closed = model_close(&guest, session);
	if (stop_at && exits >= stop_at)
		return MODEL_LEFT;
	stop_at_exit(0);
	assert_int_equal(closed, TEE_SUCCESS);
	assert_int_equal(guest.payload_count, 0);
	return SMC_OK;
}

int fixture_start(void **state)
{
	(void)state;
	model_boot(&guest, 1200);
	app_reset();
	real_syscall = ta_syscall;
	ta_syscall = on_syscall;
	return 0;
}

int fixture_stop(void **state)
{
	(void)state;
	supplicant = NULL;
	fail_allocation(0);
	stop_at_exit(0);
	model_end(&guest);
	return 0;
}

static struct ta_caller caller_of(struct ta_instance *app)
{
	return (struct ta_caller){.opener = app, .timeout = TA_NO_TIMEOUT};
}

TEE_Result app_open(struct ta_instance *app, const struct uuid *uuid, uint32_t *session)
{
	const struct ta_caller caller = caller_of(app);
	struct ta_params params = {0};
	uint32_t origin;

	return ta_open_session(&caller, uuid, NULL, &params, session, &origin);
}

TEE_Result app_invoke(struct ta_instance *app, uint32_t session, uint32_t cmd,
		      struct ta_params *params)
{
	const struct ta_caller caller = caller_of(app);
	uint32_t origin = 0;
	TEE_Result res = ta_invoke(&caller, session, cmd, params, &origin);

	assert_int_equal(origin, TEE_ORIGIN_TRUSTED_APP);
	return res;
}

void app_close(struct ta_instance *app, uint32_t session)
{
	const struct ta_caller caller = caller_of(app);
	uint32_t origin;

	assert_int_equal(ta_close_session(&caller, session, &origin), TEE_SUCCESS);
}

struct ta_param value_param(uint32_t type, uint32_t a, uint32_t b)
{
	return (struct ta_param){.type = type, .u.value = {a, b}};
}

struct ta_param memory_param(uint32_t type, const struct ta_instance *app, uint64_t va,
			     uint64_t size)
{
	return (struct ta_param){
		.type = type,
		.u.memref = {.as = &app->as, .offset = va, .size = size, .room = size}};
}

struct ta_param null_param(uint32_t type)
{
	return (struct ta_param){.type = type};
}

void app_put(struct ta_instance *app, uint64_t va, const void *from, size_t size)
{
	assert_int_equal(user_write(&app->as, uaddr(va), from, size, 0), TEE_SUCCESS);
}

void app_get(struct ta_instance *app, uint64_t va, void *to, size_t size)
{
	assert_int_equal(user_read(&app->as, to, uaddr(va), size, 0), TEE_SUCCESS);
}

void wrong_types_are_refused(struct ta_instance *app, uint32_t session, uint32_t cmd,
			     const struct ta_params *right)
{
	static const uint32_t types[] = {
		TEE_PARAM_NONE,         TEE_PARAM_VALUE_INPUT,  TEE_PARAM_VALUE_OUTPUT,
		TEE_PARAM_VALUE_INOUT,  TEE_PARAM_MEMREF_INPUT, TEE_PARAM_MEMREF_OUTPUT,
		TEE_PARAM_MEMREF_INOUT,
	};

	for (unsigned n = 0; n < TA_PARAMS; n++) {
		for (unsigned t = 0; t < array_count(types); t++) {
			struct ta_params params = *right;
			if (params.p[n].type == types[t])
				continue;
			params.p[n] = (struct ta_param){.type = types[t]};
			assert_int_equal(app_invoke(app, session, cmd, &params),
					 TEE_ERROR_BAD_PARAMETERS);
		}
	}
}
