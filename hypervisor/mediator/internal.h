/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the mediator share. Bottom up: map, page → shm → pagelist → message → rpc →
 * call → fast, vm → mediator.
 *
 * Locking: one med_lock per VM guards what is marked [L] below. It is never held across a callback
 * of the host other than unlock(), so there is no lock order. What is marked [C] belongs to the one
 * vCPU that works at the call: a call is worked at by the vCPU that started it or took it out of
 * `suspended`, until it is put back there or ends.
 */
#ifndef HYPERVISOR_MEDIATOR_INTERNAL_H
#define HYPERVISOR_MEDIATOR_INTERNAL_H

#include <abi/msg.h>
#include <abi/result.h>
#include <abi/smc.h>
#include "mediator.h"

#define MUST_CHECK __attribute__((warn_unused_result))

/* Words of memory that somebody else may write at any time, of whatever type they are to others. */
typedef uint64_t __attribute__((may_alias)) med_word;
typedef uint32_t __attribute__((may_alias)) med_half;

/* map.c: names of 64 bits, looked up per VM. [L] */
struct med_node {
	struct med_node *next;
	uint64_t key;
};

struct med_map {
	struct med_node **buckets;
	uint32_t bits;
};

/* A page of the hypervisor that the TEE may see. All zero beyond `used`. */
struct med_own {
	struct med_own *next;
	struct med_page page;
	uint32_t used; /* bytes from the start that may be other than 0 */
};

/* Physical addresses of pinned pages, in the order of the buffer. */
struct med_chunk {
	struct med_chunk *next;
	uint32_t count;
	uint32_t capacity;
	uint64_t pa[];
};
#define MED_CHUNK_MAX ((MED_MEM_MAX - sizeof(struct med_chunk)) / sizeof(uint64_t))

/* Who may release a buffer (NW-174). */
enum med_buffer_kind {
	BUFFER_REGISTERED, /* UNREGISTER_SHM that succeeds */
	BUFFER_TEMPORARY,  /* the end of the call that carried it */
	BUFFER_PAYLOAD,    /* SHM_FREE from the TEE */
	BUFFER_RPC         /* FREE or DISABLE_SHM_CACHE from the TEE; one page, with a shadow */
};

enum med_buffer_state {
	BUFFER_NEW,     /* the name is taken, nothing else may use it */
	BUFFER_LIVE,    /* known to the TEE */
	BUFFER_LEAVING, /* UNREGISTER_SHM under way */
	BUFFER_GONE     /* no name any more; lives on while it is referenced */
};

/*
 * Memory lent by the guest. Born in shm_create() with one reference, that of its name or
 * (temporary) of its call; whoever drops the last one puts it on its call's garbage list, from
 * where it is unpinned in batches.
 */
struct med_buffer {
	struct med_node node; /* [L] key: the cookie */
	struct med_buffer *next;
	enum med_buffer_kind kind;
	enum med_buffer_state state; /* [L] */
	uint32_t references;         /* [L] */
	uint32_t page_count;         /* charged to the VM */
	uint32_t pinned;             /* of these, in the chunks */
	uint32_t offset;             /* of the first byte in the first page */
	uint64_t size;
	struct med_chunk *chunks;
	struct med_chunk *last_chunk;
	struct med_own *shadow; /* BUFFER_RPC: what the TEE sees instead */
};

/* pagelist.c: a page list of the guest on its way to become one of ours. */
struct med_walk {
	struct med_buffer *buffer; /* NULL: no walk */
	uint64_t list_ipa;         /* list page to read */
	uint64_t list_pa;          /* the same, pinned; 0: not yet */
	uint32_t index;            /* next entry of it */
	struct med_own *lists;     /* our list, in order */
	struct med_own *last_list;
};

enum med_walk_result {
	WALK_DONE,
	WALK_MORE, /* a batch is done; look at preempt_pending() */
	WALK_BAD,  /* an entry that cannot be shared */
	WALK_NO_MEMORY
};

/* Where in pinned guest memory a message lies; it may cross into a second page. */
struct med_place {
	uint64_t pa[2];
	uint32_t offset; /* in pa[0], 8-byte aligned */
};

struct med_window {
	const struct med_host *host;
	uint8_t *va[2];
	uint32_t offset;
};

/* What a call does next; the state machine is drawn in call.c. */
enum med_step {
	STEP_TRANSLATE,
	STEP_ENTER,
	STEP_RETURNED,
	STEP_ANSWER,
	STEP_RELEASE,
	STEP_SHOW,
	STEP_END
};

/* The RPC that a call waits for, as the TEE asked it: the guest's registers select nothing
 * (NW-176). */
struct med_rpc {
	uint32_t function;
	uint32_t thread_id;
	uint32_t a1, a2;
	/* SMC_RPC_CMD only: */
	bool own_free;        /* the guest is sent a SHM_FREE by us (NW-178) */
	uint64_t free_cookie; /* own_free: what the guest is to free */
	struct msg_header header;
	struct msg_param params[MSG_RPC_MAX_PARAMS];
	uint8_t types[MSG_RPC_MAX_PARAMS];
};

/* A yielding call, or a slot for one. Made on demand, kept for reuse, freed when the VM ends. */
struct med_call {
	struct med_call *all_next;  /* [L] */
	struct med_call *free_next; /* [L] */
	struct med_node node;       /* [L] key: thread id, while in vm->suspended */
	struct med_vm *vm;
	uint32_t phase; /* enum med_phase; written by its vCPU, read by anybody */
	bool busy;      /* a vCPU is in med_handle() for it */

	/* [C] from here on */
	struct med_own *shadow; /* the message as the TEE sees it */
	enum med_step step;
	enum med_step after_release;
	uint32_t function;        /* SMC id given to the TEE */
	bool appended;            /* the RPC message follows the main one (profile A) */
	bool message_pinned;      /* place is a page pinned for this call */
	uint32_t cmd;             /* latched; written by its vCPU, read by anybody */
	uint32_t num_params;      /* latched */
	uint32_t output_count;    /* one more than the index of the last output */
	uint32_t next_param;      /* STEP_TRANSLATE */
	uint32_t room;            /* bytes from the start of the message to the end of its memory */
	uint32_t to_tee[6];       /* a0..a5 for STEP_ENTER */
	uint32_t from_tee[4];     /* a0..a3 for STEP_RETURNED */
	uint32_t answer;          /* a0 for STEP_END; a1..a3 are 0 */
	struct med_place message; /* main message of the guest */
	struct med_buffer *message_buffer; /* the registered buffer it lies in, referenced */
	struct med_buffer *rpc_buffer; /* profile B: the one named by the pending CMD, referenced */
	struct med_buffer *registering; /* REGISTER_SHM */
	struct med_buffer *leaving;     /* UNREGISTER_SHM */
	struct med_buffer *temporaries;
	struct med_own *lists;        /* ours, for the main message */
	struct med_own *answer_lists; /* ours, for the last SHM_ALLOC */
	struct med_own *old_lists;    /* no longer needed; STEP_RELEASE gives them back */
	struct med_buffer *garbage;   /* no references left; STEP_RELEASE unpins */
	struct med_walk walk;
	struct med_rpc rpc;
	uint8_t types[MSG_MAX_PARAMS]; /* latched attr[7:0] */
};

struct med_vm {
	struct med *med;
	const struct med_host *host;
	void *cookie;
	uint32_t id;
	struct med_limits limits;
	uint32_t call_limit; /* min(limits.calls, what the TEE says) */
	bool rpc_arg;        /* profile A is offered */
	bool notifications;  /* asynchronous ones are offered */

	struct med_lock lock;
	bool dying;                  /* written [L]; never goes back */
	uint32_t visitors;           /* [L] vCPUs in here without a call that is busy */
	struct med_call *calls;      /* [L] all slots */
	struct med_call *free_calls; /* [L] most recently used first */
	uint32_t slot_count;         /* [L] */
	uint32_t in_flight;          /* [L] without lost ones */
	uint32_t lost;               /* [L] */
	struct med_map suspended;    /* [L] calls by thread id */
	struct med_map names;        /* [L] buffers by cookie */
	uint32_t buffers;            /* [L] charged */
	uint32_t pages;              /* [L] charged */
	uint32_t rpc_buffers;        /* [L] charged */
	uint64_t temporary_serial;   /* [L] */
	struct med_own *spare;       /* [L] all zero, for reuse */
	uint32_t spare_count;        /* [L] */
	uint32_t own_pages;          /* [L] all that exist */

	/* med_vm_destroy_step() only */
	bool tee_forgot;
	uint32_t next_bucket;
	struct med_buffer *garbage;
	struct med_own *old_lists;
};

/* Cookies of this form are the mediator's; a guest's buffer cannot be named like that. */
#define MED_COOKIE_PREFIX (0x4D4544ull << 40)
#define MED_COOKIE_MASK   (0xFFFFFFull << 40)

/* Pages kept for reuse by a VM, beyond one per call slot. */
#define MED_SPARE_PAGES 8u
/* Pages zeroed and given back between two looks at preempt_pending(). */
#define MED_BATCH_LISTS 2u

static inline uint64_t pair(uint32_t high, uint32_t low)
{
	return (uint64_t)high << 32 | low;
}

static inline bool is_page_aligned(uint64_t address)
{
	return (address & (MSG_PAGE_SIZE - 1)) == 0;
}

static inline bool cookie_is_usable(uint64_t cookie)
{
	return cookie != 0 && (cookie & MED_COOKIE_MASK) != MED_COOKIE_PREFIX;
}

static inline bool vm_is_dying(const struct med_vm *vm)
{
	return __atomic_load_n(&vm->dying, __ATOMIC_ACQUIRE);
}

static inline void call_set_phase(struct med_call *call, enum med_phase phase)
{
	__atomic_store_n(&call->phase, (uint32_t)phase, __ATOMIC_RELAXED);
}

static inline void vm_lock(struct med_vm *vm)
{
	vm->host->lock(&vm->lock);
}

static inline void vm_unlock(struct med_vm *vm)
{
	vm->host->unlock(&vm->lock);
}

/* map.c. Bucket memory is one mem_alloc() block. */
bool med_map_init(struct med_map *map, const struct med_host *host, uint32_t entries) MUST_CHECK;
void med_map_fini(struct med_map *map, const struct med_host *host);
void med_map_insert(struct med_map *map, struct med_node *node);
struct med_node *med_map_find(const struct med_map *map, uint64_t key) MUST_CHECK;
void med_map_remove(struct med_map *map, struct med_node *node);

/* page.c */
struct med_own *own_get(struct med_vm *vm) MUST_CHECK;
void own_put(struct med_vm *vm, struct med_own *own);
bool own_put_batch(struct med_vm *vm, struct med_own **list);
bool guest_page_pin(struct med_vm *vm, uint64_t ipa, uint64_t *pa) MUST_CHECK;
void own_splice_pages(struct med_own **from, struct med_own **to);

/* Moves all pages of @from to the front of @to. */
static inline void own_splice(struct med_own **from, struct med_own **to)
{
	if (*from != NULL)
		own_splice_pages(from, to);
}
void own_free(struct med_vm *vm, struct med_own *own);

/* shm.c */
TEE_Result shm_create(struct med_vm *vm, enum med_buffer_kind kind, uint64_t cookie,
		      uint32_t offset, uint64_t size, struct med_buffer **out) MUST_CHECK;
bool shm_add_page(struct med_vm *vm, struct med_buffer *buffer, uint64_t pa) MUST_CHECK;
uint64_t shm_page(const struct med_buffer *buffer, uint32_t index);
struct med_buffer *shm_find_locked(struct med_vm *vm, enum med_buffer_kind kind,
				   uint64_t cookie) MUST_CHECK;
struct med_buffer *shm_leave(struct med_vm *vm, uint64_t cookie) MUST_CHECK;
void shm_publish(struct med_vm *vm, struct med_buffer *buffer);
bool shm_drop_locked(struct med_buffer *buffer, struct med_buffer **garbage);
void shm_drop(struct med_vm *vm, struct med_buffer *buffer, struct med_buffer **garbage);
void shm_forget(struct med_vm *vm, struct med_buffer *buffer, struct med_buffer **garbage);
struct med_buffer *shm_take_name(struct med_vm *vm, enum med_buffer_kind kind,
				 uint64_t cookie) MUST_CHECK;
bool shm_release_batch(struct med_vm *vm, struct med_buffer **garbage);

/* pagelist.c */
TEE_Result walk_begin(struct med_vm *vm, struct med_walk *walk, enum med_buffer_kind kind,
		      const struct msg_tmem *tmem) MUST_CHECK;
enum med_walk_result walk_batch(struct med_vm *vm, struct med_walk *walk) MUST_CHECK;
void walk_abandon(struct med_vm *vm, struct med_walk *walk, struct med_buffer **garbage);

/* window.c */
void window_open(struct med_window *window, const struct med_host *host,
		 const struct med_place *place, uint32_t len);
void window_close(struct med_window *window);
void window_read(const struct med_window *window, uint32_t offset, void *to, uint32_t len);
void window_write(const struct med_window *window, uint32_t offset, const void *from, uint32_t len);
void window_put32(const struct med_window *window, uint32_t offset, uint32_t value);
void window_put64(const struct med_window *window, uint32_t offset, uint64_t value);
void place_advance(struct med_place *place, uint32_t distance);

/* message.c */
uint32_t message_locate(struct med_call *call, const uint32_t guest[8]) MUST_CHECK;
uint32_t message_fetch(struct med_call *call) MUST_CHECK;
TEE_Result message_decode(struct med_call *call, bool *has_lists) MUST_CHECK;
enum med_walk_result message_translate(struct med_call *call, TEE_Result *result) MUST_CHECK;
bool message_is_reachable(const struct med_call *call);
uint32_t message_refuse(struct med_call *call, TEE_Result result) MUST_CHECK;
uint32_t message_copy_back(struct med_call *call, TEE_Result result) MUST_CHECK;
TEE_Result message_result(const struct med_call *call);

/* rpc.c */
enum rpc_delivery {
	RPC_SHOW,   /* to the guest */
	RPC_RESUME, /* cannot be delivered: back to the TEE */
	RPC_BROKEN  /* the TEE broke the protocol */
};
enum rpc_delivery rpc_latch(struct med_call *call) MUST_CHECK;
bool rpc_present(struct med_call *call) MUST_CHECK;
enum med_step rpc_answer(struct med_call *call, const uint32_t guest[8]) MUST_CHECK;
enum med_step rpc_answer_walk(struct med_call *call, bool *pause) MUST_CHECK;
void rpc_set_resume(struct med_call *call);
void rpc_drop_buffer(struct med_call *call);

/* call.c */
enum med_result call_start(struct med_vm *vm, struct med_vcpu *vcpu, const uint32_t guest[8],
			   uint64_t regs[8]);
enum med_result call_resume(struct med_vm *vm, struct med_vcpu *vcpu, const uint32_t guest[8],
			    uint64_t regs[8]);
enum med_result call_continue(struct med_vm *vm, struct med_vcpu *vcpu, uint64_t regs[8]);
void call_describe(const struct med_call *call, struct med_call_info *info);
void call_strip(struct med_call *call);
void call_free(struct med_call *call);

/* fast.c: a1 is the only argument of a fast call that any of them takes from the guest. */
enum med_result fast_call(struct med_vm *vm, uint32_t function, uint32_t a1, uint64_t regs[8]);

/* tee.c: SMCs of the mediator's own. Unused arguments are 0. */
void tee_call(const struct med_host *host, uint32_t regs[8]);
uint32_t tee_vm_created(const struct med_host *host, uint32_t vm_id);
uint32_t tee_vm_destroyed(const struct med_host *host, uint32_t vm_id);
uint32_t tee_thread_count(const struct med_host *host, uint32_t vm_id);

/* vm.c */
void vm_refresh_call_limit(struct med_vm *vm);

static inline void regs_answer(uint64_t regs[8], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3)
{
	regs[0] = a0;
	regs[1] = a1;
	regs[2] = a2;
	regs[3] = a3;
}

#endif
