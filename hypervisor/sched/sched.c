/* SPDX-License-Identifier: BSD-2-Clause */
#include <arch/arch.h>
#include <sched/sched.h>

#define SLICE_US   4000u
#define BOOSTS_MAX 4u /* woken items picked in a row while others wait */

static struct lock lock;
static struct list boosted, queue;
static uint32_t idle_cpus; /* bit per CPU */

static struct lock timer_lock;

void sched_init(void)
{
	list_init(&boosted);
	list_init(&queue);
	for (unsigned i = 0; i < MAX_CPUS; i++)
		list_init(&cpus[i].timers);
}

void sched_item_init(struct sched_item *item, enum task_result (*step)(struct sched_item *))
{
	*item = (struct sched_item){.state = step ? ITEM_BLOCKED : ITEM_OFF, .step = step};
	list_init(&item->link);
}

static uint64_t slice_ticks(void)
{
	return arch_time_hz() / 1000000 * SLICE_US;
}

static void enqueue(struct sched_item *item, bool woken)
{
	bool boost = woken && item->used < slice_ticks();

	item->state = ITEM_QUEUED;
	item->cpu = NULL;
	list_add_tail(boost ? &boosted : &queue, &item->link);
	if (idle_cpus) {
		unsigned i = (unsigned)__builtin_ctz(idle_cpus);

		idle_cpus &= ~(1u << i);
		if (&cpus[i] != cpu_this())
			arch_cpu_kick(&cpus[i]);
	}
}

void sched_start(struct sched_item *item)
{
	lock_acquire(&lock);
	if (item->state == ITEM_OFF)
		enqueue(item, true);
	lock_release(&lock);
}

void sched_wake(struct sched_item *item)
{
	lock_acquire(&lock);
	if (item->state == ITEM_BLOCKED) {
		enqueue(item, true);
	} else if (item->state == ITEM_RUNNING) {
		item->again = true;
		if (item->cpu != cpu_this())
			arch_cpu_kick(item->cpu);
	}
	lock_release(&lock);
}

bool sched_stop(struct sched_item *item)
{
	bool stopped = true;

	lock_acquire(&lock);
	if (item->state == ITEM_RUNNING) {
		stopped = false;
		item->again = true;
		arch_cpu_kick(item->cpu);
	} else {
		list_remove(&item->link);
		item->state = ITEM_OFF;
	}
	lock_release(&lock);
	return stopped;
}

void sched_put(struct cpu *cpu, struct sched_item *item, enum item_state state)
{
	lock_acquire(&lock);
	cpu->current = NULL;
	item->used += arch_time() - item->since;
	if (state == ITEM_BLOCKED && item->again)
		state = ITEM_QUEUED;
	item->again = false;
	if (state == ITEM_QUEUED) {
		enqueue(item, false);
	} else {
		item->cpu = NULL;
		__atomic_store_n(&item->state, state, __ATOMIC_RELEASE);
	}
	lock_release(&lock);
}

bool sched_is_off(const struct sched_item *item)
{
	return __atomic_load_n(&item->state, __ATOMIC_ACQUIRE) == ITEM_OFF;
}

struct sched_item *sched_pick(struct cpu *cpu)
{
	struct sched_item *item = NULL;
	struct list *from = &boosted;

	lock_acquire(&lock);
	if (list_empty(&boosted) || (cpu->boosts >= BOOSTS_MAX && !list_empty(&queue)))
		from = &queue;
	cpu->boosts = from == &boosted ? cpu->boosts + 1 : 0;
	if (!list_empty(from)) {
		item = container_of(from->next, struct sched_item, link);
		list_remove(&item->link);
		item->state = ITEM_RUNNING;
		item->again = false;
		item->cpu = cpu;
		item->since = arch_time();
		if (from == &queue)
			item->used = 0;
		idle_cpus &= ~(1u << cpu->index);
	} else {
		idle_cpus |= 1u << cpu->index;
	}
	cpu->current = item;
	lock_release(&lock);
	return item;
}

bool sched_waiting(void)
{
	return !list_empty(&queue) || !list_empty(&boosted);
}

/* The earlier of slice end and first timer. Timer lock held. */
static void set_deadline(struct cpu *cpu)
{
	uint64_t deadline = cpu->slice_end;

	if (!list_empty(&cpu->timers)) {
		struct timer *first = container_of(cpu->timers.next, struct timer, link);

		if (!deadline || first->deadline < deadline)
			deadline = first->deadline;
	}
	arch_timer_set(deadline);
}

void timer_start(struct timer *timer, uint64_t deadline)
{
	struct cpu *cpu = cpu_this();
	struct list *at;

	lock_acquire(&timer_lock);
	list_remove(&timer->link); /* another CPU may have started it meanwhile */
	timer->deadline = deadline;
	for (at = cpu->timers.next; at != &cpu->timers; at = at->next)
		if (container_of(at, struct timer, link)->deadline > deadline)
			break;
	list_add_tail(at, &timer->link);
	set_deadline(cpu);
	lock_release(&timer_lock);
}

void timer_cancel(struct timer *timer)
{
	lock_acquire(&timer_lock);
	list_remove(&timer->link);
	lock_release(&timer_lock);
}

void sched_slice_begin(struct cpu *cpu)
{
	lock_acquire(&timer_lock);
	cpu->slice_end = cpu->vcpu ? arch_time() + slice_ticks() - cpu->current->used : 0;
	set_deadline(cpu);
	lock_release(&timer_lock);
}

void sched_timer_interrupt(struct cpu *cpu)
{
	uint64_t now = arch_time();

	lock_acquire(&timer_lock);
	while (!list_empty(&cpu->timers)) {
		struct timer *first = container_of(cpu->timers.next, struct timer, link);

		if (first->deadline > now)
			break;
		list_remove(&first->link);
		first->expire(first);
	}
	if (cpu->slice_end && cpu->slice_end <= now) {
		cpu->resched = true;
		cpu->slice_end = now + slice_ticks();
	}
	set_deadline(cpu);
	lock_release(&timer_lock);
}
