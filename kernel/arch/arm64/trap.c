/* SPDX-License-Identifier: BSD-2-Clause */
/* What exceptions mean: the loop around a trusted app, and exceptions of the kernel itself. */
#include "kernel/arch/arm64/cpu.h"
#include "kernel/arch/arm64/sysreg.h"
#include "kernel/call/call.h"

#define ESR_CLASS(esr) ((esr) >> 26 & 0x3f)
#define CLASS_WFX      0x01
#define CLASS_FP       0x07
#define CLASS_SVC      0x15
#define CLASS_DATA_EL1 0x25
#define SPSR_MASKED    (1u << 6 | 1u << 7) /* F, I */

static void fault_read(struct user_fault *fault)
{
	fault->esr = sysreg_read(esr_el1);
	fault->far = sysreg_read(far_el1);
}

enum user_exit arch_user_run(struct arch_aspace *as, struct user_context *ctx,
			     struct user_fault *fault)
{
	for (;;) {
		fp_user_prepare(ctx);
		switch (user_enter(ctx, aspace_ttbr(as))) {
		case USER_STOP_FIQ:
			return USER_EXIT_FOREIGN_INTR;
		case USER_STOP_IRQ:
			if (gic_handle())
				return USER_EXIT_FOREIGN_INTR;
			continue;
		case USER_STOP_SERROR:
			fault_read(fault);
			return USER_EXIT_FAULT;
		default:
			break;
		}
		switch (ESR_CLASS(sysreg_read(esr_el1))) {
		case CLASS_SVC:
			return USER_EXIT_SVC;
		case CLASS_FP:
			fp_user_load(ctx);
			continue;
		case CLASS_WFX: /* a hint: does nothing */
			ctx->pc += 4;
			continue;
		default:
			fault_read(fault);
			return USER_EXIT_FAULT;
		}
	}
}

/* Gives the CPU back in the middle of a bracket, which may continue with interrupts masked. */
static void preempt(struct trap_frame *frame)
{
	if (call_preempted())
		frame->spsr |= SPSR_MASKED;
}

/* Inside a bracket, on the call's stack: the call may be continued on another CPU. */
void kernel_fiq_handle(struct trap_frame *frame);
void kernel_fiq_handle(struct trap_frame *frame)
{
	preempt(frame);
}

void kernel_irq_handle(struct trap_frame *frame);
void kernel_irq_handle(struct trap_frame *frame)
{
	if (gic_handle())
		preempt(frame);
}

/* On the CPU's fault stack. Returns only for a copy from or to guest memory that got no answer. */
void kernel_fault_handle(struct trap_frame *frame);
void kernel_fault_handle(struct trap_frame *frame)
{
	uint64_t copy = (uint64_t)(uintptr_t)guarded_copy;
	uint64_t copy_end = (uint64_t)(uintptr_t)guarded_copy_end;
	bool in_copy = frame->elr >= copy && frame->elr < copy_end;

	if (ESR_CLASS(frame->esr) != CLASS_DATA_EL1 || !in_copy)
		crash(frame, "exception in the kernel");
	frame->elr = (uint64_t)(uintptr_t)guarded_copy_failed;
}
