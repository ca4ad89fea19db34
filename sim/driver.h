/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files that make up a guest: guest.c, client.c, service.c, memory.c. */
#ifndef SIM_DRIVER_H
#define SIM_DRIVER_H

#include "kernel/arch/host/app.h"
#include "sim/sim.h"

#define STALE_CALLS 4u

/* A call in flight, as its vCPU sees it. */
struct driver {
	struct fiber *fiber;
	struct vm *vm;
	bool appended; /* profile A */
	uint64_t page; /* IPA of the message */
	uint32_t rpcs;
	uint32_t locking;            /* the session in which it waits for the lock, or 0 */
	uint32_t stale[STALE_CALLS]; /* threads of its calls that have ended */
	unsigned stale_count;
};

static inline struct msg_header *header_of(const struct driver *d)
{
	return world_at(d->vm, d->page);
}

static inline struct msg_param *params_of(const struct driver *d)
{
	return (struct msg_param *)(header_of(d) + 1);
}

/* --- memory.c --- */

/* 0: none is free. */
uint64_t page_take(struct vm *vm);
/* NULL: none with that cookie. */
struct buffer *buffer_find(struct vm *vm, uint64_t cookie);
struct buffer *buffer_make(struct vm *vm, uint32_t count);
void buffer_drop(struct vm *vm, struct buffer *buffer);

/* --- service.c --- */

/* A number that a liar tries. */
uint64_t some_number(const struct vm *vm);

/* Answers one RPC in regs. num_params: of the main message, as it was sent. */
void serve(struct driver *d, uint64_t regs[8], uint32_t num_params);

/* Takes the interrupt of notifications, if there is one. False: the VM is dying. */
bool take_interrupt(struct driver *d);

/* Nothing of this vCPU for thousands of points. */
void stall(struct driver *d);

/* --- guest.c: each false when the VM is dying, so that its vCPU ends --- */

bool smc(struct driver *d, uint64_t regs[8]);

/* A fresh message, which is then sent; *result: a0 above 0xAAAA0000, or what the message says. */
void begin(struct driver *d, uint32_t cmd, uint32_t num_params);
bool send_honestly_or_not(struct driver *d, uint32_t *result);

bool do_open(struct driver *d, const uint8_t uuid[16], uint32_t *session, uint32_t *result);
bool do_close(struct driver *d, uint32_t session, uint32_t *result);
/* With a buffer as its only parameter, or none. */
bool do_invoke(struct driver *d, uint32_t session, uint32_t func, struct buffer *buffer,
	       uint32_t *result);
/* With a value as its only parameter. */
bool do_value(struct driver *d, uint32_t session, uint32_t func, uint64_t attr,
	      struct msg_value *value, uint32_t *result);
/* An honest guest's buffer goes in with its secret, and comes back turned over by its own app. */
bool do_echo(struct driver *d, uint32_t session, uint32_t func, struct buffer *buffer);

/* --- client.c --- */

/* A session with one of the apps, commands, the end of it. */
bool work(struct driver *d, struct buffer *buffer);
/* Takes the lock that all guests share, and gives it back, or not. */
bool lock_work(struct driver *d, struct buffer *buffer);

#endif
