/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each swapcontext() is a system call; a simulator that switches most of the time would be half as
 * fast. So a stack is entered by one once, and from then on by jumps.
 */
#include "kernel/arch/arch.h"
#include "kernel/arch/host/context_switch.h"

void host_stack_entered(void)
{
}

void arch_context_switch(struct arch_context *from, struct arch_context *to)
{
	from->has_run = 1;
	if (_setjmp(from->jump))
		return;
	if (to->has_run)
		_longjmp(to->jump, 1);
	setcontext(&to->uc);
}
