/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest that wants everything for itself, and one beside it that wants to work. */
#include "../../examples/exchange/exchange.h"
#include "../../examples/linger/linger.h"
#include "book.h"
#include "modes.h"

#define SESSIONS_MAX   1024u
#define ROUND_MS       20u
#define RINGS          16u
#define REPORT_US      250000u
#define CALLS_PER_BOOK 500u /* then the app is loaded anew, from pages that must be there */

static uint32_t sessions[SESSIONS_MAX];
static uint32_t session_count;
static struct buffer *buffers[BUFFERS_MAX];
static uint32_t buffer_count;
static struct call *calls[CALLS_MAX];
static uint32_t call_count;
static uint32_t lingerer;
static struct call *waiter; /* for the lock of the exchange, in a session of its own */
static uint32_t waiting_session;
static bool is_told; /* that there is no more of what this phase takes */

static void tell(const char *what, uint32_t count, uint32_t code)
{
	if (!is_told)
		print("guest: hog: %u %s, then %x\n", count, what, code);
	is_told = true;
}

static void take_session(const uint8_t uuid[16], const char *what)
{
	TEE_Result result;

	if (session_count == SESSIONS_MAX)
		fail("hog: %u sessions and no end", session_count);
	result = tee_open(uuid, &sessions[session_count]);
	if (result == TEE_SUCCESS)
		session_count++;
	else
		tell(what, session_count, result);
}

/* Of a service of the TEE's own: it costs nothing but the session. */
static const uint8_t uuid_statistics[16] = {0xd9, 0x6a, 0x5b, 0x40, 0xe2, 0xc7, 0xb1, 0xaf,
					    0x87, 0x94, 0x10, 0x02, 0xa5, 0xd5, 0xc6, 0x1b};

static void take_shared_memory(void)
{
	struct buffer *buffer = tee_register(PAGE_SIZE);

	if (buffer)
		buffers[buffer_count++] = buffer;
	else
		tell("shared pages", buffer_count, TEE_ERROR_OUT_OF_MEMORY);
}

/* Each stays in an RPC; the next one is refused, again and again. */
static void take_call(void)
{
	struct call *call = open_prepare(uuid_cold);

	call_start(call, WAY_ARG);
	if (call->state == CALL_SUSPENDED) {
		calls[call_count++] = call;
		return;
	}
	tell("calls", call_count, call->status);
	call_free(call);
}

static void take_time(void)
{
	struct msg_param params[4] = {0};

	if (!lingerer && tee_open(uuid_linger, &lingerer) != TEE_SUCCESS)
		fail("hog: no session to take time in");
	params[0].attr = MSG_ATTR_VALUE_IN;
	params[0].u.value.a = ROUND_MS;
	params[1].attr = MSG_ATTR_VALUE_OUT;
	if (tee_invoke(lingerer, LINGER_BUSY, params) != TEE_SUCCESS)
		fail("hog: the app did not compute");
	tell("ms of computing at a time", ROUND_MS, 0);
}

/*
 * A notification that stays pending: of a call that waits for a lock, which is given back, and that
 * does not go on.
 */
static void leave_notification_pending(void)
{
	struct msg_param params[4] = {0};
	uint32_t holder;
	uint64_t regs[18];

	params[0].attr = params[1].attr = MSG_ATTR_VALUE_OUT;
	if (tee_open(uuid_exchange, &holder) != TEE_SUCCESS ||
	    tee_open(uuid_exchange, &waiting_session) != TEE_SUCCESS)
		fail("hog: no session with the exchange");
	if (tee_invoke(holder, EXCHANGE_LOCK, params) != TEE_SUCCESS)
		fail("hog: the lock is not free");
	waiter = invoke_prepare(waiting_session, EXCHANGE_LOCK, params);
	call_start(waiter, tee.way);
	while (waiter->state == CALL_SUSPENDED && !call_is_waiting(waiter)) {
		call_answer(waiter, regs);
		call_resume(waiter, regs);
	}
	if (!call_is_waiting(waiter) || tee_close(holder) != TEE_SUCCESS)
		fail("hog: the lock was not waited for");
}

/* As often as it can: what is pending is told when notifications are turned on. */
static void take_interrupts(void)
{
	uint64_t regs[18];
	struct call *stop;

	if (!waiter)
		leave_notification_pending();
	for (uint32_t i = 0; i < RINGS; i++) {
		if (tee_fast(SMC_ENABLE_ASYNC_NOTIF, 0, 0, 0, regs) != SMC_OK ||
		    tee_fast(SMC_ENABLE_ASYNC_NOTIF, 0, 0, 0, regs) != SMC_OK)
			fail("hog: notifications cannot be enabled");
		stop = call_take(MSG_CMD_STOP_ASYNC_NOTIF, 0);
		call_start(stop, tee.way);
		if (call_finish(stop) != SMC_OK || stop->message->ret != TEE_SUCCESS)
			fail("hog: notifications cannot be stopped");
		call_free(stop);
	}
	tell("rings at a time", RINGS, 0);
}

static void stop_waiting(void)
{
	if (!waiter)
		return;
	if (call_finish(waiter) != SMC_OK || waiter->message->ret != TEE_SUCCESS)
		fail("hog: the lock was not given to who waited");
	call_free(waiter);
	waiter = NULL;
	if (tee_close(waiting_session) != TEE_SUCCESS)
		fail("hog: close of the one that waited");
}

static void give_everything_back(void)
{
	stop_waiting();
	while (call_count > 0) {
		struct call *call = calls[--call_count];
		uint32_t session;

		call_finish(call);
		session = call->message->ret == TEE_SUCCESS ? call->message->session : 0;
		call_free(call);
		if (session && tee_close(session) != TEE_SUCCESS)
			fail("hog: close of an interrupted open");
	}
	while (session_count > 0)
		if (tee_close(sessions[--session_count]) != TEE_SUCCESS)
			fail("hog: close");
	while (buffer_count > 0)
		if (tee_unregister(buffers[--buffer_count]) != TEE_SUCCESS)
			fail("hog: unregister");
	if (lingerer && tee_close(lingerer) != TEE_SUCCESS)
		fail("hog: close of the busy one");
	lingerer = 0;
	is_told = false;
}

void mode_hog(void)
{
	int phase = 's';

	print("guest: hog: ready\n");
	while (phase != 'q') {
		int typed = console_read();

		if (typed > 0) {
			give_everything_back();
			print("guest: hog: phase %u\n", (uint32_t)typed);
			phase = typed;
		}
		if (phase == 'm')
			take_session(uuid_linger, "instances");
		else if (phase == 'r')
			take_shared_memory();
		else if (phase == 'c')
			take_call();
		else if (phase == 'o')
			take_session(uuid_statistics, "sessions");
		else if (phase == 't')
			take_time();
		else if (phase == 'n')
			take_interrupts();
	}
	give_back();
}

static void open_book(struct book *book)
{
	TEE_Result result = book_open(book, machine_number("seed", 1), 1);

	if (result != TEE_SUCCESS)
		fail("pace: open: %x", result);
}

static void close_book(struct book *book)
{
	if (!book_check(book) || book_close(book) != TEE_SUCCESS)
		fail("pace: close");
}

void mode_pace(void)
{
	uint64_t next = 0, calls_made = 0;
	struct book book;

	open_book(&book);
	while (console_read() != 'q') {
		if (!book_call(&book))
			fail("pace: call %lu", calls_made);
		calls_made++;
		if (calls_made % CALLS_PER_BOOK == 0) {
			close_book(&book);
			open_book(&book);
		}
		if (microseconds() >= next) {
			next = microseconds() + REPORT_US;
			print("guest: pace: %lu calls at %lu us\n", calls_made, microseconds());
		}
	}
	close_book(&book);
	give_back();
}

void mode_sleep(void)
{
	uint32_t session;

	if (tee_open(uuid_ledger, &session) != TEE_SUCCESS || tee_close(session) != TEE_SUCCESS)
		fail("sleep: no session");
	print("guest: sleep: ready\n");
	for (;;)
		__asm__ volatile("wfi");
}
