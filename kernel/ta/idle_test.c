/* SPDX-License-Identifier: BSD-2-Clause */
/* Instances that are kept alive give way when memory is short; what one guest exhausts, it alone
 * lacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "abi/tenon.h"
#include "kernel/arch/host/app.h"
#include "kernel/guest/guest.h"
#include "kernel/platform/platform.h"
#include "kernel/ta/ta.h"

#define PAGES 3000

/* Flags of ta_head in these shipped files: see each. */
#define MULTI_SESSION "023f8f1a-292a-432b-8fc4-de8471358067" /* single-instance, multi-session */
#define PER_SESSION   "02a42f43-d8b7-4a57-aa4d-87bd9b5587cb" /* an instance per session */
#define KEEP_ALIVE                                                                                 \
	"fd02c9da-306c-48c7-a49c-bbd827ae86ee" /* single-instance, multi-session, keep-alive */

static struct model one, two;
static void *taken[PAGES];
static unsigned taken_count;

static int start(void **state)
{
	(void)state;
	model_boot(&one, PAGES);
	page_reclaim = ta_reclaim;
	app_reset();
	model_start(&two, 2);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	while (taken_count > 0)
		page_free(&system_budget, taken[--taken_count]);
	model_destroy(&two);
	model_end(&one);
	page_reclaim = NULL;
	return 0;
}

static uint64_t stat(const struct model *m, uint32_t key)
{
	uint64_t value;

	assert_int_equal(guest_stat(m->vm_id, key, &value), SMC_OK);
	return value;
}

static void configure(const struct model *m, uint32_t key, uint32_t value)
{
	const uint32_t values[4] = {value};

	assert_int_equal(guest_configure(m->vm_id, key, values), SMC_OK);
}

static uint32_t open(struct model *m, const char *name, uint32_t *session)
{
	uint8_t uuid[16];

	app_uuid(uuid, name);
	app_load_file(m, strcmp(name, PER_SESSION) ? KIT_TA_DIR : TEST_TA_DIR, name);
	return model_open(m, uuid, session);
}

static uint32_t invoke(struct model *m, uint32_t session)
{
	struct model_message message = model_invocation(session, 1, 0);
	uint32_t a0 = model_call(m, &message);

	return a0 ? 0xAAAA0000u | a0 : message.header.ret;
}

static void make_idle(struct model *m)
{
	uint32_t session;

	assert_int_equal(open(m, KEEP_ALIVE, &session), TEE_SUCCESS);
	assert_int_equal(model_close(m, session), TEE_SUCCESS);
}

/* The system takes all that it can get. */
static void exhaust(void)
{
	while ((taken[taken_count] = page_alloc(&system_budget)))
		taken_count++;
}

static void release(void)
{
	while (taken_count > 0)
		page_free(&system_budget, taken[--taken_count]);
}

/* A guest that works: nothing that another did may be seen here. */
static void works(struct model *m)
{
	uint64_t cookie = 0x7000, pa = model_alloc(m, 2 * PAGE_SIZE);
	uint32_t a, b;

	assert_int_equal(open(m, MULTI_SESSION, &a), TEE_SUCCESS);
	assert_int_equal(open(m, PER_SESSION, &b), TEE_SUCCESS);
	assert_int_equal(model_register(m, pa, 2 * PAGE_SIZE, cookie), TEE_SUCCESS);
	assert_int_equal(invoke(m, a), TEE_SUCCESS);
	assert_int_equal(invoke(m, b), TEE_SUCCESS);
	assert_int_equal(model_unregister(m, cookie), TEE_SUCCESS);
	assert_int_equal(model_close(m, a), TEE_SUCCESS);
	assert_int_equal(model_close(m, b), TEE_SUCCESS);
}

static void an_idle_instance_gives_way_page_by_page_and_can_be_opened_again(void **state)
{
	uint32_t session;

	(void)state;
	make_idle(&one);
	uint64_t before = stat(&one, TENON_STAT_PAGES);
	exhaust();
	/* Down to what is reserved for it, or a few records if that is less. */
	assert_true(stat(&one, TENON_STAT_PAGES) < before / 2);
	assert_true(stat(&one, TENON_STAT_PAGES) <= 12);
	release();
	assert_int_equal(open(&one, KEEP_ALIVE, &session), TEE_SUCCESS);
	assert_int_equal(stat(&one, TENON_STAT_INSTANCES), 1);
	assert_int_equal(invoke(&one, session), TEE_SUCCESS);
	assert_int_equal(model_close(&one, session), TEE_SUCCESS);
}

static void an_instance_with_a_session_does_not_give_way(void **state)
{
	uint32_t session;

	(void)state;
	assert_int_equal(open(&one, KEEP_ALIVE, &session), TEE_SUCCESS);
	uint64_t before = stat(&one, TENON_STAT_PAGES);
	exhaust();
	assert_int_equal(stat(&one, TENON_STAT_PAGES), before);
	assert_int_equal(invoke(&one, session), TEE_SUCCESS);
	assert_int_equal(model_close(&one, session), TEE_SUCCESS);
}

/* As if its header had bit 13, without which an app begins anew after it crashed. */
static void make_idle_that_must_not_begin_anew(struct model *m)
{
	uint32_t session;

	assert_int_equal(open(m, KEEP_ALIVE, &session), TEE_SUCCESS);
	struct guest *guest = guest_enter(m->vm_id);
	list_entry(guest->instances.next, struct ta_instance, link)->flags |= TA_FLAG_KEEP_CRASHED;
	guest_leave(guest);
	assert_int_equal(model_close(m, session), TEE_SUCCESS);
}

/* Attack row 14: who exhausts memory, be it another guest's or its own, does not make an app forget
 * that is never to begin anew. */
static void an_app_that_must_not_begin_anew_does_not_give_way(void **state)
{
	uint32_t session, other;

	(void)state;
	make_idle_that_must_not_begin_anew(&one);
	uint64_t before = stat(&one, TENON_STAT_PAGES);
	exhaust();
	assert_int_equal(stat(&one, TENON_STAT_PAGES), before);
	release();
	struct guest *guest = guest_enter(1);
	uint32_t reserve = guest->budget.reserve, limit = guest->budget.limit;
	assert_int_equal(budget_configure(&guest->budget, 0, guest->budget.used + 5), TEE_SUCCESS);
	guest_leave(guest);
	assert_int_equal(open(&one, PER_SESSION, &other), TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(budget_configure(&guest->budget, reserve, limit), TEE_SUCCESS);
	unsigned created = app_entries[TA_FUNC_OPEN_SESSION];
	unsigned rpcs = one.rpcs;
	assert_int_equal(open(&one, KEEP_ALIVE, &session), TEE_SUCCESS);
	assert_int_equal(app_entries[TA_FUNC_OPEN_SESSION], created + 1);
	assert_int_equal(one.rpcs, rpcs); /* nothing was loaded */
	assert_int_equal(model_close(&one, session), TEE_SUCCESS);
}

static void what_is_reserved_does_not_give_way(void **state)
{
	(void)state;
	configure(&one, TENON_KEY_RESERVE_PAGES, 1000);
	make_idle(&one);
	uint64_t before = stat(&one, TENON_STAT_PAGES);
	exhaust();
	assert_int_equal(stat(&one, TENON_STAT_PAGES), before);
}

/* I3: the monitor of another guest is never waited for. */
static void a_guest_that_has_a_cpu_inside_is_passed_over(void **state)
{
	struct guest *busy;

	(void)state;
	make_idle(&one);
	make_idle(&two);
	uint64_t before_one = stat(&one, TENON_STAT_PAGES);
	uint64_t before_two = stat(&two, TENON_STAT_PAGES);
	busy = guest_enter(1);
	exhaust();
	guest_leave(busy);
	assert_int_equal(stat(&one, TENON_STAT_PAGES), before_one);
	assert_true(stat(&two, TENON_STAT_PAGES) < before_two / 2);
	exhaust();
	assert_true(stat(&one, TENON_STAT_PAGES) < before_one / 2);
}

static void a_dying_guest_gives_its_instances_back_by_itself(void **state)
{
	(void)state;
	make_idle(&one);
	exhaust();
	release();
	make_idle(&one);
	for (unsigned i = 0; i < 3; i++) {
		/* A piece has gone only. */
		assert_true(ta_reclaim(&system_budget, 1));
	}
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 1, 0, 0).a[0], SMC_OK);
}

static void the_guests_own_idle_instances_make_room_below_its_limit(void **state)
{
	struct model probe;
	uint32_t session;

	(void)state;
	model_start(&probe, 3);
	assert_int_equal(open(&probe, MULTI_SESSION, &session), TEE_SUCCESS);
	uint64_t other = stat(&probe, TENON_STAT_PAGES_PEAK);
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 3, 0, 0).a[0], SMC_OK);
	model_start(&probe, 3);
	make_idle(&probe);
	uint64_t alive = stat(&probe, TENON_STAT_PAGES_PEAK);
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 3, 0, 0).a[0], SMC_OK);
	model_start(&probe, 3);
	configure(&probe, TENON_KEY_LIMIT_PAGES, (uint32_t)max(other, alive) + 10);
	make_idle(&probe);
	assert_int_equal(stat(&probe, TENON_STAT_INSTANCES), 1);
	assert_int_equal(open(&probe, MULTI_SESSION, &session), TEE_SUCCESS);
	assert_int_equal(stat(&probe, TENON_STAT_INSTANCES), 1);
	assert_int_equal(model_close(&probe, session), TEE_SUCCESS);
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 3, 0, 0).a[0], SMC_OK);
}

/* As if the guest had so many more. */
static void pretend_instances(const struct model *m, int more)
{
	struct guest *guest = guest_enter(m->vm_id);

	assert_non_null(guest);
	guest->count.instances += (uint32_t)more;
	guest_leave(guest);
}

/* I7: they are searched one by one. */
static void the_number_of_instances_is_bounded_and_idle_ones_give_way(void **state)
{
	uint32_t session, other;

	(void)state;
	make_idle(&one);
	pretend_instances(&one, 511);
	assert_int_equal(open(&one, PER_SESSION, &session), TEE_SUCCESS);
	uint64_t refusals = stat(&one, TENON_STAT_REFUSALS);
	assert_int_equal(open(&one, PER_SESSION, &other), TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(stat(&one, TENON_STAT_REFUSALS), refusals + 1);
	pretend_instances(&one, -511);
	assert_int_equal(stat(&one, TENON_STAT_INSTANCES), 1);
	assert_int_equal(open(&one, PER_SESSION, &other), TEE_SUCCESS);
}

static bool has_no_memory(struct model *m, uint32_t cmd, struct msg_header *message, bool *served)
{
	(void)m;
	*served = cmd == RPC_CMD_LOAD_TA;
	if (*served)
		message->ret = TEE_ERROR_OUT_OF_MEMORY;
	return true;
}

/* Nothing of this guest was too little: it would have given way in vain, and lost its state. */
static void an_open_that_others_make_fail_takes_no_idle_instance(void **state)
{
	uint32_t session;

	(void)state;
	make_idle(&one);
	one.on_rpc = has_no_memory;
	assert_int_equal(open(&one, MULTI_SESSION, &session), TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(stat(&one, TENON_STAT_INSTANCES), 1);
	one.on_rpc = NULL;
	unsigned rpcs = one.rpcs;
	assert_int_equal(open(&one, KEEP_ALIVE, &session), TEE_SUCCESS);
	assert_int_equal(one.rpcs, rpcs); /* nothing was loaded */
	assert_int_equal(model_close(&one, session), TEE_SUCCESS);
}

/* Those of others that it may not have stand before its own. */
static void a_guest_at_its_limit_finds_its_own_idle_instance_among_many(void **state)
{
	static struct model others[33];

	(void)state;
	for (unsigned i = 0; i < array_count(others); i++) {
		model_start(&others[i], 10 + i);
		make_idle(&others[i]);
	}
	make_idle(&one);
	struct guest *guest = guest_enter(1);
	uint32_t reserve = guest->budget.reserve, limit = guest->budget.limit;
	assert_int_equal(budget_configure(&guest->budget, reserve, guest->budget.used),
			 TEE_SUCCESS);
	guest_leave(guest);
	uint64_t pa = model_alloc(&one, PAGE_SIZE);
	for (uint64_t cookie = 1; cookie <= 100; cookie++)
		assert_int_equal(model_register(&one, pa, PAGE_SIZE, cookie), TEE_SUCCESS);
	assert_int_equal(budget_configure(&guest->budget, reserve, limit), TEE_SUCCESS);
	for (unsigned i = 0; i < array_count(others); i++)
		model_destroy(&others[i]);
}

static paddr_t page_of_nobody(const void *object, size_t index)
{
	(void)index;
	return platform_to_physical(object);
}

/* As if its files had many segments that only say where pages of the image are. */
static void give_regions_without_pages(const struct model *m, unsigned count)
{
	void *page = page_alloc(&system_budget);
	const struct page_source source = {.page_at = page_of_nobody, .object = page};
	struct guest *guest = guest_enter(m->vm_id);
	struct uaspace *as = &list_entry(guest->instances.next, struct ta_instance, link)->as;

	assert_non_null(page);
	taken[taken_count++] = page;
	while (count-- > 0) {
		uint64_t va;
		assert_int_equal(uaspace_find_room(as, 1, &va), TEE_SUCCESS);
		assert_int_equal(
			uaspace_add_source(as, va, 1, PROT_R, UASPACE_SEGMENT, &source, NULL),
			TEE_SUCCESS);
	}
	guest_leave(guest);
}

/* One whose last pieces bring no page each is no reason to say that there is none. */
static void there_is_something_to_take_until_all_that_is_idle_has_gone(void **state)
{
	unsigned asked = 0;

	(void)state;
	make_idle(&one);
	give_regions_without_pages(&one, 200);
	make_idle(&two);
	while (ta_reclaim(&system_budget, 1))
		asked++;
	assert_true(asked < 500);
	assert_true(stat(&one, TENON_STAT_PAGES) <= 12);
	assert_true(stat(&two, TENON_STAT_PAGES) <= 12);
}

/* --- one exhausts, the other works ---------------------------------------------------------------
 */

static void a_guest_that_takes_all_pages_hurts_only_itself(void **state)
{
	uint32_t session, result;
	unsigned count = 0;

	(void)state;
	/* Instances without end: sessions are not what ends it. */
	configure(&one, TENON_KEY_LIMIT_SESSIONS, 1024);
	while ((result = open(&one, PER_SESSION, &session)) == TEE_SUCCESS)
		count++;
	assert_int_equal(result, TEE_ERROR_OUT_OF_MEMORY);
	assert_true(count > 3);
	assert_true(stat(&one, TENON_STAT_REFUSALS) > 0);
	works(&two);
	assert_int_equal(stat(&two, TENON_STAT_REFUSALS), 0);
}

static void a_guest_that_opens_all_sessions_hurts_only_itself(void **state)
{
	uint32_t session, result;
	unsigned count = 0;

	(void)state;
	while ((result = open(&one, MULTI_SESSION, &session)) == TEE_SUCCESS)
		count++;
	assert_int_equal(result, TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(count, 256);
	works(&two);
}

/* What open() answers then. */
#define LEFT (0xAAAA0000u | (MODEL_LEFT & 0xFFFF))

static bool stops(struct model *m, uint32_t cmd, struct msg_header *message, bool *served)
{
	(void)m, (void)cmd, (void)message, (void)served;
	return false;
}

static void a_guest_that_leaves_all_calls_half_way_hurts_only_itself(void **state)
{
	uint32_t session, a0;
	unsigned count = 0;

	(void)state;
	configure(&one, TENON_KEY_LIMIT_CALLS, TENON_CALLS_MAX);
	one.on_rpc = stops;
	while ((a0 = open(&one, PER_SESSION, &session)) == LEFT)
		count++;
	assert_int_equal(a0, 0xAAAA0000u | SMC_ETHREAD_LIMIT);
	assert_int_equal(count, TENON_CALLS_MAX);
	works(&two);
}

static void a_guest_that_registers_all_it_can_hurts_only_itself(void **state)
{
	uint64_t pa = model_alloc(&one, PAGE_SIZE);
	uint32_t result, cookie = 1;

	(void)state;
	while ((result = model_register(&one, pa, PAGE_SIZE, cookie)) == TEE_SUCCESS)
		cookie++;
	assert_int_equal(result, TEE_ERROR_OUT_OF_MEMORY);
	assert_true(cookie > 1000);
	works(&two);
}

/* Nor does one that may take all: what others have reserved is there. */
static void a_guest_without_a_share_leaves_what_is_reserved(void **state)
{
	uint32_t session;

	(void)state;
	configure(&one, TENON_KEY_LIMIT_PAGES, PAGES);
	configure(&two, TENON_KEY_RESERVE_PAGES, 900);
	while (open(&one, PER_SESSION, &session) == TEE_SUCCESS)
		;
	works(&two);
	assert_int_equal(stat(&two, TENON_STAT_REFUSALS), 0);
}

static void files_that_one_guest_brings_give_way_when_it_does_not_use_them(void **state)
{
	static const char *const names[] = {MULTI_SESSION, KEEP_ALIVE, PER_SESSION};
	uint32_t session;

	(void)state;
	configure(&two, TENON_KEY_RESERVE_PAGES, 900);
	for (unsigned i = 0; i < 9; i++) {
		uint32_t result = open(&one, names[i % 3], &session);
		assert_true(result == TEE_SUCCESS || result == TEE_ERROR_OUT_OF_MEMORY);
		if (result == TEE_SUCCESS)
			assert_int_equal(model_close(&one, session), TEE_SUCCESS);
	}
	exhaust();
	works(&two);
}

static void time_in_the_secure_world_is_charged_to_who_spent_it(void **state)
{
	uint32_t session;

	(void)state;
	uint64_t before = stat(&two, TENON_STAT_TICKS);
	assert_int_equal(open(&one, MULTI_SESSION, &session), TEE_SUCCESS);
	uint64_t opened = stat(&one, TENON_STAT_TICKS);
	assert_true(opened > 0);
	assert_int_equal(stat(&two, TENON_STAT_TICKS), before);
	assert_int_equal(invoke(&one, session), TEE_SUCCESS);
	assert_true(stat(&one, TENON_STAT_TICKS) > opened);
	assert_int_equal(model_close(&one, session), TEE_SUCCESS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(an_idle_instance_gives_way_page_by_page_and_can_be_opened_again),
		TEST(an_instance_with_a_session_does_not_give_way),
		TEST(an_app_that_must_not_begin_anew_does_not_give_way),
		TEST(what_is_reserved_does_not_give_way),
		TEST(a_guest_that_has_a_cpu_inside_is_passed_over),
		TEST(a_dying_guest_gives_its_instances_back_by_itself),
		TEST(the_guests_own_idle_instances_make_room_below_its_limit),
		TEST(the_number_of_instances_is_bounded_and_idle_ones_give_way),
		TEST(an_open_that_others_make_fail_takes_no_idle_instance),
		TEST(a_guest_at_its_limit_finds_its_own_idle_instance_among_many),
		TEST(there_is_something_to_take_until_all_that_is_idle_has_gone),
		TEST(a_guest_that_takes_all_pages_hurts_only_itself),
		TEST(a_guest_that_opens_all_sessions_hurts_only_itself),
		TEST(a_guest_that_leaves_all_calls_half_way_hurts_only_itself),
		TEST(a_guest_that_registers_all_it_can_hurts_only_itself),
		TEST(a_guest_without_a_share_leaves_what_is_reserved),
		TEST(files_that_one_guest_brings_give_way_when_it_does_not_use_them),
		TEST(time_in_the_secure_world_is_charged_to_who_spent_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
