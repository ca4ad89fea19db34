/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/arch/host/tatest/tatest.h"
#include "kernel/guest/guest.h"
#include "kernel/lib/assert.h"
#include "kernel/ta/ta.h"

#define SECURE_PAGES 8192
#define GUEST        1

static struct tatest_options options = {.seed = 1, .slice = 1000000};
static struct model model;
static unsigned exits;

static void print_console(void)
{
	char text[16384 + 1];
	char *rest;

	snprintf(text, sizeof(text), "%s", host_console());
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		printf("log %s\n", line);
}

static bool on_rpc(struct model *m, uint32_t cmd, struct msg_header *message, bool *served)
{
	if (options.kill_at && ++exits == options.kill_at)
		return false;
	if (cmd == RPC_CMD_LOAD_TA)
		*served = files_serve_load_ta(m, message);
	return true;
}

static void read_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "t:u:d:b:s:i:f:k:v")) != -1) {
		switch (c) {
		case 't':
			options.ta = optarg;
			break;
		case 'u':
			options.uuid = optarg;
			break;
		case 'd':
			if (options.folder_count == array_count(options.folders))
				panic("too many folders");
			options.folders[options.folder_count++] = optarg;
			break;
		case 'b':
			options.blocks = optarg;
			break;
		case 's':
			options.seed = strtoull(optarg, NULL, 0);
			break;
		case 'i':
			options.slice = strtoul(optarg, NULL, 0);
			break;
		case 'f':
			options.fail_alloc = strtoul(optarg, NULL, 0);
			break;
		case 'k':
			options.kill_at = strtoul(optarg, NULL, 0);
			break;
		case 'v':
			options.trace = true;
			break;
		default:
			exit(2);
		}
	}
	if (options.ta && !options.uuid)
		panic("a file needs its UUID");
}

/* The guest goes, whatever it had; what is then not back is the kernel's mistake. */
static void finish(const struct page_totals *at_start)
{
	struct page_totals t;

	fail_begin(0);
	while (model_admin(SMC_VM_DESTROYED, GUEST, 0, 0).a[0] != SMC_OK)
		;
	while (image_reclaim(&system_budget))
		;
	print_console();
	pages_totals(&t);
	printf("end %d %llu\n", (int)at_start->free - (int)t.free,
	       (unsigned long long)engine_instructions());
}

int main(int argc, char **argv)
{
	struct engine_config config = {0};
	struct page_totals at_start;
	char *line = NULL;
	size_t room = 0;

	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	read_options(argc, argv);
	config.seed = options.seed;
	config.slice = options.slice;
	host_start(SECURE_PAGES);
	host_console();
	files_init(&options);
	observe_init(&options, &config);
	engine_start(&config);
	pages_totals(&at_start);
	model_start(&model, GUEST);
	model.on_rpc = on_rpc;
	client_init(&model);
	fail_begin(options.fail_alloc);
	printf("ready\n");
	fflush(stdout);
	while (getline(&line, &room, stdin) > 0 && strcmp(line, "end\n")) {
		if (!client_execute(line))
			printf("wrong\n");
		print_console();
		printf("done %u %u\n", fail_chances(), exits);
		fflush(stdout);
	}
	free(line);
	finish(&at_start);
	observe_finish();
	engine_stop();
	return 0;
}
