/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of shared apps have in common: guests 1, 2 and 3, and a shared app in a script: a
 * lock between its clients, and commands that try what such an app must not do.
 */
#ifndef TA_SHARED_TEST_H
#define TA_SHARED_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "abi/shared.h"
#include "abi/tenon.h"
#include "kernel/arch/host/app.h"
#include "kernel/arch/host/bare_ta.h"
#include "kernel/arch/host/chance.h"
#include "kernel/guest/guest.h"
#include "kernel/ta/ta.h"

#define APP     "7e0b3c5a-00ee-4b8e-a2f6-736861726564"
#define PRIVATE "7e0b3c5a-00ef-4b8e-a2f6-736861726564" /* same code, not shared */
#define WAIT    "7e0b3c5a-5a17-4b8e-a2f6-54656e6f6e31"

/* Commands of the app. */
enum {
	LOCK,   /* p0 value out: a = 1 if the last holder went without unlocking */
	UNLOCK, /* BAD_STATE: not the holder */
	ECHO,   /* p0 memory inout: each byte + 1 */
	HALVES, /* counts, is interrupted, counts again */
	THIRDS, /* same, in three parts */
	SPIN,   /* for ever */
	WHOSE,  /* p0 value out: the last bytes of tenon.client.guest */
	CALLS,  /* the system call that shared_try says, with its arguments */
	WAIT_TWICE,
	RETRY, /* without having asked to wait */
	CRASH,
	WAKE_SELF, /* returns TENON_RETRY the first time, having woken itself */
	ASK,       /* waits until it is cancelled */
};

/* What a system call of CALLS is to be: x0..x7; data is put where SHARED_DATA stands for; an offset
 * can be added to it. So do words of the data itself. */
#define SHARED_DATA 0x5348415245440000ull
struct shared_try {
	uint64_t number;
	uint64_t arg[8];
	uint8_t data[128];
	uint64_t result;
};
extern struct shared_try shared_try;

/* What the app remembers. */
extern struct shared_app {
	uint32_t wait_session, holder, abandoned, halves, opened, closed, closed_sessions[64];
	uint32_t session_numbers[64], entries;
} app;

extern struct model one, two, three;

int shared_start(void **state);
int shared_stop(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, shared_start, shared_stop)

/* The app with other bytes. */
void use_other_file(struct model *model);

uint32_t open_app(struct model *model, uint32_t *session);
/* a: output value a of p0; may be NULL. */
uint32_t invoke(struct model *model, uint32_t session, uint32_t cmd, uint32_t *a);

/* Sends a command that stops at its n-th exit (0: the first). False: it ended before. */
bool leave(struct model *model, uint32_t session, uint32_t cmd, unsigned exits);
bool leave_open(struct model *model, unsigned exits);
bool leave_close(struct model *model, uint32_t session, unsigned exits);
/* Resumes it: its result, or LEFT if it was told to stop again. */
#define LEFT MODEL_LEFT
uint32_t finish(struct model *model, uint32_t *a);
void stop_again(struct model *model, unsigned exits);

/* Notifications that the guest has and did not fetch. */
unsigned take_notifications(struct model *model);

#endif
