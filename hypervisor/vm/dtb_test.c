/* SPDX-License-Identifier: BSD-2-Clause */
#include <lib/test.h>
#include <libfdt.h>
#include <vm/internal.h>

static uint8_t buf[16384] __attribute__((aligned(8)));
static struct vm_node node = {
	.name = "linux1", .cpus = 3, .memory_kib = 0x20000, .bootargs = "console=ttyAMA0"};

static struct vm make_vm(void)
{
	struct vm vm;

	memset(&vm, 0, sizeof(vm));
	vm.node = &node;
	return vm;
}

static int find(const char *path)
{
	return fdt_path_offset(buf, path);
}

static void a_guest_finds_what_the_machine_has(void **state)
{
	struct vm vm = make_vm();
	int size;
	const fdt64_t *memory;
	const fdt32_t *gic;

	(void)state;
	assert_true(vm_dtb_build(&vm, buf, sizeof(buf)) > 0);
	assert_int_equal(fdt_check_header(buf), 0);
	memory = fdt_getprop(buf, find("/memory@40000000"), "reg", &size);
	assert_int_equal(size, 16);
	assert_int_equal(fdt64_to_cpu(memory[0]), VM_RAM_BASE);
	assert_int_equal(fdt64_to_cpu(memory[1]), 0x8000000);
	assert_true(find("/cpus/cpu@2") > 0);
	assert_true(find("/cpus/cpu@3") < 0);
	gic = fdt_getprop(buf, find("/intc@8000000"), "reg", &size);
	assert_int_equal(size, 32);
	assert_int_equal(fdt32_to_cpu(gic[7]), 3 * 0x20000);
	assert_string_equal(fdt_getprop(buf, find("/psci"), "method", NULL), "hvc");
	assert_string_equal(fdt_getprop(buf, find("/chosen"), "bootargs", NULL), "console=ttyAMA0");
	assert_null(fdt_getprop(buf, find("/chosen"), "linux,initrd-start", NULL));
}

static void nw_194_only_a_vm_with_a_tee_has_its_node(void **state)
{
	struct vm vm = make_vm();
	int tee;

	(void)state;
	vm_dtb_build(&vm, buf, sizeof(buf));
	assert_true(find("/firmware") < 0);
	vm.tee = (struct med_vm *)buf;
	vm_dtb_build(&vm, buf, sizeof(buf));
	tee = find("/firmware/optee");
	assert_true(tee > 0);
	assert_int_equal(fdt_node_check_compatible(buf, tee, "linaro,optee-tz"), 0);
	assert_string_equal(fdt_getprop(buf, tee, "method", NULL), "smc");
}

static void each_guest_gets_seeds_of_its_own(void **state)
{
	struct vm vm = make_vm();
	uint8_t first[64];
	int size;

	(void)state;
	vm_dtb_build(&vm, buf, sizeof(buf));
	memcpy(first, fdt_getprop(buf, find("/chosen"), "rng-seed", &size), sizeof(first));
	assert_int_equal(size, 64);
	vm_dtb_build(&vm, buf, sizeof(buf));
	assert_memory_not_equal(first, fdt_getprop(buf, find("/chosen"), "rng-seed", NULL), 64);
}

static void a_tree_that_does_not_fit_is_refused(void **state)
{
	struct vm vm = make_vm();
	uint64_t whole = vm_dtb_build(&vm, buf, sizeof(buf));

	(void)state;
	for (uint64_t size = 0; size < whole; size += 50)
		assert_int_equal(vm_dtb_build(&vm, buf, size), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guest_finds_what_the_machine_has),
		cmocka_unit_test(nw_194_only_a_vm_with_a_tee_has_its_node),
		cmocka_unit_test(each_guest_gets_seeds_of_its_own),
		cmocka_unit_test(a_tree_that_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
