/* SPDX-License-Identifier: BSD-2-Clause */
/* Device trees as QEMU makes them, and as nobody should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <libfdt.h>
#include "kernel/platform/devicetree.h"

#define ROOM        8192
#define FIRST_ROOM  4096
#define RAM_BASE    0x40000000ull
#define RAM_SIZE    0x40000000ull
#define SECURE_BASE 0x0e000000ull
#define SECURE_SIZE 0x01000000ull

static const struct memory_range secure = {SECURE_BASE, SECURE_SIZE};
static const uint8_t rng_seed[32] = {0xaa, 0xbb, 0xcc, 1, 2, 3, 4, 5, 6, 7};

static int add_memory(void *blob, const char *name, uint64_t base, uint64_t size)
{
	int node = fdt_add_subnode(blob, 0, name);

	assert_true(node >= 0);
	assert_int_equal(fdt_setprop_string(blob, node, "device_type", "memory"), 0);
	assert_int_equal(fdt_appendprop_u64(blob, node, "reg", base), 0);
	assert_int_equal(fdt_appendprop_u64(blob, node, "reg", size), 0);
	return node;
}

static void add_cpu(void *blob, const char *name, uint32_t affinity)
{
	int cpus = fdt_path_offset(blob, "/cpus");
	int node = fdt_add_subnode(blob, cpus, name);

	assert_true(node >= 0);
	fdt_setprop_string(blob, node, "device_type", "cpu");
	fdt_setprop_u32(blob, node, "reg", affinity);
}

/* A tree like that of QEMU's virt machine, packed; freed by the caller. */
static uint8_t *machine_tree(void)
{
	uint8_t *blob = calloc(1, ROOM);

	assert_int_equal(fdt_create_empty_tree(blob, FIRST_ROOM), 0);
	fdt_setprop_u32(blob, 0, "#address-cells", 2);
	fdt_setprop_u32(blob, 0, "#size-cells", 2);
	int chosen = fdt_add_subnode(blob, 0, "secure-chosen");
	fdt_setprop(blob, chosen, "rng-seed", rng_seed, sizeof(rng_seed));
	int cpus = fdt_add_subnode(blob, 0, "cpus");
	fdt_setprop_u32(blob, cpus, "#address-cells", 1);
	fdt_setprop_u32(blob, cpus, "#size-cells", 0);
	add_cpu(blob, "cpu@1", 1);
	add_cpu(blob, "cpu@0", 0);
	int hidden = add_memory(blob, "secram@e000000", SECURE_BASE, SECURE_SIZE);
	fdt_setprop_string(blob, hidden, "status", "disabled");
	add_memory(blob, "memory@40000000", RAM_BASE, RAM_SIZE);
	assert_int_equal(fdt_pack(blob), 0);
	return blob;
}

static void memory_cpus_and_seed_of_a_machine_are_found(void **state)
{
	uint8_t *blob = machine_tree();
	struct machine machine;

	(void)state;
	assert_true(devicetree_read(blob, fdt_totalsize(blob), &secure, &machine));
	assert_int_equal(machine.ram_count, 1);
	assert_int_equal(machine.ram[0].base, RAM_BASE);
	assert_int_equal(machine.ram[0].size, RAM_SIZE);
	assert_int_equal(machine.cpu_count, 2);
	assert_int_equal(machine.cpu_mpidr[0] + machine.cpu_mpidr[1], 1);
	assert_int_equal(machine.seed_size, sizeof(rng_seed));
	assert_memory_equal(machine.seed, rng_seed, sizeof(rng_seed));
	free(blob);
}

static void the_seed_is_nowhere_in_the_tree_after_it_was_taken(void **state)
{
	uint8_t *blob = machine_tree();
	struct machine machine;

	(void)state;
	assert_true(devicetree_read(blob, fdt_totalsize(blob), &secure, &machine));
	assert_true(devicetree_announce(blob, ROOM, &secure, 219));
	for (size_t i = 0; i + 8 <= ROOM; i++)
		assert_memory_not_equal(blob + i, rng_seed, 8);
	free(blob);
}

static void nw_145_the_announced_node_is_what_linux_binds_to(void **state)
{
	uint8_t *blob = machine_tree();
	struct machine machine;
	int length;

	(void)state;
	assert_true(devicetree_read(blob, fdt_totalsize(blob), &secure, &machine));
	assert_true(devicetree_announce(blob, ROOM, &secure, 219));
	assert_int_equal(fdt_check_header(blob), 0);
	int node = fdt_path_offset(blob, "/firmware/optee");
	assert_true(node >= 0);
	assert_string_equal(fdt_getprop(blob, node, "compatible", &length), "linaro,optee-tz");
	assert_string_equal(fdt_getprop(blob, node, "method", &length), "smc");
	assert_true(fdt_path_offset(blob, "/reserved-memory") < 0);
	assert_true(fdt_path_offset(blob, "/cpus/cpu@1") >= 0);
	free(blob);
}

static void nw_145_secure_memory_that_the_tree_offers_is_reserved_and_not_used(void **state)
{
	uint8_t *blob = machine_tree();
	struct machine machine;
	int length;

	(void)state;
	assert_int_equal(fdt_open_into(blob, blob, ROOM), 0);
	add_memory(blob, "memory@0", 0, 0x20000000);
	assert_true(devicetree_read(blob, ROOM, &secure, &machine));
	assert_int_equal(machine.ram_count, 3);
	for (unsigned i = 0; i < machine.ram_count; i++)
		assert_true(machine.ram[i].base + machine.ram[i].size <= SECURE_BASE ||
			    machine.ram[i].base >= SECURE_BASE + SECURE_SIZE);
	assert_true(devicetree_announce(blob, ROOM, &secure, 219));
	int node = fdt_path_offset(blob, "/reserved-memory/tenon");
	assert_true(node >= 0);
	assert_non_null(fdt_getprop(blob, node, "no-map", &length));
	const fdt64_t *reg = fdt_getprop(blob, node, "reg", &length);
	assert_int_equal(length, 16);
	assert_int_equal(fdt64_to_cpu(reg[0]), SECURE_BASE);
	assert_int_equal(fdt64_to_cpu(reg[1]), SECURE_SIZE);
	free(blob);
}

static void without_room_the_tree_stays_valid_and_the_failure_is_told(void **state)
{
	uint8_t *blob = machine_tree();
	size_t size = fdt_totalsize(blob);

	(void)state;
	assert_false(devicetree_announce(blob, size + 16, &secure, 219));
	assert_int_equal(fdt_check_header(blob), 0);
	assert_true(fdt_path_offset(blob, "/cpus/cpu@1") >= 0);
	free(blob);
}

static void ranges_that_wrap_or_are_empty_or_too_many_are_left_out(void **state)
{
	uint8_t *blob = machine_tree();
	struct machine machine;
	char name[32];

	(void)state;
	assert_int_equal(fdt_open_into(blob, blob, ROOM), 0);
	add_memory(blob, "memory@1", UINT64_MAX - 0xfff, 0x2000);
	add_memory(blob, "memory@2", 0x100000000ull, 0);
	for (unsigned i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "memory@%x00000000", i + 8);
		add_memory(blob, name, (i + 8ull) << 32, 0x1000);
	}
	assert_true(devicetree_read(blob, ROOM, &secure, &machine));
	assert_int_equal(machine.ram_count, MACHINE_RAM_MAX);
	for (unsigned i = 0; i < machine.ram_count; i++) {
		assert_int_not_equal(machine.ram[i].size, 0);
		assert_true(machine.ram[i].base + machine.ram[i].size > machine.ram[i].base);
	}
	free(blob);
}

static void a_header_that_is_none_or_claims_too_much_is_refused(void **state)
{
	uint8_t *blob = machine_tree();
	struct machine machine;
	size_t size = fdt_totalsize(blob);

	(void)state;
	fdt_set_totalsize(blob, DEVICETREE_SIZE_MAX + 1);
	assert_int_equal(devicetree_size(blob), 0);
	fdt_set_totalsize(blob, (uint32_t)size + 1);
	assert_false(devicetree_read(blob, size, &secure, &machine));
	fdt_set_totalsize(blob, (uint32_t)size);
	assert_false(devicetree_read(blob, 39, &secure, &machine));
	fdt_set_magic(blob, 0x12345678);
	assert_false(devicetree_read(blob, size, &secure, &machine));
	free(blob);
}

/* A copy of exactly size bytes, so that the sanitizer sees a read behind the end. */
static void digest(const uint8_t *blob, size_t size)
{
	uint8_t *copy = malloc(ROOM);
	uint8_t *exact = malloc(size);
	struct machine machine;

	memcpy(exact, blob, size);
	if (devicetree_read(exact, size, &secure, &machine)) {
		memcpy(copy, exact, size);
		memset(copy + size, 0, ROOM - size);
		if (devicetree_announce(copy, ROOM, &secure, 219))
			assert_int_equal(fdt_check_header(copy), 0);
	}
	assert_true(machine.ram_count <= MACHINE_RAM_MAX && machine.cpu_count <= CPU_MAX);
	assert_true(machine.seed_size <= MACHINE_SEED_MAX);
	free(exact);
	free(copy);
}

static void nw_219_no_damaged_byte_makes_the_reader_leave_the_blob(void **state)
{
	static const uint8_t damage[] = {0x00, 0x01, 0x02, 0x09, 0x7f, 0x80, 0xff};
	uint8_t *blob = machine_tree();
	size_t size = fdt_totalsize(blob);

	(void)state;
	for (size_t at = 0; at < size; at++) {
		uint8_t was = blob[at];

		for (size_t i = 0; i < sizeof(damage); i++) {
			blob[at] = damage[i];
			digest(blob, size);
		}
		blob[at] = was;
	}
	free(blob);
}

static void nw_219_random_damage_makes_nothing_worse(void **state)
{
	uint8_t *original = machine_tree();
	size_t size = fdt_totalsize(original);
	uint8_t blob[ROOM];
	uint32_t random = 20261122;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		memcpy(blob, original, size);
		for (unsigned i = 0; i < 1 + round % 12; i++) {
			random = random * 1664525u + 1013904223u;
			blob[(random >> 8) % size] = (uint8_t)(random >> 24);
		}
		digest(blob, size);
	}
	free(original);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_cpus_and_seed_of_a_machine_are_found),
		cmocka_unit_test(the_seed_is_nowhere_in_the_tree_after_it_was_taken),
		cmocka_unit_test(nw_145_the_announced_node_is_what_linux_binds_to),
		cmocka_unit_test(
			nw_145_secure_memory_that_the_tree_offers_is_reserved_and_not_used),
		cmocka_unit_test(without_room_the_tree_stays_valid_and_the_failure_is_told),
		cmocka_unit_test(ranges_that_wrap_or_are_empty_or_too_many_are_left_out),
		cmocka_unit_test(a_header_that_is_none_or_claims_too_much_is_refused),
		cmocka_unit_test(nw_219_no_damaged_byte_makes_the_reader_leave_the_blob),
		cmocka_unit_test(nw_219_random_damage_makes_nothing_worse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
