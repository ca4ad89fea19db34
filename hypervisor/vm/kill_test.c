/* SPDX-License-Identifier: BSD-2-Clause */
#include <abi/msg.h>
#include <abi/smc.h>
#include <lib/test.h>
#include <vm/kill.h>

static void every_name_of_the_contract_is_known_and_none_else(void **state)
{
	static const char *const names[] = {
		"any",           "none",         "running",          "preempted",
		"rpc",           "rpc:alloc",    "rpc:free",         "rpc:load_ta",
		"rpc:fs",        "rpc:get_time", "rpc:notification", "rpc:suspend",
		"rpc:shm_alloc", "rpc:shm_free",
	};
	static const char *const wrong[] = {"", "never", "rpc:other", "Any", "rpc:", "rpc:allo"};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		enum kill_state s = kill_state_parse(names[i]);

		assert_int_not_equal(s, KILL_NEVER);
		assert_string_equal(kill_state_name(s), names[i]);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(kill_state_parse(wrong[i]), KILL_NEVER);
}

static enum kill_state state_of(enum med_phase phase, uint32_t function, uint32_t command)
{
	struct med_call_info info = {.phase = phase, .function = function, .rpc_command = command};

	return kill_state_of(&info);
}

static void calls_are_described_by_what_they_wait_for(void **state)
{
	(void)state;
	assert_int_equal(state_of(MED_PHASE_NONE, 0, 0), KILL_NONE);
	assert_int_equal(state_of(MED_PHASE_RUNNING, 0, 0), KILL_RUNNING);
	assert_int_equal(state_of(MED_PHASE_PREPARING, 0, 0), KILL_RUNNING);
	assert_int_equal(state_of(MED_PHASE_SUSPENDED, SMC_RPC_FOREIGN_INTR, 0), KILL_PREEMPTED);
	assert_int_equal(state_of(MED_PHASE_SUSPENDED, SMC_RPC_ALLOC, 0), KILL_RPC_ALLOC);
	assert_int_equal(state_of(MED_PHASE_SUSPENDED, SMC_RPC_FREE, 0), KILL_RPC_FREE);
	assert_int_equal(state_of(MED_PHASE_SUSPENDED, SMC_RPC_CMD, RPC_CMD_FS), KILL_RPC_FS);
	assert_int_equal(state_of(MED_PHASE_SUSPENDED, SMC_RPC_CMD, RPC_CMD_SHM_FREE),
			 KILL_RPC_SHM_FREE);
	assert_int_equal(state_of(MED_PHASE_SUSPENDED, SMC_RPC_CMD, 999), KILL_RPC_OTHER);
	assert_int_equal(state_of(MED_PHASE_SUSPENDED, 0xFFFF1234, 0), KILL_RPC_OTHER);
}

static void a_trigger_fires_for_its_state_only(void **state)
{
	(void)state;
	assert_true(kill_state_matches(KILL_ANY, KILL_NONE));
	assert_true(kill_state_matches(KILL_ANY, KILL_RPC_FS));
	assert_true(kill_state_matches(KILL_RPC, KILL_RPC_ALLOC));
	assert_true(kill_state_matches(KILL_RPC, KILL_RPC_OTHER));
	assert_false(kill_state_matches(KILL_RPC, KILL_PREEMPTED));
	assert_false(kill_state_matches(KILL_RPC, KILL_NONE));
	assert_true(kill_state_matches(KILL_RPC_FS, KILL_RPC_FS));
	assert_false(kill_state_matches(KILL_RPC_FS, KILL_RPC_LOAD_TA));
	for (enum kill_state s = KILL_NEVER; s < KILL_STATES; s++)
		assert_false(kill_state_matches(KILL_NEVER, s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_of_the_contract_is_known_and_none_else),
		cmocka_unit_test(calls_are_described_by_what_they_wait_for),
		cmocka_unit_test(a_trigger_fires_for_its_state_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
