/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hostile guest against the whole kernel: any registers, any message memory, rewritten at any
 * copy, calls left and resumed in any order with any answers, the guest destroyed at any moment. At
 * the end every page is back.
 */
#include <stdlib.h>
#include <string.h>

#include "abi/tenon.h"
#include "kernel/arch/host/app.h"
#include "kernel/call/call.h"
#include "kernel/lib/assert.h"
#include "kernel/ta/image.h"
#include "tests/fuzz/input.h"

#define PAGES   8u
#define THREADS 8u
#define STEPS   64u
#define OPENS   12u
#define RPCS    100u
#define VM      1u

/* Several instances, one session each. */
#define APP "d17f73a0-36ef-11e1-984a-0002a5d5c51b"

static struct input in;
static struct model ram; /* the guest when it behaves */
static uint8_t app[16];
static uint64_t pages[PAGES];
static uint64_t message; /* the page in which one was put last */
static uint32_t threads[THREADS];
static unsigned thread_count;
static unsigned opens;
static struct page_totals at_start;
static bool started;

static uint64_t some_address(void)
{
	switch (input_below(&in, 6)) {
	case 0:
		return input_take(&in, 8);
	case 1:
		return pages[input_below(&in, PAGES)] + input_take(&in, 2) % PAGE_SIZE;
	default:
		return pages[input_below(&in, PAGES)];
	}
}

/* A parameter that is close to a good one. */
static void put_param(struct msg_param *param)
{
	static const uint64_t attrs[] = {0, 1,  2,  3,     5,     6,     7,
					 9, 10, 11, 0x101, 0x20A, 0x209, 0x20B};

	param->attr = input_below(&in, 12) ? attrs[input_below(&in, 14)] : input_take(&in, 8);
	param->u.tmem.buf_ptr = some_address();
	param->u.tmem.size = input_take(&in, 2);
	param->u.tmem.shm_ref = input_below(&in, 4) ? input_below(&in, 16) : input_take(&in, 8);
}

static void put_list(uint64_t *list)
{
	for (unsigned i = 0; i < 4; i++)
		list[i] = some_address();
	list[511] = some_address();
}

static void put_message(void)
{
	static const uint8_t uuids[][16] = {
		{0x70, 0x11, 0xa6, 0x88, 0xdd, 0xde, 0x40, 0x53, 0xa5, 0xa9, 0x7b, 0x3c, 0x4d, 0xdf,
		 0x13, 0xb8},
		{0xab, 0x7a, 0x61, 0x7c, 0xb8, 0xe7, 0x4d, 0x8f, 0x83, 0x01, 0xd0, 0x9b, 0x61, 0x03,
		 0x6b, 0x64},
		{0xd9, 0x6a, 0x5b, 0x40, 0xe2, 0xc7, 0xb1, 0xaf, 0x87, 0x94, 0x10, 0x02, 0xa5, 0xd5,
		 0xc6, 0x1b},
	};
	message = pages[input_below(&in, PAGES)];
	struct msg_header *header = host_ns(message);
	struct msg_param *param = (struct msg_param *)(header + 1);

	header->cmd = input_below(&in, 10);
	header->session = input_below(&in, 4);
	header->func = (uint32_t)input_take(&in, 1);
	header->num_params =
		input_below(&in, 16) ? input_below(&in, 7) : (uint32_t)input_take(&in, 4);
	for (unsigned i = 0; i < 6; i++)
		put_param(&param[i]);
	if (header->cmd == MSG_CMD_OPEN_SESSION && input_below(&in, 8)) {
		param[0].attr = param[1].attr = MSG_ATTR_META_VALUE_IN;
		memcpy(param[0].u.octets, uuids[input_below(&in, 3)], 16);
		param[1].u.value.c = input_below(&in, 4);
	}
}

/* Another vCPU of the guest writes while the kernel copies (I4). */
static void rewrite(uint64_t pa, size_t size, bool write)
{
	(void)write;
	if (input_below(&in, 8) == 1)
		memset(host_ns(pa), (int)input_take(&in, 1), size / 2);
}

static void remember(const struct smc_args *args)
{
	if ((args->a[0] & 0xFFFF0000u) == SMC_RPC_PREFIX && args->a[0] != SMC_UNKNOWN_FUNCTION)
		threads[thread_count++ % THREADS] = args->a[3];
}

static void call(void)
{
	static const uint32_t functions[] = {
		SMC_CALL_WITH_ARG,    SMC_CALL_WITH_RPC_ARG,     SMC_CALL_WITH_REGD_ARG,
		SMC_RETURN_FROM_RPC,  SMC_EXCHANGE_CAPABILITIES, SMC_DISABLE_SHM_CACHE,
		SMC_ENABLE_SHM_CACHE, SMC_ENABLE_ASYNC_NOTIF,    SMC_GET_ASYNC_NOTIF_VALUE};
	uint64_t at = input_below(&in, 4) ? message : some_address(), cookie = input_take(&in, 1);
	uint32_t id = input_below(&in, 16) ? functions[input_below(&in, array_count(functions))]
					   : (uint32_t)input_take(&in, 4);
	struct smc_args args = {
		{id, at >> 32, (uint32_t)at, 0, cookie >> 32, (uint32_t)cookie, 0, VM}};

	if (id == SMC_CALL_WITH_REGD_ARG) {
		args.a[1] = 0;
		args.a[2] = (uint32_t)cookie;
		args.a[3] = (uint32_t)input_take(&in, 2);
	}
	if (id == SMC_RETURN_FROM_RPC)
		args.a[3] = input_below(&in, 8) ? threads[input_below(&in, THREADS)]
						: (uint32_t)input_take(&in, 4);
	if (id & SMC_FAST)
		entry_fast(&args);
	else
		entry_yielding(&args);
	remember(&args);
}

static void administration(void)
{
	struct smc_args args = {{SMC_TENON_GUEST_CONFIGURE, VM, input_below(&in, 8),
				 (uint32_t)input_take(&in, 2), 0, 0, 0, 0}};

	switch (input_below(&in, 3)) {
	case 0:
		args.a[0] = SMC_VM_DESTROYED;
		args.a[2] = args.a[3] = 0;
		break;
	case 1:
		args.a[0] = SMC_VM_CREATED;
		args.a[2] = args.a[3] = 0;
		break;
	default:
		break;
	}
	entry_fast(&args);
}

/* Where a guest stops that opens a session as it should: the call is hostile from then on. */
static bool goes_on(struct model *model, uint32_t cmd, struct msg_header *message, bool *served)
{
	(void)model, (void)cmd, (void)message, (void)served;
	/* One that waits for a call that was left would wait for ever. */
	return input_below(&in, 16) != 1 && ram.rpcs < RPCS;
}

/* So that there is an app with a session that hostile messages name. */
static void open_as_it_should(void)
{
	uint32_t session;

	/* What it leaves behind keeps its memory. */
	if (opens == OPENS)
		return;
	opens++;
	ram.rpcs = 0;
	host_ns_hook = NULL;
	ram.on_rpc = goes_on;
	if (model_open(&ram, app, &session) == (0xAAAA0000u | MODEL_LEFT))
		threads[thread_count++ % THREADS] = ram.thread_id;
	host_ns_hook = rewrite;
}

/* Memory under a cookie that hostile messages name, too. */
static void register_as_it_should(void)
{
	if (opens == OPENS)
		return;
	opens++;
	host_ns_hook = NULL;
	(void)model_register(&ram, pages[input_below(&in, PAGES)], PAGE_SIZE, input_below(&in, 16));
	host_ns_hook = rewrite;
}

static void step(void)
{
	switch (input_below(&in, 10)) {
	case 9:
		register_as_it_should();
		break;
	case 8:
		open_as_it_should();
		break;
	case 0:
		put_list(host_ns(pages[input_below(&in, PAGES)]));
		break;
	case 1:
		administration();
		break;
	case 2:
		host_foreign_pending = input_below(&in, 2);
		break;
	case 3:
		host_cpu = input_below(&in, HOST_CPUS);
		break;
	case 4:
		memset(host_ns(pages[input_below(&in, PAGES)]), (int)input_take(&in, 1), PAGE_SIZE);
		break;
	case 5:
		put_message();
		break;
	default:
		put_message();
		call();
		break;
	}
}

/* One kernel for all inputs: what one leaves behind would be found by the next, and by
 * check_pages(). */
static void start(void)
{
	host_start(700);
	pages_totals(&at_start);
	app_uuid(app, APP);
	started = true;
}

static void start_guest(void)
{
	model_start(&ram, VM);
	for (unsigned i = 0; i < PAGES; i++)
		pages[i] = model_alloc(&ram, PAGE_SIZE);
	app_load_file(&ram, TEST_TA_DIR, APP);
	for (unsigned i = 0; i < PAGES; i++)
		memset(host_ns(pages[i]), 0, PAGE_SIZE);
}

static void check_pages(void)
{
	struct page_totals t;

	while (image_reclaim(&system_budget))
		;
	pages_totals(&t);
	if (t.free != at_start.free || t.reserved != at_start.reserved || host_ns_mappings())
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!started)
		start();
	in = (struct input){data, size};
	thread_count = opens = 0;
	message = 0;
	app_reset();
	start_guest();
	host_ns_hook = rewrite;
	for (unsigned i = 0; i < STEPS && in.size > 0; i++)
		step();
	host_ns_hook = NULL;
	host_foreign_pending = false;
	host_cpu = 0;
	while (model_admin(SMC_VM_DESTROYED, VM, 0, 0).a[0] == SMC_EBUSY)
		;
	check_pages();
	host_console();
	return 0;
}
