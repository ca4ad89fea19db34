/* SPDX-License-Identifier: BSD-2-Clause */
/* The address sanitizer is told of each switch: it has to know which stack is in use. */
#include "kernel/arch/arch.h"
#include "kernel/arch/host/context_switch.h"

void __sanitizer_start_switch_fiber(void **save, const void *bottom, size_t size);
void __sanitizer_finish_switch_fiber(void *save, const void **bottom, size_t *size);

static struct arch_context *switching_from;

/* Tells where we came from, so that a switch back can name that stack. */
static void finish(void *fake_stack)
{
	__sanitizer_finish_switch_fiber(fake_stack, &switching_from->bottom, &switching_from->size);
}

void host_stack_entered(void)
{
	finish(NULL);
}

void arch_context_switch(struct arch_context *from, struct arch_context *to)
{
	switching_from = from;
	__sanitizer_start_switch_fiber(&from->fake_stack, to->bottom, to->size);
	swapcontext(&from->uc, &to->uc);
	finish(from->fake_stack);
}
