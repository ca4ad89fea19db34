/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "abi/smc.h"
#include "abi/tenon.h"
#include "kernel/arch/host/model.h"
#include "kernel/guest/guest.h"

#define PAGES 256

static int start(void **state)
{
	(void)state;
	host_start(PAGES);
	return 0;
}

static uint32_t admin(uint32_t id, uint32_t vm)
{
	return model_admin(id, vm, 0, 0).a[0];
}

static uint32_t free_pages(void)
{
	struct page_totals t;

	pages_totals(&t);
	return t.free;
}

/* NW-162, O1, attack row 21 */
static void creation_takes_new_ids_other_than_0_from_the_hypervisor_only(void **state)
{
	struct smc_args from_guest = {{SMC_VM_CREATED, 9, 0, 0, 0, 0, 0, 5}};

	(void)state;
	assert_int_equal(admin(SMC_VM_CREATED, 0), SMC_ENOTAVAIL);
	assert_int_equal(admin(SMC_VM_CREATED, 5), SMC_OK);
	assert_int_equal(admin(SMC_VM_CREATED, 5), SMC_ENOTAVAIL);
	entry_fast(&from_guest);
	assert_int_equal(from_guest.a[0], SMC_ENOTAVAIL);
	assert_int_equal(guest_count(), 2);
	assert_int_equal(admin(SMC_VM_DESTROYED, 5), SMC_OK);
	assert_int_equal(guest_count(), 1);
}

/* NW-161 */
static void ids_are_compared_in_full(void **state)
{
	(void)state;
	assert_int_equal(admin(SMC_VM_CREATED, 1), SMC_OK);
	assert_int_equal(admin(SMC_VM_CREATED, 0x10001), SMC_OK);
	assert_int_equal(admin(SMC_VM_CREATED, 0x80000001), SMC_OK);
	assert_int_equal(guest_count(), 4);
	assert_int_equal(admin(SMC_VM_DESTROYED, 0x10001), SMC_OK);
	assert_int_equal(admin(SMC_VM_CREATED, 1), SMC_ENOTAVAIL);
	assert_int_equal(admin(SMC_VM_DESTROYED, 0x80000001), SMC_OK);
	assert_int_equal(admin(SMC_VM_DESTROYED, 1), SMC_OK);
}

/* NW-163 */
static void destroying_0_or_nobody_succeeds_and_does_nothing(void **state)
{
	struct smc_args native = {{SMC_EXCHANGE_CAPABILITIES}};

	(void)state;
	assert_int_equal(admin(SMC_VM_DESTROYED, 0), SMC_OK);
	assert_int_equal(admin(SMC_VM_DESTROYED, 77), SMC_OK);
	entry_fast(&native);
	assert_int_equal(native.a[0], SMC_OK);
}

/* NW-167: guests until refused; the last one and the first one can still work. */
static void creation_stops_before_reserves_are_short(void **state)
{
	uint32_t before = free_pages(), id = 1;
	struct page_totals t;

	(void)state;
	while (admin(SMC_VM_CREATED, id) == SMC_OK)
		id++;
	assert_true(id > 10);
	pages_totals(&t);
	assert_true(t.reserved <= t.free);
	while (--id > 0)
		assert_int_equal(admin(SMC_VM_DESTROYED, id), SMC_OK);
	assert_int_equal(free_pages(), before);
	pages_totals(&t);
	assert_true(t.reserved < 16);
}

/* NW-164, attack row 33: all memory that nobody was promised is in use; a guest can still go. */
static void a_guest_can_be_destroyed_when_no_page_is_to_spare(void **state)
{
	void *eaten[PAGES];
	unsigned count = 0;
	struct page_totals t;

	(void)state;
	assert_int_equal(admin(SMC_VM_CREATED, 5), SMC_OK);
	while ((eaten[count] = page_alloc(&system_budget)))
		count++;
	pages_totals(&t);
	assert_int_equal(t.free, t.reserved);
	assert_int_equal(admin(SMC_VM_DESTROYED, 5), SMC_OK);
	assert_int_equal(guest_count(), 1);
	while (count > 0)
		page_free(&system_budget, eaten[--count]);
}

static void an_idle_guest_costs_one_page(void **state)
{
	uint32_t before = free_pages();
	uint64_t pages;

	(void)state;
	assert_int_equal(admin(SMC_VM_CREATED, 3), SMC_OK);
	assert_int_equal(before - free_pages(), 1);
	assert_int_equal(guest_stat(3, TENON_STAT_PAGES, &pages), SMC_OK);
	assert_int_equal(pages, 1);
	assert_int_equal(admin(SMC_VM_DESTROYED, 3), SMC_OK);
}

static uint32_t configure(uint32_t vm, uint32_t key, uint32_t v0, uint32_t v1, uint32_t from)
{
	struct smc_args args = {{SMC_TENON_GUEST_CONFIGURE, vm, key, v0, v1, 0, 0, from}};

	entry_fast(&args);
	return args.a[0];
}

static void configuration_checks_key_value_caller_and_time(void **state)
{
	struct model guest;

	(void)state;
	model_start(&guest, 1);
	assert_int_equal(configure(1, TENON_KEY_RESERVE_PAGES, 20, 0, 0), SMC_OK);
	assert_int_equal(configure(1, TENON_KEY_RESERVE_PAGES, 1u << 30, 0, 0), SMC_EBADADDR);
	assert_int_equal(configure(1, TENON_KEY_RESERVE_PAGES, PAGES - 20, 0, 0), SMC_OK);
	assert_int_equal(configure(1, TENON_KEY_LIMIT_PAGES, 5, 0, 0), SMC_EBADADDR);
	assert_int_equal(configure(1, TENON_KEY_LIMIT_CALLS, 0, 0, 0), SMC_EBADADDR);
	assert_int_equal(configure(1, TENON_KEY_LIMIT_CALLS, TENON_CALLS_MAX + 1, 0, 0),
			 SMC_EBADADDR);
	assert_int_equal(configure(1, TENON_KEY_LIMIT_CALLS, 3, 0, 0), SMC_OK);
	assert_int_equal(model_smc(&guest, SMC_GET_THREAD_COUNT, 0, 0, 0).a[1], 3);
	assert_int_equal(configure(1, TENON_KEY_PRIVILEGED, 2, 0, 0), SMC_EBADADDR);
	assert_int_equal(configure(1, TENON_KEY_PRIVILEGED, 1, 0, 1), SMC_ENOTAVAIL);
	assert_int_equal(configure(1, TENON_KEY_PRIVILEGED, 1, 0, 0), SMC_OK);
	assert_int_equal(configure(1, TENON_KEY_PRIVILEGED, 0, 0, 0), SMC_OK);
	assert_int_equal(configure(1, 99, 0, 0, 0), SMC_EBADCMD);
	assert_int_equal(configure(2, TENON_KEY_LIMIT_CALLS, 3, 0, 0), SMC_ENOTAVAIL);
	assert_int_equal(configure(1, TENON_KEY_LIMIT_CALLS, 3, 0, 1), SMC_ENOTAVAIL);
	assert_int_equal(configure(1, TENON_KEY_RESERVE_PAGES, 8, 0, 0), SMC_OK);
	assert_int_equal(model_register(&guest, model_alloc(&guest, 100), 100, 0x40), TEE_SUCCESS);
	assert_int_equal(configure(1, TENON_KEY_LIMIT_CALLS, 3, 0, 0), SMC_ENOTAVAIL);
	assert_int_equal(admin(SMC_VM_DESTROYED, 1), SMC_OK);
}

static void an_identity_belongs_to_one_live_guest(void **state)
{
	(void)state;
	assert_int_equal(admin(SMC_VM_CREATED, 1), SMC_OK);
	assert_int_equal(admin(SMC_VM_CREATED, 2), SMC_OK);
	assert_int_equal(configure(1, TENON_KEY_IDENTITY, 0x11223344, 0x5566, 0), SMC_OK);
	assert_int_equal(configure(2, TENON_KEY_IDENTITY, 0x11223344, 0x5566, 0), SMC_ENOTAVAIL);
	assert_int_equal(configure(2, TENON_KEY_IDENTITY, 0x11223344, 0x5567, 0), SMC_OK);
	assert_int_equal(configure(2, TENON_KEY_IDENTITY, 0, 0, 0), SMC_EBADADDR);
	assert_int_equal(admin(SMC_VM_DESTROYED, 1), SMC_OK);
	assert_int_equal(admin(SMC_VM_CREATED, 1), SMC_OK);
	assert_int_equal(configure(1, TENON_KEY_IDENTITY, 0x11223344, 0x5566, 0), SMC_OK);
	assert_int_equal(admin(SMC_VM_DESTROYED, 1), SMC_OK);
	assert_int_equal(admin(SMC_VM_DESTROYED, 2), SMC_OK);
}

static const struct uuid app = {0x12345678, 0x9abc, 0xdef0, {0, 1, 2, 3, 4, 5, 6, 7}};

static void derive(uint32_t vm, const struct uuid *uuid, const char *extra, uint8_t key[32])
{
	struct guest *guest = guest_enter(vm);

	assert_non_null(guest);
	guest_derive_key(guest, uuid, extra, strlen(extra), key, 32);
	guest_leave(guest);
}

static void ta_143_the_native_guest_derives_what_the_reference_does(void **state)
{
	static const uint8_t expected[] = {0x8a, 0x02, 0xc8, 0x01, 0x8c, 0x11, 0x39, 0xbe,
					   0xea, 0x16, 0xbe, 0x4f, 0x83, 0x33, 0x48, 0xcb,
					   0x5e, 0x0b, 0x74, 0x08, 0x09, 0xbb, 0xc7, 0x22,
					   0x12, 0x0c, 0xe1, 0xa8, 0x3a, 0x4e, 0x35, 0xe2};
	struct uuid other = app;
	uint8_t key[32], cut[32] = {0};

	(void)state;
	derive(0, &app, "extra", key);
	assert_memory_equal(key, expected, 32);
	struct guest *guest = guest_enter(0);
	guest_derive_key(guest, &app, "extra", 5, cut, 16);
	guest_leave(guest);
	assert_memory_equal(cut, expected, 16);
	assert_int_equal(cut[16], 0);
	derive(0, &app, "", cut);
	assert_memory_not_equal(cut, expected, 32);
	other.time_low++;
	derive(0, &other, "extra", cut);
	assert_memory_not_equal(cut, expected, 32);
}

static void configure_identity(uint32_t vm, uint32_t last)
{
	const uint32_t value[4] = {1, 2, 3, last};

	assert_int_equal(guest_configure(vm, TENON_KEY_IDENTITY, value), SMC_OK);
}

static void ta_143_keys_follow_the_identity_and_never_the_handle(void **state)
{
	uint8_t native[32], first[32], again[32], other[32];

	(void)state;
	derive(0, &app, "", native);
	assert_int_equal(admin(SMC_VM_CREATED, 5), SMC_OK);
	configure_identity(5, 4);
	derive(5, &app, "", first);
	assert_memory_not_equal(first, native, 32);
	assert_int_equal(admin(SMC_VM_CREATED, 6), SMC_OK);
	configure_identity(6, 5);
	derive(6, &app, "", other);
	assert_memory_not_equal(first, other, 32);
	assert_int_equal(admin(SMC_VM_DESTROYED, 5), SMC_OK);
	assert_int_equal(admin(SMC_VM_CREATED, 7), SMC_OK);
	configure_identity(7, 4);
	derive(7, &app, "", again);
	assert_memory_equal(first, again, 32);
	assert_int_equal(admin(SMC_VM_DESTROYED, 6), SMC_OK);
	assert_int_equal(admin(SMC_VM_DESTROYED, 7), SMC_OK);
}

static void ta_143_a_vm_without_identity_has_keys_for_one_life(void **state)
{
	uint8_t native[32], first[32], same[32], next_life[32];

	(void)state;
	derive(0, &app, "", native);
	assert_int_equal(admin(SMC_VM_CREATED, 5), SMC_OK);
	derive(5, &app, "", first);
	derive(5, &app, "", same);
	assert_memory_equal(first, same, 32);
	assert_memory_not_equal(first, native, 32);
	assert_int_equal(admin(SMC_VM_DESTROYED, 5), SMC_OK);
	assert_int_equal(admin(SMC_VM_CREATED, 5), SMC_OK);
	derive(5, &app, "", next_life);
	assert_memory_not_equal(first, next_life, 32);
	assert_int_equal(admin(SMC_VM_DESTROYED, 5), SMC_OK);
}

/* Attack row 11: the first bytes of each guest, and of each life under one id. */
static void first_random_bytes_differ_between_guests_and_lives(void **state)
{
	uint8_t first[24][16];
	unsigned n = 0;

	(void)state;
	for (unsigned life = 0; life < 8; life++) {
		for (uint32_t id = 5; id < 8; id++) {
			assert_int_equal(admin(SMC_VM_CREATED, id), SMC_OK);
			struct guest *guest = guest_enter(id);
			guest_random(guest, first[n++], 16);
			guest_leave(guest);
		}
		for (uint32_t id = 5; id < 8; id++)
			assert_int_equal(admin(SMC_VM_DESTROYED, id), SMC_OK);
	}
	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = 0; k < i; k++)
			assert_memory_not_equal(first[i], first[k], 16);
	}
}

/* TA-126: GenerateRandom lets no error through, so there must be none: the stream lies in the
 * guest's page. */
static void ta_126_each_guest_draws_from_a_stream_of_its_own_and_never_runs_out(void **state)
{
	uint8_t first[16], second[16], again[16];

	(void)state;
	assert_int_equal(admin(SMC_VM_CREATED, 5), SMC_OK);
	assert_int_equal(admin(SMC_VM_CREATED, 6), SMC_OK);
	uint32_t before = free_pages();
	struct guest *a = guest_enter(5), *b = guest_enter(6);
	assert_false(a->has_stream);
	guest_random(a, first, 16);
	guest_random(b, second, 16);
	assert_memory_not_equal(first, second, 16);
	guest_random_add(b, "dice", 4);
	guest_random(a, again, 16);
	assert_memory_not_equal(first, again, 16);
	assert_int_equal(free_pages(), before);
	guest_leave(a);
	guest_leave(b);
	assert_int_equal(admin(SMC_VM_DESTROYED, 5), SMC_OK);
	assert_int_equal(admin(SMC_VM_DESTROYED, 6), SMC_OK);
}

/* A second call that comes while a first one is in its bracket: it adds text, or draws. */
static struct crypto_stream *met;
static const char *text;
static uint8_t drawn[16];

static void second_call_comes(void)
{
	struct crypto_stream *stream = met;

	met = NULL;
	if (stream && text)
		crypto_stream_add(stream, text, 4);
	else if (stream)
		crypto_stream_random(stream, drawn, 16);
}

static void draws_that_meet_in_a_stream_get_different_bytes_and_so_does_the_next(void **state)
{
	void (*bracket)(void) = crypto_bracket_begin;
	uint8_t out[2][16];
	struct crypto_stream s;

	(void)state;
	crypto_stream_init(&s, "s", 1);
	crypto_bracket_begin = second_call_comes;
	for (unsigned round = 0; round < 200; round++) {
		met = &s;
		text = NULL;
		crypto_stream_random(&s, out[0], 16);
		crypto_stream_random(&s, out[1], 16);
		assert_memory_not_equal(out[0], drawn, 16);
		assert_memory_not_equal(out[1], drawn, 16);
		assert_memory_not_equal(out[0], out[1], 16);
	}
	crypto_bracket_begin = bracket;
}

/* The next bytes of a copy of stream after text was added inside a draw, or a draw came inside the
 * adding. */
static void draw_after(const struct crypto_stream *stream, const char *added, bool draw_is_first,
		       uint8_t out[16])
{
	void (*bracket)(void) = crypto_bracket_begin;
	struct crypto_stream s = *stream;

	crypto_bracket_begin = second_call_comes;
	met = &s;
	text = draw_is_first ? added : NULL;
	if (draw_is_first)
		crypto_stream_random(&s, out, 16);
	else
		crypto_stream_add(&s, added, 4);
	crypto_stream_random(&s, out, 16);
	crypto_bracket_begin = bracket;
}

static void what_is_added_stays_although_a_draw_meets_it(void **state)
{
	struct crypto_stream stream;
	uint8_t out[3][16];

	(void)state;
	crypto_stream_init(&stream, "s", 1);
	for (unsigned draw_is_first = 0; draw_is_first < 2; draw_is_first++) {
		draw_after(&stream, "dice", draw_is_first, out[0]);
		draw_after(&stream, "dice", draw_is_first, out[1]);
		draw_after(&stream, "cups", draw_is_first, out[2]);
		assert_memory_equal(out[0], out[1], 16);
		assert_memory_not_equal(out[0], out[2], 16);
	}
}

/* Another CPU that draws a ticket for a guest's monitor, and what it does when its turn has come.
 */
static struct guest *wanted;
static unsigned turns;

static void draw_a_ticket(uint64_t pa, size_t size, bool write)
{
	(void)pa;
	(void)size;
	(void)write;
	if (turns == 0 && !spin_is_wanted(&wanted->monitor) && spin_held() > 0)
		wanted->monitor.next++;
}

static void have_a_turn(void)
{
	turns++;
	wanted->monitor.owner++;
}

static void want_the_monitor_of(uint32_t vm_id)
{
	wanted = guest_enter(vm_id);
	guest_leave(wanted);
	turns = 0;
	host_relax_hook = have_a_turn;
}

/* I7: who waits for a monitor does so with interrupts masked. */
static void who_waits_for_a_monitor_has_it_at_the_next_poll(void **state)
{
	static struct model model;

	(void)state;
	model_start(&model, 3);
	uint64_t pa = model_alloc(&model, 200 * PAGE_SIZE);
	want_the_monitor_of(3);
	host_ns_hook = draw_a_ticket;
	assert_int_equal(model_register(&model, pa, 200 * PAGE_SIZE, 0x40), TEE_SUCCESS);
	host_ns_hook = NULL;
	assert_int_equal(turns, 1);
	assert_int_equal(wanted->monitor.next, wanted->monitor.owner);
	assert_int_equal(model_unregister(&model, 0x40), TEE_SUCCESS);
	host_relax_hook = NULL;
	assert_int_equal(admin(SMC_VM_DESTROYED, 3), SMC_OK);
}

static enum teardown a_cpu_comes(struct guest *guest)
{
	if (turns == 0)
		guest->monitor.next++;
	return TEARDOWN_DONE;
}

static void who_waits_for_the_monitor_of_a_dying_guest_has_it_between_two_steps(void **state)
{
	(void)state;
	guest_on_teardown(a_cpu_comes);
	assert_int_equal(admin(SMC_VM_CREATED, 5), SMC_OK);
	want_the_monitor_of(5);
	assert_int_equal(admin(SMC_VM_DESTROYED, 5), SMC_OK);
	assert_int_equal(turns, 1);
	host_relax_hook = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(creation_takes_new_ids_other_than_0_from_the_hypervisor_only,
				       start),
		cmocka_unit_test_setup(ids_are_compared_in_full, start),
		cmocka_unit_test_setup(destroying_0_or_nobody_succeeds_and_does_nothing, start),
		cmocka_unit_test_setup(creation_stops_before_reserves_are_short, start),
		cmocka_unit_test_setup(a_guest_can_be_destroyed_when_no_page_is_to_spare, start),
		cmocka_unit_test_setup(an_idle_guest_costs_one_page, start),
		cmocka_unit_test_setup(configuration_checks_key_value_caller_and_time, start),
		cmocka_unit_test_setup(an_identity_belongs_to_one_live_guest, start),
		cmocka_unit_test_setup(ta_143_the_native_guest_derives_what_the_reference_does,
				       start),
		cmocka_unit_test_setup(ta_143_keys_follow_the_identity_and_never_the_handle, start),
		cmocka_unit_test_setup(ta_143_a_vm_without_identity_has_keys_for_one_life, start),
		cmocka_unit_test_setup(first_random_bytes_differ_between_guests_and_lives, start),
		cmocka_unit_test_setup(
			ta_126_each_guest_draws_from_a_stream_of_its_own_and_never_runs_out, start),
		cmocka_unit_test_setup(
			draws_that_meet_in_a_stream_get_different_bytes_and_so_does_the_next,
			start),
		cmocka_unit_test_setup(what_is_added_stays_although_a_draw_meets_it, start),
		cmocka_unit_test_setup(who_waits_for_a_monitor_has_it_at_the_next_poll, start),
		cmocka_unit_test_setup(
			who_waits_for_the_monitor_of_a_dying_guest_has_it_between_two_steps, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
