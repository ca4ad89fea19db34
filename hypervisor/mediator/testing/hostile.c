/* SPDX-License-Identifier: BSD-2-Clause */
#include "hostile.h"

#define PAGES 12u

static uint64_t (*source)(void);
static uint64_t pool; /* PAGES pages that everything lies in */
static uint32_t nesting_chance;

static uint64_t next_random(void)
{
	return source();
}

static uint32_t below(uint32_t n)
{
	return (uint32_t)(next_random() % n);
}

static uint64_t some_page(void)
{
	return pool + below(PAGES) * 4096ull;
}

static uint64_t some_cookie(void)
{
	static const uint64_t odd[] = {0, 0x4D45440000000001, UINT64_MAX, SIM_IPA_BASE};

	return below(12) == 0 ? odd[below(4)] : 1 + below(6);
}

static uint64_t some_word(void)
{
	switch (below(8)) {
	case 0:
		return 0;
	case 1:
		return some_page();
	case 2:
		return some_page() | below(4096);
	case 3:
		return some_cookie();
	case 4:
		return SIM_PA_BASE + below(SIM_FRAMES) * 4096ull;
	case 5:
		return next_random() << 20;
	default:
		return below(0x9000);
	}
}

/* A list that is mostly good. */
static void scribble_list(uint64_t ipa)
{
	uint64_t *list = guest_at(0, ipa);

	for (uint32_t i = 0; i < 8; i++)
		list[i] = below(20) == 0 ? some_word() : some_page();
	list[511] = some_page();
}

static void scribble_param(struct msg_param *param)
{
	static const uint64_t attrs[] = {0, 1,  2,  3,     5,     6,     7,
					 9, 10, 11, 0x101, 0x20A, 0x20A, 0x209};

	param->attr = below(15) == 0 ? some_word() : attrs[below(14)];
	param->u.tmem.buf_ptr = some_word();
	param->u.tmem.size = below(0x7000);
	param->u.tmem.shm_ref = some_cookie();
	if ((param->attr & MSG_ATTR_NONCONTIG) != 0 && below(8) != 0) {
		param->u.tmem.buf_ptr = some_page();
		scribble_list(param->u.tmem.buf_ptr);
		if (below(2) == 0)
			param->u.tmem.buf_ptr |= below(4096);
	}
}

static void scribble_message(uint64_t ipa)
{
	struct guest_message *message = guest_at(0, ipa);

	message->header.cmd = below(20) == 0 ? below(12) : below(6);
	message->header.func = below(TEE_SCRIPTS);
	message->header.ret = below(3) == 0 ? 0 : below(0x10000);
	message->header.num_params = below(6);
	if (message->header.cmd == MSG_CMD_REGISTER_SHM ||
	    message->header.cmd == MSG_CMD_UNREGISTER_SHM)
		message->header.num_params = 1;
	for (uint32_t i = 0; i < 6; i++)
		scribble_param(&message->params[i]);
	if (message->header.cmd == MSG_CMD_UNREGISTER_SHM)
		message->params[0].attr = MSG_ATTR_RMEM_IN;
	if (message->header.cmd == MSG_CMD_REGISTER_SHM)
		message->params[0].attr = MSG_ATTR_SHM_LIST;
}

/* An answer to whatever RPC: at the place of profile A, or in the page of profile B. */
static void scribble_answer(uint64_t ipa)
{
	struct msg_header *header;

	header = guest_at(0, ipa + (below(3) == 0 ? 0 : MSG_SIZE(below(6))));
	header->ret = below(3) == 0 ? below(0x10000) : 0;
	if (below(3) != 0)
		scribble_param((struct msg_param *)(header + 1));
}

static void guest_step(uint32_t vcpu)
{
	static const uint32_t functions[] = {SMC_CALL_WITH_ARG,      SMC_CALL_WITH_RPC_ARG,
					     SMC_CALL_WITH_REGD_ARG, SMC_RETURN_FROM_RPC,
					     SMC_RETURN_FROM_RPC,    SMC_RETURN_FROM_RPC};
	uint64_t where = some_page();
	uint64_t regs[8];

	for (uint32_t i = 0; i < 8; i++)
		regs[i] = some_word();
	regs[0] = functions[below(6)];
	if (below(25) == 0)
		regs[0] = SMC_DISABLE_SHM_CACHE + below(2);
	if (below(30) == 0)
		regs[0] = 0xB2000000 + below(24);
	if (regs[0] == SMC_CALL_WITH_REGD_ARG)
		where = some_cookie();
	regs[1] = where >> 32;
	regs[2] = where & 0xFFFFFFFF;
	regs[3] = regs[0] == SMC_RETURN_FROM_RPC ? below(5) : below(0x1000) & ~7u;
	if (regs[0] == SMC_RETURN_FROM_RPC) {
		uint64_t cookie = some_cookie();

		regs[4] = cookie >> 32;
		regs[5] = cookie & 0xFFFFFFFF;
		for (uint32_t i = 0; i < 3; i++)
			scribble_answer(some_page());
	} else {
		scribble_message(some_page());
		scribble_message(regs[0] == SMC_CALL_WITH_REGD_ARG ? some_page() : where);
	}
	guest_smc(0, vcpu, regs);
}

/* Somebody else in the middle of it: another vCPU calls, or the guest rewrites its memory. */
static void cut_in(enum sim_event event, uint64_t where)
{
	(void)event;
	(void)where;
	if (below(100) >= nesting_chance)
		return;
	if (below(2) == 0) {
		scribble_message(some_page());
		scribble_list(some_page());
	} else {
		guest_step(1 + below(SIM_VCPUS - 1));
	}
}

static const struct tee_act scripts[TEE_SCRIPTS][8] = {
	{{TEE_END, 0, 0, 0}},
	{{TEE_WRITE, 0, 0, 0}, {TEE_INTERRUPT, 0, 0, 0}, {TEE_END, 0, 0, 0}},
	{{TEE_ALLOC, 0, 0, 0},
	 {TEE_CMD, RPC_CMD_GET_TIME, 2, 0},
	 {TEE_FREE, 0, 0, 0},
	 {TEE_END, 0, 0, 0}},
	{{TEE_ALLOC, 0, 0, 0},
	 {TEE_SHM_ALLOC, 2 * 4096, 0, 0},
	 {TEE_INTERRUPT, 0, 0, 0},
	 {TEE_SHM_FREE, 0, 0, 0},
	 {TEE_END, 0, 0, 0}},
	{{TEE_ALLOC, 0, 0, 0}, {TEE_SHM_ALLOC, 4096, 1, 0}, {TEE_END, 0, 0, 0}},
	{{TEE_ALLOC, 0, 0, 0}, {TEE_SHM_FREE, 0, 0, 0}, {TEE_END, 0, 0, 0}},
	{{TEE_ALLOC, 0, 0, 0}, {TEE_CMD, RPC_CMD_LOAD_TA, 10, 0}, {TEE_END, 0, 0, 0}},
	{{TEE_RAW, 0xFFFF0099, 0, 0}, {TEE_INTERRUPT, 0, 0, 0}, {TEE_END, 0xFFFF0000, 0, 0}},
};

/* A TEE of which anything can be expected. It writes where it was given pages. */
static uint64_t given_pages[8];

bool hostile_tee(uint32_t regs[8])
{
	static const uint32_t answers[] = {
		0,           SMC_RPC_ALLOC, SMC_RPC_FREE, SMC_RPC_CMD, SMC_RPC_FOREIGN_INTR,
		SMC_RPC_CMD, SMC_RPC_CMD,   0xFFFFFFFF,   5,           0xFFFF0077};
	uint64_t given = (uint64_t)regs[1] << 32 | regs[2];
	uint64_t cookie = some_cookie();

	if (given != 0) {
		memmove(&given_pages[1], given_pages, sizeof(given_pages) - sizeof(given_pages[0]));
		given_pages[0] = given;
	}
	for (uint32_t i = 0; i < 8; i++) {
		struct msg_header *header;

		if (given_pages[i] == 0 || !sim_tee_may_access(regs[7], given_pages[i]))
			continue;
		header = (struct msg_header *)((uint8_t *)sim_frame_data(given_pages[i]) +
					       (below(2) == 0 ? 0 : MSG_SIZE(below(4))));
		if (below(3) == 0)
			header->ret = 0;
		header->cmd = below(3) == 0 ? RPC_CMD_SHM_ALLOC : below(26);
		header->num_params = below(10) == 0 ? below(1000) : below(5);
		for (uint32_t j = 0; j < 2; j++) {
			scribble_param((struct msg_param *)(header + 1) + j);
			if (header->cmd == RPC_CMD_SHM_ALLOC || header->cmd == RPC_CMD_SHM_FREE) {
				header->num_params = 1;
				((struct msg_param *)(header + 1))->attr = MSG_ATTR_VALUE_IN;
			}
		}
	}
	regs[0] = answers[below(10)];
	regs[1] = below(4) != 0 ? (uint32_t)(cookie >> 32) : below(0x2000);
	regs[2] = (uint32_t)cookie;
	regs[3] = below(30) == 0 ? (uint32_t)next_random() : below(5);
	return true;
}

void hostile_run(uint64_t (*random)(void), bool (*more)(void), bool (*bad_tee)(uint32_t regs[8]))
{
	source = random;
	sim_reset();
	sim.limits.buffers = 16;
	sim.limits.pages = 64;
	sim.limits.rpc_buffers = 6;
	sim_vm_boot(1, 4);
	assert_int_equal(guest_register(1, 3, guest_pages(1, 1), 1, 0, 4096), 0);
	sim_vm_boot(0, 32);
	pool = guest_pages(0, PAGES);
	memset(given_pages, 0, sizeof(given_pages));
	for (uint32_t i = 0; i < TEE_SCRIPTS; i++)
		tee.scripts[i] = scripts[i];
	tee.hostile = bad_tee;
	sim.preempt_every = below(4);
	nesting_chance = below(3) * 4;
	sim.hook = cut_in;
	if (below(4) == 0)
		sim.fail_at = 1 + below(200);
	for (uint32_t i = 0; i < 120 && more(); i++)
		guest_step(0);
	sim.hook = NULL;
	sim.fail_at = 0;
	tee.hostile = NULL;
	sim_vm_end(0);
	assert_non_null(tee_find(2, 3));
	assert_int_equal(sim.pins, 1);
	assert_int_equal(guest_unregister(1, 3), 0);
	sim_vm_end(1);
	sim_check_empty();
}
