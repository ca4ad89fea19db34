/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest kernel's driver, as far as the mediator can tell: messages, page lists, RPC service. */
#include "sim.h"

struct guest_state guest_state[SIM_VMS];

uint64_t guest_pages(uint32_t k, uint32_t count)
{
	struct sim_vm *vm = &sim.vms[k];
	uint64_t ipa = SIM_IPA_BASE + (uint64_t)vm->next_page * MSG_PAGE_SIZE;

	vm->next_page += count;
	assert_true(vm->next_page <= vm->ram_pages);
	return ipa;
}

void *guest_at(uint32_t k, uint64_t ipa)
{
	uint64_t pa = sim_pa(k, ipa & ~0xFFFull);

	assert_true(pa != 0);
	return (uint8_t *)sim_frame_data(pa) + (ipa & 0xFFF);
}

void guest_smc(uint32_t k, uint32_t vcpu, uint64_t regs[8])
{
	struct sim_vm *vm = &sim.vms[k];
	enum med_result result;
	uint64_t before[8];
	uint32_t again = 0;

	memcpy(before, regs, sizeof(before));
	do {
		sim.batch = 0;
		result = med_handle(vm->vm, &vm->vcpu[vcpu], regs);
		if (result == MED_AGAIN) {
			vm->again++;
			assert_true(++again < 10000);
			assert_memory_equal(before, regs, sizeof(before));
		}
	} while (result == MED_AGAIN && !vm->killed);
	if (result == MED_AGAIN)
		return;
	assert_int_equal(result, MED_DONE);
	assert_memory_equal(&before[4], &regs[4], 4 * sizeof(regs[0]));
}

uint32_t guest_fast(uint32_t k, uint32_t function, uint64_t a1, uint64_t regs[8])
{
	uint64_t in[8] = {function | 0xABCDull << 32, a1, 2, 3, 4, 5, 6, 7};

	memcpy(regs, in, sizeof(in));
	guest_smc(k, 0, regs);
	return (uint32_t)regs[0];
}

uint64_t guest_list(uint32_t k, uint64_t data, uint32_t count)
{
	uint32_t lists = (count + MSG_LIST_ENTRIES - 1) / MSG_LIST_ENTRIES;
	uint64_t ipa = guest_pages(k, lists);

	for (uint32_t i = 0; i < lists; i++) {
		uint64_t *list = guest_at(k, ipa + i * 4096ull);

		for (uint32_t j = 0; j < MSG_LIST_ENTRIES; j++)
			list[j] = data + (i * (uint64_t)MSG_LIST_ENTRIES + j) * 4096;
		/* like Linux: a link behind every full page, also the last */
		list[MSG_LIST_ENTRIES] = ipa + (i + 1) * 4096ull;
	}
	return ipa;
}

struct guest_message *guest_message_at(uint32_t k, uint64_t ipa)
{
	return guest_at(k, ipa);
}

uint64_t guest_message(uint32_t k, uint32_t cmd, uint32_t num_params)
{
	uint64_t ipa = guest_pages(k, 1);
	struct guest_message *message = guest_message_at(k, ipa);

	memset(message, 0, MSG_PAGE_SIZE);
	message->header.cmd = cmd;
	message->header.num_params = num_params;
	message->header.ret = 0x12345678;
	message->header.ret_origin = 0x55;
	return ipa;
}

uint32_t guest_start(uint32_t k, uint32_t vcpu, uint32_t function, uint64_t where, uint32_t offset,
		     uint64_t regs[8])
{
	uint64_t in[8] = {function | 0xFFull << 40,
			  where >> 32,
			  where & 0xFFFFFFFF,
			  offset,
			  0x4444,
			  0x5555,
			  0x6666,
			  0x7777};

	memcpy(regs, in, sizeof(in));
	guest_smc(k, vcpu, regs);
	return (uint32_t)regs[0];
}

uint32_t guest_resume(uint32_t k, uint32_t vcpu, uint64_t regs[8])
{
	regs[0] = SMC_RETURN_FROM_RPC;
	guest_smc(k, vcpu, regs);
	return (uint32_t)regs[0];
}

static struct guest_message *rpc_message(uint32_t k, uint64_t cookie)
{
	const struct guest_state *state = &guest_state[k];

	if (cookie == 0)
		return guest_at(k, state->message_page + state->message_rpc_offset);
	return guest_at(k, state->rpc_page[cookie & 15]);
}

static void serve_shm_alloc(uint32_t k, struct guest_message *message)
{
	struct guest_state *state = &guest_state[k];
	struct msg_param *param = &message->params[0];
	uint64_t size = param->u.value.b;
	uint32_t count = state->alloc_pages ? state->alloc_pages : (uint32_t)((size + 4095) / 4096);
	uint64_t data = guest_pages(k, count);
	uint64_t list = guest_list(k, data, count);

	assert_int_equal(param->attr, MSG_ATTR_VALUE_IN);
	if (state->alloc_bad_entry != 0)
		((uint64_t *)guest_at(k, list))[state->alloc_bad_entry - 1] = 0x1000;
	param->attr = state->alloc_attr;
	param->u.tmem.buf_ptr = state->alloc_attr == MSG_ATTR_SHM_LIST ? list : data;
	param->u.tmem.size = (uint64_t)count * 4096;
	param->u.tmem.shm_ref = state->alloc_cookie ? state->alloc_cookie : ++state->next_cookie;
	state->payloads++;
	message->header.ret = 0;
}

static void serve_cmd(uint32_t k, struct guest_message *message)
{
	struct guest_state *state = &guest_state[k];

	assert_int_equal(message->header.ret, TEE_ERROR_GENERIC);
	switch (message->header.cmd) {
	case RPC_CMD_SHM_ALLOC:
		serve_shm_alloc(k, message);
		break;
	case RPC_CMD_SHM_FREE:
		assert_true(state->payloads != 0);
		state->payloads--;
		message->header.ret = 0;
		break;
	case RPC_CMD_GET_TIME:
		message->params[0].u.value = (struct msg_value){1700000000, 999, 3};
		message->header.ret = 0;
		break;
	default:
		message->params[0].u.tmem.size = 0x123;
		message->header.ret = 0;
		break;
	}
	/* what a guest writes elsewhere counts for nothing */
	message->header.num_params = 99;
	message->header.cmd = RPC_CMD_SHM_ALLOC;
}

/* Serves the RPC in regs[0..3] and puts the answer there. */
void guest_serve(uint32_t k, uint64_t regs[8])
{
	struct guest_state *state = &guest_state[k];
	uint64_t cookie = regs[1] << 32 | regs[2];

	state->served++;
	switch ((uint32_t)regs[0]) {
	case SMC_RPC_ALLOC: {
		uint64_t page = guest_pages(k, 1);

		cookie = ++state->next_cookie;
		state->rpc_page[cookie & 15] = page;
		state->rpc_pages++;
		regs[1] = page >> 32;
		regs[2] = page & 0xFFFFFFFF;
		regs[4] = cookie >> 32;
		regs[5] = cookie & 0xFFFFFFFF;
		break;
	}
	case SMC_RPC_FREE:
		state->rpc_pages--;
		break;
	case SMC_RPC_CMD:
		serve_cmd(k, rpc_message(k, cookie));
		break;
	default:
		break;
	}
}

uint32_t guest_run(uint32_t k, uint32_t vcpu, uint32_t function, uint64_t where, uint32_t offset)
{
	uint64_t regs[8];
	uint32_t a0 = guest_start(k, vcpu, function, where, offset, regs);

	while (a0 >= SMC_RPC_PREFIX && a0 != SMC_UNKNOWN_FUNCTION && !sim.vms[k].killed) {
		guest_serve(k, regs);
		a0 = guest_resume(k, vcpu, regs);
	}
	return a0;
}

static uint32_t result_of(uint32_t k, uint64_t ipa, uint32_t a0)
{
	if (sim.vms[k].killed)
		return 0xDEAD;
	return a0 != SMC_OK ? 0x80000000u | a0 : guest_message_at(k, ipa)->header.ret;
}

uint32_t guest_register(uint32_t k, uint64_t cookie, uint64_t data, uint32_t count, uint32_t offset,
			uint64_t size)
{
	uint64_t ipa = guest_message(k, MSG_CMD_REGISTER_SHM, 1);
	struct guest_message *message = guest_message_at(k, ipa);

	message->params[0].attr = MSG_ATTR_SHM_LIST;
	message->params[0].u.tmem.buf_ptr = guest_list(k, data, count) | offset;
	message->params[0].u.tmem.size = size;
	message->params[0].u.tmem.shm_ref = cookie;
	return result_of(k, ipa, guest_run(k, 0, SMC_CALL_WITH_ARG, ipa, 0));
}

uint32_t guest_unregister(uint32_t k, uint64_t cookie)
{
	uint64_t ipa = guest_message(k, MSG_CMD_UNREGISTER_SHM, 1);
	struct guest_message *message = guest_message_at(k, ipa);

	message->params[0].attr = MSG_ATTR_RMEM_IN;
	message->params[0].u.rmem.shm_ref = cookie;
	return result_of(k, ipa, guest_run(k, 0, SMC_CALL_WITH_ARG, ipa, 0));
}

/* INVOKE with one inout value; by script @func. */
uint32_t guest_invoke(uint32_t k, uint32_t func, bool profile_a)
{
	uint64_t ipa = guest_message(k, MSG_CMD_INVOKE_COMMAND, 1);
	struct guest_message *message = guest_message_at(k, ipa);

	message->header.func = func;
	message->params[0].attr = MSG_ATTR_VALUE_INOUT;
	guest_state[k].message_page = ipa;
	guest_state[k].message_rpc_offset = MSG_SIZE(1);
	return result_of(
		k, ipa,
		guest_run(k, 0, profile_a ? SMC_CALL_WITH_RPC_ARG : SMC_CALL_WITH_ARG, ipa, 0));
}

/* Starts an INVOKE of script @func in profile A; the page is remembered for guest_serve(). */
uint32_t guest_start_a(uint32_t k, uint32_t func, uint64_t regs[8])
{
	uint64_t ipa = guest_message(k, MSG_CMD_INVOKE_COMMAND, 1);

	guest_message_at(k, ipa)->header.func = func;
	guest_state[k].message_page = ipa;
	guest_state[k].message_rpc_offset = MSG_SIZE(1);
	return guest_start(k, 0, SMC_CALL_WITH_RPC_ARG, ipa, 0, regs);
}

/* Where the RPC message of that call is. */
struct guest_message *guest_rpc_page(uint32_t k)
{
	return guest_at(k, guest_state[k].message_page + guest_state[k].message_rpc_offset);
}
