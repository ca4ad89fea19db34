/* SPDX-License-Identifier: BSD-2-Clause */
#include <psci/psci.h>
#include <vm/vm.h>

/* clang-format off */
#define SMCCC_VERSION         0x80000000u
#define SMCCC_ARCH_FEATURES   0x80000001u
#define SMC64                 0x40000000u
#define PSCI_VERSION          0x84000000u
#define PSCI_CPU_SUSPEND      0x84000001u
#define PSCI_CPU_OFF          0x84000002u
#define PSCI_CPU_ON           0x84000003u
#define PSCI_AFFINITY_INFO    0x84000004u
#define PSCI_MIGRATE_TYPE     0x84000006u
#define PSCI_SYSTEM_OFF       0x84000008u
#define PSCI_SYSTEM_RESET     0x84000009u
#define PSCI_FEATURES         0x8400000Au

#define RET_SUCCESS           0
#define RET_NOT_SUPPORTED     (-1)
#define RET_INVALID           (-2)
#define RET_ALREADY_ON        (-4)

#define AFFINITY_ON           0
#define AFFINITY_OFF          1
#define MIGRATE_NOT_REQUIRED  2
#define VERSION_1_1           0x00010001
/* clang-format on */

static struct vcpu *target_vcpu(struct vm *vm, uint64_t mpidr)
{
	uint64_t affinity = mpidr & 0xFF00FFFFFFull;

	return affinity < vm->node->cpus && !(mpidr & ~0xFF00FFFFFFull) ? vm->vcpus[affinity]
									: NULL;
}

static bool is_off(const struct vcpu *vcpu)
{
	return !vcpu->on && sched_is_off(&vcpu->item);
}

static int64_t cpu_on(struct vm *vm, const uint64_t *x)
{
	struct vcpu *target = target_vcpu(vm, x[1]);
	bool start;

	if (!target)
		return RET_INVALID;
	/* Under the lock: a VM whose death has begun starts no more vCPUs. */
	lock_acquire(&vm->lock);
	start = is_off(target) && vm->state == VM_RUNNING;
	if (start) {
		target->on = true;
		arch_vcpu_reset(target, x[2], x[3]);
		sched_start(&target->item);
	}
	lock_release(&vm->lock);
	return start ? RET_SUCCESS : RET_ALREADY_ON;
}

static int64_t affinity_info(struct vm *vm, const uint64_t *x)
{
	const struct vcpu *target = target_vcpu(vm, x[1]);

	if (!target || x[2])
		return RET_INVALID;
	return is_off(target) ? AFFINITY_OFF : AFFINITY_ON;
}

static int64_t features(uint32_t id)
{
	switch (id & ~SMC64) {
	case SMCCC_VERSION:
	case PSCI_VERSION:
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_OFF:
	case PSCI_CPU_ON:
	case PSCI_AFFINITY_INFO:
	case PSCI_MIGRATE_TYPE:
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
	case PSCI_FEATURES:
		return RET_SUCCESS;
	default:
		return RET_NOT_SUPPORTED;
	}
}

static int64_t cpu_off(struct vcpu *vcpu)
{
	struct cpu *cpu = cpu_this();

	lock_acquire(&vcpu->vm->lock);
	vcpu->on = false;
	lock_release(&vcpu->vm->lock);
	cpu->leave = LEAVE_OFF;
	cpu->resched = true;
	return RET_SUCCESS;
}

static int64_t smccc_features(uint64_t id)
{
	return id == SMCCC_VERSION || id == SMCCC_ARCH_FEATURES ? RET_SUCCESS : RET_NOT_SUPPORTED;
}

/* The 64-bit forms differ only in the width of their arguments; those of 32 bits are cut. */
bool psci_call(struct vcpu *vcpu, uint32_t id)
{
	uint64_t x[4];
	int64_t result = RET_SUCCESS;

	for (unsigned i = 0; i < 4; i++)
		x[i] = id & SMC64 ? vcpu->regs.x[i] : (uint32_t)vcpu->regs.x[i];
	switch (id) {
	case SMCCC_VERSION:
	case PSCI_VERSION:
		result = VERSION_1_1;
		break;
	case SMCCC_ARCH_FEATURES:
		result = smccc_features((uint32_t)x[1]);
		break;
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_SUSPEND | SMC64:
		vcpu_wait(cpu_this(), false);
		break;
	case PSCI_CPU_OFF:
		result = cpu_off(vcpu);
		break;
	case PSCI_CPU_ON:
	case PSCI_CPU_ON | SMC64:
		result = cpu_on(vcpu->vm, x);
		break;
	case PSCI_AFFINITY_INFO:
	case PSCI_AFFINITY_INFO | SMC64:
		result = affinity_info(vcpu->vm, x);
		break;
	case PSCI_MIGRATE_TYPE:
		result = MIGRATE_NOT_REQUIRED;
		break;
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
		vm_off(vcpu->vm, id == PSCI_SYSTEM_RESET);
		break;
	case PSCI_FEATURES:
		result = features((uint32_t)x[1]);
		break;
	default:
		return false;
	}
	vcpu->regs.x[0] = (uint64_t)result;
	return true;
}
