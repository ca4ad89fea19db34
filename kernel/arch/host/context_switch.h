/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How stacks are switched on the host: arch_context_switch() of kernel/arch/context.h, and what
 * else context.c needs. The build takes context_switch_fibers.c for programs with the address
 * sanitizer, context_switch_jump.c for those without.
 */
#ifndef ARCH_HOST_CONTEXT_SWITCH_H
#define ARCH_HOST_CONTEXT_SWITCH_H

/* The first thing on a fresh stack. */
void host_stack_entered(void);

#endif
