/* SPDX-License-Identifier: BSD-2-Clause */
/* A ledger session that is checked against a model, as examples/ledger does on Linux. */
#ifndef GUEST_BOOK_H
#define GUEST_BOOK_H

#include "../../examples/common/random.h"
#include "../../examples/ledger/ledger.h"
#include "tee.h"

struct book {
	uint32_t session;
	struct ledger_book model;
	struct buffer *memory; /* registered */
	struct random random;
};

/* Opens a session and registers page_count pages. Returns the result of whatever was refused. */
TEE_Result book_open(struct book *book, uint64_t seed, uint32_t page_count);

/* One append, seal or statement of up to the registered pages. False, and a line, if it is wrong.
 */
bool book_call(struct book *book);

/* Compares the totals. */
bool book_check(struct book *book);

TEE_Result book_close(struct book *book);

#endif
