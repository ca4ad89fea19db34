/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * I7: sections of leaf locks are short, whatever guests have. The same life of a machine in three
 * sizes, and the longest section of each lock in basic blocks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "abi/tenon.h"
#include "kernel/arch/host/app.h"
#include "kernel/arch/host/sections_count.h"
#include "kernel/call/call.h"
#include "kernel/guest/guest.h"
#include "kernel/notify/notify.h"
#include "kernel/ta/image.h"
#include "kernel/ta/image_cache.h"
#include "kernel/ta/ta.h"

#define PAGES       6000
#define FIRST_RAW   100u /* guests without memory: handles from here on */
#define KEEP_ALIVE  "fd02c9da-306c-48c7-a49c-bbd827ae86ee"
#define PER_SESSION "02a42f43-d8b7-4a57-aa4d-87bd9b5587cb"
#define WAITERS_MAX 1024u
#define GROWTH      1.3 /* a longest section may be this much longer in a larger life, and … */
#define SLACK       40  /* … so many blocks */
/* A block is about five instructions: a fifth of what a window may have. */
#define BOUND_BLOCKS 800u

struct size {
	unsigned guests;
	unsigned buffer_pages;
	unsigned sessions;
	unsigned images;
	unsigned waiters; /* for one thing that a shared app has, of all guests */
};

static const struct size sizes[] = {
	{2, 10, 2, 10, 8},
	{16, 100, 16, 100, 64},
	{64, 1000, 60, 1000, WAITERS_MAX},
};

/* What may grow, and why that is enough. */
static const struct exception {
	const char *name;
	unsigned most; /* blocks in the largest life */
	const char *why;
} exceptions[] = {
	{"&table.lock", 2000, "GUEST_CONFIGURE passes all guests: the hypervisor chooses how many"},
	{"&queue->lock", 4000, "waiters for a topic: a call has three pages of secure memory"},
};

static struct model guests[3];
static void *taken[PAGES];
static unsigned taken_count;

static void make_guests(const struct size *size)
{
	for (unsigned i = 0; i < size->guests; i++) {
		uint32_t vm = FIRST_RAW + i, value[4] = {0x1000 + i, 0, 0, 1};

		assert_int_equal(model_admin(SMC_VM_CREATED, vm, 0, 0).a[0], SMC_OK);
		assert_int_equal(guest_configure(vm, TENON_KEY_IDENTITY, value), SMC_OK);
	}
	for (uint32_t i = 0; i < array_count(guests); i++)
		model_start(&guests[i], i + 1);
}

static void read_figures(void)
{
	struct guest_figures figures;

	for (uint32_t from = 0; guest_get_figures(from, &figures); from = figures.vm_id + 1)
		;
}

static void share_memory(const struct size *size)
{
	uint64_t bytes = (uint64_t)size->buffer_pages * PAGE_SIZE;
	uint64_t pa = model_alloc(&guests[0], bytes);

	for (uint64_t cookie = 0x40; cookie <= 0x400; cookie += 0x40)
		assert_int_equal(model_register(&guests[0], pa, bytes, cookie), TEE_SUCCESS);
	for (uint64_t cookie = 0x40; cookie <= 0x200; cookie += 0x40)
		assert_int_equal(model_unregister(&guests[0], cookie), TEE_SUCCESS);
}

static uint32_t open(struct model *m, const char *name)
{
	uint32_t session;
	uint8_t uuid[16];

	app_uuid(uuid, name);
	app_load_file(m, strcmp(name, PER_SESSION) ? KIT_TA_DIR : TEST_TA_DIR, name);
	assert_int_equal(model_open(m, uuid, &session), TEE_SUCCESS);
	return session;
}

static void run_apps(const struct size *size)
{
	uint32_t idle[array_count(guests)];

	for (unsigned i = 0; i < array_count(guests); i++)
		idle[i] = open(&guests[i], KEEP_ALIVE);
	for (unsigned i = 0; i < size->sessions; i++)
		open(&guests[0], PER_SESSION);
	for (unsigned i = 0; i < array_count(guests); i++)
		assert_int_equal(model_close(&guests[i], idle[i]), TEE_SUCCESS);
}

/* Images that were never files, each of its guest's until it is published. */
static void cache_images(const struct size *size)
{
	struct guest *guest = guest_enter(2);

	for (unsigned i = 0; i < size->images; i++) {
		struct image *image = image_record_new(guest);
		struct image_user *user = heap_alloc(&guest->heap, sizeof(*user));

		assert_true(image && user);
		memset(image->identity, (int)(i % 251), sizeof(image->identity));
		memcpy(image->identity, &i, sizeof(i));
		assert_int_equal(image_publish(guest, &image), TEE_SUCCESS);
		assert_int_equal(image_attach(guest, image, user, true), TEE_SUCCESS);
		/* Every other one stays in use. */
		if (i % 2 == 0)
			image_put(guest, image);
		else
			taken[taken_count++] = image;
	}
	while (taken_count > 0)
		image_put(guest, taken[--taken_count]);
	guest_leave(guest);
}

static void notify_all(const struct size *size)
{
	uint32_t vm_id, value;
	bool more = true;

	for (unsigned i = 0; i < size->guests; i++) {
		struct guest *guest = guest_enter(FIRST_RAW + i);

		notify_enable(guest);
		for (uint32_t n = NOTIFY_KEY_FIRST; n < NOTIFY_KEY_FIRST + CALL_SLOTS; n++)
			notify_post(guest, n);
		guest_leave(guest);
	}
	while (notify_next(&vm_id))
		;
	struct guest *guest = guest_enter(FIRST_RAW);
	while (more)
		assert_true(notify_take(guest, &value, &more));
	guest_leave(guest);
}

static void wake_waiters(const struct size *size)
{
	static struct shared_waiter waiters[WAITERS_MAX];
	struct guest *guest = guest_enter(FIRST_RAW);
	struct shared_queue queue;

	shared_queue_init(&queue);
	for (unsigned i = 0; i < size->waiters; i++) {
		waiters[i] = (struct shared_waiter){
			.queue = &queue, .guest = guest, .key = NOTIFY_KEY_FIRST, .topic = i};
		list_insert(&queue.waiters, &waiters[i].link);
	}
	assert_true(shared_wake_topic(&queue, size->waiters - 1));
	assert_false(shared_wake_topic(&queue, WAITERS_MAX));
	while (shared_wake_one(&queue))
		;
	guest_leave(guest);
}

/* The system takes all pages: images and idle instances give way, one by one. */
static void press(void)
{
	while ((taken[taken_count] = page_alloc(&system_budget)))
		taken_count++;
	while (taken_count > 0)
		page_free(&system_budget, taken[--taken_count]);
}

static void unmake_guests(const struct size *size)
{
	for (unsigned i = 0; i < size->guests; i++)
		assert_int_equal(model_admin(SMC_VM_DESTROYED, FIRST_RAW + i, 0, 0).a[0], SMC_OK);
	for (uint32_t i = 0; i < array_count(guests); i++)
		assert_int_equal(model_admin(SMC_VM_DESTROYED, i + 1, 0, 0).a[0], SMC_OK);
}

static void live(const struct size *size)
{
	host_start(PAGES);
	page_reclaim = ta_reclaim;
	app_reset();
	sections_reset();
	make_guests(size);
	read_figures();
	share_memory(size);
	run_apps(size);
	cache_images(size);
	notify_all(size);
	wake_waiters(size);
	press();
	unmake_guests(size);
	page_reclaim = NULL;
}

static const struct exception *exception_for(const char *name)
{
	for (unsigned i = 0; i < array_count(exceptions); i++) {
		if (!strcmp(exceptions[i].name, name))
			return &exceptions[i];
	}
	return NULL;
}

static uint64_t longest[array_count(sizes)][SECTIONS_MAX];

static void check(unsigned lock)
{
	const struct exception *exception = exception_for(sections[lock].name);
	uint64_t small = longest[0][lock], large = longest[array_count(sizes) - 1][lock];

	assert_true(small > 0 && large > 0);
	if (exception) {
		assert_in_range(large, 1, exception->most);
		return;
	}
	assert_in_range(large, 1, BOUND_BLOCKS);
	assert_true((double)large <= GROWTH * (double)small + SLACK);
}

static void sections_of_leaf_locks_do_not_grow_with_what_guests_have(void **state)
{
	static const char *const expected[] = {"&pages.lock",  "&table.lock", "&s->lock",
					       "&cache.lock",  "&idle.lock",  "&notify.lock",
					       "&queue->lock", "&shared.lock"};
	unsigned found = 0;

	(void)state;
	for (unsigned i = 0; i < array_count(sizes); i++) {
		live(&sizes[i]);
		for (unsigned n = 0; n < SECTIONS_MAX; n++)
			longest[i][n] = sections[n].longest;
	}
	for (unsigned i = 0; i < SECTIONS_MAX && sections[i].name; i++)
		printf("longest section of %-20s %5lu %5lu %5lu blocks\n", sections[i].name,
		       longest[0][i], longest[1][i], longest[2][i]);
	for (unsigned i = 0; i < SECTIONS_MAX && sections[i].name; i++) {
		for (unsigned n = 0; n < array_count(expected); n++) {
			if (strcmp(expected[n], sections[i].name) != 0)
				continue;
			check(i);
			found++;
		}
	}
	assert_int_equal(found, array_count(expected));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_of_leaf_locks_do_not_grow_with_what_guests_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
