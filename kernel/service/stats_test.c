/* SPDX-License-Identifier: BSD-2-Clause */
/* Figures: each guest's own for itself, everybody's for guest 0. */
#include "abi/stats.h"
#include "abi/tenon.h"
#include "kernel/service/fixture_test.h"

#define TA "023f8f1a-292a-432b-8fc4-de8471358067"

static uint32_t open_stats(struct model *model)
{
	uint8_t octets[16];
	uint32_t session;

	uuid_to_octets(&stats_uuid, octets);
	assert_int_equal(model_open(model, octets, &session), TEE_SUCCESS);
	return session;
}

static uint32_t send(struct model *model, struct model_message *m)
{
	assert_int_equal(model_call(model, m), SMC_OK);
	return m->header.ret;
}

/* A command whose parameter n is a buffer for records, of which it asks the size first. The size
 * that came, or 0 with *result. */
static uint64_t read_list(struct model *model, uint32_t session, uint32_t cmd, unsigned n, void *to,
			  uint64_t room)
{
	uint64_t pa = model_alloc(model, PAGE_SIZE);
	struct model_message m = model_invocation(session, cmd, n + 1);

	if (n == 1)
		m.params[0].attr = MSG_ATTR_VALUE_IN;
	m.params[n].attr = MSG_ATTR_TMEM_OUT;
	assert_int_equal(send(model, &m), TEE_ERROR_SHORT_BUFFER);
	uint64_t needed = m.params[n].u.tmem.size;
	assert_in_range(needed, 1, room);
	assert_int_equal(model_register(model, pa, PAGE_SIZE, 0x80), TEE_SUCCESS);
	m.params[n] = (struct msg_param){MSG_ATTR_RMEM_OUT, .u.rmem = {0, needed - 1, 0x80}};
	assert_int_equal(send(model, &m), TEE_ERROR_SHORT_BUFFER);
	m.params[n] = (struct msg_param){MSG_ATTR_RMEM_OUT, .u.rmem = {0, needed, 0x80}};
	assert_int_equal(send(model, &m), TEE_SUCCESS);
	assert_int_equal(m.params[n].u.rmem.size, needed);
	memcpy(to, host_ns(pa), needed);
	assert_int_equal(model_unregister(model, 0x80), TEE_SUCCESS);
	return needed;
}

static void pools_show_what_the_guest_is_charged(void **state)
{
	struct stats_pool pools[8];
	uint32_t session = open_stats(&guest);
	uint64_t pages;

	(void)state;
	assert_int_equal(read_list(&guest, session, STATS_CMD_ALLOC, 1, pools, sizeof(pools)),
			 2 * sizeof(pools[0]));
	assert_string_equal(pools[0].name, "Secure memory");
	assert_int_equal(guest_stat(1, TENON_STAT_PAGES, &pages), SMC_OK);
	assert_in_range(pools[0].used, PAGE_SIZE, (pages + 2) * PAGE_SIZE);
	assert_true(pools[0].used <= pools[0].peak && pools[0].peak <= pools[0].size);
	assert_int_equal(pools[1].used, PAGE_SIZE);
	struct model_message m = model_invocation(session, STATS_CMD_ALLOC, 2);
	m.params[0] = (struct msg_param){MSG_ATTR_VALUE_IN, .u.value.a = 3};
	m.params[1].attr = MSG_ATTR_TMEM_OUT;
	assert_int_equal(send(&guest, &m), TEE_ERROR_ITEM_NOT_FOUND);
	m.params[0].u.value.a = 2;
	assert_int_equal(send(&guest, &m), TEE_ERROR_SHORT_BUFFER);
	assert_int_equal(m.params[1].u.tmem.size, sizeof(pools[0]));
}

static void apps_are_listed_with_their_sessions_and_their_end(void **state)
{
	static const struct app_step fault = {.what = APP_FAULT};
	struct stats_ta apps[4];
	uint32_t session = open_stats(&guest), a, b;
	uint8_t octets[16];
	struct uuid uuid;

	(void)state;
	app_uuid(octets, TA);
	uuid_from_octets(&uuid, octets);
	app_load_file(&guest, KIT_TA_DIR, TA);
	assert_int_equal(model_open(&guest, octets, &a), TEE_SUCCESS);
	assert_int_equal(model_open(&guest, octets, &b), TEE_SUCCESS);
	assert_int_equal(read_list(&guest, session, STATS_CMD_TA, 0, apps, sizeof(apps)),
			 sizeof(apps[0]));
	assert_memory_equal(&apps[0].uuid, &uuid, sizeof(uuid));
	assert_int_equal(apps[0].sessions, 2);
	assert_int_equal(apps[0].panicked, 0);
	assert_true(apps[0].memory.used >= 10 * PAGE_SIZE);
	app_steps = &fault;
	app_step_count = 1;
	struct model_message m = model_invocation(a, 0, 0);
	assert_int_equal(send(&guest, &m), TEE_ERROR_TARGET_DEAD);
	app_step_count = 0;
	assert_int_equal(read_list(&guest, session, STATS_CMD_TA, 0, apps, sizeof(apps)),
			 sizeof(apps[0]));
	assert_int_equal(apps[0].panicked, 1);
	/* Another guest has none of them. */
	struct model other;
	model_start(&other, 2);
	uint32_t others = open_stats(&other);
	m = model_invocation(others, STATS_CMD_TA, 1);
	m.params[0].attr = MSG_ATTR_TMEM_OUT;
	assert_int_equal(send(&other, &m), TEE_ERROR_SHORT_BUFFER);
	assert_int_equal(m.params[0].u.tmem.size, sizeof(apps[0]));
	assert_int_equal(model_register(&other, model_alloc(&other, PAGE_SIZE), PAGE_SIZE, 0x80),
			 TEE_SUCCESS);
	m.params[0] = (struct msg_param){MSG_ATTR_RMEM_OUT, .u.rmem = {0, PAGE_SIZE, 0x80}};
	assert_int_equal(send(&other, &m), TEE_SUCCESS);
	assert_int_equal(m.params[0].u.rmem.size, 0);
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 2, 0, 0).a[0], SMC_OK);
}

static void times_and_the_pager_that_is_not_there(void **state)
{
	uint32_t session = open_stats(&guest);
	struct model_message m = model_invocation(session, STATS_CMD_TIME, 2);

	(void)state;
	m.params[0].attr = m.params[1].attr = MSG_ATTR_VALUE_OUT;
	assert_int_equal(send(&guest, &m), TEE_SUCCESS);
	assert_int_equal(m.params[0].u.value.a, 1700000000);
	assert_int_equal(m.params[0].u.value.b, 123);
	assert_in_range(m.params[1].u.value.b, 0, 999);
	m.header.func = STATS_CMD_PAGER;
	assert_int_equal(send(&guest, &m), TEE_ERROR_BAD_PARAMETERS);
	m.header.num_params = 3;
	m.params[2].attr = MSG_ATTR_VALUE_OUT;
	m.params[0].u.value.a = 5;
	assert_int_equal(send(&guest, &m), TEE_SUCCESS);
	assert_int_equal(m.params[0].u.value.a, 0);
	m.header.func = STATS_CMD_MEMORY_LEAK;
	assert_int_equal(send(&guest, &m), TEE_ERROR_NOT_SUPPORTED);
	m.header.func = STATS_CMD_DRIVERS;
	assert_int_equal(send(&guest, &m), TEE_ERROR_NOT_SUPPORTED);
	m.header.func = 99;
	assert_int_equal(send(&guest, &m), TEE_ERROR_NOT_IMPLEMENTED);
}

static struct stats_guest records[64];

/* One TENON_GUESTS from handle from on; records given. *next: where to go on. */
static uint32_t list_guests(struct model *model, uint32_t session, uint32_t from, uint64_t room,
			    uint32_t *next)
{
	uint64_t pa = model_alloc(model, 2 * PAGE_SIZE);
	struct model_message m = model_invocation(session, STATS_CMD_TENON_GUESTS, 3);

	assert_int_equal(model_register(model, pa, 2 * PAGE_SIZE, 0x80), TEE_SUCCESS);
	m.params[0] = (struct msg_param){MSG_ATTR_VALUE_IN, .u.value.a = from};
	m.params[1] = (struct msg_param){MSG_ATTR_RMEM_OUT, .u.rmem = {0, room, 0x80}};
	m.params[2].attr = MSG_ATTR_VALUE_OUT;
	uint32_t result = send(model, &m);
	assert_int_equal(model_unregister(model, 0x80), TEE_SUCCESS);
	if (room < sizeof(records[0])) {
		assert_int_equal(result, TEE_ERROR_SHORT_BUFFER);
		assert_int_equal(m.params[1].u.rmem.size, sizeof(records[0]));
		return 0;
	}
	assert_int_equal(result, TEE_SUCCESS);
	uint32_t count = m.params[2].u.value.a;
	assert_int_equal(m.params[1].u.rmem.size, count * sizeof(records[0]));
	memcpy(records, host_ns(pa), count * sizeof(records[0]));
	*next = m.params[2].u.value.b;
	return count;
}

static void a_guest_sees_its_own_figures_only(void **state)
{
	uint32_t session, unused[2], next;
	struct model other;

	(void)state;
	model_start(&other, 2);
	for (unsigned i = 0; i < 2; i++)
		unused[i] = open_stats(&guest);
	session = open_stats(&guest);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(model_close(&guest, unused[i]), TEE_SUCCESS);
	for (uint32_t from = 0; from < 4; from++) {
		assert_int_equal(list_guests(&guest, session, from, sizeof(records), &next), 1);
		assert_int_equal(next, 0);
		assert_int_equal(records[0].handle, 1);
		assert_int_equal(records[0].flags, 0);
		assert_int_equal(records[0].sessions, 1);
		assert_int_equal(records[0].sessions_peak, 3);
		assert_int_equal(records[0].calls_peak, 1);
		assert_int_equal(records[0].calls, 1);
		assert_true(records[0].pages > 0 && records[0].pages <= records[0].pages_peak);
	}
	list_guests(&guest, session, 0, sizeof(records[0]) - 1, &next);
	struct model_message m = model_invocation(session, STATS_CMD_TENON_MACHINE, 1);
	m.params[0].attr = MSG_ATTR_TMEM_OUT;
	assert_int_equal(send(&guest, &m), TEE_ERROR_ACCESS_DENIED);
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 2, 0, 0).a[0], SMC_OK);
}

/* viewer: it sees what there is, itself included: guests 0, 1 and 3 to 7. */
static void sees_all_guests_in_order_and_in_parts(struct model *viewer)
{
	struct model others[5];
	struct stats_machine totals;
	uint32_t session, next, first = 0, seen = 0;

	session = open_stats(viewer);
	for (uint32_t i = 0; i < array_count(others); i++) {
		if (7 - i != viewer->vm_id)
			model_start(&others[i], 7 - i);
	}
	do {
		uint32_t count = list_guests(viewer, session, first, 2 * sizeof(records[0]), &next);
		assert_in_range(count, 1, 2);
		for (uint32_t i = 0; i < count; i++, seen++)
			assert_int_equal(records[i].handle, seen < 2 ? seen : seen + 1);
		first = next;
	} while (next);
	assert_int_equal(seen, 7);
	assert_int_equal(
		read_list(viewer, session, STATS_CMD_TENON_MACHINE, 0, &totals, sizeof(totals)),
		sizeof(totals));
	assert_int_equal(totals.guests, 7);
	assert_true(totals.pages_free < totals.pages_total);
	assert_int_equal(model_close(viewer, session), TEE_SUCCESS);
	for (uint32_t i = 0; i < array_count(others); i++)
		assert_int_equal(model_admin(SMC_VM_DESTROYED, 7 - i, 0, 0).a[0], SMC_OK);
}

static void guest_0_sees_all(void **state)
{
	struct model native;

	(void)state;
	model_start(&native, 0);
	sees_all_guests_in_order_and_in_parts(&native);
}

static void a_privileged_guest_sees_all(void **state)
{
	const uint32_t yes[4] = {1};
	struct model privileged;

	(void)state;
	model_start(&privileged, 5);
	assert_int_equal(guest_configure(5, TENON_KEY_PRIVILEGED, yes), SMC_OK);
	sees_all_guests_in_order_and_in_parts(&privileged);
	/* The next VM with this number is another one. */
	model_start(&privileged, 5);
	assert_int_equal(list_guests(&privileged, open_stats(&privileged), 0, sizeof(records),
				     &(uint32_t){0}),
			 1);
	model_destroy(&privileged);
}

/* Guest 0 stays, with the call that it keeps for its next one. */
static int stop_with_guest_0(void **state)
{
	(void)state;
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 1, 0, 0).a[0], SMC_OK);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pools_show_what_the_guest_is_charged),
		TEST(apps_are_listed_with_their_sessions_and_their_end),
		TEST(times_and_the_pager_that_is_not_there),
		TEST(a_guest_sees_its_own_figures_only),
		cmocka_unit_test_setup_teardown(guest_0_sees_all, fixture_start, stop_with_guest_0),
		cmocka_unit_test_setup_teardown(a_privileged_guest_sees_all, fixture_start,
						fixture_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
