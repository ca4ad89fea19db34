/* SPDX-License-Identifier: BSD-2-Clause */
/* How much is done at once for the TEE's interrupt, and what counts as being in the TEE. */
#include <abi/smc.h>
#include <arch/arch.h>
#include <lib/test.h>
#include <platform/platform.h>
#include <tee/tee.h>
#include <vm/vm.h>

#define ENDLESS      ~0u
#define AT_ONCE_MOST 64u
#define A_STEP_MOST  16u
#define MILLISECOND  62500u /* ticks */

const unsigned platform_tee_intid = 219;

static const struct med_host *med_host;
static struct vm vm;
static struct vm_node node;
static unsigned to_tell; /* names that the TEE has */
static unsigned asks, kicks, holds;
static bool is_on; /* the interrupt */

/* ---- the mediator, VMs and machine that tee.c talks to ---- */

enum med_status med_init(struct med *med, const struct med_host *host)
{
	(void)med;
	med_host = host;
	return MED_OK;
}

bool med_notify_next(const struct med *med, uint32_t *vm_id)
{
	(void)med;
	asks++;
	if (to_tell == 0)
		return false;
	if (to_tell != ENDLESS)
		to_tell--;
	*vm_id = vm.number;
	return true;
}

struct vm *vm_get(unsigned number)
{
	if (number != vm.number)
		return NULL;
	holds++;
	return &vm;
}

void vm_put(struct vm *one)
{
	assert_ptr_equal(one, &vm);
	holds--;
}

void vm_kick(struct vm *one, uint32_t mask)
{
	assert_ptr_equal(one, &vm);
	(void)mask;
	kicks++;
}

void arch_irq_enable(unsigned intid, bool enabled)
{
	assert_int_equal(intid, platform_tee_intid);
	is_on = enabled;
}

void arch_smc(uint64_t regs[8])
{
	host_time += 10;
	regs[0] = SMC_OK;
}

void vm_kill_entering(struct vm *one)
{
	(void)one;
	fail();
}

void vm_kill_look(struct vm *one, enum kill_state state)
{
	(void)one;
	(void)state;
	fail();
}

/* ---- what no test here comes to ---- */

bool med_tee_is_tenon(const struct med *med)
{
	(void)med;
	return false;
}

struct med_limits med_limits_default(void)
{
	return (struct med_limits){0};
}

enum med_status med_vm_create(struct med *med, uint32_t vm_id, void *cookie,
			      const struct med_limits *limits, struct med_vm **out)
{
	(void)med, (void)vm_id, (void)cookie, (void)limits, (void)out;
	return MED_NO_TEE;
}

uint32_t med_vm_configure(struct med_vm *one, uint32_t key, const uint32_t value[4])
{
	(void)one, (void)key, (void)value;
	return SMC_UNKNOWN_FUNCTION;
}

enum med_result med_handle(struct med_vm *one, struct med_vcpu *vcpu, uint64_t regs[8])
{
	(void)one, (void)vcpu, (void)regs;
	return MED_DONE;
}

void med_vm_counters(struct med_vm *one, struct med_counters *out)
{
	(void)one, (void)out;
}

uint32_t med_tee_stat(const struct med *med, uint32_t vm_id, uint32_t counter, uint64_t *value)
{
	(void)med, (void)vm_id, (void)counter, (void)value;
	return SMC_UNKNOWN_FUNCTION;
}

uint32_t med_trace(const struct med *med, uint32_t operation, uint64_t value, uint32_t out[3])
{
	(void)med, (void)operation, (void)value, (void)out;
	return SMC_UNKNOWN_FUNCTION;
}

/* ---- the tests ---- */

static int setup(void **state)
{
	(void)state;
	memset(cpus, 0, sizeof(cpus));
	host_cpu = &cpus[0];
	host_time += 1000 * MILLISECOND; /* whatever the last test used up */
	memset(&vm, 0, sizeof(vm));
	node.cpus = 1;
	vm.node = &node;
	vm.number = 1;
	vgic_init(&vm.vgic, 1);
	to_tell = asks = kicks = holds = 0;
	is_on = true;
	sched_init();
	tee_init();
	return 0;
}

/* Gives the task of the notifications its step, with @meanwhile before it has gone to sleep. */
static enum task_result step(void (*meanwhile)(void))
{
	struct sched_item *item = sched_pick(host_cpu);
	enum task_result result;

	assert_non_null(item);
	result = item->step(item);
	if (meanwhile)
		meanwhile();
	sched_put(host_cpu, item, result == TASK_AGAIN ? ITEM_QUEUED : ITEM_BLOCKED);
	return result;
}

static void a_vm_is_told_within_the_interrupt(void **state)
{
	(void)state;
	to_tell = 2;
	tee_interrupt();
	assert_int_equal(kicks, 2);
	assert_int_equal(holds, 0);
	assert_int_equal(to_tell, 0);
	assert_true(is_on);
	assert_false(sched_waiting());
}

/* I3: a guest on another CPU that makes the TEE raise its interrupt for ever. */
static void an_interrupt_without_end_is_left_to_a_task_in_steps(void **state)
{
	(void)state;
	to_tell = ENDLESS;
	tee_interrupt();
	assert_in_range(asks, 1, AT_ONCE_MOST);
	assert_false(is_on);
	for (unsigned i = 0; i < 5; i++) {
		asks = 0;
		assert_int_equal(step(NULL), TASK_AGAIN);
		assert_in_range(asks, 1, A_STEP_MOST);
		assert_false(is_on);
	}
	to_tell = 3;
	assert_int_equal(step(NULL), TASK_SLEEP);
	assert_int_equal(to_tell, 0);
	assert_true(is_on);
	assert_false(sched_waiting());
}

static void interrupts_that_follow_each_other_are_counted_together(void **state)
{
	unsigned taken = 0;

	(void)state;
	for (; is_on; taken++) {
		assert_true(taken < AT_ONCE_MOST);
		to_tell = 1;
		tee_interrupt();
	}
	assert_in_range(asks, 1, AT_ONCE_MOST);
	assert_int_equal(step(NULL), TASK_SLEEP);
	assert_true(is_on);
	assert_int_equal(to_tell, 0);
	/* Later it is like at the beginning. */
	host_time += 2 * MILLISECOND;
	to_tell = 1;
	tee_interrupt();
	assert_int_equal(to_tell, 0);
	assert_true(is_on);
}

static void once_more(void)
{
	to_tell = 1;
	tee_interrupt();
	assert_false(is_on);
}

/* The task has turned it on and not gone to sleep yet: it comes, and is left to the task. */
static void an_interrupt_as_the_task_ends_makes_it_run_again(void **state)
{
	(void)state;
	to_tell = AT_ONCE_MOST;
	tee_interrupt();
	assert_int_equal(step(once_more), TASK_SLEEP);
	assert_true(sched_waiting());
	assert_int_equal(step(NULL), TASK_SLEEP);
	assert_int_equal(to_tell, 0);
	assert_true(is_on);
	assert_false(sched_waiting());
}

/* What triggers go by; NOTIFY_NEXT is asked while any guest's vCPU is loaded. */
static void only_yielding_calls_are_time_in_the_tee(void **state)
{
	uint64_t fast[8] = {SMC_ENABLE_ASYNC_NOTIF}, yielding[8] = {SMC_CALL_WITH_ARG};
	struct vcpu vcpu = {.vm = &vm};

	(void)state;
	host_cpu->vcpu = &vcpu;
	med_host->smc(fast);
	assert_int_equal(vcpu.tee_entered, 0);
	assert_int_equal(vcpu.tee_left, 0);
	med_host->smc(yielding);
	assert_int_equal(vcpu.tee_left, vcpu.tee_entered + 10);
	assert_false(vcpu.in_tee);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		TEST(a_vm_is_told_within_the_interrupt),
		TEST(an_interrupt_without_end_is_left_to_a_task_in_steps),
		TEST(interrupts_that_follow_each_other_are_counted_together),
		TEST(an_interrupt_as_the_task_ends_makes_it_run_again),
		TEST(only_yielding_calls_are_time_in_the_tee),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
