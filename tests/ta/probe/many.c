/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * As much as an app can have of everything, and system calls that have to search all of it: how
 * long that keeps interrupts masked is measured (I7, tests/irqoff_test.py). What is made stays
 * until the app's end, which is part of it.
 */
#include <pta_system.h>
#include <string.h>

#include "probe.h"

#define FOREVER     TEE_TIMEOUT_INFINITE
#define PAGE        4096u
#define WINDOW_BASE 0x200000u
#define WINDOW_END  0x40000000u
#define NOT_SO_LOW  0x2000000u

#define APART      120u /* regions with room between them */
#define REGIONS    240u /* the others stand beside each other */
#define TOGETHER   ((REGIONS - APART) * PAGE)
#define SHAREABLE  4u /* the first of them */
#define DIGESTS    128u
#define DIGEST_MAX 64u
#define SESSIONS   900u
#define APP_OPENS  200u

static uint64_t regions[REGIONS];
static uint32_t digests[DIGESTS];
static uint32_t sessions[SESSIONS];
static uint32_t service;

static uint32_t open_service(uint32_t *session)
{
	const TEE_UUID uuid = PTA_SYSTEM_UUID;

	return sys(NR_OPEN, address_of(&uuid), FOREVER, 0, address_of(session), 0, 0, 0);
}

/* At *address, or wherever there is room if that is 0. */
static uint32_t map(uint64_t size, bool shareable, uint64_t pad_after, uint64_t *address)
{
	struct raw_params p = {
		.types = 0x131,
		.vals = {size, shareable, *address >> 32, (uint32_t)*address, 0, pad_after}};
	uint32_t origin;
	uint32_t res = raw_invoke(service, FOREVER, PTA_SYSTEM_MAP_ZI, &p, &origin);

	*address = p.vals[2] << 32 | p.vals[3];
	return res;
}

static uint32_t unmap(uint64_t address, uint64_t size)
{
	struct raw_params p = {.types = 0x11, .vals = {size, 0, address >> 32, (uint32_t)address}};
	uint32_t origin;

	return raw_invoke(service, FOREVER, PTA_SYSTEM_UNMAP, &p, &origin);
}

/* --- regions -------------------------------------------------------------------------------------
 */

/* Below all that the app has otherwise, so that a search for that passes them all; unless that is
 * very low by chance. */
static void map_regions(void)
{
	uint64_t here = (uint64_t)(uintptr_t)map_regions;
	uint64_t next = here < 4 * WINDOW_BASE ? NOT_SO_LOW : WINDOW_BASE;
	uint32_t results = 0;

	for (uint32_t i = 0; i < REGIONS; i++) {
		regions[i] = next;
		results |= map(PAGE, i < SHAREABLE, 0, &regions[i]);
		next += i < APART ? 3 * PAGE : PAGE;
	}
	expect("TA-142", "hundreds of pages at the lowest addresses", 0, results);
}

/* All that a call reads or writes lies in a page of its own behind many others. */
static void invoke_from_far(uint32_t session)
{
	struct raw_params *params = (struct raw_params *)regions[REGIONS - 1];
	uint32_t *origin = (uint32_t *)regions[REGIONS - 2];

	*params = (struct raw_params){
		.types = 0x7777,
		.vals = {regions[3], PAGE, regions[2], PAGE, regions[1], PAGE, regions[0], PAGE}};
	expect("TA-081", "four pages for another app", 0,
	       sys(NR_INVOKE, session, FOREVER, CMD_MEMREFS, address_of(params), address_of(origin),
		   0, 0));
	params->vals[0] = regions[APART];
	params->vals[1] = TOGETHER;
	expect("TA-081", "private pages are not for it", 1,
	       sys(NR_INVOKE, session, FOREVER, CMD_MEMREFS, address_of(params), address_of(origin),
		   0, 0) != 0);
}

static void open_from_far(void)
{
	struct raw_params *params = (struct raw_params *)regions[REGIONS - 1];
	uint32_t *origin = (uint32_t *)regions[REGIONS - 2];
	uint32_t *session = (uint32_t *)regions[REGIONS - 3];
	TEE_UUID *uuid = (TEE_UUID *)regions[REGIONS - 4];

	*uuid = (TEE_UUID)TATEST_UUID(APP_PROBE);
	*params = (struct raw_params){
		.types = 0x7777,
		.vals = {regions[3], PAGE, regions[2], PAGE, regions[1], PAGE, regions[0], PAGE}};
	expect("TA-081", "another app opens from there", 0,
	       sys(NR_OPEN, address_of(uuid), FOREVER, address_of(params), address_of(session),
		   address_of(origin), 0, 0));
	invoke_from_far(*session);
	expect("TA-081", "and closes", 0, sys(NR_CLOSE, *session, 0, 0, 0, 0, 0, 0));
}

static void properties_from_far(void)
{
	uint32_t *name_size = (uint32_t *)regions[REGIONS - 2];
	uint32_t *size = (uint32_t *)regions[REGIONS - 3];
	char *name = (char *)regions[REGIONS - 4];

	*name_size = *size = PAGE;
	expect("TA-069", "a property, all of it far", 0,
	       sys(NR_GET_PROPERTY, address_of(TEE_PROPSET_TEE_IMPLEMENTATION), 6, address_of(name),
		   address_of(name_size), regions[REGIONS - 5], address_of(size),
		   regions[REGIONS - 6]));
	memset(name, 'x', 79);
	name[79] = '\0';
	expect("TA-070", "the longest name", TEE_ERROR_ITEM_NOT_FOUND,
	       sys(NR_PROPERTY_INDEX, address_of(TEE_PROPSET_TEE_IMPLEMENTATION), address_of(name),
		   80, regions[REGIONS - 5], 0, 0, 0));
}

static void small_calls_from_far(void)
{
	uint64_t last = regions[REGIONS - 1], together = regions[APART];
	uint32_t results = 0;

	expect("TA-092", "a hundred and twenty regions can be written", 0,
	       sys(NR_CHECK_ACCESS, TEE_MEMORY_ACCESS_READ | TEE_MEMORY_ACCESS_WRITE, together,
		   TOGETHER, 0, 0, 0, 0));
	expect("TA-126", "random numbers over all of them", 0,
	       sys(NR_RANDOM, together, TOGETHER, 0, 0, 0, 0, 0));
	results |= sys(NR_GET_CANCEL, last, 0, 0, 0, 0, 0, 0);
	results |= sys(NR_UNMASK, last, 0, 0, 0, 0, 0, 0);
	results |= sys(NR_MASK, last, 0, 0, 0, 0, 0, 0);
	results |= sys(NR_GET_TIME, 0, last, 0, 0, 0, 0, 0);
	results |= sys(NR_SET_TIME, last, 0, 0, 0, 0, 0, 0);
	results |= sys(NR_GET_TIME, 1, last, 0, 0, 0, 0, 0);
	results |= sys(NR_GET_TIME, 2, last, 0, 0, 0, 0, 0);
	results |= sys(NR_LOG, together, TOGETHER, 0, 0, 0, 0, 0);
	expect("TA-089", "times, marks and text, far", 0, results);
}

static void digest_from_far(void)
{
	uint32_t *state = (uint32_t *)regions[REGIONS - 1];
	uint64_t *size = (uint64_t *)regions[REGIONS - 2];
	uint32_t results = 0;

	results |=
		sys(NR_STATE_ALLOC, TEE_ALG_SHA256, TEE_MODE_DIGEST, 0, 0, address_of(state), 0, 0);
	*size = DIGEST_MAX;
	results |= sys(NR_HASH_INIT, *state, 0, 0, 0, 0, 0, 0);
	results |= sys(NR_HASH_UPDATE, *state, regions[APART], TOGETHER, 0, 0, 0, 0);
	results |= sys(NR_HASH_FINAL, *state, regions[APART], TOGETHER, regions[REGIONS - 3],
		       address_of(size), 0, 0);
	expect("TA-102", "a digest of all of them", 0, results);
}

/* Above all, and nothing may come behind it: from now on the search for room begins twice. */
static void close_the_top(void)
{
	uint64_t a = 0;

	expect("TA-142", "memory with a large pad behind", 0,
	       map(PAGE, false, WINDOW_END - WINDOW_BASE, &a));
	expect("TA-142", "lies above the app", 1, a > (uint64_t)(uintptr_t)close_the_top);
}

/* One region becomes two, and more than there may be are refused. */
static void divide_and_fill_up(void)
{
	uint64_t large = 0, a = 0;
	uint32_t results = 0, count = 0;

	results |= map(400 * PAGE, false, 0, &large);
	results |= unmap(large + 100 * PAGE, PAGE);
	results |= unmap(large + 350 * PAGE, 10 * PAGE);
	results |= unmap(regions[APART + 50], PAGE);
	expect("TA-142", "parts of what is mapped go", 0, results);
	while (count < 100 && !map(PAGE, false, PAGE, &a)) {
		a = 0;
		count++;
	}
	expect("TA-142", "their number has a limit", 1, count < 100);
}

void check_many_regions(TEE_Param p[TEE_NUM_PARAMS])
{
	(void)p;
	expect("TA-084", "the service for apps opens", 0, open_service(&service));
	map_regions();
	close_the_top();
	open_from_far();
	properties_from_far();
	small_calls_from_far();
	digest_from_far();
	divide_and_fill_up();
}

/* Twenty-four frames, each in a region of its own. */
void many_panic(void)
{
	for (uint32_t i = 0; i < 24; i++) {
		uint64_t *frame = (uint64_t *)regions[REGIONS - 30 + i];

		if (!frame)
			break;
		frame[0] = regions[REGIONS - 29 + i];
		frame[1] = (uint64_t)(uintptr_t)many_panic;
	}
	sys(NR_PANIC, FAULT_PANIC_CODE, regions[REGIONS - 30], 0, 0, 0, 0, 0);
}

/* --- objects -------------------------------------------------------------------------------------
 */

static uint32_t new_digests(void)
{
	uint32_t results = 0;

	for (uint32_t i = 0; i < DIGESTS; i++)
		results |= sys(NR_STATE_ALLOC, TEE_ALG_SHA512, TEE_MODE_DIGEST, 0, 0,
			       address_of(&digests[i]), 0, 0);
	return results;
}

static uint32_t free_digest(uint32_t state)
{
	return sys(NR_STATE_FREE, state, 0, 0, 0, 0, 0, 0);
}

static void use_digest(uint32_t state, uint64_t data, uint64_t data_size)
{
	static uint8_t out[DIGEST_MAX];
	uint64_t size = sizeof(out);
	uint32_t results = 0;

	results |= sys(NR_HASH_INIT, state, 0, 0, 0, 0, 0, 0);
	results |= sys(NR_HASH_UPDATE, state, data, data_size, 0, 0, 0, 0);
	results |= sys(NR_STATE_COPY, digests[0], state, 0, 0, 0, 0, 0);
	results |= sys(NR_HASH_FINAL, state, data, data_size, address_of(out), address_of(&size), 0,
		       0);
	expect("TA-102", "a digest of it", 0, results);
}

void check_many_objects(TEE_Param p[TEE_NUM_PARAMS])
{
	uint32_t results, more;

	(void)p;
	results = new_digests();
	use_digest(digests[DIGESTS - 1], address_of(digests), sizeof(digests));
	expect("TA-101", "there is a limit", TEE_ERROR_OUT_OF_MEMORY,
	       sys(NR_STATE_ALLOC, TEE_ALG_SHA512, TEE_MODE_DIGEST, 0, 0, address_of(&more), 0, 0));
	for (uint32_t i = 0; i < DIGESTS; i++)
		results |= free_digest(digests[i]);
	results |= new_digests();
	for (uint32_t i = DIGESTS; i > 0; i--)
		results |= free_digest(digests[i - 1]);
	results |= new_digests();
	expect("TA-101", "as many digests as there may be, twice freed", 0, results);
}

/* The longest of what has a length. */
void check_many_bytes(TEE_Param p[TEE_NUM_PARAMS])
{
	const uint32_t size = 512 * PAGE;
	uint64_t own = 0;

	expect("TA-084", "the service for apps opens", 0, open_service(&service));
	expect("TA-142", "two megabytes", 0, map(size, false, 0, &own));
	expect("TA-126", "of random numbers", 0, sys(NR_RANDOM, own, size, 0, 0, 0, 0, 0));
	expect("TA-101", "digests", 0, new_digests());
	use_digest(digests[0], own, size);
	use_digest(digests[DIGESTS - 1], own + 1, size - 1);
	expect("TA-126", "random numbers for the client", 0,
	       sys(NR_RANDOM, address_of(p[2].memref.buffer), p[2].memref.size, 0, 0, 0, 0, 0));
	use_digest(digests[1], address_of(p[2].memref.buffer), p[2].memref.size);
	for (uint32_t i = 0; i < 8; i++)
		expect("TA-066", "a long text of all bytes", 0,
		       sys(NR_LOG, own, size, 0, 0, 0, 0, 0));
	expect("TA-089", "a short wait", 0, sys(NR_WAIT, 120, 0, 0, 0, 0, 0, 0));
}

/* --- sessions ------------------------------------------------------------------------------------
 */

static uint32_t open_many(uint32_t count)
{
	uint32_t opened = 0;

	while (opened < count && !open_service(&sessions[opened]))
		opened++;
	return opened;
}

static uint32_t invoke(uint32_t session, uint32_t cmd)
{
	struct raw_params none = {0};
	uint32_t origin;

	return raw_invoke(session, FOREVER, cmd, &none, &origin);
}

static uint32_t close(uint32_t session)
{
	return sys(NR_CLOSE, session, 0, 0, 0, 0, 0, 0);
}

static void close_both_ways(void)
{
	uint32_t results = 0;
	uint32_t count = open_many(SESSIONS);

	expect("TA-081", "hundreds of sessions", 1, count >= 100);
	expect("TA-084", "the last one works", TEE_ERROR_NOT_IMPLEMENTED,
	       invoke(sessions[count - 1], 99));
	for (uint32_t i = 0; i < count; i++)
		results |= close(sessions[i]);
	count = open_many(SESSIONS);
	while (count > 0)
		results |= close(sessions[--count]);
	expect("TA-083", "closed in both orders", 0, results);
}

/* Many of them to an app, where each close is an entry. */
void check_many_sessions(TEE_Param p[TEE_NUM_PARAMS])
{
	uint32_t origin, count, opened = 0, results = 0;

	(void)p;
	close_both_ways();
	count = open_many(SESSIONS - APP_OPENS);
	while (count + opened < SESSIONS &&
	       !raw_open(APP_SHARED, NULL, &sessions[count + opened], &origin))
		opened++;
	expect("TA-081", "many to services and to an app", 1, count + opened >= 100);
	if (opened > 0)
		expect("TA-082", "the last one works", 0,
		       invoke(sessions[count + opened - 1], CMD_NOTHING));
	for (uint32_t i = 0; i < opened / 2; i++)
		results |= close(sessions[count + opened - 1 - i]);
	expect("TA-083", "half of those close, the last first", 0, results);
}
