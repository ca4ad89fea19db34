/* SPDX-License-Identifier: BSD-2-Clause */
/* The service for apps (section 5.2 of the contract): memory, keys, and what it refuses. */
#include <pta_system.h>
#include <string.h>

#include "probe.h"

#define FOREVER TEE_TIMEOUT_INFINITE
#define BAD     TEE_ERROR_BAD_PARAMETERS
#define APP     4u
#define PAGE    4096u

static uint32_t service;
static uint8_t page_of_ours[2 * PAGE] __attribute__((aligned(PAGE)));

static uint32_t ask(uint32_t cmd, uint64_t types, const uint64_t vals[8])
{
	struct raw_params p = {.types = types};
	uint32_t origin;

	memcpy(p.vals, vals, sizeof(p.vals));
	return raw_invoke(service, FOREVER, cmd, &p, &origin);
}

static uint32_t map(uint64_t size, uint64_t flags, uint64_t pad, uint64_t *address)
{
	struct raw_params p = {.types = 0x131, .vals = {size, flags, 0, 0, pad, pad}};
	uint32_t origin;
	uint32_t res = raw_invoke(service, FOREVER, PTA_SYSTEM_MAP_ZI, &p, &origin);

	*address = p.vals[2] << 32 | p.vals[3];
	return res;
}

static uint32_t unmap(uint64_t address, uint64_t size)
{
	return ask(PTA_SYSTEM_UNMAP, 0x11,
		   (const uint64_t[8]){size, 0, address >> 32, address & 0xFFFFFFFF});
}

static uint32_t rights(uint64_t flags, uint64_t address, uint64_t size)
{
	return sys(NR_CHECK_ACCESS, flags, address, size, 0, 0, 0, 0);
}

static uint32_t dirt_in(uint64_t address, uint64_t size)
{
	uint32_t dirt = 0;

	for (uint64_t i = 0; i < size; i++)
		dirt += ((const uint8_t *)(uintptr_t)address)[i] != 0;
	return dirt;
}

static void check_map(void)
{
	const uint64_t any = TEE_MEMORY_ACCESS_READ | TEE_MEMORY_ACCESS_ANY_OWNER;
	const uint64_t both = TEE_MEMORY_ACCESS_READ | TEE_MEMORY_ACCESS_WRITE;
	uint64_t a = 0, b = 0;

	for (int round = 0; round < 3; round++) {
		expect("TA-142", "memory is mapped", 0, map(5000, 0, 0, &a));
		expect("TA-142", "at a page", 0, a % PAGE);
		expect("TA-142", "all of it zero", 0, dirt_in(a, 2 * PAGE));
		memset((void *)(uintptr_t)a, 0xA5, 2 * PAGE);
		expect("TA-142", "and unmapped", 0, unmap(a, 5000));
		expect("TA-142", "then it is gone", TEE_ERROR_ACCESS_DENIED, rights(any, a, 1));
	}
	expect("TA-142", "unmapping it twice fails", 1, unmap(a, 5000) != 0);
	expect("TA-142", "memory between pads is mapped", 0, map(PAGE, 0, PAGE, &a));
	expect("TA-142", "a pad lies before", TEE_ERROR_ACCESS_DENIED, rights(any, a - 1, 1));
	expect("TA-142", "a pad lies behind", TEE_ERROR_ACCESS_DENIED, rights(any, a + PAGE, 1));
	expect("TA-082", "it is private", 0, rights(both, a, PAGE));
	expect("TA-082", "shareable memory is mapped", 0, map(PAGE, 1, 0, &b));
	expect("TA-082", "it is not private", TEE_ERROR_ACCESS_DENIED, rights(both, b, PAGE));
	expect("TA-082", "but can be written", 0, rights(both | any, b, PAGE));
	expect("TA-142", "unmap both", 0, unmap(a, PAGE) | unmap(b, PAGE));
}

/* They stay until the app's end, which is long then (I7: tests/irqoff_test.py). */
static void check_many_things(void)
{
	uint32_t results = 0;
	uint32_t state;
	uint64_t a;

	for (unsigned i = 0; i < 200; i++)
		results |= map(PAGE, 0, 0, &a);
	expect("TA-142", "two hundred pages, each for itself", 0, results);
	for (unsigned i = 0; i < 120; i++)
		results |= sys(NR_STATE_ALLOC, TEE_ALG_SHA512, TEE_MODE_DIGEST, 0, 0,
			       address_of(&state), 0, 0);
	expect("TA-101", "a hundred and twenty digests", 0, results);
}

static void check_map_refusals(TEE_Param *client)
{
	uint64_t a = 0;

	expect("TA-142", "a flag that nobody knows", BAD, map(PAGE, 2, 0, &a));
	expect("TA-142", "more than there is", TEE_ERROR_OUT_OF_MEMORY, map(0x7FFF0000, 0, 0, &a));
	expect("TA-142", "parameters of other types", BAD,
	       ask(PTA_SYSTEM_MAP_ZI, 0x111, (const uint64_t[8]){PAGE}));
	if (report_on_peer())
		return; /* it unmaps the very code that asks */
	expect("TA-142", "our stack can't be unmapped", 1, unmap(stack_of_app().low, PAGE) != 0);
	expect("TA-142", "nor our data", 1, unmap(address_of(page_of_ours), PAGE) != 0);
	expect("TA-142", "nor our code", 1,
	       unmap((uint64_t)(uintptr_t)check_map_refusals & ~(uint64_t)(PAGE - 1), PAGE) != 0);
	expect("TA-142", "nor the client's memory", 1,
	       unmap(address_of(client->memref.buffer) & ~(uint64_t)(PAGE - 1), PAGE) != 0);
	expect("TA-142", "nor the kernel's", 1, unmap(KERNEL_ADDRESS, PAGE) != 0);
	expect("TA-142", "nor nothing", 1, unmap(0x40000, PAGE) != 0);
}

static uint32_t derive(uint64_t extra, uint64_t extra_size, uint64_t key, uint64_t key_size)
{
	return ask(PTA_SYSTEM_DERIVE_TA_UNIQUE_KEY, 0x65,
		   (const uint64_t[8]){extra, extra_size, key, key_size});
}

static void check_keys(TEE_Param *client)
{
	static uint8_t extra[1025], one[32], two[32];
	uint64_t e = address_of(extra), k = address_of(one), l = address_of(two);

	expect("TA-143", "a key of 32 bytes", 0, derive(e, 4, k, 32));
	expect("TA-143", "a key of 32 bytes again", 0, derive(e, 4, l, 32));
	expect("TA-143", "is the same", 0, (uint64_t)memcmp(one, two, 32));
	extra[0] = 1;
	expect("TA-143", "a key of other extra data", 0, derive(e, 4, l, 32));
	expect("TA-143", "is another", 1, memcmp(one, two, 32) != 0);
	expect("TA-143", "no extra data", 0, derive(0, 0, l, 16));
	expect("TA-143", "1024 bytes of extra data", 0, derive(e, 1024, l, 16));
	expect("TA-143", "1025 bytes of extra data", BAD, derive(e, 1025, l, 16));
	expect("TA-143", "a key of 15 bytes", BAD, derive(e, 4, k, 15));
	expect("TA-143", "a key of 33 bytes", BAD, derive(e, 4, k, 33));
	expect("TA-143", "a key into client memory", TEE_ERROR_SECURITY,
	       derive(e, 4, address_of(client->memref.buffer), 32));
}

void check_system(TEE_Param p[TEE_NUM_PARAMS])
{
	const TEE_UUID uuid = PTA_SYSTEM_UUID;
	struct raw_params none = {0};
	static const uint64_t nothing[8];
	uint32_t origin = 0;

	expect("TA-084", "the service for apps opens", 0,
	       sys(NR_OPEN, address_of(&uuid), FOREVER, 0, address_of(&service),
		   address_of(&origin), 0, 0));
	expect("TA-084", "by its own word", APP, origin);
	expect("TA-084", "a command it does not have", TEE_ERROR_NOT_IMPLEMENTED,
	       raw_invoke(service, FOREVER, 99, &none, &origin));
	expect("TA-084", "by its own word, too", APP, origin);
	for (uint32_t cmd = 4; cmd < 10; cmd++)
		expect("TA-141", "a command that was removed", TEE_ERROR_NOT_IMPLEMENTED,
		       ask(cmd, 0, nothing));
	check_map();
	check_many_things();
	check_map_refusals(&p[2]);
	sys(NR_CLOSE, service, 0, 0, 0, 0, 0, 0);
}

void check_secrets(TEE_Param p[TEE_NUM_PARAMS])
{
	const TEE_UUID uuid = PTA_SYSTEM_UUID;
	static const uint64_t nothing[8];

	expect("TA-084", "the service for apps opens", 0,
	       sys(NR_OPEN, address_of(&uuid), FOREVER, 0, address_of(&service), 0, 0, 0));
	check_keys(&p[2]);
	expect("TA-144", "entropy is taken", 0,
	       ask(PTA_SYSTEM_ADD_RNG_ENTROPY, 0x5,
		   (const uint64_t[8]){address_of(page_of_ours), 64}));
	expect("TA-144", "nothing is no entropy", BAD,
	       ask(PTA_SYSTEM_ADD_RNG_ENTROPY, 0x5, nothing));
	expect("TA-144", "nor is a value", BAD, ask(PTA_SYSTEM_ADD_RNG_ENTROPY, 0x1, nothing));
	expect("TA-145", "flags of dlopen have to be those", BAD,
	       ask(PTA_SYSTEM_DLOPEN, 0x15, (const uint64_t[8]){address_of(&uuid), 16, 2}));
	expect("TA-145", "a library that nobody has", TEE_ERROR_ITEM_NOT_FOUND,
	       ask(PTA_SYSTEM_DLOPEN, 0x15, (const uint64_t[8]){address_of(&uuid), 16, 0x1102}));
	sys(NR_CLOSE, service, 0, 0, 0, 0, 0, 0);
}
