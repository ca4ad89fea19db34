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

/** What an arm64 kernel begins with. */
struct image_header {
	uint32_t code[2];
	uint64_t text_offset, image_size, flags, reserved[3];
	uint32_t magic, reserved2;
};
_Static_assert(sizeof(struct image_header) == 64, "arm64 Image header");
#define IMAGE_MAGIC 0x644D5241u /* "ARM\x64" */
#define IMAGE_ALIGN 0x200000ull

#define VM_DTB_SIZE 0x4000ull /* bytes for the guest's device tree */

/**
 * Decide where the kernel that begins with @h, the ramdisk and the device tree go: kernel_at,
 * initrd_at (0: there is none) and dtb_at of @vm. They do not overlap and are all in its memory.
 * Returns NULL, or why there is no such place.
 */
const char *vm_plan(struct vm *vm, const struct image_header *h);

/** First phase of death. */
enum task_result vm_phase_stop(struct vm *vm);
/** Run the job in another phase. */
enum task_result vm_phase_next(struct vm *vm, enum task_result (*phase)(struct vm *));

/** Write the guest's device tree into @buf of @size bytes. Returns its size, 0: it does not fit. */
uint64_t vm_dtb_build(const struct vm *vm, void *buf, uint64_t size);

#endif
