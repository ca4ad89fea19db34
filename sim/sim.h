/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The simulator: the kernel and the mediator, whole, in one process, with many guests around them.
 *
 *   main.c    options, the run, the summary   world.c  frames of memory, what the mediator calls
 *   sched.c   fibers, CPUs, points            life.c   birth, death, interrupts of VMs
 *   check.c   the invariants                  guest.c  what a vCPU sends
 *   memory.c  buffers of a guest              client.c sessions and commands
 *   service.c answers to RPCs                 app.c, nest.c, lock.c  what apps do
 *   fail.c    memory that fails
 *
 * One thread. Every vCPU is a fiber; a fiber runs until it comes to a *point*: any callback of the
 * mediator, any place where the kernel gives its locks up (a bracket, an entry into an app), each
 * instruction of a guest that matters. At a point the scheduler may let any other fiber run, kill a
 * guest, let an allocation fail, raise an interrupt. All choices come from one seed.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/msg.h"
#include "abi/smc.h"
#include "hypervisor/mediator/mediator.h"
#include "kernel/arch/host/host.h"

#define SIM_VMS_MAX   256u
#define SIM_VCPUS     2u
#define SIM_RAM_PAGES 160u /* of a VM */
#define SIM_RAM_BASE  0x80000000ull
#define SIM_FAMILIAR  16u /* cookies, sessions and threads of others that a liar tries */

/* Chances are in 1/65536 for each point. */
struct options {
	uint64_t seed;
	uint64_t steps;     /* points; 0: no limit */
	uint64_t lifetimes; /* that must be reached; 0: no limit */
	uint32_t guests;
	uint32_t cpus;
	uint32_t secure_pages;
	uint32_t kill_chance;
	uint32_t fail_chance;
	uint32_t interrupt_chance;
	uint32_t lie_chance;     /* guests that lie, of 100 */
	uint32_t real_chance;    /* guests whose app is executed for real, of 100 */
	uint32_t stall_chance;   /* RPCs that are answered thousands of points later, of 65536 */
	uint32_t refuse_chance;  /* RPCs that are answered with an error, of 65536 */
	uint32_t shared_percent; /* vCPUs that also use the app that all guests share */
	uint32_t nest_percent; /* sessions with apps that remember, commands that call other apps */
	bool trace;
	const char *line[64]; /* as they were given */
};
extern struct options options;

enum vm_state {
	VM_ABSENT,
	VM_LIVING,
	VM_DYING
};

struct vm;

/* A fiber: a vCPU, or the reaper of a VM. */
struct fiber {
	struct arch_context context;
	void *stack;
	void (*body)(struct fiber *fiber);
	struct vm *vm;
	unsigned index; /* of the vCPU */
	bool running;   /* has a body to run */
	int cpu;        /* that it has in the TEE, or -1 */
	struct med_vcpu med;
};

#define SIM_PAYLOAD_PAGES 40u

/* What the guest knows of one buffer it gave to an RPC, or registered. */
struct buffer {
	uint64_t cookie; /* 0: none */
	uint64_t list;   /* the page with the page list */
	uint32_t count;
	uint64_t page[SIM_PAYLOAD_PAGES];
};

struct vm {
	enum vm_state state;
	uint32_t number; /* index + 1: its id */
	struct med_vm *med;
	uint32_t frames[SIM_RAM_PAGES];
	uint64_t used[(SIM_RAM_PAGES + 63) / 64]; /* the guest's own allocator */
	struct fiber vcpus[SIM_VCPUS];
	struct fiber reaper;
	bool lies;
	bool real;
	bool doomed;    /* to be killed at its next turn */
	uint8_t secret; /* what its buffers are filled with */
	/* Notifications: enabled; the interrupt is pending; those fetched and not waited for. */
	bool async;
	bool interrupt;
	uint32_t fetching; /* vCPUs on their way with a value */
	uint64_t notified[2];
	uint32_t threads[SIM_VCPUS]; /* of its calls in flight, as far as it knows, or 0 */
	uint32_t stale[4];           /* of its calls that have ended */
	unsigned stale_count;
	uint32_t sessions[SIM_VCPUS]; /* with the lock */
	bool in_lock[SIM_VCPUS];      /* a call in one of these is on its way */
	uint64_t holds[SIM_VCPUS];    /* the lock that it has, or 0 */
	uint64_t next_cookie;
	struct buffer buffers[16];
	/* What makes a lifetime. */
	bool registered;
	uint32_t opened;
	uint32_t invoked;
	uint32_t served; /* RPCs in those */
};
extern struct vm vms[SIM_VMS_MAX];

/* Counters of the summary. */
struct summary {
	uint64_t points, lifetimes, lives, calls, rpcs, kills, failed_allocations, interrupts;
	uint64_t kills_in[8]; /* by enum med_phase */
	uint64_t right_answers;
	uint64_t locks, notifications, stalls, refusals, stale_answers, checks;
};
extern struct summary summary;

/* --- sched.c --- */

void sched_start(void);

/* One run until a limit is reached; every VM is gone after it. */
void sched_run(void);

/* The running fiber; NULL in the scheduler. */
struct fiber *fiber_current(void);

/* The running fiber goes into the TEE: it gets a CPU of its own until it comes out, or waits for
 * one. */
void cpu_enter(void);
void cpu_leave(void);

/* A point: somebody else may go on from here. No lock is held. */
void point(void);

/* Same, and somebody else certainly goes on first. */
void give_way(void);

/* A number below bound > 0; chance in 65536. */
uint32_t below(uint32_t bound);
bool chance(uint32_t of_65536);
uint64_t random64(void);

/* A line of the last events, shown when an invariant breaks. */
void event(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* An invariant is broken: tells seed and last events, and ends the process. */
_Noreturn void broken(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A CPU on which nobody is in the TEE, or -1. */
int cpu_free(void);

/* A fiber begins to run body. */
void fiber_begin(struct fiber *fiber, struct vm *vm, unsigned index,
		 void (*body)(struct fiber *fiber));
void fiber_run(struct fiber *fiber);

/* --- life.c --- */

/* One turn of a VM. True: it is absent. */
bool life_turn(struct vm *vm, bool finishing);

/* --- world.c --- */

void world_start(void);

/* Makes a VM: RAM, the mediator's and the kernel's record. False: refused. */
bool world_create(struct vm *vm);

/* Takes the RAM back; no frame of it may be pinned (I5). */
void world_free(struct vm *vm);

/* Memory of a guest by its own address; NULL if it is not RAM of it. */
void *world_at(struct vm *vm, uint64_t ipa);

/* Does the frame at pa belong to this VM, or to the mediator? */
bool world_may_reach(uint32_t vm_number, uint64_t pa);
bool world_is_guests(uint32_t vm_number, uint64_t pa);
void world_describe(uint64_t pa);

extern const struct med_host world_host;
extern struct med mediator;

/* --- guest.c --- */

void guest_body(struct fiber *fiber);

/* --- app.c --- */

void app_start(void);

/* --- check.c --- */

void check_start(void);

/* After every point: I1 .. I8 as far as they can be seen from outside. */
void check_point(void);

/*
 * A vCPU of an honest guest waits for the lock, in this session, for this key, since begun: it
 * waits in a queue, or it is being told; and the lock is not free all the time. True: it is being
 * told.
 */
bool check_waiter(const struct fiber *fiber, uint32_t session, uint32_t key, uint64_t begun);

/* A page was given back (I6). */
void check_freed(const void *page);

/* Nobody lives: everything is as it was at the start. */
void check_empty(void);

#endif
