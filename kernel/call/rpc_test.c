/* SPDX-License-Identifier: BSD-2-Clause */
/* What RPCs bring: pages for their messages, and memory for their payload. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "abi/tenon.h"
#include "kernel/arch/host/app.h"
#include "kernel/guest/guest.h"
#include "kernel/ta/ta.h"

#define APP "023f8f1a-292a-432b-8fc4-de8471358067"

static struct model guest;
static uint8_t uuid[16];

static int start(void **state)
{
	(void)state;
	model_boot(&guest, 1200);
	app_reset();
	app_uuid(uuid, APP);
	app_load_file(&guest, KIT_TA_DIR, APP);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	model_end(&guest);
	return 0;
}

/* Profile B: no room for an RPC message in the call's own (NW-040, NW-041, NW-045). */
static void rpc_pages_come_from_the_guest_and_go_back_or_are_kept(void **state)
{
	struct model_message m = {.header = {.cmd = MSG_CMD_OPEN_SESSION, .num_params = 2},
				  .params = {{.attr = 0x101}, {.attr = 0x101}}};
	struct model_message close = {.header = {.cmd = MSG_CMD_CLOSE_SESSION}};

	(void)state;
	memcpy(m.params[0].u.octets, uuid, 16);
	assert_int_equal(model_call_bare(&guest, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_SUCCESS);
	assert_int_equal(guest.payload_count, 0);
	close.header.session = m.header.session;
	assert_int_equal(model_call_bare(&guest, &close), SMC_OK);
	assert_int_equal(close.header.ret, TEE_SUCCESS);
	assert_int_equal(model_smc(&guest, SMC_ENABLE_SHM_CACHE, 0, 0, 0).a[0], SMC_OK);
	m.header.session = 0;
	assert_int_equal(model_call_bare(&guest, &m), SMC_OK);
	assert_int_equal(guest.payload_count, 1);
	struct smc_args r = model_smc(&guest, SMC_DISABLE_SHM_CACHE, 0, 0, 0);
	assert_int_equal(r.a[0], SMC_OK);
	uint64_t cookie = (uint64_t)r.a[1] << 32 | r.a[2];
	bool known = false;
	for (unsigned i = 0; i < MODEL_BUFFERS; i++)
		known |= guest.payload[i].cookie == cookie;
	assert_true(known);
	assert_int_equal(model_smc(&guest, SMC_DISABLE_SHM_CACHE, 0, 0, 0).a[0], SMC_ENOTAVAIL);
}

static uint64_t bad_page;

/* NW-040: RPC ALLOC answered with something unusable. */
static void a_bad_rpc_page_fails_the_call_and_its_cookie_comes_back(void **state)
{
	const uint64_t pages[] = {0, 0x0E100000, 0x40000008, HOST_NS_BASE + HOST_NS_SIZE};

	(void)state;
	for (unsigned i = 0; i < array_count(pages); i++) {
		uint64_t pa = model_alloc(&guest, PAGE_SIZE);
		struct model_message m = {.header = {.cmd = MSG_CMD_OPEN_SESSION, .num_params = 2},
					  .params = {{.attr = 0x101}, {.attr = 0x101}}};
		memcpy(m.params[0].u.octets, uuid, 16);
		memcpy(host_ns(pa), &m, sizeof(m));
		struct smc_args a = {{SMC_CALL_WITH_ARG, pa >> 32, (uint32_t)pa, 0, 0, 0, 0, 1}};
		entry_yielding(&a);
		assert_int_equal(a.a[0], SMC_RPC_ALLOC);
		bad_page = pages[i];
		a = (struct smc_args){{SMC_RETURN_FROM_RPC, bad_page >> 32, (uint32_t)bad_page,
				       a.a[3], 0x77, 0x88, 0, 1}};
		entry_yielding(&a);
		assert_int_equal(a.a[0], SMC_RPC_FREE);
		assert_int_equal(a.a[1], 0x77);
		assert_int_equal(a.a[2], 0x88);
		a = (struct smc_args){{SMC_RETURN_FROM_RPC, 0, 0, a.a[3], 0, 0, 0, 1}};
		entry_yielding(&a);
		assert_int_equal(a.a[0], SMC_OK);
		assert_int_equal(((struct msg_header *)host_ns(pa))->ret, TEE_ERROR_OUT_OF_MEMORY);
	}
}

static unsigned alloc_lie;

static bool lie_about_alloc(struct model *model, uint32_t cmd, struct msg_header *message,
			    bool *served)
{
	struct msg_param *p = (struct msg_param *)(message + 1);
	uint64_t pa;

	if (cmd == RPC_CMD_SHM_FREE) {
		model->payload_count++; /* what the lie handed out comes back */
		*served = true;
		message->ret = TEE_SUCCESS;
		return true;
	}
	if (cmd != RPC_CMD_SHM_ALLOC)
		return true;
	*served = true;
	message->ret = TEE_SUCCESS;
	pa = model_alloc(model, p->u.value.b);
	uint64_t size = p->u.value.b;
	p->attr = MSG_ATTR_SHM_LIST;
	p->u.tmem = (struct msg_tmem){model_page_list(model, pa, size), size, 0x5000};
	switch (alloc_lie) {
	case 0:
		p->attr = MSG_ATTR_TMEM_OUT; /* contiguous (NW-111) */
		p->u.tmem.buf_ptr = pa;
		break;
	case 1:
		p->u.tmem.size--;
		break;
	case 2:
		p->u.tmem.buf_ptr = 0x0E100000;
		break;
	case 3:
		message->num_params = 2;
		break;
	case 4:
		p->attr = MSG_ATTR_RMEM_OUT;
		break;
	case 5:
		*(uint64_t *)host_ns(p->u.tmem.buf_ptr) = 0x0E100000;
		break;
	default:
		p->u.tmem.size = UINT64_MAX;
		break;
	}
	return true;
}

/* NW-110, NW-111, A.7, attack row 38: memory for a file that is not what was asked for. */
static void hostile_answers_to_shm_alloc_fail_the_open_and_leave_nothing(void **state)
{
	uint32_t session;
	uint64_t shm_pages;

	(void)state;
	guest.on_rpc = lie_about_alloc;
	for (alloc_lie = 0; alloc_lie < 7; alloc_lie++) {
		uint32_t result = model_open(&guest, uuid, &session);
		assert_int_not_equal(result, TEE_SUCCESS);
		assert_int_equal(result >> 16, 0xFFFF);
		assert_int_equal(guest_stat(1, TENON_STAT_SHM_PAGES, &shm_pages), SMC_OK);
		assert_int_equal(shm_pages, 0);
	}
}
int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(rpc_pages_come_from_the_guest_and_go_back_or_are_kept),
		TEST(a_bad_rpc_page_fails_the_call_and_its_cookie_comes_back),
		TEST(hostile_answers_to_shm_alloc_fail_the_open_and_leave_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
