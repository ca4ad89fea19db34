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

static void quiet(void)
{
	struct med_counters counters;

	med_vm_counters(sim.vms[0].vm, &counters);
	assert_int_equal(counters.calls, 0);
	assert_int_equal(counters.buffers, 0);
	assert_int_equal(counters.pages, 0);
	assert_int_equal(counters.rpc_buffers, 0);
	assert_int_equal(sim.pins, 0);
	assert_int_equal(guest_state[0].payloads, 0);
}

static struct med_call_info only_call(void)
{
	struct med_call_info info[4];

	assert_int_equal(med_vm_calls(sim.vms[0].vm, info, 4), 1);
	return info[0];
}

/* Starts an INVOKE of script @func in profile A; the page is remembered for guest_serve(). */
static uint32_t start_a(uint32_t func, uint64_t regs[8])
{
	uint64_t ipa = guest_message(0, MSG_CMD_INVOKE_COMMAND, 1);

	guest_message_at(0, ipa)->header.func = func;
	guest_state[0].message_page = ipa;
	guest_state[0].message_rpc_offset = MSG_SIZE(1);
	return guest_start(0, 0, SMC_CALL_WITH_RPC_ARG, ipa, 0, regs);
}

static struct guest_message *rpc_page(void)
{
	return guest_at(0, guest_state[0].message_page + guest_state[0].message_rpc_offset);
}

static void every_kind_of_rpc_is_served_in_profile_a(void **state)
{
	(void)state;
	tee.scripts[1] = every_rpc;
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(guest_invoke(0, 1, true), 0);
		quiet();
	}
	assert_int_equal(guest_state[0].served, 3 * 12);
}

static void every_kind_of_rpc_is_served_in_profile_b(void **state)
{
	(void)state;
	tee.scripts[1] = every_rpc_b;
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(guest_invoke(0, 1, false), 0);
		quiet();
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
	assert_int_equal(start_a(0, regs), SMC_RPC_CMD);
	rpc_page()->header.ret = 0x1111;
	rpc_page()->header.num_params = 99;
	rpc_page()->params[0].attr = MSG_ATTR_SHM_LIST;
	rpc_page()->params[0].u.value = (struct msg_value){5, 6, 7};
	regs[1] = 0xFFFFFFFF; /* does not select anything */
	assert_int_equal(guest_resume(0, 0, regs), SMC_RPC_CMD);
	assert_int_equal(thread->last_rpc_ret, 0x1111);
	assert_int_equal(thread->last_rpc_param.attr, MSG_ATTR_VALUE_OUT);
	assert_int_equal(thread->last_rpc_param.u.value.c, 7);
	/* now an input: nothing of it comes back */
	rpc_page()->params[0].u.value.a = 0x99;
	rpc_page()->header.ret = 0;
	assert_int_equal(guest_resume(0, 0, regs), SMC_RPC_CMD);
	assert_int_equal(thread->last_rpc_param.u.value.a, 0x88);
	assert_int_equal(rpc_page()->params[0].attr, MSG_ATTR_TMEM_OUT);
	assert_int_equal(rpc_page()->params[0].u.tmem.buf_ptr, 0);
	rpc_page()->params[0].u.tmem = (struct msg_tmem){SIM_PA_BASE, 0x5000, 7};
	rpc_page()->header.ret = 0;
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
	assert_int_equal(start_a(0, regs), SMC_RPC_CMD);
	assert_int_equal(rpc_page()->header.ret, TEE_ERROR_GENERIC);
	assert_int_equal(guest_resume(0, 0, regs), SMC_RPC_FOREIGN_INTR);
	assert_int_equal(tee.threads[0].last_rpc_ret, TEE_ERROR_GENERIC);
	assert_int_equal(guest_resume(0, 0, regs), SMC_OK);
}

/* Answers one SHM_ALLOC as guest_state says; the TEE must have been told that it failed. */
static void allocation_fails(bool guest_gets_it_back)
{
	static const struct tee_act script[] = {{TEE_SHM_ALLOC, 3 * 4096, RPC_SHM_APPL, 0},
						{TEE_INTERRUPT, 0, 0, 0},
						{TEE_END, 0, 0, 0}};
	uint64_t regs[8];
	uint32_t payloads = guest_state[0].payloads;

	tee.scripts[0] = script;
	assert_int_equal(start_a(0, regs), SMC_RPC_CMD);
	guest_serve(0, regs);
	if (guest_gets_it_back) {
		assert_int_equal(guest_resume(0, 0, regs), SMC_RPC_CMD);
		assert_int_equal(only_call().rpc_command, RPC_CMD_SHM_FREE);
		assert_int_equal(rpc_page()->header.cmd, RPC_CMD_SHM_FREE);
		assert_int_equal(rpc_page()->header.num_params, 1);
		assert_int_equal(rpc_page()->params[0].attr, MSG_ATTR_VALUE_IN);
		assert_int_equal(rpc_page()->params[0].u.value.a, RPC_SHM_APPL);
		if (guest_state[0].alloc_cookie != 0)
			assert_int_equal(rpc_page()->params[0].u.value.b,
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
	quiet();
}

static void untranslatable_answers_go_back_to_the_guest_NW178(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= 3; i++) {
		guest_state[0].alloc_bad_entry = i;
		allocation_fails(true);
		quiet();
	}
	guest_state[0].alloc_bad_entry = 0;
	/* over a limit */
	sim_vm_end(0);
	sim.limits.pages = 2;
	sim_vm_boot(0, SIM_RAM_PAGES);
	allocation_fails(true);
	quiet();
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
	quiet();
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
	assert_int_equal(start_a(0, regs), SMC_RPC_CMD);
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
	quiet();
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
	quiet();
	assert_int_equal(guest_fast(0, SMC_DISABLE_SHM_CACHE, 0, regs), SMC_ENOTAVAIL);
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
	quiet();
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
	quiet();
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
	quiet();
	/* before that: the guest is not shown it at all */
	tee.hostile = NULL;
	sim.hook = unregister_messages_at_rpc;
	assert_int_equal(start_in_registered_memory(regs), SMC_RPC_FOREIGN_INTR);
	assert_int_equal(tee.threads[0].last_rpc_ret, TEE_ERROR_GENERIC);
	assert_int_equal(guest_resume(0, 0, regs), SMC_EBADADDR);
	quiet();
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
	assert_int_equal(start_a(0, regs), SMC_RPC_CMD);
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
	quiet();
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
	quiet();
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
	assert_int_equal(start_a(1, regs), SMC_RPC_FOREIGN_INTR);
	info = only_call();
	assert_int_equal(info.phase, MED_PHASE_SUSPENDED);
	assert_int_equal(info.function, SMC_RPC_FOREIGN_INTR);
	assert_int_equal(info.message, MSG_CMD_INVOKE_COMMAND);
	while (guest_resume(0, 0, regs) != 0) {
		info = only_call();
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
		T(contiguous_answers_to_shm_alloc_are_failures_NW111_NW177),
		T(untranslatable_answers_go_back_to_the_guest_NW178),
		T(an_answer_with_a_cookie_in_use_leaves_the_older_buffer_NW178),
		T(a_guest_cannot_unregister_a_payload_buffer_NW174),
		T(a_freed_rpc_buffer_is_forgotten_before_the_guest_knows_NW181_NW080),
		T(bad_answers_to_alloc_reach_the_tee_as_zeros_NW180_NW190),
		T(the_cached_rpc_buffer_comes_back_through_disable_NW015),
		T(rpcs_that_cannot_be_delivered_go_back_to_the_tee_NW183_NW192),
		T(free_of_another_kind_of_buffer_releases_nothing_NW174),
		T(a_reused_thread_id_belongs_to_the_new_call_NW182),
		T(of_two_resumes_one_wins_NW036),
		T(an_rpc_whose_message_memory_vanished_fails_for_the_tee_NW172_NW183),
		T(only_the_list_of_the_last_allocation_is_kept_NW174),
		T(rpc_buffers_are_limited_NW184),
		T(the_state_of_a_call_can_be_seen),
		T(a_call_in_the_tee_is_seen_running),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
