/* SPDX-License-Identifier: BSD-2-Clause */
/* What apps' libraries ask of the kernel, and plugins of tee-supplicant. */
#include "kernel/crypto/crypto.h"
#include "kernel/service/fixture_test.h"

#define ADD_ENTROPY 0u
#define DERIVE      1u
#define MAP         2u
#define UNMAP       3u
#define DLOPEN      10u
#define DLSYM       11u
#define TPM         12u
#define PLUGIN      13u

static uint32_t session;

static void open_system(struct ta_instance *app)
{
	assert_int_equal(app_open(app, &system_uuid, &session), TEE_SUCCESS);
}

/* --- memory
 * ------------------------------------------------------------------------------------------- */

static TEE_Result map(struct ta_instance *app, uint32_t size, uint32_t flags, uint64_t *va)
{
	struct ta_params params = {{
		value_param(TEE_PARAM_VALUE_INPUT, size, flags),
		value_param(TEE_PARAM_VALUE_INOUT, *va >> 32, (uint32_t)*va),
		null_param(TEE_PARAM_VALUE_INPUT),
	}};
	TEE_Result res = app_invoke(app, session, MAP, &params);

	*va = (uint64_t)params.p[1].u.value.a << 32 | params.p[1].u.value.b;
	return res;
}

static TEE_Result unmap(struct ta_instance *app, uint64_t va, uint32_t size, uint32_t b)
{
	struct ta_params params = {{
		value_param(TEE_PARAM_VALUE_INPUT, size, b),
		value_param(TEE_PARAM_VALUE_INPUT, va >> 32, (uint32_t)va),
	}};

	return app_invoke(app, session, UNMAP, &params);
}

static void map_and_unmap(struct ta_instance *app)
{
	uint64_t va = 0, shareable = 0, hint;
	struct ta_params params = {{null_param(TEE_PARAM_VALUE_INPUT),
				    null_param(TEE_PARAM_VALUE_INOUT),
				    null_param(TEE_PARAM_VALUE_INPUT)}};
	uint8_t bytes[64] = {1};
	static const uint8_t zero[64];

	open_system(app);
	wrong_types_are_refused(app, session, MAP, &params);
	params = (struct ta_params){
		{null_param(TEE_PARAM_VALUE_INPUT), null_param(TEE_PARAM_VALUE_INPUT)}};
	wrong_types_are_refused(app, session, UNMAP, &params);
	assert_int_equal(map(app, 5000, 0, &va), TEE_SUCCESS);
	assert_true(va != 0 && va % PAGE_SIZE == 0);
	/* Two pages, private, writable, not executable. */
	assert_int_equal(user_check(&app->as, uaddr(va), 2 * PAGE_SIZE, USER_READ | USER_WRITE),
			 TEE_SUCCESS);
	assert_int_equal(uaspace_find(&app->as, va)->prot & PROT_X, 0);
	assert_int_equal(map(app, 100, 1, &shareable), TEE_SUCCESS);
	assert_int_equal(user_check(&app->as, uaddr(shareable), 100, USER_READ),
			 TEE_ERROR_ACCESS_DENIED);
	assert_int_equal(user_check(&app->as, uaddr(shareable), 100, USER_READ | USER_ANY_OWNER),
			 TEE_SUCCESS);
	app_put(app, va, bytes, sizeof(bytes));
	assert_int_equal(unmap(app, va, 5000, 1), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(unmap(app, va, 5000, 0), TEE_SUCCESS);
	assert_int_equal(unmap(app, va, 5000, 0), TEE_ERROR_BAD_PARAMETERS);
	/* In the same place, it is zero again. */
	hint = va;
	assert_int_equal(map(app, 5000, 0, &hint), TEE_SUCCESS);
	assert_int_equal(hint, va);
	app_get(app, va, bytes, sizeof(bytes));
	assert_memory_equal(bytes, zero, sizeof(zero));
	assert_int_equal(map(app, 1, 2, &va), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(map(app, 1, UINT32_MAX, &va), TEE_ERROR_BAD_PARAMETERS);
	va = 0;
	assert_int_equal(map(app, UINT32_MAX, 0, &va), TEE_ERROR_OUT_OF_MEMORY);
	/* What it did not get from here stays: its code, its stack. */
	uint64_t entry = app->modules.elf.entry & ~PAGE_MASK;
	assert_int_equal(unmap(app, entry, PAGE_SIZE, 0), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(unmap(app, app->modules.elf.stack_top - PAGE_SIZE, PAGE_SIZE, 0),
			 TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(unmap(app, shareable, 100, 0), TEE_SUCCESS);
	assert_int_equal(unmap(app, hint, 5000, 0), TEE_SUCCESS);
}

static void ta_142_memory_is_mapped_as_asked_and_taken_back(void **state)
{
	(void)state;
	assert_int_equal(in_app(map_and_unmap), SMC_OK);
}

static void call_what_is_gone(struct ta_instance *app)
{
	struct ta_params params = {0};

	open_system(app);
	for (uint32_t cmd = 4; cmd <= 9; cmd++)
		assert_int_equal(app_invoke(app, session, cmd, &params), TEE_ERROR_NOT_IMPLEMENTED);
	assert_int_equal(app_invoke(app, session, 14, &params), TEE_ERROR_NOT_IMPLEMENTED);
	assert_int_equal(app_invoke(app, session, UINT32_MAX, &params), TEE_ERROR_NOT_IMPLEMENTED);
	assert_int_equal(app_invoke(app, session, TPM, &params), TEE_ERROR_BAD_PARAMETERS);
	params.p[0] = null_param(TEE_PARAM_MEMREF_OUTPUT);
	assert_int_equal(app_invoke(app, session, TPM, &params), TEE_ERROR_NOT_SUPPORTED);
}

static void commands_that_were_removed_are_not_implemented(void **state)
{
	(void)state;
	assert_int_equal(in_app(call_what_is_gone), SMC_OK);
}

/* --- keys
 * --------------------------------------------------------------------------------------------- */

static TEE_Result derive(struct ta_instance *app, uint64_t extra, uint64_t va, uint64_t size)
{
	struct ta_params params = {{
		memory_param(TEE_PARAM_MEMREF_INPUT, app, app_page, extra),
		memory_param(TEE_PARAM_MEMREF_OUTPUT, app, va, size),
	}};

	if (extra == 0)
		params.p[0] = null_param(TEE_PARAM_MEMREF_INPUT);
	if (size == 0)
		params.p[1] = null_param(TEE_PARAM_MEMREF_OUTPUT);
	return app_invoke(app, session, DERIVE, &params);
}

static paddr_t clients_page(const void *object, size_t index)
{
	(void)object;
	return paddr(HOST_NS_BASE + index * PAGE_SIZE);
}

static void derive_keys(struct ta_instance *app)
{
	uint8_t a[32], b[32];
	uint64_t out = app_page + 2048, shareable = 0, client;
	struct ta_params right = {{memory_param(TEE_PARAM_MEMREF_INPUT, app, app_page, 4),
				   memory_param(TEE_PARAM_MEMREF_OUTPUT, app, out, 32)}};
	struct uaspace_region *lent;
	const struct page_source source = {.page_at = clients_page};

	open_system(app);
	wrong_types_are_refused(app, session, DERIVE, &right);
	assert_int_equal(derive(app, 4, out, 32), TEE_SUCCESS);
	app_get(app, out, a, 32);
	assert_int_equal(derive(app, 4, out, 16), TEE_SUCCESS);
	assert_int_equal(derive(app, 4, out, 32), TEE_SUCCESS);
	app_get(app, out, b, 32);
	assert_memory_equal(a, b, 32);
	assert_int_equal(derive(app, 5, out, 32), TEE_SUCCESS);
	app_get(app, out, b, 32);
	assert_memory_not_equal(a, b, 32);
	assert_int_equal(derive(app, 0, out, 16), TEE_SUCCESS);
	app_get(app, out, b, 32);
	assert_memory_not_equal(a, b, 16);
	assert_int_equal(derive(app, 1024, out, 16), TEE_SUCCESS);
	assert_int_equal(derive(app, 1025, out, 16), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(derive(app, 4, out, 15), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(derive(app, 4, out, 33), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(derive(app, 4, out, 0), TEE_ERROR_BAD_PARAMETERS);
	/* Not where it cannot be written, or where a client reads. */
	assert_int_equal(derive(app, 4, app->modules.elf.entry & ~PAGE_MASK, 32),
			 TEE_ERROR_SECURITY);
	assert_int_equal(derive(app, 4, app_page + PAGE_SIZE - 8, 32), TEE_ERROR_SECURITY);
	assert_int_equal(map(app, 64, 1, &shareable), TEE_SUCCESS);
	assert_int_equal(derive(app, 4, shareable, 32), TEE_SUCCESS);
	assert_int_equal(uaspace_find_room(&app->as, 1, &client), TEE_SUCCESS);
	assert_int_equal(uaspace_add_source(&app->as, client, 1, PROT_R | PROT_W | PROT_NS,
					    UASPACE_PARAM, &source, &lent),
			 TEE_SUCCESS);
	assert_int_equal(derive(app, 4, client, 32), TEE_ERROR_SECURITY);
	uaspace_remove(&app->as, lent);
	assert_int_equal(unmap(app, shareable, 64, 0), TEE_SUCCESS);
}

static void ta_143_a_derived_key_is_the_apps_own_and_goes_to_secure_memory_only(void **state)
{
	(void)state;
	assert_int_equal(in_app(derive_keys), SMC_OK);
}

static void add_entropy(struct ta_instance *app)
{
	struct ta_params params = {{memory_param(TEE_PARAM_MEMREF_INPUT, app, app_page, 4000)}};
	uint8_t before[32], after[32];

	open_system(app);
	wrong_types_are_refused(app, session, ADD_ENTROPY, &params);
	guest_random(app->guest, before, sizeof(before));
	assert_int_equal(app_invoke(app, session, ADD_ENTROPY, &params), TEE_SUCCESS);
	guest_random(app->guest, after, sizeof(after));
	assert_memory_not_equal(before, after, sizeof(before));
	params.p[0] = memory_param(TEE_PARAM_MEMREF_INPUT, app, app_page, 4097);
	assert_int_equal(app_invoke(app, session, ADD_ENTROPY, &params), TEE_ERROR_ACCESS_DENIED);
	params.p[0] = null_param(TEE_PARAM_MEMREF_INPUT);
	assert_int_equal(app_invoke(app, session, ADD_ENTROPY, &params), TEE_ERROR_BAD_PARAMETERS);
}

static void ta_144_apps_add_entropy_of_any_size_but_none(void **state)
{
	(void)state;
	assert_int_equal(in_app(add_entropy), SMC_OK);
}

/* --- libraries
 * ---------------------------------------------------------------------------------------- */

static void open_libraries(struct ta_instance *app)
{
	static const struct uuid nil, missing = {.time_low = 1};
	struct ta_params open = {{memory_param(TEE_PARAM_MEMREF_INPUT, app, app_page, 16),
				  value_param(TEE_PARAM_VALUE_INPUT, 0x1102, 0)}};
	struct ta_params find = {{memory_param(TEE_PARAM_MEMREF_INPUT, app, app_page, 16),
				  memory_param(TEE_PARAM_MEMREF_INPUT, app, app_page + 16, 8),
				  null_param(TEE_PARAM_VALUE_OUTPUT)}};
	struct ta_params params;

	open_system(app);
	wrong_types_are_refused(app, session, DLOPEN, &open);
	wrong_types_are_refused(app, session, DLSYM, &find);
	app_put(app, app_page, &nil, sizeof(nil));
	params = open;
	assert_int_equal(app_invoke(app, session, DLOPEN, &params), TEE_SUCCESS);
	params.p[1].u.value.a = 0x1002;
	assert_int_equal(app_invoke(app, session, DLOPEN, &params), TEE_ERROR_BAD_PARAMETERS);
	params = open;
	params.p[0].u.memref.room = 15;
	assert_int_equal(app_invoke(app, session, DLOPEN, &params), TEE_ERROR_BAD_PARAMETERS);
	app_put(app, app_page, &missing, sizeof(missing));
	params = open;
	assert_int_equal(app_invoke(app, session, DLOPEN, &params), TEE_ERROR_ITEM_NOT_FOUND);
	/* Symbols: of no library, of any, without an end, without a name, with too long a one. */
	app_put(app, app_page + 16, "no_such", 8);
	params = find;
	assert_int_equal(app_invoke(app, session, DLSYM, &params), TEE_ERROR_ITEM_NOT_FOUND);
	app_put(app, app_page, &nil, sizeof(nil));
	params = find;
	assert_int_equal(app_invoke(app, session, DLSYM, &params), TEE_ERROR_ITEM_NOT_FOUND);
	params.p[1].u.memref.room = 7;
	assert_int_equal(app_invoke(app, session, DLSYM, &params), TEE_ERROR_BAD_PARAMETERS);
	params.p[1] = null_param(TEE_PARAM_MEMREF_INPUT);
	assert_int_equal(app_invoke(app, session, DLSYM, &params), TEE_ERROR_BAD_PARAMETERS);
	params = find;
	params.p[1].u.memref.room = 5000;
	assert_int_equal(app_invoke(app, session, DLSYM, &params), TEE_ERROR_BAD_PARAMETERS);
}

static void ta_145_libraries_and_symbols_are_asked_for_by_name(void **state)
{
	(void)state;
	assert_int_equal(in_app(open_libraries), SMC_OK);
}

/* --- plugins
 * ------------------------------------------------------------------------------------------ */

static TEE_Result plugin_result;
static uint64_t plugin_size;
static unsigned plugin_calls;

/* f07bfc66-958c-4a15-99c0-260e4e7375dd: adds one to each byte. */
static void plugin(uint32_t cmd, struct msg_header *header, struct msg_param *p, bool *served)
{
	static const uint8_t name[16] = {0xf0, 0x7b, 0xfc, 0x66, 0x95, 0x8c, 0x4a, 0x15,
					 0x99, 0xc0, 0x26, 0x0e, 0x4e, 0x73, 0x75, 0xdd};
	uint32_t words[4] = {p[0].u.value.b, p[0].u.value.c, p[1].u.value.a, p[1].u.value.b};

	if (cmd != RPC_CMD_SUPP_PLUGIN)
		return;
	*served = true;
	plugin_calls++;
	assert_int_equal(header->num_params, 4);
	assert_int_equal(p[0].attr, MSG_ATTR_VALUE_IN);
	assert_int_equal(p[0].u.value.a, 0);
	assert_int_equal(p[1].attr, MSG_ATTR_VALUE_IN);
	assert_int_equal(p[2].attr, MSG_ATTR_VALUE_INOUT);
	header->ret = TEE_ERROR_ITEM_NOT_FOUND;
	if (memcmp(words, name, sizeof(name)))
		return;
	assert_int_equal(p[1].u.value.c, 7);
	assert_int_equal(p[2].u.value.a, 8);
	uint8_t *data = supplicant_memory(&p[3]);
	for (uint64_t i = 0; data && i < p[3].u.rmem.size; i++)
		data[i]++;
	header->ret = plugin_result;
	p[2].u.value.b = plugin_size;
}

static struct ta_params plugin_params(struct ta_instance *app, uint64_t size)
{
	static const struct uuid uuid = {
		0xf07bfc66, 0x958c, 0x4a15, {0x99, 0xc0, 0x26, 0x0e, 0x4e, 0x73, 0x75, 0xdd}};
	struct ta_params params = {{
		memory_param(TEE_PARAM_MEMREF_INPUT, app, app_page, 16),
		value_param(TEE_PARAM_VALUE_INPUT, 7, 8),
		memory_param(TEE_PARAM_MEMREF_INOUT, app, app_page + 100, size),
		null_param(TEE_PARAM_VALUE_OUTPUT),
	}};

	app_put(app, app_page, &uuid, sizeof(uuid));
	if (size == 0)
		params.p[2] = null_param(TEE_PARAM_MEMREF_INOUT);
	return params;
}

static void use_plugin(struct ta_instance *app)
{
	static const uint64_t sizes[] = {0, 2999, 3000, 3001, UINT32_MAX, UINT64_MAX};
	struct ta_params params;
	uint8_t bytes[3000], wanted[3000];

	open_system(app);
	memset(wanted, 'a', sizeof(wanted));
	app_put(app, app_page + 100, wanted, sizeof(wanted));
	for (unsigned i = 0; i < array_count(sizes); i++) {
		plugin_size = sizes[i];
		params = plugin_params(app, 3000);
		assert_int_equal(app_invoke(app, session, PLUGIN, &params), TEE_SUCCESS);
		assert_int_equal(params.p[3].u.value.a, min(sizes[i], (uint64_t)3000));
		assert_int_equal(params.p[2].u.memref.size, 3000);
		for (unsigned n = 0; n < sizeof(wanted); n++)
			wanted[n]++;
		app_get(app, app_page + 100, bytes, sizeof(bytes));
		assert_memory_equal(bytes, wanted, sizeof(bytes));
	}
	params = plugin_params(app, 0);
	assert_int_equal(app_invoke(app, session, PLUGIN, &params), TEE_SUCCESS);
	assert_int_equal(params.p[3].u.value.a, 0);
	/* A plugin's own codes are for the app, but for the one that is the kernel's. */
	plugin_result = 0x87654321;
	params = plugin_params(app, 4);
	assert_int_equal(app_invoke(app, session, PLUGIN, &params), 0x87654321);
	plugin_result = TEE_ERROR_TARGET_DEAD;
	params = plugin_params(app, 4);
	assert_int_equal(app_invoke(app, session, PLUGIN, &params), TEE_ERROR_GENERIC);
	params = plugin_params(app, 4);
	params.p[0].u.memref.offset += 1;
	assert_int_equal(app_invoke(app, session, PLUGIN, &params), TEE_ERROR_ITEM_NOT_FOUND);
	unsigned calls = plugin_calls;
	wrong_types_are_refused(app, session, PLUGIN, &params);
	params.p[0].u.memref.room = 17;
	assert_int_equal(app_invoke(app, session, PLUGIN, &params), TEE_ERROR_BAD_PARAMETERS);
	params = plugin_params(app, (1u << 20) + 1);
	assert_int_equal(app_invoke(app, session, PLUGIN, &params), TEE_ERROR_OUT_OF_MEMORY);
	params = plugin_params(app, PAGE_SIZE);
	assert_int_equal(app_invoke(app, session, PLUGIN, &params), TEE_ERROR_ACCESS_DENIED);
	assert_int_equal(plugin_calls, calls);
}

static void ta_146_data_goes_to_a_plugin_and_back(void **state)
{
	(void)state;
	supplicant = plugin;
	plugin_result = TEE_SUCCESS;
	assert_int_equal(in_app(use_plugin), SMC_OK);
}

static unsigned which;
static bool survived;

static void use_everything(struct ta_instance *app)
{
	TEE_Result res = app_open(app, &system_uuid, &session);
	uint64_t va = 0;

	if (!res)
		res = map(app, 5000, 0, &va);
	if (!res)
		res = unmap(app, va, PAGE_SIZE, 0);
	if (!res)
		res = unmap(app, va + PAGE_SIZE, PAGE_SIZE, 0);
	if (!res)
		res = derive(app, 100, app_page + 200, 32);
	if (!res) {
		struct ta_params params = plugin_params(app, 1000);
		res = app_invoke(app, session, PLUGIN, &params);
	}
	survived = res == TEE_SUCCESS;
	if (!survived)
		assert_int_equal(res, app->guest->dying ? TEE_ERROR_TARGET_DEAD
							: TEE_ERROR_OUT_OF_MEMORY);
}

static void use_without_memory(struct ta_instance *app)
{
	fail_allocation(which);
	use_everything(app);
	assert_int_equal(survived, !allocation_failed());
	fail_allocation(0);
}

/* TA-142, TA-143, TA-146, I8 */
static void the_system_service_without_memory_is_an_error_code(void **state)
{
	(void)state;
	supplicant = plugin;
	plugin_result = TEE_SUCCESS;
	survived = false;
	for (which = 1; !survived; which++)
		assert_int_equal(in_app(use_without_memory), SMC_OK);
	assert_true(which > 6);
}

static void use_and_die(struct ta_instance *app)
{
	stop_at_exit(which);
	use_everything(app);
}

/* TA-146, NW-164 */
static void a_guest_that_dies_at_any_rpc_of_a_plugin_leaves_nothing(void **state)
{
	plugin_result = TEE_SUCCESS;
	supplicant = plugin;
	for (which = 1; in_app(use_and_die) != SMC_OK; which++) {
		fixture_stop(state);
		fixture_start(state);
		supplicant = plugin;
	}
	assert_true(which > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ta_142_memory_is_mapped_as_asked_and_taken_back),
		TEST(commands_that_were_removed_are_not_implemented),
		TEST(ta_143_a_derived_key_is_the_apps_own_and_goes_to_secure_memory_only),
		TEST(ta_144_apps_add_entropy_of_any_size_but_none),
		TEST(ta_145_libraries_and_symbols_are_asked_for_by_name),
		TEST(ta_146_data_goes_to_a_plugin_and_back),
		TEST(the_system_service_without_memory_is_an_error_code),
		TEST(a_guest_that_dies_at_any_rpc_of_a_plugin_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
