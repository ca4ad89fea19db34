/* SPDX-License-Identifier: BSD-2-Clause */
/* Stretches with foreign interrupts masked, and how long they last. See window.c. */
#ifndef ARCH_ARM64_WINDOW_WINDOW_H
#define ARCH_ARM64_WINDOW_WINDOW_H

#include "kernel/lib/types.h"

enum window_start {
	WINDOW_FAST,      /* a fast call */
	WINDOW_CREATE,    /* VM_CREATED */
	WINDOW_DESTROY,   /* inside VM_DESTROYED, however it began */
	WINDOW_CALL,      /* a new call */
	WINDOW_RESUME,    /* a call is resumed */
	WINDOW_EVENT,     /* power management, and interrupts that EL3 hands over */
	WINDOW_SYSCALL,   /* an app asks */
	WINDOW_FAULT,     /* any other exception of an app */
	WINDOW_STOPPED,   /* an interrupt came while an app ran */
	WINDOW_MASKED,    /* the end of a bracket, or a moment inside of one */
	WINDOW_PREEMPTED, /* an interrupt came in a bracket */
	WINDOW_VECTORS,   /* V registers used in a bracket */
	WINDOW_POLL,      /* nothing was pending */
	WINDOW_UNMAP,     /* however it began: it took pages from an app's address space */
	WINDOW_STARTS
};

enum window_end {
	WINDOW_TO_ANSWER,    /* exit: the fast call or the call is done, or refused */
	WINDOW_TO_RPC,       /* exit: the call asks the normal world for something */
	WINDOW_TO_INTERRUPT, /* exit: the call was interrupted */
	WINDOW_TO_APP,
	WINDOW_TO_BRACKET,
	WINDOW_TO_POLL,
	WINDOW_ENDS
};

/* frame: whose return address, and whose callers', say where it is. Interrupts are masked. */
void window_begin(enum window_start start, uint32_t detail, const void *frame);
void window_end(enum window_end end, const void *frame);

/* Between begin and end: nothing was pending. */
void window_pass_poll(const void *frame);

bool window_is_open(void);
void window_rename(enum window_start start);
void window_note_unmap(void);

/* What a guest had when its destruction began, and what that takes. */
struct window_death {
	bool known;
	uint32_t vm_id;
	uint64_t pages, sessions, instances, shm_pages, calls;
	uint64_t entries; /* VM_DESTROYED calls */
	uint64_t windows;
	uint64_t ticks; /* of all windows */
	uint64_t longest;
};
void window_death_count(struct window_death *death, uint64_t ticks);

/* All windows of this CPU belong to this death until it is told otherwise; NULL: to none. */
void window_set_death(struct window_death *death);

void window_print(const char *format, ...) printf_like(1, 2);

#endif
