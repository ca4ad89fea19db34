/* SPDX-License-Identifier: BSD-2-Clause */
#include <libfdt.h>
#include "kernel/lib/string.h"
#include "kernel/platform/devicetree.h"

#define MPIDR_AFFINITY 0xff00ffffffull

/* Nodes looked at: a bound for a tree made of nothing but nodes. */
#define NODES_MAX 4096

size_t devicetree_size(const uint8_t header[DEVICETREE_HEADER_SIZE])
{
	_Alignas(8) uint8_t copy[DEVICETREE_HEADER_SIZE];

	memcpy(copy, header, sizeof(copy));
	if (fdt_check_header(copy) != 0 || fdt_totalsize(copy) > DEVICETREE_SIZE_MAX)
		return 0;
	if (fdt_off_dt_struct(copy) % sizeof(fdt32_t) != 0 ||
	    fdt_off_mem_rsvmap(copy) % sizeof(fdt64_t) != 0)
		return 0;
	return fdt_totalsize(copy);
}

/* The cells at p as one number; true if count is 1 or 2 and that many are left. */
static bool cells_read(const fdt32_t **p, const fdt32_t *end, int count, uint64_t *value)
{
	if (count < 1 || count > 2 || end - *p < count)
		return false;
	for (*value = 0; count > 0; count--)
		*value = *value << 32 | fdt32_to_cpu(*(*p)++);
	return true;
}

static void ram_add(struct machine *machine, uint64_t base, uint64_t end)
{
	if (base >= end || machine->ram_count == MACHINE_RAM_MAX)
		return;
	machine->ram[machine->ram_count++] = (struct memory_range){base, end - base};
}

/* Adds [base, base + size) without what is secure. */
static void ram_add_nonsecure(struct machine *machine, uint64_t base, uint64_t size,
			      const struct memory_range *secure)
{
	uint64_t end, secure_end = secure->base + secure->size;

	if (add_overflow(base, size, &end))
		return;
	ram_add(machine, base, min(end, secure->base));
	ram_add(machine, base > secure_end ? base : secure_end, end);
}

static bool string_is(const void *blob, int node, const char *property, const char *value)
{
	int length;
	const char *text = fdt_getprop(blob, node, property, &length);

	return text != NULL && length == (int)strlen(value) + 1 &&
	       memcmp(text, value, (size_t)length) == 0;
}

/* Usable by the normal world: status absent, "okay" or "ok". */
static bool is_enabled(const void *blob, int node)
{
	return fdt_getprop(blob, node, "status", NULL) == NULL ||
	       string_is(blob, node, "status", "okay") || string_is(blob, node, "status", "ok");
}

/* Calls what for each range of the enabled memory nodes. */
static void memory_walk(const void *blob, void (*what)(void *, uint64_t, uint64_t), void *context)
{
	int address_cells = fdt_address_cells(blob, 0), size_cells = fdt_size_cells(blob, 0);
	int node;

	fdt_for_each_subnode(node, blob, 0)
	{
		int length;
		const fdt32_t *reg = fdt_getprop(blob, node, "reg", &length);
		uint64_t base, size;

		if (reg == NULL || length < 0 || !string_is(blob, node, "device_type", "memory") ||
		    !is_enabled(blob, node))
			continue;
		const fdt32_t *end = reg + (size_t)length / sizeof(*reg);
		while (cells_read(&reg, end, address_cells, &base) &&
		       cells_read(&reg, end, size_cells, &size))
			what(context, base, size);
	}
}

struct ram_walk {
	struct machine *machine;
	const struct memory_range *secure;
};

static void ram_found(void *context, uint64_t base, uint64_t size)
{
	struct ram_walk *walk = context;

	ram_add_nonsecure(walk->machine, base, size, walk->secure);
}

static void cpus_read(const void *blob, struct machine *machine)
{
	int cpus = fdt_path_offset(blob, "/cpus"), node;

	if (cpus < 0)
		return;
	int address_cells = fdt_address_cells(blob, cpus);
	fdt_for_each_subnode(node, blob, cpus)
	{
		int length;
		const fdt32_t *reg = fdt_getprop(blob, node, "reg", &length);
		uint64_t affinity;

		if (reg == NULL || length < 0 || !string_is(blob, node, "device_type", "cpu"))
			continue;
		if (machine->cpu_count == CPU_MAX)
			return;
		if (cells_read(&reg, reg + (size_t)length / sizeof(*reg), address_cells, &affinity))
			machine->cpu_mpidr[machine->cpu_count++] = affinity & MPIDR_AFFINITY;
	}
}

/* Takes the property's bytes into the seed as far as they fit; nothing of it stays in the blob. */
static void seed_take(void *blob, int node, const char *property, struct machine *machine)
{
	int length;
	const void *value = fdt_getprop(blob, node, property, &length);

	if (value == NULL || length <= 0)
		return;
	size_t taken = min((size_t)length, MACHINE_SEED_MAX - machine->seed_size);
	memcpy(machine->seed + machine->seed_size, value, taken);
	machine->seed_size += taken;
	(void)fdt_nop_property(blob, node, property);
}

/*
 * The blocks lie one behind the other inside the blob, in the order that every producer uses.
 * libfdt moves blocks about when it writes, and believes the header then.
 */
static bool layout_is_sound(const void *blob)
{
	int reservations = fdt_num_mem_rsv(blob);
	uint64_t reserve_map = fdt_off_mem_rsvmap(blob), structure = fdt_off_dt_struct(blob);
	uint64_t strings = fdt_off_dt_strings(blob);

	return fdt_version(blob) >= 17 && reservations >= 0 &&
	       reserve_map >= DEVICETREE_HEADER_SIZE &&
	       structure >= reserve_map + ((uint64_t)reservations + 1) * 16 &&
	       strings >= structure + fdt_size_dt_struct(blob) &&
	       fdt_totalsize(blob) >= strings + fdt_size_dt_strings(blob);
}

/* The tree's structure can be walked to its end in a bounded time. */
static bool structure_is_sound(const void *blob)
{
	int node = 0, depth = 0;

	for (unsigned count = 0; count < NODES_MAX; count++) {
		node = fdt_next_node(blob, node, &depth);
		if (node < 0)
			return node == -FDT_ERR_NOTFOUND;
		if (depth < 0)
			return true;
	}
	return false;
}

bool devicetree_read(void *blob, size_t size, const struct memory_range *secure,
		     struct machine *machine)
{
	struct ram_walk walk = {machine, secure};

	*machine = (struct machine){0};
	if (size < DEVICETREE_HEADER_SIZE || devicetree_size(blob) == 0 ||
	    devicetree_size(blob) > size || !layout_is_sound(blob) || !structure_is_sound(blob))
		return false;
	memory_walk(blob, ram_found, &walk);
	cpus_read(blob, machine);
	int chosen = fdt_path_offset(blob, "/secure-chosen");
	if (chosen >= 0) {
		seed_take(blob, chosen, "rng-seed", machine);
		seed_take(blob, chosen, "kaslr-seed", machine);
	}
	return true;
}

struct overlap {
	const struct memory_range *secure;
	bool found;
};

static void overlap_check(void *context, uint64_t base, uint64_t size)
{
	struct overlap *overlap = context;
	uint64_t end;

	if (add_overflow(base, size, &end))
		end = UINT64_MAX;
	if (base < overlap->secure->base + overlap->secure->size && end > overlap->secure->base)
		overlap->found = true;
}

/* The node of this name under parent, made if it does not exist; negative on error. */
static int subnode_get(void *blob, int parent, const char *name)
{
	int node = fdt_subnode_offset(blob, parent, name);

	return node == -FDT_ERR_NOTFOUND ? fdt_add_subnode(blob, parent, name) : node;
}

static bool cell_append(void *blob, int node, const char *name, int cells, uint64_t value)
{
	if (cells == 2)
		return fdt_appendprop_u64(blob, node, name, value) == 0;
	return cells == 1 && value <= UINT32_MAX &&
	       fdt_appendprop_u32(blob, node, name, (uint32_t)value) == 0;
}

static bool reserve(void *blob, const struct memory_range *secure)
{
	int address_cells = fdt_address_cells(blob, 0), size_cells = fdt_size_cells(blob, 0);
	int parent = fdt_path_offset(blob, "/reserved-memory");

	if (parent < 0) {
		parent = fdt_add_subnode(blob, 0, "reserved-memory");
		if (parent < 0 ||
		    fdt_setprop_u32(blob, parent, "#address-cells", (uint32_t)address_cells) != 0 ||
		    fdt_setprop_u32(blob, parent, "#size-cells", (uint32_t)size_cells) != 0 ||
		    fdt_setprop_empty(blob, parent, "ranges") != 0)
			return false;
	}
	address_cells = fdt_address_cells(blob, parent);
	size_cells = fdt_size_cells(blob, parent);
	int node = subnode_get(blob, parent, "tenon");
	if (node < 0 || fdt_setprop_empty(blob, node, "no-map") != 0)
		return false;
	(void)fdt_delprop(blob, node, "reg");
	return cell_append(blob, node, "reg", address_cells, secure->base) &&
	       cell_append(blob, node, "reg", size_cells, secure->size);
}

/* In the GIC's three cells: an SPI, its number, edge-rising. */
static bool put_interrupt(void *blob, int node, uint32_t intid)
{
	const uint32_t cells[] = {0, intid - 32, 1};

	(void)fdt_delprop(blob, node, "interrupts");
	for (unsigned i = 0; i < array_count(cells); i++) {
		if (fdt_appendprop_u32(blob, node, "interrupts", cells[i]) != 0)
			return false;
	}
	return true;
}

static bool announce(void *blob, const struct memory_range *secure, uint32_t notify_intid)
{
	struct overlap overlap = {secure, false};

	memory_walk(blob, overlap_check, &overlap);
	if (overlap.found && !reserve(blob, secure))
		return false;
	int firmware = subnode_get(blob, 0, "firmware");
	int node = firmware < 0 ? firmware : subnode_get(blob, firmware, "optee");
	return node >= 0 && fdt_setprop_string(blob, node, "compatible", "linaro,optee-tz") == 0 &&
	       fdt_setprop_string(blob, node, "method", "smc") == 0 &&
	       put_interrupt(blob, node, notify_intid);
}

bool devicetree_announce(void *blob, size_t room, const struct memory_range *secure,
			 uint32_t notify_intid)
{
	size_t size = round_up(fdt_totalsize(blob), sizeof(fdt64_t));

	/* libfdt rearranges the tree behind its end, which must be aligned for that. */
	if (room > INT_MAX || size > room)
		return false;
	fdt_set_totalsize(blob, (uint32_t)size);
	if (fdt_open_into(blob, blob, (int)room) != 0)
		return false;
	bool done = announce(blob, secure, notify_intid);
	return fdt_pack(blob) == 0 && done;
}
