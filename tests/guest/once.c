/* SPDX-License-Identifier: BSD-2-Clause */
/* The modes without malice. */
#include "book.h"
#include "memory.h"
#include "modes.h"

#define ONCE_CALLS 50u
#define ONCE_PAGES 32u

void give_back(void)
{
	uint64_t regs[18];
	uint32_t status;

	if (tee.way == WAY_REGISTERED) {
		struct buffer *messages = tee.messages;
		struct call *call = call_take(MSG_CMD_UNREGISTER_SHM, 1);

		call->params[0].attr = MSG_ATTR_RMEM_IN;
		call->params[0].u.rmem.shm_ref = messages->cookie;
		call_start(call, WAY_RPC_ARG);
		if (call_finish(call) != SMC_OK || call->message->ret != TEE_SUCCESS)
			fail("NW-077: the messages stay registered: %x %x", call->status,
			     call->message->ret);
		call_free(call);
	}
	while ((status = tee_fast(SMC_DISABLE_SHM_CACHE, 0, 0, 0, regs)) == SMC_OK) {
		struct buffer *buffer = buffer_find((regs[1] << 32) | regs[2]);

		if (!buffer || buffer->kind != BUFFER_RPC)
			fail("NW-045: the cache held unknown memory %lx:%lx", regs[1], regs[2]);
		buffer_delete(buffer);
	}
	if (status != SMC_ENOTAVAIL)
		fail("NW-015: DISABLE_SHM_CACHE at the end: %x", status);
	for (uint32_t i = 0; i < BUFFERS_MAX; i++)
		if (tee.buffers[i].kind == BUFFER_RPC || tee.buffers[i].kind == BUFFER_PAYLOAD)
			fail("the TEE kept buffer %lx of kind %u", tee.buffers[i].cookie,
			     (uint32_t)tee.buffers[i].kind);
}

static void print_rpcs(void)
{
	print("guest: rpcs: alloc %lu free %lu foreign %lu load_ta %lu get_time %lu "
	      "notification %lu suspend %lu shm_alloc %lu shm_free %lu\n",
	      tee.rpc_alloc, tee.rpc_free, tee.rpc_foreign, tee.rpc_counts[RPC_CMD_LOAD_TA],
	      tee.rpc_counts[RPC_CMD_GET_TIME], tee.rpc_counts[RPC_CMD_NOTIFICATION],
	      tee.rpc_counts[RPC_CMD_SUSPEND], tee.rpc_counts[RPC_CMD_SHM_ALLOC],
	      tee.rpc_counts[RPC_CMD_SHM_FREE]);
}

void mode_once(void)
{
	uint64_t start = microseconds();
	uint64_t calls = machine_number("calls", ONCE_CALLS);
	struct book book;
	TEE_Result result = book_open(&book, machine_number("seed", 1), ONCE_PAGES);

	if (result != TEE_SUCCESS)
		fail("ledger: open: %x", result);
	for (uint64_t i = 0; i < calls; i++)
		if (!book_call(&book))
			fail("ledger: call %lu", i);
	if (!book_check(&book))
		fail("ledger: totals");
	result = book_close(&book);
	if (result != TEE_SUCCESS)
		fail("ledger: close: %x", result);
	give_back();
	print_rpcs();
	print("guest: once: %lu calls in %lu us\n", calls, microseconds() - start);
}

void mode_crowd(void)
{
	struct book book;
	TEE_Result result = book_open(&book, machine_number("seed", 1), 1);
	uint64_t calls = 0;

	if (result != TEE_SUCCESS)
		fail("crowd: open: %x", result);
	print("guest: crowd: ready\n");
	for (;;) {
		int c = console_read();

		if (c == 'i') {
			if (!book_call(&book))
				fail("crowd: call %lu", calls);
			print("guest: crowd: call %lu right\n", ++calls);
		} else if (c == 'q') {
			break;
		} else {
			delay(1000);
		}
	}
	if (!book_check(&book) || book_close(&book) != TEE_SUCCESS)
		fail("crowd: end");
	give_back();
}
