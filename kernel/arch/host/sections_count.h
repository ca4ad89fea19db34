/* SPDX-License-Identifier: BSD-2-Clause */
/* What sections.c has counted. */
#ifndef ARCH_HOST_SECTIONS_COUNT_H
#define ARCH_HOST_SECTIONS_COUNT_H

#include <stdint.h>

struct section {
	const char *name;
	uint64_t longest; /* basic blocks */
	uint64_t count;   /* how often it was entered */
};

#define SECTIONS_MAX 16

/* One for each lock that was taken, in the order of their first time; unused ones have no name. */
extern struct section sections[SECTIONS_MAX];

/* Basic blocks since the start of the process. */
uint64_t sections_blocks(void);

/* Forgets lengths and counts. */
void sections_reset(void);

#endif
