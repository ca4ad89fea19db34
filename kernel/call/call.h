/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A yielding call in flight: a coroutine on a kernel stack of its own.
 *
 *             call_start()             call_suspend()
 *     FREE ───────────────▶ RUNNING ───────────────────▶ RPC | PREEMPTED
 *       ▲                     │  ▲                            │
 *       └─────────────────────┘  └────────────────────────────┘
 *           final return                call_resume()
 *
 * Owner: a guest; it charges stack and record. One finished call is kept per guest for its next
 * one, so that the guest can always make a call (design §2) and an invoke allocates nothing.
 *
 * While a call runs kernel code it holds its guest's monitor. It gives it up in call_suspend(), in
 * call_preemptible_begin/end() and around arch_user_run(). Only there can anything else of this
 * guest happen, so only there may state that was looked up before have gone: whoever keeps an
 * object across holds a reference.
 */
#ifndef CALL_CALL_H
#define CALL_CALL_H

#include "abi/msg.h"
#include "abi/result.h"
#include "kernel/arch/arch.h"
#include "kernel/entry/entry.h"
#include "kernel/guest/guest.h"

/*
 * A preemptible bracket: the monitor is not held; interrupts are open, but for a guest that is
 * destroyed in one go.
 */
enum call_bracket {
	BRACKET_NONE,
	BRACKET_OPEN,
	BRACKET_MASKED
};

enum call_state {
	CALL_FREE,
	CALL_RUNNING,
	CALL_RPC,
	CALL_PREEMPTED
};

/*
 * Where the RPC message of a call lies in guest memory: MSG_RPC_SIZE bytes in one or two pages.
 * first 0: nowhere yet, it takes an RPC ALLOC to get a page. Whoever fills it in keeps the memory
 * referenced for the call's duration.
 */
struct call_rpc_message {
	paddr_t first;
	size_t first_size; /* bytes of it at first; the rest at second */
	paddr_t second;
	uint64_t cookie; /* of a page that RPC ALLOC brought; 0 for a message behind the main one */
};

#define CALL_SLOT_BITS 6
#define CALL_SLOTS     (1u << CALL_SLOT_BITS)

struct call {
	struct list link; /* guest->calls, in order of start */
	struct guest *guest;
	enum call_state state;
	uint32_t slot;      /* unique among the guest's calls: also its notification key */
	uint32_t thread_id; /* slot and generation; what the normal world hands back (NW-035) */
	struct arch_context context;
	void *stack;
	void *stack_pages[KERNEL_STACK_PAGES];
	struct smc_args args; /* what came with the SMC that started or resumed it; what goes out */
	struct call_rpc_message rpc;
	void (*main)(struct call *call);
	enum call_bracket bracket;
	struct crypto_work *crypto_work; /* of the operation with big numbers that it is in */
	unsigned user_depth;             /* trusted apps entered and not left */
	struct ta_session *session;      /* the innermost session that is being served */
	struct ta_instance *waits_for;   /* the instance whose turn it is waiting for (TA-078) */
	struct ta_session *parked;       /* whose command waits for another guest */
	bool sheltered; /* in a shared app: it does not see its guest's death, and sends no RPC */
	uint64_t cpu_ticks;  /* of secure CPU time until it left last, by arch_counter() */
	uint64_t resumed_at; /* when it came back then */
	struct list orphans; /* ta: sessions that it has still to close: their opener is gone */
};

/* The call whose coroutine runs on this CPU, or NULL on an entry stack. */
struct call *call_current(void);

/* Secure CPU time that the running call has had, in ticks of arch_counter(). */
uint64_t call_cpu_time(void);

/* The guest that the running call belongs to. Context: inside a call. */
struct guest *call_guest(void);

/*
 * Starts main() as a new call of guest; returns when it first leaves or ends, with args filled for
 * the caller. ETHREAD_LIMIT or ENOMEM in a0 if there is no room (NW-044). Context: entry stack,
 * monitor held.
 */
void call_start(struct guest *guest, void (*main)(struct call *), struct smc_args *args);

/* Continues a suspended call; ERESUME if thread_id names none (NW-036). Context: entry stack,
 * monitor held. */
void call_resume(struct guest *guest, uint32_t thread_id, struct smc_args *args);

/*
 * A foreign interrupt came in a bracket: gives the CPU back. Called by the arch on the call's
 * stack, interrupts masked. True: the guest is being destroyed in one go, so the rest of the
 * bracket is to run with interrupts masked.
 */
bool must_check call_preempted(void);

/*
 * At the end of a call whose message came without room for RPCs: gives back the page that RPC ALLOC
 * brought, or keeps it for the guest's next call (NW-045).
 */
void call_rpc_release(void);

/*
 * DISABLE_SHM_CACHE: hands out one kept RPC buffer (true), or turns the cache off (false). Context:
 * monitor held.
 */
bool call_rpc_uncache(struct guest *guest, uint64_t *cookie);

/* Same, asked for in the loop that runs a TA; and wherever a loop polls. TARGET_DEAD if the guest
 * is dying. */
TEE_Result must_check call_yield(void);

/* call_yield() if a foreign interrupt is pending, else guest_make_way(). For loops with a length
 * that somebody else chooses. */
TEE_Result must_check call_poll(void);

/*
 * A preemptible bracket: interrupts are open and the monitor is not held, so nothing shared may be
 * touched. For leaf cryptography, copying and scrubbing of memory that only this call knows.
 * Outside a call both do nothing.
 */
void call_preemptible_begin(void);
void call_preemptible_end(void);

/*
 * Sends an RPC to the caller's world and waits for the answer, with the monitor released. params
 * (at most 4) is what is sent; on return the outputs it declared (values of out/inout, sizes of
 * out/inout memory; the answer parameter of SHM_ALLOC whole) have been updated from one read of the
 * answer. Returns what the normal world answered: any code but TARGET_DEAD, which is GENERIC then:
 * that word is the kernel's, for an app or a guest that is gone (trusted-app ABI §3.2). Without
 * leaving: TARGET_DEAD if the guest is dying, or outside a call; OUT_OF_MEMORY if there is no RPC
 * buffer; NOT_SUPPORTED inside a shared app.
 */
TEE_Result must_check call_rpc(uint32_t cmd, struct msg_param *params, unsigned count);

/*
 * Sleeping on an object of the own guest. A waiter parks in the guest (RPC NOTIFICATION wait, with
 * a time-out as a safety net: every wait re-checks its condition, NW-106).
 */
struct wait_queue {
	struct list waiters;
};

void wait_queue_init(struct wait_queue *queue);

/* Sleeps once; the caller loops on its condition. TARGET_DEAD if the guest is dying. */
TEE_Result must_check call_wait(struct wait_queue *queue);

/* Wakes the longest waiter / all waiters. Sends RPCs, so the monitor is released meanwhile. */
void call_wake_one(struct wait_queue *queue);
void call_wake_all(struct wait_queue *queue);

/*
 * The same across guests. The waiter parks in its own guest; the waker needs nothing of that guest
 * but its notifications, and sends no RPC (I3). Where a guest has none enabled, a sleep is short
 * and the waiter looks again.
 *
 *     shared_wait_begin();          wake-ups count from here on
 *     while (the condition does not hold)
 *             shared_wait_sleep();  returns early, late, or for no reason
 *     shared_wait_end();            true: it was woken, and that wake-up is used up
 *
 * A waiter that was woken and then gives up, for whatever reason and whenever, passes the wake-up
 * on with shared_wake_one(); model/wait.pml shows what happens otherwise.
 */
struct shared_queue {
	struct spinlock lock; /* "queues across guests" */
	struct list waiters;  /* the longest first */
};

/* On the waiting call's stack: it leaves the queue before its guest can go. */
struct shared_waiter {
	struct list link;
	struct shared_queue *queue;
	struct guest *guest;
	uint32_t key;
	uint64_t topic; /* what it waits for, of all that the queue is for */
	bool woken;
};

void shared_queue_init(struct shared_queue *queue);
void shared_wait_begin(struct shared_queue *queue, struct shared_waiter *self, uint64_t topic);

/* At most timeout ms; not at all once it was woken. TARGET_DEAD if the guest is dying. */
TEE_Result must_check shared_wait_sleep(const struct shared_waiter *self, uint32_t timeout);
bool must_check shared_is_woken(const struct shared_waiter *self);
bool must_check shared_wait_end(struct shared_waiter *self);

/* Wakes the longest waiter. False: there was none. Any call of any guest. */
bool shared_wake_one(struct shared_queue *queue);

/* Same, of those that wait for this topic. */
bool shared_wake_topic(struct shared_queue *queue, uint64_t topic);

/* A call of the running guest that sleeps on a shared queue looks at its condition again. */
void shared_rouse(const struct call *call);

void call_init(void);

#endif
