/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Windows in which interrupts stay masked (docs/performance.md), in basic blocks as sections.h
 * counts them: from an entry, or the return of an app or a bracket, to the next of these, the exit,
 * or a look for interrupts. Copies and cryptography are the C library's and in brackets here, so
 * what is seen is loops. Counts repeat exactly.
 *
 * For tests that link windows.c, sections.c and the counted kernel, with
 * --wrap=entry_yielding,--wrap=entry_fast,--wrap=arch_user_run,--wrap=arch_interrupts_mask,
 * --wrap=arch_interrupts_unmask, and with chance.c, whose hook windows_start() takes for the looks.
 */
#ifndef ARCH_HOST_WINDOWS_COUNT_H
#define ARCH_HOST_WINDOWS_COUNT_H

#include <stdint.h>

/* Of those since the start. */
extern uint64_t windows_longest;

void windows_start(void);

#endif
