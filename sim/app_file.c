/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * app_file UUID FLAGS FILE: an app whose instructions nobody executes, not signed yet. The
 * simulator says what it does (app.c); it needs a file that the kernel loads.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/ta/tiny_elf_test.h"
#include "sim/programs.h"

static bool set_uuid(struct uuid *uuid, const char *text)
{
	unsigned n[11];

	if (sscanf(text, "%8x-%4x-%4x-%2x%2x-%2x%2x%2x%2x%2x%2x", &n[0], &n[1], &n[2], &n[3], &n[4],
		   &n[5], &n[6], &n[7], &n[8], &n[9], &n[10]) != 11)
		return false;
	uuid->time_low = n[0];
	uuid->time_mid = (uint16_t)n[1];
	uuid->time_hi_and_version = (uint16_t)n[2];
	for (unsigned i = 0; i < 8; i++)
		uuid->clock_seq_and_node[i] = (uint8_t)n[3 + i];
	return true;
}

int main(int argc, char **argv)
{
	static struct tiny_elf elf;

	tiny_elf_make(&elf);
	elf.header.entry = TINY_CODE_VA + PROGRAM_ENTRY;
	if (argc != 4 || !set_uuid(&elf.head.uuid, argv[1]))
		return 2;
	elf.head.flags = (uint32_t)strtoul(argv[2], NULL, 0);
	elf.head.stack_size = 0x2000;
	FILE *file = fopen(argv[3], "wb");
	if (!file || fwrite(&elf, sizeof(elf), 1, file) != 1 || fclose(file))
		return 1;
	return 0;
}
