/* SPDX-License-Identifier: BSD-2-Clause */
/* The system calls, issued by a scripted app in a real image. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "kernel/arch/host/app.h"
#include "kernel/guest/guest.h"
#include "kernel/ta/ta.h"

static struct model guest;
static uint32_t session;
static uint64_t stack; /* an address in the app's stack with room below and above */

static void note_stack(struct arch_aspace *as, struct user_context *ctx, struct utee_params *params)
{
	(void)as;
	(void)params;
	stack = ctx->sp - 512;
}

static int start(void **state)
{
	uint8_t uuid[16];

	(void)state;
	host_start(1200);
	app_reset();
	model_start(&guest, 1);
	app_uuid(uuid, "023f8f1a-292a-432b-8fc4-de8471358067");
	app_load_file(&guest, KIT_TA_DIR, "023f8f1a-292a-432b-8fc4-de8471358067");
	app_on_entry = note_stack;
	assert_int_equal(model_open(&guest, uuid, &session), TEE_SUCCESS);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 1, 0, 0).a[0], SMC_OK);
	assert_int_equal(host_ns_mappings(), 0);
	return 0;
}

/* Runs the steps in one entry; results are in app_results. */
static uint32_t run(const struct app_step *steps, unsigned count)
{
	struct model_message m = {.header = {.cmd = MSG_CMD_INVOKE_COMMAND, .session = session}};

	app_steps = steps;
	app_step_count = count;
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	return m.header.ret;
}

static uint32_t one(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
	struct app_step step = {APP_SYSCALL, number, {a0, a1, a2, a3}};

	assert_int_equal(run(&step, 1), TEE_SUCCESS);
	return app_results[0];
}

static void ta_061_absent_numbers_are_not_supported(void **state)
{
	(void)state;
	for (uint64_t n = 55; n < 70; n++)
		assert_int_equal(one(n, 0, 0, 0, 0), TEE_ERROR_NOT_SUPPORTED);
	assert_int_equal(one(71, 0, 0, 0, 0), TEE_ERROR_NOT_SUPPORTED);
	assert_int_equal(one(UINT64_MAX, 0, 0, 0, 0), TEE_ERROR_NOT_SUPPORTED);
	assert_int_equal(one(1ull << 32, 0, 0, 0, 0), TEE_ERROR_NOT_SUPPORTED);
	/* TA-150 */
	assert_int_equal(one(SYS_CACHE_OPERATION, stack, 8, 0, 0), TEE_ERROR_NOT_SUPPORTED);
}

/* TA-064, TA-067: any pointer in any argument of any call is an answer or this app's end, and
 * nothing worse. */
static void any_arguments_of_any_call_do_no_harm(void **state)
{
	const uint64_t values[] = {0,
				   1,
				   8,
				   stack,
				   stack - 100,
				   ARCH_USER_BASE,
				   ARCH_USER_END,
				   ARCH_USER_END - 4,
				   0xFFFFFFFF,
				   1ull << 40,
				   0xFFFFFF8000000000,
				   UINT64_MAX,
				   UINT64_MAX - 7,
				   0x0E100000,
				   HOST_NS_BASE};
	uint64_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		struct app_step step = {.what = APP_SYSCALL};
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		step.number = (seed >> 33) % 72;
		for (unsigned i = 0; i < 8; i++) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			step.arg[i] = values[(seed >> 33) % array_count(values)];
		}
		if (step.number == SYS_PANIC ||
		    (step.number == SYS_WAIT && (uint32_t)step.arg[0] > 1000))
			continue;
		if (step.number == SYS_RANDOM && step.arg[1] > 1u << 20 && step.arg[1] < 1ull << 41)
			continue;
		run(&step, 1);
	}
}

static struct arch_aspace *space;

static void keep_space(const struct app_step *step, struct arch_aspace *as,
		       struct user_context *ctx)
{
	(void)step;
	(void)ctx;
	space = as;
}

static const char api_version[] = "gpd.tee.apiversion";
#define ROOM  (stack + 320) /* a u64 */
#define STATE (stack + 328) /* a u32 */

/* Calls that take a number of something in the app's memory: x0..x7 but for the number, where that
 * goes, the size of one, and a number that is right (0: the call is not there yet). S is stack. */
#define S (1ull << 20)
static const struct {
	uint64_t number;
	unsigned count, size, right;
	uint64_t arg[6];
} counted[] = {
	{SYS_CHECK_ACCESS_RIGHTS, 2, 1, 8, {USER_READ, S}},
	{SYS_GET_PROPERTY_INDEX, 2, 1, sizeof(api_version), {0xFFFFFFFD, S, 0, S + 240}},
	{SYS_HASH_UPDATE, 2, 1, 8, {1, S}},
	{SYS_HASH_FINAL, 2, 1, 8, {1, S, 0, S + 256, S + 320}},
	{SYS_RANDOM, 1, 1, 8, {S + 64}},
	{SYS_CACHE_OPERATION, 1, 1, 0, {S}},
	{30, 2, 24, 0, {1, S}},     /* cryp_obj_populate: attributes */
	{32, 2, 24, 0, {1, S}},     /* cryp_derive_key */
	{39, 2, 24, 0, {1, S}},     /* asymm_operate */
	{40, 2, 24, 0, {1, S}},     /* asymm_verify */
	{54, 3, 24, 0, {1, 64, S}}, /* obj_generate_key */
};

static uint32_t with_count(unsigned n, uint64_t count)
{
	struct app_step step = {.what = APP_SYSCALL, .number = counted[n].number};

	for (unsigned i = 0; i < array_count(counted[n].arg); i++) {
		uint64_t arg = counted[n].arg[i];
		step.arg[i] = arg >= S && arg < 2 * S ? stack + arg - S : arg;
	}
	if (counted[n].number == SYS_HASH_UPDATE || counted[n].number == SYS_HASH_FINAL)
		step.arg[0] = *(uint32_t *)host_user_memory(space, STATE, PROT_R);
	*(uint64_t *)host_user_memory(space, ROOM, PROT_W) = 64;
	step.arg[counted[n].count] = count;
	assert_int_equal(run(&step, 1), TEE_SUCCESS);
	return app_results[0];
}

static void make_state(void)
{
	struct app_step step = {
		APP_SYSCALL, SYS_CRYP_STATE_ALLOC, {TEE_ALG_SHA256, TEE_MODE_DIGEST, 0, 0, STATE}};

	app_done = keep_space;
	assert_int_equal(run(&step, 1), TEE_SUCCESS);
	assert_int_equal(app_results[0], TEE_SUCCESS);
	strcpy(host_user_memory(space, stack, PROT_W), api_version);
	assert_int_equal(
		one(SYS_HASH_INIT, *(uint32_t *)host_user_memory(space, STATE, PROT_R), 0, 0, 0),
		TEE_SUCCESS);
}

/*
 * Attack rows 5, 6 and 7: counts that become a right one when they are cut to 32 bits, or when they
 * are multiplied by the size of what they count, and counts that wrap with the address. None is
 * taken for the small number that it becomes.
 */
static void counts_that_wrap_are_taken_by_no_call(void **state)
{
	(void)state;
	make_state();
	for (unsigned n = 0; n < array_count(counted); n++) {
		uint64_t size = counted[n].size, right = counted[n].right ? counted[n].right : 1;
		const uint64_t counts[] = {UINT64_MAX,           UINT64_MAX / size - 1,
					   UINT64_MAX - stack,   0 - stack,
					   0 - stack + right,    (1ull << 32) + right,
					   (1ull << 63) + right, (1ull << 32) / size + right,
					   (1ull << 61) + right, UINT32_MAX};
		if (counted[n].right)
			assert_int_equal(with_count(n, right), TEE_SUCCESS);
		for (unsigned i = 0; i < array_count(counts); i++)
			assert_int_not_equal(with_count(n, counts[i]), TEE_SUCCESS);
		if (counted[n].right)
			assert_int_equal(with_count(n, right), TEE_SUCCESS);
	}
}

static const struct uuid rng_uuid = {
	0xab7a617c, 0xb8e7, 0x4d8f, {0x83, 0x01, 0xd0, 0x9b, 0x61, 0x03, 0x6b, 0x64}};
static struct utee_params asked; /* what the app has in its structure for the next call */
static uint64_t code;            /* an address in the app's code */

static void put_asked(struct arch_aspace *as, struct user_context *ctx, struct utee_params *params)
{
	(void)params;
	stack = ctx->sp - 512;
	code = ctx->pc & ~PAGE_MASK;
	memcpy(host_user_memory(as, stack, PROT_W), &rng_uuid, sizeof(rng_uuid));
	memcpy(host_user_memory(as, stack + 64, PROT_W), &asked, sizeof(asked));
}

/* The app's session with the service of random numbers. */
static uint32_t open_rng(void)
{
	const struct app_step no_step = {APP_SYSCALL, SYS_LOG, {0, 0}};
	struct app_step step = {APP_SYSCALL, SYS_OPEN_TA_SESSION, {0}};

	app_on_entry = put_asked;
	app_done = keep_space;
	run(&no_step, 1); /* an entry, so that stack is known */
	step.arg[0] = stack;
	step.arg[1] = UINT32_MAX;
	step.arg[3] = stack + 48;
	assert_int_equal(run(&step, 1), TEE_SUCCESS);
	assert_int_equal(app_results[0], TEE_SUCCESS);
	return *(uint32_t *)host_user_memory(space, stack + 48, PROT_R);
}

static uint32_t ask_rng(uint32_t rng, uint64_t structure, uint32_t type, uint64_t va, uint64_t size)
{
	struct app_step step = {
		APP_SYSCALL, SYS_INVOKE_TA_COMMAND, {rng, UINT32_MAX, 0, structure}};

	asked = (struct utee_params){.types = type, .vals = {va, size}};
	assert_int_equal(run(&step, 1), TEE_SUCCESS);
	return app_results[0];
}

/*
 * Attack row 4: an app hands a service of the kernel memory that it must not have itself: of the
 * kernel, of the normal world, of nobody, its own code to be written, and ranges that begin or end
 * in one of them. The service sees none of it.
 */
static void what_an_app_may_not_touch_no_service_touches_for_it(void **state)
{
	const uint32_t inout = TEE_PARAM_MEMREF_INOUT;
	uint32_t rng = open_rng();
	static int in_the_kernel = 77;
	const uint64_t bad[] = {1,
				ARCH_USER_BASE,
				ARCH_USER_END - 8,
				ARCH_USER_END,
				code,
				HOST_NS_BASE,
				0x0E100000,
				(uint64_t)(uintptr_t)&in_the_kernel,
				(uint64_t)(uintptr_t)space,
				0xFFFF000000000000,
				0xFFFFFF8000000000,
				UINT64_MAX - 7,
				UINT64_MAX - PAGE_SIZE};

	(void)state;
	assert_int_equal(ask_rng(rng, stack + 64, inout, stack + 256, 8), TEE_SUCCESS);
	for (unsigned i = 0; i < array_count(bad); i++) {
		assert_int_equal(ask_rng(rng, stack + 64, inout, bad[i], 8),
				 TEE_ERROR_ACCESS_DENIED);
		assert_int_equal(ask_rng(rng, stack + 64, inout, stack, bad[i] - stack + 1),
				 TEE_ERROR_ACCESS_DENIED);
		assert_int_equal(ask_rng(rng, bad[i], inout, stack + 256, 8),
				 TEE_ERROR_ACCESS_DENIED);
	}
	assert_int_equal(ask_rng(rng, stack + 64, inout, 0, 8), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(in_the_kernel, 77);
	assert_int_equal(ask_rng(rng, stack + 64, inout, stack + 256, 8), TEE_SUCCESS);
}

static void ta_126_random_takes_any_length_and_any_place_that_is_writable(void **state)
{
	(void)state;
	assert_int_equal(one(SYS_RANDOM, stack, 8, 0, 0), TEE_SUCCESS);
	assert_int_equal(one(SYS_RANDOM, 0, 0, 0, 0), TEE_SUCCESS);
	assert_int_equal(one(SYS_RANDOM, 1, 0, 0, 0), TEE_SUCCESS);
	assert_int_equal(one(SYS_RANDOM, 0, 8, 0, 0), TEE_ERROR_ACCESS_DENIED);
	assert_int_equal(one(SYS_RANDOM, stack, UINT64_MAX, 0, 0), TEE_ERROR_ACCESS_DENIED);
}

static const char *const tee_names[] = {
	"gpd.tee.apiversion",
	"gpd.tee.description",
	"gpd.tee.deviceID",
	"gpd.tee.systemTime.protectionLevel",
	"gpd.tee.TAPersistentTime.protectionLevel",
	"gpd.tee.cryptography.ecc",
	"gpd.tee.trustedStorage.antiRollback.protectionLevel",
	"gpd.tee.trustedos.implementation.version",
	"gpd.tee.trustedos.implementation.binaryversion",
	"gpd.tee.trustedos.manufacturer",
	"gpd.tee.firmware.implementation.version",
	"gpd.tee.firmware.implementation.binaryversion",
	"gpd.tee.firmware.manufacturer",
};

static const char *wanted;

static void put_name(struct arch_aspace *as, struct user_context *ctx, struct utee_params *params)
{
	(void)params;
	strcpy(host_user_memory(as, ctx->sp - 512, PROT_W), wanted);
	*(uint32_t *)host_user_memory(as, ctx->sp - 256, PROT_W) = 64; /* name length */
	*(uint32_t *)host_user_memory(as, ctx->sp - 252, PROT_W) = 3;  /* value length: too short */
	stack = ctx->sp - 512;
}

/* TA-069, TA-070, TA-071 */
static void properties_are_found_by_name_with_exact_lengths(void **state)
{
	const uint64_t tee = 0xFFFFFFFD;

	(void)state;
	app_on_entry = put_name;
	for (unsigned i = 0; i < array_count(tee_names); i++) {
		wanted = tee_names[i];
		assert_int_equal(
			one(SYS_GET_PROPERTY_INDEX, tee, stack, strlen(wanted) + 1, stack + 240),
			TEE_SUCCESS);
		/* A pure question whether it is there. */
		struct app_step all_null = {APP_SYSCALL, SYS_GET_PROPERTY, {tee, i}};
		assert_int_equal(run(&all_null, 1), TEE_SUCCESS);
		assert_int_equal(app_results[0], TEE_SUCCESS);
		struct app_step step = {
			APP_SYSCALL,
			SYS_GET_PROPERTY,
			{tee, i, stack + 64, stack + 256, stack + 128, stack + 260, stack + 248}};
		assert_int_equal(run(&step, 1), TEE_SUCCESS);
		bool fits = !strcmp(wanted, "gpd.tee.cryptography.ecc");
		assert_int_equal(app_results[0], fits ? TEE_SUCCESS : TEE_ERROR_SHORT_BUFFER);
	}
	wanted = "org.trustedfirmware.optee.cpu.feat_memtag_implemented";
	assert_int_equal(one(SYS_GET_PROPERTY_INDEX, tee, stack, strlen(wanted) + 1, stack + 240),
			 TEE_ERROR_ITEM_NOT_FOUND);
	assert_int_equal(one(SYS_GET_PROPERTY_INDEX, tee, stack, 5, stack + 240),
			 TEE_ERROR_ITEM_NOT_FOUND);
	assert_int_equal(one(SYS_GET_PROPERTY_INDEX, tee, stack, 0, stack + 240),
			 TEE_ERROR_ITEM_NOT_FOUND);
	assert_int_equal(one(SYS_GET_PROPERTY_INDEX, 5, stack, 5, stack + 240),
			 TEE_ERROR_ITEM_NOT_FOUND);
	assert_int_equal(one(SYS_GET_PROPERTY, tee, array_count(tee_names), 0, 0),
			 TEE_ERROR_ITEM_NOT_FOUND);
	assert_int_equal(one(SYS_GET_PROPERTY, tee, UINT64_MAX, 0, 0), TEE_ERROR_ITEM_NOT_FOUND);
}

/* TA-088 */
static void the_cancellation_mask_starts_masked_in_each_entry(void **state)
{
	struct app_step steps[] = {
		{APP_SYSCALL, SYS_UNMASK_CANCELLATION, {stack}},
		{APP_SYSCALL, SYS_GET_CANCELLATION_FLAG, {stack}},
		{APP_SYSCALL, SYS_MASK_CANCELLATION, {stack}},
		{APP_SYSCALL, SYS_MASK_CANCELLATION, {0x1000}},
	};

	(void)state;
	assert_int_equal(run(steps, 4), TEE_SUCCESS);
	assert_int_equal(app_results[0], TEE_SUCCESS);
	assert_int_equal(app_results[1], TEE_SUCCESS);
	assert_int_equal(app_results[2], TEE_SUCCESS);
	assert_int_equal(app_results[3], TEE_ERROR_ACCESS_DENIED);
}

/* TA-089: another thread of the guest cancels while the app sleeps. */
static bool cancel_in_suspend(struct model *model, uint32_t cmd, struct msg_header *message,
			      bool *served)
{
	(void)message;
	(void)served;
	if (cmd == RPC_CMD_SUSPEND) {
		struct model_message m = {.header = {.cmd = MSG_CMD_CANCEL, .session = session}};
		uint32_t id = model->thread_id;
		model->on_rpc = NULL;
		assert_int_equal(model_call(model, &m), SMC_OK);
		assert_int_equal(m.header.ret, TEE_SUCCESS);
		model->thread_id = id;
	}
	return true;
}

static void a_wait_ends_with_its_time_or_with_cancellation_if_unmasked(void **state)
{
	struct app_step steps[] = {
		{APP_SYSCALL, SYS_UNMASK_CANCELLATION, {stack}},
		{APP_SYSCALL, SYS_WAIT, {0xFFFFFFFF}},
	};

	(void)state;
	guest.on_rpc = cancel_in_suspend;
	assert_int_equal(run(steps, 2), TEE_SUCCESS);
	assert_int_equal(app_results[1], TEE_ERROR_CANCEL);
	guest.on_rpc = cancel_in_suspend;
	assert_int_equal(one(SYS_WAIT, 200, 0, 0, 0), TEE_SUCCESS);
}

/* TA-090, TA-091 */
static void times_of_three_kinds(void **state)
{
	struct app_step unset[] = {{APP_SYSCALL, SYS_GET_TIME, {1, stack}},
				   {APP_SYSCALL, SYS_GET_TIME, {0, stack}},
				   {APP_SYSCALL, SYS_SET_TA_TIME, {stack}},
				   {APP_SYSCALL, SYS_GET_TIME, {1, stack + 8}},
				   {APP_SYSCALL, SYS_GET_TIME, {2, stack}},
				   {APP_SYSCALL, SYS_GET_TIME, {3, stack}},
				   {APP_SYSCALL, SYS_GET_TIME, {0, 0}}};

	(void)state;
	assert_int_equal(run(unset, 7), TEE_SUCCESS);
	assert_int_equal(app_results[0], TEE_ERROR_TIME_NOT_SET);
	assert_int_equal(app_results[1], TEE_SUCCESS);
	assert_int_equal(app_results[2], TEE_SUCCESS);
	assert_int_equal(app_results[3], TEE_SUCCESS);
	assert_int_equal(app_results[4], TEE_SUCCESS);
	assert_int_equal(app_results[5], TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(app_results[6], TEE_ERROR_ACCESS_DENIED);
}

static void what_an_app_logs_is_cleaned_and_limited(void **state)
{
	struct app_step flood[16];

	(void)state;
	for (unsigned i = 0; i < 16; i++)
		flood[i] = (struct app_step){APP_SYSCALL, SYS_LOG, {stack, 200}};
	host_console();
	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(run(flood, 16), TEE_SUCCESS);
	const char *text = host_console();
	assert_non_null(strstr(text, "g1: "));
	assert_true(strlen(text) < 50 * 16 * 100);
	for (const char *c = text; *c; c++)
		assert_true(*c == '\n' || (*c >= ' ' && *c <= '~'));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(ta_061_absent_numbers_are_not_supported),
		TEST(any_arguments_of_any_call_do_no_harm),
		TEST(counts_that_wrap_are_taken_by_no_call),
		TEST(what_an_app_may_not_touch_no_service_touches_for_it),
		TEST(ta_126_random_takes_any_length_and_any_place_that_is_writable),
		TEST(properties_are_found_by_name_with_exact_lengths),
		TEST(the_cancellation_mask_starts_masked_in_each_entry),
		TEST(a_wait_ends_with_its_time_or_with_cancellation_if_unmasked),
		TEST(times_of_three_kinds),
		TEST(what_an_app_logs_is_cleaned_and_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
