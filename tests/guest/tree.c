/* SPDX-License-Identifier: BSD-2-Clause */
/* What the test guest needs of its device tree, which comes from whoever booted it and is trusted.
 */
#include "machine.h"

#define TREE_MAGIC    0xD00DFEEDu
#define TREE_BEGIN    1u
#define TREE_END_NODE 2u
#define TREE_PROPERTY 3u
#define TREE_NOP      4u
#define DEPTH_MAX     8u

struct node {
	const char *path[DEPTH_MAX];
	uint32_t depth;
};

static uint32_t be32(const uint8_t *p)
{
	return ((uint32_t)p[0] << 24) | ((uint32_t)p[1] << 16) | ((uint32_t)p[2] << 8) | p[3];
}

static uint64_t be_cells(const uint8_t *p, uint32_t length)
{
	return length >= 8 ? ((uint64_t)be32(p) << 32) | be32(p + 4) : be32(p);
}

static bool begins(const char *text, const char *with)
{
	while (*with)
		if (*text++ != *with++)
			return false;
	return true;
}

static bool is_at(const struct node *node, const char *first, const char *second)
{
	uint32_t depth = second ? 3 : 2;

	if (node->depth != depth || !begins(node->path[1], first))
		return false;
	return !second || !strcmp(node->path[2], second);
}

/* The root is assumed to have two cells for addresses and sizes, as QEMU and Tenon make it. */
static void take_property(const struct node *node, const char *name, const uint8_t *data,
			  uint32_t length)
{
	if (is_at(node, "chosen", NULL)) {
		if (!strcmp(name, "bootargs"))
			machine.bootargs = (const char *)data;
		else if (!strcmp(name, "linux,initrd-start"))
			machine.initrd_start = be_cells(data, length);
		else if (!strcmp(name, "linux,initrd-end"))
			machine.initrd_end = be_cells(data, length);
	} else if (is_at(node, "memory", NULL) && !strcmp(name, "reg") && length >= 16) {
		machine.memory_start = be_cells(data, 8);
		machine.memory_size = be_cells(data + 8, 8);
	} else if (is_at(node, "psci", NULL) && !strcmp(name, "method")) {
		machine.psci_by_hvc = data[0] == 'h';
	} else if (is_at(node, "firmware", "optee") && !strcmp(name, "method")) {
		machine.has_tee = true;
		machine.tee_by_hvc = data[0] == 'h';
	}
}

/* "initrd=START,SIZE", the way of loaders that cannot change the device tree. */
static void take_initrd_argument(void)
{
	char text[48];
	uint64_t values[2] = {0};
	const char *p = text;

	machine_string("initrd", "", text, sizeof(text));
	for (unsigned int i = 0; i < 2 && *p; i++) {
		uint64_t base = begins(p, "0x") ? 16 : 10;

		for (p += base == 16 ? 2 : 0; *p && *p != ','; p++)
			values[i] =
				values[i] * base + (uint64_t)(*p >= 'a' ? *p - 'a' + 10 : *p - '0');
		p += *p == ',';
	}
	if (values[1]) {
		machine.initrd_start = values[0];
		machine.initrd_end = values[0] + values[1];
	}
}

static void walk(const uint8_t *p, const char *strings)
{
	struct node node = {.depth = 0};

	for (;;) {
		uint32_t token = be32(p);

		p += 4;
		if (token == TREE_BEGIN) {
			if (node.depth < DEPTH_MAX)
				node.path[node.depth] = (const char *)p;
			node.depth++;
			p += (strlen((const char *)p) + 4) & ~(size_t)3;
		} else if (token == TREE_END_NODE) {
			node.depth--;
		} else if (token == TREE_PROPERTY) {
			uint32_t length = be32(p);

			if (node.depth <= DEPTH_MAX)
				take_property(&node, strings + be32(p + 4), p + 8, length);
			p += 8 + ((length + 3) & ~3u);
		} else if (token != TREE_NOP) {
			return;
		}
	}
}

bool machine_parse_tree(const void *tree)
{
	const uint8_t *header = tree;

	machine.bootargs = "";
	if (be32(header) != TREE_MAGIC)
		return false;
	walk(header + be32(header + 8), (const char *)header + be32(header + 12));
	take_initrd_argument();
	return true;
}

void machine_string(const char *name, const char *otherwise, char *out, size_t room)
{
	size_t length = strlen(name);
	size_t used = 0;

	for (const char *p = machine.bootargs; *p; p++) {
		if ((p == machine.bootargs || p[-1] == ' ') && begins(p, name) &&
		    p[length] == '=') {
			for (p += length + 1; *p && *p != ' ' && used + 1 < room; p++)
				out[used++] = *p;
			out[used] = 0;
			return;
		}
	}
	for (; otherwise[used] && used + 1 < room; used++)
		out[used] = otherwise[used];
	out[used] = 0;
}

uint64_t machine_number(const char *name, uint64_t otherwise)
{
	char text[24];
	uint64_t value = 0;

	machine_string(name, "", text, sizeof(text));
	if (!text[0])
		return otherwise;
	for (const char *p = text; *p >= '0' && *p <= '9'; p++)
		value = value * 10 + (uint64_t)(*p - '0');
	return value;
}
