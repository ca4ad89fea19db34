/* SPDX-License-Identifier: BSD-2-Clause */
/* Making a VM, step by step, so that those that run do not wait for a kernel to be copied. */
#include <console/console.h>
#include <string.h>
#include <tee/tee.h>
#include <vm/internal.h>
#include <vm/vm.h>

#define STEP_US   2000u
#define COPY_PART 0x10000ull

bool vm_job_pause(uint64_t since)
{
	return arch_irq_pending() || arch_time() - since > arch_time_hz() / 1000000 * STEP_US;
}

enum task_result vm_phase_next(struct vm *vm, enum task_result (*phase)(struct vm *))
{
	vm->cursor = 0;
	vm->phase = phase;
	return TASK_AGAIN;
}

static enum task_result job_step(struct sched_item *item)
{
	struct vm *vm = container_of(item, struct vm, job);

	/* A death that was asked for while nothing was to be done begins here. */
	if (vm->state == VM_DYING && !vm->death) {
		vm->death = arch_time();
		vm_phase_next(vm, vm_phase_stop);
	}
	return vm->phase(vm);
}

static enum task_result phase_sleep(struct vm *vm)
{
	(void)vm;
	return TASK_SLEEP;
}

static enum task_result give_up(struct vm *vm, const char *why)
{
	command_vm_failed(vm->number, why);
	vm->state = VM_DYING;
	return TASK_AGAIN;
}

/* Where everything goes in its memory. */
static const char *plan(struct vm *vm)
{
	struct image_header h;

	if (vm->node->kernel.size < sizeof(h))
		return "the kernel is no arm64 Image";
	memcpy(&h, mm_ptr(PADDR(vm->node->kernel.base)), sizeof(h));
	return vm_plan(vm, &h);
}

static const char *start_first_vcpu(struct vm *vm)
{
	static struct lock lock;
	static uint8_t dtb[VM_DTB_SIZE] __attribute__((aligned(8)));
	uint64_t size;
	bool ok;

	lock_acquire(&lock);
	size = vm_dtb_build(vm, dtb, sizeof(dtb));
	ok = size && vm_write(vm, vm->dtb_at, dtb, size);
	memset(dtb, 0, sizeof(dtb)); /* its seeds are the guest's alone */
	lock_release(&lock);
	if (!ok)
		return "its device tree does not fit";
	arch_vcpu_reset(vm->vcpus[0], vm->kernel_at, vm->dtb_at);
	vm->vcpus[0]->on = true;
	return NULL;
}

/* Everything the guest gets must be seen by it with its caches off. */
static enum task_result phase_clean(struct vm *vm)
{
	uint64_t since = arch_time(), size = vm->node->memory_kib * 1024;
	const char *why = NULL;
	uint32_t creating = VM_CREATING;
	struct paddr pa;

	for (; vm->cursor < size; vm->cursor += PAGE_SIZE) {
		if (vm->cursor % COPY_PART == 0 && vm_job_pause(since))
			return TASK_AGAIN;
		if (stage2_lookup(&vm->stage2, IPADDR(VM_RAM_BASE + vm->cursor), &pa))
			arch_cache_clean(mm_ptr(pa), PAGE_SIZE);
	}
	arch_tlb_flush_vm(vm->stage2.root, vm->number);
	if (!vm->node->no_tee && tee_present())
		why = tee_vm_create(vm);
	if (!why)
		why = start_first_vcpu(vm);
	if (why)
		return give_up(vm, why);
	vm->phase = phase_sleep;
	vm->created = true;
	console_line("event: created %u node %s", vm->number, vm->node->name);
	if (__atomic_compare_exchange_n(&vm->state, &creating, VM_RUNNING, false, __ATOMIC_ACQ_REL,
					__ATOMIC_RELAXED))
		sched_start(&vm->vcpus[0]->item);
	command_vm_created(vm->number);
	return TASK_AGAIN;
}

static bool copy_module(struct vm *vm, const struct vm_module *module, uint64_t to)
{
	uint64_t since = arch_time();

	while (vm->cursor < module->size) {
		uint64_t part = module->size - vm->cursor;

		if (part > COPY_PART)
			part = COPY_PART;
		if (!vm_write(vm, to + vm->cursor, mm_ptr(PADDR(module->base + vm->cursor)), part))
			return true; /* cannot be: plan() made sure that all of it is RAM */
		vm->cursor += part;
		if (vm_job_pause(since))
			break;
	}
	return vm->cursor >= module->size;
}

static enum task_result phase_ramdisk(struct vm *vm)
{
	if (!vm->initrd_at || copy_module(vm, &vm->node->ramdisk, vm->initrd_at))
		return vm_phase_next(vm, phase_clean);
	return TASK_AGAIN;
}

static enum task_result phase_kernel(struct vm *vm)
{
	if (copy_module(vm, &vm->node->kernel, vm->kernel_at))
		return vm_phase_next(vm, phase_ramdisk);
	return TASK_AGAIN;
}

static enum task_result phase_ram(struct vm *vm)
{
	uint64_t since = arch_time(), size = vm->node->memory_kib * 1024;

	for (unsigned n = 0; vm->cursor < size; vm->cursor += PAGE_SIZE, n++) {
		struct paddr pa;

		if (n % 32 == 31 && vm_job_pause(since))
			return TASK_AGAIN;
		if (!page_alloc(&host_pages, &pa))
			return give_up(vm, "out of memory");
		if (!stage2_map(&vm->stage2, IPADDR(VM_RAM_BASE + vm->cursor), pa)) {
			page_put(&host_pages, pa);
			return give_up(vm, "out of memory");
		}
	}
	return vm_phase_next(vm, phase_kernel);
}

static void wake_vcpu(struct timer *timer)
{
	sched_wake(&container_of(timer, struct vcpu, wake)->item);
}

static bool make_vcpus(struct vm *vm)
{
	for (unsigned i = 0; i < vm->node->cpus; i++) {
		struct vcpu *vcpu = heap_alloc(PAGE_SIZE);

		if (!vcpu)
			return false;
		vcpu->vm = vm;
		vcpu->index = i;
		vcpu->wake.expire = wake_vcpu;
		list_init(&vcpu->wake.link);
		sched_item_init(&vcpu->item, NULL);
		vm->vcpus[i] = vcpu;
	}
	return true;
}

static void free_parts(struct vm *vm)
{
	for (unsigned i = 0; i < VGIC_MAX_VCPUS; i++)
		heap_free(vm->vcpus[i]);
	heap_free(vm->uart);
	if (vm->stage2.root.v)
		page_put(&host_pages, vm->stage2.root);
	heap_free(vm);
}

const char *vm_create(const struct vm_node *node, unsigned *number)
{
	struct vm *vm = heap_alloc(sizeof(*vm));
	const char *why;

	if (!vm)
		return "out of memory";
	vm->node = node;
	list_init(&vm->trigger.timer.link);
	vm->uart = heap_alloc(sizeof(*vm->uart));
	if (!vm->uart || !make_vcpus(vm) || !stage2_init(&vm->stage2, &host_pages)) {
		free_parts(vm);
		return "out of memory";
	}
	/* All of it first: once it is in the table other CPUs find it, by an interrupt of the TEE
	 * for one. */
	vuart_init(vm->uart);
	vgic_init(&vm->vgic, node->cpus);
	vm->phase = phase_ram;
	sched_item_init(&vm->job, job_step);
	why = plan(vm);
	if (!why && !vm_table_add(vm))
		why = "no number is free";
	if (why) {
		free_parts(vm);
		return why;
	}
	*number = vm->number;
	sched_wake(&vm->job);
	return NULL;
}
