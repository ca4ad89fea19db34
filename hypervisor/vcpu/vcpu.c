/* SPDX-License-Identifier: BSD-2-Clause */
#include <tee/tee.h>
#include <vcpu/vcpu.h>
#include <vm/vm.h>

void vcpu_request(struct vcpu *vcpu, enum vcpu_request request)
{
	__atomic_fetch_or(&vcpu->requests, request, __ATOMIC_RELEASE);
	sched_wake(&vcpu->item);
}

void vcpu_wait(struct cpu *cpu, bool for_event)
{
	if (for_event) {
		cpu->leave = LEAVE_READY;
		cpu->resched = sched_waiting();
	} else if (!arch_vgic_loaded_pending()) {
		cpu->leave = LEAVE_BLOCK;
		cpu->resched = true;
	}
}

static void do_requests(struct cpu *cpu, struct vcpu *vcpu)
{
	uint32_t requests = __atomic_exchange_n(&vcpu->requests, 0, __ATOMIC_ACQUIRE);

	if (requests & REQUEST_STOP) {
		cpu->leave = LEAVE_OFF;
		cpu->resched = true;
	}
	if (requests & REQUEST_VGIC)
		arch_vgic_refresh(vcpu);
}

/* Take the vCPU off the CPU. */
static void put_vcpu(struct cpu *cpu, struct vcpu *vcpu)
{
	static const enum item_state states[] = {
		[LEAVE_READY] = ITEM_QUEUED, [LEAVE_BLOCK] = ITEM_BLOCKED, [LEAVE_OFF] = ITEM_OFF};
	enum leave leave = cpu->leave;

	arch_vcpu_save(vcpu);
	cpu->vcpu = NULL;
	cpu->leave = LEAVE_READY;
	if (leave == LEAVE_BLOCK) {
		uint64_t wake = arch_vcpu_timer(vcpu);

		if (wake)
			timer_start(&vcpu->wake, wake);
	}
	sched_put(cpu, &vcpu->item, states[leave]);
}

/*
 * Since it began to wait something came for it: for EL2 to do, or an interrupt that was brought to
 * its list registers meanwhile. Waiting now would be waiting for what is already there.
 */
static bool has_to_do(const struct vcpu *vcpu)
{
	return vcpu->requests || arch_irq_pending() || arch_vgic_loaded_pending();
}

/* Something else may run now: choose it. A vCPU with nobody waiting keeps the CPU. */
static void schedule(struct cpu *cpu)
{
	struct vcpu *vcpu = cpu->vcpu;
	struct sched_item *item;

	cpu->resched = false;
	if (vcpu) {
		if (cpu->leave == LEAVE_READY && !sched_waiting())
			return;
		if (cpu->leave == LEAVE_BLOCK && has_to_do(vcpu)) {
			cpu->leave = LEAVE_READY;
			return;
		}
		put_vcpu(cpu, vcpu);
	}
	item = sched_pick(cpu);
	if (!item) {
		sched_slice_begin(cpu);
		while (!arch_irq_pending() && page_scrub_some(&host_pages))
			;
		if (!arch_irq_pending())
			arch_cpu_idle();
	} else if (item->step) {
		enum task_result result = item->step(item);

		if (result != TASK_DONE)
			sched_put(cpu, item, result == TASK_AGAIN ? ITEM_QUEUED : ITEM_BLOCKED);
		cpu->current = NULL;
	} else {
		vcpu = container_of(item, struct vcpu, item);
		timer_cancel(&vcpu->wake);
		arch_vcpu_load(vcpu);
		cpu->vcpu = vcpu;
		sched_slice_begin(cpu);
	}
}

struct vcpu_regs *vcpu_resume(struct cpu *cpu)
{
	for (;;) {
		struct vcpu *vcpu;

		if (arch_irq_pending())
			arch_irq_take();
		vcpu = cpu->vcpu;
		if (vcpu && vcpu->requests)
			do_requests(cpu, vcpu);
		if (cpu->resched || !vcpu) {
			schedule(cpu);
		} else if (vcpu->tee_again) {
			tee_guest_call(vcpu);
		} else if (!vcpu->requests) {
			return &vcpu->regs;
		}
	}
}
