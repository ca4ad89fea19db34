/* SPDX-License-Identifier: BSD-2-Clause */
/* What the host's device tree says of VMs, in the manner of Xen's dom0less. */
#ifndef VM_NODE_H
#define VM_NODE_H

#include <stdbool.h>
#include <stdint.h>

#define VM_NODES_MAX     64u
#define VM_NODE_NAME_MAX 31u
#define VM_MEMORY_MAX    (64ull << 20) /* KiB */

struct vm_module {
	uint64_t base, size; /* size 0: none */
};

/* Keys of TENON_KEY_*; a property that is missing is not configured. */
struct vm_option {
	bool given;
	uint32_t value[4];
};
#define VM_OPTIONS 8u

struct vm_node {
	char name[VM_NODE_NAME_MAX + 1];
	unsigned cpus;
	uint64_t memory_kib;
	struct vm_module kernel, ramdisk;
	const char *bootargs; /* in the device tree; never NULL */
	bool no_tee, manual;
	struct vm_option options[VM_OPTIONS]; /* by TENON_KEY_* */
};

extern struct vm_node vm_nodes[VM_NODES_MAX];
extern unsigned vm_node_count;

/**
 * Read the VMs of @fdt (checked by fdt_check_full() or trusted firmware's) into @nodes. A node that
 * is described wrongly is left out and handed to @bad with the reason. Returns how many were read.
 * @fdt is kept by reference.
 */
unsigned vm_nodes_parse(const void *fdt, struct vm_node *nodes, unsigned max,
			void (*bad)(const char *name, const char *why));

/** The node of that name, NULL: none. */
const struct vm_node *vm_node_find(const char *name);

#endif
