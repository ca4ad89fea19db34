/* SPDX-License-Identifier: BSD-2-Clause */
/* What the clients of a guest do with its apps, and what they expect. */
#include "sim/driver.h"
#include "sim/lock.h"
#include "sim/programs.h"

#define CALLS_PER_LIFE 4u

static uint32_t some_command(const struct vm *vm)
{
	static const uint32_t harmless[] = {PROGRAM_TIME, PROGRAM_WAIT, PROGRAM_TIME,
					    PROGRAM_INTERRUPTED, PROGRAM_RANDOM};

	if (vm->real || (vm->lies && below(3) == 0))
		return below(PROGRAM_COUNT);
	if (below(30) == 0)
		return PROGRAM_PANIC - below(2);
	if (below(100) < options.nest_percent)
		return PROGRAM_NEST;
	return harmless[below(array_count(harmless))];
}

static enum program_kind some_program(const struct vm *vm)
{
	static const enum program_kind others[] = {PROGRAM_KEEPER, PROGRAM_KEEPER, PROGRAM_INNER,
						   PROGRAM_SINGLE};

	if (vm->real)
		return PROGRAM_REAL;
	return below(100) < options.nest_percent ? others[below(array_count(others))]
						 : PROGRAM_SCRIPTED;
}

/* An app that remembers its first client has never had one of another guest (I2). */
static bool ask_secret(struct driver *d, uint32_t session)
{
	struct msg_value value = {.a = d->vm->secret};
	uint32_t result;

	if (!do_value(d, session, PROGRAM_SECRET, MSG_ATTR_VALUE_INOUT, &value, &result))
		return false;
	if (result == TEE_SUCCESS && !d->vm->lies && value.a != d->vm->secret)
		broken("I2: guest %u got the secret 0x%llx, and its own is 0x%x", d->vm->number,
		       (unsigned long long)value.a, d->vm->secret);
	return true;
}

bool work(struct driver *d, struct buffer *buffer)
{
	enum program_kind kind = some_program(d->vm);
	uint32_t session = 0, result;

	if (!do_open(d, program_uuid(kind), &session, &result))
		return false;
	if (result != TEE_SUCCESS)
		return true;
	d->vm->opened++;
	for (unsigned i = 0; i < CALLS_PER_LIFE; i++) {
		if (!do_invoke(d, session, some_command(d->vm), NULL, &result))
			return false;
		if (kind >= PROGRAM_KEEPER && !ask_secret(d, session))
			return false;
		if (buffer && kind != PROGRAM_REAL && below(2) &&
		    !do_echo(d, session, PROGRAM_ECHO, buffer))
			return false;
	}
	if (below(3) == 0)
		return true; /* its sessions stay open */
	return do_close(d, session, &result);
}

/* --- the lock between guests ---------------------------------------------------------------------
 */

/* What is held when a session is closed comes back; if even that fails, when the guest goes. */
static bool close_lock(struct driver *d, uint32_t session)
{
	uint32_t result;

	lock_dropped(d->fiber);
	for (unsigned i = 0; i < 20; i++) {
		if (!do_close(d, session, &result))
			return false;
		if (result == TEE_SUCCESS || d->vm->lies)
			return true;
	}
	d->vm->doomed = true;
	return true;
}

/* *got: it has the lock. */
static bool take_lock(struct driver *d, uint32_t session, bool *got, uint32_t *result)
{
	uint32_t cmd = d->vm->lies ? LOCK_TAKE_MAYBE : LOCK_TAKE;
	struct msg_value value = {0};

	d->locking = session;
	if (!do_value(d, session, cmd, MSG_ATTR_VALUE_OUT, &value, result))
		return false;
	d->locking = 0;
	*got = *result == TEE_SUCCESS;
	if (*got && !d->vm->lies)
		lock_granted(d->fiber, value.b << 32 | (uint32_t)value.a);
	return true;
}

static bool spend_time(struct driver *d, uint32_t session, struct buffer *buffer)
{
	uint32_t result;

	if (buffer && below(2))
		return do_echo(d, session, LOCK_ECHO, buffer);
	if (d->vm->lies && below(40) == 0)
		return do_invoke(d, session, LOCK_CRASH - below(2), NULL, &result);
	return do_invoke(d, session, LOCK_INTERRUPTED, NULL, &result);
}

static bool give_lock_back(struct driver *d, uint32_t session, uint32_t *result)
{
	lock_dropped(d->fiber);
	if (!do_invoke(d, session, LOCK_RELEASE, NULL, result))
		return false;
	if (*result == TEE_ERROR_BAD_STATE && !d->vm->lies)
		broken("guest %u had the lock, and lost it", d->vm->number);
	return true;
}

/* Once; *usable: the session can be used again. */
static bool lock_once(struct driver *d, uint32_t session, struct buffer *buffer, bool *usable)
{
	uint32_t result;
	bool got;

	if (!take_lock(d, session, &got, &result))
		return false;
	if (!got) {
		*usable = result == TEE_ERROR_CANCEL;
		return true;
	}
	if (!spend_time(d, session, buffer))
		return false;
	switch (below(12)) {
	case 0: /* dies with it */
		d->vm->doomed = true;
		return false;
	case 1: /* goes with it */
		*usable = false;
		return true;
	default:
		if (!give_lock_back(d, session, &result))
			return false;
		*usable = result == TEE_SUCCESS;
		return true;
	}
}

bool lock_work(struct driver *d, struct buffer *buffer)
{
	uint32_t session = 0, result;
	bool usable = true;

	if (!do_open(d, program_uuid(PROGRAM_LOCK), &session, &result))
		return false;
	if (result != TEE_SUCCESS)
		return true;
	d->vm->sessions[d->fiber->index] = session;
	for (unsigned i = 0; i < 3 && usable; i++) {
		if (!lock_once(d, session, buffer, &usable))
			return false;
	}
	if (!close_lock(d, session))
		return false;
	d->vm->sessions[d->fiber->index] = 0;
	return true;
}
