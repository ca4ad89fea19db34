/* SPDX-License-Identifier: BSD-2-Clause */
/* The death of a VM, in the order of NW-186, and the triggers that begin it. */
#include <console/console.h>
#include <tee/tee.h>
#include <vm/internal.h>
#include <vm/vm.h>

#define FREE_BUDGET 64u /* pages between two looks at the clock */
#define RETRY_HZ    10u
#define DRAIN_HZ    5u

static uint64_t ticks_to_us(uint64_t ticks)
{
	return ticks * 1000 / (arch_time_hz() / 1000);
}

static void announce(const struct vm *vm)
{
	if (vm->trigger.fired)
		console_line("event: killed %u hit %s calls %u took %lu", vm->number,
			     kill_state_name(vm->trigger.hit), vm->trigger.calls,
			     ticks_to_us(arch_time() - vm->death));
	if (vm->created)
		console_line("event: destroyed %u", vm->number);
}

/* Last: from here on the number can be used again. */
static enum task_result phase_free(struct vm *vm)
{
	unsigned number = vm->number;

	if (!vm_table_remove(vm))
		return TASK_AGAIN;
	/* Only now: until then a command could arm the trigger. */
	timer_cancel(&vm->trigger.timer);
	announce(vm);
	for (unsigned i = 0; i < vm->node->cpus; i++)
		heap_free(vm->vcpus[i]);
	heap_free(vm->uart);
	heap_free(vm);
	command_vm_destroyed(number);
	return TASK_DONE;
}

/* What it wrote last is worth a moment, but not more. */
static enum task_result phase_drain(struct vm *vm)
{
	if (!vm->cursor)
		vm->cursor = arch_time() + arch_time_hz() / DRAIN_HZ;
	if (vuart_written(vm->uart) && arch_time() < vm->cursor) {
		console_vm_output(vm->number);
		return TASK_AGAIN;
	}
	return vm_phase_next(vm, phase_free);
}

static enum task_result phase_memory(struct vm *vm)
{
	uint64_t since = arch_time();

	while (!stage2_free_step(&vm->stage2, &vm->cursor, FREE_BUDGET))
		if (vm_job_pause(since))
			return TASK_AGAIN;
	return vm_phase_next(vm, phase_drain);
}

static void retry(struct timer *timer)
{
	struct vm_trigger *trigger = container_of(timer, struct vm_trigger, timer);

	sched_wake(&container_of(trigger, struct vm, trigger)->job);
}

static enum task_result phase_tee(struct vm *vm)
{
	enum med_result result =
		vm->tee_ending ? med_vm_destroy_step(vm->tee_ending, NULL) : MED_DONE;

	if (result == MED_STUCK) {
		/* The TEE does not let go: the memory stays where it is, and it is asked again. */
		timer_cancel(&vm->trigger.timer);
		vm->trigger.timer.expire = retry;
		timer_start(&vm->trigger.timer, arch_time() + arch_time_hz() / RETRY_HZ);
		return TASK_SLEEP;
	}
	if (result == MED_AGAIN)
		return TASK_AGAIN;
	vm->tee_ending = NULL;
	arch_tlb_flush_vm(vm->stage2.root, vm->number);
	return vm_phase_next(vm, phase_memory);
}

/* A command of the console may be looking at its calls. */
static enum task_result phase_retire(struct vm *vm)
{
	return vm_tee_retire(vm) ? vm_phase_next(vm, phase_tee) : TASK_AGAIN;
}

enum task_result vm_phase_stop(struct vm *vm)
{
	bool stopped = true;

	if (vm->trigger.fired && vm->trigger.hit == KILL_NEVER)
		vm->trigger.hit = vm_kill_snapshot(vm, &vm->trigger.calls);
	if (vm->tee)
		med_vm_kill(vm->tee);
	/* Whoever was about to start a vCPU when the state changed has done so after this. */
	lock_acquire(&vm->lock);
	lock_release(&vm->lock);
	for (unsigned i = 0; i < vm->node->cpus; i++) {
		__atomic_fetch_or(&vm->vcpus[i]->requests, REQUEST_STOP, __ATOMIC_RELEASE);
		if (!sched_stop(&vm->vcpus[i]->item))
			stopped = false;
		else
			timer_cancel(&vm->vcpus[i]->wake);
	}
	if (!stopped)
		return TASK_AGAIN;
	console_vm_output(vm->number);
	return vm_phase_next(vm, phase_retire);
}

void vm_destroy(struct vm *vm)
{
	if (__atomic_exchange_n(&vm->state, VM_DYING, __ATOMIC_ACQ_REL) != VM_DYING) {
		for (unsigned i = 0; i < vm->node->cpus; i++)
			vcpu_request(vm->vcpus[i], REQUEST_STOP);
	}
	sched_wake(&vm->job);
}

enum kill_state vm_kill_snapshot(struct vm *vm, uint32_t *calls)
{
	struct med_call_info infos[8];
	struct med_vm *tee = vm_tee(vm);
	uint32_t count = tee ? med_vm_calls(tee, infos, ARRAY_SIZE(infos)) : 0;
	enum kill_state state = KILL_NONE;

	*calls = count;
	for (uint32_t i = 0; i < count && i < ARRAY_SIZE(infos); i++) {
		enum kill_state one = kill_state_of(&infos[i]);

		/* Of several, the one in the TEE, else the first. */
		if (one == KILL_RUNNING || state == KILL_NONE)
			state = one;
	}
	return state;
}

/* The deadline of a trigger has come. Timer lock held: the mediator may not be asked here. */
static void trigger_expire(struct timer *timer)
{
	struct vm_trigger *trigger = container_of(timer, struct vm_trigger, timer);
	struct vm *vm = container_of(trigger, struct vm, trigger);

	trigger->fired = true;
	for (unsigned i = 0; i < vm->node->cpus; i++) {
		const struct vcpu *vcpu = vm->vcpus[i];

		/* In the TEE now, or until this very interrupt took it out. */
		if (vcpu->in_tee || (vcpu->tee_entered && vcpu->tee_entered <= timer->deadline &&
				     timer->deadline <= vcpu->tee_left)) {
			trigger->hit = KILL_RUNNING;
			trigger->calls++;
		}
	}
	vm_destroy(vm);
}

/* The trigger is taken: run it now or after its delay. */
static void fire(struct vm *vm, enum kill_state state, uint32_t calls)
{
	struct vm_trigger *trigger = &vm->trigger;

	if (trigger->delay || state == KILL_RUNNING) {
		timer_start(&trigger->timer, arch_time() + trigger->delay);
		return;
	}
	trigger->hit = state;
	trigger->calls = calls;
	trigger->fired = true;
	vm_destroy(vm);
}

static bool take_trigger(struct vm *vm, enum kill_state state)
{
	uint32_t wanted = vm->trigger.wanted;

	return kill_state_matches((enum kill_state)wanted, state) &&
	       __atomic_compare_exchange_n(&vm->trigger.wanted, &wanted, KILL_NEVER, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

void vm_kill_look(struct vm *vm, enum kill_state state)
{
	struct med_vm *tee = vm_tee(vm);
	uint32_t calls = tee ? med_vm_calls(tee, NULL, 0) : 0;

	if (state == KILL_NONE && calls)
		return;
	if (take_trigger(vm, state))
		fire(vm, state, calls);
}

void vm_kill_entering(struct vm *vm)
{
	if (take_trigger(vm, KILL_RUNNING))
		fire(vm, KILL_RUNNING, 1);
}

void vm_kill_arm(struct vm *vm, enum kill_state wanted, uint64_t delay_us)
{
	struct med_call_info infos[16];
	struct med_vm *tee = vm_tee(vm);
	uint32_t count = tee ? med_vm_calls(tee, infos, ARRAY_SIZE(infos)) : 0;

	/* Its timer may be the job's by now; and there is nothing left to trigger. */
	if (__atomic_load_n(&vm->state, __ATOMIC_ACQUIRE) == VM_DYING)
		return;
	timer_cancel(&vm->trigger.timer);
	vm->trigger.timer.expire = trigger_expire;
	vm->trigger.delay = delay_us * (arch_time_hz() / 1000) / 1000;
	__atomic_store_n(&vm->trigger.wanted, wanted, __ATOMIC_RELEASE);
	if (wanted == KILL_ANY && !count) {
		if (take_trigger(vm, KILL_NONE))
			fire(vm, KILL_NONE, 0);
		return;
	}
	if (!count)
		vm_kill_look(vm, KILL_NONE);
	for (uint32_t i = 0; i < count && i < ARRAY_SIZE(infos); i++)
		if (take_trigger(vm, kill_state_of(&infos[i])))
			fire(vm, kill_state_of(&infos[i]), count);
}
