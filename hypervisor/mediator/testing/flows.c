/* SPDX-License-Identifier: BSD-2-Clause */
#include "flows.h"

#define COOKIE    0xFFFF000055550000ull
#define BYSTANDER 0xFFFF000066660000ull

static const struct tee_act rpcs_a[] = {{TEE_INTERRUPT, 0, 0, 0},
					{TEE_CMD, RPC_CMD_GET_TIME, MSG_ATTR_VALUE_OUT, 0},
					{TEE_SHM_ALLOC, 70 * 4096, RPC_SHM_APPL, 0},
					{TEE_CMD, RPC_CMD_FS, MSG_ATTR_VALUE_INOUT, 0},
					{TEE_SHM_ALLOC, 4096, RPC_SHM_KERNEL, 0},
					{TEE_SHM_FREE, 0, 0, 0},
					{TEE_SHM_FREE, 0, 0, 0},
					{TEE_WRITE, 0, 0, 0},
					{TEE_END, 0, 0, 0}};

static const struct tee_act rpcs_b[] = {{TEE_ALLOC, 0, 0, 0},
					{TEE_CMD, RPC_CMD_LOAD_TA, MSG_ATTR_TMEM_OUT, 0},
					{TEE_SHM_ALLOC, 3 * 4096, RPC_SHM_APPL, 0},
					{TEE_INTERRUPT, 0, 0, 0},
					{TEE_SHM_FREE, 0, 0, 0},
					{TEE_FREE, 0, 0, 0},
					{TEE_END, 0, 0, 0}};

static const struct tee_act rpcs_cached[] = {{TEE_ALLOC, 0, 0, 0},
					     {TEE_CMD, RPC_CMD_GET_TIME, MSG_ATTR_VALUE_OUT, 0},
					     {TEE_END, 0, 0, 0}};

static void invoke(const struct tee_act *script, bool profile_a)
{
	tee.scripts[0] = script;
	guest_invoke(0, 0, profile_a);
}

static void profile_a(void)
{
	invoke(rpcs_a, true);
}

static void profile_b(void)
{
	invoke(rpcs_b, false);
}

static void cached(void)
{
	uint64_t regs[8];

	guest_fast(0, SMC_ENABLE_SHM_CACHE, 0, regs);
	invoke(rpcs_cached, false);
	guest_fast(0, SMC_DISABLE_SHM_CACHE, 0, regs);
}

static void registered(void)
{
	uint64_t data = guest_pages(0, 140);

	guest_register(0, COOKIE, data, 140, 0x10, 139 * 4096ull);
	guest_unregister(0, COOKIE);
	guest_register(0, COOKIE, data, 1, 0, 4096);
}

static void long_list(void)
{
	uint64_t data = guest_pages(0, 520);

	guest_register(0, COOKIE, data, 520, 0, 520 * 4096ull);
}

static void message_in_registered_memory(void)
{
	uint64_t data = guest_pages(0, 2);
	struct guest_message *message = guest_at(0, data);

	guest_register(0, COOKIE, data, 2, 0, 8192);
	memset(message, 0, 4096);
	message->header.cmd = MSG_CMD_INVOKE_COMMAND;
	guest_state[0].message_page = data;
	guest_state[0].message_rpc_offset = MSG_SIZE(0);
	tee.scripts[0] = rpcs_a;
	guest_run(0, 1, SMC_CALL_WITH_REGD_ARG, COOKIE, 0);
	guest_unregister(0, COOKIE);
}

static void temporary(void)
{
	static const struct tee_act script[] = {
		{TEE_WRITE, 0, 0, 0}, {TEE_INTERRUPT, 0, 0, 0}, {TEE_END, 0, 0, 0}};
	uint64_t ipa = guest_message(0, MSG_CMD_INVOKE_COMMAND, 3);
	struct guest_message *message = guest_message_at(0, ipa);

	tee.scripts[0] = script;
	for (uint32_t i = 0; i < 3; i++) {
		message->params[i].attr = MSG_ATTR_TMEM_INOUT | MSG_ATTR_NONCONTIG;
		message->params[i].u.tmem =
			(struct msg_tmem){guest_list(0, guest_pages(0, 66), 66), 65 * 4096, 0};
	}
	guest_run(0, 0, SMC_CALL_WITH_ARG, ipa, 0);
	/* and one that is refused half way */
	message->params[2].u.tmem.buf_ptr = guest_list(0, 0x1000, 2);
	message->header.num_params = 3;
	guest_run(0, 0, SMC_CALL_WITH_ARG, ipa, 0);
}

static void refused_allocation(void)
{
	guest_state[0].alloc_bad_entry = 69;
	invoke(rpcs_a, true);
	guest_state[0].alloc_bad_entry = 2;
	invoke(rpcs_b, false);
	guest_state[0].alloc_bad_entry = 0;
	guest_state[0].alloc_attr = MSG_ATTR_TMEM_OUT;
	invoke(rpcs_b, false);
}

static void undeliverable(void)
{
	static const struct tee_act script[] = {
		{TEE_RAW, SMC_RPC_FREE, 0xFFFF000012345678, 0},
		{TEE_CMD, RPC_CMD_LOAD_TA, MSG_ATTR_TMEM_OUT, SIM_PA_BASE},
		{TEE_CMD, RPC_CMD_SHM_FREE, MSG_ATTR_VALUE_IN, 0},
		{TEE_END, 0, 0, 0}};

	invoke(script, true);
}

static void suspended_calls_on_all_vcpus(void)
{
	static const struct tee_act in_rpc[] = {{TEE_SHM_ALLOC, 2 * 4096, RPC_SHM_APPL, 0},
						{TEE_CMD, RPC_CMD_NOTIFICATION, 1, 0},
						{TEE_END, 0, 0, 0}};
	uint64_t regs[SIM_VCPUS][8];

	for (uint32_t i = 0; i < SIM_VCPUS; i++) {
		uint64_t ipa = guest_message(0, MSG_CMD_INVOKE_COMMAND, 1);

		tee.scripts[0] = i % 2 != 0 ? in_rpc : rpcs_b;
		guest_start(0, i, i % 2 != 0 ? SMC_CALL_WITH_RPC_ARG : SMC_CALL_WITH_ARG, ipa, 0,
			    regs[i]);
		guest_state[0].message_page = ipa;
		guest_state[0].message_rpc_offset = MSG_SIZE(1);
		if (sim.vms[0].killed || regs[i][0] < SMC_RPC_PREFIX)
			return;
		guest_serve(0, regs[i]);
		guest_resume(0, i, regs[i]);
		if (sim.vms[0].killed)
			return;
	}
}

const struct flow flows[] = {
	{"RPCs in profile A", profile_a},
	{"RPCs in profile B", profile_b},
	{"cached RPC buffer", cached},
	{"register and unregister", registered},
	{"list of two pages", long_list},
	{"message in registered memory", message_in_registered_memory},
	{"temporary references", temporary},
	{"refused allocation", refused_allocation},
	{"undeliverable RPCs", undeliverable},
	{"suspended calls", suspended_calls_on_all_vcpus},
};
const uint32_t flow_count = sizeof(flows) / sizeof(flows[0]);

void flow_begin(void)
{
	sim_reset();
	sim_vm_boot(1, 4);
	assert_int_equal(guest_register(1, BYSTANDER, guest_pages(1, 1), 1, 0, 4096), 0);
	sim_vm_boot(0, 620);
	sim.events = 0;
	sim.allocations = 0;
}

void flow_end(void)
{
	sim.fail_at = 0;
	sim_vm_end(0);
	assert_non_null(tee_find(2, BYSTANDER));
	assert_int_equal(sim.pins, 1);
	sim_vm_boot(0, SIM_RAM_PAGES);
	invoke(rpcs_b, false);
	assert_int_equal(guest_state[0].payloads, 0);
	assert_int_equal(guest_state[0].rpc_pages, 0);
	sim_vm_end(0);
	sim_vm_end(1);
	sim_check_empty();
}
