/* SPDX-License-Identifier: BSD-2-Clause */
/* Lending memory: page lists, names, limits, pins. */
#include "testing/sim.h"

#define COOKIE 0xFFFF00000A0B0C00ull

static void counters_are(uint32_t buffers, uint32_t pages)
{
	struct med_counters counters;

	med_vm_counters(sim.vms[0].vm, &counters);
	assert_int_equal(counters.calls, 0);
	assert_int_equal(counters.buffers, buffers);
	assert_int_equal(counters.pages, pages);
	assert_int_equal(sim.pins, pages);
}

/* Registers @count pages and checks that the TEE has exactly their frames, in order. */
static void register_and_compare(uint32_t count, uint32_t offset, uint64_t size)
{
	uint64_t data = guest_pages(0, count);
	struct tee_buffer *buffer;

	assert_int_equal(guest_register(0, COOKIE, data, count, offset, size), 0);
	counters_are(1, count);
	buffer = tee_find(1, COOKIE);
	assert_non_null(buffer);
	assert_int_equal(buffer->size, size);
	assert_int_equal(buffer->offset, offset);
	assert_int_equal(buffer->page_count, count);
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(buffer->pa[i], sim_pa(0, data + i * 4096ull));
	assert_int_equal(guest_unregister(0, COOKIE), 0);
	counters_are(0, 0);
}

static void boot_large(void)
{
	sim_vm_end(0);
	sim_vm_boot(0, 7000);
}

static void lists_of_every_length_are_translated_NW063_NW066(void **state)
{
	static const uint32_t counts[] = {1, 2, 63, 64, 65, 510, 511, 512, 1021, 1022, 1023};

	(void)state;
	/* guest_list() puts a link behind every full page, also behind the last data page */
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		boot_large();
		register_and_compare(counts[i], 0, counts[i] * 4096ull);
		if (counts[i] <= 1)
			register_and_compare(1, 0x123, 1);
		else
			register_and_compare(counts[i], 0xFFF, (counts[i] - 2) * 4096ull + 2);
	}
}

static void eight_mebibytes_at_an_offset_are_one_buffer_NW184(void **state)
{
	(void)state;
	boot_large();
	register_and_compare(2049, 0x800, 8ull << 20);
}

/* Attack row 32: no list keeps a CPU. */
static void long_lists_are_translated_in_batches_NW185(void **state)
{
	(void)state;
	boot_large();
	sim.preempt_every = 1;
	register_and_compare(1023, 0, 1023 * 4096ull);
	/* 16 batches to pin, 16 to unpin, and what lies around */
	assert_in_range(sim.vms[0].again, 32, 48);
	assert_in_range(sim.batch_max, 1, MED_BATCH_PAGES + 4);
}

/* Attack rows 5, 6, 7 and 36: numbers of pages that wrap, or that 32 bits cut to none. */
static void sizes_that_make_no_sense_are_refused_before_anything_is_allocated_NW060(void **state)
{
	static const struct {
		uint64_t size;
		uint32_t offset, result;
	} cases[] = {
		{0, 0, TEE_ERROR_BAD_PARAMETERS},
		{UINT64_MAX, 0x123, TEE_ERROR_BAD_PARAMETERS},
		{UINT64_MAX, 0, TEE_ERROR_OUT_OF_MEMORY},
		{UINT64_MAX - 0xFFF, 0xFFF, TEE_ERROR_OUT_OF_MEMORY},
		{1ull << 44, 0, TEE_ERROR_OUT_OF_MEMORY}, /* 2^32 pages: truncates to 0 */
		{(1ull << 44) + 4096, 0, TEE_ERROR_OUT_OF_MEMORY},
		{MED_DEFAULT_PAGES_PER_BUFFER * 4096ull + 1, 0, TEE_ERROR_OUT_OF_MEMORY},
		{MED_DEFAULT_PAGES_PER_BUFFER * 4096ull, 1, TEE_ERROR_OUT_OF_MEMORY},
	};
	uint32_t allocations;

	(void)state;
	assert_int_equal(guest_invoke(0, 0, false), 0); /* the slot is there */
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t data = guest_pages(0, 1);

		allocations = sim.allocations;
		assert_int_equal(guest_register(0, COOKIE, data, 1, cases[i].offset, cases[i].size),
				 cases[i].result);
		assert_int_equal(sim.allocations, allocations + 1); /* the pin of the message */
		counters_are(0, 0);
	}
}

/* Attack row 2: from offsets in the first page to ends one before, at and one behind the end of a
 * page, the TEE gets all that is touched, and none of it that the guest does not have. */
static void the_last_page_of_any_range_is_counted_and_checked(void **state)
{
	static const uint32_t offsets[] = {0,    1,    2,    7,    8,    511, 512,
					   2047, 2048, 4088, 4093, 4094, 4095};

	(void)state;
	boot_large();
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		for (uint64_t end = 4095; end <= 3 * 4096 + 1; end += end % 4096 == 1 ? 4094 : 1) {
			uint32_t count = (uint32_t)((end + 4095) / 4096);
			uint64_t data;

			if (end <= offsets[i])
				continue;
			register_and_compare(count, offsets[i], end - offsets[i]);
			data = guest_pages(0, count);
			sim_unmap(0, data + (count - 1) * 4096ull);
			assert_int_equal(guest_register(0, COOKIE, data, count, offsets[i],
							end - offsets[i]),
					 TEE_ERROR_BAD_PARAMETERS);
			counters_are(0, 0);
		}
	}
}

/* Attack row 32: what a guest can make the hypervisor hold has a limit. */
static void limits_are_exact_and_come_back_NW184(void **state)
{
	(void)state;
	sim_vm_end(0);
	sim.limits.pages_per_buffer = 4;
	sim.limits.buffers = 2;
	sim.limits.pages = 6;
	sim_vm_boot(0, SIM_RAM_PAGES);
	for (uint32_t i = 0; i < 2; i++) {
		uint64_t data = guest_pages(0, 5);

		assert_int_equal(guest_register(0, 1, data, 5, 0, 5 * 4096),
				 TEE_ERROR_OUT_OF_MEMORY);
		assert_int_equal(guest_register(0, 1, data, 4, 0, 4 * 4096), 0);
		assert_int_equal(guest_register(0, 2, data, 3, 0, 3 * 4096),
				 TEE_ERROR_OUT_OF_MEMORY);
		assert_int_equal(guest_register(0, 2, data, 2, 0, 2 * 4096), 0);
		counters_are(2, 6);
		assert_int_equal(guest_unregister(0, 1), 0);
		assert_int_equal(guest_register(0, 3, data, 1, 0, 4096), 0);
		assert_int_equal(guest_register(0, 4, data, 1, 0, 4096), TEE_ERROR_OUT_OF_MEMORY);
		assert_int_equal(guest_unregister(0, 2), 0);
		assert_int_equal(guest_unregister(0, 3), 0);
		counters_are(0, 0);
	}
}

/* Attack row 32: a guest that has come to its limits leaves another all of its own. */
static void a_guest_that_takes_all_it_can_takes_nothing_from_others(void **state)
{
	uint64_t cookie;

	(void)state;
	sim_vm_end(0);
	sim.limits.buffers = 20;
	sim.limits.pages = 30;
	for (uint32_t k = 0; k < 2; k++)
		sim_vm_boot(k, 1000);
	for (uint32_t k = 0; k < 2; k++) {
		uint64_t data = guest_pages(k, 2);

		for (cookie = 1; guest_register(k, cookie, data, 2, 0, 2 * 4096) == 0; cookie++)
			;
		assert_int_equal(cookie - 1, 15);
		while (guest_register(k, cookie, data, 1, 0, 4096) == 0)
			cookie++;
		assert_int_equal(cookie - 1, 15);
		/* Calls need none of it. */
		assert_int_equal(guest_invoke(k, 0, true), 0);
		assert_int_equal(guest_invoke(1 - k, 0, true), 0);
	}
	sim_vm_end(1);
	sim_vm_end(0);
	sim_vm_boot(0, SIM_RAM_PAGES);
}

/* One bad word in a list of 513 pages; nothing stays: attack rows 33 and 34. */
static void bad_list_words_are_refused_and_leave_nothing_NW062_NW198(void **state)
{
	static const uint32_t places[] = {0, 63, 64, 510, 511, 512, 513};
	uint64_t bad[8] = {0,        1, SIM_IPA_BASE + 1, 0x1000, SIM_IPA_BASE + 7000 * 4096ull,
			   ~0xFFFull};

	(void)state;
	boot_large();
	bad[6] = guest_pages(0, 1);
	sim_set_type(0, bad[6], IPA_DEVICE);
	bad[7] = guest_pages(0, 1);
	sim_set_type(0, bad[7], IPA_READ_ONLY);
	for (size_t i = 0; i < 7; i++) {
		for (size_t j = 0; j < 8; j++) {
			uint32_t at = places[i];
			uint64_t data = SIM_IPA_BASE + 2000 * 4096ull;
			uint64_t ipa = guest_message(0, MSG_CMD_REGISTER_SHM, 1);
			struct guest_message *message = guest_message_at(0, ipa);
			uint64_t list = guest_list(0, data, 513);

			*(uint64_t *)guest_at(
				0, list + (at < 512 ? at * 8 : 4096 + (at - 512) * 8)) = bad[j];
			message->params[0].attr = MSG_ATTR_SHM_LIST;
			message->params[0].u.tmem = (struct msg_tmem){list, 513 * 4096ull, COOKIE};
			assert_int_equal(guest_run(0, 0, SMC_CALL_WITH_ARG, ipa, 0), 0);
			assert_int_equal(message->header.ret, TEE_ERROR_BAD_PARAMETERS);
			counters_are(0, 0);
		}
	}
	assert_int_equal(tee_buffer_count(), 0);
}

/* Attack row 32: nor does one without end. */
static void lists_that_loop_end_NW065(void **state)
{
	uint64_t ipa = guest_message(0, MSG_CMD_REGISTER_SHM, 1);
	struct guest_message *message = guest_message_at(0, ipa);
	uint64_t data = guest_pages(0, 1);
	uint64_t list = guest_list(0, data, 1);
	uint64_t *words = guest_at(0, list);

	(void)state;
	for (uint32_t i = 0; i < MSG_LIST_ENTRIES; i++)
		words[i] = data;
	words[MSG_LIST_ENTRIES] = list;
	message->params[0].attr = MSG_ATTR_SHM_LIST;
	message->params[0].u.tmem = (struct msg_tmem){list, 2000 * 4096ull, COOKIE};
	assert_int_equal(guest_run(0, 0, SMC_CALL_WITH_ARG, ipa, 0), 0);
	assert_int_equal(message->header.ret, 0);
	counters_are(1, 2000);
	assert_int_equal(sim_pins(sim_pa(0, data)), 2000);
	assert_int_equal(guest_unregister(0, COOKIE), 0);
	counters_are(0, 0);
}

static void names_in_use_and_no_names_are_refused_NW078_NW079_NW174(void **state)
{
	uint64_t data = guest_pages(0, 4);

	(void)state;
	assert_int_equal(guest_register(0, 0, data, 1, 0, 1), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(guest_register(0, 0x4D45440000000007, data, 1, 0, 1),
			 TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(guest_register(0, COOKIE, data, 2, 0, 8192), 0);
	/* the older one stays as it was */
	assert_int_equal(guest_register(0, COOKIE, data + 8192, 2, 0, 8192),
			 TEE_ERROR_BAD_PARAMETERS);
	counters_are(1, 2);
	/* the same name in another VM is another name */
	sim_vm_boot(1, SIM_RAM_PAGES);
	assert_int_equal(guest_register(1, COOKIE, guest_pages(1, 1), 1, 0, 4096), 0);
	assert_int_equal(guest_unregister(0, COOKIE), 0);
	assert_non_null(tee_find(2, COOKIE));
	assert_int_equal(guest_unregister(0, COOKIE), TEE_ERROR_BAD_PARAMETERS);
}

static void only_its_owner_releases_a_buffer_NW174(void **state)
{
	uint64_t data = guest_pages(0, 2);
	uint64_t ipa;
	struct guest_message *message;

	(void)state;
	assert_int_equal(guest_register(0, COOKIE, data, 2, 0, 8192), 0);
	/* W2: a NULL reference, a refused registration, a failed release that name it */
	ipa = guest_message(0, MSG_CMD_INVOKE_COMMAND, 1);
	message = guest_message_at(0, ipa);
	message->params[0].attr = MSG_ATTR_TMEM_IN;
	message->params[0].u.tmem = (struct msg_tmem){0, 0x1000, COOKIE};
	assert_int_equal(guest_run(0, 0, SMC_CALL_WITH_ARG, ipa, 0), 0);
	assert_int_equal(message->header.ret, 0);
	counters_are(1, 2);
	tee.register_ret = TEE_ERROR_OUT_OF_MEMORY;
	assert_int_equal(guest_register(0, COOKIE + 1, data, 2, 0, 8192), TEE_ERROR_OUT_OF_MEMORY);
	counters_are(1, 2);
	tee.unregister_ret = TEE_ERROR_BUSY;
	assert_int_equal(guest_unregister(0, COOKIE), TEE_ERROR_BUSY);
	counters_are(1, 2);
	tee.unregister_ret = 0;
	assert_int_equal(guest_unregister(0, COOKIE), 0);
	counters_are(0, 0);
}

static void temporary_lists_last_as_long_as_their_call_NW174(void **state)
{
	static const struct tee_act script[] = {
		{TEE_WRITE, 0, 0, 0}, {TEE_INTERRUPT, 0, 0, 0}, {TEE_END, 0xFFFF0000, 0, 0}};
	uint64_t ipa = guest_message(0, MSG_CMD_INVOKE_COMMAND, 3);
	struct guest_message *message = guest_message_at(0, ipa);
	uint64_t data = guest_pages(0, 3);
	uint64_t regs[8];

	(void)state;
	tee.scripts[0] = script;
	message->params[0].attr = MSG_ATTR_TMEM_INOUT | MSG_ATTR_NONCONTIG;
	message->params[0].u.tmem = (struct msg_tmem){guest_list(0, data, 2) | 0x10, 4096, COOKIE};
	message->params[2] = message->params[0];
	assert_int_equal(guest_start(0, 0, SMC_CALL_WITH_ARG, ipa, 0, regs), SMC_RPC_FOREIGN_INTR);
	/* two buffers of two pages, and the message */
	assert_int_equal(sim.pins, 5);
	/* no name that a guest could give leads to it */
	assert_true(tee.threads[0].temporary[0].cookie >> 40 == 0x4D4544);
	assert_true(tee.threads[0].temporary[0].cookie != tee.threads[0].temporary[2].cookie);
	assert_int_equal(guest_resume(0, 0, regs), 0);
	assert_int_equal(message->params[0].u.tmem.size, 0x40);
	assert_int_equal(message->params[0].u.tmem.shm_ref, COOKIE);
	assert_int_equal(*(uint32_t *)guest_at(0, data), 0x54454D50);
	counters_are(0, 0);
}

/* Attack row 33 */
static void a_failing_parameter_gives_back_what_the_others_took_NW184(void **state)
{
	uint64_t ipa = guest_message(0, MSG_CMD_INVOKE_COMMAND, 3);
	struct guest_message *message = guest_message_at(0, ipa);
	uint64_t list = guest_list(0, guest_pages(0, 3), 3);
	uint64_t regs[8];

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		message->params[i].attr = MSG_ATTR_TMEM_IN | MSG_ATTR_NONCONTIG;
		message->params[i].u.tmem = (struct msg_tmem){list, 3 * 4096, COOKIE};
	}
	message->params[2].u.tmem.buf_ptr = guest_list(0, 0x1000, 3);
	assert_int_equal(guest_start(0, 0, SMC_CALL_WITH_ARG, ipa, 0, regs), 0);
	assert_int_equal(message->header.ret, TEE_ERROR_BAD_PARAMETERS);
	counters_are(0, 0);
}

static void a_page_given_away_after_pinning_stays_until_it_is_unpinned_NW198(void **state)
{
	uint64_t data = guest_pages(0, 2);

	(void)state;
	assert_int_equal(guest_register(0, COOKIE, data, 2, 0, 8192), 0);
	sim_unmap(0, data); /* checks that the TEE does not know what is freed */
	counters_are(1, 2);
	assert_int_equal(guest_unregister(0, COOKIE), 0);
	counters_are(0, 0);
}

/* Attack row 34: entries change between being checked and being given to the TEE. */
static uint64_t attacked_list;

static void rewrite_list(enum sim_event event, uint64_t where)
{
	(void)where;
	if (event == EV_PIN || event == EV_UNMAP) {
		for (uint32_t i = 1; i < 5; i++)
			((uint64_t *)guest_at(0, attacked_list))[i] ^= 0x1001;
	}
}

static void entries_are_read_once_NW061(void **state)
{
	uint64_t data = guest_pages(0, 5);
	uint64_t ipa = guest_message(0, MSG_CMD_REGISTER_SHM, 1);
	struct guest_message *message = guest_message_at(0, ipa);
	uint64_t regs[8];

	(void)state;
	attacked_list = guest_list(0, data, 5);
	message->params[0].attr = MSG_ATTR_SHM_LIST;
	message->params[0].u.tmem = (struct msg_tmem){attacked_list, 5 * 4096, COOKIE};
	sim.hook = rewrite_list;
	/* whatever it says: the TEE model checks each page it is led to */
	assert_int_equal(guest_start(0, 0, SMC_CALL_WITH_ARG, ipa, 0, regs), 0);
	sim.hook = NULL;
	if (message->header.ret == 0)
		assert_int_equal(sim.pins, 5);
	else
		assert_int_equal(sim.pins, 0);
}

/* Attack row 18: a message in memory that another vCPU unregisters while the call runs. */
static void unregister_at_smc(enum sim_event event, uint64_t where)
{
	if (event == EV_SMC_ENTER && (uint32_t)where == SMC_CALL_WITH_RPC_ARG) {
		uint64_t ipa = guest_message(0, MSG_CMD_UNREGISTER_SHM, 1);
		struct guest_message *message = guest_message_at(0, ipa);

		message->params[0].attr = MSG_ATTR_RMEM_IN;
		message->params[0].u.rmem.shm_ref = COOKIE;
		assert_int_equal(guest_run(0, 1, SMC_CALL_WITH_ARG, ipa, 0), 0);
		assert_int_equal(message->header.ret, 0);
	}
}

static void a_message_whose_memory_vanished_gets_EBADADDR_NW172(void **state)
{
	uint64_t data = guest_pages(0, 1);
	struct guest_message *message = guest_at(0, data);
	uint64_t regs[8];

	(void)state;
	memset(message, 0, 4096);
	message->header.cmd = MSG_CMD_INVOKE_COMMAND;
	message->header.ret = 0x12345678;
	assert_int_equal(guest_register(0, COOKIE, data, 1, 0, 4096), 0);
	sim.hook = unregister_at_smc;
	assert_int_equal(guest_start(0, 0, SMC_CALL_WITH_REGD_ARG, COOKIE, 0, regs), SMC_EBADADDR);
	sim.hook = NULL;
	assert_int_equal(message->header.ret, 0x12345678);
	counters_are(0, 0);
}

static void many_buffers_are_found_by_name(void **state)
{
	uint64_t data;

	(void)state;
	boot_large();
	data = guest_pages(0, 1);
	for (uint64_t i = 0; i < 60; i++)
		assert_int_equal(guest_register(0, COOKIE + i * 0x40, data, 1, 0, 4096), 0);
	counters_are(60, 60);
	for (uint64_t i = 0; i < 60; i += 2)
		assert_int_equal(guest_unregister(0, COOKIE + i * 0x40), 0);
	for (uint64_t i = 0; i < 60; i++)
		assert_int_equal(guest_unregister(0, COOKIE + i * 0x40),
				 i % 2 ? 0 : TEE_ERROR_BAD_PARAMETERS);
	counters_are(0, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, sim_setup, sim_teardown)
	const struct CMUnitTest tests[] = {
		T(lists_of_every_length_are_translated_NW063_NW066),
		T(eight_mebibytes_at_an_offset_are_one_buffer_NW184),
		T(long_lists_are_translated_in_batches_NW185),
		T(sizes_that_make_no_sense_are_refused_before_anything_is_allocated_NW060),
		T(the_last_page_of_any_range_is_counted_and_checked),
		T(limits_are_exact_and_come_back_NW184),
		T(a_guest_that_takes_all_it_can_takes_nothing_from_others),
		T(bad_list_words_are_refused_and_leave_nothing_NW062_NW198),
		T(lists_that_loop_end_NW065),
		T(names_in_use_and_no_names_are_refused_NW078_NW079_NW174),
		T(only_its_owner_releases_a_buffer_NW174),
		T(temporary_lists_last_as_long_as_their_call_NW174),
		T(a_failing_parameter_gives_back_what_the_others_took_NW184),
		T(a_page_given_away_after_pinning_stays_until_it_is_unpinned_NW198),
		T(entries_are_read_once_NW061),
		T(a_message_whose_memory_vanished_gets_EBADADDR_NW172),
		T(many_buffers_are_found_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
