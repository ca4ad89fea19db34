/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest: one VM, the first-class principal. Everything it makes the kernel hold hangs off it and
 * is charged to it.
 *
 * Invariants (checked by every test suite that can see them):
 *
 *  I1  every object is reachable from exactly one owner, a guest or the system; the pages owned are
 * the memory in use I2  a name that a guest presents (cookie, session id, thread id) is looked up
 * only in that guest's own tables I3  nothing a guest can stall is ever needed for another guest's
 * progress, but for an app that asks to be shared (kernel/ta/shared.h) I4  data from the normal
 * world is read once, into secure memory, and checked there I5 when VM_DESTROYED returns 0, no
 * mapping of that guest's memory exists and its handle can be reused I6  memory is scrubbed before
 * it changes owner I7  no loop whose length a guest controls runs with interrupts masked I8 running
 * out of anything is an error code for the caller, never a panic of the kernel
 *
 * The monitor: one spin lock per guest. Code that works for a guest holds it; it is given up in
 * user mode, in preemptible brackets, when a call leaves for the normal world, and where a loop
 * polls while another CPU waits for it. So kernel code of one guest never runs on two CPUs at the
 * same time, and different guests never wait for each other.
 *
 * Born: guest 0 at start, others by VM_CREATED. Dies: by VM_DESTROYED, in guest_destroy().
 */
#ifndef GUEST_GUEST_H
#define GUEST_GUEST_H

#include "abi/result.h"
#include "abi/ta.h"
#include "kernel/crypto/crypto.h"
#include "kernel/lib/list.h"
#include "kernel/lib/log.h"
#include "kernel/lib/spinlock.h"
#include "kernel/memory/heap.h"
#include "kernel/memory/pages.h"

#define GUEST_NATIVE 0u /* VM id of the guest that exists without a hypervisor */

#define GUEST_SHM_BUCKETS 32

#define GUEST_NOTIFY_VALUES 128u /* notifications; above Linux's 64 are the keys of calls */

struct guest {
	struct list link;    /* its bucket of the guest table */
	uint32_t vm_id;      /* the handle: a7 of its calls */
	uint32_t references; /* entries that are looking at it; freed when dead and 0 */
	bool dying; /* set once by guest_destroy(): no call enters, every RPC and wait ends at once
		     */
	bool restartable;  /* the hypervisor repeats VM_DESTROYED while it answers EBUSY */
	bool privileged;   /* may read the figures of all guests; guest 0 always may */
	bool destroying;   /* a CPU is inside guest_destroy() for it */
	unsigned teardown; /* hooks that are done */
	bool called;       /* made a yielding call: can no longer be configured */
	bool owns_shared;  /* no VM, but the owner of a shared app: see guest_new_owner() */
	bool has_identity;
	struct uuid identity;
	bool has_secret;
	uint8_t secret[32]; /* stands in for an identity; random, made when it is first needed */
	bool has_stream;
	struct crypto_stream stream; /* random numbers; seeded at the first use */

	struct spinlock monitor;
	struct budget budget;
	struct heap heap;
	struct log_limit log;

	struct guest_limits {
		uint32_t calls;
		uint32_t sessions;
		uint32_t shm_pages;
	} limit;
	struct guest_counts {
		uint32_t calls; /* in flight */
		uint32_t sessions;
		uint32_t instances;
		uint32_t shm_pages;
		uint32_t shm_objects;
		uint32_t calls_peak, sessions_peak, instances_peak, shm_pages_peak;
		uint32_t versions;
		uint64_t calls_total;
		uint64_t rpcs_total;
		uint64_t refusals;
		uint64_t ticks; /* of CPU time in the secure world */
	} count;

	/* Owned objects; each list belongs to the room named. All are empty when the guest goes. */
	struct list calls;                  /* call: struct call */
	struct call *spare_call;            /* call: a finished call kept for the next one */
	uint32_t thread_generation;         /* call */
	bool shm_cache_on;                  /* call: RPC buffers are kept (profile B) */
	struct list rpc_buffers;            /* call: cached RPC buffers */
	struct list shm[GUEST_SHM_BUCKETS]; /* shm: struct shm by cookie */
	struct list versions;               /* ta: versions of apps that it has seen */
	struct list own_images;   /* ta: those that the system had no room for, unused ones first;
				   * lock: image cache */
	struct list instances;    /* ta: struct ta_instance */
	struct list idle;         /* ta: those of them that may give way, the longest idle first */
	struct list sessions;     /* ta: struct ta_session, the next number to come round first */
	uint32_t next_session_id; /* ta: the last one given */
	struct list times;        /* syscall: set times, by app */
	uint32_t time_count;      /* syscall */

	/* notify; its lock protects all of it, for other guests reach it too */
	struct {
		struct list link; /* among those that the hypervisor is to be told of */
		uint64_t pending[GUEST_NOTIFY_VALUES / 64];
		bool enabled;
	} notify;
};

/* A room's part in destroying a guest. */
enum teardown {
	TEARDOWN_DONE,
	TEARDOWN_MORE,    /* a step was made; call again, now or in the next VM_DESTROYED */
	TEARDOWN_BLOCKED, /* nothing can be done while another CPU is inside for this guest */
};
typedef enum teardown (*guest_teardown)(struct guest *guest);

/* Rooms register in their init; hooks run in the order of registration, each until it returns true.
 */
void guest_on_teardown(guest_teardown hook);

/* Creates the table and guest 0. */
void guest_init(void);

/*
 * Finds a live guest and takes its monitor; NULL if there is none or it is dying. guest_leave()
 * gives the monitor back. Context: entry stack.
 */
struct guest *guest_enter(uint32_t vm_id);
void guest_leave(struct guest *guest);

/*
 * Gives the monitor up and takes it again if another CPU waits for it, which waits with interrupts
 * masked (I7): the other one, and who came after it, have it first. To be called where a loop
 * polls: what the guest has may change, as when an interrupt had been pending there.
 */
void guest_make_way(struct guest *guest);

/*
 * Charges the guest for the time since its entry at since, by arch_counter(): what it waited for
 * its own monitor is in it. Work of VM_DESTROYED is its hypervisor's. Context: monitor held.
 */
void guest_charge_time(struct guest *guest, uint64_t since);

/*
 * The owner of what all guests share: a guest that is in no table, so that nobody calls for it,
 * lists or configures it. Its monitor is never taken: whoever has the shared thing to himself has
 * its owner's heap and lists, too (kernel/ta/shared.h). It pays for itself out of at most pages
 * pages; NULL: no memory. Its end runs the rooms' hooks. Any context.
 */
#define GUEST_SHARED_OWNER 65536u /* its vm_id in the log; a VM may have the same */
struct guest *guest_new_owner(uint32_t pages);
void guest_end_owner(struct guest *owner);

/* Who calls, as apps see it: the identity, or 00000000-0000-0000-0000-0000<handle> without one. */
struct uuid guest_uuid(const struct guest *guest);

/* VM_CREATED: SMC_OK or SMC_ENOTAVAIL (id 0, id in use, no memory) (NW-162, NW-167). */
uint32_t guest_create(uint32_t vm_id);

/*
 * VM_DESTROYED: SMC_OK when everything of the guest is gone (or it never was); SMC_EBUSY: state
 * kept, to be called again (NW-163 .. NW-165). Context: entry stack, no lock held.
 */
uint32_t guest_destroy(uint32_t vm_id);

/* GUEST_CONFIGURE and GUEST_STATS (abi/tenon.h); value and result as there. */
uint32_t guest_configure(uint32_t vm_id, uint32_t key, const uint32_t value[4]);
uint32_t guest_stat(uint32_t vm_id, uint32_t counter, uint64_t *value);

/*
 * A key for the app uuid of this guest (TA-143): HMAC-SHA256 over usage 3, uuid and extra, cut to
 * out_size (1..GUEST_KEY_SIZE, asserted). It depends on
 *  - the machine's hardware key alone for guest 0 without an identity, as in the reference;
 *  - that key and the identity for a guest that has one: the same after each of its restarts;
 *  - a random secret of the guest's life for any other VM: no other VM ever gets it again.
 * The caller wipes out. Context: monitor held; short, cannot fail.
 */
#define GUEST_KEY_SIZE 32u
void guest_derive_key(struct guest *guest, const struct uuid *uuid, const void *extra,
		      size_t extra_size, uint8_t *out, size_t out_size);

/* Counts one more of something, of which peak is the most that there were. */
static inline void count_up(uint32_t *now, uint32_t *peak)
{
	++*now;
	if (*peak < *now)
		*peak = *now;
}

/* What there is to tell about a guest. */
struct guest_figures {
	uint32_t vm_id;
	bool dying;
	bool has_identity;
	struct uuid identity;
	struct budget budget;
	struct guest_limits limit;
	struct guest_counts count;
};

/*
 * The guest with the lowest handle that is from or above it; false: there is none. Its monitor is
 * not taken, so that nobody waits for whoever is inside: what changes meanwhile may be seen half
 * changed. Any context.
 */
bool must_check guest_get_figures(uint32_t from, struct guest_figures *figures);

/*
 * Random numbers from this guest's own stream, and something to mix into it (TA-144: it never
 * replaces what is there). The stream lies in the guest's page: there is nothing to run out of, so
 * neither can fail. At most CRYPTO_RANDOM_PIECE bytes each (I7). Context: monitor held.
 */
void guest_random(struct guest *guest, void *to, size_t size);
void guest_random_add(struct guest *guest, const void *data, size_t size);

/* Guests alive, guest 0 and those that are dying included. */
uint32_t guest_count(void);

/* A line about this guest in the log, rate-limited. */
#define guest_log(guest, ...) log_guest((guest)->vm_id, &(guest)->log, __VA_ARGS__)

#endif
