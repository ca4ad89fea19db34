/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel as a Linux process: what a test (or simulator) turns and looks at. One thread; the
 * test says on which CPU it is. A call's coroutine runs until it leaves, as on the machine.
 */
#ifndef ARCH_HOST_HOST_H
#define ARCH_HOST_HOST_H

#include "kernel/arch/arch.h"
#include "kernel/entry/entry.h"

#define HOST_NS_BASE 0x40000000ull
#define HOST_NS_SIZE (64ull << 20)

/* Starts (again) with this much secure memory, everything of a former start forgotten. */
void host_start(size_t secure_pages);

/* The CPU that the test is on, below HOST_CPUS. */
#define HOST_CPUS 8
extern unsigned host_cpu;

/* Non-secure RAM at pa, as the guests see it. */
void *host_ns(uint64_t pa);

/* Microseconds that pass with each look at the counter. */
extern uint64_t host_tick;

/* A foreign interrupt is waiting: calls give way at their next poll. Cleared by the test. */
extern bool host_foreign_pending;

/* The app: what it does between an entry of the kernel into it and the next exception. */
extern enum user_exit (*host_user)(struct arch_aspace *as, struct user_context *ctx,
				   struct user_fault *fault);

/* How often the notification interrupt was raised since the start. */
extern unsigned host_notify_raised;

/* Called before each copy from or to guest memory: a hostile guest changes it meanwhile. May be
 * NULL. */
extern void (*host_ns_hook)(uint64_t pa, size_t size, bool write);

/* Guests' memory does not answer: each copy fails. */
extern bool host_ns_dead;

/* Called at every end of a bracket and before every entry into an app: scheduling points. May be
 * NULL. */
extern void (*host_point_hook)(void);

/* Called again and again while this CPU waits for a lock: what another CPU does then. May be NULL.
 */
extern void (*host_relax_hook)(void);

/* Memory of an app by its own address, if it is mapped with these rights; NULL is a fault. Not
 * across a page. */
void *host_user_memory(struct arch_aspace *as, uint64_t va, unsigned prot);

/* Bytes that arch_cache_clean() was asked for. */
extern size_t host_cleaned;

/* Lines that went to the console since the start, or the last call. */
const char *host_console(void);

/* Pages mapped for guests' memory in any address space; address spaces; stacks of calls. */
size_t host_ns_mappings(void);
size_t host_aspaces(void);
size_t host_stacks_mapped(void);
/* Same, in this one; and whether this page is mapped in any. */
size_t host_ns_mappings_of(const struct arch_aspace *as);
bool host_ns_is_mapped(uint64_t pa);

/* An app sees this secure page. */
bool host_is_mapped(const void *page);

#endif
