/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of vm/. */
#ifndef VM_INTERNAL_H
#define VM_INTERNAL_H

#include <vm/vm.h>

/** Give the VM the smallest free number. False: there is none. */
bool vm_table_add(struct vm *vm);
/** Take it out of the table. False: somebody holds it with vm_get(); try again. */
bool vm_table_remove(struct vm *vm);

/** Take its med_vm away from all but the job. False: somebody may still use it; try again. */
bool vm_tee_retire(struct vm *vm);

/** Time to pause a job's step: an interrupt is pending, or it ran for long. */
bool vm_job_pause(uint64_t since);

/** First phase of death. */
enum task_result vm_phase_stop(struct vm *vm);
/** Run the job in another phase. */
enum task_result vm_phase_next(struct vm *vm, enum task_result (*phase)(struct vm *));

/** Write the guest's device tree into @buf of @size bytes. Returns its size, 0: it does not fit. */
uint64_t vm_dtb_build(const struct vm *vm, void *buf, uint64_t size);

#endif
