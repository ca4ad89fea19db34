/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that has much of everything, to be destroyed with it: dead=N sessions of an app with an
 * instance each that crashed, instances=N of those that did not, sessions=N of a service, buffers=N
 * registered buffers of pages=N pages each, each look-up among all of them; with spread=1 among
 * few. A buffer is one page of ours, as often as it has pages: it costs the TEE what many would
 * cost, and us the page list. kept=1: an app without a session is kept alive. greedy=1: as much as
 * there is memory for. When 'b' is typed, bigs=N buffers of big=N pages for a while, if it gets
 * them; 'q' to end.
 */
#include "../../examples/linger/linger.h"
#include "memory.h"
#include "modes.h"

#define SESSIONS_MAX 2048u

/*
 * All in the bucket of the kernel's hash where the messages are, which were there first and so are
 * found last; or one after the other in each bucket (bucket_of() in kernel/shm/shm.c).
 */
#define HOARD_COOKIE   0x70001000ull
#define STRIDE_ALIKE   (1ull << 18)
#define STRIDE_SPREAD  (1ull << 6)
#define BIG_COOKIE     0x6F001000ull
#define FILL_COOKIE    0x6D001000ull
#define FILL_PAGES     250u /* as few as cost the TEE a page */
#define UNKNOWN_COOKIE 0x6E001000ull

/* Of a service of the TEE's own. */
static const uint8_t uuid_statistics[16] = {0xd9, 0x6a, 0x5b, 0x40, 0xe2, 0xc7, 0xb1, 0xaf,
					    0x87, 0x94, 0x10, 0x02, 0xa5, 0xd5, 0xc6, 0x1b};

static uint32_t sessions[SESSIONS_MAX];
static uint32_t session_count;
static uint64_t *list; /* of each buffer */
static uint64_t *big_list;
static uint32_t fill_count;
static uint64_t buffer_size;
static uint64_t stride;

static TEE_Result open_one(const uint8_t uuid[16])
{
	TEE_Result result;

	if (session_count == SESSIONS_MAX)
		fail("hoard: more than %u sessions", SESSIONS_MAX);
	result = tee_open(uuid, &sessions[session_count]);
	if (result == TEE_SUCCESS)
		session_count++;
	return result;
}

static void open_some(const uint8_t uuid[16], uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		TEE_Result result = open_one(uuid);

		if (result != TEE_SUCCESS)
			fail("hoard: session %u: %x", session_count, result);
	}
}

/* The session stays, and of its instance a record. */
static void leave_dead(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct msg_param params[4] = {0};

		params[0].attr = MSG_ATTR_VALUE_IN;
		params[1].attr = MSG_ATTR_VALUE_OUT;
		open_some(uuid_linger, 1);
		TEE_Result result = tee_invoke(sessions[session_count - 1], LINGER_PANIC, params);
		if (result != TEE_ERROR_TARGET_DEAD)
			fail("hoard: panic: %x", result);
	}
}

/* An app that is kept alive although nobody has a session with it. */
static void leave_idle(void)
{
	uint32_t session;

	if (tee_open(uuid_warm, &session) != TEE_SUCCESS || tee_close(session) != TEE_SUCCESS)
		fail("hoard: no app that is kept alive");
}

static TEE_Result call_about(uint32_t command, const struct msg_param *param)
{
	struct call *call = call_take(command, 1);
	TEE_Result result;

	if (!call)
		fail("hoard: no call is free");
	call->params[0] = *param;
	call_start(call, tee.way);
	result = call_finish(call) == SMC_OK ? call->message->ret : TEE_ERROR_COMMUNICATION;
	call_free(call);
	return result;
}

static uint64_t cookie_of(uint32_t index)
{
	return HOARD_COOKIE + index * stride;
}

static TEE_Result register_at(uint64_t cookie, const uint64_t *pages, uint64_t size)
{
	struct msg_param param = {.attr = MSG_ATTR_SHM_LIST};

	param.u.tmem.buf_ptr = (uintptr_t)pages;
	param.u.tmem.size = size;
	param.u.tmem.shm_ref = cookie;
	return call_about(MSG_CMD_REGISTER_SHM, &param);
}

static TEE_Result unregister(uint64_t cookie)
{
	struct msg_param param = {.attr = MSG_ATTR_RMEM_IN};

	param.u.rmem.shm_ref = cookie;
	return call_about(MSG_CMD_UNREGISTER_SHM, &param);
}

static void register_buffers(uint32_t count, uint32_t page_count)
{
	stride = machine_number("spread", 0) ? STRIDE_SPREAD : STRIDE_ALIKE;
	buffer_size = (uint64_t)page_count * PAGE_SIZE;
	list = count ? list_repeat(page_count) : NULL;
	if (count && !list)
		fail("hoard: no memory for a list of %u pages", page_count);
	for (uint32_t i = 0; i < count; i++) {
		TEE_Result result = register_at(cookie_of(i), list, buffer_size);

		if (result != TEE_SUCCESS)
			fail("hoard: buffer %u of %u pages: %x", i, page_count, result);
	}
}

/* Instances until there is no room for one more, then the pages that are left, one by one. */
static void take_until_full(void)
{
	uint64_t *pages = list_repeat(FILL_PAGES);
	TEE_Result result;

	do
		result = open_one(uuid_linger);
	while (result == TEE_SUCCESS);
	while (register_at(FILL_COOKIE + fill_count, pages, FILL_PAGES * PAGE_SIZE) == TEE_SUCCESS)
		fill_count++;
	print("guest: hoard: %u sessions, then %x; %u buffers\n", session_count, result,
	      fill_count);
}

/* An app gets the whole of the first buffer mapped. */
static void lend_first(void)
{
	struct msg_param params[4] = {0};
	uint32_t session;
	TEE_Result result = tee_open(uuid_linger, &session);

	params[0].attr = MSG_ATTR_VALUE_IN;
	params[1].attr = MSG_ATTR_VALUE_OUT;
	params[2].attr = MSG_ATTR_RMEM_INOUT;
	params[2].u.rmem.size = buffer_size;
	params[2].u.rmem.shm_ref = cookie_of(0);
	if (result == TEE_SUCCESS)
		result = tee_invoke(session, LINGER_RETURN, params);
	print("guest: hoard: lent %lu bytes: %x\n", buffer_size, result);
	if (tee_close(session) != TEE_SUCCESS)
		fail("hoard: close of the borrower");
}

/* Four that are found last, in one command; the app does not take them. */
static void name_last_four(void)
{
	struct msg_param params[4] = {0};
	uint32_t session;

	if (tee_open(uuid_linger, &session) != TEE_SUCCESS)
		fail("hoard: no session to name buffers in");
	for (uint32_t i = 0; i < 4; i++) {
		params[i].attr = MSG_ATTR_RMEM_INOUT;
		params[i].u.rmem.size = PAGE_SIZE;
		params[i].u.rmem.shm_ref = cookie_of(i);
	}
	if (tee_invoke(session, LINGER_RETURN, params) != TEE_ERROR_BAD_PARAMETERS ||
	    tee_close(session) != TEE_SUCCESS)
		fail("hoard: four buffers in one command");
}

/* The longest look-ups: of the buffers that were registered first, and of one that is not there. */
static void look_up_last(void)
{
	name_last_four();
	for (uint32_t i = 0; i < 4; i++) {
		if (unregister(UNKNOWN_COOKIE) != TEE_ERROR_BAD_PARAMETERS)
			fail("hoard: a buffer that is not there");
		if (unregister(cookie_of(i)) != TEE_SUCCESS ||
		    register_at(cookie_of(i), list, buffer_size) != TEE_SUCCESS)
			fail("hoard: buffer %u anew", i);
	}
}

/* Large buffers, until the TEE has no memory for one more. */
static void try_big(void)
{
	uint32_t page_count = (uint32_t)machine_number("big", 0);
	uint32_t wanted = (uint32_t)machine_number("bigs", 1);
	TEE_Result result = TEE_SUCCESS;
	uint32_t count = 0;

	if (!page_count)
		return;
	if (!big_list)
		big_list = list_repeat(page_count);
	if (!big_list)
		fail("hoard: no memory for a list of %u pages", page_count);
	while (count < wanted && result == TEE_SUCCESS) {
		result =
			register_at(BIG_COOKIE + count, big_list, (uint64_t)page_count * PAGE_SIZE);
		count += result == TEE_SUCCESS;
	}
	print("guest: hoard: %u times %u pages, then %x\n", count, page_count, result);
	while (count > 0)
		if (unregister(BIG_COOKIE + --count) != TEE_SUCCESS)
			fail("hoard: unregister of a big one");
}

static void give_all_back(uint32_t buffers)
{
	while (session_count > 0)
		if (tee_close(sessions[--session_count]) != TEE_SUCCESS)
			fail("hoard: close");
	while (fill_count > 0)
		if (unregister(FILL_COOKIE + --fill_count) != TEE_SUCCESS)
			fail("hoard: unregister of what filled up");
	while (buffers > 0)
		if (unregister(cookie_of(--buffers)) != TEE_SUCCESS)
			fail("hoard: unregister");
}

static void take_all(uint32_t buffers)
{
	register_buffers(buffers, (uint32_t)machine_number("pages", 1));
	if (buffers > 0)
		lend_first();
	if (buffers >= 4)
		look_up_last();
	if (machine_number("kept", 0))
		leave_idle();
	leave_dead((uint32_t)machine_number("dead", 0));
	open_some(uuid_linger, (uint32_t)machine_number("instances", 0));
	open_some(uuid_statistics, (uint32_t)machine_number("sessions", 0));
	if (machine_number("greedy", 0))
		take_until_full();
}

void mode_hoard(void)
{
	uint32_t buffers = (uint32_t)machine_number("buffers", 0);
	int letter;

	take_all(buffers);
	print("guest: hoard: ready\n");
	while ((letter = console_read()) != 'q') {
		if (letter == 'b')
			try_big();
		let_others_run();
	}
	give_all_back(buffers);
	give_back();
}
