/* SPDX-License-Identifier: BSD-2-Clause */
#include <lib/test.h>
#include <vm/internal.h>

static struct vm_node node;
static struct vm vm;

/* What is decided for a kernel of so many bytes, with a header that asks for as much or more. */
static bool fits(uint64_t memory_kib, uint64_t offset, uint64_t file, uint64_t image, uint64_t disk)
{
	struct image_header h = {.text_offset = offset, .image_size = image, .magic = IMAGE_MAGIC};

	memset(&vm, 0, sizeof(vm));
	memset(&node, 0, sizeof(node));
	vm.node = &node;
	node.memory_kib = memory_kib;
	node.kernel.size = file;
	node.ramdisk.size = disk;
	return vm_plan(&vm, &h) == NULL;
}

/* Nothing overlaps or leaves the memory. */
static void check_places(uint64_t kernel, uint64_t disk)
{
	uint64_t end = VM_RAM_BASE + node.memory_kib * 1024;

	assert_true(vm.kernel_at >= VM_RAM_BASE && kernel <= end - vm.kernel_at);
	assert_int_equal(vm.dtb_at + VM_DTB_SIZE, end);
	assert_int_equal(vm.initrd_at != 0, disk != 0);
	if (disk) {
		assert_int_equal(vm.initrd_at % PAGE_SIZE, 0);
		assert_true(vm.initrd_at >= vm.kernel_at + kernel);
		assert_true(disk <= vm.dtb_at - vm.initrd_at);
	} else {
		assert_true(kernel <= vm.dtb_at - vm.kernel_at);
	}
}

/* Attack row 36: sizes around what there is room for, and absurd ones. */
static void what_fits_does_not_overlap_and_the_rest_is_refused(void **state)
{
	const uint64_t room = 0x400000 - VM_DTB_SIZE;
	static const uint64_t disks[] = {0,     1,      4095,     4096,     4097,   8192,
					 12288, 400000, 0x3fc000, 0x400000, BIT(40)};
	unsigned good = 0;

	(void)state;
	for (uint64_t kernel = room - 5 * PAGE_SIZE; kernel < room + 2 * PAGE_SIZE; kernel += 511) {
		for (unsigned i = 0; i < ARRAY_SIZE(disks); i++) {
			bool all = kernel + disks[i] <= room;

			if (!fits(4096, 0, kernel, 0, disks[i])) {
				/* Only what rounding costs may be given away. */
				assert_false(all && kernel + disks[i] + 2 * PAGE_SIZE <= room);
				continue;
			}
			assert_true(all);
			check_places(kernel, disks[i]);
			good++;
		}
	}
	assert_true(good > 50);
}

static void the_larger_of_file_and_header_counts(void **state)
{
	(void)state;
	assert_true(fits(4096, 0x80000, 0x1000, 0x300000, 0x1000));
	assert_int_equal(vm.kernel_at, VM_RAM_BASE + 0x80000);
	check_places(0x300000, 0x1000);
	assert_false(fits(4096, 0x80000, 0x1000, 0x380000, 0x1000));
	assert_false(fits(4096, 0x80000, 0x380000, 0x1000, 0x1000));
	assert_false(fits(4096, 0, 0x1000, BIT(32) + 1, 0));
	assert_false(fits(4096, IMAGE_ALIGN, 0x1000, 0x1000, 0));
	assert_false(fits(64, 0, 0x1000, UINT64_MAX, 0));
	assert_false(fits(64, 0, BIT(40), 0, BIT(40)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_does_not_overlap_and_the_rest_is_refused),
		cmocka_unit_test(the_larger_of_file_and_header_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
