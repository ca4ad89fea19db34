/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * I7: windows do not grow beyond the bound with what a guest or a shared app has. make irqoff
 * measures the same on the machine, in instructions, but not with as much of everything.
 */
#include "kernel/arch/host/windows_count.h"
#include "kernel/call/call.h"
#include "kernel/lib/trace.h"
#include "kernel/syscall/object.h"
#include "kernel/ta/shared_test.h"

#define DEVICES "7011a688-ddde-4053-a5a9-7b3c4ddf13b8" /* a service */

/* A block is about five instructions, of which a window may have 20,000; the steps of a search are
 * shorter. */
#define BOUND_BLOCKS 4000u

#define BUFFERS 1500u
/* Cookies of one bucket. */
#define COOKIE(n) ((uint64_t)((n) + 1) << 20)

static struct guest *guest_of(const struct model *model)
{
	struct guest *guest = guest_enter(model->vm_id);

	guest_leave(guest);
	return guest;
}

static uint32_t open_service(struct model *model)
{
	uint8_t octets[16];
	uint32_t session;

	app_uuid(octets, DEVICES);
	return model_open(model, octets, &session) ? 0 : session;
}

/* All sessions that a guest may ever have, but some; the first and the last of them. */
static void open_all_but(struct model *model, unsigned left, uint32_t *first, uint32_t *last)
{
	struct guest *guest = guest_of(model);

	guest->limit.sessions = TENON_SESSIONS_MAX;
	*first = *last = open_service(model);
	while (guest->count.sessions < TENON_SESSIONS_MAX - left)
		*last = open_service(model);
	assert_int_not_equal(*last, 0);
}

/* The longest window of one call. */
#define assert_short(call, result)                                                                 \
	do {                                                                                       \
		windows_start();                                                                   \
		assert_int_equal(call, result);                                                    \
		assert_in_range(windows_longest, 1, BOUND_BLOCKS);                                 \
	} while (0)

/* --- sessions ------------------------------------------------------------------------------------
 */

static void opens_and_closes_beside_all_sessions_that_there_can_be(void **state)
{
	uint32_t first, last, session;

	(void)state;
	open_all_but(&one, 1, &first, &last);
	assert_short(open_app(&one, &session), TEE_SUCCESS);
	assert_short(invoke(&one, session, HALVES, NULL), TEE_SUCCESS);
	assert_short(model_close(&one, session), TEE_SUCCESS);
	assert_short(model_close(&one, last), TEE_SUCCESS);
}

/* After 2^32 opens. */
static void numbers_of_sessions_that_come_round_pass_over_all_in_use(void **state)
{
	uint32_t first, last, session;

	(void)state;
	open_all_but(&one, 2, &first, &last);
	guest_of(&one)->next_session_id = first - 1;
	assert_short(open_app(&one, &session), TEE_SUCCESS);
	assert_int_equal(session, last + 1);
	/* Once more round, and past 0. */
	guest_of(&one)->next_session_id = UINT32_MAX;
	assert_short(open_app(&one, &session), TEE_SUCCESS);
	assert_int_equal(session, last + 2);
}

static void numbers_in_use_are_passed_over_wherever_there_are_gaps(void **state)
{
	uint32_t session[8], got;

	(void)state;
	for (unsigned i = 0; i < array_count(session); i++)
		session[i] = open_service(&one);
	assert_int_equal(model_close(&one, session[2]), TEE_SUCCESS);
	assert_int_equal(model_close(&one, session[5]), TEE_SUCCESS);
	guest_of(&one)->next_session_id = UINT32_MAX;
	const uint32_t expected[] = {session[2], session[5], session[7] + 1};
	for (unsigned i = 0; i < array_count(expected); i++) {
		got = open_service(&one);
		assert_int_equal(got, expected[i]);
	}
	for (unsigned i = 0; i < array_count(session); i++)
		assert_int_equal(model_close(&one, session[i]), TEE_SUCCESS);
	assert_int_equal(model_close(&one, got), TEE_SUCCESS);
}

/* --- what an app has -----------------------------------------------------------------------------
 */

static uint32_t calls(uint32_t session, uint64_t number, const uint64_t arg[5])
{
	memset(&shared_try, 0, sizeof(shared_try));
	shared_try.number = number;
	memcpy(shared_try.arg, arg, 5 * sizeof(*arg));
	assert_int_equal(invoke(&one, session, CALLS, NULL), TEE_SUCCESS);
	return (uint32_t)shared_try.result;
}

static uint32_t allocs(uint32_t session)
{
	const uint64_t arg[5] = {TEE_ALG_SHA256, TEE_MODE_DIGEST, 0, 0, SHARED_DATA};

	return calls(session, SYS_CRYP_STATE_ALLOC, arg);
}

static void handles_that_come_round_pass_over_all_in_use(void **state)
{
	uint32_t session, handle;

	(void)state;
	assert_int_equal(open_app(&one, &session), TEE_SUCCESS);
	struct ta_session *known =
		list_entry(guest_of(&one)->sessions.next, struct ta_session, link);
	for (unsigned i = 1; i < OBJECTS_MAX; i++)
		assert_int_equal(allocs(session), TEE_SUCCESS);
	uint32_t last = known->instance->next_object;
	known->instance->next_object = UINT32_MAX;
	assert_short(allocs(session), TEE_SUCCESS);
	memcpy(&handle, shared_try.data, sizeof(handle));
	assert_int_equal(handle, last + 1);
}

/* The last blocks may be long, without a bracket around them. */
static void a_digest_ends_with_a_look(void **state)
{
	uint32_t session, handle;
	uint64_t room = 32;

	(void)state;
	assert_int_equal(open_app(&one, &session), TEE_SUCCESS);
	assert_int_equal(allocs(session), TEE_SUCCESS);
	memcpy(&handle, shared_try.data, sizeof(handle));
	windows_start();
	chance.polls = 0;
	assert_int_equal(calls(session, SYS_HASH_INIT, (uint64_t[5]){handle}), TEE_SUCCESS);
	unsigned without = chance.polls;
	shared_try = (struct shared_try){
		.number = SYS_HASH_FINAL,
		.arg = {handle, 0, 0, SHARED_DATA, SHARED_DATA + 64},
	};
	memcpy(shared_try.data + 64, &room, sizeof(room));
	chance.polls = 0;
	assert_int_equal(invoke(&one, session, CALLS, NULL), TEE_SUCCESS);
	assert_int_equal(shared_try.result, TEE_SUCCESS);
	assert_int_equal(chance.polls, without + 1);
}

/* The wait service, again and again, until the app's owner may have no more sessions. */
static void a_shared_app_that_has_opened_all_it_may_dies(void **state)
{
	static const struct uuid uuid = TENON_WAIT_UUID;
	uint32_t session;

	(void)state;
	assert_int_equal(open_app(&one, &session), TEE_SUCCESS);
	unsigned count = 0;
	do {
		const uint64_t arg[5] = {SHARED_DATA, TA_NO_TIMEOUT, 0, SHARED_DATA + 16,
					 SHARED_DATA + 24};
		memset(&shared_try, 0, sizeof(shared_try));
		shared_try.number = SYS_OPEN_TA_SESSION;
		memcpy(shared_try.arg, arg, sizeof(arg));
		memcpy(shared_try.data, &uuid, sizeof(uuid));
		assert_int_equal(invoke(&one, session, CALLS, NULL), TEE_SUCCESS);
		count++;
	} while (shared_try.result == TEE_SUCCESS);
	assert_true(count > 200);
	assert_short(invoke(&one, session, CRASH, NULL), TEE_ERROR_TARGET_DEAD);
}

/* Calls in their turn, of guests that never come for it. */
static void the_waiters_of_a_shared_app_that_dies_are_woken_one_by_one(void **state)
{
	struct model *const models[] = {&two, &three};
	uint32_t session[array_count(models)], own;
	unsigned waiters = 0;

	(void)state;
	assert_int_equal(open_app(&one, &own), TEE_SUCCESS);
	for (unsigned i = 0; i < array_count(models); i++)
		assert_int_equal(open_app(models[i], &session[i]), TEE_SUCCESS);
	assert_int_equal(invoke(&one, own, LOCK, NULL), TEE_SUCCESS);
	for (unsigned i = 0; i < array_count(models); i++)
		while (leave(models[i], session[i], LOCK, 0))
			waiters++;
	assert_true(waiters > 30);
	windows_start();
	chance.polls = 0;
	assert_int_equal(invoke(&one, own, CRASH, NULL), TEE_ERROR_TARGET_DEAD);
	assert_true(chance.polls > waiters);
}

/* --- memory of the guest -------------------------------------------------------------------------
 */

static void four_references_are_found_among_many_buffers(void **state)
{
	uint64_t pa = model_alloc(&one, PAGE_SIZE);
	uint32_t session = open_service(&one);
	struct model_message m = model_invocation(session, 0, 4);

	(void)state;
	for (unsigned i = 0; i < BUFFERS; i++)
		assert_int_equal(model_register(&one, pa, PAGE_SIZE, COOKIE(i)), TEE_SUCCESS);
	const uint64_t ends[] = {COOKIE(0), COOKIE(BUFFERS - 1)};
	for (unsigned end = 0; end < array_count(ends); end++) {
		for (unsigned n = 0; n < 4; n++)
			m.params[n] = (struct msg_param){.attr = MSG_ATTR_RMEM_IN,
							 .u.rmem = {0, 16, ends[end]}};
		assert_short(model_call(&one, &m), SMC_OK);
	}
}

/* Each as short as can be, in all places where they may lie. */
static void many_small_buffers_go_in_slices(void **state)
{
	uint64_t pa = model_alloc(&three, PAGE_SIZE);

	(void)state;
	assert_int_equal(guest_configure(3, TENON_KEY_RESTARTABLE, (uint32_t[4]){1}), SMC_OK);
	for (unsigned i = 0; i < 8 * GUEST_SHM_BUCKETS; i++)
		assert_int_equal(model_register(&three, pa, PAGE_SIZE, (uint64_t)(i + 1) << 6),
				 TEE_SUCCESS);
	windows_start();
	chance.polls = 0;
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 3, 0, 0).a[0], SMC_OK);
	assert_true(chance.polls >= GUEST_SHM_BUCKETS);
	assert_in_range(windows_longest, 1, BOUND_BLOCKS);
}

static unsigned polls_at_entry;

static void note_polls(void)
{
	polls_at_entry = chance.polls;
}

/* Looks for interrupts after the app has been left, with four parameters of this type. */
static unsigned polls_at_the_end(uint32_t session, const struct msg_param *param)
{
	struct model_message m = model_invocation(session, HALVES, 4);

	for (unsigned n = 0; n < 4; n++)
		m.params[n] = *param;
	windows_start();
	host_point_hook = note_polls;
	assert_int_equal(model_call(&one, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_SUCCESS);
	host_point_hook = NULL;
	return chance.polls - polls_at_entry;
}

static void parameters_go_one_by_one(void **state)
{
	const struct msg_param value = {.attr = MSG_ATTR_VALUE_IN};
	const struct msg_param memory = {.attr = MSG_ATTR_RMEM_IN, .u.rmem = {0, 16, COOKIE(0)}};
	uint64_t pa = model_alloc(&one, PAGE_SIZE);
	uint32_t session;

	(void)state;
	assert_int_equal(model_register(&one, pa, PAGE_SIZE, COOKIE(0)), TEE_SUCCESS);
	assert_int_equal(open_app(&one, &session), TEE_SUCCESS);
	unsigned without = polls_at_the_end(session, &value);
	assert_true(polls_at_the_end(session, &memory) >= without + 4);
}

/* --- the machine ---------------------------------------------------------------------------------
 */

static void *trace_page(void)
{
	static _Alignas(PAGE_SIZE) char pages[CPU_MAX][PAGE_SIZE];
	static unsigned count;

	return pages[count++ % CPU_MAX];
}

/* A reader goes round the CPUs to find what there is: here it is all with the last of many. */
static void a_page_of_the_trace_is_read_however_many_cpus_there_are(void **state)
{
	const uint32_t value[4] = {0};
	uint64_t to = model_alloc(&one, PAGE_SIZE);

	(void)state;
	assert_int_equal(trace_start(1, CPU_MAX, trace_page), TEE_SUCCESS);
	host_cpu = CPU_MAX - 1;
	for (unsigned i = 0; i < TRACE_PER_PAGE - 1; i++)
		trace_write(TRACE_COMMAND, i, 0, value);
	host_cpu = 0;
	trace_stop();
	windows_start();
	struct smc_args r = model_admin(SMC_TENON_TRACE, TENON_TRACE_READ, to >> 32, (uint32_t)to);
	assert_int_equal(r.a[0], SMC_OK);
	assert_int_equal(r.a[1], TRACE_PER_PAGE - 1);
	const struct trace_record *records = host_ns(to);
	for (unsigned i = 0; i < TRACE_PER_PAGE - 1; i++)
		assert_int_equal(records[i].guest, i);
	assert_in_range(windows_longest, 1, BOUND_BLOCKS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(opens_and_closes_beside_all_sessions_that_there_can_be),
		TEST(numbers_of_sessions_that_come_round_pass_over_all_in_use),
		TEST(numbers_in_use_are_passed_over_wherever_there_are_gaps),
		TEST(handles_that_come_round_pass_over_all_in_use),
		TEST(a_digest_ends_with_a_look),
		TEST(a_shared_app_that_has_opened_all_it_may_dies),
		TEST(the_waiters_of_a_shared_app_that_dies_are_woken_one_by_one),
		TEST(four_references_are_found_among_many_buffers),
		TEST(many_small_buffers_go_in_slices),
		TEST(parameters_go_one_by_one),
		TEST(a_page_of_the_trace_is_read_however_many_cpus_there_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
