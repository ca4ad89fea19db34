/* SPDX-License-Identifier: BSD-2-Clause */
/* Instances of several files, from the guest's side: fetched, verified, shared, given back. */
#include <stdlib.h>
#include <string.h>

#include "abi/tenon.h"
#include "kernel/arch/host/app.h"
#include "kernel/ta/fixture_test.h"
#include "kernel/ta/ta.h"
#include "kernel/ta/tiny_elf_test.h"

#define PAGES 1500
#define APP   "00000001-0002-0003-0400-000000000000" /* of tiny_elf_make() */
#define LIB_A "aaaaaaaa-0000-0000-0000-000000000001"
#define LIB_B "bbbbbbbb-0000-0000-0000-000000000002"
#define LIB_C "cccccccc-0000-0000-0000-000000000003"
#define LIB_D "dddddddd-0000-0000-0000-000000000004"

static struct model guest;

/* --- what the guest's supplicant has --- */

static struct stored {
	char name[37];
	uint8_t octets[16];
	uint8_t *data;
	size_t size;
} store[32];
static unsigned stored_count;

/* UUIDs that were asked for, in order, each question for a content. */
static char asked[64][9];
static unsigned asked_count;

/* The RPC at which the guest stops (from 1), 0: none. */
static unsigned stop_at;

static struct stored *find(const uint8_t octets[16])
{
	for (unsigned i = 0; i < stored_count; i++) {
		if (!memcmp(store[i].octets, octets, 16))
			return &store[i];
	}
	return NULL;
}

static void keep(const char *name, uint8_t *data, size_t size)
{
	struct stored *s = &store[stored_count++];

	strcpy(s->name, name);
	app_uuid(s->octets, name);
	s->data = data;
	s->size = size;
}

static void keep_tiny(const char *name, const struct tiny_elf *e)
{
	char options[64] = "uuid=";
	size_t size;

	uint8_t *data = sign_ta(e, sizeof(*e), strcat(options, name), &size);
	keep(name, data, size);
}

static uint32_t refused_with; /* what LOAD_TA answers; 0: the file */

static bool serve(struct model *model, uint32_t cmd, struct msg_header *header, bool *served)
{
	struct msg_param *p = (struct msg_param *)(header + 1);

	if (stop_at && model->rpcs == stop_at)
		return false;
	if (cmd != RPC_CMD_LOAD_TA)
		return true;
	if (refused_with) {
		*served = true;
		header->ret = refused_with;
		return true;
	}
	const struct stored *s = find(p[0].u.octets);
	model->ta_file = s ? s->data : NULL;
	model->ta_size = s ? s->size : 0;
	if (s && p[1].attr != MSG_ATTR_TMEM_OUT && asked_count < 64)
		memcpy(asked[asked_count++], s->name, 8);
	return true;
}

static int start(void **state)
{
	(void)state;
	fixture_no_failures();
	stop_at = asked_count = 0;
	model_boot(&guest, PAGES);
	app_reset();
	guest.on_rpc = serve;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fixture_no_failures();
	model_end(&guest);
	while (stored_count > 0)
		free(store[--stored_count].data);
	return 0;
}

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

static uint32_t open_named(struct model *model, const char *name, uint32_t *session)
{
	uint8_t octets[16];

	app_uuid(octets, name);
	return model_open(model, octets, session);
}

static TEE_Result open_result(const char *name)
{
	uint32_t session;
	TEE_Result res = open_named(&guest, name, &session);

	if (!res)
		assert_int_equal(model_close(&guest, session), TEE_SUCCESS);
	return res;
}

/* A library, or the app, that needs up to two others. */
static void keep_file(const char *name, const char *first, const char *second)
{
	struct tiny_elf e;

	if (!strcmp(name, APP))
		tiny_elf_make(&e);
	else
		tiny_library_make(&e);
	if (first)
		tiny_elf_dynamic(&e, DT_NEEDED, first);
	if (second)
		tiny_elf_dynamic(&e, DT_NEEDED, second);
	keep_tiny(name, &e);
}

/* Everybody needs everybody, so that order shows. */
static void keep_family(void)
{
	keep_file(APP, LIB_A, LIB_B);
	keep_file(LIB_A, LIB_C, LIB_B);
	keep_file(LIB_B, LIB_D, LIB_A);
	keep_file(LIB_C, LIB_A, APP);
	keep_file(LIB_D, LIB_C, LIB_D);
}

/* TA-032 */
static void ta_032_libraries_are_fetched_breadth_first_and_once(void **state)
{
	static const char *const order[] = {APP, LIB_A, LIB_B, LIB_C, LIB_D};
	uint32_t session;

	(void)state;
	keep_family();
	assert_int_equal(open_named(&guest, APP, &session), TEE_SUCCESS);
	assert_int_equal(asked_count, 5);
	for (unsigned i = 0; i < 5; i++)
		assert_memory_equal(asked[i], order[i], 8);
	assert_int_equal(model_close(&guest, session), TEE_SUCCESS);
}

/* TA-032 */
static void ta_032_each_library_is_verified_like_an_app(void **state)
{
	(void)state;
	keep_file(APP, LIB_A, NULL);
	assert_int_equal(open_result(APP), TEE_ERROR_ITEM_NOT_FOUND);
	keep_file(LIB_A, NULL, NULL);
	struct stored *lib = &store[1];
	assert_int_equal(open_result(APP), TEE_SUCCESS);
	lib->data[lib->size - 1] ^= 1;
	assert_int_equal(open_result(APP), TEE_ERROR_SECURITY);
	lib->data[lib->size - 1] ^= 1;
	/* Well signed, but another one. */
	app_uuid(store[1].octets, LIB_B);
	keep_file(LIB_C, NULL, NULL);
	app_uuid(store[2].octets, LIB_A);
	assert_int_equal(open_result(APP), TEE_ERROR_SECURITY);
}

/* A library without a header that bears its UUID could be any. */
static void ta_032_a_library_without_a_uuid_is_refused(void **state)
{
	struct tiny_elf e;
	size_t size;

	(void)state;
	keep_file(APP, LIB_A, NULL);
	tiny_library_make(&e);
	uint8_t *data = sign_ta(&e, sizeof(e), "img_type=0", &size);
	keep(LIB_A, data, size);
	assert_int_equal(open_result(APP), TEE_ERROR_SECURITY);
}

/* TA-033 */
static void ta_033_a_library_is_no_app_and_an_app_no_library(void **state)
{
	struct tiny_elf e;

	(void)state;
	keep_file(LIB_A, NULL, NULL);
	assert_int_equal(open_result(LIB_A), TEE_ERROR_BAD_FORMAT);
	keep_file(APP, LIB_B, NULL);
	tiny_elf_make(&e);
	e.head.uuid = (struct uuid){0xbbbbbbbb, 0, 0, {0, 0, 0, 0, 0, 0, 0, 2}};
	keep_tiny(LIB_B, &e);
	assert_int_equal(open_result(LIB_B), TEE_SUCCESS);
	assert_int_equal(open_result(APP), TEE_ERROR_BAD_FORMAT);
}

static void the_number_of_files_of_an_app_is_bounded(void **state)
{
	char names[ELF_MODULES_MAX + 1][37];

	(void)state;
	for (unsigned i = 0; i <= ELF_MODULES_MAX; i++) {
		memcpy(names[i], LIB_A, 37);
		names[i][34] = '1' + i / 10;
		names[i][35] = '0' + i % 10;
	}
	keep_file(APP, names[0], NULL);
	for (unsigned i = 0; i < ELF_MODULES_MAX; i++)
		keep_file(names[i], names[i + 1], NULL);
	assert_int_equal(open_result(APP), TEE_ERROR_OUT_OF_MEMORY);
	/* One fewer fits. */
	free(store[ELF_MODULES_MAX - 1].data);
	stored_count = ELF_MODULES_MAX - 1;
	keep_file(names[ELF_MODULES_MAX - 2], NULL, NULL);
	assert_int_equal(open_result(APP), TEE_SUCCESS);
}

/* Polls while the app is opened, its files known already, that needs one library so many times. */
static unsigned polls_to_open(unsigned count)
{
	struct tiny_elf e;

	while (stored_count > 0)
		free(store[--stored_count].data);
	tiny_elf_make(&e);
	tiny_elf_dynamic(&e, DT_NEEDED, LIB_A);
	for (unsigned i = 1; i < count; i++)
		e.dynamic[i] = e.dynamic[0];
	keep_tiny(APP, &e);
	keep_file(LIB_A, NULL, NULL);
	while (image_reclaim(&system_budget))
		;
	assert_int_equal(open_result(APP), TEE_SUCCESS);
	fixture_no_failures();
	assert_int_equal(open_result(APP), TEE_SUCCESS);
	return failures.polls;
}

/* I7: the list is searched for each, also if nothing has to be fetched. */
static void interrupts_are_let_in_between_libraries_that_are_there_already(void **state)
{
	(void)state;
	unsigned one = polls_to_open(1);
	assert_true(polls_to_open(ELF_NEEDED_MAX) >= one + ELF_NEEDED_MAX - 1);
}

/* --- dlopen() and dlsym(): as system calls of this test --- */

#define SYS_TEST 1000u

static struct {
	const char *open, *find, *name; /* NULL: not asked */
	TEE_Result open_result, find_result;
	uint64_t va;
	struct ta_instance *instance;
	uint32_t modules, mapped; /* afterwards */
} request;

static enum ta_verdict (*real_syscall)(struct ta_instance *instance, struct ta_session *session);

static enum ta_verdict test_syscall(struct ta_instance *instance, struct ta_session *session)
{
	struct uuid uuid;

	if (instance->context->x[8] != SYS_TEST)
		return real_syscall(instance, session);
	request.instance = instance;
	if (request.open) {
		uuid_from_text(&uuid, request.open);
		request.open_result = modules_open(instance, &uuid);
	}
	if (request.find) {
		uuid_from_text(&uuid, request.find);
		request.find_result = modules_find(instance, &uuid, request.name, &request.va);
	}
	request.modules = instance->modules.all.count;
	request.mapped = instance->as.page_count;
	return TA_CONTINUE;
}

static const struct app_step ask = {APP_SYSCALL, SYS_TEST, {0}};
static uint32_t session_of_app;

static void open_app(void)
{
	real_syscall = ta_syscall;
	ta_syscall = test_syscall;
	assert_int_equal(open_named(&guest, APP, &session_of_app), TEE_SUCCESS);
}

static uint32_t invoke(void)
{
	struct model_message m = {
		.header = {.cmd = MSG_CMD_INVOKE_COMMAND, .session = session_of_app, .func = 1}};

	app_steps = &ask;
	app_step_count = 1;
	uint32_t a0 = model_call(&guest, &m);
	app_step_count = 0;
	return a0 ? a0 : m.header.ret;
}

static TEE_Result dlopen(const char *name)
{
	request.open = name;
	request.find = NULL;
	assert_int_equal(invoke(), TEE_SUCCESS);
	return request.open_result;
}

static TEE_Result dlsym(const char *module, const char *name)
{
	request.open = NULL;
	request.find = module;
	request.name = name;
	assert_int_equal(invoke(), TEE_SUCCESS);
	return request.find_result;
}

#define NIL "00000000-0000-0000-0000-000000000000"

static void keep_with_symbol(const char *name, const char *symbol, const char *needed)
{
	struct tiny_elf e;

	tiny_library_make(&e);
	tiny_elf_symbol(&e, TINY_FREE, symbol, STB_GLOBAL, STT_FUNC, 1, TINY_CODE_VA + 32);
	if (needed)
		tiny_elf_dynamic(&e, DT_NEEDED, needed);
	keep_tiny(name, &e);
}

/* TA-145 */
static void ta_145_a_library_is_opened_once_with_what_it_needs(void **state)
{
	struct elf_phdr_info info;

	(void)state;
	keep_file(APP, NULL, NULL);
	keep_with_symbol(LIB_A, "of_a", LIB_B);
	keep_with_symbol(LIB_B, "of_b", NULL);
	open_app();
	assert_int_equal(dlopen(NIL), TEE_SUCCESS);
	assert_int_equal(dlopen(APP), TEE_SUCCESS);
	/* The guest's codes are for the app, but for the one that is the kernel's. */
	refused_with = TEE_ERROR_ITEM_NOT_FOUND;
	assert_int_equal(dlopen(LIB_A), TEE_ERROR_ITEM_NOT_FOUND);
	refused_with = TEE_ERROR_TARGET_DEAD;
	assert_int_equal(dlopen(LIB_A), TEE_ERROR_GENERIC);
	refused_with = 0;
	assert_int_equal(request.modules, 1);
	assert_int_equal(dlsym(NIL, "of_a"), TEE_ERROR_ITEM_NOT_FOUND);
	assert_int_equal(dlsym(LIB_A, "of_a"), TEE_ERROR_ITEM_NOT_FOUND);
	assert_int_equal(dlopen(LIB_A), TEE_SUCCESS);
	assert_int_equal(request.modules, 3);
	asked_count = 0;
	assert_int_equal(dlopen(LIB_A), TEE_SUCCESS);
	assert_int_equal(dlopen(LIB_B), TEE_SUCCESS);
	assert_int_equal(request.modules, 3);
	assert_int_equal(asked_count, 0);
	assert_int_equal(dlsym(NIL, "of_b"), TEE_SUCCESS);
	uint64_t va = request.va;
	assert_int_equal(dlsym(LIB_B, "of_b"), TEE_SUCCESS);
	assert_int_equal(request.va, va);
	assert_int_equal(dlsym(LIB_A, "of_b"), TEE_ERROR_ITEM_NOT_FOUND);
	assert_non_null(host_user_memory(&request.instance->as.arch, va, PROT_X));
	const struct elf_module *app =
		list_entry(request.instance->modules.all.list.next, struct elf_module, link);
	const void *at =
		host_user_memory(&request.instance->as.arch, app->base + TINY_INFO_VA, PROT_R);
	memcpy(&info, at, sizeof(info));
	assert_int_equal(info.count, 3);
	assert_int_equal(model_close(&guest, session_of_app), TEE_SUCCESS);
}

/* TA-145 */
static void ta_145_a_library_that_fails_to_open_is_not_there(void **state)
{
	struct tiny_elf e;

	(void)state;
	keep_file(APP, NULL, NULL);
	keep_with_symbol(LIB_A, "of_a", LIB_C); /* which is missing */
	tiny_library_make(&e);
	tiny_elf_symbol(&e, TINY_FREE, "nowhere", STB_GLOBAL, STT_NOTYPE, SHN_UNDEF, 0);
	e.relas[TINY_FREE_RELA] =
		(struct elf_rela_entry){TINY_DATA_VA, R_AARCH64_JUMP_SLOT, TINY_FREE, 0};
	keep_tiny(LIB_B, &e);
	open_app();
	assert_int_equal(dlopen(NIL), TEE_SUCCESS);
	uint32_t mapped = request.mapped;
	assert_int_equal(dlopen(LIB_A), TEE_ERROR_ITEM_NOT_FOUND);
	assert_int_equal(request.modules, 1);
	assert_int_equal(dlopen(LIB_B), TEE_ERROR_BAD_FORMAT);
	assert_int_equal(dlopen(LIB_D), TEE_ERROR_ITEM_NOT_FOUND);
	assert_int_equal(request.modules, 1);
	assert_int_equal(request.mapped, mapped);
	assert_int_equal(dlsym(NIL, "of_a"), TEE_ERROR_ITEM_NOT_FOUND);
	assert_int_equal(model_close(&guest, session_of_app), TEE_SUCCESS);
}

/* --- running out, and dying --- */

static void each_failing_allocation_of_a_family_gives_everything_back(void **state)
{
	unsigned failed = 0;

	(void)state;
	keep_family();
	for (unsigned at = 1;; at++) {
		uint32_t session;

		fixture_no_failures();
		failures.alloc_at = at;
		uint32_t res = open_named(&guest, APP, &session);
		bool reached = failures.allocs >= at;
		fixture_no_failures();
		if (!res)
			assert_int_equal(model_close(&guest, session), TEE_SUCCESS);
		if (!reached)
			break;
		failed += res != TEE_SUCCESS;
		while (image_reclaim(&system_budget))
			;
	}
	assert_true(failed > 100);
	/* stop() compares every page. */
}

static void each_failing_allocation_of_a_dlopen_leaves_the_app_as_it_was(void **state)
{
	(void)state;
	keep_file(APP, NULL, NULL);
	keep_with_symbol(LIB_A, "of_a", LIB_B);
	keep_with_symbol(LIB_B, "of_b", NULL);
	open_app();
	assert_int_equal(dlopen(NIL), TEE_SUCCESS);
	uint32_t mapped = request.mapped;
	for (unsigned at = 1;; at++) {
		request.open = LIB_A;
		request.find = NULL;
		request.open_result = TEE_ERROR_GENERIC;
		failures.alloc_at = at;
		failures.allocs = 0;
		uint32_t res = invoke();
		fixture_no_failures();
		if (res)
			continue; /* the call itself failed, before */
		if (request.open_result == TEE_SUCCESS)
			break;
		assert_int_equal(request.open_result, TEE_ERROR_OUT_OF_MEMORY);
		assert_int_equal(request.modules, 1);
		assert_int_equal(request.mapped, mapped);
	}
	assert_int_equal(request.modules, 3);
	assert_int_equal(model_close(&guest, session_of_app), TEE_SUCCESS);
}

static void a_guest_that_dies_at_any_rpc_of_a_family_leaves_nothing(void **state)
{
	unsigned deaths = 0;

	(void)state;
	keep_family();
	for (stop_at = 1;; stop_at++) {
		uint32_t session;

		guest.rpcs = 0;
		uint32_t res = open_named(&guest, APP, &session);
		if (res == TEE_SUCCESS)
			break;
		assert_int_equal(res, 0xAAAA0000u | (MODEL_LEFT & 0xFFFF));
		model_end(&guest);
		model_start(&guest, 1);
		guest.on_rpc = serve;
		deaths++;
	}
	assert_true(deaths >= 5 * 4);
	stop_at = 0;
}

static void a_guest_that_dies_at_any_rpc_of_a_dlopen_leaves_nothing(void **state)
{
	(void)state;
	keep_file(APP, NULL, NULL);
	keep_with_symbol(LIB_A, "of_a", LIB_B);
	keep_with_symbol(LIB_B, "of_b", NULL);
	for (unsigned at = 1;; at++) {
		open_app();
		guest.rpcs = 0;
		stop_at = at;
		request.open = LIB_A;
		request.find = NULL;
		uint32_t res = invoke();
		stop_at = 0;
		if (res != MODEL_LEFT)
			break;
		model_end(&guest);
		ta_syscall = real_syscall;
		model_start(&guest, 1);
		guest.on_rpc = serve;
		assert_in_range(at, 1, 20);
	}
	assert_int_equal(request.open_result, TEE_SUCCESS);
	assert_int_equal(model_close(&guest, session_of_app), TEE_SUCCESS);
}

/* --- sharing --- */

#define OS_TEST "5b9e0e40-2636-11e1-ad9e-0002a5d5c51b"
#define OS_LIB  "ffd2bded-ab7d-4988-95ee-e4962fff7154"

static void keep_shipped(const char *name)
{
	const struct ta_file *f = ta_file(name);
	uint8_t *copy = malloc(f->size);

	memcpy(copy, f->data, f->size);
	keep(name, copy, f->size);
}

/* Issue 3, item 3: a further guest costs what it writes, not what it reads. */
static void images_of_libraries_are_shared_between_guests(void **state)
{
	struct page_totals before, after;
	struct image_totals images;
	struct model second;
	uint32_t a, b;

	(void)state;
	keep_shipped(OS_TEST);
	keep_shipped(OS_LIB);
	model_start(&second, 2);
	second.on_rpc = serve;
	assert_int_equal(open_named(&guest, OS_TEST, &a), TEE_SUCCESS);
	pages_totals(&before);
	assert_int_equal(open_named(&second, OS_TEST, &b), TEE_SUCCESS);
	pages_totals(&after);
	image_totals(&images);
	assert_int_equal(images.images, 2);
	/* Writable pages of both files (226 + 5), the stack, tables, records: no code. */
	assert_in_range(before.free - after.free, 232, 260);
	print_message("os_test with its library: %u pages for a further guest\n",
		      before.free - after.free);
	assert_int_equal(model_close(&guest, a), TEE_SUCCESS);
	assert_int_equal(model_close(&second, b), TEE_SUCCESS);
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 2, 0, 0).a[0], SMC_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ta_032_libraries_are_fetched_breadth_first_and_once),
		TEST(ta_032_each_library_is_verified_like_an_app),
		TEST(ta_032_a_library_without_a_uuid_is_refused),
		TEST(ta_033_a_library_is_no_app_and_an_app_no_library),
		TEST(the_number_of_files_of_an_app_is_bounded),
		TEST(interrupts_are_let_in_between_libraries_that_are_there_already),
		TEST(ta_145_a_library_is_opened_once_with_what_it_needs),
		TEST(ta_145_a_library_that_fails_to_open_is_not_there),
		TEST(each_failing_allocation_of_a_family_gives_everything_back),
		TEST(each_failing_allocation_of_a_dlopen_leaves_the_app_as_it_was),
		TEST(a_guest_that_dies_at_any_rpc_of_a_family_leaves_nothing),
		TEST(a_guest_that_dies_at_any_rpc_of_a_dlopen_leaves_nothing),
		TEST(images_of_libraries_are_shared_between_guests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
