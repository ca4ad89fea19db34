/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/arch/host/bare_ta.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/arch/host/app.h"
#include "kernel/lib/assert.h"
#include "kernel/ta/tiny_elf_test.h"

/* Where the tiny app's page of code has room left. */
#define CODE_OFFSET 0x800u

_Static_assert(offsetof(struct tiny_elf, relas) + TINY_RELAS * sizeof(struct elf_rela_entry) -
			       offsetof(struct tiny_elf, code) <=
		       CODE_OFFSET,
	       "room behind the tiny app's own");
_Static_assert(CODE_OFFSET + 4 * BARE_CODE_MAX <= 0x1000, "the code fits into the page");

static void set_uuid(struct uuid *uuid, const uint8_t *octets)
{
	uuid->time_low = (uint32_t)octets[0] << 24 | octets[1] << 16 | octets[2] << 8 | octets[3];
	uuid->time_mid = octets[4] << 8 | octets[5];
	uuid->time_hi_and_version = octets[6] << 8 | octets[7];
	memcpy(uuid->clock_seq_and_node, octets + 8, 8);
}

static void write_file(const char *path, const void *data, size_t size)
{
	FILE *file = fopen(path, "wb");

	if (!file || fwrite(data, 1, size, file) != size || fclose(file))
		panic("%s: cannot be written", path);
}

static void read_file(const char *path, struct bare_ta *ta)
{
	FILE *file = fopen(path, "rb");

	if (!file)
		panic("%s: cannot be read", path);
	fseek(file, 0, SEEK_END);
	ta->size = ftell(file);
	rewind(file);
	ta->file = malloc(ta->size);
	if (!ta->file || fread(ta->file, 1, ta->size, file) != ta->size)
		panic("%s: cannot be read", path);
	fclose(file);
}

static void sign(struct bare_ta *ta, const char *uuid, const struct tiny_elf *elf)
{
	char folder[] = "/tmp/tenon-bare-XXXXXX", in[64], out[64], command[1024];

	if (!mkdtemp(folder))
		panic("%s: cannot be made", folder);
	snprintf(in, sizeof(in), "%s/in", folder);
	snprintf(out, sizeof(out), "%s/out", folder);
	write_file(in, elf, sizeof(*elf));
	snprintf(command, sizeof(command),
		 "/usr/bin/python3 %s %s/../keys/default_ta.pem %s %s uuid=%s", TA_SIGN, KIT_TA_DIR,
		 in, out, uuid);
	if (system(command) != 0)
		panic("failed: %s", command);
	read_file(out, ta);
	unlink(in);
	unlink(out);
	rmdir(folder);
}

struct bare_ta *bare_ta_make(const char *uuid, uint32_t flags, const uint32_t *code, size_t count)
{
	static struct tiny_elf elf;
	struct bare_ta *ta = calloc(1, sizeof(*ta));

	assert(ta && count <= BARE_CODE_MAX);
	app_uuid(ta->octets, uuid);
	tiny_elf_make(&elf);
	elf.header.entry = TINY_CODE_VA + CODE_OFFSET;
	set_uuid(&elf.head.uuid, ta->octets);
	elf.head.flags = flags;
	elf.head.stack_size = 0x2000;
	memcpy((char *)elf.code + CODE_OFFSET, code, count * sizeof(*code));
	sign(ta, uuid, &elf);
	return ta;
}

void bare_ta_free(struct bare_ta *ta)
{
	free(ta->file);
	free(ta);
}

void bare_ta_load(struct model *guest, const struct bare_ta *ta)
{
	guest->ta_file = ta->file;
	guest->ta_size = ta->size;
}
