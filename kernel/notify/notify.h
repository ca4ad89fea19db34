/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asynchronous notifications: how a guest learns of something while none of its calls is inside, or
 * while the one who tells it runs for another guest (normal-world ABI §5).
 *
 * Each guest has a bitmap of values that are pending. Whoever posts sets the bit, then raises one
 * interrupt; it needs nothing of the guest it tells but this bitmap (I3, NW-108). Without a
 * hypervisor the interrupt is guest 0's own. With one it is the hypervisor's, which asks
 * notify_next() for the guests that it has to interrupt (NW-134).
 *
 * Lock: "notify", a leaf. Functions may be called from any guest's call, on any CPU.
 */
#ifndef NOTIFY_NOTIFY_H
#define NOTIFY_NOTIFY_H

#include "abi/result.h"
#include "kernel/guest/guest.h"

/* Value 0 asks for a bottom half; from NOTIFY_KEY_FIRST on each is the key of one of the guest's
 * calls, which Linux takes for the wake-up of whoever waits on that key (NW-130). */
#define NOTIFY_KEY_FIRST 64u

/* A value becomes pending; several times before it is fetched count as one. Never fails: a guest
 * that has not enabled notifications finds it when it does. value < GUEST_NOTIFY_VALUES. */
void notify_post(struct guest *guest, uint32_t value);

/* ENABLE_ASYNC_NOTIF: from then on the guest is interrupted, at once if a value is pending; without
 * effect on one that is enabled. STOP_ASYNC_NOTIF: no interrupt is raised for it after it (NW-132).
 */
void notify_enable(struct guest *guest);
void notify_stop(struct guest *guest);
bool notify_is_enabled(struct guest *guest);

/* GET_ASYNC_NOTIF_VALUE: takes the lowest pending value. False: none. *more: others are pending
 * (NW-131). */
bool notify_take(struct guest *guest, uint32_t *value, bool *more);

/* The next VM that is to be interrupted, each told once for all that was posted before. False:
 * none.
 */
bool notify_next(uint32_t *vm_id);

void notify_init(void);

#endif
