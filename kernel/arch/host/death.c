/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/arch/host/death.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

#include "abi/tenon.h"
#include "kernel/call/call.h"
#include "kernel/lib/spinlock.h"

#define OTHER_CPU  3u
#define AGAIN      64u /* after so many deaths the whole life is lived once more */
#define POINTS_MAX 20000u
#define ROUNDS_MAX 5000u /* of VM_DESTROYED */

enum point {
	POINT_PAGE = CHANCE_PAGE,
	POINT_HEAP = CHANCE_HEAP,
	POINT_POLL = CHANCE_POLL,
	POINT_EXIT,
	POINT_OPEN, /* the monitor is free */
	POINT_KINDS
};

enum way {
	WAY_LEAVES,
	WAY_OTHER_CPU,
	WAY_STARVED,
	WAYS
};

static struct {
	bool watched;
	unsigned target; /* the point to die at, from 1; 0: none */
	enum way way;
	unsigned count;
	unsigned counts[POINT_KINDS];
	bool condemned;
	bool destroyed; /* VM_DESTROYED has been sent once */
	bool restartable;
	bool (*serve)(struct model *model, uint32_t cmd, struct msg_header *message, bool *served);
} run;

struct figures {
	struct page_totals pages;
	uint64_t of_system;
	unsigned guests;
	size_t stacks, spaces;
};

static struct figures figures(void)
{
	struct figures f = {.guests = guest_count(),
			    .of_system = system_budget.used - system_budget.shared,
			    .stacks = host_stacks_mapped(),
			    .spaces = host_aspaces()};

	pages_totals(&f.pages);
	return f;
}

/* What can be done in another way, or not in this one, is no point of it. */
static bool is_point_of(enum way way, enum point kind)
{
	switch (way) {
	case WAY_OTHER_CPU:
		return kind != POINT_EXIT;
	case WAY_STARVED:
		return kind == POINT_PAGE || kind == POINT_HEAP;
	default:
		return true;
	}
}

/* Counts one; true: it is the one. */
static bool arrive(enum point kind)
{
	run.counts[kind]++;
	if (!is_point_of(run.way, kind) || ++run.count != run.target)
		return false;
	run.condemned = true;
	return true;
}

static bool is_watched(void)
{
	return run.watched && call_current() && call_guest()->vm_id == DEATH_VM;
}

static bool on_chance(enum chance_kind kind)
{
	if (!is_watched())
		return false;
	bool now = arrive((enum point)kind);
	if (kind == CHANCE_POLL)
		return run.condemned && run.way != WAY_OTHER_CPU && !run.destroyed;
	return now && run.way == WAY_STARVED;
}

/* No lock is held by this CPU: another one may come in. */
static void on_open(void)
{
	unsigned cpu = host_cpu;

	if (!is_watched())
		return;
	assert_int_equal(spin_held(), 0);
	arrive(POINT_OPEN);
	if (!run.condemned || run.destroyed)
		return;
	if (run.way != WAY_OTHER_CPU) {
		host_foreign_pending = true;
		return;
	}
	run.destroyed = true;
	host_cpu = OTHER_CPU;
	assert_int_equal(model_admin(SMC_VM_DESTROYED, DEATH_VM, 0, 0).a[0], SMC_EBUSY);
	host_cpu = cpu;
}

static bool on_rpc(struct model *model, uint32_t cmd, struct msg_header *message, bool *served)
{
	if (run.watched)
		arrive(POINT_EXIT);
	if (run.watched && run.condemned && !run.destroyed)
		return false;
	return run.serve(model, cmd, message, served);
}

static void destroy(void)
{
	unsigned rounds = 0;
	uint32_t status;

	run.watched = false;
	do {
		/* Every other time an interrupt waits: who has said that it repeats gets EBUSY. */
		host_foreign_pending = run.restartable && rounds % 2 == 0;
		status = model_admin(SMC_VM_DESTROYED, DEATH_VM, 0, 0).a[0];
		assert_true(status == SMC_OK || (status == SMC_EBUSY && run.restartable));
	} while (status != SMC_OK && ++rounds < ROUNDS_MAX);
	host_foreign_pending = false;
	assert_int_equal(status, SMC_OK);
}

void death_birth(struct model *model)
{
	model_start(model, DEATH_VM);
	if (run.restartable)
		assert_int_equal(guest_configure(DEATH_VM, TENON_KEY_RESTARTABLE, (uint32_t[4]){1}),
				 SMC_OK);
}

/* From birth to grave; what live() said. */
static uint32_t live_once(const struct death_life *life, unsigned target, enum way way)
{
	run.restartable = target % 2;
	life->begin();
	run.serve = life->model->on_rpc;
	life->model->on_rpc = on_rpc;
	run.target = target;
	run.way = way;
	run.count = 0;
	run.condemned = run.destroyed = false;
	for (unsigned i = 0; i < POINT_KINDS; i++)
		run.counts[i] = 0;
	run.watched = true;
	uint32_t result = life->live();
	destroy();
	return result;
}

/* I6: whatever is free holds nothing of anybody. */
static void free_pages_are_zero(void)
{
	static struct budget probe;
	static void *pages[8192];
	unsigned count = 0;

	probe = (struct budget){.limit = UINT32_MAX};
	while (count < 8192 && (pages[count] = page_alloc(&probe)))
		count++;
	for (unsigned i = 0; i < count; i++) {
		const uint64_t *words = pages[i], *end = words + PAGE_SIZE / 8;
		while (words < end)
			assert_int_equal(*words++, 0);
		page_free(&probe, pages[i]);
	}
}

static void compare(const struct death_life *life, const struct figures *before)
{
	if (life->after)
		life->after();
	struct figures now = figures();
	assert_memory_equal(&now.pages, &before->pages, sizeof(now.pages));
	assert_int_equal(now.of_system, before->of_system);
	assert_int_equal(now.guests, before->guests);
	assert_int_equal(now.stacks, before->stacks);
	assert_int_equal(now.spaces, before->spaces);
	assert_int_equal(host_ns_mappings(), 0);
	assert_int_equal(spin_held(), 0);
}

/* The way through a whole life; where pages are asked for depends on random addresses. */
static void lives_as_in_a_fresh_kernel(const struct death_life *life, const unsigned *fresh)
{
	assert_int_equal(live_once(life, 0, WAY_LEAVES), TEE_SUCCESS);
	assert_int_equal(run.counts[POINT_EXIT], fresh[POINT_EXIT]);
	assert_int_equal(run.counts[POINT_OPEN], fresh[POINT_OPEN]);
	assert_int_equal(run.counts[POINT_POLL], fresh[POINT_POLL]);
	assert_int_equal(run.counts[POINT_HEAP], fresh[POINT_HEAP]);
	if (life->after)
		life->after();
	free_pages_are_zero();
}

static void print(const struct death_life *life, unsigned deaths, const unsigned counts[])
{
	printf("%s: %u deaths; a life has %u exits, %u places where the monitor is free, %u polls, "
	       "%u pages, %u pieces of heap\n",
	       life->name, deaths, counts[POINT_EXIT], counts[POINT_OPEN], counts[POINT_POLL],
	       counts[POINT_PAGE], counts[POINT_HEAP]);
}

static unsigned die_everywhere(const struct death_life *life, enum way way,
			       const struct figures *before, const unsigned *fresh)
{
	unsigned step = life->step ? life->step : 1, deaths = 0, at = 1 + way % step;
	bool reached;

	do {
		(void)!live_once(life, at, way);
		reached = run.condemned;
		compare(life, before);
		at += step;
		if (reached && ++deaths % AGAIN == 0)
			lives_as_in_a_fresh_kernel(life, fresh);
	} while (reached);
	assert_true(at < POINTS_MAX);
	return deaths;
}

void death_everywhere(const struct death_life *life)
{
	unsigned fresh[POINT_KINDS], deaths = 0;
	struct figures before = figures();

	chance.hook = on_chance;
	host_point_hook = on_open;
	assert_int_equal(live_once(life, 0, WAY_LEAVES), TEE_SUCCESS);
	compare(life, &before);
	for (unsigned i = 0; i < POINT_KINDS; i++)
		fresh[i] = run.counts[i];
	for (enum way way = 0; way < WAYS; way++)
		deaths += die_everywhere(life, way, &before, fresh);
	lives_as_in_a_fresh_kernel(life, fresh);
	chance.hook = NULL;
	host_point_hook = NULL;
	print(life, deaths, fresh);
}
