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
	/* The last of several --steps counts. */
	fprintf(stderr, "again: tenon-sim");
	for (unsigned i = 0; options.line[i]; i++)
		fprintf(stderr, " %s", options.line[i]);
	fprintf(stderr, " --steps %llu\n", (unsigned long long)summary.points + 1);
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

void give_way(void)
{
	if (spin_held() != 0)
		broken("I3: a lock of the kernel is held at a point");
	summary.points++;
	leave_fiber(current);
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

void fiber_begin(struct fiber *fiber, struct vm *vm, unsigned index,
		 void (*body)(struct fiber *fiber))
{
	void *stack = fiber->stack;

	*fiber = (struct fiber){.vm = vm, .index = index, .body = body, .running = true, .cpu = -1};
	fiber->stack = stack ? stack : arch_stack_map(NULL);
}

void fiber_run(struct fiber *fiber)
{
	current = fiber;
	host_cpu = fiber->cpu < 0 ? 0 : (unsigned)fiber->cpu;
	host_foreign_pending = false;
	if (!fiber->context.bottom)
		arch_context_init(&fiber->context, fiber->stack, fiber_main, fiber);
	arch_context_switch(&scheduler, &fiber->context);
}

int cpu_free(void)
{
	for (unsigned i = 0; i < options.cpus; i++) {
		if (!cpu_taken[i])
			return (int)i;
	}
	return -1;
}

void cpu_enter(void)
{
	int cpu;

	while ((cpu = cpu_free()) < 0)
		leave_fiber(current);
	cpu_taken[cpu] = true;
	current->cpu = cpu;
	host_cpu = (unsigned)cpu;
}

void cpu_leave(void)
{
	cpu_taken[current->cpu] = false;
	current->cpu = -1;
	host_cpu = 0;
	host_foreign_pending = false;
}

static bool is_over(void)
{
	return (options.steps && summary.points >= options.steps) ||
	       (options.lifetimes && summary.lifetimes >= options.lifetimes);
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

	while (!is_over())
		life_turn(&vms[below(options.guests)], false);
	while (absent < options.guests) {
		absent = 0;
		for (uint32_t i = 0; i < options.guests; i++)
			absent += life_turn(&vms[i], true);
	}
}
