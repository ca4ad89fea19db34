/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vCPUs of one VM on threads of their own: the same cookies, the same buffer for their messages,
 * each other's thread ids, and a kill in the middle of it. Pins and allocations must balance.
 * Attack rows 18, 22 and 24: names are looked up, taken, used and given back on several CPUs at
 * once.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <abi/msg.h>
#include <abi/smc.h>
#include "mediator.h"

#define VCPUS     4u
#define PAGES     64u
#define ROUNDS    20u
#define CALLS     2000u
#define PA_BASE   0x100000ull
#define SHARED    0xABC0000000000001ull
#define TEE_CALLS 4u

static uint8_t (*ram)[4096];
static uint32_t pins[PAGES];
static uint32_t allocations;
static uint32_t thread_used[TEE_CALLS];

static uint32_t count(uint32_t *counter, int32_t by)
{
	return __atomic_add_fetch(counter, by, __ATOMIC_SEQ_CST);
}

static bool page_alloc(struct med_page *page)
{
	page->va = aligned_alloc(4096, 4096);
	memset(page->va, 0, 4096);
	page->pa = (uint64_t)(uintptr_t)page->va;
	count(&allocations, 1);
	return true;
}

static void page_free(const struct med_page *page)
{
	free(page->va);
	count(&allocations, -1);
}

static void *mem_alloc(size_t size)
{
	count(&allocations, 1);
	return malloc(size);
}

static void mem_free(void *mem, size_t size)
{
	(void)size;
	free(mem);
	count(&allocations, -1);
}

static void lock(struct med_lock *lock)
{
	while (__atomic_exchange_n(&lock->opaque[0], 1, __ATOMIC_ACQUIRE) != 0)
		sched_yield();
}

static void unlock(struct med_lock *lock)
{
	__atomic_store_n(&lock->opaque[0], 0, __ATOMIC_RELEASE);
}

static bool page_pin(void *cookie, uint64_t ipa, uint64_t *pa)
{
	uint64_t index = (ipa - PA_BASE) / 4096;

	(void)cookie;
	if (ipa < PA_BASE || index >= PAGES)
		return false;
	count(&pins[index], 1);
	*pa = ipa;
	return true;
}

static void page_unpin(void *cookie, uint64_t pa)
{
	(void)cookie;
	count(&pins[(pa - PA_BASE) / 4096], -1);
}

static void *page_map(uint64_t pa)
{
	return ram[(pa - PA_BASE) / 4096];
}

static void page_unmap(void *va)
{
	(void)va;
}

static bool preempt_pending(void)
{
	static uint32_t asked;

	return count(&asked, 1) % 3 == 0;
}

/* Every other call is interrupted once; ids are unique among the suspended. */
static void smc(uint64_t regs[8])
{
	static uint32_t turn;
	uint32_t function = (uint32_t)regs[0];

	regs[0] = SMC_OK;
	if (function == SMC_CALL_WITH_RPC_ARG || function == SMC_CALL_WITH_ARG) {
		struct msg_header *header = (void *)(uintptr_t)(regs[1] << 32 | regs[2]);
		uint32_t id;

		header->ret = 0;
		if (count(&turn, 1) % 2 != 0)
			return;
		for (id = 0; __atomic_exchange_n(&thread_used[id], 1, __ATOMIC_SEQ_CST) != 0;)
			id = (id + 1) % TEE_CALLS;
		regs[0] = SMC_RPC_FOREIGN_INTR;
		regs[3] = id;
	} else if (function == SMC_RETURN_FROM_RPC) {
		__atomic_store_n(&thread_used[regs[3]], 0, __ATOMIC_SEQ_CST);
	} else if (function == SMC_CALLS_UID) {
		regs[0] = SMC_UID_0;
		regs[1] = SMC_UID_1;
		regs[2] = SMC_UID_2;
		regs[3] = SMC_UID_3;
	} else if (function == SMC_CALLS_REVISION) {
		regs[0] = SMC_REVISION_MAJOR;
		regs[1] = 0;
	} else if (function == SMC_EXCHANGE_CAPABILITIES) {
		regs[1] = SMC_CAP_DYNAMIC_SHM | SMC_CAP_RPC_ARG | SMC_CAP_VIRTUALIZATION;
		regs[3] = 4;
	} else if (function == SMC_GET_THREAD_COUNT) {
		regs[1] = TEE_CALLS;
	}
}

static const struct med_host host = {
	.smc = smc,
	.page_alloc = page_alloc,
	.page_free = page_free,
	.mem_alloc = mem_alloc,
	.mem_free = mem_free,
	.lock = lock,
	.unlock = unlock,
	.page_pin = page_pin,
	.page_unpin = page_unpin,
	.page_map = page_map,
	.page_unmap = page_unmap,
	.preempt_pending = preempt_pending,
};

static struct med_vm *vm;

struct vcpu {
	pthread_t thread;
	uint32_t index;
	uint32_t done;
	struct med_vcpu med;
};

/* False once the VM is dying. */
static bool handle(struct vcpu *vcpu, uint64_t regs[8])
{
	for (uint32_t i = 0; i < 1000; i++) {
		if (med_handle(vm, &vcpu->med, regs) == MED_DONE)
			return true;
	}
	return false;
}

static void *page_of(uint32_t index)
{
	return ram[index];
}

static uint64_t pa_of(uint32_t index)
{
	return PA_BASE + index * 4096ull;
}

/* A message in the vCPU's own page. */
static void put_message(struct vcpu *vcpu, uint32_t cmd, uint64_t attr, uint64_t pointer,
			uint64_t size, uint64_t ref)
{
	struct msg_header *header = page_of(vcpu->index);
	struct msg_param *param = (struct msg_param *)(header + 1);

	memset(header, 0, 64);
	header->cmd = cmd;
	header->num_params = 1;
	param->attr = attr;
	param->u.tmem = (struct msg_tmem){pointer, size, ref};
}

static void *vcpu_run(void *argument)
{
	struct vcpu *vcpu = argument;
	uint64_t own = pa_of(vcpu->index);
	uint64_t *list = page_of(VCPUS + vcpu->index);

	for (uint32_t i = 0; i < PAGES / 2; i++)
		list[i] = pa_of(PAGES / 2 + i);
	for (uint32_t i = 0; i < CALLS; i++) {
		uint64_t regs[8] = {SMC_CALL_WITH_ARG, own >> 32, own & 0xFFFFFFFF};
		uint32_t slot = 8 * 32 * vcpu->index;

		switch ((i + vcpu->index) % 5) {
		case 0:
			put_message(vcpu, MSG_CMD_REGISTER_SHM, MSG_ATTR_SHM_LIST,
				    pa_of(VCPUS + vcpu->index), PAGES / 2 * 4096, SHARED);
			break;
		case 3:
			put_message(vcpu, MSG_CMD_UNREGISTER_SHM, MSG_ATTR_RMEM_IN, 0, 0, SHARED);
			break;
		case 4:
			put_message(vcpu, MSG_CMD_INVOKE_COMMAND,
				    MSG_ATTR_TMEM_INOUT | MSG_ATTR_NONCONTIG,
				    pa_of(VCPUS + vcpu->index), 5 * 4096, 0);
			break;
		default:
			/* a slot in the shared buffer, while others register and unregister it */
			memset((uint8_t *)page_of(PAGES / 2) + slot, 0, 32);
			*(uint32_t *)((uint8_t *)page_of(PAGES / 2) + slot) =
				MSG_CMD_INVOKE_COMMAND;
			regs[0] = SMC_CALL_WITH_REGD_ARG;
			regs[1] = SHARED >> 32;
			regs[2] = SHARED & 0xFFFFFFFF;
			regs[3] = slot;
			break;
		}
		if (!handle(vcpu, regs))
			return NULL;
		vcpu->done++;
		/* whoever finds a suspended call resumes it */
		for (uint32_t id = 0; id < TEE_CALLS; id++) {
			uint64_t resume[8] = {SMC_RETURN_FROM_RPC, 0, 0, id};

			if (!handle(vcpu, resume))
				return NULL;
		}
	}
	return NULL;
}

static void vcpus_of_one_vm_run_and_die_together_NW036_NW187(void **state)
{
	struct med_limits limits = med_limits_default();
	struct med_counters left;
	struct med med;
	uint32_t done = 0;

	(void)state;
	ram = calloc(PAGES, sizeof(*ram));
	assert_int_equal(med_init(&med, &host), MED_OK);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		struct vcpu vcpus[VCPUS];

		memset(vcpus, 0, sizeof(vcpus));
		memset(thread_used, 0, sizeof(thread_used));
		assert_int_equal(med_vm_create(&med, 1, NULL, &limits, &vm), MED_OK);
		for (uint32_t i = 0; i < VCPUS; i++) {
			vcpus[i].index = i;
			pthread_create(&vcpus[i].thread, NULL, vcpu_run, &vcpus[i]);
		}
		/* every second round they are killed on the way */
		if (round % 2 != 0) {
			struct med_call_info info[VCPUS];

			for (uint32_t i = 0; i < 40 * round; i++) {
				(void)med_vm_calls(vm, info, VCPUS);
				sched_yield();
			}
			med_vm_kill(vm);
		}
		for (uint32_t i = 0; i < VCPUS; i++) {
			pthread_join(vcpus[i].thread, NULL);
			done += vcpus[i].done;
			if (round % 2 == 0)
				assert_int_equal(vcpus[i].done, CALLS);
		}
		while (med_vm_destroy_step(vm, &left) != MED_DONE)
			;
		assert_int_equal(left.calls | left.buffers | left.pages | left.shadow_pages, 0);
		assert_int_equal(allocations, 0);
		for (uint32_t i = 0; i < PAGES; i++)
			assert_int_equal(pins[i], 0);
	}
	assert_true(done >= ROUNDS / 2 * VCPUS * CALLS);
	free(ram);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vcpus_of_one_vm_run_and_die_together_NW036_NW187),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
