/* SPDX-License-Identifier: BSD-2-Clause */
/* Lives of VMs: born, killed at any point, taken to pieces. */
#include <string.h>

#include "sim/lock.h"
#include "sim/sim.h"

static void reap(struct fiber *fiber);

static bool any_vcpu_runs(const struct vm *vm)
{
	for (unsigned i = 0; i < SIM_VCPUS; i++) {
		if (vm->vcpus[i].running)
			return true;
	}
	return false;
}

static void kill(struct vm *vm)
{
	struct med_call_info info[4];
	uint32_t calls = med_vm_calls(vm->med, info, 4);

	summary.kills++;
	summary.kills_in[calls ? info[0].phase : MED_PHASE_NONE]++;
	event("kill %u with %u calls", vm->number, calls);
	vm->state = VM_DYING;
	med_vm_kill(vm->med);
}

/* The order of death: vCPUs first, then what the TEE and the mediator have, then the memory. */
static void reap(struct fiber *fiber)
{
	struct vm *vm = fiber->vm;
	struct med_counters left;
	unsigned stuck = 0;
	enum med_result result;

	do {
		point();
		result = med_vm_destroy_step(vm->med, &left);
		if (result == MED_STUCK && ++stuck > 1000)
			broken("the TEE does not let go of guest %u", vm->number);
	} while (result != MED_DONE);
	if (left.calls || left.buffers || left.pages || left.rpc_buffers || left.shadow_pages)
		broken("I1: the mediator keeps something of guest %u", vm->number);
	world_free(vm);
	event("gone %u", vm->number);
	summary.lives++;
	if (vm->registered && vm->opened && vm->invoked >= 3 && vm->served > 0)
		summary.lifetimes++;
	vm->state = VM_ABSENT;
	lock_holder_gone(vm);
}

static void give_birth(struct vm *vm)
{
	int cpu = cpu_free();
	struct fiber reaper = vm->reaper, vcpus[SIM_VCPUS];

	if (cpu < 0)
		return;
	memcpy(vcpus, vm->vcpus, sizeof(vcpus));
	*vm = (struct vm){.number = (uint32_t)(vm - vms) + 1, .next_cookie = 0x1000};
	vm->reaper.stack = reaper.stack;
	for (unsigned i = 0; i < SIM_VCPUS; i++)
		vm->vcpus[i].stack = vcpus[i].stack;
	vm->lies = below(100) < options.lie_chance;
	vm->real = below(100) < options.real_chance;
	vm->secret = (uint8_t)(1 + below(255));
	host_cpu = (unsigned)cpu;
	if (!world_create(vm))
		return; /* no memory for it now */
	event("born %u%s%s", vm->number, vm->lies ? " liar" : "", vm->real ? " real" : "");
	vm->state = VM_LIVING;
	for (unsigned i = 0; i < SIM_VCPUS; i++)
		fiber_begin(&vm->vcpus[i], vm, i, guest_body);
}

/* Its death begins when it was killed, or has done all it had to do. */
static void look_after(struct vm *vm, bool finishing)
{
	if (vm->state == VM_LIVING && (!any_vcpu_runs(vm) || vm->doomed || finishing))
		kill(vm);
	if (vm->state == VM_DYING && !vm->reaper.running && !any_vcpu_runs(vm))
		fiber_begin(&vm->reaper, vm, 0, reap);
}

static struct fiber *pick(struct vm *vm)
{
	unsigned first = below(SIM_VCPUS);

	if (vm->reaper.running)
		return &vm->reaper;
	for (unsigned i = 0; i < SIM_VCPUS; i++) {
		struct fiber *fiber = &vm->vcpus[(first + i) % SIM_VCPUS];
		if (fiber->running)
			return fiber;
	}
	return NULL;
}

/* The hypervisor takes the interrupt of notifications and raises the VMs' own. */
static void forward_notifications(void)
{
	static unsigned seen;
	int cpu = cpu_free();
	uint32_t id;

	if (host_notify_raised == seen || cpu < 0)
		return;
	seen = host_notify_raised;
	host_cpu = (unsigned)cpu;
	while (med_notify_next(&mediator, &id)) {
		if (id == 0 || id > options.guests)
			broken("VM %u is to be interrupted, and there is none", id);
		vms[id - 1].interrupt = true;
	}
}

bool life_turn(struct vm *vm, bool finishing)
{
	forward_notifications();
	if (vm->state == VM_ABSENT && !finishing)
		give_birth(vm);
	if (vm->state == VM_ABSENT)
		return true;
	if (vm->state == VM_LIVING && chance(options.kill_chance))
		kill(vm);
	look_after(vm, finishing);
	struct fiber *fiber = pick(vm);
	if (fiber)
		fiber_run(fiber);
	check_point();
	return false;
}
