/* SPDX-License-Identifier: BSD-2-Clause */
/* The apps of the simulator's guests: real signed files. */
#ifndef SIM_PROGRAMS_H
#define SIM_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum program_kind {
	PROGRAM_SCRIPTED, /* shipped: several instances */
	PROGRAM_REAL,     /* shipped, executed: one instance, several sessions */
	PROGRAM_KEEPER,   /* one instance, several sessions, kept alive */
	PROGRAM_INNER,    /* one instance, several sessions */
	PROGRAM_SINGLE,   /* one instance, one session */
	PROGRAM_LOCK,     /* one instance for all guests: a lock between them */
	PROGRAM_KINDS
};

/* Commands of the scripted apps. The last two end it. */
enum {
	PROGRAM_ECHO,
	PROGRAM_TIME,
	PROGRAM_WAIT,
	PROGRAM_INTERRUPTED,
	PROGRAM_RANDOM,
	PROGRAM_HOSTILE,
	PROGRAM_NEST,   /* opens another app, does something there, and closes it or not */
	PROGRAM_SECRET, /* p0 value inout: keeps the first one it gets, and says which */
	PROGRAM_FAULT,
	PROGRAM_PANIC,
	PROGRAM_COUNT
};

/* Commands of the lock. */
enum {
	LOCK_TAKE,        /* p0 value out: the number of this lock */
	LOCK_TAKE_MAYBE,  /* same, for one that may never come back when it is woken */
	LOCK_RELEASE,     /* BAD_STATE: not the holder */
	LOCK_ECHO,        /* p0 memory inout: turned over */
	LOCK_INTERRUPTED, /* some time passes */
	LOCK_SPIN,        /* for ever */
	LOCK_CRASH,
	LOCK_COUNT
};

struct program {
	uint8_t uuid[16]; /* octets */
	const uint8_t *file;
	size_t size;
};

/* NULL: none of that UUID. */
const struct program *program_find(const uint8_t uuid[16]);
const uint8_t *program_uuid(enum program_kind kind);

/* Apps that are made with the simulator (apps.py). */
struct made_app {
	const char *uuid;
	const uint8_t *file;
	size_t size;
};
extern const struct made_app made_keeper, made_inner, made_single, made_lock;

/* In their files: from the code segment to the first instruction, and from there to memory that
 * is zero at first and the app's to write. */
#define PROGRAM_ENTRY 0x800u
#define PROGRAM_STATE 0x2800u

#endif
