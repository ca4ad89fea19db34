/* SPDX-License-Identifier: BSD-2-Clause */
/* The door: which call is it? */
#include "internal.h"

#include <string.h>

static enum med_result answer_unknown(uint64_t regs[8])
{
	regs[0] = SMC_UNKNOWN_FUNCTION;
	return MED_DONE;
}

enum med_result med_handle(struct med_vm *vm, struct med_vcpu *vcpu, uint64_t regs[8])
{
	uint32_t guest[8];

	if (vm == NULL)
		return answer_unknown(regs);
	if (vm_is_dying(vm))
		return MED_AGAIN;
	memset(&vcpu->last, 0, sizeof(vcpu->last));
	if (vcpu->call != NULL)
		return call_continue(vm, vcpu, regs);

	for (uint32_t i = 0; i < 8; i++)
		guest[i] = (uint32_t)regs[i];
	guest[0] &= ~SMC_SVE_HINT;
	switch (guest[0]) {
	case SMC_CALL_WITH_REGD_ARG:
	case SMC_CALL_WITH_RPC_ARG:
		if (!vm->rpc_arg)
			return answer_unknown(regs);
		return call_start(vm, vcpu, guest, regs);
	case SMC_CALL_WITH_ARG:
		return call_start(vm, vcpu, guest, regs);
	case SMC_RETURN_FROM_RPC:
		return call_resume(vm, vcpu, guest, regs);
	default:
		return fast_call(vm, guest[0], guest[1], regs);
	}
}
