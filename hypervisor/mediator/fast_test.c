/* SPDX-License-Identifier: BSD-2-Clause */
/* Which calls a guest has, what they answer, what the mediator learns of a TEE. */
#include "testing/sim.h"

static void every_call_carries_the_id_of_the_vm_NW160(void **state)
{
	uint64_t regs[8];

	(void)state;
	guest_fast(0, SMC_EXCHANGE_CAPABILITIES, 0, regs);
	assert_int_equal(tee.last_regs[7], 1);
	guest_fast(0, SMC_ENABLE_SHM_CACHE, 0, regs);
	assert_int_equal(tee.last_regs[7], 1);
	assert_int_equal(guest_invoke(0, 0, true), 0);
	assert_int_equal(tee.last_regs[7], 1);
	sim_vm_boot(1, SIM_RAM_PAGES);
	assert_int_equal(guest_invoke(1, 0, false), 0);
	assert_int_equal(tee.last_regs[7], 2);
}

static void identity_and_revision_are_exact_NW010_NW011(void **state)
{
	uint64_t regs[8];

	(void)state;
	assert_int_equal(guest_fast(0, SMC_CALLS_UID, 0, regs), SMC_UID_0);
	assert_int_equal(regs[1], SMC_UID_1);
	assert_int_equal(regs[2], SMC_UID_2);
	assert_int_equal(regs[3], SMC_UID_3);
	assert_int_equal(guest_fast(0, SMC_CALLS_REVISION, 0, regs), 2);
	assert_int_equal(regs[1], 0);
	assert_int_equal(guest_fast(0, SMC_GET_OS_REVISION, 0, regs), 4);
	assert_int_equal(regs[1], 5);
	assert_int_equal(regs[2], 0xABCDEF01);
	assert_int_equal(guest_fast(0, SMC_GET_OS_UUID, 0, regs), 0x486178E0);
}

static void capabilities_are_filtered_and_all_four_registers_set_NW169_NW014(void **state)
{
	uint64_t regs[8];

	(void)state;
	/* A guest that claims what nobody knows does not make the TEE refuse. */
	assert_int_equal(guest_fast(0, SMC_EXCHANGE_CAPABILITIES, 0xFFFFFFFF, regs), 0);
	assert_int_equal(regs[0], 0);
	assert_int_equal(regs[1], SMC_CAP_DYNAMIC_SHM | SMC_CAP_MEMREF_NULL | SMC_CAP_RPC_ARG);
	assert_int_equal(regs[2], 0);
	assert_int_equal(regs[3], 4);
	tee.caps = SMC_CAP_RESERVED_SHM;
	assert_int_equal(guest_fast(0, SMC_EXCHANGE_CAPABILITIES, 0, regs), SMC_ENOTAVAIL);
	assert_int_equal(regs[1] | regs[2] | regs[3], 0);
}

static void without_appended_messages_profile_b_is_offered_NW193_NW014(void **state)
{
	uint64_t regs[8];
	uint64_t ipa;

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		sim_vm_end(0);
		tee.caps = SMC_CAP_DYNAMIC_SHM | (i == 0 ? 0 : SMC_CAP_RPC_ARG);
		tee.caps_a3 = i == 1 ? 3 : 4;
		sim.limits.hide_rpc_arg = i == 2;
		sim_vm_boot(0, SIM_RAM_PAGES);
		assert_int_equal(guest_fast(0, SMC_EXCHANGE_CAPABILITIES, 0, regs), 0);
		assert_int_equal(regs[1], SMC_CAP_DYNAMIC_SHM);
		assert_int_equal(regs[3], 0);
		ipa = guest_message(0, MSG_CMD_INVOKE_COMMAND, 0);
		assert_int_equal(guest_start(0, 0, SMC_CALL_WITH_RPC_ARG, ipa, 0, regs),
				 SMC_UNKNOWN_FUNCTION);
		assert_int_equal(guest_start(0, 0, SMC_CALL_WITH_REGD_ARG, 1, 0, regs),
				 SMC_UNKNOWN_FUNCTION);
		assert_int_equal(guest_invoke(0, 0, false), 0);
	}
}

/* Attack rows 19 and 37: nor is there a second way to lend memory (0x84…, 0xC4…). */
static void only_listed_calls_reach_the_tee_NW168(void **state)
{
	static const uint32_t refused[] = {SMC_VM_CREATED,
					   SMC_VM_DESTROYED,
					   SMC_BOOT_SECONDARY,
					   SMC_L2CC_MUTEX,
					   SMC_GET_PROTMEM_CONFIG,
					   SMC_ENABLE_ASYNC_NOTIF,
					   SMC_GET_ASYNC_NOTIF_VALUE,
					   0xBF000002,
					   SMC_TENON_GUEST_CONFIGURE,
					   SMC_TENON_GUEST_STATS,
					   0x32000000,
					   0x32000005,
					   0x72000004,
					   0xF2000009,
					   0xBE000005,
					   0xB2000002,
					   0xB2FE0009,
					   0xFFFFFFFF,
					   0,
					   0xBF00FF02,
					   0x84000060,
					   0x84000071,
					   0x84000073,
					   0x84000077,
					   0xC4000071,
					   0xC4000073};
	uint64_t regs[8];
	uint32_t smcs = sim.smcs;

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_int_equal(guest_fast(0, refused[i], 1, regs), SMC_UNKNOWN_FUNCTION);
		assert_int_equal(regs[0], SMC_UNKNOWN_FUNCTION);
		assert_int_equal(regs[1], 1);
		assert_int_equal(regs[2], 2);
		assert_int_equal(regs[3], 3);
	}
	assert_int_equal(sim.smcs, smcs);
}

static void upper_halves_and_the_sve_hint_are_ignored_NW001_NW197(void **state)
{
	uint64_t regs[8];

	(void)state;
	/* guest_fast() and guest_start() set upper halves throughout */
	assert_int_equal(guest_fast(0, SMC_CALLS_UID | SMC_SVE_HINT, 0, regs), SMC_UID_0);
	assert_int_equal(guest_fast(0, SMC_EXCHANGE_CAPABILITIES | SMC_SVE_HINT, 1, regs), 0);
	assert_int_equal(tee.last_regs[0], SMC_EXCHANGE_CAPABILITIES);
	assert_int_equal(guest_start(0, 0, SMC_CALL_WITH_ARG | SMC_SVE_HINT,
				     guest_message(0, MSG_CMD_INVOKE_COMMAND, 0), 0, regs),
			 0);
}

static void answers_have_zero_upper_halves_and_leave_a4_to_a7_NW002_NW196(void **state)
{
	static const uint32_t functions[] = {
		SMC_CALLS_COUNT,           SMC_CALLS_UID,        SMC_CALLS_REVISION,
		SMC_GET_OS_UUID,           SMC_GET_OS_REVISION,  SMC_GET_SHM_CONFIG,
		SMC_EXCHANGE_CAPABILITIES, SMC_ENABLE_SHM_CACHE, SMC_DISABLE_SHM_CACHE,
		SMC_GET_THREAD_COUNT,      SMC_RETURN_FROM_RPC};
	uint64_t regs[8];

	(void)state;
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		guest_fast(0, functions[i], 0, regs); /* checks a4 to a7 itself */
		for (uint32_t j = 0; j < 4; j++)
			assert_int_equal(regs[j] >> 32, 0);
	}
}

static void shm_config_is_not_available_and_not_asked_NW170(void **state)
{
	uint64_t regs[8];
	uint32_t smcs = sim.smcs;

	(void)state;
	assert_int_equal(guest_fast(0, SMC_GET_SHM_CONFIG, 0, regs), SMC_ENOTAVAIL);
	assert_int_equal(sim.smcs, smcs);
}

static void thread_count_is_what_is_let_through_NW199_NW017(void **state)
{
	static const struct tee_act interrupted[] = {{TEE_INTERRUPT, 0, 0, 0}, {TEE_END, 0, 0, 0}};
	uint64_t regs[SIM_VCPUS][8], extra[8];
	uint64_t ipa;

	(void)state;
	assert_int_equal(guest_fast(0, SMC_GET_THREAD_COUNT, 0, extra), 0);
	assert_int_equal(extra[1], 4);
	tee.scripts[0] = interrupted;
	for (uint32_t i = 0; i < 4; i++) {
		ipa = guest_message(0, MSG_CMD_INVOKE_COMMAND, 0);
		assert_int_equal(guest_start(0, i, SMC_CALL_WITH_ARG, ipa, 0, regs[i]),
				 SMC_RPC_FOREIGN_INTR);
	}
	ipa = guest_message(0, MSG_CMD_INVOKE_COMMAND, 0);
	assert_int_equal(guest_start(0, 0, SMC_CALL_WITH_ARG, ipa, 0, extra), SMC_ETHREAD_LIMIT);
	assert_int_equal(guest_resume(0, 0, regs[2]), SMC_OK);
	assert_int_equal(guest_start(0, 0, SMC_CALL_WITH_ARG, ipa, 0, extra), SMC_RPC_FOREIGN_INTR);
	/* our own limit, and a TEE that does not count */
	sim.limits.calls = 2;
	tee.no_thread_count = true;
	sim_vm_boot(1, SIM_RAM_PAGES);
	assert_int_equal(guest_fast(1, SMC_GET_THREAD_COUNT, 0, extra), 0);
	assert_int_equal(extra[1], 2);
}

static void cache_calls_are_forwarded_NW015_NW016(void **state)
{
	uint64_t regs[8];

	(void)state;
	assert_int_equal(guest_fast(0, SMC_ENABLE_SHM_CACHE, 0, regs), 0);
	assert_int_equal(regs[1] | regs[2] | regs[3], 0);
	assert_int_equal(guest_fast(0, SMC_DISABLE_SHM_CACHE, 0, regs), SMC_ENOTAVAIL);
	/* a cookie that we do not know is handed on, nothing is forgotten */
	tee.cached_vm = 1;
	tee.cached_cookie = 0x1122334455667788;
	assert_int_equal(guest_fast(0, SMC_DISABLE_SHM_CACHE, 0, regs), 0);
	assert_int_equal(regs[1], 0x11223344);
	assert_int_equal(regs[2], 0x55667788);
}

static void a_vm_without_tee_gets_unknown_function_for_all_NW194(void **state)
{
	uint64_t regs[8];

	(void)state;
	tee.vm_created_status = SMC_ENOTAVAIL;
	sim_vm_boot(1, SIM_RAM_PAGES);
	assert_null(sim.vms[1].vm);
	assert_int_equal(guest_fast(1, SMC_CALLS_UID, 0, regs), SMC_UNKNOWN_FUNCTION);
	assert_int_equal(guest_fast(1, SMC_CALL_WITH_ARG, 0, regs), SMC_UNKNOWN_FUNCTION);
}

static void probe_tells_all_kinds_of_tee_apart_NW195(void **state)
{
	struct med med;

	(void)state;
	assert_int_equal(med_init(&med, &sim_host), MED_OK);
	assert_false(med_tee_is_tenon(&med));
	/* virtualization that is not advertised is found by VM_DESTROYED(0) */
	tee.caps &= ~SMC_CAP_VIRTUALIZATION;
	assert_int_equal(med_init(&med, &sim_host), MED_OK);
	assert_true(med.tee.virtualization);
	tee.no_virtualization = true;
	assert_int_equal(med_init(&med, &sim_host), MED_NO_TEE);
	assert_int_equal(med.tee.os_revision[0], 4);
	tee.wrong_uid = true;
	assert_int_equal(med_init(&med, &sim_host), MED_NO_TEE);
}

static void vm_creation_refuses_bad_arguments_and_a_tee_without_dynamic_memory_NW161(void **state)
{
	struct med_limits limits = med_limits_default();
	struct med_vm *vm;

	(void)state;
	assert_int_equal(med_vm_create(&sim.med, 0, NULL, &limits, &vm), MED_BAD_ARGUMENT);
	limits.calls = 0;
	assert_int_equal(med_vm_create(&sim.med, 9, NULL, &limits, &vm), MED_BAD_ARGUMENT);
	limits.calls = 1;
	tee.caps = SMC_CAP_RESERVED_SHM;
	assert_int_equal(med_vm_create(&sim.med, 9, NULL, &limits, &vm), MED_REFUSED);
	assert_int_equal(tee.destroyed, 1);
	sim.med.usable = false;
	assert_int_equal(med_vm_create(&sim.med, 9, NULL, &limits, &vm), MED_NO_TEE);
}

static void tenon_is_configured_and_asked_for_counters(void **state)
{
	const uint32_t value[4] = {3, 0, 0, 0};
	uint64_t counter, regs[8];

	(void)state;
	assert_int_equal(med_vm_configure(sim.vms[0].vm, TENON_KEY_LIMIT_CALLS, value),
			 SMC_UNKNOWN_FUNCTION);
	assert_int_equal(med_vm_stat(sim.vms[0].vm, 5, &counter), SMC_UNKNOWN_FUNCTION);
	memcpy(sim.med.tee.os_uuid,
	       (uint32_t[]){TENON_OS_UUID_0, TENON_OS_UUID_1, TENON_OS_UUID_2, TENON_OS_UUID_3},
	       16);
	assert_true(med_tee_is_tenon(&sim.med));
	assert_int_equal(med_vm_configure(sim.vms[0].vm, TENON_KEY_LIMIT_CALLS, value), SMC_OK);
	guest_fast(0, SMC_GET_THREAD_COUNT, 0, regs);
	assert_int_equal(regs[1], 3);
	assert_int_equal(med_vm_stat(sim.vms[0].vm, 5, &counter), SMC_OK);
	assert_int_equal(counter, 0x100000006);
}

static void become_tenon(void)
{
	memcpy(sim.med.tee.os_uuid,
	       (uint32_t[]){TENON_OS_UUID_0, TENON_OS_UUID_1, TENON_OS_UUID_2, TENON_OS_UUID_3},
	       16);
}

static bool offers_notifications(struct med_vm *vm)
{
	struct med_vcpu vcpu = {0};
	uint64_t call[8] = {SMC_EXCHANGE_CAPABILITIES};

	assert_int_equal(med_handle(vm, &vcpu, call), MED_DONE);
	assert_int_equal(call[2], call[1] & SMC_CAP_ASYNC_NOTIF ? 77 : 0);
	return call[1] & SMC_CAP_ASYNC_NOTIF;
}

static void notifications_are_offered_to_whom_they_can_be_brought_NW134_NW135(void **state)
{
	struct med_limits limits = med_limits_default();
	uint64_t regs[8];
	uint32_t id;
	struct med_vm *of_another_tee;

	(void)state;
	/* A VM without an interrupt: neither the bit nor the calls, nor the commands. */
	guest_fast(0, SMC_EXCHANGE_CAPABILITIES, 0, regs);
	assert_false(regs[1] & SMC_CAP_ASYNC_NOTIF);
	assert_int_equal(guest_fast(0, SMC_ENABLE_ASYNC_NOTIF, 0, regs), SMC_UNKNOWN_FUNCTION);
	assert_int_equal(guest_fast(0, SMC_GET_ASYNC_NOTIF_VALUE, 0, regs), SMC_UNKNOWN_FUNCTION);
	limits.notifications = true;
	/* A TEE that cannot tell whom to interrupt. */
	assert_false(med_notify_next(&sim.med, &id));
	assert_int_equal(med_vm_create(&sim.med, 9, NULL, &limits, &of_another_tee), MED_OK);
	assert_false(offers_notifications(of_another_tee));
	while (med_vm_destroy_step(of_another_tee, NULL) == MED_AGAIN)
		;
	become_tenon();
	struct med_vm *vm;
	assert_int_equal(med_vm_create(&sim.med, 9, NULL, &limits, &vm), MED_OK);
	assert_true(offers_notifications(vm));
	struct med_vcpu vcpu = {0};
	uint64_t call[8] = {SMC_GET_ASYNC_NOTIF_VALUE};
	assert_int_equal(med_handle(vm, &vcpu, call), MED_DONE);
	assert_int_equal(tee.last_regs[7], 9);
	assert_int_equal(call[0], SMC_OK);
	assert_int_equal(call[1], 70);
	assert_int_equal(call[2], 3);
	assert_int_equal(call[3], 0);
	call[0] = SMC_ENABLE_ASYNC_NOTIF;
	assert_int_equal(med_handle(vm, &vcpu, call), MED_DONE);
	assert_int_equal(call[0] | call[1] | call[2] | call[3], 0);
	while (med_vm_destroy_step(vm, NULL) == MED_AGAIN)
		;
}

/* Attack row 29 */
static void the_vms_to_interrupt_are_named_one_by_one(void **state)
{
	uint32_t id = 0;

	(void)state;
	become_tenon();
	tee.notify = 2;
	assert_true(med_notify_next(&sim.med, &id));
	assert_int_equal(id, 2);
	assert_true(med_notify_next(&sim.med, &id));
	assert_int_equal(id, 1);
	assert_false(med_notify_next(&sim.med, &id));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, sim_setup, sim_teardown)
	const struct CMUnitTest tests[] = {
		T(every_call_carries_the_id_of_the_vm_NW160),
		T(identity_and_revision_are_exact_NW010_NW011),
		T(capabilities_are_filtered_and_all_four_registers_set_NW169_NW014),
		T(without_appended_messages_profile_b_is_offered_NW193_NW014),
		T(only_listed_calls_reach_the_tee_NW168),
		T(upper_halves_and_the_sve_hint_are_ignored_NW001_NW197),
		T(answers_have_zero_upper_halves_and_leave_a4_to_a7_NW002_NW196),
		T(shm_config_is_not_available_and_not_asked_NW170),
		T(thread_count_is_what_is_let_through_NW199_NW017),
		T(cache_calls_are_forwarded_NW015_NW016),
		T(a_vm_without_tee_gets_unknown_function_for_all_NW194),
		T(probe_tells_all_kinds_of_tee_apart_NW195),
		T(vm_creation_refuses_bad_arguments_and_a_tee_without_dynamic_memory_NW161),
		T(tenon_is_configured_and_asked_for_counters),
		T(notifications_are_offered_to_whom_they_can_be_brought_NW134_NW135),
		T(the_vms_to_interrupt_are_named_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
