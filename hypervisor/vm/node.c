/* SPDX-License-Identifier: BSD-2-Clause */
#include <abi/tenon.h>
#include <lib/bits.h>
#include <libfdt.h>
#include <string.h>
#include <vgic/vgic.h>
#include <vm/node.h>

struct vm_node vm_nodes[VM_NODES_MAX];
unsigned vm_node_count;

static const char *const number_options[VM_OPTIONS] = {
	[TENON_KEY_RESERVE_PAGES] = "tenon,reserve-pages",
	[TENON_KEY_LIMIT_PAGES] = "tenon,limit-pages",
	[TENON_KEY_LIMIT_CALLS] = "tenon,limit-calls",
	[TENON_KEY_LIMIT_SESSIONS] = "tenon,limit-sessions",
	[TENON_KEY_LIMIT_SHM_PAGES] = "tenon,limit-shm-pages",
	[TENON_KEY_PRIVILEGED] = "tenon,privileged",
};

/* A property of exactly @cells cells (at most 4). */
static bool read_cells(const void *fdt, int node, const char *name, uint32_t *out, int cells)
{
	int size;
	const void *p = fdt_getprop(fdt, node, name, &size);

	if (!p || size != cells * 4)
		return false;
	for (int i = 0; i < cells; i++)
		out[i] = fdt32_ld((const fdt32_t *)p + i);
	return true;
}

static uint64_t pair(const uint32_t *cells)
{
	return (uint64_t)cells[0] << 32 | cells[1];
}

static int hex_value(char c)
{
	const char *digits = "0123456789abcdef", *at;

	at = strchr(digits, c >= 'A' && c <= 'F' ? c + 'a' - 'A' : c);
	return c && at ? (int)(at - digits) : -1;
}

/* "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" as four big-endian words. */
static bool parse_uuid(const char *s, uint32_t words[4])
{
	unsigned digits = 0;

	memset(words, 0, 16);
	for (unsigned i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		int v = hex_value(s[i]);

		if (dash ? s[i] != '-' : v < 0)
			return false;
		if (!dash) {
			words[digits / 8] = words[digits / 8] << 4 | (uint32_t)v;
			digits++;
		}
	}
	return s[36] == 0;
}

static const char *read_options(const void *fdt, int at, struct vm_node *node)
{
	struct vm_option *identity = &node->options[TENON_KEY_IDENTITY];
	const char *text = fdt_getprop(fdt, at, "tenon,identity", NULL);

	if (text && !parse_uuid(text, identity->value))
		return "tenon,identity is no UUID";
	identity->given = text != NULL;
	for (unsigned key = 0; key < VM_OPTIONS; key++) {
		const char *name = number_options[key];

		if (!name || !fdt_getprop(fdt, at, name, NULL))
			continue;
		if (!read_cells(fdt, at, name, node->options[key].value, 1))
			return "an option is not one cell";
		node->options[key].given = true;
	}
	node->no_tee = fdt_getprop(fdt, at, "tenon,no-tee", NULL) != NULL;
	node->manual = fdt_getprop(fdt, at, "tenon,manual", NULL) != NULL;
	return NULL;
}

static const char *read_module(const void *fdt, int at, struct vm_node *node)
{
	bool kernel = !fdt_node_check_compatible(fdt, at, "multiboot,kernel");
	bool ramdisk = !fdt_node_check_compatible(fdt, at, "multiboot,ramdisk");
	struct vm_module *module = kernel ? &node->kernel : &node->ramdisk;
	const char *bootargs = fdt_getprop(fdt, at, "bootargs", NULL);
	uint32_t reg[4];

	if (!kernel && !ramdisk)
		return NULL;
	if (!read_cells(fdt, at, "reg", reg, 4))
		return "a module's reg is not two addresses of two cells";
	module->base = pair(reg);
	module->size = pair(reg + 2);
	if (module->base + module->size < module->base || module->size > BIT(40))
		return "a module's size is absurd";
	if (kernel && bootargs)
		node->bootargs = bootargs;
	return NULL;
}

static const char *read_node(const void *fdt, int at, struct vm_node *node)
{
	const char *name = fdt_get_name(fdt, at, NULL), *why;
	uint32_t cells[2];
	int child;

	*node = (struct vm_node){.bootargs = ""};
	if (!name || strlen(name) > VM_NODE_NAME_MAX)
		return "its name is too long";
	memcpy(node->name, name, strlen(name) + 1);
	if (!read_cells(fdt, at, "cpus", cells, 1) || cells[0] < 1 || cells[0] > VGIC_MAX_VCPUS)
		return "cpus is not 1 to 4";
	node->cpus = cells[0];
	if (!read_cells(fdt, at, "memory", cells, 2))
		return "memory is not two cells";
	node->memory_kib = pair(cells);
	if (node->memory_kib < 64 || node->memory_kib > VM_MEMORY_MAX || node->memory_kib % 4)
		return "memory is not 64 KiB to 64 GiB in whole pages";
	why = read_options(fdt, at, node);
	fdt_for_each_subnode(child, fdt, at)
	{
		if (!why)
			why = read_module(fdt, child, node);
	}
	if (!why && !node->kernel.size)
		why = "it has no kernel";
	return why;
}

static bool name_taken(const struct vm_node *nodes, unsigned count, const char *name)
{
	for (unsigned i = 0; i < count; i++)
		if (!strcmp(nodes[i].name, name))
			return true;
	return false;
}

unsigned vm_nodes_parse(const void *fdt, struct vm_node *nodes, unsigned max,
			void (*bad)(const char *name, const char *why))
{
	int chosen = fdt_path_offset(fdt, "/chosen"), at;
	unsigned count = 0;

	if (chosen < 0)
		return 0;
	fdt_for_each_subnode(at, fdt, chosen)
	{
		const char *name = fdt_get_name(fdt, at, NULL), *why;

		if (fdt_node_check_compatible(fdt, at, "xen,domain"))
			continue;
		why = count == max                     ? "there are too many"
		      : name_taken(nodes, count, name) ? "its name is used twice"
						       : read_node(fdt, at, &nodes[count]);
		if (why)
			bad(name, why);
		else
			count++;
	}
	return count;
}

const struct vm_node *vm_node_find(const char *name)
{
	for (unsigned i = 0; i < vm_node_count; i++)
		if (!strcmp(vm_nodes[i].name, name))
			return &vm_nodes[i];
	return NULL;
}
