/* SPDX-License-Identifier: BSD-2-Clause */
#include <abi/tenon.h>
#include <lib/test.h>
#include <libfdt.h>
#include <vm/node.h>

static uint8_t fdt[8192] __attribute__((aligned(8)));
static struct vm_node nodes[4];
static unsigned bad_count;
static char bad_why[64];

static void bad(const char *name, const char *why)
{
	(void)name;
	bad_count++;
	strncpy(bad_why, why, sizeof(bad_why) - 1);
}

static void cells(const char *name, unsigned count, const uint32_t *values)
{
	fdt32_t out[8];

	for (unsigned i = 0; i < count; i++)
		out[i] = cpu_to_fdt32(values[i]);
	assert_int_equal(fdt_property(fdt, name, out, (int)count * 4), 0);
}
#define CELLS(name, ...)                                                                           \
	cells(name, sizeof((uint32_t[]){__VA_ARGS__}) / 4, (uint32_t[]){__VA_ARGS__})

static void tree_begin(void)
{
	bad_count = 0;
	fdt_create(fdt, sizeof(fdt));
	fdt_finish_reservemap(fdt);
	fdt_begin_node(fdt, "");
	fdt_begin_node(fdt, "chosen");
}

static unsigned tree_parse(void)
{
	fdt_end_node(fdt);
	fdt_end_node(fdt);
	assert_int_equal(fdt_finish(fdt), 0);
	return vm_nodes_parse(fdt, nodes, ARRAY_SIZE(nodes), bad);
}

static void domain_begin(const char *name)
{
	fdt_begin_node(fdt, name);
	fdt_property_string(fdt, "compatible", "xen,domain");
}

static void put_kernel(void)
{
	fdt_begin_node(fdt, "module@50000000");
	fdt_property(fdt, "compatible", "multiboot,kernel\0multiboot,module", 34);
	CELLS("reg", 0, 0x50000000, 1, 0x1000);
	fdt_property_string(fdt, "bootargs", "console=ttyAMA0");
	fdt_end_node(fdt);
}

static void put_ordinary(const char *name)
{
	domain_begin(name);
	CELLS("cpus", 2);
	CELLS("memory", 0, 0x20000);
	put_kernel();
	fdt_end_node(fdt);
}

static void a_described_vm_is_read_with_all_it_says(void **state)
{
	(void)state;
	tree_begin();
	fdt_begin_node(fdt, "other"); /* not ours */
	fdt_end_node(fdt);
	domain_begin("linux1");
	CELLS("cpus", 4);
	CELLS("memory", 0, 0x40000);
	fdt_property_string(fdt, "tenon,identity", "00112233-4455-6677-8899-aAbBcCdDeEfF");
	CELLS("tenon,reserve-pages", 7);
	CELLS("tenon,limit-calls", 9);
	CELLS("tenon,privileged", 1);
	fdt_property(fdt, "tenon,manual", NULL, 0);
	put_kernel();
	fdt_begin_node(fdt, "module@54000000");
	fdt_property(fdt, "compatible", "multiboot,ramdisk\0multiboot,module", 35);
	CELLS("reg", 0, 0x54000000, 0, 0x123);
	fdt_end_node(fdt);
	fdt_end_node(fdt);
	assert_int_equal(tree_parse(), 1);
	assert_int_equal(bad_count, 0);
	assert_string_equal(nodes[0].name, "linux1");
	assert_int_equal(nodes[0].cpus, 4);
	assert_int_equal(nodes[0].memory_kib, 0x40000);
	assert_int_equal(nodes[0].kernel.base, 0x50000000);
	assert_int_equal(nodes[0].kernel.size, 0x100001000);
	assert_int_equal(nodes[0].ramdisk.size, 0x123);
	assert_string_equal(nodes[0].bootargs, "console=ttyAMA0");
	assert_true(nodes[0].manual);
	assert_false(nodes[0].no_tee);
	assert_true(nodes[0].options[TENON_KEY_IDENTITY].given);
	assert_int_equal(nodes[0].options[TENON_KEY_IDENTITY].value[1], 0x44556677);
	assert_int_equal(nodes[0].options[TENON_KEY_IDENTITY].value[3], 0xCCDDEEFF);
	assert_int_equal(nodes[0].options[TENON_KEY_RESERVE_PAGES].value[0], 7);
	assert_int_equal(nodes[0].options[TENON_KEY_LIMIT_CALLS].value[0], 9);
	assert_int_equal(nodes[0].options[TENON_KEY_PRIVILEGED].value[0], 1);
	assert_false(nodes[0].options[TENON_KEY_LIMIT_PAGES].given);
	assert_false(nodes[0].options[TENON_KEY_RESTARTABLE].given);
}

static void more_vms_than_there_is_room_for_are_left_out(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d", "e"};

	(void)state;
	tree_begin();
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		put_ordinary(names[i]);
	assert_int_equal(tree_parse(), ARRAY_SIZE(nodes));
	assert_int_equal(bad_count, 1);
}

/* One node with everything right but what @spoil adds in place of it. */
static void expect_bad(const char *name, uint32_t cpus, uint64_t memory, const char *identity,
		       bool kernel)
{
	tree_begin();
	domain_begin(name);
	CELLS("cpus", cpus);
	CELLS("memory", (uint32_t)(memory >> 32), (uint32_t)memory);
	if (identity)
		fdt_property_string(fdt, "tenon,identity", identity);
	if (kernel)
		put_kernel();
	fdt_end_node(fdt);
	put_ordinary("good");
	assert_int_equal(tree_parse(), 1);
	assert_int_equal(bad_count, 1);
	assert_string_equal(nodes[0].name, "good");
}

static void a_wrong_description_is_refused_and_harms_no_other(void **state)
{
	(void)state;
	expect_bad("x", 0, 0x20000, NULL, true);
	expect_bad("x", 5, 0x20000, NULL, true);
	expect_bad("x", 1, 0, NULL, true);
	expect_bad("x", 1, 0x20001, NULL, true);
	expect_bad("x", 1, ~3ull, NULL, true);
	expect_bad("x", 1, 0x20000, NULL, false);
	expect_bad("x", 1, 0x20000, "", true);
	expect_bad("x", 1, 0x20000, "00112233-4455-6677-8899-aabbccddeef", true);
	expect_bad("x", 1, 0x20000, "00112233-4455-6677-8899-aabbccddeeff0", true);
	expect_bad("x", 1, 0x20000, "00112233-4455-6677-8899-aabbccddeegg", true);
	expect_bad("x", 1, 0x20000, "001122334-455-6677-8899-aabbccddeeff", true);
	expect_bad("a-name-that-is-longer-than-31-characters", 1, 0x20000, NULL, true);
	expect_bad("good", 5, 0x20000, NULL, true);
}

static void a_name_is_used_once(void **state)
{
	(void)state;
	tree_begin();
	put_ordinary("x@0");
	put_ordinary("x@0");
	assert_int_equal(tree_parse(), 1);
	assert_int_equal(bad_count, 1);
}

static void a_tree_without_chosen_has_no_vms(void **state)
{
	(void)state;
	fdt_create(fdt, sizeof(fdt));
	fdt_finish_reservemap(fdt);
	fdt_begin_node(fdt, "");
	fdt_end_node(fdt);
	fdt_finish(fdt);
	assert_int_equal(vm_nodes_parse(fdt, nodes, ARRAY_SIZE(nodes), bad), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_described_vm_is_read_with_all_it_says),
		cmocka_unit_test(more_vms_than_there_is_room_for_are_left_out),
		cmocka_unit_test(a_wrong_description_is_refused_and_harms_no_other),
		cmocka_unit_test(a_name_is_used_once),
		cmocka_unit_test(a_tree_without_chosen_has_no_vms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
