/* SPDX-License-Identifier: BSD-2-Clause */
/* What is left of a guest, or of an app, where somebody else could see it: nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "abi/tenon.h"
#include "kernel/arch/host/app.h"
#include "kernel/guest/guest.h"
#include "kernel/ta/ta.h"

#define PAGES  900
#define VICTIM 2u
#define SECRET 0xA7

static struct model guest, victim;
static uint8_t uuid[16];

static const struct app_step steps[] = {
	{.what = APP_INTERRUPTED}, {APP_SYSCALL, SYS_WAIT, {10}}, {.what = APP_INTERRUPTED}};

static int start(void **state)
{
	(void)state;
	host_start(PAGES);
	app_reset();
	app_uuid(uuid, "023f8f1a-292a-432b-8fc4-de8471358067");
	model_start(&guest, 1);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	app_reset();
	host_foreign_pending = false;
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 1, 0, 0).a[0], SMC_OK);
	assert_int_equal(host_ns_mappings(), 0);
	return 0;
}

/* Writes the secret to all that an app of the guest can write to; how many pages that were. */
static unsigned fill_apps(uint32_t vm_id)
{
	struct guest *g = guest_enter(vm_id);
	unsigned filled = 0;

	assert_non_null(g);
	list_for_each (node, &g->instances) {
		struct ta_instance *instance = list_entry(node, struct ta_instance, link);
		if (!instance->as_ready || instance->state != TA_READY)
			continue;
		list_for_each (region, &instance->as.regions) {
			struct uaspace_region *r = list_entry(region, struct uaspace_region, link);
			if (!(r->prot & PROT_W) || (r->prot & PROT_NS))
				continue;
			for (uint32_t i = 0; i < r->page_count; i++, filled++)
				memset(uaspace_page(r, i), SECRET, PAGE_SIZE);
		}
	}
	guest_leave(g);
	return filled;
}

/* --- all that somebody else could be given ------------------------------------------------------
 */

static void *taken[PAGES];
static struct budget *payer[PAGES];
static unsigned taken_count;

static void take_all(struct budget *budget)
{
	while ((taken[taken_count] = page_alloc(budget)))
		payer[taken_count++] = budget;
}

/* Every page that is free, those that are promised to the other guests too. */
static void nothing_is_in_any_free_page(void)
{
	static const uint8_t zero[PAGE_SIZE];
	struct page_totals t;

	taken_count = 0;
	take_all(&system_budget);
	for (uint32_t id = 0; id <= VICTIM; id++) {
		struct guest *g = guest_enter(id);
		if (!g)
			continue;
		guest_leave(g);
		take_all(&g->budget);
	}
	pages_totals(&t);
	assert_int_equal(t.free, 0);
	assert_true(taken_count > PAGES / 2);
	for (unsigned i = 0; i < taken_count; i++)
		assert_memory_equal(taken[i], zero, PAGE_SIZE);
	while (taken_count-- > 0)
		page_free(payer[taken_count], taken[taken_count]);
}

/* --- lives --------------------------------------------------------------------------------------
 */

static unsigned exits_left, most_filled;

/* A secret is in the app at every exit; at the last one the guest stops. */
static bool fill_and_stop(struct model *model, uint32_t cmd, struct msg_header *message,
			  bool *served)
{
	unsigned filled = fill_apps(model->vm_id);

	(void)cmd;
	(void)message;
	(void)served;
	most_filled = max(most_filled, filled);
	return exits_left-- != 0;
}

/* A command whose values and memory are secrets too. */
static uint32_t invoke_with_secrets(struct model *m, uint32_t session)
{
	const uint64_t secret = 0x0101010101010101ull * SECRET;
	struct model_message msg = model_invocation(session, (uint32_t)secret, 2);

	msg.params[0] = (struct msg_param){MSG_ATTR_RMEM_INOUT, .u.rmem = {5, PAGE_SIZE, 0x40}};
	msg.params[1] =
		(struct msg_param){MSG_ATTR_VALUE_INOUT, .u.value = {secret, secret, secret}};
	uint32_t a0 = model_call(m, &msg);
	return a0 ? a0 : msg.header.ret;
}

static uint32_t live(struct model *m, bool close)
{
	uint64_t pa = model_alloc(m, 3 * PAGE_SIZE);
	uint32_t session, result;

	memset(host_ns(pa), SECRET, 3 * PAGE_SIZE);
	app_step_count = 0;
	result = model_register(m, pa, 3 * PAGE_SIZE, 0x40);
	if (result == TEE_SUCCESS)
		result = model_open(m, uuid, &session);
	app_steps = steps;
	app_step_count = array_count(steps);
	for (unsigned i = 0; i < 2 && result == TEE_SUCCESS; i++)
		result = invoke_with_secrets(m, session);
	app_step_count = 0;
	if (result == TEE_SUCCESS && close)
		result = model_close(m, session);
	return result;
}

static void start_victim(unsigned exits)
{
	model_start(&victim, VICTIM);
	app_load_file(&victim, KIT_TA_DIR, "023f8f1a-292a-432b-8fc4-de8471358067");
	victim.on_rpc = fill_and_stop;
	exits_left = exits;
}

/* Attack row 3, I6: a guest is destroyed at each of its exits, or after its work, with secrets in
 * its apps and its messages. Whatever page somebody gets next is empty. */
static void nothing_of_a_dead_guest_is_in_what_others_are_given(void **state)
{
	uint32_t result = MODEL_LEFT;
	unsigned lives = 0;

	(void)state;
	most_filled = 0;
	for (; result != TEE_SUCCESS; lives++) {
		assert_true(lives < 200);
		start_victim(lives);
		result = live(&victim, false);
		assert_int_equal(model_admin(SMC_VM_DESTROYED, VICTIM, 0, 0).a[0], SMC_OK);
		nothing_is_in_any_free_page();
	}
	assert_in_range(lives, 10, 199);
	assert_in_range(most_filled, 8, PAGES);
}

/* Attack row 3: the same for the next app of the guest itself, once the first one is gone, be it in
 * peace or by a panic. */
static void nothing_of_a_closed_app_is_in_what_the_next_one_is_given(void **state)
{
	static const struct app_step panics = {APP_SYSCALL, SYS_PANIC, {1}};
	uint64_t instances;
	uint32_t session;

	(void)state;
	for (unsigned crash = 0; crash < 2; crash++) {
		start_victim(UINT32_MAX);
		most_filled = 0;
		assert_int_equal(live(&victim, !crash), TEE_SUCCESS);
		assert_true(most_filled > 8);
		if (crash) {
			assert_int_equal(model_open(&victim, uuid, &session), TEE_SUCCESS);
			assert_true(fill_apps(VICTIM) > 8);
			app_steps = &panics;
			app_step_count = 1;
			assert_int_equal(invoke_with_secrets(&victim, session),
					 TEE_ERROR_TARGET_DEAD);
			app_step_count = 0;
		}
		nothing_is_in_any_free_page();
		assert_int_equal(guest_stat(VICTIM, TENON_STAT_INSTANCES, &instances), SMC_OK);
		assert_int_equal(instances, crash);
		assert_int_equal(model_admin(SMC_VM_DESTROYED, VICTIM, 0, 0).a[0], SMC_OK);
	}
}

/* Attack row 3: objects of a heap, of every size, in every order of coming and going. */
static void an_object_is_empty_whoever_had_its_place(void **state)
{
	static uint8_t *object[64], zero[HEAP_MAX];
	static size_t size[64];
	struct budget budget = {0};
	struct heap heap;
	uint64_t seed = 3;

	(void)state;
	assert_int_equal(budget_configure(&budget, 0, 200), TEE_SUCCESS);
	heap_init(&heap, &budget);
	memset(object, 0, sizeof(object));
	for (unsigned step = 0; step < 20000; step++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		unsigned n = (seed >> 33) % array_count(object);
		if (object[n]) {
			heap_free(&heap, object[n]);
			object[n] = NULL;
			continue;
		}
		/* Small ones more often: they share pages. */
		size[n] = 1 + (seed >> 40) % (n % 8 ? 448 : HEAP_MAX);
		object[n] = heap_alloc(&heap, size[n]);
		assert_non_null(object[n]);
		assert_memory_equal(object[n], zero, size[n]);
		memset(object[n], SECRET, size[n]);
	}
	for (unsigned n = 0; n < array_count(object); n++)
		heap_free(&heap, object[n]);
	assert_int_equal(budget.used, 0);
	budget_release(&budget);
	nothing_is_in_any_free_page();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(nothing_of_a_dead_guest_is_in_what_others_are_given),
		TEST(nothing_of_a_closed_app_is_in_what_the_next_one_is_given),
		TEST(an_object_is_empty_whoever_had_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
