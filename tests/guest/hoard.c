/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that has much of everything, to be destroyed with it: instances=N sessions of an app with
 * an instance each, sessions=N of a service, buffers=N registered buffers of pages=N pages each
 * under cookies that look alike. A buffer is one page of ours, as often as it has pages: it costs
 * the TEE what many would cost, and us the page list.
 */
#include "../../examples/linger/linger.h"
#include "memory.h"
#include "modes.h"

#define SESSIONS_MAX 2048u
#define HOARD_COOKIE 0x70000000ull
#define COOKIE_STRIDE                                                                              \
	(1ull << 18) /* to the same bucket, if cookies are hashed by their low bits                \
		      */

/* Of a service of the TEE's own. */
static const uint8_t uuid_statistics[16] = {0xd9, 0x6a, 0x5b, 0x40, 0xe2, 0xc7, 0xb1, 0xaf,
					    0x87, 0x94, 0x10, 0x02, 0xa5, 0xd5, 0xc6, 0x1b};

static uint32_t sessions[SESSIONS_MAX];
static uint32_t session_count;

static void open_some(const uint8_t uuid[16], uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		TEE_Result result;

		if (session_count == SESSIONS_MAX)
			fail("hoard: more than %u sessions", SESSIONS_MAX);
		result = tee_open(uuid, &sessions[session_count]);
		if (result != TEE_SUCCESS)
			fail("hoard: session %u: %x", session_count, result);
		session_count++;
	}
}

/* A chain of page lists, for so many pages, that name the same page. */
static uint64_t *make_list(uint32_t page_count)
{
	uint32_t list_count = (page_count + MSG_LIST_ENTRIES - 1) / MSG_LIST_ENTRIES;
	uint64_t *lists = pages_take(list_count);
	uint64_t page = (uintptr_t)pages_take(1);
	uint32_t words = PAGE_SIZE / sizeof(uint64_t);

	if (!lists || !page)
		fail("hoard: no memory for a list of %u pages", page_count);
	for (uint32_t i = 0; i < list_count * words; i++)
		lists[i] = page;
	for (uint32_t i = 0; i + 1 < list_count; i++)
		lists[i * words + MSG_LIST_ENTRIES] = (uintptr_t)&lists[(i + 1) * words];
	return lists;
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
	return HOARD_COOKIE + index * COOKIE_STRIDE;
}

static void register_buffers(uint32_t count, uint32_t page_count)
{
	struct msg_param param = {.attr = MSG_ATTR_SHM_LIST};
	uint64_t *list = count ? make_list(page_count) : NULL;

	for (uint32_t i = 0; i < count; i++) {
		param.u.tmem.buf_ptr = (uintptr_t)list;
		param.u.tmem.size = (uint64_t)page_count * PAGE_SIZE;
		param.u.tmem.shm_ref = cookie_of(i);
		TEE_Result result = call_about(MSG_CMD_REGISTER_SHM, &param);
		if (result != TEE_SUCCESS)
			fail("hoard: buffer %u of %u pages: %x", i, page_count, result);
	}
}

/* An app gets the whole of the first buffer mapped. */
static void lend_first(uint64_t size)
{
	struct msg_param params[4] = {0};
	uint32_t session;
	TEE_Result result = tee_open(uuid_linger, &session);

	params[0].attr = MSG_ATTR_VALUE_IN;
	params[1].attr = MSG_ATTR_VALUE_OUT;
	params[2].attr = MSG_ATTR_RMEM_INOUT;
	params[2].u.rmem.size = size;
	params[2].u.rmem.shm_ref = cookie_of(0);
	if (result == TEE_SUCCESS)
		result = tee_invoke(session, LINGER_RETURN, params);
	print("guest: hoard: lent %lu bytes: %x\n", size, result);
	if (tee_close(session) != TEE_SUCCESS)
		fail("hoard: close of the borrower");
}

static void give_all_back(uint32_t buffers)
{
	struct msg_param param = {.attr = MSG_ATTR_RMEM_IN};

	while (session_count > 0)
		if (tee_close(sessions[--session_count]) != TEE_SUCCESS)
			fail("hoard: close");
	while (buffers > 0) {
		param.u.rmem.shm_ref = cookie_of(--buffers);
		if (call_about(MSG_CMD_UNREGISTER_SHM, &param) != TEE_SUCCESS)
			fail("hoard: unregister");
	}
}

void mode_hoard(void)
{
	uint32_t buffers = (uint32_t)machine_number("buffers", 0);
	uint32_t page_count = (uint32_t)machine_number("pages", 1);

	register_buffers(buffers, page_count);
	if (buffers > 0)
		lend_first((uint64_t)page_count * PAGE_SIZE);
	open_some(uuid_linger, (uint32_t)machine_number("instances", 0));
	open_some(uuid_statistics, (uint32_t)machine_number("sessions", 0));
	print("guest: hoard: ready\n");
	while (console_read() != 'q')
		delay(1000);
	give_all_back(buffers);
	give_back();
}
