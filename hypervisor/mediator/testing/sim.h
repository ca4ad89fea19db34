/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world around the mediator, for its tests: a hypervisor with frames, VMs whose RAM is
 * scattered over them, a TEE that does what it is scripted to do, and a guest driver.
 *
 * It fails the test when a page is freed or changes hands while it is pinned or while the TEE knows
 * of it, when the TEE is led to a page that is neither pinned nor a shadow, when a callback runs
 * with a lock held, when a lock or a map is held across an SMC, when more than a batch of pages is
 * worked through without a look at preempt_pending(), and when anything is left at the end.
 */
#ifndef MEDIATOR_TESTING_SIM_H
#define MEDIATOR_TESTING_SIM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <abi/msg.h>
#include <abi/result.h>
#include <abi/smc.h>
#include <abi/tenon.h>
#include "../mediator.h"

#define SIM_VMS       3u
#define SIM_VCPUS     4u
#define SIM_FRAMES    8192u
#define SIM_PA_BASE   0x80000000ull
#define SIM_IPA_BASE  0x40000000ull
#define SIM_RAM_PAGES 64u /* of a VM, unless a test asks for more */

enum sim_event {
	EV_SMC_ENTER,
	EV_SMC_EXIT,
	EV_PAGE_ALLOC,
	EV_MEM_ALLOC,
	EV_PIN,
	EV_UNPIN,
	EV_MAP,
	EV_UNMAP,
	EV_PREEMPT
};

enum ipa_type {
	IPA_RAM,
	IPA_READ_ONLY,
	IPA_DEVICE
};

struct sim_vm {
	struct med_vm *vm;
	bool exists;
	bool killed;
	uint32_t id;
	uint32_t ram_pages;
	uint32_t next_page; /* the guest's allocator: pages are used once */
	uint32_t *frame;    /* by page of RAM; SIM_FRAMES = not mapped */
	uint8_t *type;
	struct med_vcpu vcpu[SIM_VCPUS];
	uint32_t again; /* MED_AGAIN seen */
};

struct sim {
	struct med med;
	struct med_limits limits;
	struct sim_vm vms[SIM_VMS];

	/* injection */
	void (*hook)(enum sim_event event, uint64_t where);
	uint32_t events;
	uint32_t kill_at; /* event at which VM 0 is killed; 0 = never */
	uint32_t allocations;
	uint32_t fail_at;       /* page_alloc, mem_alloc or page_pin that fails; 0 = none */
	uint32_t preempt_every; /* preempt_pending() says yes each n-th time; 0 = never */

	/* seen */
	uint32_t mem_blocks;
	uint32_t own_pages;
	uint32_t pins;
	uint32_t maps;
	uint32_t smcs;
	uint32_t map_calls;
	uint32_t batch; /* pages pinned or unpinned since the last look at preempt_pending() */
	uint32_t batch_max;
};

extern struct sim sim;
extern const struct med_host sim_host;

/* A new world with a TEE of the default kind, probed, and no VM. As cmocka setup and teardown. */
int sim_setup(void **state);
int sim_teardown(void **state);
void sim_reset(void);

void sim_vm_boot(uint32_t k, uint32_t ram_pages); /* RAM and med_vm_create() */
void sim_vm_end(uint32_t k);                      /* kill, destroy, take the RAM back */
bool sim_vm_end_step(uint32_t k);                 /* one destroy step; true when it is gone */
void sim_check_empty(void);
/* VM @k, the only one, has nothing lent and no call in flight. */
void sim_check_quiet(uint32_t k);
/* The one call that VM @k has. */
struct med_call_info sim_only_call(uint32_t k);

void *sim_frame_data(uint64_t pa);
uint64_t sim_pa(uint32_t k, uint64_t ipa); /* 0 if not mapped */
uint32_t sim_pins(uint64_t pa);
bool sim_tee_may_access(uint32_t vm_id, uint64_t pa);
void sim_unmap(uint32_t k, uint64_t ipa); /* the guest gives a page away (balloon) */
void sim_set_type(uint32_t k, uint64_t ipa, enum ipa_type type);

/* guest.c */
struct guest_message {
	struct msg_header header;
	struct msg_param params[8];
};

uint64_t guest_pages(uint32_t k, uint32_t count); /* IPA of the first */
void *guest_at(uint32_t k, uint64_t ipa);
/* One SMC: repeats while MED_AGAIN, unless the VM was killed. regs[0..3] out. */
void guest_smc(uint32_t k, uint32_t vcpu, uint64_t regs[8]);
uint32_t guest_fast(uint32_t k, uint32_t function, uint64_t a1, uint64_t regs[8]);
/* Writes the page list of @count pages from @data on; returns the IPA of the list. */
uint64_t guest_list(uint32_t k, uint64_t data, uint32_t count);
uint64_t guest_message(uint32_t k, uint32_t cmd, uint32_t num_params);
struct guest_message *guest_message_at(uint32_t k, uint64_t ipa);
/* Starts a call: function, and for REGD_ARG cookie and offset, else the IPA. Returns a0. */
uint32_t guest_start(uint32_t k, uint32_t vcpu, uint32_t function, uint64_t where, uint32_t offset,
		     uint64_t regs[8]);
uint32_t guest_resume(uint32_t k, uint32_t vcpu, uint64_t regs[8]);
/* Like Linux: serves RPCs until the call ends. */
uint32_t guest_run(uint32_t k, uint32_t vcpu, uint32_t function, uint64_t where, uint32_t offset);
void guest_serve(uint32_t k, uint64_t regs[8]);
/* REGISTER_SHM, UNREGISTER_SHM: `ret`, or 0x80000000 | a0 when a0 is not 0. */
uint32_t guest_register(uint32_t k, uint64_t cookie, uint64_t data, uint32_t count, uint32_t offset,
			uint64_t size);
uint32_t guest_unregister(uint32_t k, uint64_t cookie);
uint32_t guest_invoke(uint32_t k, uint32_t func, bool profile_a);

uint32_t guest_start_a(uint32_t k, uint32_t func, uint64_t regs[8]);
struct guest_message *guest_rpc_page(uint32_t k);

struct guest_state {
	uint32_t payloads;  /* given to SHM_ALLOC and not freed */
	uint32_t rpc_pages; /* given to ALLOC and not freed */
	uint64_t next_cookie;
	uint32_t served;       /* RPCs */
	uint64_t message_page; /* where the RPC message is: profile A */
	uint32_t message_rpc_offset;
	uint64_t rpc_page[16]; /* profile B, by cookie & 15 */
	/* how to answer SHM_ALLOC */
	uint64_t alloc_attr;
	uint64_t alloc_bad_entry; /* index + 1 of an entry that cannot be shared */
	uint64_t alloc_cookie;    /* 0 = a new one */
	uint32_t alloc_pages;     /* 0 = as asked */
};
extern struct guest_state guest_state[SIM_VMS];

/* model_tee.c */
enum tee_verb {
	TEE_END,   /* a = ret */
	TEE_ALLOC, /* RPC message buffer */
	TEE_FREE,  /* of the one it has */
	TEE_INTERRUPT,
	TEE_CMD,       /* a = command, b = attr of one parameter, c = value a */
	TEE_SHM_ALLOC, /* a = size, b = type */
	TEE_SHM_FREE,
	TEE_RAW,  /* a = a0, b = a1:a2 */
	TEE_WRITE /* into every output of the call */
};

struct tee_act {
	enum tee_verb verb;
	uint64_t a, b, c;
};

struct tee_buffer {
	bool used;
	bool payload;
	uint32_t vm_id;
	uint64_t cookie;
	uint32_t offset;
	uint64_t size;
	uint32_t page_count;
	uint64_t *pa;
};

struct tee_thread {
	bool used;
	bool suspended;
	uint32_t vm_id;
	uint64_t message; /* PA */
	bool appended;
	uint32_t num_params;
	struct msg_header header;
	struct msg_param params[8];
	struct tee_buffer temporary[8];
	const struct tee_act *next;
	uint64_t rpc_pa;
	uint64_t rpc_cookie;
	uint32_t last_rpc_ret;
	struct msg_param last_rpc_param;
};

#define TEE_THREADS 16u
#define TEE_BUFFERS 64u
#define TEE_SCRIPTS 8u

struct tee {
	uint32_t caps;
	uint32_t caps_a3;
	uint32_t thread_count;
	uint32_t uuid[4];
	bool no_thread_count;
	bool no_virtualization;
	bool wrong_uid;
	uint32_t vm_created_status;
	uint32_t destroy_busy; /* VM_DESTROYED answers EBUSY that many times */
	uint32_t destroy_status;
	bool cache;
	uint64_t cached_cookie;
	uint64_t cached_pa;
	uint32_t cached_vm;
	uint32_t register_ret; /* what REGISTER_SHM ends with */
	uint32_t unregister_ret;
	uint32_t force_a0; /* != 0: yielding calls end with this at once */
	bool untouched;    /* yielding calls end with a0 = 0 and the message as it came */
	uint32_t first_thread_id;
	const struct tee_act *scripts[TEE_SCRIPTS]; /* by func of INVOKE_COMMAND */
	/* Replaces everything for yielding calls when it returns true. */
	bool (*hostile)(uint32_t regs[8]);

	/* seen */
	uint32_t vms[SIM_VMS];
	uint32_t last_regs[8];
	uint32_t destroyed;
	uint32_t notify; /* VMs that NOTIFY_NEXT still names, the highest id first */
	uint32_t configured;
	struct tee_thread threads[TEE_THREADS];
	struct tee_buffer buffers[TEE_BUFFERS];
};
extern struct tee tee;

void tee_reset(void);
void tee_smc(uint64_t regs[8]);
/* Whether the TEE would touch that page if it ran now. */
bool tee_knows(uint64_t pa);
struct tee_buffer *tee_find(uint32_t vm_id, uint64_t cookie);
uint32_t tee_buffer_count(void);

#endif
