/* SPDX-License-Identifier: BSD-2-Clause */
/* Fibers on CPUs, and everything that is left to chance. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/lib/spinlock.h"
#include "sim/sim.h"

#define EVENTS 48u

struct summary summary;

static struct arch_context scheduler;
static struct fiber *current;
static uint64_t random_state;
static bool cpu_taken[HOST_CPUS];
static bool finishing; /* no new lives */
static char events[EVENTS][120];
static unsigned event_count;

uint64_t random64(void)
{
	/* xorshift64*; the same everywhere */
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545F4914F6CDD1Dull;
}

uint32_t below(uint32_t bound)
{
	return (uint32_t)((random64() >> 32) * bound >> 32);
}

bool chance(uint32_t of_65536)
{
	return (random64() >> 48) < of_65536;
}

void event(const char *format, ...)
{
	char *line = events[event_count++ % EVENTS];
	va_list args;
	int used = snprintf(line, sizeof(events[0]), "%llu ", (unsigned long long)summary.points);

	va_start(args, format);
	vsnprintf(line + used, sizeof(events[0]) - (size_t)used, format, args);
	va_end(args);
	if (options.trace)
		fprintf(stderr, "%s\n", line);
}

void broken(const char *format, ...)
{
	va_list args;

	fprintf(stderr,
		"\ntenon-sim: broken after %llu points: ", (unsigned long long)summary.points);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nlast events:\n");
	for (unsigned i = event_count > EVENTS ? event_count - EVENTS : 0; i < event_count; i++)
		fprintf(stderr, "  %s\n", events[i % EVENTS]);
	fprintf(stderr, "again: tenon-sim --seed %llu --guests %u --cpus %u --steps %llu\n",
		(unsigned long long)options.seed, options.guests, options.cpus,
		(unsigned long long)summary.points + 1);
	fflush(stderr);
	abort();
}

struct fiber *fiber_current(void)
{
	return current;
}

/* --- points --------------------------------------------------------------------------------------
 */

static void leave_fiber(struct fiber *fiber)
{
	current = NULL;
	arch_context_switch(&fiber->context, &scheduler);
}

void point(void)
{
	struct fiber *fiber = current;

	if (!fiber)
		return;
	if (spin_held() != 0)
		broken("I3: a lock of the kernel is held at a point");
	summary.points++;
	/* Most of the time the same fiber goes on: runs of some length find more. */
	if (below(3) == 0)
		leave_fiber(fiber);
}

/* The kernel's own: brackets, and entries into apps. */
static void kernel_point(void)
{
	point();
	host_foreign_pending = current && chance(options.interrupt_chance);
	summary.interrupts += host_foreign_pending;
}

/* Any access of the kernel to memory of the normal world: only what this guest has lent (I2, I5);
 * and another vCPU of a liar writes there at that moment (I4). */
static void kernel_reaches(uint64_t pa, size_t size, bool write)
{
	struct vm *vm = current ? current->vm : NULL;

	(void)write;
	if (!vm)
		return;
	if (!world_may_reach(vm->number, pa)) {
		world_describe(pa);
		broken("I5: the kernel reaches 0x%llx for guest %u, who did not lend it",
		       (unsigned long long)pa, vm->number);
	}
	if (vm->lies && world_is_guests(vm->number, pa) && below(16) == 0)
		memset((char *)host_ns(pa) + below((uint32_t)size), (int)random64(), 1);
}

/* --- fibers --------------------------------------------------------------------------------------
 */

static void fiber_main(void *arg)
{
	struct fiber *fiber = arg;

	fiber->body(fiber);
	fiber->running = false;
	leave_fiber(fiber);
	abort();
}

static void fiber_begin(struct fiber *fiber, struct vm *vm, unsigned index,
			void (*body)(struct fiber *fiber))
{
	void *stack = fiber->stack;

	*fiber = (struct fiber){.vm = vm, .index = index, .body = body, .running = true, .cpu = -1};
	fiber->stack = stack ? stack : arch_stack_map(NULL);
}

static void fiber_run(struct fiber *fiber)
{
	current = fiber;
	host_cpu = fiber->cpu < 0 ? 0 : (unsigned)fiber->cpu;
	host_foreign_pending = false;
	if (!fiber->context.bottom)
		arch_context_init(&fiber->context, fiber->stack, fiber_main, fiber);
	arch_context_switch(&scheduler, &fiber->context);
}

void cpu_enter(void)
{
	for (;;) {
		for (unsigned i = 0; i < options.cpus; i++) {
			if (cpu_taken[i])
				continue;
			cpu_taken[i] = true;
			current->cpu = (int)i;
			host_cpu = i;
			return;
		}
		leave_fiber(current);
	}
}

void cpu_leave(void)
{
	cpu_taken[current->cpu] = false;
	current->cpu = -1;
	host_cpu = 0;
	host_foreign_pending = false;
}

/* --- lives ---------------------------------------------------------------------------------------
 */

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
}

static void give_birth(struct vm *vm)
{
	struct fiber reaper = vm->reaper, vcpus[SIM_VCPUS];

	memcpy(vcpus, vm->vcpus, sizeof(vcpus));
	*vm = (struct vm){.number = (uint32_t)(vm - vms) + 1, .next_cookie = 0x1000};
	vm->reaper.stack = reaper.stack;
	for (unsigned i = 0; i < SIM_VCPUS; i++)
		vm->vcpus[i].stack = vcpus[i].stack;
	vm->lies = below(100) < options.lie_chance;
	vm->real = below(100) < options.real_chance;
	vm->secret = (uint8_t)(1 + below(255));
	host_cpu = 0;
	if (!world_create(vm))
		return; /* no memory for it now */
	event("born %u%s%s", vm->number, vm->lies ? " liar" : "", vm->real ? " real" : "");
	vm->state = VM_LIVING;
	for (unsigned i = 0; i < SIM_VCPUS; i++)
		fiber_begin(&vm->vcpus[i], vm, i, guest_body);
}

/* Its death begins when it was killed, or has done all it had to do. */
static void look_after(struct vm *vm)
{
	if (vm->state == VM_LIVING && (!any_vcpu_runs(vm) || finishing))
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

static bool is_over(void)
{
	return (options.steps && summary.points >= options.steps) ||
	       (options.lifetimes && summary.lifetimes >= options.lifetimes);
}

/* One turn of a VM. True: it is absent. */
static bool turn(struct vm *vm)
{
	if (vm->state == VM_ABSENT && !finishing)
		give_birth(vm);
	if (vm->state == VM_ABSENT)
		return true;
	if (vm->state == VM_LIVING && chance(options.kill_chance))
		kill(vm);
	look_after(vm);
	struct fiber *fiber = pick(vm);
	if (fiber)
		fiber_run(fiber);
	check_point();
	return false;
}

void sched_start(void)
{
	random_state = options.seed * 0x9E3779B97F4A7C15ull + 1;
	host_point_hook = kernel_point;
	host_ns_hook = kernel_reaches;
}

void sched_run(void)
{
	uint32_t absent = 0;

	finishing = false;
	while (!is_over())
		turn(&vms[below(options.guests)]);
	finishing = true;
	while (absent < options.guests) {
		absent = 0;
		for (uint32_t i = 0; i < options.guests; i++)
			absent += turn(&vms[i]);
	}
}
