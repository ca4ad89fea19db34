/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hostile app: any system calls with any arguments and any content of its own memory, while its
 * guest answers RPCs with anything. Only that instance may die; at the end every page is back.
 */
#include <stdlib.h>
#include <string.h>

#include "abi/tenon.h"
#include "kernel/arch/host/app.h"
#include "kernel/lib/assert.h"
#include "kernel/ta/image.h"
#include "tests/fuzz/input.h"

#define STEPS 24u
#define RPCS  500u
#define VM    1u
#define APP   "d17f73a0-36ef-11e1-984a-0002a5d5c51b"

static struct input in;
static struct model guest;
static uint8_t uuid[16];
static size_t at_start;
static uint64_t stack, code; /* addresses of the instance */
static bool started;
static struct app_step steps[STEPS];

static uint64_t some_argument(void)
{
	switch (input_below(&in, 8)) {
	case 0:
		return input_below(&in, 4);
	case 1:
		return stack + input_take(&in, 1);
	case 2:
		return stack + 8 * input_below(&in, 32);
	case 3:
		return code + input_take(&in, 2);
	case 4:
		return (stack & ~PAGE_MASK) + input_below(&in, 64) - 32;
	case 5:
		return UINT64_MAX - input_below(&in, 16);
	case 6:
		return input_take(&in, 8);
	default:
		return input_take(&in, 1);
	}
}

/* Its stack holds what the input says: structures, names, UUIDs for its calls. */
static void on_entry(struct arch_aspace *as, struct user_context *ctx, struct utee_params *params)
{
	(void)params;
	stack = ctx->sp - 512;
	code = ctx->pc;
	uint8_t *memory = host_user_memory(as, stack, PROT_R | PROT_W);
	if (ctx->x[0] != TA_FUNC_INVOKE_COMMAND || !memory)
		return;
	for (unsigned i = 0; i < 256; i += 8) {
		uint64_t word = input_below(&in, 3) ? some_argument() : input_take(&in, 8);
		memcpy(memory + i, &word, sizeof(word));
	}
	for (unsigned i = 0; i < STEPS; i++) {
		steps[i] = (struct app_step){.what = APP_SYSCALL, .number = input_below(&in, 73)};
		for (unsigned k = 0; k < 8; k++)
			steps[i].arg[k] = some_argument();
		if (in.size == 0) {
			app_step_count = i;
			break;
		}
	}
}

static bool on_rpc(struct model *model, uint32_t cmd, struct msg_header *message, bool *served)
{
	/* An app may sleep for weeks: the guest goes away instead. */
	if (model->rpcs > RPCS)
		return false;
	if (!message || cmd == RPC_CMD_SHM_FREE || in.size == 0)
		return true;
	struct msg_param *param = (struct msg_param *)(message + 1);
	switch (input_below(&in, 6)) {
	case 0: /* any code */
		message->ret = (uint32_t)input_take(&in, 4);
		*served = cmd != RPC_CMD_SHM_ALLOC || message->ret != 0;
		return true;
	case 1: /* success with any values */
		if (cmd == RPC_CMD_SHM_ALLOC)
			return true;
		message->ret = 0;
		for (unsigned i = 0; i < 4; i++)
			param[i].u.value = (struct msg_value){
				input_take(&in, 4), input_take(&in, 4), input_take(&in, 2)};
		*served = true;
		return true;
	default:
		return true;
	}
}

static void start(void)
{
	host_start(1500);
	app_reset();
	app_uuid(uuid, APP);
	started = true;
}

/* Free, or held by cached images that nobody uses. */
static size_t pages_to_have(void)
{
	struct page_totals pages;
	struct image_totals images;

	pages_totals(&pages);
	image_totals(&images);
	return pages.free + images.unused_pages;
}

static void invoke(uint32_t session)
{
	struct model_message m = {.header = {.cmd = MSG_CMD_INVOKE_COMMAND, .session = session}};

	app_step_count = STEPS;
	app_steps = steps;
	(void)model_call(&guest, &m);
	app_step_count = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t session;

	if (!started)
		start();
	at_start = pages_to_have();
	in = (struct input){data, size};
	model_start(&guest, VM);
	app_load_file(&guest, TEST_TA_DIR, APP);
	app_on_entry = on_entry;
	app_step_count = 0;
	if (model_open(&guest, uuid, &session) != TEE_SUCCESS)
		abort();
	guest.on_rpc = on_rpc;
	for (unsigned i = 0; i < 4 && in.size > 0; i++)
		invoke(session);
	guest.on_rpc = NULL;
	host_foreign_pending = false;
	while (model_admin(SMC_VM_DESTROYED, VM, 0, 0).a[0] == SMC_EBUSY)
		;
	if (pages_to_have() != at_start || host_ns_mappings())
		abort();
	host_console();
	return 0;
}
