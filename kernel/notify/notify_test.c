/* SPDX-License-Identifier: BSD-2-Clause */
/* Notifications of guests, and waiting for another guest (attack rows 29 and 31). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "abi/smc.h"
#include "abi/tenon.h"
#include "kernel/arch/host/model.h"
#include "kernel/call/call.h"
#include "kernel/notify/notify.h"

static struct model one, two;
static struct shared_queue queue;

static int start(void **state)
{
	(void)state;
	model_boot(&one, 600);
	model_start(&two, 2);
	shared_queue_init(&queue);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	model_destroy(&two);
	model_end(&one);
	assert_true(list_empty(&queue.waiters));
	return 0;
}

static void post(uint32_t vm_id, uint32_t value)
{
	struct guest *guest = guest_enter(vm_id);

	notify_post(guest, value);
	guest_leave(guest);
}

/* -1: none is valid. */
static int take(const struct model *model, bool *more)
{
	struct smc_args r = model_smc(model, SMC_GET_ASYNC_NOTIF_VALUE, 0, 0, 0);

	assert_int_equal(r.a[0], SMC_OK);
	*more = r.a[2] & 2;
	return r.a[2] & 1 ? (int)r.a[1] : -1;
}

static uint32_t command(struct model *model, uint32_t cmd)
{
	struct model_message m = {.header = {.cmd = cmd}};

	assert_int_equal(model_call(model, &m), SMC_OK);
	return m.header.ret;
}

static void nw_131_the_lowest_value_comes_first_and_each_once(void **state)
{
	bool more;

	(void)state;
	assert_int_equal(model_smc(&one, SMC_ENABLE_ASYNC_NOTIF, 0, 0, 0).a[0], SMC_OK);
	assert_int_equal(take(&one, &more), -1);
	assert_false(more);
	post(1, 127);
	post(1, 5);
	post(1, 5);
	post(1, 0);
	assert_int_equal(host_notify_raised, 4);
	assert_int_equal(take(&one, &more), 0);
	assert_true(more);
	assert_int_equal(take(&one, &more), 5);
	assert_true(more);
	assert_int_equal(take(&one, &more), 127);
	assert_false(more);
	assert_int_equal(take(&one, &more), -1);
}

/* Attack row 29: values and states are per guest. */
static void a_guest_neither_sees_nor_starts_what_is_anothers(void **state)
{
	bool more;
	uint32_t raised = host_notify_raised;

	(void)state;
	assert_int_equal(model_smc(&one, SMC_ENABLE_ASYNC_NOTIF, 0, 0, 0).a[0], SMC_OK);
	post(2, 9);
	assert_int_equal(host_notify_raised, raised);
	assert_int_equal(take(&one, &more), -1);
	assert_int_equal(model_smc(&two, SMC_TENON_NOTIFY_NEXT, 0, 0, 0).a[0], SMC_ENOTAVAIL);
	assert_int_equal(take(&two, &more), 9);
}

static void nw_134_the_hypervisor_is_told_each_vm_once_for_all_its_events(void **state)
{
	struct smc_args r;

	(void)state;
	assert_int_equal(model_admin(SMC_TENON_NOTIFY_NEXT, 0, 0, 0).a[0], SMC_ENOTAVAIL);
	(void)model_smc(&one, SMC_ENABLE_ASYNC_NOTIF, 0, 0, 0);
	(void)model_smc(&two, SMC_ENABLE_ASYNC_NOTIF, 0, 0, 0);
	post(2, 1);
	post(1, 1);
	post(2, 3);
	r = model_admin(SMC_TENON_NOTIFY_NEXT, 0, 0, 0);
	assert_int_equal(r.a[0], SMC_OK);
	assert_int_equal(r.a[1], 2);
	post(2, 4); /* after it was told: once more */
	r = model_admin(SMC_TENON_NOTIFY_NEXT, 0, 0, 0);
	assert_int_equal(r.a[1], 1);
	r = model_admin(SMC_TENON_NOTIFY_NEXT, 0, 0, 0);
	assert_int_equal(r.a[1], 2);
	assert_int_equal(model_admin(SMC_TENON_NOTIFY_NEXT, 0, 0, 0).a[0], SMC_ENOTAVAIL);
}

static void nw_132_none_is_raised_after_stop_and_all_are_after_enable(void **state)
{
	bool more;

	(void)state;
	(void)model_smc(&one, SMC_ENABLE_ASYNC_NOTIF, 0, 0, 0);
	post(1, 7);
	assert_int_equal(command(&one, MSG_CMD_STOP_ASYNC_NOTIF), TEE_SUCCESS);
	assert_int_equal(model_admin(SMC_TENON_NOTIFY_NEXT, 0, 0, 0).a[0], SMC_ENOTAVAIL);
	unsigned raised = host_notify_raised;
	post(1, 8);
	assert_int_equal(host_notify_raised, raised);
	(void)model_smc(&one, SMC_ENABLE_ASYNC_NOTIF, 0, 0, 0);
	assert_int_equal(host_notify_raised, raised + 1);
	assert_int_equal(model_admin(SMC_TENON_NOTIFY_NEXT, 0, 0, 0).a[1], 1);
	assert_int_equal(take(&one, &more), 7);
	assert_int_equal(command(&one, MSG_CMD_DO_BOTTOM_HALF), TEE_SUCCESS);
}

/* I3: the hypervisor's CPU is not to be kept busy by a guest that enables again and again. */
static void enabling_what_is_enabled_raises_nothing(void **state)
{
	(void)state;
	post(1, 7);
	(void)model_smc(&one, SMC_ENABLE_ASYNC_NOTIF, 0, 0, 0);
	unsigned raised = host_notify_raised;
	assert_int_equal(model_admin(SMC_TENON_NOTIFY_NEXT, 0, 0, 0).a[1], 1);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(model_smc(&one, SMC_ENABLE_ASYNC_NOTIF, 0, 0, 0).a[0], SMC_OK);
		assert_int_equal(host_notify_raised, raised);
		assert_int_equal(model_admin(SMC_TENON_NOTIFY_NEXT, 0, 0, 0).a[0], SMC_ENOTAVAIL);
	}
	post(1, 8);
	assert_int_equal(host_notify_raised, raised + 1);
	assert_int_equal(model_admin(SMC_TENON_NOTIFY_NEXT, 0, 0, 0).a[1], 1);
}

static void nw_134_a_guest_that_is_gone_is_not_named(void **state)
{
	(void)state;
	(void)model_smc(&one, SMC_ENABLE_ASYNC_NOTIF, 0, 0, 0);
	post(1, 7);
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 1, 0, 0).a[0], SMC_OK);
	assert_int_equal(model_admin(SMC_TENON_NOTIFY_NEXT, 0, 0, 0).a[0], SMC_ENOTAVAIL);
}

/* --- waiting across guests ----------------------------------------------------------------------
 */

/* A service that waits for a wake-up from whoever, at most so many sleeps. */
static unsigned sleeps;
static bool was_woken;
static TEE_Result wait_result;

static void wait_main(struct call *call)
{
	struct shared_waiter self;

	wait_result = TEE_SUCCESS;
	shared_wait_begin(&queue, &self, 0);
	for (sleeps = 0; sleeps < 4 && !self.woken && !wait_result; sleeps++)
		wait_result = shared_wait_sleep(&self, 1000);
	was_woken = shared_wait_end(&self);
	call->args = (struct smc_args){.a = {SMC_OK}};
}

/* Leaves inside its first sleep: it asks for a page for RPC messages. */
static struct smc_args begin_wait(uint32_t vm_id)
{
	struct guest *guest = guest_enter(vm_id);
	struct smc_args args = {0};

	call_start(guest, wait_main, &args);
	guest_leave(guest);
	return args;
}

/* Answers whatever it asked for with nothing. */
static struct smc_args go_on(uint32_t vm_id, struct smc_args args)
{
	struct guest *guest = guest_enter(vm_id);

	args = (struct smc_args){.a = {SMC_RETURN_FROM_RPC, 0, 0, args.a[3]}};
	call_resume(guest, args.a[3], &args);
	guest_leave(guest);
	return args;
}

/* Attack row 31 */
static void nw_108_a_wake_up_from_another_guest_is_never_lost(void **state)
{
	bool more;

	(void)state;
	(void)model_smc(&one, SMC_ENABLE_ASYNC_NOTIF, 0, 0, 0);
	struct smc_args args = begin_wait(1);
	assert_int_not_equal(args.a[0], SMC_OK);
	assert_true(shared_wake_one(&queue));
	assert_false(shared_wake_one(&queue));
	/* The waiter's key is pending for its guest. */
	assert_int_equal(model_admin(SMC_TENON_NOTIFY_NEXT, 0, 0, 0).a[1], 1);
	assert_int_equal(take(&one, &more), NOTIFY_KEY_FIRST);
	while (args.a[0] != SMC_OK)
		args = go_on(1, args);
	assert_true(was_woken);
	assert_int_equal(wait_result, TEE_SUCCESS);
}

static void waiters_go_on_in_the_order_they_came(void **state)
{
	bool more;

	(void)state;
	(void)model_smc(&one, SMC_ENABLE_ASYNC_NOTIF, 0, 0, 0);
	(void)model_smc(&two, SMC_ENABLE_ASYNC_NOTIF, 0, 0, 0);
	(void)begin_wait(2);
	(void)begin_wait(1);
	assert_true(shared_wake_one(&queue));
	assert_int_equal(take(&one, &more), -1);
	assert_int_equal(take(&two, &more), NOTIFY_KEY_FIRST);
}

static void a_waiter_whose_guest_dies_leaves_the_queue(void **state)
{
	(void)state;
	(void)begin_wait(1);
	assert_false(list_empty(&queue.waiters));
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 1, 0, 0).a[0], SMC_OK);
	assert_true(list_empty(&queue.waiters));
	assert_int_equal(wait_result, TEE_ERROR_TARGET_DEAD);
	assert_false(shared_wake_one(&queue));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(nw_131_the_lowest_value_comes_first_and_each_once),
		TEST(a_guest_neither_sees_nor_starts_what_is_anothers),
		TEST(nw_134_the_hypervisor_is_told_each_vm_once_for_all_its_events),
		TEST(nw_132_none_is_raised_after_stop_and_all_are_after_enable),
		TEST(enabling_what_is_enabled_raises_nothing),
		TEST(nw_134_a_guest_that_is_gone_is_not_named),
		TEST(nw_108_a_wake_up_from_another_guest_is_never_lost),
		TEST(waiters_go_on_in_the_order_they_came),
		TEST(a_waiter_whose_guest_dies_leaves_the_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
