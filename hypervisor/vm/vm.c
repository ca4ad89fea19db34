/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of VMs, and what a running VM does: calls, device accesses, interrupts. */
#include <console/console.h>
#include <psci/psci.h>
#include <string.h>
#include <tee/tee.h>
#include <vm/internal.h>
#include <vm/vm.h>

#define GICD_BASE   0x08000000ull
#define GICD_SIZE   0x10000ull
#define GICR_BASE   0x080A0000ull
#define GICR_STRIDE 0x20000ull
#define UART_BASE   0x09000000ull
#define UART_SIZE   0x1000ull
#define UART_INTID  33u

static struct lock table_lock;
static struct vm *table[VM_MAX + 1];

struct vm *vm_get(unsigned number)
{
	struct vm *vm;

	if (number == 0 || number > VM_MAX)
		return NULL;
	lock_acquire(&table_lock);
	vm = table[number];
	if (vm)
		vm->refs++;
	lock_release(&table_lock);
	return vm;
}

void vm_put(struct vm *vm)
{
	lock_acquire(&table_lock);
	vm->refs--;
	lock_release(&table_lock);
}

bool vm_table_add(struct vm *vm)
{
	unsigned n = 1;

	lock_acquire(&table_lock);
	while (n <= VM_MAX && table[n])
		n++;
	if (n <= VM_MAX) {
		table[n] = vm;
		vm->number = n;
	}
	lock_release(&table_lock);
	return n <= VM_MAX;
}

bool vm_table_remove(struct vm *vm)
{
	bool unused;

	lock_acquire(&table_lock);
	unused = vm->refs == 0;
	if (unused)
		table[vm->number] = NULL;
	lock_release(&table_lock);
	return unused;
}

bool vm_tee_retire(struct vm *vm)
{
	bool unused;

	lock_acquire(&table_lock);
	if (vm->tee) {
		vm->tee_ending = vm->tee;
		__atomic_store_n(&vm->tee, NULL, __ATOMIC_RELAXED);
	}
	/* Who holds the VM now may have seen it; who comes later does not. */
	unused = vm->refs == 0;
	lock_release(&table_lock);
	return unused;
}

const char *vm_state_name(const struct vm *vm)
{
	static const char *const names[] = {"creating", "running", "off", "dying"};

	return names[vm->state];
}

void vm_kick(struct vm *vm, uint32_t mask)
{
	for (unsigned i = 0; i < vm->node->cpus; i++)
		if (mask & (1u << i))
			vcpu_request(vm->vcpus[i], REQUEST_VGIC);
}

void vm_uart_line(struct vm *vm)
{
	uint32_t kick;

	/* Looked at and passed on in one, or an older level could overtake a newer one. */
	lock_acquire(&vm->lock);
	kick = vgic_set_line(&vm->vgic, 0, UART_INTID, vuart_line(vm->uart));
	lock_release(&vm->lock);
	vm_kick(vm, kick);
}

void vm_off(struct vm *vm, bool reset)
{
	uint32_t running = VM_RUNNING;

	if (!__atomic_compare_exchange_n(&vm->state, &running, VM_OFF, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return;
	/* The console says so after the guest's last words. */
	__atomic_store_n(&vm->announce, reset ? "reset" : "off", __ATOMIC_RELEASE);
	console_vm_output(vm->number);
	for (unsigned i = 0; i < vm->node->cpus; i++)
		vcpu_request(vm->vcpus[i], REQUEST_STOP);
}

void vm_call(struct vcpu *vcpu)
{
	uint32_t id = (uint32_t)vcpu->regs.x[0], owner = id >> 24 & 0x3F;

	if (owner >= 48)
		tee_guest_call(vcpu);
	else if (!psci_call(vcpu, id))
		vcpu->regs.x[0] = ~0ull;
}

static bool gic_access(struct vcpu *vcpu, uint64_t ipa, unsigned size, bool write, uint64_t *value)
{
	struct vm *vm = vcpu->vm;
	uint64_t redist = ipa - GICR_BASE;
	uint32_t kick;

	/* The guest looks at, and changes, what its list registers say. */
	arch_vgic_collect(vcpu);
	if (ipa - GICD_BASE < GICD_SIZE)
		kick = vgic_dist_access(&vm->vgic, (uint32_t)(ipa - GICD_BASE), size, write, value);
	else
		kick = vgic_redist_access(&vm->vgic, (unsigned)(redist / GICR_STRIDE),
					  (uint32_t)(redist % GICR_STRIDE), size, write, value);
	vm_kick(vm, kick & ~(1u << vcpu->index));
	arch_vgic_refresh(vcpu);
	return true;
}

static bool uart_access(struct vm *vm, uint32_t offset, bool write, uint64_t *value)
{
	if (vuart_access(vm->uart, offset, write, value))
		console_vm_output(vm->number);
	vm_uart_line(vm);
	return true;
}

bool vm_mmio(struct vcpu *vcpu, struct ipaddr ipa, unsigned size, bool write, uint64_t *value)
{
	struct vm *vm = vcpu->vm;

	if (ipa.v - GICD_BASE < GICD_SIZE || ipa.v - GICR_BASE < GICR_STRIDE * vm->node->cpus)
		return gic_access(vcpu, ipa.v, size, write, value);
	if (ipa.v - UART_BASE < UART_SIZE)
		return uart_access(vm, (uint32_t)(ipa.v - UART_BASE), write, value);
	return false;
}

bool vm_write(struct vm *vm, uint64_t ipa, const void *src, uint64_t size)
{
	const char *from = src;

	while (size) {
		uint64_t part = PAGE_SIZE - ipa % PAGE_SIZE;
		struct paddr pa;

		if (part > size)
			part = size;
		if (!stage2_lookup(&vm->stage2, IPADDR(ipa), &pa))
			return false;
		memcpy(mm_ptr(pa), from, part);
		ipa += part;
		from += part;
		size -= part;
	}
	return true;
}
