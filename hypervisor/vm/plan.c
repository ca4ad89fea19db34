/* SPDX-License-Identifier: BSD-2-Clause */
/* What lies where in the memory of a new VM. */
#include <vm/internal.h>

static const char too_small[] = "its memory is too small for kernel and ramdisk";

const char *vm_plan(struct vm *vm, const struct image_header *h)
{
	const struct vm_node *node = vm->node;
	uint64_t size, kernel_end;

	if (h->magic != IMAGE_MAGIC || h->text_offset >= IMAGE_ALIGN || h->image_size > BIT(32))
		return "the kernel is no arm64 Image";
	size = h->image_size > node->kernel.size ? h->image_size : node->kernel.size;
	vm->kernel_at = VM_RAM_BASE + h->text_offset;
	kernel_end = vm->kernel_at + size;
	vm->dtb_at = vm_ram_end(vm) - VM_DTB_SIZE;
	if (kernel_end > vm->dtb_at || node->ramdisk.size > vm->dtb_at - kernel_end)
		return too_small;
	if (node->ramdisk.size)
		vm->initrd_at = ALIGN_DOWN(vm->dtb_at - node->ramdisk.size, PAGE_SIZE);
	return vm->initrd_at && vm->initrd_at < kernel_end ? too_small : NULL;
}
