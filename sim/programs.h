/* SPDX-License-Identifier: BSD-2-Clause */
/* The apps of the simulator's guests: real signed files. */
#ifndef SIM_PROGRAMS_H
#define SIM_PROGRAMS_H

#include <stddef.h>
#include <stdint.h>

/* Commands of the scripted app. The last two end it. */
enum {
	PROGRAM_ECHO,
	PROGRAM_TIME,
	PROGRAM_WAIT,
	PROGRAM_INTERRUPTED,
	PROGRAM_RANDOM,
	PROGRAM_HOSTILE,
	PROGRAM_FAULT,
	PROGRAM_PANIC,
	PROGRAM_COUNT
};

struct program {
	uint8_t uuid[16]; /* octets */
	const uint8_t *file;
	size_t size;
};

/* NULL: none of that UUID. */
const struct program *program_find(const uint8_t uuid[16]);

/* The app of a guest: executed for real, or scripted. */
const uint8_t *program_uuid(bool real);

#endif
