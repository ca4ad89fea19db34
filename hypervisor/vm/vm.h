/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual machines: instances of the nodes that the host's device tree describes.
 *
 *   CREATING ──▶ RUNNING ──▶ OFF          (the guest switched itself off)
 *       │           │         │
 *       └───────────┴────┬────┘
 *                        ▼
 *                      DYING ──▶ gone
 *
 * Creation and death are jobs of the scheduler, done in short steps. The order of death (NW-186):
 * stop the vCPUs, let the mediator end everything in the TEE and unpin, then scrub and free the
 * memory, then the number.
 */
#ifndef VM_VM_H
#define VM_VM_H

#include <lib/lock.h>
#include <mm/mm.h>
#include <sched/sched.h>
#include <vcpu/vcpu.h>
#include <vgic/vgic.h>
#include <vm/kill.h>
#include <vm/node.h>
#include <vuart/vuart.h>

#define VM_MAX      255u
#define VM_RAM_BASE 0x40000000ull

/* The virtual SPI in the TEE's node: it has notifications. */
#define VM_TEE_INTID 47u

enum vm_state {
	VM_CREATING,
	VM_RUNNING,
	VM_OFF,
	VM_DYING
};

struct vm_trigger {
	uint32_t wanted;     /* enum kill_state; taken by exchange, so it fires once */
	uint64_t delay;      /* ticks */
	bool fired;          /* by trigger: the death is announced with what it hit */
	enum kill_state hit; /* KILL_NEVER: not yet known */
	uint32_t calls;      /* in flight then */
	struct timer timer;
};

struct vm {
	unsigned number;
	const struct vm_node *node;
	uint32_t state; /* enum vm_state */
	uint32_t refs;  /* of vm_get(); under the table's lock */
	struct lock lock;

	struct stage2 stage2;
	struct vgic vgic;
	struct vuart *uart;
	struct vcpu *vcpus[VGIC_MAX_VCPUS];
	uint8_t last_vcpu[MAX_CPUS]; /* index + 1 of the vCPU that ran last on each CPU */
	/*
	 * NULL: without TEE, or not any more. vCPUs and the job use it as it is. Others hold the VM
	 * with vm_get() and ask vm_tee(), once: it stays usable until vm_put().
	 */
	struct med_vm *tee;

	struct sched_item job;
	struct med_vm *tee_ending; /* the job's alone: nobody else uses it any more */
	enum task_result (*phase)(struct vm *vm); /* of the job */
	uint64_t cursor;                          /* of the phase */
	uint64_t kernel_at, initrd_at, dtb_at;    /* IPA; initrd_at 0: none */
	const char *announce; /* "off" or "reset", until the console has said so */
	bool created;         /* and announced */
	uint64_t death;       /* when it began */
	struct vm_trigger trigger;
};
_Static_assert(sizeof(struct vm) <= HEAP_MAX, "a VM fits a block of the heap");

/**
 * Begin to make an instance of @node, whose number is in *@number before anything else happens. Its
 * end is told to command_vm_created() or command_vm_failed(). Returns NULL, or why it could not
 * begin.
 */
const char *vm_create(const struct vm_node *node, unsigned *number) MUST_CHECK;

/** Begin the death of a VM; may be repeated. Any CPU, also with the timer lock held. */
void vm_destroy(struct vm *vm);

/** The VM of that number, kept until vm_put(); NULL: none. */
struct vm *vm_get(unsigned number);
void vm_put(struct vm *vm);
/** What the mediator knows the VM as, until vm_put(); NULL: nothing. */
static inline struct med_vm *vm_tee(const struct vm *vm)
{
	return __atomic_load_n(&vm->tee, __ATOMIC_ACQUIRE);
}

/** Arm a trigger (state, delay in microseconds); of a VM that is dying, without effect. */
void vm_kill_arm(struct vm *vm, enum kill_state wanted, uint64_t delay_us);
/** A call of the VM is in @state: does that fire the trigger? In the trap that made it so. */
void vm_kill_look(struct vm *vm, enum kill_state state);
/** The same for a call that is about to enter the TEE. */
void vm_kill_entering(struct vm *vm);
/** What the calls of @vm are at now, for the announcement. */
enum kill_state vm_kill_snapshot(struct vm *vm, uint32_t *calls);

/** The guest switched itself off, or asked for a reset (which its owner does by a new instance). */
void vm_off(struct vm *vm, bool reset);

/** Ask the vCPUs of @mask to bring their list registers up to date. */
void vm_kick(struct vm *vm, uint32_t mask);
/** Something happened to the guest's UART: bring its interrupt line up to date. */
void vm_uart_line(struct vm *vm);

/** SMC or HVC of the loaded vCPU; PC already past it. */
void vm_call(struct vcpu *vcpu);
/** Access to memory that is not RAM. False: there is nothing there. */
bool vm_mmio(struct vcpu *vcpu, struct ipaddr ipa, unsigned size, bool write,
	     uint64_t *value) MUST_CHECK;

/** Copy into guest RAM during creation. False: not all of it is RAM. */
bool vm_write(struct vm *vm, uint64_t ipa, const void *src, uint64_t size) MUST_CHECK;

const char *vm_state_name(const struct vm *vm);
/** End of RAM in the guest's addresses. */
static inline uint64_t vm_ram_end(const struct vm *vm)
{
	return VM_RAM_BASE + vm->node->memory_kib * 1024;
}

#endif
