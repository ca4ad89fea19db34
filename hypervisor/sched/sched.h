/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler: one queue for all CPUs, round robin with time slices. What is queued is a vCPU, or
 * a task of the hypervisor: work that is done in short steps (creating a VM, ending one, feeding
 * the console).
 *
 * Something that wakes goes before what has used up its slice, but never more than a few times in a
 * row, and only with what is left of its own slice. That is counted on over its sleeps: when it is
 * used up, the item takes its turn in the queue, and begins a new one then. So sleeping earns no
 * more of a CPU than a full turn does.
 */
#ifndef SCHED_SCHED_H
#define SCHED_SCHED_H

#include <lib/list.h>
#include <stdbool.h>
#include <stdint.h>

struct cpu;

enum item_state {
	ITEM_OFF,     /* in no queue, woken only by sched_start() */
	ITEM_BLOCKED, /* woken by sched_wake() */
	ITEM_QUEUED,
	ITEM_RUNNING
};

enum task_result {
	TASK_AGAIN, /* more to do: to the end of the queue */
	TASK_SLEEP, /* until sched_wake() */
	TASK_DONE   /* the item may be gone: the scheduler doesn't touch it again */
};

struct sched_item {
	struct list link;
	enum item_state state;
	bool again;      /* woken while it ran */
	struct cpu *cpu; /* where it runs */
	uint64_t since;  /* when it was picked */
	uint64_t used; /* ticks it ran since it was last picked from the queue, the last excepted */
	/* A step of a task: well under a millisecond. NULL: a vCPU. */
	enum task_result (*step)(struct sched_item *item);
};

/** A deadline on one CPU. @expire runs with interrupts masked and the timer lock held: it may only
 * wake or set flags. */
struct timer {
	struct list link;
	uint64_t deadline;
	void (*expire)(struct timer *timer);
};

void sched_init(void);
void sched_item_init(struct sched_item *item, enum task_result (*step)(struct sched_item *));

/** Queue an item that is off. */
void sched_start(struct sched_item *item);
/** Queue an item that is blocked; one that runs will not block the next time it tries. */
void sched_wake(struct sched_item *item);
/** Take a vCPU's item out of queue or wait. False: it runs (it has been kicked), ask again. */
bool sched_stop(struct sched_item *item);
/** A running item is not running any more. @state QUEUED, BLOCKED (unless woken meanwhile) or OFF.
 */
void sched_put(struct cpu *cpu, struct sched_item *item, enum item_state state);
/** Is it off? Then all that its CPU did for it before sched_put() is seen by the caller. */
bool sched_is_off(const struct sched_item *item);
/** The next item, now running on @cpu; NULL: none, @cpu is idle until it picks again. */
struct sched_item *sched_pick(struct cpu *cpu);
/** Is anybody waiting for a CPU? */
bool sched_waiting(void);

/** Start a timer on this CPU; one that runs, here or elsewhere, has a new deadline. Its link has
 * been initialised. @deadline in counter ticks. */
void timer_start(struct timer *timer, uint64_t deadline);
/** Stop it; on return it is not running and not expiring on any CPU. */
void timer_cancel(struct timer *timer);
/** Begin the slice of the vCPU that was picked for @cpu, or what is left of it. */
void sched_slice_begin(struct cpu *cpu);
/** The CPU's timer interrupt: expire timers, end the slice, set the next deadline. */
void sched_timer_interrupt(struct cpu *cpu);

#endif
