/* SPDX-License-Identifier: BSD-2-Clause */
/* Lives of a VM from node to nothing, with the scheduler's clock in the test's hand. */
#include <arch/arch.h>
#include <console/console.h>
#include <lib/test.h>
#include <psci/psci.h>
#include <tee/tee.h>
#include <vm/vm.h>

#define PAGES      256u
#define MEMORY_KIB 128u
#define RAM_SIZE   (MEMORY_KIB * 1024u)
#define DTB_SIZE   0x4000u /* as in create.c */

/* An arm64 Image. */
static struct {
	uint64_t code, text_offset, image_size, flags, reserved[3];
	uint32_t magic, reserved2;
} image = {.image_size = 0x4000, .magic = 0x644D5241};
static uint8_t ramdisk[2 * PAGE_SIZE];

static struct vm_node node;
static struct page records[PAGES];
static void *memory;
static struct med_vm *const the_tee = (struct med_vm *)(void *)&node; /* opaque */
static enum med_result destroy_answer;
static unsigned destroy_steps, destroyed;

/* ---- the mediator, as far as death needs it ---- */

const char *tee_vm_create(struct vm *vm)
{
	vm->tee = the_tee;
	return NULL;
}

bool tee_present(void)
{
	return true;
}

void med_vm_kill(struct med_vm *tee)
{
	assert_ptr_equal(tee, the_tee);
}

enum med_result med_vm_destroy_step(struct med_vm *tee, struct med_counters *left)
{
	(void)left;
	assert_ptr_equal(tee, the_tee);
	destroy_steps++;
	return destroy_answer;
}

uint32_t med_vm_calls(struct med_vm *tee, struct med_call_info *out, uint32_t max)
{
	(void)out, (void)max;
	assert_ptr_equal(tee, the_tee);
	return 0;
}

void command_vm_destroyed(unsigned number)
{
	(void)number;
	destroyed++;
}

/* ---- what has no part in it ---- */

void tee_guest_call(struct vcpu *vcpu)
{
	(void)vcpu;
}

bool psci_call(struct vcpu *vcpu, uint32_t id)
{
	(void)vcpu, (void)id;
	return false;
}

void vcpu_request(struct vcpu *vcpu, enum vcpu_request request)
{
	(void)vcpu, (void)request;
}

void command_vm_created(unsigned number)
{
	(void)number;
}

void command_vm_failed(unsigned number, const char *why)
{
	(void)number, (void)why;
	fail();
}

void console_line(const char *fmt, ...)
{
	(void)fmt;
}

void console_vm_output(unsigned number)
{
	(void)number;
}

void arch_cache_clean(const void *p, size_t size)
{
	(void)p, (void)size;
}

void arch_tlb_flush_vm(struct paddr root, unsigned vmid)
{
	(void)root, (void)vmid;
}

void arch_vcpu_reset(struct vcpu *vcpu, uint64_t entry, uint64_t x0)
{
	(void)vcpu, (void)entry, (void)x0;
}

void arch_vgic_refresh(struct vcpu *vcpu)
{
	(void)vcpu;
}

void arch_vgic_collect(struct vcpu *vcpu)
{
	(void)vcpu;
}

/* ---- the tests ---- */

static int setup(void **state)
{
	(void)state;
	memset(cpus, 0, sizeof(cpus));
	host_cpu = &cpus[0];
	host_time = 1;
	sched_init();
	node = (struct vm_node){.name = "one", .bootargs = "", .cpus = 1, .memory_kib = MEMORY_KIB};
	node.kernel = (struct vm_module){(uintptr_t)&image, sizeof(image)};
	node.ramdisk = (struct vm_module){(uintptr_t)ramdisk, sizeof(ramdisk)};
	image.image_size = 0x4000;
	destroy_answer = MED_DONE;
	destroy_steps = destroyed = 0;
	return 0;
}

/* One pool for all tests: the heap keeps pages of it. */
static int open_pool(void **state)
{
	(void)state;
	memory = test_pool_open(&host_pages, records, PAGES);
	return 0;
}

static int close_pool(void **state)
{
	(void)state;
	free(memory);
	return 0;
}

/* Runs jobs until none is left to run, or so many steps. */
static void run_jobs(unsigned most)
{
	struct sched_item *item;

	while (most-- > 0 && (item = sched_pick(host_cpu))) {
		enum task_result result = TASK_SLEEP;

		host_time += 1000;
		if (item->step)
			result = item->step(item);
		if (result != TASK_DONE)
			sched_put(host_cpu, item,
				  result == TASK_AGAIN ? ITEM_QUEUED : ITEM_BLOCKED);
	}
	host_cpu->current = NULL;
}

/* A VM that runs, held. */
static struct vm *make(void)
{
	unsigned number = 0;
	struct vm *vm;

	assert_null(vm_create(&node, &number));
	run_jobs(1000);
	vm = vm_get(number);
	assert_non_null(vm);
	assert_int_equal(vm->state, VM_RUNNING);
	assert_ptr_equal(vm_tee(vm), the_tee);
	return vm;
}

static void what_a_vm_had_comes_back_and_its_number_is_free(void **state)
{
	unsigned number = 0;
	uint32_t free_before = 0;

	(void)state;
	for (unsigned life = 0; life < 3; life++) {
		struct vm *vm = make();

		number = vm->number;
		vm_destroy(vm);
		vm_put(vm);
		run_jobs(1000);
		assert_int_equal(destroyed, life + 1);
		assert_null(vm_get(number));
		/* The heap keeps the pages that it needed once. */
		if (life > 0)
			assert_int_equal(page_free_count(&host_pages), free_before);
		free_before = page_free_count(&host_pages);
	}
}

/* The console's commands hold a VM while they ask the mediator about it. */
static void who_holds_a_vm_keeps_what_the_mediator_has_of_it(void **state)
{
	struct vm *vm = make(), *later;

	(void)state;
	vm_destroy(vm);
	run_jobs(100);
	assert_int_equal(destroy_steps, 0);
	later = vm_get(vm->number);
	assert_ptr_equal(later, vm);
	assert_null(vm_tee(later));
	vm_put(later);
	run_jobs(100);
	assert_int_equal(destroy_steps, 0);
	vm_put(vm);
	run_jobs(1000);
	assert_int_equal(destroy_steps, 1);
	assert_int_equal(destroyed, 1);
}

static void a_trigger_that_is_armed_too_late_does_not_stop_a_stuck_death(void **state)
{
	struct vm *vm = make();

	(void)state;
	destroy_answer = MED_STUCK;
	vm_destroy(vm);
	vm_put(vm);
	run_jobs(1000);
	assert_int_equal(destroy_steps, 1);
	assert_ptr_equal(vm_get(vm->number), vm);
	vm_kill_arm(vm, KILL_RPC, 0);
	vm_put(vm);
	destroy_answer = MED_DONE;
	host_time += arch_time_hz();
	sched_timer_interrupt(host_cpu);
	run_jobs(1000);
	assert_int_equal(destroy_steps, 2);
	assert_int_equal(destroyed, 1);
	assert_true(list_empty(&host_cpu->timers));
}

static void a_trigger_whose_vm_dies_before_it_fires_is_gone(void **state)
{
	struct vm *vm = make();

	(void)state;
	vm_kill_arm(vm, KILL_ANY, 1000000);
	assert_false(list_empty(&host_cpu->timers));
	vm_destroy(vm);
	vm_put(vm);
	run_jobs(1000);
	assert_int_equal(destroyed, 1);
	assert_true(list_empty(&host_cpu->timers));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		TEST(what_a_vm_had_comes_back_and_its_number_is_free),
		TEST(who_holds_a_vm_keeps_what_the_mediator_has_of_it),
		TEST(a_trigger_that_is_armed_too_late_does_not_stop_a_stuck_death),
		TEST(a_trigger_whose_vm_dies_before_it_fires_is_gone),
	};

	return cmocka_run_group_tests(tests, open_pool, close_pool);
}
