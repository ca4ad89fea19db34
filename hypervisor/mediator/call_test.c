/* SPDX-License-Identifier: BSD-2-Clause */
/* Yielding calls: where the message may lie, what the TEE sees of it, what comes back. */
#include "testing/sim.h"

#define COOKIE 0xFFFF00000A0B0C00ull

/* Start a message that must be refused with @expected in a0, untouched and unseen by the TEE. */
static void refused_at_start(uint32_t function, uint64_t where, uint32_t offset, uint32_t expected)
{
	uint32_t smcs = sim.smcs;
	uint64_t regs[8];

	assert_int_equal(guest_start(0, 0, function, where, offset, regs), expected);
	assert_int_equal(regs[1] | regs[2] | regs[3], 0);
	assert_int_equal(sim.smcs, smcs);
	assert_int_equal(sim.pins, tee_buffer_count() * 2);
}

/* Attack row 36: addresses at the end of what there is, and of what a number can say. */
static void bad_message_addresses_get_EBADADDR_NW030_NW190(void **state)
{
	uint64_t ipa = guest_message(0, MSG_CMD_INVOKE_COMMAND, 0);

	(void)state;
	refused_at_start(SMC_CALL_WITH_ARG, ipa + 8, 0, SMC_EBADADDR);
	refused_at_start(SMC_CALL_WITH_RPC_ARG, ipa + 1, 0, SMC_EBADADDR);
	refused_at_start(SMC_CALL_WITH_ARG, 0, 0, SMC_EBADADDR);
	refused_at_start(SMC_CALL_WITH_ARG, SIM_IPA_BASE + SIM_RAM_PAGES * 4096ull, 0,
			 SMC_EBADADDR);
	refused_at_start(SMC_CALL_WITH_ARG, 0xFFFFFFFFFFFFF000ull, 0, SMC_EBADADDR);
	sim_set_type(0, ipa, IPA_READ_ONLY);
	refused_at_start(SMC_CALL_WITH_ARG, ipa, 0, SMC_EBADADDR);
	sim_set_type(0, ipa, IPA_DEVICE);
	refused_at_start(SMC_CALL_WITH_ARG, ipa, 0, SMC_EBADADDR);
	assert_int_equal(guest_message_at(0, ipa)->header.ret, 0x12345678);
}

/* Attack row 12 */
static void messages_that_do_not_fit_get_EBADADDR_NW031(void **state)
{
	static const struct {
		uint32_t function, num_params, a0;
	} cases[] = {{SMC_CALL_WITH_ARG, 128, SMC_EBADADDR},
		     {SMC_CALL_WITH_ARG, 0xFFFFFFFF, SMC_EBADADDR},
		     {SMC_CALL_WITH_ARG, 0x08000000, SMC_EBADADDR},
		     {SMC_CALL_WITH_RPC_ARG, 127, SMC_EBADADDR},
		     {SMC_CALL_WITH_RPC_ARG, 123, SMC_EBADADDR}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refused_at_start(cases[i].function,
				 guest_message(0, MSG_CMD_INVOKE_COMMAND, cases[i].num_params), 0,
				 cases[i].a0);
}

static bool count_params(uint32_t regs[8])
{
	struct msg_header *header = sim_frame_data((uint64_t)regs[1] << 32 | regs[2]);

	regs[0] = header->num_params;
	return true;
}

static void the_largest_messages_pass_NW031(void **state)
{
	uint64_t regs[8];

	(void)state;
	tee.hostile = count_params;
	assert_int_equal(guest_start(0, 0, SMC_CALL_WITH_ARG,
				     guest_message(0, MSG_CMD_INVOKE_COMMAND, 127), 0, regs),
			 127);
	assert_int_equal(guest_start(0, 0, SMC_CALL_WITH_RPC_ARG,
				     guest_message(0, MSG_CMD_INVOKE_COMMAND, 122), 0, regs),
			 122);
}

static void unknown_commands_get_EBADCMD_and_stay_untouched_NW070_NW191(void **state)
{
	static const uint32_t commands[] = {6, 7, 8, 9, 10, 11, 0xFFFFFFFF};

	(void)state;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		uint64_t ipa = guest_message(0, commands[i], 0);

		refused_at_start(SMC_CALL_WITH_ARG, ipa, 0, SMC_EBADCMD);
		assert_int_equal(guest_message_at(0, ipa)->header.ret, 0x12345678);
	}
}

static void registered_messages_are_found_by_cookie_and_offset_NW033(void **state)
{
	uint64_t data = guest_pages(0, 2);
	struct msg_header *header;
	uint64_t regs[8];

	(void)state;
	assert_int_equal(guest_register(0, COOKIE, data, 2, 0x100, 0x1E80), 0);
	refused_at_start(SMC_CALL_WITH_REGD_ARG, COOKIE + 1, 0, SMC_EBADADDR);
	refused_at_start(SMC_CALL_WITH_REGD_ARG, 0, 0, SMC_EBADADDR);
	refused_at_start(SMC_CALL_WITH_REGD_ARG, COOKIE, 0x1E80, SMC_EBADADDR);
	refused_at_start(SMC_CALL_WITH_REGD_ARG, COOKIE, 0xFFFFFFF8, SMC_EBADADDR);
	refused_at_start(SMC_CALL_WITH_REGD_ARG, COOKIE, 0x1E80 - 24, SMC_EBADADDR);
	refused_at_start(SMC_CALL_WITH_REGD_ARG, COOKIE, 4, SMC_EBADADDR);
	/* header fits, RPC part does not */
	header = guest_at(0, data + 0x100 + 0x1E80 - 184);
	memset(header, 0, sizeof(*header));
	header->cmd = MSG_CMD_INVOKE_COMMAND;
	refused_at_start(SMC_CALL_WITH_REGD_ARG, COOKIE, 0x1E80 - 184, SMC_EBADADDR);
	/* 8 bytes earlier it does */
	header = guest_at(0, data + 0x100 + 0x1E80 - 192);
	memset(header, 0, sizeof(*header));
	header->cmd = MSG_CMD_INVOKE_COMMAND;
	assert_int_equal(guest_start(0, 0, SMC_CALL_WITH_REGD_ARG, COOKIE, 0x1E80 - 192, regs), 0);
	assert_int_equal(tee.last_regs[0], SMC_CALL_WITH_RPC_ARG);
}

/* Nothing is in the registers before the call is over, with all its pages: guest_smc() looks at
 * each pause. */
static void a_message_in_the_buffer_that_it_gives_back_gets_EBADADDR_NW172(void **state)
{
	const uint32_t pages = 5 * MED_BATCH_PAGES;
	struct med_counters counters;
	struct guest_message *message;
	uint64_t data, regs[8];

	(void)state;
	sim_vm_end(0);
	sim_vm_boot(0, 2 * pages);
	data = guest_pages(0, pages);
	assert_int_equal(guest_register(0, COOKIE, data, pages, 0, pages * 4096ull), 0);
	message = guest_at(0, data);
	memset(message, 0, sizeof(*message));
	message->header.cmd = MSG_CMD_UNREGISTER_SHM;
	message->header.num_params = 1;
	message->params[0].attr = MSG_ATTR_RMEM_IN;
	message->params[0].u.rmem.shm_ref = COOKIE;
	sim.preempt_every = 1;
	assert_int_equal(guest_start(0, 0, SMC_CALL_WITH_REGD_ARG, COOKIE, 0, regs), SMC_EBADADDR);
	assert_true(sim.vms[0].again > 0);
	med_vm_counters(sim.vms[0].vm, &counters);
	assert_int_equal(counters.buffers + counters.pages + counters.calls + sim.pins, 0);
}

static void a_message_may_lie_deep_in_a_buffer(void **state)
{
	uint64_t data, regs[8];
	uint32_t offset = 1100 * 4096 + 384;
	struct guest_message *message;

	(void)state;
	sim_vm_end(0);
	sim_vm_boot(0, 1200);
	data = guest_pages(0, 1101);
	assert_int_equal(guest_register(0, COOKIE, data, 1101, 0, 1101 * 4096), 0);
	message = guest_at(0, data + offset);
	memset(message, 0, 32);
	message->header.cmd = MSG_CMD_OPEN_SESSION;
	assert_int_equal(guest_start(0, 0, SMC_CALL_WITH_REGD_ARG, COOKIE, offset, regs), 0);
	assert_int_equal(message->header.session, 7);
}

static void buffers_at_odd_offsets_hold_no_messages_NW033(void **state)
{
	(void)state;
	assert_int_equal(guest_register(0, COOKIE, guest_pages(0, 2), 2, 0x101, 0x1E80), 0);
	refused_at_start(SMC_CALL_WITH_REGD_ARG, COOKIE, 0, SMC_EBADADDR);
	refused_at_start(SMC_CALL_WITH_REGD_ARG, COOKIE, 7, SMC_EBADADDR);
}

static void a_message_may_cross_a_page_anywhere(void **state)
{
	static const struct tee_act script[] = {
		{TEE_WRITE, 0, 0, 0}, {TEE_CMD, RPC_CMD_GET_TIME, 2, 0}, {TEE_END, 0xABCD, 0, 0}};
	uint64_t data = guest_pages(0, 2);

	(void)state;
	tee.scripts[0] = script;
	assert_int_equal(guest_register(0, COOKIE, data, 2, 0, 0x2000), 0);
	for (uint32_t offset = 0x1000 - 256; offset <= 0x1000; offset += 8) {
		struct {
			struct msg_header header;
			struct msg_param params[2];
		} message = {.header = {.cmd = MSG_CMD_INVOKE_COMMAND, .num_params = 2}};
		uint64_t words[12], regs[8];
		uint32_t a0;

		message.params[0].attr = MSG_ATTR_VALUE_INOUT;
		message.params[1].attr = MSG_ATTR_RMEM_INOUT;
		message.params[1].u.rmem.shm_ref = COOKIE;
		memcpy(words, &message, sizeof(message));
		for (uint32_t i = 0; i < 12; i++)
			*(uint64_t *)guest_at(0, data + offset + 8 * i) = words[i];
		a0 = guest_start(0, 0, SMC_CALL_WITH_REGD_ARG, COOKIE, offset, regs);
		assert_int_equal(a0, SMC_RPC_CMD);
		/* the RPC message follows at 32 + 32 * 2 (NW-034) */
		assert_int_equal(*(uint32_t *)guest_at(0, data + offset + 96), RPC_CMD_GET_TIME);
		*(uint32_t *)guest_at(0, data + offset + 96 + 20) = 0;
		*(uint64_t *)guest_at(0, data + offset + 96 + 40) = 0x1234;
		assert_int_equal(guest_resume(0, 0, regs), 0);
		for (uint32_t i = 0; i < 12; i++)
			words[i] = *(uint64_t *)guest_at(0, data + offset + 8 * i);
		memcpy(&message, words, sizeof(message));
		assert_int_equal(message.header.ret, 0xABCD);
		assert_int_equal(message.params[0].u.value.c, 0x3000);
		assert_int_equal(message.params[1].u.rmem.size, 0x41);
		assert_int_equal(message.params[1].u.rmem.shm_ref, COOKIE);
	}
}

static void only_latched_outputs_come_back_and_no_address_NW082_NW172(void **state)
{
	static const struct tee_act script[] = {{TEE_WRITE, 0, 0, 0}, {TEE_END, 0x77, 0, 0}};
	static const uint64_t attrs[8] = {0, 1, 2, 3, 5, 7, 9, 10};
	uint64_t ipa = guest_message(0, MSG_CMD_INVOKE_COMMAND, 8);
	struct guest_message *message = guest_message_at(0, ipa);
	struct guest_message before;

	(void)state;
	tee.scripts[0] = script;
	assert_int_equal(guest_register(0, COOKIE, guest_pages(0, 2), 2, 0, 0x2000), 0);
	for (uint32_t i = 0; i < 8; i++) {
		message->params[i].attr = attrs[i];
		message->params[i].u.value = (struct msg_value){0x11, 0x22, COOKIE};
	}
	message->params[6].u.tmem = (struct msg_tmem){0, 0x55, 0x66};
	message->params[7].u.tmem = (struct msg_tmem){0, 0x55, 0x66};
	message->header.session = 0x99;
	before = *message;
	assert_int_equal(guest_run(0, 0, SMC_CALL_WITH_ARG, ipa, 0), 0);
	before.header.ret = 0x77;
	before.header.ret_origin = TEE_ORIGIN_TRUSTED_APP;
	before.params[2].u.value = (struct msg_value){0x1002, 0x2002, 0x3002};
	before.params[3].u.value = (struct msg_value){0x1003, 0x2003, 0x3003};
	before.params[5].u.rmem.size = 0x45;
	before.params[7].u.tmem.size = 0x47;
	assert_memory_equal(message, &before, sizeof(before));
}

static void the_session_comes_back_from_open_session(void **state)
{
	uint64_t ipa = guest_message(0, MSG_CMD_OPEN_SESSION, 2);
	struct guest_message *message = guest_message_at(0, ipa);

	(void)state;
	message->params[0].attr = MSG_ATTR_META_VALUE_IN;
	message->params[1].attr = MSG_ATTR_META_VALUE_IN;
	assert_int_equal(guest_run(0, 0, SMC_CALL_WITH_RPC_ARG, ipa, 0), 0);
	assert_int_equal(message->header.session, 7);
	assert_int_equal(message->header.ret, 0);
}

static void bad_attributes_are_refused_in_the_message_NW083_NW173_NW076(void **state)
{
	static const struct {
		uint32_t cmd;
		uint64_t attr, pointer, ref;
	} cases[] = {
		{MSG_CMD_INVOKE_COMMAND, 4, 0, 0},
		{MSG_CMD_INVOKE_COMMAND, 8, 0, 0},
		{MSG_CMD_INVOKE_COMMAND, 12, 0, 0},
		{MSG_CMD_INVOKE_COMMAND, 0xFF, 0, 0},
		{MSG_CMD_INVOKE_COMMAND, MSG_ATTR_META_VALUE_IN, 0, 0},
		{MSG_CMD_OPEN_SESSION, MSG_ATTR_META | 2, 0, 0},
		{MSG_CMD_INVOKE_COMMAND, MSG_ATTR_NONCONTIG | 1, 0, 0},
		{MSG_CMD_INVOKE_COMMAND, MSG_ATTR_NONCONTIG | 5, 0, COOKIE},
		{MSG_CMD_INVOKE_COMMAND, 1ull << 63 | 1, 0, 0},
		{MSG_CMD_INVOKE_COMMAND, 1 << 16 | 9, 0, 0},
		/* a contiguous buffer, wherever it is */
		{MSG_CMD_INVOKE_COMMAND, MSG_ATTR_TMEM_IN, SIM_IPA_BASE, 1},
		{MSG_CMD_INVOKE_COMMAND, MSG_ATTR_TMEM_IN, 1, 0},
		/* a list where there may be none, and at address 0 (NW-190) */
		{MSG_CMD_CLOSE_SESSION, MSG_ATTR_SHM_LIST, SIM_IPA_BASE, 1},
		{MSG_CMD_INVOKE_COMMAND, MSG_ATTR_SHM_LIST, 0x123, 1},
		/* names that are none (NW-078) */
		{MSG_CMD_INVOKE_COMMAND, MSG_ATTR_RMEM_IN, 0, 0},
		{MSG_CMD_INVOKE_COMMAND, MSG_ATTR_RMEM_IN, 0, 0x4D45440000000001},
		{MSG_CMD_REGISTER_SHM, MSG_ATTR_TMEM_OUT, SIM_IPA_BASE, 1},
		{MSG_CMD_REGISTER_SHM, MSG_ATTR_TMEM_IN | MSG_ATTR_NONCONTIG, SIM_IPA_BASE, 1},
		{MSG_CMD_REGISTER_SHM, 0x1020A, SIM_IPA_BASE, 1},
		{MSG_CMD_UNREGISTER_SHM, MSG_ATTR_TMEM_IN, 0, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t ipa = guest_message(0, cases[i].cmd, 1);
		struct guest_message *message = guest_message_at(0, ipa);
		uint64_t regs[8];
		uint32_t smcs = sim.smcs;

		message->params[0].attr = cases[i].attr;
		message->params[0].u.tmem = (struct msg_tmem){cases[i].pointer, 4096, cases[i].ref};
		assert_int_equal(guest_start(0, 0, SMC_CALL_WITH_ARG, ipa, 0, regs), 0);
		assert_int_equal(message->header.ret, TEE_ERROR_BAD_PARAMETERS);
		assert_int_equal(message->header.ret_origin, TEE_ORIGIN_COMMS);
		assert_int_equal(sim.smcs, smcs);
		assert_int_equal(sim.pins, 0);
	}
}

static bool fail_with_good_result(uint32_t regs[8])
{
	((struct msg_header *)sim_frame_data((uint64_t)regs[1] << 32 | regs[2]))->ret = 0;
	regs[0] = SMC_EBADADDR;
	return true;
}

static void success_needs_both_a0_and_the_result_NW175(void **state)
{
	uint64_t data = guest_pages(0, 1);

	(void)state;
	tee.hostile = fail_with_good_result;
	assert_int_equal(guest_register(0, COOKIE, data, 1, 0, 4096), 0x80000000u | SMC_EBADADDR);
	assert_int_equal(sim.pins, 0);
	tee.hostile = NULL;
	assert_int_equal(guest_register(0, COOKIE, data, 1, 0, 4096), 0);
	tee.hostile = fail_with_good_result;
	assert_int_equal(guest_unregister(0, COOKIE), 0x80000000u | SMC_EBADADDR);
	assert_int_equal(sim.pins, 1);
}

static void a_call_that_the_tee_never_wrote_to_is_no_success_NW175(void **state)
{
	(void)state;
	tee.untouched = true;
	assert_int_equal(guest_register(0, COOKIE, guest_pages(0, 2), 2, 0, 8192),
			 TEE_ERROR_GENERIC);
	assert_int_equal(sim.pins, 0);
	tee.untouched = false;
	tee.force_a0 = SMC_ENOMEM;
	assert_int_equal(guest_register(0, COOKIE, guest_pages(0, 2), 2, 0, 8192),
			 0x80000000u | SMC_ENOMEM);
	assert_int_equal(sim.pins, 0);
}

/* Attack row 34: a vCPU rewrites the message while the call is being made. */
static uint64_t attacked_message;

static void rewrite_message(enum sim_event event, uint64_t where)
{
	struct guest_message *message = guest_message_at(0, attacked_message);

	(void)where;
	if (event != EV_UNMAP && event != EV_SMC_ENTER)
		return;
	message->header.num_params = 127;
	message->header.cmd = MSG_CMD_REGISTER_SHM;
	for (uint32_t i = 0; i < 2; i++) {
		message->params[i].attr = MSG_ATTR_TMEM_INOUT;
		message->params[i].u.tmem.buf_ptr = SIM_PA_BASE + 0x5000;
	}
}

static void a_message_rewritten_during_the_call_changes_nothing_NW032_NW176(void **state)
{
	static const struct tee_act script[] = {
		{TEE_WRITE, 0, 0, 0}, {TEE_CMD, RPC_CMD_GET_TIME, 2, 0}, {TEE_END, 0, 0, 0}};
	struct guest_message *message;
	uint64_t regs[8];

	(void)state;
	tee.scripts[0] = script;
	attacked_message = guest_message(0, MSG_CMD_INVOKE_COMMAND, 2);
	message = guest_message_at(0, attacked_message);
	message->params[0].attr = MSG_ATTR_VALUE_OUT;
	sim.hook = rewrite_message;
	assert_int_equal(guest_start(0, 0, SMC_CALL_WITH_RPC_ARG, attacked_message, 0, regs),
			 SMC_RPC_CMD);
	assert_int_equal(tee.threads[0].num_params, 2);
	assert_int_equal(((uint32_t *)message)[96 / 4], RPC_CMD_GET_TIME);
	assert_int_equal(guest_resume(0, 0, regs), 0);
	sim.hook = NULL;
	assert_int_equal(message->params[0].u.value.b, 0x2000);
	/* parameter 1 was "none": what the guest wrote there stays */
	assert_int_equal(message->params[1].u.tmem.buf_ptr, SIM_PA_BASE + 0x5000);
}

static void resume_of_what_is_not_suspended_gets_ERESUME_NW036(void **state)
{
	static const struct tee_act script[] = {{TEE_INTERRUPT, 0, 0, 0}, {TEE_END, 0, 0, 0}};
	uint64_t regs[8] = {SMC_RETURN_FROM_RPC, 0, 0, 0}, other[8];
	uint64_t ipa = guest_message(0, MSG_CMD_INVOKE_COMMAND, 0);
	uint32_t smcs = sim.smcs;

	(void)state;
	assert_int_equal(guest_resume(0, 0, regs), SMC_ERESUME);
	regs[3] = 0xFFFFFFFF;
	assert_int_equal(guest_resume(0, 0, regs), SMC_ERESUME);
	assert_int_equal(sim.smcs, smcs);
	tee.scripts[0] = script;
	assert_int_equal(guest_start(0, 0, SMC_CALL_WITH_ARG, ipa, 0, regs), SMC_RPC_FOREIGN_INTR);
	assert_int_equal(regs[1], 0);
	/* another VM cannot name it */
	sim_vm_boot(1, SIM_RAM_PAGES);
	memcpy(other, regs, sizeof(regs));
	assert_int_equal(guest_resume(1, 0, other), SMC_ERESUME);
	/* on another vCPU, with nonsense in the registers */
	memcpy(other, regs, sizeof(regs));
	regs[1] = 1;
	regs[4] = 4;
	assert_int_equal(guest_resume(0, 3, regs), SMC_OK);
	assert_int_equal(guest_resume(0, 0, other), SMC_ERESUME);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, sim_setup, sim_teardown)
	const struct CMUnitTest tests[] = {
		T(bad_message_addresses_get_EBADADDR_NW030_NW190),
		T(messages_that_do_not_fit_get_EBADADDR_NW031),
		T(the_largest_messages_pass_NW031),
		T(unknown_commands_get_EBADCMD_and_stay_untouched_NW070_NW191),
		T(registered_messages_are_found_by_cookie_and_offset_NW033),
		T(a_message_in_the_buffer_that_it_gives_back_gets_EBADADDR_NW172),
		T(a_message_may_lie_deep_in_a_buffer),
		T(buffers_at_odd_offsets_hold_no_messages_NW033),
		T(a_message_may_cross_a_page_anywhere),
		T(only_latched_outputs_come_back_and_no_address_NW082_NW172),
		T(the_session_comes_back_from_open_session),
		T(bad_attributes_are_refused_in_the_message_NW083_NW173_NW076),
		T(success_needs_both_a0_and_the_result_NW175),
		T(a_call_that_the_tee_never_wrote_to_is_no_success_NW175),
		T(a_message_rewritten_during_the_call_changes_nothing_NW032_NW176),
		T(resume_of_what_is_not_suspended_gets_ERESUME_NW036),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
