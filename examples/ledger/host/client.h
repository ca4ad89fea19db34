/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ledger's client: makes calls, and checks every result against a model of the book that the
 * trusted app must be keeping.
 */
#ifndef LEDGER_CLIENT_H
#define LEDGER_CLIENT_H

#include <stdbool.h>
#include <tee_client_api.h>

#include "../../common/random.h"
#include "../ledger.h"

#define CLIENT_SLOTS    3 /* memory references that one call can have */
#define CLIENT_SESSIONS 8 /* most books that one run keeps */

/* One memory reference: what the call is given and what must be there afterwards. */
struct slot {
	uint8_t *plain;            /* memory that nobody registered: temporary references */
	TEEC_SharedMemory shared;  /* registered for the whole run */
	TEEC_SharedMemory passing; /* registered for one call */
	uint8_t *expected;         /* SLOT_ROOM bytes */
	uint8_t *data;             /* where this call's bytes are */
	size_t size;               /* bytes given to this call */
	const char *form;          /* how they are named, for reports */
	bool is_passing;
};

/* The model of one session's book. */
struct account {
	TEEC_Session session;
	struct ledger_book book;
	struct ledger_entry history[LEDGER_HISTORY];
	uint8_t kept[LEDGER_KEPT_MAX];
	size_t kept_size;
};

struct client {
	TEEC_Context context;
	struct random random;
	struct slot slots[CLIENT_SLOTS];
	struct account accounts[CLIENT_SESSIONS];
	unsigned int account_count;
	size_t size_max;
	uint64_t calls;       /* checked calls that were right */
	uint64_t bytes;       /* carried by them, one way */
	uint64_t calls_small; /* of at most 4 KiB */
	uint64_t calls_full;  /* of LEDGER_SIZE_MAX */
	uint64_t opens;
};

/*
 * Opens the context, sessions books and the buffers. Returns false, with a line on stderr, when any
 * of it is refused. seed decides every later choice; size_max is 0..LEDGER_SIZE_MAX bytes.
 */
bool client_open(struct client *client, uint64_t seed, unsigned int sessions, size_t size_max);

/* Closes what client_open() opened. */
void client_close(struct client *client);

/* Makes one call and checks it. Returns false, with a line on stderr, when a result is wrong. */
bool client_call(struct client *client);

/* Closes a book and opens an empty one in its place. Returns false as client_call() does. */
bool client_reopen(struct client *client);

/* slot.c */

bool slot_open(struct slot *slot, TEEC_Context *context);
void slot_close(struct slot *slot);

/*
 * Chooses the form of a reference of size bytes, fills it with random bytes and sets expected to
 * the same. direction is TEEC_MEM_INPUT, TEEC_MEM_OUTPUT or both. Writes param and returns its
 * TEEC parameter type, or 0 when memory could not be registered.
 */
uint32_t slot_prepare(struct slot *slot, struct client *client, size_t size, uint32_t direction,
		      TEEC_Parameter *param);

/* True when size_now is wanted_size and all bytes are as expected. Ends a passing registration. */
bool slot_check(struct slot *slot, const TEEC_Parameter *param, size_t wanted_size);

#endif
