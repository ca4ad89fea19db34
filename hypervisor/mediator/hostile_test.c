/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile guests and TEEs from seeds. The simulated world checks each step; a failing seed is
 * printed, and MEDIATOR_SEED=n repeats it alone.
 */
#include "testing/hostile.h"

#define SEEDS 2000u

static uint64_t random_state;
static uint64_t current_seed;

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state * 0x2545F4914F6CDD1Dull >> 16;
}

static bool always(void)
{
	return true;
}

static void run_seed(uint64_t seed, bool (*bad_tee)(uint32_t regs[8]))
{
	current_seed = seed;
	random_state = seed * 0x9E3779B97F4A7C15ull + 1;
	hostile_run(next_random, always, bad_tee);
	current_seed = 0;
}

static void run_seeds(bool (*bad_tee)(uint32_t regs[8]))
{
	const char *one = getenv("MEDIATOR_SEED");

	if (one != NULL) {
		run_seed(strtoull(one, NULL, 0), bad_tee);
		return;
	}
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		run_seed(seed, bad_tee);
}

static int tell_seed(void **state)
{
	(void)state;
	if (current_seed != 0)
		print_error("MEDIATOR_SEED=%llu\n", (unsigned long long)current_seed);
	current_seed = 0;
	return 0;
}

/* Attack row 35 */
static void hostile_guests_reach_nothing_and_leave_nothing_NW171_NW187(void **state)
{
	(void)state;
	run_seeds(NULL);
}

static void a_hostile_tee_breaks_no_count_and_no_other_vm_NW184(void **state)
{
	(void)state;
	run_seeds(hostile_tee);
}

/* Attack row 32: a TEE that resumes nothing and asks for ever: the hypervisor keeps its CPU. */
static bool insist(uint32_t regs[8])
{
	regs[0] = SMC_RPC_FREE;
	regs[1] = 1;
	regs[2] = 2;
	regs[3] = 0;
	return true;
}

static void a_tee_that_repeats_a_bad_rpc_for_ever_does_not_keep_the_cpu_NW185(void **state)
{
	uint64_t ipa, regs[8];

	(void)state;
	sim_reset();
	sim_vm_boot(0, SIM_RAM_PAGES);
	ipa = guest_message(0, MSG_CMD_INVOKE_COMMAND, 0);
	tee.hostile = insist;
	sim.preempt_every = 3;
	regs[0] = SMC_CALL_WITH_ARG;
	regs[1] = ipa >> 32;
	regs[2] = ipa & 0xFFFFFFFF;
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(med_handle(sim.vms[0].vm, &sim.vms[0].vcpu[0], regs), MED_AGAIN);
	tee.hostile = NULL;
	sim_vm_end(0);
	sim_check_empty();
}

/* Two calls under one thread id, and ids out of range: the call is lost, the VM goes on. */
static bool same_thread(uint32_t regs[8])
{
	regs[0] = SMC_RPC_FOREIGN_INTR;
	regs[3] = tee.first_thread_id;
	return true;
}

static void a_call_with_an_impossible_thread_id_is_given_up_NW182(void **state)
{
	struct med_counters counters;
	uint64_t regs[8];

	(void)state;
	sim_reset();
	sim_vm_boot(0, SIM_RAM_PAGES);
	tee.hostile = same_thread;
	for (uint32_t i = 0; i < 4; i++) {
		tee.first_thread_id = i == 2 ? 0x80000000 : 5;
		assert_int_equal(guest_start(0, 0, SMC_CALL_WITH_ARG,
					     guest_message(0, MSG_CMD_INVOKE_COMMAND, 0), 0, regs),
				 i == 0 ? SMC_RPC_FOREIGN_INTR : SMC_ENOTAVAIL);
	}
	med_vm_counters(sim.vms[0].vm, &counters);
	assert_int_equal(counters.calls, 4);
	assert_int_equal(guest_start(0, 0, SMC_CALL_WITH_ARG,
				     guest_message(0, MSG_CMD_INVOKE_COMMAND, 0), 0, regs),
			 SMC_ETHREAD_LIMIT);
	regs[0] = SMC_RETURN_FROM_RPC;
	regs[3] = 5;
	tee.first_thread_id = 0xFFFFFFFF;
	assert_int_equal(guest_resume(0, 0, regs), SMC_ENOTAVAIL);
	/* no call is left that could end: do not make the guest wait for one (NW-044) */
	assert_int_equal(guest_start(0, 0, SMC_CALL_WITH_ARG,
				     guest_message(0, MSG_CMD_INVOKE_COMMAND, 0), 0, regs),
			 SMC_ENOTAVAIL);
	tee.hostile = NULL;
	sim_vm_end(0);
	sim_check_empty();
}

int main(void)
{
#define T(f) cmocka_unit_test_teardown(f, tell_seed)
	const struct CMUnitTest tests[] = {
		T(hostile_guests_reach_nothing_and_leave_nothing_NW171_NW187),
		T(a_hostile_tee_breaks_no_count_and_no_other_vm_NW184),
		T(a_tee_that_repeats_a_bad_rpc_for_ever_does_not_keep_the_cpu_NW185),
		T(a_call_with_an_impossible_thread_id_is_given_up_NW182),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
