/* SPDX-License-Identifier: BSD-2-Clause */
/* The trace: whose events are in it, who may read it, and what happens when nobody does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "abi/tenon.h"
#include "kernel/arch/host/model.h"
#include "kernel/guest/guest.h"
#include "kernel/lib/trace.h"

#define PAGES 512

static struct model one, two;
static uint64_t page; /* the hypervisor's */

static int start(void **state)
{
	(void)state;
	host_start(PAGES);
	model_start(&one, 1);
	model_start(&two, 2);
	page = model_alloc(&one, PAGE_SIZE);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	host_cpu = 0;
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 1, 0, 0).a[0], SMC_OK);
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 2, 0, 0).a[0], SMC_OK);
	return 0;
}

static uint32_t start_trace(uint32_t pages)
{
	return model_admin(SMC_TENON_TRACE, TENON_TRACE_START, pages, 0).a[0];
}

static struct smc_args read_trace(void)
{
	return model_admin(SMC_TENON_TRACE, TENON_TRACE_READ, page >> 32, (uint32_t)page);
}

static const struct trace_record *records(void)
{
	return host_ns(page);
}

/* A call of the guest that leaves nothing behind. */
static void call(struct model *model)
{
	assert_int_equal(model_unregister(model, 0x77), TEE_ERROR_BAD_PARAMETERS);
}

static void nothing_is_noted_until_the_hypervisor_says_so(void **state)
{
	(void)state;
	call(&one);
	assert_int_equal(read_trace().a[1], 0);
	assert_int_equal(start_trace(1), SMC_OK);
	assert_int_equal(read_trace().a[1], 0);
	call(&one);
	assert_int_equal(model_admin(SMC_TENON_TRACE, TENON_TRACE_STOP, 0, 0).a[0], SMC_OK);
	call(&one);
	assert_int_equal(read_trace().a[1], 3);
	assert_int_equal(read_trace().a[1], 0);
}

static void each_event_names_its_guest_cpu_and_call(void **state)
{
	static const uint8_t events[] = {TRACE_CALL_ENTER, TRACE_COMMAND, TRACE_CALL_LEAVE};

	(void)state;
	assert_int_equal(start_trace(1), SMC_OK);
	call(&one);
	host_cpu = 1;
	call(&two);
	struct smc_args r = read_trace();
	assert_int_equal(r.a[0], SMC_OK);
	assert_int_equal(r.a[1], 6);
	assert_int_equal(r.a[2], 0);
	assert_int_equal(r.a[3], arch_counter_hz());
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(records()[i].guest, 1 + i / 3);
		assert_int_equal(records()[i].cpu, i / 3);
		assert_int_equal(records()[i].event, events[i % 3]);
		assert_int_equal(records()[i].call, 0);
		assert_true(i == 0 || records()[i - 1].ticks < records()[i].ticks);
	}
	assert_int_equal(records()[1].value[0], MSG_CMD_UNREGISTER_SHM);
}

static void only_the_hypervisor_reads_or_turns_the_trace(void **state)
{
	(void)state;
	assert_int_equal(start_trace(1), SMC_OK);
	for (uint32_t operation = 0; operation < 4; operation++)
		assert_int_equal(
			model_smc(&two, SMC_TENON_TRACE, operation, 0, (uint32_t)page).a[0],
			SMC_ENOTAVAIL);
	call(&one);
	assert_int_equal(read_trace().a[1], 3);
}

static void a_reader_who_comes_late_is_told_what_it_missed(void **state)
{
	uint32_t seen = 0, lost = 0;
	struct smc_args r;

	(void)state;
	assert_int_equal(start_trace(2), SMC_OK);
	for (unsigned i = 0; i < 100; i++)
		call(&one);
	uint64_t before = 0;
	do {
		r = read_trace();
		for (unsigned i = 0; i < r.a[1]; i++) {
			assert_true(records()[i].ticks > before);
			before = records()[i].ticks;
		}
		seen += r.a[1];
		lost += r.a[2];
	} while (r.a[1] == TRACE_PER_PAGE);
	assert_int_equal(seen + lost, 300);
	assert_int_equal(seen, 2 * TRACE_PER_PAGE - 1);
}

static void write_on(unsigned cpu, uint32_t guest, unsigned count)
{
	const uint32_t value[4] = {0};

	host_cpu = cpu;
	while (count-- > 0)
		trace_write(TRACE_COMMAND, guest, 0, value);
	host_cpu = 0;
}

/* It fills a page whenever one is read. */
static void a_busy_cpu_does_not_keep_the_others_from_being_read(void **state)
{
	bool seen = false;

	(void)state;
	assert_int_equal(start_trace(2), SMC_OK);
	write_on(1, 77, 1);
	write_on(0, 1, TRACE_PER_PAGE);
	assert_int_equal(read_trace().a[1], TRACE_PER_PAGE);
	write_on(0, 1, TRACE_PER_PAGE);
	assert_int_equal(read_trace().a[1], TRACE_PER_PAGE);
	for (unsigned i = 0; i < TRACE_PER_PAGE; i++)
		seen |= records()[i].guest == 77;
	assert_true(seen);
}

static void what_cannot_be_is_refused_and_changes_nothing(void **state)
{
	struct page_totals before, after;

	(void)state;
	pages_totals(&before);
	assert_int_equal(start_trace(0), SMC_EBADADDR);
	assert_int_equal(start_trace(TRACE_PAGES_MAX + 1), SMC_EBADADDR);
	assert_int_equal(model_admin(SMC_TENON_TRACE, 3, 0, 0).a[0], SMC_EBADCMD);
	assert_int_equal(model_admin(SMC_TENON_TRACE, TENON_TRACE_READ, 0, 0x1000).a[0],
			 SMC_EBADADDR);
	assert_int_equal(model_admin(SMC_TENON_TRACE, TENON_TRACE_READ, 0, (uint32_t)page + 8).a[0],
			 SMC_EBADADDR);
	assert_int_equal(read_trace().a[1], 0);
	pages_totals(&after);
	assert_int_equal(before.free, after.free);
}

static void guests_come_and_go_in_the_trace(void **state)
{
	(void)state;
	assert_int_equal(start_trace(1), SMC_OK);
	assert_int_equal(model_admin(SMC_VM_CREATED, 9, 0, 0).a[0], SMC_OK);
	assert_int_equal(
		model_admin(SMC_TENON_GUEST_CONFIGURE, 9, TENON_KEY_LIMIT_SHM_PAGES, 1).a[0],
		SMC_OK);
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 9, 0, 0).a[0], SMC_OK);
	assert_int_equal(read_trace().a[1], 2);
	assert_int_equal(records()[0].event, TRACE_GUEST_CREATED);
	assert_int_equal(records()[1].event, TRACE_GUEST_DESTROYED);
	assert_int_equal(records()[0].guest, 9);
	assert_int_equal(records()[1].guest, 9);
	assert_int_equal(records()[1].call, TRACE_NO_CALL);
}

static void a_refused_page_is_in_the_trace_with_its_guest(void **state)
{
	struct budget small = {.limit = 1, .vm_id = 5};

	(void)state;
	assert_int_equal(start_trace(1), SMC_OK);
	assert_false(budget_charge_shared(&small, 2));
	assert_int_equal(read_trace().a[1], 1);
	assert_int_equal(records()[0].event, TRACE_REFUSED);
	assert_int_equal(records()[0].guest, 5);
	assert_int_equal(records()[0].value[0], TRACE_OF_PAGES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_noted_until_the_hypervisor_says_so),
		TEST(each_event_names_its_guest_cpu_and_call),
		TEST(only_the_hypervisor_reads_or_turns_the_trace),
		TEST(a_reader_who_comes_late_is_told_what_it_missed),
		TEST(a_busy_cpu_does_not_keep_the_others_from_being_read),
		TEST(what_cannot_be_is_refused_and_changes_nothing),
		TEST(guests_come_and_go_in_the_trace),
		TEST(a_refused_page_is_in_the_trace_with_its_guest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
