/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/arch/host/tatest/tatest.h"
#include "kernel/lib/assert.h"
#include "kernel/ta/ta.h"

#define FILES_MAX 64

/* Executions of each instruction of a file, at its offset from the load address. */
static struct counted {
	struct uuid uuid;
	uint32_t *count;
	size_t room; /* instructions */
} counted[FILES_MAX];

static const struct tatest_options *opt;
/* Apps inside a system call: one that calls another app is there until that has answered. */
static const struct user_context *inside[16];

static const struct module *module_at(struct arch_aspace *as, uint64_t va)
{
	struct ta_instance *instance = container_of(as, struct ta_instance, as.arch);
	const struct module *best = NULL;

	list_for_each (node, &instance->modules.all.list) {
		const struct module *m = list_entry(node, struct module, elf.link);
		if (m->elf.base && m->elf.base <= va && (!best || m->elf.base > best->elf.base))
			best = m;
	}
	return best;
}

static void print_uuid(FILE *out, const struct uuid *u)
{
	const uint8_t *n = u->clock_seq_and_node;

	fprintf(out, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", u->time_low, u->time_mid,
		u->time_hi_and_version, n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7]);
}

/* --- counts
 * ----------------------------------------------------------------------------------------- */

static struct counted *counted_of(const struct uuid *uuid)
{
	for (unsigned i = 0; i < FILES_MAX; i++) {
		if (!counted[i].count)
			counted[i].uuid = *uuid;
		if (!memcmp(&counted[i].uuid, uuid, sizeof(*uuid)))
			return &counted[i];
	}
	return NULL;
}

static void on_block(struct arch_aspace *as, uint64_t pc, uint32_t size)
{
	const struct module *m = module_at(as, pc);
	struct counted *c = m ? counted_of(&m->image->uuid) : NULL;

	if (!c)
		return;
	size_t first = (pc - m->elf.base) / 4, end = first + size / 4;
	if (end > c->room) {
		size_t room = end * 2 + 4096;
		c->count = realloc(c->count, room * sizeof(*c->count));
		assert(c->count);
		memset(c->count + c->room, 0, (room - c->room) * sizeof(*c->count));
		c->room = room;
	}
	for (size_t i = first; i < end; i++)
		c->count[i] += c->count[i] != UINT32_MAX;
}

void observe_finish(void)
{
	FILE *out = opt->blocks ? fopen(opt->blocks, "w") : NULL;

	for (unsigned i = 0; i < FILES_MAX && counted[i].count; i++) {
		for (size_t at = 0; out && at < counted[i].room; at++) {
			if (!counted[i].count[at])
				continue;
			print_uuid(out, &counted[i].uuid);
			fprintf(out, " %zx %u\n", at * 4, counted[i].count[at]);
		}
		free(counted[i].count);
	}
	memset(counted, 0, sizeof(counted));
	if (out && fclose(out))
		panic("%s: cannot be written", opt->blocks);
}

/* --- trace
 * ------------------------------------------------------------------------------------------ */

static void on_exit_hook(struct arch_aspace *as, struct user_context *ctx, enum user_exit why,
			 const struct user_fault *fault)
{
	bool waits = ctx->x[8] != SYS_RETURN && ctx->x[8] != SYS_PANIC;

	(void)as, (void)fault;
	if (why == USER_EXIT_FOREIGN_INTR) {
		printf("preempted 0x%llx\n", (unsigned long long)ctx->pc);
	} else if (why == USER_EXIT_SVC) {
		printf("svc %llu", (unsigned long long)ctx->x[8]);
		for (unsigned i = 0; i < 8; i++)
			printf(" 0x%llx", (unsigned long long)ctx->x[i]);
		printf("\n");
		for (unsigned i = 0; waits && i < array_count(inside); i++) {
			if (!inside[i]) {
				inside[i] = ctx;
				break;
			}
		}
	}
}

static void on_enter_hook(struct arch_aspace *as, struct user_context *ctx)
{
	(void)as;
	for (unsigned i = 0; i < array_count(inside); i++) {
		if (inside[i] == ctx) {
			printf("svc-result 0x%llx\n", (unsigned long long)ctx->x[0]);
			inside[i] = NULL;
		}
	}
}

void observe_init(const struct tatest_options *options, struct engine_config *config)
{
	opt = options;
	config->on_exit = options->trace ? on_exit_hook : NULL;
	config->on_enter = options->trace ? on_enter_hook : NULL;
	config->on_block = options->blocks ? on_block : NULL;
}
