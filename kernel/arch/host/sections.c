/* SPDX-License-Identifier: BSD-2-Clause */
/* Compiled without the counter's calls, and without sections.h in front of it. */
#include <stdlib.h>
#include <string.h>

#include "kernel/arch/host/sections_count.h"
#include "kernel/lib/spinlock.h"

#define HELD_MAX 8

void sections_lock(struct spinlock *lock, const char *name);
bool sections_try_lock(struct spinlock *lock, const char *name);
void sections_unlock(struct spinlock *lock);

/* The compiler's name for it: called in each basic block. */
void __sanitizer_cov_trace_pc(void);

struct section sections[SECTIONS_MAX];
static uint64_t blocks;

static struct held {
	struct spinlock *lock;
	struct section *section;
	uint64_t since;
} held[HELD_MAX];

void __sanitizer_cov_trace_pc(void)
{
	blocks++;
}

uint64_t sections_blocks(void)
{
	return blocks;
}

void sections_reset(void)
{
	for (unsigned i = 0; i < SECTIONS_MAX; i++)
		sections[i].longest = sections[i].count = 0;
}

static struct section *section_of(const char *name)
{
	for (unsigned i = 0; i < SECTIONS_MAX; i++) {
		if (!sections[i].name)
			sections[i].name = name;
		if (!strcmp(sections[i].name, name))
			return &sections[i];
	}
	abort();
}

static void begin(struct spinlock *lock, const char *name)
{
	unsigned i = 0;

	if (strstr(name, "monitor"))
		return;
	while (held[i].lock)
		if (++i == HELD_MAX)
			abort();
	held[i] = (struct held){lock, section_of(name), blocks};
}

void sections_lock(struct spinlock *lock, const char *name)
{
	spin_lock(lock);
	begin(lock, name);
}

bool sections_try_lock(struct spinlock *lock, const char *name)
{
	bool taken = spin_try_lock(lock);

	if (taken)
		begin(lock, name);
	return taken;
}

void sections_unlock(struct spinlock *lock)
{
	for (unsigned i = 0; i < HELD_MAX; i++) {
		if (held[i].lock != lock)
			continue;
		struct section *section = held[i].section;
		uint64_t length = blocks - held[i].since;
		section->count++;
		if (length > section->longest)
			section->longest = length;
		held[i].lock = NULL;
		break;
	}
	spin_unlock(lock);
}
