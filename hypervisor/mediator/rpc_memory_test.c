/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that the TEE asks for and gives back: RPC message buffers and payload buffers. */
#include "testing/sim.h"

/* Answers one SHM_ALLOC as guest_state says; the TEE must have been told that it failed. */
static void allocation_fails(bool guest_gets_it_back)
{
	static const struct tee_act script[] = {{TEE_SHM_ALLOC, 3 * 4096, RPC_SHM_APPL, 0},
						{TEE_INTERRUPT, 0, 0, 0},
						{TEE_END, 0, 0, 0}};
	uint64_t regs[8];
	uint32_t payloads = guest_state[0].payloads;

	tee.scripts[0] = script;
	assert_int_equal(guest_start_a(0, 0, regs), SMC_RPC_CMD);
	guest_serve(0, regs);
	if (guest_gets_it_back) {
		assert_int_equal(guest_resume(0, 0, regs), SMC_RPC_CMD);
		assert_int_equal(sim_only_call(0).rpc_command, RPC_CMD_SHM_FREE);
		assert_int_equal(guest_rpc_page(0)->header.cmd, RPC_CMD_SHM_FREE);
		assert_int_equal(guest_rpc_page(0)->header.num_params, 1);
		assert_int_equal(guest_rpc_page(0)->params[0].attr, MSG_ATTR_VALUE_IN);
		assert_int_equal(guest_rpc_page(0)->params[0].u.value.a, RPC_SHM_APPL);
		if (guest_state[0].alloc_cookie != 0)
			assert_int_equal(guest_rpc_page(0)->params[0].u.value.b,
					 guest_state[0].alloc_cookie);
		guest_serve(0, regs);
		assert_int_equal(guest_state[0].payloads, payloads);
	}
	assert_int_equal(guest_resume(0, 0, regs), SMC_RPC_FOREIGN_INTR);
	assert_int_equal(tee.threads[0].last_rpc_ret, TEE_ERROR_GENERIC);
	assert_int_equal(tee.threads[0].last_rpc_param.attr, MSG_ATTR_VALUE_IN);
	assert_int_equal(guest_resume(0, 0, regs), SMC_OK);
}

static void contiguous_answers_to_shm_alloc_are_failures_NW111_NW177(void **state)
{
	static const uint64_t attrs[] = {MSG_ATTR_TMEM_OUT,
					 MSG_ATTR_TMEM_IN,
					 MSG_ATTR_RMEM_OUT,
					 MSG_ATTR_VALUE_OUT,
					 0,
					 0x30A,
					 0x1020A,
					 0x209};

	(void)state;
	for (size_t i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++) {
		guest_state[0].alloc_attr = attrs[i];
		allocation_fails(false);
		guest_state[0].payloads = 0;
	}
	sim_check_quiet(0);
}

static void untranslatable_answers_go_back_to_the_guest_NW178(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= 3; i++) {
		guest_state[0].alloc_bad_entry = i;
		allocation_fails(true);
		sim_check_quiet(0);
	}
	guest_state[0].alloc_bad_entry = 0;
	/* over a limit */
	sim_vm_end(0);
	sim.limits.pages = 2;
	sim_vm_boot(0, SIM_RAM_PAGES);
	allocation_fails(true);
	sim_check_quiet(0);
}

static void an_answer_with_a_cookie_in_use_leaves_the_older_buffer_NW178(void **state)
{
	uint64_t data = guest_pages(0, 1);

	(void)state;
	assert_int_equal(guest_register(0, 0x1234, data, 1, 0, 4096), 0);
	guest_state[0].alloc_cookie = 0x1234;
	allocation_fails(true);
	assert_int_equal(sim.pins, 1);
	assert_non_null(tee_find(1, 0x1234));
	assert_int_equal(guest_unregister(0, 0x1234), 0);
	/* one of ours */
	guest_state[0].alloc_cookie = 0x4D45440000000001;
	allocation_fails(true);
	sim_check_quiet(0);
}

static void a_guest_cannot_unregister_a_payload_buffer_NW174(void **state)
{
	static const struct tee_act script[] = {{TEE_SHM_ALLOC, 4096, RPC_SHM_APPL, 0},
						{TEE_INTERRUPT, 0, 0, 0},
						{TEE_SHM_FREE, 0, 0, 0},
						{TEE_END, 0, 0, 0}};
	uint64_t regs[8];

	(void)state;
	tee.scripts[0] = script;
	assert_int_equal(guest_start_a(0, 0, regs), SMC_RPC_CMD);
	guest_serve(0, regs);
	assert_int_equal(guest_resume(0, 0, regs), SMC_RPC_FOREIGN_INTR);
	assert_int_equal(guest_unregister(0, guest_state[0].next_cookie), TEE_ERROR_BAD_PARAMETERS);
	/* nor use it to send messages from */
	{
		uint64_t other[8];

		assert_int_equal(guest_start(0, 1, SMC_CALL_WITH_REGD_ARG,
					     guest_state[0].next_cookie, 0, other),
				 SMC_EBADADDR);
	}
	assert_int_equal(guest_resume(0, 0, regs), SMC_RPC_CMD);
	/* The name is free again before the guest has even seen SHM_FREE (NW-080, NW-179). */
	assert_int_equal(
		guest_register(0, guest_state[0].next_cookie, guest_pages(0, 1), 1, 0, 4096), 0);
	guest_serve(0, regs);
	assert_int_equal(guest_resume(0, 0, regs), SMC_OK);
	assert_int_equal(sim.pins, 1);
	assert_int_equal(guest_unregister(0, guest_state[0].next_cookie), 0);
	sim_check_quiet(0);
}

static void a_freed_rpc_buffer_is_forgotten_before_the_guest_knows_NW181_NW080(void **state)
{
	static const struct tee_act script[] = {
		{TEE_ALLOC, 0, 0, 0}, {TEE_FREE, 0, 0, 0}, {TEE_END, 0, 0, 0}};
	uint64_t ipa = guest_message(0, MSG_CMD_INVOKE_COMMAND, 0);
	uint64_t regs[8];

	(void)state;
	tee.scripts[0] = script;
	assert_int_equal(guest_start(0, 0, SMC_CALL_WITH_ARG, ipa, 0, regs), SMC_RPC_ALLOC);
	assert_int_equal(regs[1], 160);
	guest_serve(0, regs);
	assert_int_equal(guest_resume(0, 0, regs), SMC_RPC_FREE);
	assert_int_equal(regs[1] << 32 | regs[2], guest_state[0].next_cookie);
	assert_int_equal(sim.pins, 1); /* the main message */
	assert_int_equal(
		guest_register(0, guest_state[0].next_cookie, guest_pages(0, 1), 1, 0, 4096), 0);
	assert_int_equal(guest_resume(0, 0, regs), SMC_OK);
	assert_non_null(tee_find(1, guest_state[0].next_cookie));
}

static void bad_answers_to_alloc_reach_the_tee_as_zeros_NW180_NW190(void **state)
{
	static const struct tee_act script[] = {{TEE_ALLOC, 0, 0, 0}, {TEE_END, 0, 0, 0}};
	uint64_t page = guest_pages(0, 1), device = guest_pages(0, 1);
	struct {
		uint64_t ipa, cookie;
	} const cases[] = {{0, 0},        {0, 5},         {page + 8, 5},
			   {page, 0},     {0x1000, 5},    {device, 5},
			   {page, 0x777}, {~0xFFFull, 5}, {page, 0x4D45440000000001}};

	struct med_counters counters;

	(void)state;
	tee.scripts[0] = script;
	sim_set_type(0, device, IPA_DEVICE);
	assert_int_equal(guest_register(0, 0x777, guest_pages(0, 1), 1, 0, 4096), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t ipa = guest_message(0, MSG_CMD_INVOKE_COMMAND, 0);
		uint64_t regs[8];

		assert_int_equal(guest_start(0, 0, SMC_CALL_WITH_ARG, ipa, 0, regs), SMC_RPC_ALLOC);
		regs[1] = cases[i].ipa >> 32;
		regs[2] = cases[i].ipa & 0xFFFFFFFF;
		regs[4] = cases[i].cookie >> 32;
		regs[5] = cases[i].cookie & 0xFFFFFFFF;
		assert_int_equal(guest_resume(0, 0, regs), SMC_OK);
		assert_int_equal(tee.last_regs[1] | tee.last_regs[2] | tee.last_regs[4] |
					 tee.last_regs[5],
				 0);
		assert_int_equal(guest_message_at(0, ipa)->header.ret, TEE_ERROR_OUT_OF_MEMORY);
		assert_int_equal(sim.pins, 1);
		med_vm_counters(sim.vms[0].vm, &counters);
		assert_int_equal(counters.rpc_buffers, 0);
	}
}

static void the_cached_rpc_buffer_comes_back_through_disable_NW015(void **state)
{
	static const struct tee_act script[] = {
		{TEE_ALLOC, 0, 0, 0}, {TEE_CMD, RPC_CMD_GET_TIME, 2, 0}, {TEE_END, 0, 0, 0}};
	struct med_counters counters;
	uint64_t regs[8];

	(void)state;
	tee.scripts[0] = script;
	guest_fast(0, SMC_ENABLE_SHM_CACHE, 0, regs);
	assert_int_equal(guest_invoke(0, 0, false), 0);
	med_vm_counters(sim.vms[0].vm, &counters);
	assert_int_equal(counters.rpc_buffers, 1);
	assert_int_equal(sim.pins, 1);
	assert_int_equal(guest_fast(0, SMC_DISABLE_SHM_CACHE, 0, regs), SMC_OK);
	assert_int_equal(regs[1] << 32 | regs[2], guest_state[0].next_cookie);
	sim_check_quiet(0);
	assert_int_equal(guest_fast(0, SMC_DISABLE_SHM_CACHE, 0, regs), SMC_ENOTAVAIL);
}

static void only_the_list_of_the_last_allocation_is_kept_NW174(void **state)
{
	static const struct tee_act script[] = {
		{TEE_SHM_ALLOC, 4096, 0, 0}, {TEE_SHM_ALLOC, 4096, 0, 0},
		{TEE_SHM_ALLOC, 4096, 0, 0}, {TEE_SHM_ALLOC, 4096, 0, 0},
		{TEE_INTERRUPT, 0, 0, 0},    {TEE_SHM_FREE, 0, 0, 0},
		{TEE_SHM_FREE, 0, 0, 0},     {TEE_SHM_FREE, 0, 0, 0},
		{TEE_SHM_FREE, 0, 0, 0},     {TEE_END, 0, 0, 0}};
	struct med_counters counters;
	uint64_t regs[8];

	(void)state;
	tee.scripts[0] = script;
	assert_int_equal(guest_start_a(0, 0, regs), SMC_RPC_CMD);
	for (uint32_t i = 0; i < 4; i++) {
		guest_serve(0, regs);
		guest_resume(0, 0, regs);
	}
	assert_int_equal(regs[0], SMC_RPC_FOREIGN_INTR);
	med_vm_counters(sim.vms[0].vm, &counters);
	assert_int_equal(counters.buffers, 4);
	/* the message and one list */
	assert_int_equal(counters.shadow_pages - counters.spare_pages, 2);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(guest_resume(0, 0, regs), SMC_RPC_CMD);
		guest_serve(0, regs);
	}
	assert_int_equal(guest_resume(0, 0, regs), SMC_OK);
	sim_check_quiet(0);
}

static void rpc_buffers_are_limited_NW184(void **state)
{
	static const struct tee_act script[] = {{TEE_ALLOC, 0, 0, 0},
						{TEE_INTERRUPT, 0, 0, 0},
						{TEE_FREE, 0, 0, 0},
						{TEE_END, 0, 0, 0}};
	uint64_t regs[2][8];

	(void)state;
	sim_vm_end(0);
	sim.limits.rpc_buffers = 1;
	sim_vm_boot(0, SIM_RAM_PAGES);
	tee.scripts[0] = script;
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(guest_start(0, i, SMC_CALL_WITH_ARG,
					     guest_message(0, MSG_CMD_INVOKE_COMMAND, 0), 0,
					     regs[i]),
				 SMC_RPC_ALLOC);
		guest_serve(0, regs[i]);
	}
	assert_int_equal(guest_resume(0, 0, regs[0]), SMC_RPC_FOREIGN_INTR);
	/* over the limit: the TEE hears that there is no memory */
	assert_int_equal(guest_resume(0, 1, regs[1]), SMC_OK);
	assert_int_equal(guest_resume(0, 0, regs[0]), SMC_RPC_FREE);
	assert_int_equal(guest_resume(0, 0, regs[0]), SMC_OK);
	sim_check_quiet(0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, sim_setup, sim_teardown)
	const struct CMUnitTest tests[] = {
		T(contiguous_answers_to_shm_alloc_are_failures_NW111_NW177),
		T(untranslatable_answers_go_back_to_the_guest_NW178),
		T(an_answer_with_a_cookie_in_use_leaves_the_older_buffer_NW178),
		T(a_guest_cannot_unregister_a_payload_buffer_NW174),
		T(a_freed_rpc_buffer_is_forgotten_before_the_guest_knows_NW181_NW080),
		T(bad_answers_to_alloc_reach_the_tee_as_zeros_NW180_NW190),
		T(the_cached_rpc_buffer_comes_back_through_disable_NW015),
		T(only_the_list_of_the_last_allocation_is_kept_NW174),
		T(rpc_buffers_are_limited_NW184),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
