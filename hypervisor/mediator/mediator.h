/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TEE mediator: what a hypervisor embeds so that its VMs can share one TEE (README.md is the
 * guide for that).
 *
 * It stamps the caller of every SMC, lets only known calls through, gives the TEE copies of
 * messages instead of pointers into guest memory, translates and pins the pages that a guest lends,
 * and gives everything back when the VM dies. It knows no architecture and no hypervisor: all it
 * needs comes through struct med_host.
 *
 * Life of a VM:
 *
 *   med_init()  once, before the first VM
 *   med_vm_create()  before its first vCPU runs  [med_vm_configure() if med_tee_is_tenon()]
 *   med_handle()  for each SMC or HVC of a vCPU with an owner in 48..63
 *   med_vm_kill(), stop the vCPUs, med_vm_destroy_step() until it is done; only then reuse its
 * memory
 */
#ifndef HYPERVISOR_MEDIATOR_MEDIATOR_H
#define HYPERVISOR_MEDIATOR_MEDIATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Storage for one spin lock of the hypervisor; all zero is an unlocked one. */
struct med_lock {
	uint64_t opaque[2];
};

/* A page of the hypervisor's own: ordinary non-secure RAM that the TEE knows as such (NW-189). */
struct med_page {
	uint64_t pa; /* page-aligned, not 0 */
	void *va;    /* stays mapped until page_free() */
};

/* Sizes asked of mem_alloc() never exceed this. */
#define MED_MEM_MAX 4096u

/*
 * What the hypervisor provides. Every callback may be called on any CPU, by several CPUs at the
 * same time, and must not sleep. None but unlock() is called with a med_lock held.
 */
struct med_host {
	/*
	 * Issues an SMC to the TEE on this CPU: regs[0..7] in, regs[0..3] out. Returns when the TEE
	 * does, which may be because a foreign interrupt is pending (NW-042).
	 */
	void (*smc)(uint64_t regs[8]);

	/* One zeroed page; false when there is none. page_free() gets what page_alloc() filled in.
	 */
	bool (*page_alloc)(struct med_page *page);
	void (*page_free)(const struct med_page *page);

	/* Records: size <= MED_MEM_MAX, 16-byte aligned, content undefined; NULL when there is
	 * none. */
	void *(*mem_alloc)(size_t size);
	void (*mem_free)(void *mem, size_t size);

	/* Held for a few hundred instructions. Must order memory accesses like any lock. */
	void (*lock)(struct med_lock *lock);
	void (*unlock)(struct med_lock *lock);

	/*
	 * Translates the page-aligned guest-physical address of a VM and takes a reference: until
	 * page_unpin() the page is neither freed nor given to another owner, whatever the guest
	 * does to its mappings. Only ordinary, writable RAM that this VM owns: no device, ROM,
	 * grant or foreign mapping (NW-198). One page may be pinned many times. False: *pa is not
	 * used. vm_cookie is the one given to med_vm_create().
	 */
	bool (*page_pin)(void *vm_cookie, uint64_t ipa, uint64_t *pa);
	void (*page_unpin)(void *vm_cookie, uint64_t pa);

	/* A pointer to a pinned page, for this CPU, until page_unmap(). At most three at a time. */
	void *(*page_map)(uint64_t pa);
	void (*page_unmap)(void *va);

	/* Asked between batches of work: is there something better to do on this CPU? */
	bool (*preempt_pending)(void);
};

/* What the probe learnt of the TEE. */
struct med_tee {
	uint32_t uid[4];
	uint32_t revision[2];
	uint32_t os_uuid[4]; /* all 0 if it has none */
	uint32_t os_revision[3];
	uint32_t thread_count; /* yielding calls in flight per VM; 0 = the TEE has no such call */
	bool virtualization;   /* VM_CREATED and VM_DESTROYED exist */
};

/* One mediator for one TEE. Owned by the hypervisor, lives for ever; fields are not for use
 * outside. */
struct med {
	const struct med_host *host;
	struct med_tee tee;
	bool usable;
};

struct med_vm;   /* opaque */
struct med_call; /* opaque */

enum med_status {
	MED_OK = 0,
	MED_NO_TEE,      /* no TEE that speaks this ABI, or one without virtualization */
	MED_NO_MEMORY,   /* of the hypervisor */
	MED_REFUSED,     /* the TEE said no */
	MED_BAD_ARGUMENT /* VM id 0, limits of 0 */
};

/*
 * Limits of one VM (NW-184). A limit that is reached gives the guest an error for that one request;
 * nothing is set aside beforehand.
 */
struct med_limits {
	uint32_t calls; /* yielding calls in flight; the TEE's own count is a bound too */
	uint32_t pages_per_buffer; /* of one registered, temporary or RPC payload buffer */
	uint32_t buffers;          /* registered, temporary and RPC payload buffers */
	uint32_t pages;            /* pinned pages of all those buffers */
	uint32_t rpc_buffers;      /* RPC message buffers (profile B), one page each */
	bool hide_rpc_arg;         /* offer profile B only, also when the TEE can do profile A */
	/*
	 * The VM's device-tree node has an interrupt, and the hypervisor raises it as
	 * med_notify_next() says: offer asynchronous notifications. Only Tenon tells which VM to
	 * interrupt, so with another TEE the guest is offered none (NW-134, NW-135).
	 */
	bool notifications;
};

/* clang-format off */
#define MED_DEFAULT_CALLS            64u
#define MED_DEFAULT_PAGES_PER_BUFFER 2304u  /* 8 MiB at any offset, and to spare */
#define MED_DEFAULT_BUFFERS          1024u
#define MED_DEFAULT_PAGES            32768u /* 128 MiB */
#define MED_DEFAULT_RPC_BUFFERS      128u
#define MED_BATCH_PAGES              64u    /* pages pinned or unpinned between two looks at preempt_pending() */
/* clang-format on */

/* The defaults above, in a struct to change fields of. */
struct med_limits med_limits_default(void);

/* Where a yielding call stands. */
enum med_phase {
	MED_PHASE_NONE,      /* no call */
	MED_PHASE_PREPARING, /* its message is being translated; the TEE has not seen it */
	MED_PHASE_RUNNING,   /* a CPU is in the TEE for it (or about to enter) */
	MED_PHASE_SUSPENDED, /* the guest has been shown an RPC and has not come back with it */
	MED_PHASE_ANSWERING, /* the guest came back; its answer is being translated */
	MED_PHASE_FINISHING, /* the TEE has answered; what the call or the RPC held is being
				released */
	MED_PHASE_LOST       /* the TEE broke the protocol; kept until the VM ends */
};

/* A glimpse of a call. It may be out of date as soon as it is there. */
struct med_call_info {
	enum med_phase phase;
	uint32_t message;     /* MSG_CMD_* that started it */
	uint32_t function;    /* SUSPENDED: SMC_RPC_ALLOC, _FREE, _FOREIGN_INTR (preempted), _CMD or
				 other */
	uint32_t rpc_command; /* SUSPENDED with SMC_RPC_CMD: RPC_CMD_* */
	uint32_t rpc_detail;  /* with RPC_CMD_NOTIFICATION: RPC_NOTIFICATION_*; with SHM_ALLOC/FREE:
				 RPC_SHM_* */
	uint32_t thread_id;   /* SUSPENDED */
};

/*
 * What the mediator keeps per vCPU: a call whose handling was interrupted by preempt_pending(). All
 * zero at first; owned by the hypervisor, dropped without ceremony when the VM ends.
 */
struct med_vcpu {
	struct med_call *call;     /* not for use outside */
	struct med_call_info last; /* see med_handle() */
};

enum med_result {
	MED_DONE,
	MED_AGAIN,
	MED_STUCK /* med_vm_destroy_step() only */
};

/*
 * Probes the TEE (NW-195); works with any, virtualized or not. Boot time, one CPU, no lock.
 * @host must outlive @med. Returns MED_OK, or MED_NO_TEE: then every med_vm_create() fails and
 * med_handle(NULL, ...) answers the guests.
 */
enum med_status med_init(struct med *med, const struct med_host *host);

/* GET_OS_UUID answered with Tenon's own: then med_vm_configure() and med_vm_stat() work. */
bool med_tee_is_tenon(const struct med *med);

/*
 * Makes a VM known to the TEE. @vm_id: 1..0xFFFFFFFF, not in use (upstream OP-TEE compares 16 bits
 * only). @cookie is handed to page_pin() and page_unpin(). @limits is copied.
 * On failure nothing is left behind and the VM has no TEE: give med_handle() NULL for it (NW-194).
 */
enum med_status med_vm_create(struct med *med, uint32_t vm_id, void *cookie,
			      const struct med_limits *limits, struct med_vm **out);

/*
 * GUEST_CONFIGURE (Tenon only): @key and @value as in abi/tenon.h. After med_vm_create(), before
 * the first vCPU runs. Returns the a0 of the TEE; SMC_UNKNOWN_FUNCTION when the TEE is another.
 */
uint32_t med_vm_configure(struct med_vm *vm, uint32_t key, const uint32_t value[4]);

/*
 * When the TEE's interrupt has come: a VM to interrupt, each named once for all that was posted
 * before; to be repeated until false. Any CPU, no lock, may be called from interrupt context.
 */
bool med_notify_next(const struct med *med, uint32_t *vm_id);

/*
 * TRACE (Tenon only): @operation as in abi/tenon.h; of TENON_TRACE_START @value is the number of
 * pages, of TENON_TRACE_READ the physical address of a page of the host's. @out: a1..a3. Returns
 * the a0 of the TEE.
 */
uint32_t med_trace(const struct med *med, uint32_t operation, uint64_t value, uint32_t out[3]);

/* GUEST_STATS (Tenon only): @vm_id may be TENON_STATS_SYSTEM. Returns the a0 of the TEE. */
uint32_t med_tee_stat(const struct med *med, uint32_t vm_id, uint32_t counter, uint64_t *value);
uint32_t med_vm_stat(const struct med_vm *vm, uint32_t counter, uint64_t *value);

/*
 * Handles one SMC or HVC (immediate 0) of a guest whose function id has an owner in 48..63.
 *
 * @vm is NULL for a VM without TEE. @regs are the guest's x0..x7; only the low halves count.
 *
 * MED_DONE: regs[0..3] hold the answer (upper halves zero; an unknown call changes a0 only),
 * regs[4..7] are untouched (NW-196); advance the PC and go on. When the answer is
 * SMC_RPC_FOREIGN_INTR, take pending interrupts and schedule before the guest runs again (NW-188).
 *
 * MED_AGAIN: nothing visible to the guest has happened and @regs are as they were. Do not advance
 * the PC and do not let this vCPU execute guest code; take interrupts, schedule, then call again
 * with the same arguments, on any CPU. It is the answer when preempt_pending() said so, and the
 * only answer for a VM after med_vm_kill().
 *
 * @vcpu->last tells, after MED_DONE, where the call that this SMC was about stands: SUSPENDED with
 * its RPC, or NONE if it ended or was no yielding call. "Running" can be seen with med_vm_calls()
 * from another CPU. Any number of vCPUs of one VM may be in here at once; no lock is held while the
 * TEE runs.
 */
enum med_result med_handle(struct med_vm *vm, struct med_vcpu *vcpu, uint64_t regs[8]);

/*
 * From now on no call of this VM is started or resumed; any CPU, any time, also while vCPUs are in
 * med_handle(). Does not wait. May be repeated.
 */
void med_vm_kill(struct med_vm *vm);

/*
 * One step of the death of a VM (NW-186). Call after every vCPU has been stopped, none of them is
 * in med_handle() (kick those in the TEE with an interrupt), and no other CPU uses @vm.
 *
 * MED_AGAIN: call again, at once or later. MED_DONE: nothing of the VM is left, @vm is no more, its
 * memory and id may be reused; @left (may be NULL) holds the counters, all 0 unless this library
 * has a bug. MED_STUCK: the TEE refuses to let go of the VM; its memory must never be reused; a
 * later call tries again.
 */
struct med_counters;
enum med_result med_vm_destroy_step(struct med_vm *vm, struct med_counters *left);

/* What a VM holds at this moment. All 0 at the end.
 */
struct med_counters {
	uint32_t calls;        /* in flight, lost ones included */
	uint32_t buffers;      /* registered, temporary, RPC payload */
	uint32_t pages;        /* guest pages charged to those buffers */
	uint32_t rpc_buffers;  /* RPC message buffers (profile B) */
	uint32_t shadow_pages; /* pages of the hypervisor, those kept for reuse included */
	uint32_t spare_pages;  /* of these, kept for reuse */
};

/* Any CPU, any time before the first med_vm_destroy_step(); then only whoever takes these steps. */
void med_vm_counters(struct med_vm *vm, struct med_counters *out);

/*
 * The calls of a VM that are not NONE: fills up to @max entries, returns how many there are.
 * When and where as med_vm_counters().
 */
uint32_t med_vm_calls(struct med_vm *vm, struct med_call_info *out, uint32_t max);

#endif
