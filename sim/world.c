/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor around the mediator: frames with owners and pins, and its callbacks. */
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

#define FRAMES     ((uint32_t)(HOST_NS_SIZE / PAGE_SIZE))
#define OWNER_NONE 0u
#define OWNER_HOST UINT32_MAX /* the mediator's own page */

struct vm vms[SIM_VMS_MAX];
struct med mediator;

static struct frame {
	uint32_t owner; /* VM number */
	uint32_t pins;
} frames[FRAMES];
static uint32_t next_frame;

/* Anywhere, so that nothing is contiguous and a freed frame is soon another's. */
static uint32_t frame_take(uint32_t owner)
{
	for (uint32_t tries = 0; tries < FRAMES; tries++) {
		next_frame = (next_frame + 4099) % FRAMES;
		if (frames[next_frame].owner == OWNER_NONE) {
			frames[next_frame].owner = owner;
			return next_frame;
		}
	}
	return FRAMES;
}

static uint64_t frame_pa(uint32_t frame)
{
	return HOST_NS_BASE + (uint64_t)frame * PAGE_SIZE;
}

static void frame_give(uint32_t frame)
{
	if (frames[frame].pins)
		broken("I5: frame %u of %u is pinned while it changes hands", frame,
		       frames[frame].owner);
	if (host_ns_is_mapped(frame_pa(frame)))
		broken("I5: frame %u of %u is mapped in an app while it changes hands", frame,
		       frames[frame].owner);
	memset(host_ns(HOST_NS_BASE + (uint64_t)frame * PAGE_SIZE), 0xDD, PAGE_SIZE);
	frames[frame].owner = OWNER_NONE;
}

static uint32_t frame_of(uint64_t pa)
{
	if (pa < HOST_NS_BASE || pa - HOST_NS_BASE >= HOST_NS_SIZE)
		broken("0x%llx is no memory", (unsigned long long)pa);
	return (uint32_t)((pa - HOST_NS_BASE) / PAGE_SIZE);
}

void world_describe(uint64_t pa)
{
	const struct frame *frame = &frames[frame_of(pa)];

	event("0x%llx: owner %u, %u pins", (unsigned long long)pa, frame->owner, frame->pins);
}

bool world_may_reach(uint32_t vm_number, uint64_t pa)
{
	const struct frame *frame = &frames[frame_of(pa)];

	return frame->owner == OWNER_HOST || (frame->owner == vm_number && frame->pins > 0);
}

void *world_at(struct vm *vm, uint64_t ipa)
{
	uint64_t page = (ipa - SIM_RAM_BASE) / PAGE_SIZE;

	if (ipa < SIM_RAM_BASE || page >= SIM_RAM_PAGES)
		return NULL;
	return (char *)host_ns(frame_pa(vm->frames[page])) + (ipa & PAGE_MASK);
}

bool world_is_guests(uint32_t vm_number, uint64_t pa)
{
	return frames[frame_of(pa)].owner == vm_number;
}

/* --- what the mediator calls ---------------------------------------------------------------------
 */

/* The SMC: this fiber's CPU enters the kernel, and comes out when the call leaves or ends. */
static void host_smc(uint64_t regs[8])
{
	bool at_boot = !fiber_current();
	struct smc_args args;

	if (!at_boot) {
		point();
		cpu_enter();
	}
	for (unsigned i = 0; i < 8; i++)
		args.a[i] = (uint32_t)regs[i];
	if (args.a[0] & SMC_FAST)
		entry_fast(&args);
	else
		entry_yielding(&args);
	for (unsigned i = 0; i < 4; i++)
		regs[i] = args.a[i];
	if (!at_boot) {
		cpu_leave();
		point();
	}
}

static bool host_page_alloc(struct med_page *page)
{
	point();
	if (chance(options.fail_chance)) {
		summary.failed_allocations++;
		return false;
	}
	uint32_t frame = frame_take(OWNER_HOST);
	if (frame == FRAMES)
		return false;
	page->pa = frame_pa(frame);
	page->va = host_ns(page->pa);
	memset(page->va, 0, PAGE_SIZE);
	return true;
}

static void host_page_free(const struct med_page *page)
{
	frame_give(frame_of(page->pa));
	point();
}

static void *host_mem_alloc(size_t size)
{
	point();
	if (chance(options.fail_chance)) {
		summary.failed_allocations++;
		return NULL;
	}
	return malloc(size);
}

static void host_mem_free(void *mem, size_t size)
{
	(void)size;
	free(mem);
}

static unsigned locks_held;

/* Nobody else runs while it is held: a section has no point in it. */
static void host_lock(struct med_lock *lock)
{
	if (lock->opaque[0])
		broken("a lock of the mediator is held at a point");
	lock->opaque[0] = 1;
	locks_held++;
}

static void host_unlock(struct med_lock *lock)
{
	lock->opaque[0] = 0;
	locks_held--;
}

static bool host_page_pin(void *cookie, uint64_t ipa, uint64_t *pa)
{
	struct vm *vm = cookie;
	uint64_t page = (ipa - SIM_RAM_BASE) / PAGE_SIZE;

	point();
	if (ipa % PAGE_SIZE || ipa < SIM_RAM_BASE || page >= SIM_RAM_PAGES ||
	    chance(options.fail_chance))
		return false;
	frames[vm->frames[page]].pins++;
	*pa = frame_pa(vm->frames[page]);
	return true;
}

static void host_page_unpin(void *cookie, uint64_t pa)
{
	struct frame *frame = &frames[frame_of(pa)];

	if (frame->owner != ((struct vm *)cookie)->number || frame->pins == 0)
		broken("unpinned what is not pinned: 0x%llx", (unsigned long long)pa);
	frame->pins--;
}

static void *host_page_map(uint64_t pa)
{
	return host_ns(pa);
}

static void host_page_unmap(void *va)
{
	(void)va;
}

static bool host_preempt_pending(void)
{
	if (locks_held)
		broken("preempt_pending() with a lock held");
	point();
	return chance(options.interrupt_chance);
}

const struct med_host world_host = {
	.smc = host_smc,
	.page_alloc = host_page_alloc,
	.page_free = host_page_free,
	.mem_alloc = host_mem_alloc,
	.mem_free = host_mem_free,
	.lock = host_lock,
	.unlock = host_unlock,
	.page_pin = host_page_pin,
	.page_unpin = host_page_unpin,
	.page_map = host_page_map,
	.page_unmap = host_page_unmap,
	.preempt_pending = host_preempt_pending,
};

/* --- VMs -----------------------------------------------------------------------------------------
 */

void world_start(void)
{
	host_start(options.secure_pages);
	if (med_init(&mediator, &world_host) != MED_OK)
		broken("the mediator found no TEE");
}

bool world_create(struct vm *vm)
{
	struct med_limits limits = med_limits_default();

	limits.hide_rpc_arg = below(4) == 0; /* profile B */
	limits.notifications = below(2) == 0;
	for (unsigned i = 0; i < SIM_RAM_PAGES; i++) {
		vm->frames[i] = frame_take(vm->number);
		if (vm->frames[i] == FRAMES)
			broken("out of frames: %u guests are too many", options.guests);
	}
	if (med_vm_create(&mediator, vm->number, vm, &limits, &vm->med) == MED_OK)
		return true;
	world_free(vm);
	return false;
}

void world_free(struct vm *vm)
{
	for (unsigned i = 0; i < SIM_RAM_PAGES; i++)
		frame_give(vm->frames[i]);
}
