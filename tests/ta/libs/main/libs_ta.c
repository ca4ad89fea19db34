/* SPDX-License-Identifier: BSD-2-Clause */
/* An app with a library that it needs, one that it opens, and thread-local storage in all. */
#include <dlfcn.h>
#include <link.h>
#include <tee_internal_api.h>

#include "libs.h"
#include "many.h"
#include "report.h"
#include "tatest.h"

#define HOW (RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE)

uint32_t init_trace;
__thread uint32_t main_tls = 0x3333;
static __thread uint32_t main_tls_zero;
static uint32_t trace_at_creation;

static void __attribute__((constructor, used)) main_init(void)
{
	init_trace = init_trace * 10 + 1;
}

uint32_t main_number(void)
{
	return 100;
}

uint32_t shared_name(void)
{
	return 2;
}

static int count_module(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)info;
	(void)size;
	++*(uint32_t *)data;
	return 0;
}

static uint32_t modules(void)
{
	uint32_t count = 0;

	dl_iterate_phdr(count_module, &count);
	return count;
}

static void check_start(void)
{
	expect("TA-032", "the app and its library are loaded", 2, modules());
	expect("TA-037", "the library's initialiser ran first, then the app's, each once", 21,
	       trace_at_creation);
	expect("TA-031", "the app calls the library, which calls the app", 110, first_number());
	expect("TA-030", "the app's definition stands before the library's weak one", 2,
	       first_shared_name());
	expect("TA-030", "a weak name that nobody defines is 0", 0, first_has_nowhere());
	expect("TA-026", "a pointer from the library to the app", (uintptr_t)&init_trace,
	       (uintptr_t)first_pointer);
}

static void check_storage(void)
{
	expect("TA-038", "the app's thread-local data", 0x3333, main_tls);
	expect("TA-038", "the app's thread-local zero", 0, main_tls_zero);
	expect("TA-038", "the library's, by descriptor", 0x1111, *first_tls_address());
	expect("TA-038", "the app's, from the library by offset", 0x3333, first_main_tls());
	expect("TA-038", "the library's, from the app", 0x1111, first_tls);
	main_tls = 5;
	first_tls = 6;
	main_tls_zero = 7;
	expect("TA-038", "they are one and the same", 0x0506,
	       first_main_tls() << 8 | *first_tls_address());
	main_tls = 0x3333;
	first_tls = 0x1111;
	main_tls_zero = 0;
}

static void check_open(void)
{
	void *handle = dlopen(LIBRARY("0032"), HOW);
	uint32_t (*number)(void) = handle ? dlsym(handle, SECOND_NUMBER) : NULL;
	uint32_t *(*storage)(void) = handle ? dlsym(handle, SECOND_TLS) : NULL;

	expect("TA-145", "a library that nobody has does not open", 0,
	       (uintptr_t)dlopen(LIBRARY("00ff"), HOW));
	expect("TA-145", "a library opens, and its names are found", 1,
	       handle && number && storage);
	if (!handle || !number || !storage)
		return;
	expect("TA-032", "it and what it needs are there once", 3, modules());
	expect("TA-037", "its initialiser ran, and no other again", 213, init_trace);
	expect("TA-145", "it calls the first library, which calls the app", 1110, number());
	expect("TA-145", "a name that it does not have is not found", 0,
	       (uintptr_t)dlsym(handle, "no_such_name"));
	expect("TA-145", "its names are in the whole app, too", (uintptr_t)number,
	       (uintptr_t)dlsym(dlopen(NULL, HOW), SECOND_NUMBER));
	/* the kit's runtime gives late modules room, but not their initial values */
	*storage() = 0x4444;
	expect("TA-038", "its thread-local data, by descriptor, is its own", 0x4444, *storage());
	expect("TA-038", "and not the library's", 0x1111, first_tls);
	expect("TA-038", "the others' stay where they were", 0x3333, main_tls);
	expect("TA-145", "it opens twice", 1, dlopen(LIBRARY("0032"), HOW) != NULL);
	expect("TA-037", "which initialises nothing again", 213, init_trace);
	dlclose(handle);
	expect("TA-145", "closed, it is still there", 1110, number());
}

TEE_Result TA_CreateEntryPoint(void)
{
	trace_at_creation = init_trace;
	return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t types, TEE_Param params[TEE_NUM_PARAMS],
				    void **context)
{
	(void)types;
	(void)params;
	(void)context;
	return TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *context)
{
	(void)context;
}

static void check_libs(void)
{
	check_start();
	check_storage();
	check_open();
	check_storage();
}

static TEE_Result run_check(uint32_t types, TEE_Param params[TEE_NUM_PARAMS])
{
	static void (*const checks[CHECK_COUNT])(void) = {
		[CHECK_LIBS] = check_libs,
		[CHECK_MANY_LIBS] = check_many_libs,
		[CHECK_MANY_REGIONS] = check_many_regions_of_libs,
	};
	uint32_t which = params[0].value.a;

	if (TEE_PARAM_TYPE_GET(types, 3) != TEE_PARAM_TYPE_MEMREF_OUTPUT || which >= CHECK_COUNT ||
	    !checks[which])
		return TEE_ERROR_NOT_SUPPORTED;
	report_begin(params[3].memref.buffer, params[3].memref.size,
		     params[0].value.b & TATEST_ON_PEER);
	checks[which]();
	params[3].memref.size = report_end();
	return TEE_SUCCESS;
}

TEE_Result TA_InvokeCommandEntryPoint(void *context, uint32_t command, uint32_t types,
				      TEE_Param params[TEE_NUM_PARAMS])
{
	(void)context;
	if (command == CMD_CHECK)
		return run_check(types, params);
	if (command == CMD_FAULT)
		TEE_Panic(FAULT_PANIC_CODE);
	return TEE_ERROR_NOT_SUPPORTED;
}
