/* SPDX-License-Identifier: BSD-2-Clause */
/* One of many guests in a shared app (tests/ta/herd/): does one thing after the other, as typed. */
#include "../ta/herd/herd.h"
#include "memory.h"
#include "modes.h"

#define SESSIONS_MAX 16u /* that a guest may have with one shared app */
#define COPY_COOKIE  0x71000000ull
#define COPY_PAGES   80u
#define LARGE_PAGES  8000u
#define REST_US      10000u
#define ODD_BYTES    100u /* each page of the app's lies in two of ours */

static uint32_t sessions[SESSIONS_MAX];
static uint32_t session_count;
static struct call *waiting[CALLS_MAX];
static uint32_t waiting_count;

static TEE_Result open_all(void)
{
	uint32_t wanted = (uint32_t)machine_number("sessions", 1);
	TEE_Result result = TEE_SUCCESS;

	while (session_count < wanted && session_count < SESSIONS_MAX) {
		result = tee_open(uuid_herd, &sessions[session_count]);
		if (result != TEE_SUCCESS)
			break;
		session_count++;
	}
	return result;
}

static TEE_Result close_all(void)
{
	TEE_Result result = TEE_SUCCESS;

	while (session_count > 0 && result == TEE_SUCCESS)
		result = tee_close(sessions[--session_count]);
	return result;
}

static TEE_Result invoke(uint32_t session, uint32_t command)
{
	struct msg_param params[4] = {0};

	return tee_invoke(session, command, params);
}

static TEE_Result invoke_all(void)
{
	TEE_Result result = TEE_SUCCESS;

	for (uint32_t i = 0; i < session_count; i++)
		result = invoke(sessions[i], HERD_RETURN);
	return result;
}

/* Calls that stay where they sleep. */
static TEE_Result start_waiting(void)
{
	uint32_t wanted = (uint32_t)machine_number("waits", 1);
	uint64_t regs[18];

	while (waiting_count < wanted) {
		struct call *call =
			invoke_prepare(sessions[waiting_count % session_count], HERD_WAIT, NULL);

		waiting[waiting_count++] = call;
		call_start(call, tee.way);
		while (call->state == CALL_SUSPENDED && !call_is_waiting(call)) {
			call_answer(call, regs);
			call_resume(call, regs);
		}
		if (call->state != CALL_SUSPENDED)
			return call->status == SMC_OK ? call->message->ret : call->status;
	}
	return TEE_SUCCESS;
}

/* They have been woken, or will be. */
static TEE_Result end_waiting(void)
{
	TEE_Result result = TEE_SUCCESS;

	while (waiting_count > 0) {
		struct call *call = waiting[--waiting_count];

		result = call_finish(call) == SMC_OK ? call->message->ret : call->status;
		call_free(call);
	}
	return result;
}

/* count parameters of so many pages each, which follow each other in one buffer. */
static TEE_Result copy(uint64_t attr, uint32_t count, uint32_t pages, const uint64_t *list)
{
	struct msg_param params[4] = {0};

	for (uint32_t i = 0; i < count; i++) {
		uint64_t offset = (uint64_t)i * pages * PAGE_SIZE + ODD_BYTES;

		params[i].attr = attr;
		params[i].u.rmem.size = (uint64_t)pages * PAGE_SIZE;
		if (attr & MSG_ATTR_NONCONTIG) {
			params[i].u.tmem.buf_ptr = (uintptr_t)list + ODD_BYTES;
		} else {
			params[i].u.rmem.offs = offset;
			params[i].u.rmem.shm_ref = COPY_COOKIE;
		}
	}
	return tee_invoke(sessions[0], HERD_RETURN, params);
}

static void expect(const char *what, TEE_Result result, TEE_Result expected)
{
	if (result != expected)
		fail("herd: %s: %x", what, result);
}

static void copy_all(const uint64_t *list)
{
	static const uint64_t ways[] = {MSG_ATTR_RMEM_IN,
					MSG_ATTR_RMEM_OUT,
					MSG_ATTR_RMEM_INOUT,
					MSG_ATTR_NONCONTIG | MSG_ATTR_TMEM_IN,
					MSG_ATTR_NONCONTIG | MSG_ATTR_TMEM_OUT,
					MSG_ATTR_NONCONTIG | MSG_ATTR_TMEM_INOUT};

	for (uint32_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		expect("four copies", copy(ways[i], 4, 16, list), TEE_SUCCESS);
		expect("one copy", copy(ways[i], 1, 64, list), TEE_SUCCESS);
	}
	expect("too much", copy(MSG_ATTR_RMEM_INOUT, 4, 17, list), TEE_ERROR_OUT_OF_MEMORY);
	expect("far too much", copy(ways[5], 4, LARGE_PAGES, list), TEE_ERROR_OUT_OF_MEMORY);
}

/* Parameters as large as an app that is shared may get them, and larger ones. */
static TEE_Result pass_memory(void)
{
	uint64_t *list = list_repeat(LARGE_PAGES + 1);
	struct buffer buffer = {
		.list = list, .size = (uint64_t)COPY_PAGES * PAGE_SIZE, .cookie = COPY_COOKIE};
	TEE_Result result;
	struct call *call;

	if (!list)
		return TEE_ERROR_OUT_OF_MEMORY;
	result = buffer_register(&buffer);
	if (result != TEE_SUCCESS)
		return result;
	copy_all(list);
	call = call_take(MSG_CMD_UNREGISTER_SHM, 1);
	call->params[0].attr = MSG_ATTR_RMEM_IN;
	call->params[0].u.rmem.shm_ref = COPY_COOKIE;
	call_start(call, tee.way);
	result = call_finish(call) == SMC_OK ? call->message->ret : call->status;
	call_free(call);
	return result;
}

static TEE_Result run(int letter)
{
	switch (letter) {
	case 's':
		return open_all();
	case 'c':
		return close_all();
	case 'i':
		return invoke_all();
	case 'g':
		return invoke(sessions[0], HERD_SHUT);
	case 'o':
		return invoke(sessions[0], HERD_OPEN);
	case 'w':
		return start_waiting();
	case 'e':
		return end_waiting();
	case 'm':
		return pass_memory();
	case 'p':
		return invoke(sessions[0], HERD_PANIC);
	case 'x':
		return invoke(sessions[0], HERD_SPIN);
	default:
		fail("herd: what is %u?", (uint32_t)letter);
	}
}

void mode_herd(void)
{
	int letter;

	print("guest: herd: ready\n");
	while ((letter = console_read()) != 'q') {
		if (letter < 0)
			doze(REST_US);
		else
			print("guest: herd: %u gave %x\n", (uint32_t)letter, run(letter));
	}
	give_back();
}
