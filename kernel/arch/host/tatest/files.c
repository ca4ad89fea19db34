/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/arch/host/tatest/tatest.h"
#include "kernel/lib/assert.h"

static const struct tatest_options *opt;

/* The file last asked for: its size is asked first, then its content. */
static char wanted[37];
static char *bytes;
static size_t size;

void files_init(const struct tatest_options *options)
{
	opt = options;
}

static void name(char text[37], const uint8_t *octets)
{
	char *at = text;

	for (unsigned i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		at += sprintf(at, "%02x", octets[i]);
	}
}

static FILE *find(const char *uuid)
{
	char path[1024];

	if (opt->ta && !strcmp(uuid, opt->uuid))
		return fopen(opt->ta, "rb");
	for (unsigned i = 0; i < opt->folder_count; i++) {
		snprintf(path, sizeof(path), "%s/%s.ta", opt->folders[i], uuid);
		FILE *file = fopen(path, "rb");
		if (file)
			return file;
	}
	return NULL;
}

static bool load(const char *uuid)
{
	if (!strcmp(uuid, wanted))
		return true;
	FILE *file = find(uuid);
	if (!file)
		return false;
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	free(bytes);
	bytes = malloc(size + 1);
	bool all = bytes && fread(bytes, 1, size, file) == size;
	fclose(file);
	strcpy(wanted, all ? uuid : "");
	return all;
}

bool files_serve_load_ta(struct model *model, struct msg_header *message)
{
	const struct msg_param *p = (const struct msg_param *)(message + 1);
	char uuid[37];

	name(uuid, p[0].u.octets);
	model->ta_file = NULL;
	if (load(uuid)) {
		model->ta_file = bytes;
		model->ta_size = size;
	} else {
		printf("missing %s\n", uuid);
	}
	return false; /* the model goes on from here */
}
