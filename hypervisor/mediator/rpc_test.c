/* SPDX-License-Identifier: BSD-2-Clause */
/* RPCs in both profiles: what the guest is shown, what is taken from it, who owns what when. */
#include "testing/sim.h"

static const struct tee_act every_rpc[] = {
	{TEE_INTERRUPT, 0, 0, 0},
	{TEE_CMD, RPC_CMD_LOAD_TA, MSG_ATTR_TMEM_OUT, 0},
	{TEE_CMD, RPC_CMD_GET_TIME, MSG_ATTR_VALUE_OUT, 0},
	{TEE_CMD, RPC_CMD_NOTIFICATION, MSG_ATTR_VALUE_IN, RPC_NOTIFICATION_WAIT},
	{TEE_CMD, RPC_CMD_SUSPEND, MSG_ATTR_VALUE_IN, 5},
	{TEE_SHM_ALLOC, 3 * 4096, RPC_SHM_APPL, 0},
	{TEE_CMD, RPC_CMD_FS, MSG_ATTR_VALUE_INOUT, 0},
	{TEE_SHM_ALLOC, 4096, RPC_SHM_KERNEL, 0},
	{TEE_SHM_FREE, 0, 0, 0},
	{TEE_CMD, 999, MSG_ATTR_VALUE_IN, 0},
	{TEE_SHM_FREE, 0, 0, 0},
	{TEE_RAW, 0xFFFF0077, 0, 0},
	{TEE_WRITE, 0, 0, 0},
	{TEE_END, 0, 0, 0}};

static const struct tee_act every_rpc_b[] = {{TEE_ALLOC, 0, 0, 0},
					     {TEE_INTERRUPT, 0, 0, 0},
					     {TEE_CMD, RPC_CMD_LOAD_TA, MSG_ATTR_TMEM_OUT, 0},
					     {TEE_CMD, RPC_CMD_GET_TIME, MSG_ATTR_VALUE_OUT, 0},
					     {TEE_SHM_ALLOC, 3 * 4096, RPC_SHM_APPL, 0},
					     {TEE_SHM_FREE, 0, 0, 0},
					     {TEE_FREE, 0, 0, 0},
					     {TEE_WRITE, 0, 0, 0},
					     {TEE_END, 0, 0, 0}};

static void every_kind_of_rpc_is_served_in_profile_a(void **state)
{
	(void)state;
	tee.scripts[1] = every_rpc;
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(guest_invoke(0, 1, true), 0);
		sim_check_quiet(0);
	}
	assert_int_equal(guest_state[0].served, 3 * 12);
}

static void every_kind_of_rpc_is_served_in_profile_b(void **state)
{
	(void)state;
	tee.scripts[1] = every_rpc_b;
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(guest_invoke(0, 1, false), 0);
		sim_check_quiet(0);
		assert_int_equal(guest_state[0].rpc_pages, 0);
	}
	assert_int_equal(guest_state[0].served, 3 * 7);
}

static void answers_reach_the_tee_through_the_latched_outputs_only_NW176(void **state)
{
	static const struct tee_act script[] = {
		{TEE_CMD, RPC_CMD_GET_TIME, MSG_ATTR_VALUE_OUT, 0x77},
		{TEE_CMD, RPC_CMD_NOTIFICATION, MSG_ATTR_VALUE_IN, 0x88},
		{TEE_CMD, RPC_CMD_LOAD_TA, MSG_ATTR_TMEM_OUT, 0},
		{TEE_END, 0, 0, 0}};
	struct tee_thread *thread = &tee.threads[0];
	uint64_t regs[8];

	(void)state;
	tee.scripts[0] = script;
	assert_int_equal(guest_start_a(0, 0, regs), SMC_RPC_CMD);
	guest_rpc_page(0)->header.ret = 0x1111;
	guest_rpc_page(0)->header.num_params = 99;
	guest_rpc_page(0)->params[0].attr = MSG_ATTR_SHM_LIST;
	guest_rpc_page(0)->params[0].u.value = (struct msg_value){5, 6, 7};
	regs[1] = 0xFFFFFFFF; /* does not select anything */
	assert_int_equal(guest_resume(0, 0, regs), SMC_RPC_CMD);
	assert_int_equal(thread->last_rpc_ret, 0x1111);
	assert_int_equal(thread->last_rpc_param.attr, MSG_ATTR_VALUE_OUT);
	assert_int_equal(thread->last_rpc_param.u.value.c, 7);
	/* now an input: nothing of it comes back */
	guest_rpc_page(0)->params[0].u.value.a = 0x99;
	guest_rpc_page(0)->header.ret = 0;
	assert_int_equal(guest_resume(0, 0, regs), SMC_RPC_CMD);
	assert_int_equal(thread->last_rpc_param.u.value.a, 0x88);
	assert_int_equal(guest_rpc_page(0)->params[0].attr, MSG_ATTR_TMEM_OUT);
	assert_int_equal(guest_rpc_page(0)->params[0].u.tmem.buf_ptr, 0);
	guest_rpc_page(0)->params[0].u.tmem = (struct msg_tmem){SIM_PA_BASE, 0x5000, 7};
	guest_rpc_page(0)->header.ret = 0;
	assert_int_equal(guest_resume(0, 0, regs), SMC_OK);
}

static void an_rpc_that_nobody_answered_has_failed_NW100(void **state)
{
	static const struct tee_act script[] = {{TEE_CMD, RPC_CMD_FS, MSG_ATTR_VALUE_INOUT, 0},
						{TEE_INTERRUPT, 0, 0, 0},
						{TEE_END, 0, 0, 0}};
	uint64_t regs[8];

	(void)state;
	tee.scripts[0] = script;
	assert_int_equal(guest_start_a(0, 0, regs), SMC_RPC_CMD);
	assert_int_equal(guest_rpc_page(0)->header.ret, TEE_ERROR_GENERIC);
	assert_int_equal(guest_resume(0, 0, regs), SMC_RPC_FOREIGN_INTR);
	assert_int_equal(tee.threads[0].last_rpc_ret, TEE_ERROR_GENERIC);
	assert_int_equal(guest_resume(0, 0, regs), SMC_OK);
}

static void rpcs_that_cannot_be_delivered_go_back_to_the_tee_NW183_NW192(void **state)
{
	static const struct tee_act script[] = {
		{TEE_RAW, SMC_RPC_FREE, 0xFFFF000012345678, 0},
		{TEE_RAW, SMC_RPC_ALLOC, 0x100100000000, 0},
		{TEE_CMD, 999, MSG_ATTR_SHM_LIST, SIM_PA_BASE},
		{TEE_CMD, RPC_CMD_LOAD_TA, MSG_ATTR_TMEM_OUT, SIM_PA_BASE},
		{TEE_CMD, RPC_CMD_FS, 0x4, 0},
		{TEE_CMD, RPC_CMD_SHM_ALLOC, MSG_ATTR_VALUE_INOUT, 0},
		{TEE_CMD, RPC_CMD_SHM_FREE, MSG_ATTR_VALUE_IN, 0},
		{TEE_CMD, RPC_CMD_SHM_FREE, MSG_ATTR_RMEM_IN, 0},
		{TEE_WRITE, 0, 0, 0},
		{TEE_END, 0x4242, 0, 0}};
	static const struct tee_act unknown_buffer[] = {
		{TEE_RAW, SMC_RPC_CMD, 0xFFFF000012345678, 0}, {TEE_END, 0x4243, 0, 0}};

	(void)state;
	tee.scripts[0] = script;
	assert_int_equal(guest_invoke(0, 0, true), 0x4242);
	assert_int_equal(guest_state[0].served, 0);
	tee.scripts[0] = unknown_buffer;
	assert_int_equal(guest_invoke(0, 0, false), 0x4243);
	assert_int_equal(guest_state[0].served, 0);
	sim_check_quiet(0);
}

/* The same cookie, as a buffer of another kind, must not be released by the wrong RPC. */
static bool free_registered(uint32_t regs[8])
{
	static uint32_t turn;

	if (regs[0] != SMC_RETURN_FROM_RPC)
		turn = 0;
	regs[0] = turn++ < 3 ? SMC_RPC_FREE : SMC_OK;
	regs[1] = 0;
	regs[2] = 0x1234;
	regs[3] = 1;
	return true;
}

static void free_of_another_kind_of_buffer_releases_nothing_NW174(void **state)
{
	uint64_t regs[8];

	(void)state;
	assert_int_equal(guest_register(0, 0x1234, guest_pages(0, 1), 1, 0, 4096), 0);
	tee.hostile = free_registered;
	assert_int_equal(guest_start(0, 0, SMC_CALL_WITH_ARG,
				     guest_message(0, MSG_CMD_INVOKE_COMMAND, 0), 0, regs),
			 0);
	tee.hostile = NULL;
	assert_int_equal(sim.pins, 1);
	assert_int_equal(guest_unregister(0, 0x1234), 0);
}

/* While a call is in the TEE its old thread id may be given to a new one. */
static uint64_t nested_regs[8];

static void start_another_at_resume(enum sim_event event, uint64_t where)
{
	static const struct tee_act interrupted[] = {{TEE_INTERRUPT, 0, 0, 0}, {TEE_END, 9, 0, 0}};

	if (event != EV_SMC_EXIT || tee.last_regs[0] != SMC_RETURN_FROM_RPC || (uint32_t)where != 0)
		return;
	sim.hook = NULL;
	tee.scripts[0] = interrupted;
	assert_int_equal(guest_start(0, 1, SMC_CALL_WITH_ARG,
				     guest_message(0, MSG_CMD_INVOKE_COMMAND, 0), 0, nested_regs),
			 SMC_RPC_FOREIGN_INTR);
}

static void a_reused_thread_id_belongs_to_the_new_call_NW182(void **state)
{
	static const struct tee_act script[] = {{TEE_INTERRUPT, 0, 0, 0}, {TEE_END, 8, 0, 0}};
	uint64_t ipa = guest_message(0, MSG_CMD_INVOKE_COMMAND, 0);
	uint64_t regs[8];

	(void)state;
	tee.scripts[0] = script;
	assert_int_equal(guest_start(0, 0, SMC_CALL_WITH_ARG, ipa, 0, regs), SMC_RPC_FOREIGN_INTR);
	sim.hook = start_another_at_resume;
	/* the old one has ended in the TEE, its vCPU is not back yet; the new one gets its id */
	assert_int_equal(guest_resume(0, 0, regs), SMC_OK);
	assert_int_equal(guest_message_at(0, ipa)->header.ret, 8);
	assert_int_equal(nested_regs[3], 0);
	assert_int_equal(guest_resume(0, 0, nested_regs), SMC_OK);
	sim_check_quiet(0);
}

static void resume_again_at_smc(enum sim_event event, uint64_t where)
{
	(void)where;
	if (event == EV_SMC_ENTER && tee.last_regs[0] != 0) {
		nested_regs[0] = SMC_RETURN_FROM_RPC;
		assert_int_equal(guest_resume(0, 1, nested_regs), SMC_ERESUME);
	}
}

static void of_two_resumes_one_wins_NW036(void **state)
{
	static const struct tee_act script[] = {{TEE_INTERRUPT, 0, 0, 0}, {TEE_END, 8, 0, 0}};
	uint64_t regs[8];

	(void)state;
	tee.scripts[0] = script;
	assert_int_equal(guest_start(0, 0, SMC_CALL_WITH_ARG,
				     guest_message(0, MSG_CMD_INVOKE_COMMAND, 0), 0, regs),
			 SMC_RPC_FOREIGN_INTR);
	memcpy(nested_regs, regs, sizeof(regs));
	sim.hook = resume_again_at_smc;
	assert_int_equal(guest_resume(0, 0, regs), SMC_OK);
}

/* The memory of a message is unregistered by another vCPU while its call is in an RPC. */
#define MESSAGES 0xFFFF00000B0B0000ull

static void unregister_messages(void)
{
	uint64_t ipa = guest_message(0, MSG_CMD_UNREGISTER_SHM, 1);
	struct guest_message *message = guest_message_at(0, ipa);

	message->params[0].attr = MSG_ATTR_RMEM_IN;
	message->params[0].u.rmem.shm_ref = MESSAGES;
	assert_int_equal(guest_run(0, 1, SMC_CALL_WITH_ARG, ipa, 0), 0);
	assert_int_equal(message->header.ret, 0);
}

static void unregister_messages_at_rpc(enum sim_event event, uint64_t where)
{
	if (event == EV_SMC_EXIT && (uint32_t)where == SMC_RPC_CMD) {
		sim.hook = NULL;
		unregister_messages();
	}
}

static uint32_t start_in_registered_memory(uint64_t regs[8])
{
	static const struct tee_act script[] = {{TEE_CMD, RPC_CMD_GET_TIME, MSG_ATTR_VALUE_OUT, 0},
						{TEE_INTERRUPT, 0, 0, 0},
						{TEE_END, 0, 0, 0}};
	uint64_t data = guest_pages(0, 1);
	struct guest_message *message = guest_at(0, data);

	memset(message, 0, 4096);
	message->header.cmd = MSG_CMD_INVOKE_COMMAND;
	message->header.func = 1;
	tee.scripts[1] = script;
	assert_int_equal(guest_register(0, MESSAGES, data, 1, 0, 4096), 0);
	return guest_start(0, 0, SMC_CALL_WITH_REGD_ARG, MESSAGES, 0, regs);
}

static void an_rpc_whose_message_memory_vanished_fails_for_the_tee_NW172_NW183(void **state)
{
	uint64_t regs[8];

	(void)state;
	/* after the guest was shown it */
	assert_int_equal(start_in_registered_memory(regs), SMC_RPC_CMD);
	unregister_messages();
	assert_int_equal(guest_resume(0, 0, regs), SMC_RPC_FOREIGN_INTR);
	assert_int_equal(tee.threads[0].last_rpc_ret, TEE_ERROR_GENERIC);
	assert_int_equal(guest_resume(0, 0, regs), SMC_EBADADDR);
	sim_check_quiet(0);
	/* before that: the guest is not shown it at all */
	tee.hostile = NULL;
	sim.hook = unregister_messages_at_rpc;
	assert_int_equal(start_in_registered_memory(regs), SMC_RPC_FOREIGN_INTR);
	assert_int_equal(tee.threads[0].last_rpc_ret, TEE_ERROR_GENERIC);
	assert_int_equal(guest_resume(0, 0, regs), SMC_EBADADDR);
	sim_check_quiet(0);
}

static void the_state_of_a_call_can_be_seen(void **state)
{
	static const uint32_t commands[] = {RPC_CMD_LOAD_TA,      RPC_CMD_GET_TIME,
					    RPC_CMD_NOTIFICATION, RPC_CMD_SUSPEND,
					    RPC_CMD_SHM_ALLOC,    RPC_CMD_FS};
	struct med_call_info info;
	uint64_t regs[8];
	uint32_t seen = 0;

	(void)state;
	tee.scripts[1] = every_rpc;
	assert_int_equal(guest_start_a(0, 1, regs), SMC_RPC_FOREIGN_INTR);
	info = sim_only_call(0);
	assert_int_equal(info.phase, MED_PHASE_SUSPENDED);
	assert_int_equal(info.function, SMC_RPC_FOREIGN_INTR);
	assert_int_equal(info.message, MSG_CMD_INVOKE_COMMAND);
	while (guest_resume(0, 0, regs) != 0) {
		info = sim_only_call(0);
		assert_memory_equal(&info, &sim.vms[0].vcpu[0].last, sizeof(info));
		assert_int_equal(info.phase, MED_PHASE_SUSPENDED);
		if (seen < 6 && info.rpc_command == commands[seen])
			seen++;
		if (info.rpc_command == RPC_CMD_NOTIFICATION)
			assert_int_equal(info.rpc_detail, RPC_NOTIFICATION_WAIT);
		guest_serve(0, regs);
	}
	assert_int_equal(seen, 6);
	assert_int_equal(sim.vms[0].vcpu[0].last.phase, MED_PHASE_NONE);
	assert_int_equal(med_vm_calls(sim.vms[0].vm, NULL, 0), 0);
}

static void see_running(enum sim_event event, uint64_t where)
{
	struct med_call_info info;

	(void)where;
	if (event != EV_SMC_ENTER)
		return;
	assert_int_equal(med_vm_calls(sim.vms[0].vm, &info, 1), 1);
	assert_int_equal(info.phase, MED_PHASE_RUNNING);
}

static void a_call_in_the_tee_is_seen_running(void **state)
{
	(void)state;
	sim.hook = see_running;
	assert_int_equal(guest_invoke(0, 0, true), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, sim_setup, sim_teardown)
	const struct CMUnitTest tests[] = {
		T(every_kind_of_rpc_is_served_in_profile_a),
		T(every_kind_of_rpc_is_served_in_profile_b),
		T(answers_reach_the_tee_through_the_latched_outputs_only_NW176),
		T(an_rpc_that_nobody_answered_has_failed_NW100),
		T(rpcs_that_cannot_be_delivered_go_back_to_the_tee_NW183_NW192),
		T(free_of_another_kind_of_buffer_releases_nothing_NW174),
		T(a_reused_thread_id_belongs_to_the_new_call_NW182),
		T(of_two_resumes_one_wins_NW036),
		T(an_rpc_whose_message_memory_vanished_fails_for_the_tee_NW172_NW183),
		T(the_state_of_a_call_can_be_seen),
		T(a_call_in_the_tee_is_seen_running),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
