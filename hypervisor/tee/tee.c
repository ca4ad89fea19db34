/* SPDX-License-Identifier: BSD-2-Clause */
#include <abi/smc.h>
#include <abi/tenon.h>
#include <arch/arch.h>
#include <console/console.h>
#include <lib/format.h>
#include <platform/platform.h>
#include <string.h>
#include <tee/tee.h>
#include <vm/vm.h>

static struct med mediator;
static bool present;

_Static_assert(sizeof(struct lock) <= sizeof(struct med_lock), "our lock fits the mediator's");
_Static_assert(MED_MEM_MAX <= HEAP_MAX, "the heap serves what the mediator asks");

/*
 * Of a vCPU's calls it is known when they were in the TEE: kill triggers ask. A fast call is none
 * of them; it may be the hypervisor's own, for another VM, while this vCPU is loaded.
 */
static void host_smc(uint64_t regs[8])
{
	struct vcpu *vcpu = cpu_this()->vcpu;

	if (!vcpu || (regs[0] & SMC_FAST)) {
		arch_smc(regs);
		return;
	}
	vcpu->tee_entered = arch_time();
	vcpu->in_tee = true;
	if (vcpu->vm->trigger.wanted == KILL_RUNNING)
		vm_kill_entering(vcpu->vm);
	arch_smc(regs);
	vcpu->tee_left = arch_time();
	vcpu->in_tee = false;
}

static bool host_page_alloc(struct med_page *page)
{
	struct paddr pa;

	if (!page_alloc(&host_pages, &pa))
		return false;
	page->pa = pa.v;
	page->va = mm_ptr(pa);
	return true;
}

static void host_page_free(const struct med_page *page)
{
	page_put(&host_pages, PADDR(page->pa));
}

static void *host_mem_alloc(size_t size)
{
	return heap_alloc(size);
}

static void host_mem_free(void *mem, size_t size)
{
	(void)size;
	heap_free(mem);
}

static void host_lock(struct med_lock *lock)
{
	lock_acquire((struct lock *)(void *)lock->opaque);
}

static void host_unlock(struct med_lock *lock)
{
	lock_release((struct lock *)(void *)lock->opaque);
}

/* A VM has nothing at stage 2 but RAM of its own, so what is mapped can be shared (NW-198). */
static bool host_page_pin(void *cookie, uint64_t ipa, uint64_t *pa)
{
	const struct vm *vm = cookie;
	struct paddr page;

	if (ipa % PAGE_SIZE || !stage2_lookup(&vm->stage2, IPADDR(ipa), &page) ||
	    !page_get(&host_pages, page))
		return false;
	*pa = page.v;
	return true;
}

static void host_page_unpin(void *cookie, uint64_t pa)
{
	(void)cookie;
	page_put(&host_pages, PADDR(pa));
}

static void *host_page_map(uint64_t pa)
{
	return mm_ptr(PADDR(pa));
}

static void host_page_unmap(void *va)
{
	(void)va;
}

static bool host_preempt_pending(void)
{
	const struct cpu *cpu = cpu_this();

	return arch_irq_pending() || (cpu->resched && sched_waiting());
}

static const struct med_host host = {
	.smc = host_smc,
	.page_alloc = host_page_alloc,
	.page_free = host_page_free,
	.mem_alloc = host_mem_alloc,
	.mem_free = host_mem_free,
	.lock = host_lock,
	.unlock = host_unlock,
	.page_pin = host_page_pin,
	.page_unpin = host_page_unpin,
	.page_map = host_page_map,
	.page_unmap = host_page_unmap,
	.preempt_pending = host_preempt_pending,
};

/*
 * Notifications. How often the TEE raises its interrupt is up to guests on other CPUs, so what is
 * done for it with interrupts masked is counted: a few VMs are told at once, which is what an
 * honest machine needs; beyond that the interrupt stays off and a task goes on, in turn with
 * everybody else.
 */
#define ASKS_AT_ONCE 64u /* of the TEE, in a millisecond */
#define ASKS_A_STEP  16u /* of the task */

static struct sched_item notify_task;

/* Asks up to @most times for a VM to tell; how often is left. 0: there may be more. */
static unsigned notify_some(unsigned most)
{
	uint32_t number;

	for (; most > 0 && med_notify_next(&mediator, &number); most--) {
		struct vm *vm = vm_get(number);

		if (!vm)
			continue;
		vm_kick(vm, vgic_pulse(&vm->vgic, 0, VM_TEE_INTID));
		vm_put(vm);
	}
	return most;
}

/* An event after the TEE said "none" stays pending while the interrupt is off, and comes now. */
static enum task_result notify_step(struct sched_item *item)
{
	(void)item;
	if (!notify_some(ASKS_A_STEP))
		return TASK_AGAIN;
	arch_irq_enable(platform_tee_intid, true);
	return TASK_SLEEP;
}

void tee_interrupt(void)
{
	static uint64_t since; /* of one CPU: the interrupt is routed there */
	static unsigned left;
	uint64_t now = arch_time();

	if (now - since > arch_time_hz() / 1000) {
		since = now;
		left = ASKS_AT_ONCE;
	}
	left = notify_some(left);
	if (left > 0) {
		left--; /* the ask that found nothing */
		return;
	}
	/* In this order: the task, if it is just ending, runs again and turns it on. */
	arch_irq_enable(platform_tee_intid, false);
	sched_wake(&notify_task);
}

void tee_init(void)
{
	present = med_init(&mediator, &host) == MED_OK;
	sched_item_init(&notify_task, notify_step);
}

bool tee_present(void)
{
	return present;
}

static const char *configure(struct vm *vm, unsigned key)
{
	const struct vm_option *option = &vm->node->options[key];

	if (!option->given || !med_tee_is_tenon(&mediator))
		return NULL;
	switch (med_vm_configure(vm->tee, key, option->value)) {
	case SMC_OK:
		return NULL;
	case SMC_ENOTAVAIL:
		return "the TEE refused its identity";
	case SMC_ENOMEM:
		return "the TEE cannot reserve that many pages";
	default:
		return "the TEE refused a value of its node";
	}
}

const char *tee_vm_create(struct vm *vm)
{
	static const unsigned order[] = {TENON_KEY_LIMIT_PAGES,     TENON_KEY_RESERVE_PAGES,
					 TENON_KEY_LIMIT_CALLS,     TENON_KEY_LIMIT_SESSIONS,
					 TENON_KEY_LIMIT_SHM_PAGES, TENON_KEY_IDENTITY,
					 TENON_KEY_PRIVILEGED};
	struct med_limits limits = med_limits_default();
	struct med_vm *tee;
	const char *why = NULL;

	limits.notifications = true;

	switch (med_vm_create(&mediator, vm->number, vm, &limits, &tee)) {
	case MED_OK:
		break;
	case MED_NO_MEMORY:
		return "out of memory";
	default:
		return "the TEE takes no more guests";
	}
	/* A command of the console sees it whole or not at all. */
	__atomic_store_n(&vm->tee, tee, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < ARRAY_SIZE(order) && !why; i++)
		why = configure(vm, order[i]);
	return why; /* the death of the VM takes back what was done */
}

void tee_guest_call(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;

	vcpu->tee_again = med_handle(vm->tee, &vcpu->med, vcpu->regs.x) == MED_AGAIN;
	if (vcpu->tee_again) {
		struct cpu *cpu = cpu_this();

		cpu->leave = LEAVE_READY;
		cpu->resched = true;
		return;
	}
	if (vm->trigger.wanted != KILL_NEVER)
		vm_kill_look(vm, kill_state_of(&vcpu->med.last));
}

struct counter {
	const char *name;
	uint32_t key;
};

static size_t add_tee_counters(char *line, size_t size, uint32_t id, const struct counter *counters,
			       unsigned count)
{
	size_t used = 0;

	for (unsigned i = 0; i < count && med_tee_is_tenon(&mediator); i++) {
		uint64_t value;

		if (med_tee_stat(&mediator, id, counters[i].key, &value) == SMC_OK)
			used += str_format(line + used, size - used, " %s=%lu", counters[i].name,
					   value);
	}
	return used;
}

static void vm_stats(struct vm *vm, char *line, size_t size)
{
	static const struct counter counters[] = {
		{"tee_pages", TENON_STAT_PAGES},
		{"tee_pages_peak", TENON_STAT_PAGES_PEAK},
		{"tee_calls", TENON_STAT_CALLS},
		{"tee_sessions", TENON_STAT_SESSIONS},
		{"tee_instances", TENON_STAT_INSTANCES},
		{"tee_shm_pages", TENON_STAT_SHM_PAGES},
		{"tee_calls_total", TENON_STAT_CALLS_TOTAL},
		{"tee_rpcs_total", TENON_STAT_RPCS_TOTAL},
		{"tee_refusals", TENON_STAT_REFUSALS},
		{"tee_ticks", TENON_STAT_TICKS},
	};
	struct med_vm *tee = vm_tee(vm);
	struct med_counters held = {0};
	size_t used;

	if (tee)
		med_vm_counters(tee, &held);
	used = str_format(line, size,
			  "calls=%u buffers=%u pinned_pages=%u rpc_buffers=%u shadow_pages=%u "
			  "spare_pages=%u",
			  held.calls, held.buffers, held.pages, held.rpc_buffers, held.shadow_pages,
			  held.spare_pages);
	if (tee)
		add_tee_counters(line + used, size - used, vm->number, counters,
				 ARRAY_SIZE(counters));
}

void tee_vm_bounds(struct vm *vm, char *line, size_t size)
{
	static const struct counter counters[] = {
		{"tee_calls_peak", TENON_STAT_CALLS_PEAK},
		{"tee_sessions_peak", TENON_STAT_SESSIONS_PEAK},
		{"tee_instances_peak", TENON_STAT_INSTANCES_PEAK},
		{"tee_shm_pages_peak", TENON_STAT_SHM_PAGES_PEAK},
		{"tee_pages_reserve", TENON_STAT_RESERVE_PAGES},
		{"tee_pages_limit", TENON_STAT_LIMIT_PAGES},
	};

	*line = 0;
	if (vm_tee(vm))
		add_tee_counters(line, size, vm->number, counters, ARRAY_SIZE(counters));
}

void tee_stats(struct vm *vm, char *line, size_t size)
{
	static const struct counter counters[] = {
		{"tee_pages_total", TENON_STAT_SYS_PAGES_TOTAL},
		{"tee_pages_free", TENON_STAT_SYS_PAGES_FREE},
		{"tee_guests", TENON_STAT_SYS_GUESTS},
		{"tee_images", TENON_STAT_SYS_IMAGES},
		{"tee_pages_reserved", TENON_STAT_SYS_RESERVED},
		{"tee_image_pages", TENON_STAT_SYS_IMAGE_PAGES},
	};
	size_t used;

	if (vm) {
		vm_stats(vm, line, size);
		return;
	}
	used = str_format(line, size,
			  "pages_total=%u pages_free=%u ticks=%lu hz=%lu cpus=%u tee=%s",
			  host_pages.total, page_free_count(&host_pages), arch_time(),
			  arch_time_hz(), cpu_count,
			  !present                      ? "none"
			  : med_tee_is_tenon(&mediator) ? "tenon"
							: "other");
	if (present)
		add_tee_counters(line + used, size - used, TENON_STATS_SYSTEM, counters,
				 ARRAY_SIZE(counters));
}

/* The page that records are read into; got once. */
static struct med_page trace_page;

bool tee_trace_start(uint32_t pages)
{
	uint32_t out[3];

	if (!present || (!trace_page.va && !host_page_alloc(&trace_page)))
		return false;
	return med_trace(&mediator, TENON_TRACE_START, pages, out) == SMC_OK;
}

void tee_trace_stop(void)
{
	uint32_t out[3];

	if (present)
		med_trace(&mediator, TENON_TRACE_STOP, 0, out);
}

const struct trace_record *tee_trace_read(uint32_t *count, uint32_t *lost, uint32_t *hz)
{
	uint32_t out[3];

	if (!present || !trace_page.va ||
	    med_trace(&mediator, TENON_TRACE_READ, trace_page.pa, out) != SMC_OK)
		return NULL;
	*count = out[0] < PAGE_SIZE / sizeof(struct trace_record)
			 ? out[0]
			 : PAGE_SIZE / sizeof(struct trace_record);
	*lost = out[1];
	*hz = out[2];
	return trace_page.va;
}
