/* SPDX-License-Identifier: BSD-2-Clause */
/* The normal-world ABI at the door: fast calls, messages, shared memory, and the services behind
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "abi/tenon.h"
#include "kernel/arch/host/model.h"
#include "kernel/guest/guest.h"

#define PAGES    512
#define BUF_SIZE 5000u

static struct model guest;

static int start(void **state)
{
	(void)state;
	model_boot(&guest, PAGES);
	return 0;
}

/* Every test ends with its guest destroyed and every page back (I1, I5). */
static int stop(void **state)
{
	(void)state;
	host_ns_hook = NULL;
	model_end(&guest);
	return 0;
}

static uint64_t counter(uint32_t key)
{
	uint64_t value;

	assert_int_equal(guest_stat(1, key, &value), SMC_OK);
	return value;
}

static void nw_005_010_011_discovery_answers_every_vm_id(void **state)
{
	const uint32_t ids[] = {0, 1, 2, 0x12345678, 0xFFFFFFFF};

	(void)state;
	for (unsigned i = 0; i < array_count(ids); i++) {
		struct model m = {.vm_id = ids[i]};
		struct smc_args r = model_smc(&m, SMC_CALLS_UID, 9, 9, 9);
		assert_int_equal(r.a[0], 0x384FB3E0);
		assert_int_equal(r.a[1], 0xE7F811E3);
		assert_int_equal(r.a[2], 0xAF630002);
		assert_int_equal(r.a[3], 0xA5D5C51B);
		r = model_smc(&m, SMC_CALLS_REVISION, 0, 0, 0);
		assert_int_equal(r.a[0], 2);
		assert_int_equal(r.a[1], 0);
		assert_int_equal(model_smc(&m, SMC_GET_OS_UUID, 0, 0, 0).a[0], TENON_OS_UUID_0);
		r = model_smc(&m, SMC_GET_THREAD_COUNT, 0, 0, 0);
		assert_int_equal(r.a[0], SMC_OK);
		assert_in_range(r.a[1], 1, TENON_CALLS_MAX);
	}
}

static void nw_003_004_unknown_ids_change_nothing(void **state)
{
	struct smc_args r = model_smc(&guest, 0xB2000055, 1, 2, 3);

	(void)state;
	assert_int_equal(r.a[0], SMC_UNKNOWN_FUNCTION);
	assert_int_equal(r.a[1], 1);
	assert_int_equal(r.a[2], 2);
	assert_int_equal(r.a[3], 3);
	assert_int_equal(model_smc(&guest, SMC_GET_PROTMEM_CONFIG, 0, 0, 0).a[0],
			 SMC_UNKNOWN_FUNCTION);
	assert_int_equal(model_smc(&guest, 0x32000077, 0, 0, 0).a[0], SMC_EBADCMD);
	assert_int_equal(counter(TENON_STAT_PAGES), 1);
}

static void nw_012_013_014_capabilities(void **state)
{
	struct smc_args r = model_smc(&guest, SMC_EXCHANGE_CAPABILITIES, 1, 0, 0);

	(void)state;
	assert_int_equal(r.a[0], SMC_OK);
	assert_int_equal(r.a[1], 0x7C);
	assert_int_equal(r.a[2], GUEST_NOTIFY_VALUES);
	assert_int_equal(r.a[3], 4);
	assert_int_equal(model_smc(&guest, SMC_EXCHANGE_CAPABILITIES, 2, 0, 0).a[0], SMC_ENOTAVAIL);
	assert_int_equal(model_smc(&guest, SMC_GET_SHM_CONFIG, 0, 0, 0).a[0], SMC_ENOTAVAIL);
	assert_int_equal(model_smc(&guest, SMC_BOOT_SECONDARY, 0, 0, 0).a[0], SMC_ENOTAVAIL);
}

static void nw_015_016_the_shm_cache_can_be_turned_on_and_off_with_no_call_in_flight(void **state)
{
	(void)state;
	assert_int_equal(model_smc(&guest, SMC_DISABLE_SHM_CACHE, 0, 0, 0).a[0], SMC_ENOTAVAIL);
	assert_int_equal(model_smc(&guest, SMC_ENABLE_SHM_CACHE, 0, 0, 0).a[0], SMC_OK);
	assert_int_equal(model_smc(&guest, SMC_DISABLE_SHM_CACHE, 0, 0, 0).a[0], SMC_ENOTAVAIL);
}

static void nw_166_unknown_vms_get_enotavail(void **state)
{
	struct model stranger = {.vm_id = 99};
	const uint32_t ids[] = {
		SMC_EXCHANGE_CAPABILITIES, SMC_DISABLE_SHM_CACHE, SMC_ENABLE_SHM_CACHE,
		SMC_CALL_WITH_ARG,         SMC_CALL_WITH_RPC_ARG, SMC_CALL_WITH_REGD_ARG,
		SMC_RETURN_FROM_RPC,       SMC_VM_CREATED,        SMC_VM_DESTROYED,
		SMC_TENON_GUEST_CONFIGURE, SMC_TENON_GUEST_STATS, SMC_TENON_TRACE};

	(void)state;
	for (unsigned i = 0; i < array_count(ids); i++)
		assert_int_equal(model_smc(&stranger, ids[i], 0, 0, 0).a[0], SMC_ENOTAVAIL);
}

/* Any SMC with any registers returns (attack row 35). */
static void any_registers_return(void **state)
{
	uint64_t seed = 0x9E3779B97F4A7C15ull;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		struct smc_args args;
		for (unsigned n = 0; n < 8; n++) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			args.a[n] = seed >> 33;
			if (seed >> 60 == 1)
				args.a[n] = HOST_NS_BASE + (args.a[n] & 0xFFFF000);
		}
		args.a[0] = (i & 1 ? 0xB2000000u : 0x32000000u) | (args.a[0] & 0x1F);
		args.a[7] = 1 + i / 2 % 2; /* 2 does not exist */
		if (args.a[0] == SMC_VM_CREATED || args.a[0] == SMC_VM_DESTROYED)
			continue;
		if (args.a[0] & SMC_FAST)
			entry_fast(&args);
		else
			entry_yielding(&args);
	}
}

static void nw_030_bad_message_addresses_get_ebadaddr(void **state)
{
	const uint64_t bad[] = {0, 0x40000001, 0x0E100000, HOST_NS_BASE + HOST_NS_SIZE,
				0xFFFFFFFFFFFFF000};

	(void)state;
	for (unsigned i = 0; i < array_count(bad); i++) {
		struct smc_args r =
			model_smc(&guest, SMC_CALL_WITH_ARG, bad[i] >> 32, (uint32_t)bad[i], 0);
		assert_int_equal(r.a[0], SMC_EBADADDR);
		r = model_smc(&guest, SMC_CALL_WITH_RPC_ARG, bad[i] >> 32, (uint32_t)bad[i], 0);
		assert_int_equal(r.a[0], SMC_EBADADDR);
	}
}

static void nw_031_messages_beyond_their_page_get_ebadaddr(void **state)
{
	struct model_message m = {.header = {.cmd = MSG_CMD_CANCEL, .num_params = 128}};

	(void)state;
	assert_int_equal(model_call_bare(&guest, &m), SMC_EBADADDR);
	m.header.num_params = 127; /* fills the page: no room for the RPC message */
	assert_int_equal(model_call(&guest, &m), SMC_EBADADDR);
	assert_int_equal(model_call_bare(&guest, &m), SMC_OK);
	m.header.num_params = 0xFFFFFFFF;
	assert_int_equal(model_call_bare(&guest, &m), SMC_EBADADDR);
}

static void nw_070_an_unknown_command_leaves_the_message_alone(void **state)
{
	struct model_message m = {.header = {.cmd = 8, .ret = 0x1234, .ret_origin = 0x77}};
	struct model_message before = m;

	(void)state;
	for (uint32_t cmd = 8; cmd < 12; cmd++) {
		m.header.cmd = before.header.cmd = cmd;
		assert_int_equal(model_call(&guest, &m), SMC_EBADCMD);
		assert_memory_equal(&m, &before, sizeof(m));
	}
}

static void nw_020_076_register_shm_is_the_first_call_and_wants_its_attribute(void **state)
{
	uint64_t pa = model_alloc(&guest, BUF_SIZE);
	struct model_message m = {
		.header = {.cmd = MSG_CMD_REGISTER_SHM, .num_params = 1},
		.params[0].u.tmem = {model_page_list(&guest, pa, BUF_SIZE), BUF_SIZE, 0x40},
	};
	const uint64_t wrong[] = {0x209, 0x20B, 0x00A, 0x30A, 0x5, 0x1, 0x1020A};

	(void)state;
	for (unsigned i = 0; i < array_count(wrong); i++) {
		m.params[0].attr = wrong[i];
		assert_int_equal(model_call(&guest, &m), SMC_OK);
		assert_int_equal(m.header.ret, TEE_ERROR_BAD_PARAMETERS);
	}
	m.params[0].attr = MSG_ATTR_SHM_LIST;
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_SUCCESS);
	assert_int_equal(counter(TENON_STAT_SHM_PAGES), 2);
	assert_int_equal(model_unregister(&guest, 0x40), TEE_SUCCESS);
	assert_int_equal(counter(TENON_STAT_SHM_PAGES), 0);
	assert_int_equal(model_unregister(&guest, 0x40), TEE_ERROR_BAD_PARAMETERS);
	/* NW-078 */
	assert_int_equal(model_register(&guest, pa, 10, 0), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(model_unregister(&guest, 0), TEE_ERROR_BAD_PARAMETERS);
}

static uint32_t register_list(uint64_t list, uint64_t size)
{
	struct model_message m = {
		.header = {.cmd = MSG_CMD_REGISTER_SHM, .num_params = 1},
		.params[0] = {.attr = MSG_ATTR_SHM_LIST, .u.tmem = {list, size, 0x1000}},
	};

	assert_int_equal(model_call(&guest, &m), SMC_OK);
	if (m.header.ret == TEE_SUCCESS)
		assert_int_equal(model_unregister(&guest, 0x1000), TEE_SUCCESS);
	return m.header.ret;
}

static void nw_060_bad_sizes_are_refused_before_anything_is_allocated(void **state)
{
	uint64_t list = model_page_list(&guest, model_alloc(&guest, PAGE_SIZE), PAGE_SIZE);

	(void)state;
	assert_int_equal(register_list(list, 0), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(register_list(list + 1, UINT64_MAX), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(register_list(list + 0xFFF, UINT64_MAX - 0xFFF), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(register_list(list, 1ull << 60), TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(register_list(list, 1ull << 40), TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(counter(TENON_STAT_SHM_PAGES), 0);
}

/* NW-062, NW-086, attack rows 2 and 34 */
static void bad_entries_and_links_are_refused_and_nothing_stays(void **state)
{
	uint64_t pa = model_alloc(&guest, 600 * PAGE_SIZE);
	uint64_t list = model_page_list(&guest, pa, 600 * PAGE_SIZE);
	uint64_t *entries = host_ns(list);
	const uint64_t bad[] = {
		0x0E100000, 0x1, pa + 1, 0xFFFFFFFFFFFFF000, HOST_NS_BASE + HOST_NS_SIZE, 0};

	(void)state;
	assert_int_equal(register_list(list, 600 * PAGE_SIZE), TEE_SUCCESS);
	for (unsigned i = 0; i < array_count(bad); i++) {
		const unsigned places[] = {0, 63, 64, 510, 511};
		for (unsigned n = 0; n < array_count(places); n++) {
			uint64_t good = entries[places[n]];
			entries[places[n]] = bad[i];
			assert_int_equal(register_list(list, 600 * PAGE_SIZE),
					 TEE_ERROR_BAD_PARAMETERS);
			entries[places[n]] = good;
		}
	}
	assert_int_equal(counter(TENON_STAT_SHM_PAGES), 0);
}

static void nw_063_a_link_behind_the_last_entry_is_not_looked_at(void **state)
{
	uint64_t pa = model_alloc(&guest, 1022 * PAGE_SIZE);

	(void)state;
	for (unsigned pages = 511; pages <= 1022; pages += 511) {
		uint64_t list = model_page_list(&guest, pa, pages * PAGE_SIZE);
		uint64_t *last = host_ns(list);
		if (pages == 1022)
			last = host_ns(last[511]);
		last[511] = 0xDEADBEEFDEADBEEF;
		assert_int_equal(register_list(list, pages * PAGE_SIZE), TEE_SUCCESS);
	}
}

static void nw_065_a_list_that_loops_ends(void **state)
{
	uint64_t pa = model_alloc(&guest, 511 * PAGE_SIZE);
	uint64_t list = model_page_list(&guest, pa, 511 * PAGE_SIZE);

	(void)state;
	((uint64_t *)host_ns(list))[511] = list;
	assert_int_equal(register_list(list, 512 * PAGE_SIZE), TEE_SUCCESS);
	assert_int_equal(register_list(list, 5000 * PAGE_SIZE), TEE_SUCCESS);
}

/* NW-061, attack row 34: reads of list pages, counted; the hook changes each word after its read.
 */
static unsigned list_reads[1024];
static uint64_t watched;

static void count_reads(uint64_t pa, size_t size, bool write)
{
	if (write || pa < watched || pa >= watched + 2 * PAGE_SIZE)
		return;
	for (uint64_t word = (pa - watched) / 8; word < (pa + size - watched) / 8; word++)
		list_reads[word]++;
}

static void nw_061_each_entry_is_read_once(void **state)
{
	uint64_t pa = model_alloc(&guest, 700 * PAGE_SIZE);

	(void)state;
	watched = model_page_list(&guest, pa, 700 * PAGE_SIZE);
	memset(list_reads, 0, sizeof(list_reads));
	host_ns_hook = count_reads;
	assert_int_equal(register_list(watched, 700 * PAGE_SIZE), TEE_SUCCESS);
	for (unsigned i = 0; i < 512 + 700 - 511; i++)
		assert_int_equal(list_reads[i], 1);
	assert_int_equal(list_reads[512 + 700 - 511], 0);
}

static void nw_079_the_newest_of_equal_cookies_is_found_and_none_is_lost(void **state)
{
	uint64_t pa = model_alloc(&guest, 4 * PAGE_SIZE);

	(void)state;
	assert_int_equal(model_register(&guest, pa, PAGE_SIZE, 0x40), TEE_SUCCESS);
	assert_int_equal(model_register(&guest, pa, 3 * PAGE_SIZE, 0x40), TEE_SUCCESS);
	assert_int_equal(counter(TENON_STAT_SHM_PAGES), 4);
	assert_int_equal(model_unregister(&guest, 0x40), TEE_SUCCESS);
	assert_int_equal(counter(TENON_STAT_SHM_PAGES), 1);
	assert_int_equal(model_unregister(&guest, 0x40), TEE_SUCCESS);
	assert_int_equal(counter(TENON_STAT_SHM_PAGES), 0);
}

static void nw_087_a_cookie_of_another_guest_is_unknown(void **state)
{
	struct model other;

	(void)state;
	model_start(&other, 2);
	assert_int_equal(model_register(&guest, model_alloc(&guest, 100), 100, 0x40), TEE_SUCCESS);
	assert_int_equal(model_unregister(&other, 0x40), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(model_smc(&other, SMC_CALL_WITH_REGD_ARG, 0, 0x40, 0).a[0], SMC_EBADADDR);
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 2, 0, 0).a[0], SMC_OK);
}

static void nw_033_034_messages_in_registered_memory_are_bounded_and_aligned(void **state)
{
	uint64_t pa = model_alloc(&guest, 2 * PAGE_SIZE);
	struct msg_header *header = host_ns(pa + PAGE_SIZE - 64);

	(void)state;
	assert_int_equal(model_register(&guest, pa, 2 * PAGE_SIZE, 0x40), TEE_SUCCESS);
	/* Crosses a page, header at the end of the first one. */
	header->cmd = MSG_CMD_CANCEL;
	header->session = 12345;
	assert_int_equal(model_smc(&guest, SMC_CALL_WITH_REGD_ARG, 0, 0x40, PAGE_SIZE - 64).a[0],
			 SMC_OK);
	assert_int_equal(header->ret, TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(header->ret_origin, TEE_ORIGIN_TEE);
	const uint32_t bad[] = {
		1, 4, 2 * PAGE_SIZE, 2 * PAGE_SIZE - 32, 2 * PAGE_SIZE - 184, 0xFFFFFFF8};
	for (unsigned i = 0; i < array_count(bad); i++)
		assert_int_equal(model_smc(&guest, SMC_CALL_WITH_REGD_ARG, 0, 0x40, bad[i]).a[0],
				 SMC_EBADADDR);
	/* The last place where header and RPC message fit: an empty message is OPEN_SESSION without
	 * its parameters. */
	assert_int_equal(
		model_smc(&guest, SMC_CALL_WITH_REGD_ARG, 0, 0x40, 2 * PAGE_SIZE - 192).a[0],
		SMC_OK);
	assert_int_equal(model_unregister(&guest, 0x40), TEE_SUCCESS);
}

/* --- parameters --------------------------------------------------------------------------------
 */

static const uint8_t device_uuid[16] = {0x70, 0x11, 0xa6, 0x88, 0xdd, 0xde, 0x40, 0x53,
					0xa5, 0xa9, 0x7b, 0x3c, 0x4d, 0xdf, 0x13, 0xb8};

static struct model_message invoke(uint32_t session, uint32_t func, unsigned params)
{
	return (struct model_message){.header = {.cmd = MSG_CMD_INVOKE_COMMAND,
						 .session = session,
						 .func = func,
						 .num_params = params}};
}

static void nw_071_072_open_session_wants_its_meta_parameters_and_a_login_it_may_claim(void **state)
{
	const uint64_t logins[] = {3, 7, 0xF0000000, 0x80000001, 0x100000000ull};

	(void)state;
	for (unsigned i = 0; i < array_count(logins); i++) {
		struct model_message m = {
			.header = {.cmd = MSG_CMD_OPEN_SESSION, .num_params = 2, .session = 7},
			.params = {{.attr = 0x101}, {.attr = 0x101, .u.value.c = logins[i]}},
		};
		memcpy(m.params[0].u.octets, device_uuid, 16);
		assert_int_equal(model_call(&guest, &m), SMC_OK);
		assert_int_equal(m.header.ret, TEE_ERROR_BAD_PARAMETERS);
		assert_int_equal(m.header.session, 0);
		m.params[1].u.value.c = 0;
		m.params[i % 2].attr = i < 2 ? 0x1 : i < 4 ? 0x103 : 0x301;
		assert_int_equal(model_call(&guest, &m), SMC_OK);
		assert_int_equal(m.header.ret, TEE_ERROR_BAD_PARAMETERS);
	}
	assert_int_equal(counter(TENON_STAT_SESSIONS), 0);
}

/* NW-082, NW-083, NW-084, attack row 1 */
static void parameters_are_checked_and_only_outputs_are_written(void **state)
{
	uint32_t session;
	uint64_t pa = model_alloc(&guest, BUF_SIZE);
	const uint64_t bad_attr[] = {4,     8,     0xC,        0x105,   0x101,
				     0x201, 0x205, 1ull << 40, 0x10005, 0x101};
	const struct msg_rmem bad_rmem[] = {{0, BUF_SIZE + 1, 0x40},
					    {1, BUF_SIZE, 0x40},
					    {BUF_SIZE + 1, 0, 0x40},
					    {UINT64_MAX, 1, 0x40},
					    {1, UINT64_MAX, 0x40}};

	(void)state;
	assert_int_equal(model_open(&guest, device_uuid, &session), TEE_SUCCESS);
	assert_int_equal(model_register(&guest, pa, BUF_SIZE, 0x40), TEE_SUCCESS);
	for (unsigned i = 0; i < array_count(bad_attr); i++) {
		struct model_message m = invoke(session, 0, 1);
		m.params[0].attr = bad_attr[i];
		struct model_message before = m;
		assert_int_equal(model_call(&guest, &m), SMC_OK);
		assert_int_equal(m.header.ret, TEE_ERROR_BAD_PARAMETERS);
		before.header.ret = m.header.ret;
		before.header.ret_origin = TEE_ORIGIN_TEE;
		assert_memory_equal(&m, &before, MSG_SIZE(1));
	}
	for (unsigned i = 0; i < array_count(bad_rmem); i++) {
		struct model_message m = invoke(session, 0, 1);
		m.params[0] = (struct msg_param){.attr = MSG_ATTR_RMEM_OUT, .u.rmem = bad_rmem[i]};
		assert_int_equal(model_call(&guest, &m), SMC_OK);
		assert_int_equal(m.header.ret, TEE_ERROR_SECURITY);
	}
	struct model_message m = invoke(session, 0, 5);
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_ERROR_BAD_PARAMETERS);
	m = invoke(session + 1, 0, 0);
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_ERROR_BAD_PARAMETERS);
	/* A contiguous reference would need a reserved pool. */
	m = invoke(session, 0, 1);
	m.params[0] = (struct msg_param){.attr = MSG_ATTR_TMEM_OUT, .u.tmem = {pa, 16, 0}};
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_ERROR_BAD_PARAMETERS);
	/* A page list for one call. */
	m = invoke(session, 0, 4);
	m.params[0] = (struct msg_param){.attr = MSG_ATTR_TMEM_OUT | MSG_ATTR_NONCONTIG,
					 .u.tmem = {model_page_list(&guest, pa, 16), 16, 0}};
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	assert_int_equal(m.header.ret, TEE_SUCCESS);
	assert_int_equal(counter(TENON_STAT_SHM_PAGES), 2);
	assert_int_equal(model_close(&guest, session), TEE_SUCCESS);
	assert_int_equal(model_close(&guest, session), TEE_ERROR_ITEM_NOT_FOUND);
}

/* NW-032, attack rows 12 and 34, A.7: num_params and everything else changes right after it was
 * read. */
static uint64_t mutated_page;
static unsigned mutations;

static void mutate(uint64_t pa, size_t size, bool write)
{
	(void)size;
	if (!write && (pa & ~PAGE_MASK) == mutated_page && mutations++ == 1)
		memset(host_ns(mutated_page), 0xFF, 32);
}

static void a_message_that_changes_while_it_is_read_does_no_harm(void **state)
{
	uint64_t pa = model_alloc(&guest, PAGE_SIZE);
	struct model_message m = {.header = {.cmd = MSG_CMD_OPEN_SESSION, .num_params = 2},
				  .params = {{.attr = 0x101}, {.attr = 0x101}}};

	(void)state;
	memcpy(m.params[0].u.octets, device_uuid, 16);
	memcpy(host_ns(pa), &m, sizeof(m));
	mutated_page = pa;
	mutations = 0;
	host_ns_hook = mutate;
	assert_int_equal(model_smc(&guest, SMC_CALL_WITH_RPC_ARG, pa >> 32, (uint32_t)pa, 0).a[0],
			 SMC_OK);
	struct msg_header *header = host_ns(pa);
	assert_int_equal(header->ret, TEE_SUCCESS);
	assert_int_equal(counter(TENON_STAT_SESSIONS), 1);
}

static void limits_on_objects_pages_and_sessions_hurt_only_the_guest_itself(void **state)
{
	struct model other;
	uint64_t pa = model_alloc(&guest, PAGE_SIZE);
	uint32_t session, result, count = 0;
	uint64_t cookie = 0x1000;

	(void)state;
	model_start(&other, 2);
	while ((result = model_register(&guest, pa, 1, cookie)) == TEE_SUCCESS)
		cookie += 0x40, count++;
	assert_int_equal(result, TEE_ERROR_OUT_OF_MEMORY);
	assert_true(count > 100);
	assert_int_equal(model_open(&other, device_uuid, &session), TEE_SUCCESS);
	assert_int_equal(model_close(&other, session), TEE_SUCCESS);
	assert_true(counter(TENON_STAT_REFUSALS) > 0);
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 2, 0, 0).a[0], SMC_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(nw_005_010_011_discovery_answers_every_vm_id),
		TEST(nw_003_004_unknown_ids_change_nothing),
		TEST(nw_012_013_014_capabilities),
		TEST(nw_015_016_the_shm_cache_can_be_turned_on_and_off_with_no_call_in_flight),
		TEST(nw_166_unknown_vms_get_enotavail),
		TEST(any_registers_return),
		TEST(nw_030_bad_message_addresses_get_ebadaddr),
		TEST(nw_031_messages_beyond_their_page_get_ebadaddr),
		TEST(nw_070_an_unknown_command_leaves_the_message_alone),
		TEST(nw_020_076_register_shm_is_the_first_call_and_wants_its_attribute),
		TEST(nw_060_bad_sizes_are_refused_before_anything_is_allocated),
		TEST(bad_entries_and_links_are_refused_and_nothing_stays),
		TEST(nw_063_a_link_behind_the_last_entry_is_not_looked_at),
		TEST(nw_065_a_list_that_loops_ends),
		TEST(nw_061_each_entry_is_read_once),
		TEST(nw_079_the_newest_of_equal_cookies_is_found_and_none_is_lost),
		TEST(nw_087_a_cookie_of_another_guest_is_unknown),
		TEST(nw_033_034_messages_in_registered_memory_are_bounded_and_aligned),
		TEST(nw_071_072_open_session_wants_its_meta_parameters_and_a_login_it_may_claim),
		TEST(parameters_are_checked_and_only_outputs_are_written),
		TEST(a_message_that_changes_while_it_is_read_does_no_harm),
		TEST(limits_on_objects_pages_and_sessions_hurt_only_the_guest_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
