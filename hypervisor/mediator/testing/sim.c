/* SPDX-License-Identifier: BSD-2-Clause */
/* The simulated hypervisor: frames, stage 2, pins, allocators, and the checks on their use. */
#include "sim.h"

enum owner {
	OWNER_NONE,
	OWNER_HYPERVISOR,
	OWNER_GUEST
};

struct frame {
	enum owner owner;
	uint32_t vm; /* index */
	uint32_t pins;
	bool mapped; /* at some IPA of the VM */
};

struct sim sim;
static struct frame frames[SIM_FRAMES];
static uint8_t (*frame_data)[MSG_PAGE_SIZE];
static uint32_t next_frame;
static bool locked;
static bool in_hook;

static void event(enum sim_event event, uint64_t where)
{
	assert_false(locked);
	sim.events++;
	if (sim.events == sim.kill_at) {
		sim.vms[0].killed = true;
		med_vm_kill(sim.vms[0].vm);
	}
	if (sim.hook != NULL && !in_hook) {
		in_hook = true;
		sim.hook(event, where);
		in_hook = false;
	}
}

/* Neighbours in one VM are never neighbours in memory. */
static uint32_t frame_take(enum owner owner, uint32_t vm)
{
	for (uint32_t i = 0; i < SIM_FRAMES; i++) {
		uint32_t f = next_frame = (next_frame + 37) % SIM_FRAMES;

		if (f == 0 || frames[f].owner != OWNER_NONE)
			continue;
		frames[f] = (struct frame){.owner = owner, .vm = vm};
		return f;
	}
	fail_msg("out of frames");
	return 0;
}

static void frame_give_back(uint32_t f)
{
	uint64_t pa = SIM_PA_BASE + (uint64_t)f * MSG_PAGE_SIZE;

	assert_int_equal(frames[f].pins, 0);
	if (tee_knows(pa))
		fail_msg("page 0x%llx changes hands, but the TEE still uses it",
			 (unsigned long long)pa);
	frames[f].owner = OWNER_NONE;
}

static uint32_t frame_of(uint64_t pa)
{
	assert_true(pa > SIM_PA_BASE && pa < SIM_PA_BASE + (uint64_t)SIM_FRAMES * MSG_PAGE_SIZE);
	assert_int_equal(pa % MSG_PAGE_SIZE, 0);
	return (uint32_t)((pa - SIM_PA_BASE) / MSG_PAGE_SIZE);
}

void *sim_frame_data(uint64_t pa)
{
	return frame_data[frame_of(pa)];
}

uint32_t sim_pins(uint64_t pa)
{
	return frames[frame_of(pa)].pins;
}

bool sim_tee_may_access(uint32_t vm_id, uint64_t pa)
{
	const struct frame *frame = &frames[frame_of(pa)];

	if (frame->owner == OWNER_HYPERVISOR)
		return true;
	return frame->owner == OWNER_GUEST && sim.vms[frame->vm].id == vm_id && frame->pins != 0;
}

/* Callbacks of the mediator. */

static void host_smc(uint64_t regs[8])
{
	uint32_t maps = sim.maps;

	assert_false(locked);
	if (!in_hook)
		assert_int_equal(maps, 0);
	sim.smcs++;
	/* yielding calls have bit 31 clear; none is made for a VM that is dying */
	if (sim.vms[0].killed && regs[7] == sim.vms[0].id)
		assert_true((regs[0] & SMC_FAST) != 0);
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(regs[i] >> 32, 0);
	event(EV_SMC_ENTER, regs[0]);
	tee_smc(regs);
	event(EV_SMC_EXIT, regs[0]);
	/* Upper halves are anything, as after an SMC32 call in a lesser TEE. */
	for (uint32_t i = 0; i < 4; i++)
		regs[i] |= 0xDEADull << 32;
}

static bool injected_failure(void)
{
	return ++sim.allocations == sim.fail_at;
}

static bool host_page_alloc(struct med_page *page)
{
	uint32_t f;

	event(EV_PAGE_ALLOC, 0);
	if (injected_failure())
		return false;
	f = frame_take(OWNER_HYPERVISOR, 0);
	memset(frame_data[f], 0, MSG_PAGE_SIZE);
	page->pa = SIM_PA_BASE + (uint64_t)f * MSG_PAGE_SIZE;
	page->va = frame_data[f];
	sim.own_pages++;
	return true;
}

static void host_page_free(const struct med_page *page)
{
	uint32_t f = frame_of(page->pa);

	assert_false(locked);
	assert_int_equal(frames[f].owner, OWNER_HYPERVISOR);
	assert_ptr_equal(page->va, frame_data[f]);
	frame_give_back(f);
	sim.own_pages--;
}

static void *host_mem_alloc(size_t size)
{
	size_t *block;

	event(EV_MEM_ALLOC, size);
	assert_true(size != 0 && size <= MED_MEM_MAX);
	if (injected_failure())
		return NULL;
	block = malloc(size + 16);
	assert_non_null(block);
	memset(block, 0xA5, size + 16);
	block[0] = size;
	sim.mem_blocks++;
	return (uint8_t *)block + 16;
}

static void host_mem_free(void *mem, size_t size)
{
	size_t *block = (size_t *)((uint8_t *)mem - 16);

	assert_false(locked);
	assert_int_equal(block[0], size);
	memset(block, 0x5A, size + 16);
	free(block);
	sim.mem_blocks--;
}

static void host_lock(struct med_lock *lock)
{
	assert_false(locked);
	assert_int_equal(lock->opaque[0], 0);
	lock->opaque[0] = 1;
	locked = true;
}

static void host_unlock(struct med_lock *lock)
{
	assert_true(locked);
	assert_int_equal(lock->opaque[0], 1);
	lock->opaque[0] = 0;
	locked = false;
}

static void count_batch(void)
{
	sim.batch++;
	if (sim.batch > sim.batch_max)
		sim.batch_max = sim.batch;
	/* a batch, the pins of a message and of a list page */
	assert_true(sim.batch <= MED_BATCH_PAGES + 4);
}

static bool host_page_pin(void *cookie, uint64_t ipa, uint64_t *pa)
{
	struct sim_vm *vm = cookie;
	uint64_t page = (ipa - SIM_IPA_BASE) / MSG_PAGE_SIZE;
	uint32_t k = (uint32_t)(vm - sim.vms);

	assert_int_equal(ipa % MSG_PAGE_SIZE, 0);
	event(EV_PIN, ipa);
	if (injected_failure())
		return false;
	count_batch();
	if (ipa < SIM_IPA_BASE || page >= vm->ram_pages || vm->frame[page] == SIM_FRAMES ||
	    vm->type[page] != IPA_RAM)
		return false;
	assert_int_equal(frames[vm->frame[page]].owner, OWNER_GUEST);
	assert_int_equal(frames[vm->frame[page]].vm, k);
	frames[vm->frame[page]].pins++;
	sim.pins++;
	*pa = SIM_PA_BASE + (uint64_t)vm->frame[page] * MSG_PAGE_SIZE;
	return true;
}

static void host_page_unpin(void *cookie, uint64_t pa)
{
	struct frame *frame = &frames[frame_of(pa)];

	event(EV_UNPIN, pa);
	count_batch();
	assert_int_equal(frame->owner, OWNER_GUEST);
	assert_ptr_equal(&sim.vms[frame->vm], cookie);
	assert_true(frame->pins != 0);
	frame->pins--;
	sim.pins--;
	if (frame->pins != 0)
		return;
	/* The last pin is gone: whatever the TEE knows it by now belongs to nobody. */
	if (tee_knows(pa))
		fail_msg("page unpinned, but the TEE still uses it");
	if (!frame->mapped)
		frame_give_back(frame_of(pa));
}

static void *host_page_map(uint64_t pa)
{
	const struct frame *frame = &frames[frame_of(pa)];

	event(EV_MAP, pa);
	assert_true(frame->owner == OWNER_HYPERVISOR ||
		    (frame->owner == OWNER_GUEST && frame->pins != 0));
	sim.maps++;
	sim.map_calls++;
	if (!in_hook)
		assert_true(sim.maps <= 3);
	return frame_data[frame_of(pa)];
}

static void host_page_unmap(void *va)
{
	uint64_t offset = (uint64_t)((uint8_t *)va - &frame_data[0][0]);

	assert_int_equal(offset % MSG_PAGE_SIZE, 0);
	assert_true(sim.maps != 0);
	sim.maps--;
	event(EV_UNMAP, 0);
}

static bool host_preempt_pending(void)
{
	static uint32_t asked;

	event(EV_PREEMPT, 0);
	sim.batch = 0;
	return sim.preempt_every != 0 && ++asked % sim.preempt_every == 0;
}

const struct med_host sim_host = {
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

/* VMs. */

static void ram_populate(uint32_t k, uint32_t ram_pages)
{
	struct sim_vm *vm = &sim.vms[k];

	vm->ram_pages = ram_pages;
	vm->frame = calloc(ram_pages, sizeof(*vm->frame));
	vm->type = calloc(ram_pages, sizeof(*vm->type));
	for (uint32_t i = 0; i < ram_pages; i++) {
		vm->frame[i] = frame_take(OWNER_GUEST, k);
		frames[vm->frame[i]].mapped = true;
		memset(frame_data[vm->frame[i]], 0xC0 + k, MSG_PAGE_SIZE);
	}
}

static void ram_release(struct sim_vm *vm)
{
	for (uint32_t i = 0; i < vm->ram_pages; i++) {
		if (vm->frame[i] != SIM_FRAMES)
			frame_give_back(vm->frame[i]);
	}
	free(vm->frame);
	free(vm->type);
}

void sim_vm_boot(uint32_t k, uint32_t ram_pages)
{
	struct sim_vm *vm = &sim.vms[k];
	enum med_status status;

	memset(vm, 0, sizeof(*vm));
	memset(&guest_state[k], 0, sizeof(guest_state[k]));
	guest_state[k].next_cookie = 0xFFFF000012340000ull + k;
	guest_state[k].alloc_attr = MSG_ATTR_SHM_LIST;
	vm->id = k + 1;
	ram_populate(k, ram_pages);
	status = med_vm_create(&sim.med, vm->id, vm, &sim.limits, &vm->vm);
	if (status != MED_OK)
		vm->vm = NULL;
	vm->exists = true;
}

bool sim_vm_end_step(uint32_t k)
{
	struct sim_vm *vm = &sim.vms[k];
	struct med_counters left;
	enum med_result result;

	memset(&left, 0xFF, sizeof(left));
	sim.batch = 0;
	result = med_vm_destroy_step(vm->vm, &left);
	if (result != MED_DONE) {
		assert_int_equal(result, MED_AGAIN);
		return false;
	}
	assert_int_equal(left.calls, 0);
	assert_int_equal(left.buffers, 0);
	assert_int_equal(left.pages, 0);
	assert_int_equal(left.rpc_buffers, 0);
	assert_int_equal(left.shadow_pages, 0);
	assert_int_equal(left.spare_pages, 0);
	vm->vm = NULL;
	return true;
}

void sim_vm_end(uint32_t k)
{
	struct sim_vm *vm = &sim.vms[k];
	uint32_t steps = 0;

	sim.kill_at = 0;
	if (vm->vm != NULL) {
		med_vm_kill(vm->vm);
		while (!sim_vm_end_step(k))
			assert_true(++steps < 100000);
	}
	ram_release(vm);
	vm->exists = false;
}

void sim_unmap(uint32_t k, uint64_t ipa)
{
	struct sim_vm *vm = &sim.vms[k];
	uint64_t page = (ipa - SIM_IPA_BASE) / MSG_PAGE_SIZE;
	uint32_t f = vm->frame[page];

	vm->frame[page] = SIM_FRAMES;
	frames[f].mapped = false;
	if (frames[f].pins == 0)
		frame_give_back(f);
}

void sim_set_type(uint32_t k, uint64_t ipa, enum ipa_type type)
{
	sim.vms[k].type[(ipa - SIM_IPA_BASE) / MSG_PAGE_SIZE] = (uint8_t)type;
}

uint64_t sim_pa(uint32_t k, uint64_t ipa)
{
	const struct sim_vm *vm = &sim.vms[k];
	uint64_t page = (ipa - SIM_IPA_BASE) / MSG_PAGE_SIZE;

	if (ipa < SIM_IPA_BASE || page >= vm->ram_pages || vm->frame[page] == SIM_FRAMES)
		return 0;
	return SIM_PA_BASE + (uint64_t)vm->frame[page] * MSG_PAGE_SIZE;
}

void sim_reset(void)
{
	if (frame_data == NULL)
		frame_data = calloc(SIM_FRAMES, sizeof(*frame_data));
	memset(&sim, 0, sizeof(sim));
	memset(frames, 0, sizeof(frames));
	locked = false;
	in_hook = false;
	tee_reset();
	sim.limits = med_limits_default();
	assert_int_equal(med_init(&sim.med, &sim_host), MED_OK);
}

void sim_check_empty(void)
{
	assert_int_equal(sim.mem_blocks, 0);
	assert_int_equal(sim.own_pages, 0);
	assert_int_equal(sim.pins, 0);
	assert_int_equal(sim.maps, 0);
	assert_int_equal(tee_buffer_count(), 0);
}

void sim_check_quiet(uint32_t k)
{
	struct med_counters counters;

	med_vm_counters(sim.vms[k].vm, &counters);
	assert_int_equal(counters.calls, 0);
	assert_int_equal(counters.buffers, 0);
	assert_int_equal(counters.pages, 0);
	assert_int_equal(counters.rpc_buffers, 0);
	assert_int_equal(sim.pins, 0);
	assert_int_equal(guest_state[k].payloads, 0);
}

struct med_call_info sim_only_call(uint32_t k)
{
	struct med_call_info info[4];

	assert_int_equal(med_vm_calls(sim.vms[k].vm, info, 4), 1);
	return info[0];
}

int sim_setup(void **state)
{
	(void)state;
	sim_reset();
	sim_vm_boot(0, SIM_RAM_PAGES);
	return 0;
}

int sim_teardown(void **state)
{
	(void)state;
	sim.hook = NULL;
	sim.fail_at = 0;
	tee.hostile = NULL;
	tee.no_virtualization = false;
	tee.destroy_status = 0;
	for (uint32_t k = 0; k < SIM_VMS; k++) {
		if (sim.vms[k].exists)
			sim_vm_end(k);
	}
	sim_check_empty();
	return 0;
}
