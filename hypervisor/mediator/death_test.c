/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a VM at every step of every flow, and every allocation failing once. */
#include "testing/flows.h"

static void kill_at_every_step(uint32_t preempt_every, uint32_t busy)
{
	for (uint32_t f = 0; f < flow_count; f++) {
		for (uint32_t step = 1;; step++) {
			bool killed;

			flow_begin();
			sim.preempt_every = preempt_every;
			sim.kill_at = step;
			flows[f].run();
			killed = sim.vms[0].killed;
			tee.destroy_busy = busy;
			flow_end();
			if (!killed)
				break;
			assert_true(step < 5000);
		}
	}
}

static void kill_at_every_step_of_every_flow_leaves_nothing_NW187(void **state)
{
	(void)state;
	kill_at_every_step(0, 0);
}

static void kill_at_every_step_with_preemption_and_a_busy_tee_leaves_nothing_NW187(void **state)
{
	(void)state;
	kill_at_every_step(1, 3);
}

/* Attack row 33: memory, pages and translations that fail, each once. */
static void every_failing_allocation_is_undone_NW184(void **state)
{
	(void)state;
	for (uint32_t f = 0; f < flow_count; f++) {
		for (uint32_t step = 1;; step++) {
			struct med_counters counters;
			bool failed;

			flow_begin();
			sim.preempt_every = 2;
			sim.fail_at = step;
			flows[f].run();
			failed = sim.allocations >= step;
			med_vm_counters(sim.vms[0].vm, &counters);
			/* what the TEE has is what is charged */
			assert_int_equal(counters.buffers, tee_buffer_count() - 1);
			if (counters.calls == 0 && guest_state[0].alloc_attr == MSG_ATTR_SHM_LIST)
				assert_int_equal(guest_state[0].payloads, 0);
			flow_end();
			if (!failed)
				break;
			assert_true(step < 5000);
		}
	}
}

static void a_vm_that_cannot_be_created_for_want_of_memory_leaves_nothing(void **state)
{
	struct med_vm *vm;

	(void)state;
	for (uint32_t step = 1; step <= 3; step++) {
		sim_reset();
		sim.fail_at = step;
		assert_int_equal(med_vm_create(&sim.med, 9, NULL, &sim.limits, &vm), MED_NO_MEMORY);
		sim_check_empty();
		assert_int_equal(tee.destroyed, 0);
	}
}

static void check_order(enum sim_event event, uint64_t where)
{
	(void)where;
	if (event == EV_UNPIN)
		assert_int_equal(tee.destroyed, 1);
}

/* Attack row 33: the order in which things go. */
static void pages_are_unpinned_after_the_tee_has_forgotten_the_vm_NW186(void **state)
{
	uint32_t steps = 0;

	(void)state;
	flow_begin();
	assert_int_equal(guest_register(0, 0x99, guest_pages(0, 3), 3, 0, 3 * 4096), 0);
	flows[flow_count - 1].run();
	tee.destroy_busy = 5;
	med_vm_kill(sim.vms[0].vm);
	sim.hook = check_order;
	while (tee.destroyed == 0) {
		assert_false(sim_vm_end_step(0));
		steps += tee.destroyed == 0;
		if (steps == 5)
			break;
	}
	assert_int_equal(steps, 5);
	assert_true(sim_vm_end_step(0));
	sim.hook = NULL;
	flow_end();
}

static void a_tee_that_does_not_let_go_keeps_the_memory_NW186(void **state)
{
	struct med_counters left;
	uint32_t pins;

	(void)state;
	flow_begin();
	assert_int_equal(guest_register(0, 0x99, guest_pages(0, 3), 3, 0, 3 * 4096), 0);
	pins = sim.pins;
	tee.destroy_status = SMC_ENOTAVAIL;
	assert_int_equal(med_vm_destroy_step(sim.vms[0].vm, &left), MED_STUCK);
	assert_int_equal(med_vm_destroy_step(sim.vms[0].vm, &left), MED_STUCK);
	assert_int_equal(sim.pins, pins);
	tee.destroy_status = SMC_OK;
	flow_end();
}

/* Attack row 30 */
static void a_dying_vm_gets_no_answer_and_nothing_reaches_the_tee_NW186(void **state)
{
	static const uint32_t functions[] = {SMC_CALLS_UID,         SMC_EXCHANGE_CAPABILITIES,
					     SMC_DISABLE_SHM_CACHE, SMC_CALL_WITH_ARG,
					     SMC_RETURN_FROM_RPC,   0xB2000FFF};
	uint32_t smcs;

	(void)state;
	flow_begin();
	flows[flow_count - 1].run();
	med_vm_kill(sim.vms[0].vm);
	smcs = sim.smcs;
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		uint64_t regs[8] = {functions[i], 1, 2, 3, 4, 5, 6, 7};
		uint64_t before[8];

		memcpy(before, regs, sizeof(regs));
		assert_int_equal(med_handle(sim.vms[0].vm, &sim.vms[0].vcpu[3], regs), MED_AGAIN);
		assert_memory_equal(regs, before, sizeof(regs));
	}
	assert_int_equal(sim.smcs, smcs);
	flow_end();
}

/* A hypervisor that forgot to wait for its vCPUs is told to come again. */
static void destroy_inside(enum sim_event event, uint64_t where)
{
	if (event == EV_SMC_ENTER &&
	    ((uint32_t)where == SMC_CALL_WITH_ARG || (uint32_t)where == SMC_ENABLE_SHM_CACHE)) {
		sim.vms[0].killed = true;
		assert_int_equal(med_vm_destroy_step(sim.vms[0].vm, NULL), MED_AGAIN);
		assert_int_equal(tee.destroyed, 0);
	}
}

static void a_vm_is_not_destroyed_while_a_vcpu_is_inside_NW186(void **state)
{
	uint64_t regs[8];

	(void)state;
	flow_begin();
	sim.hook = destroy_inside;
	guest_start(0, 0, SMC_CALL_WITH_ARG, guest_message(0, MSG_CMD_INVOKE_COMMAND, 0), 0, regs);
	assert_true(sim.vms[0].killed);
	sim.hook = NULL;
	flow_end();
	flow_begin();
	sim.hook = destroy_inside;
	guest_fast(0, SMC_ENABLE_SHM_CACHE, 0, regs);
	assert_true(sim.vms[0].killed);
	sim.hook = NULL;
	flow_end();
}

/* Attack row 32 */
static void a_dying_vm_with_an_8_mebibyte_buffer_ends_in_batches_NW185(void **state)
{
	uint32_t steps = 0;

	(void)state;
	sim_reset();
	sim_vm_boot(0, 2100);
	assert_int_equal(guest_register(0, 1, guest_pages(0, 2048), 2048, 0, 8 << 20), 0);
	sim.preempt_every = 1;
	med_vm_kill(sim.vms[0].vm);
	while (!sim_vm_end_step(0))
		steps++;
	assert_true(steps >= 32);
	sim_vm_end(0);
	sim_check_empty();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kill_at_every_step_of_every_flow_leaves_nothing_NW187),
		cmocka_unit_test(
			kill_at_every_step_with_preemption_and_a_busy_tee_leaves_nothing_NW187),
		cmocka_unit_test(every_failing_allocation_is_undone_NW184),
		cmocka_unit_test(a_vm_that_cannot_be_created_for_want_of_memory_leaves_nothing),
		cmocka_unit_test(pages_are_unpinned_after_the_tee_has_forgotten_the_vm_NW186),
		cmocka_unit_test(a_tee_that_does_not_let_go_keeps_the_memory_NW186),
		cmocka_unit_test(a_dying_vm_gets_no_answer_and_nothing_reaches_the_tee_NW186),
		cmocka_unit_test(a_vm_is_not_destroyed_while_a_vcpu_is_inside_NW186),
		cmocka_unit_test(a_dying_vm_with_an_8_mebibyte_buffer_ends_in_batches_NW185),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
