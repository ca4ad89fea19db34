/* SPDX-License-Identifier: BSD-2-Clause */
/* Secure RAM, and what the device tree says about everything else. */
#include <platform_layout.h>
#include "kernel/arch/arch.h"
#include "kernel/arch/arm64/layout.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/log.h"
#include "kernel/lib/string.h"
#include "kernel/platform/devicetree.h"
#include "kernel/platform/platform.h"
#include "kernel/platform/qemu_virt/console.h"

/* The firmware's part and ours. */
static const struct memory_range secure = {FIRMWARE_RAM_BASE,
					   SECURE_RAM_BASE + SECURE_RAM_SIZE - FIRMWARE_RAM_BASE};

static struct machine machine;
static void *free_start;

void *platform_to_virtual(paddr_t pa)
{
	assert(pa.pa >= SECURE_RAM_BASE && pa.pa - SECURE_RAM_BASE < SECURE_RAM_SIZE);
	return (void *)(pa.pa + KERNEL_LINEAR);
}

paddr_t platform_to_physical(const void *va)
{
	uint64_t pa = (uint64_t)(uintptr_t)va - KERNEL_LINEAR;

	assert(pa >= SECURE_RAM_BASE && pa - SECURE_RAM_BASE < SECURE_RAM_SIZE);
	return paddr(pa);
}

void platform_set_free_start(void *start)
{
	free_start = start;
}

void platform_free_memory(void **start, void **end)
{
	*start = free_start;
	*end = (char *)platform_to_virtual(paddr(SECURE_RAM_BASE)) + SECURE_RAM_SIZE;
}

bool platform_is_nonsecure_ram(paddr_t pa, uint64_t size)
{
	for (unsigned i = 0; i < machine.ram_count; i++) {
		const struct memory_range *ram = &machine.ram[i];
		bool inside = pa.pa >= ram->base && pa.pa - ram->base < ram->size;

		if (inside && size != 0 && size <= ram->size - (pa.pa - ram->base))
			return true;
	}
	return false;
}

unsigned platform_cpus(uint64_t *mpidr, unsigned max)
{
	unsigned count = min(machine.cpu_count, max);

	memcpy(mpidr, machine.cpu_mpidr, count * sizeof(*mpidr));
	return count;
}

size_t platform_boot_seed(uint8_t *seed, size_t size)
{
	size_t given = min(machine.seed_size, size);

	memcpy(seed, machine.seed, given);
	memset(machine.seed, 0, sizeof(machine.seed));
	machine.seed_size = 0;
	return given;
}

/* QEMU's machine has no place for a secret. */
bool platform_hardware_key(uint8_t key[PLATFORM_KEY_SIZE])
{
	memset(key, 0, PLATFORM_KEY_SIZE);
	return false;
}

/* Copies size bytes between the blob and non-secure memory, page by page. */
static bool blob_copy(uint8_t *blob, paddr_t pa, size_t size, bool to_blob)
{
	size_t step;

	for (size_t done = 0; done < size; done += step) {
		paddr_t at = paddr(pa.pa + done);

		step = min(size - done, PAGE_SIZE - (at.pa & PAGE_MASK));
		bool ok = to_blob ? arch_ns_read(blob + done, at, step)
				  : arch_ns_write(at, blob + done, step);
		if (!ok)
			return false;
	}
	return true;
}

/* Where the tree lies is the firmware's word, but it never is our own memory. */
static bool place_is_possible(paddr_t tree, size_t size)
{
	uint64_t end;

	return tree.pa != 0 && !add_overflow(tree.pa, (uint64_t)size, &end) &&
	       (end <= secure.base || tree.pa >= secure.base + secure.size);
}

/* Brings the tree to blob; returns its size, 0 if there is none. */
static size_t tree_fetch(uint8_t *blob, paddr_t tree)
{
	if (!place_is_possible(tree, DEVICETREE_HEADER_SIZE) ||
	    !blob_copy(blob, tree, DEVICETREE_HEADER_SIZE, true))
		return 0;
	size_t size = devicetree_size(blob);
	if (size == 0 || !place_is_possible(tree, size) || !blob_copy(blob, tree, size, true))
		return 0;
	/* The header came a second time: what was checked must be what is used. */
	return devicetree_size(blob) == size ? size : 0;
}

/* Adds to the tree of size bytes in blob, and puts it back where it came from. */
static void tree_publish(uint8_t *blob, size_t size, paddr_t tree)
{
	size_t room =
		tree.pa == DEVICE_TREE_PA && size < DEVICE_TREE_ROOM ? DEVICE_TREE_ROOM : size;

	if (!devicetree_announce(blob, room, &secure, NOTIFY_INTID))
		log_warn("no room in the device tree to announce the TEE");
	size_t now = devicetree_size(blob);
	/* Not less than there was: nothing of the seed stays behind. */
	if (!blob_copy(blob, tree, now > size ? now : size, false))
		log_warn("the device tree cannot be written");
	memset(blob, 0, room);
}

bool platform_start(paddr_t device_tree, void *free)
{
	uint8_t *blob = free;

	console_init();
	size_t size = tree_fetch(blob, device_tree);
	if (size == 0 || !devicetree_read(blob, size, &secure, &machine)) {
		log_error("no usable device tree at 0x%llx", (unsigned long long)device_tree.pa);
		return false;
	}
	tree_publish(blob, size, device_tree);
	if (machine.ram_count == 0)
		log_error("the device tree names no memory");
	return machine.ram_count != 0;
}
