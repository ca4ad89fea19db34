/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the secure console says of an app that died: whose it was, its registers, where its files
 * lie, and the calls that led there. `tenon symbolize` turns the places into names.
 *
 *     g3: TA <uuid> session 7: panic 0xffff0006
 *     g3:   x0  0000000000000002  x1  …
 *     g3:   sp  …  pc  …  pstate …
 *     g3:   module <uuid> at 0x5c4000, 0x1f000 bytes
 *     g3:   pc   <uuid>+0x4d10
 *     g3:   call <uuid>+0x1a5c
 *
 * The app's stack is as hostile as the app: frames are read through user_read(), go upwards only
 * and are few. A guest has only so many reports in a stretch of time (log_report_begin()); what
 * exceeds them is one ordinary line.
 *
 * Context: inside a call, monitor held; both poll. The instance is taken, its context is the app's
 * at the moment of its death.
 */
#ifndef TA_CRASH_H
#define TA_CRASH_H

#include "kernel/ta/ta.h"

/* The app asked for it: TEE_Panic(code) left x29 and x30 at frame, on its stack (TA-049). */
void crash_report_panic(const struct ta_instance *instance, const struct ta_session *session,
			uint32_t code, uint64_t frame);

/* It did what it must not (TA-049, TA-154). */
void crash_report_fault(const struct ta_instance *instance, const struct ta_session *session,
			const struct user_fault *fault);

#endif
