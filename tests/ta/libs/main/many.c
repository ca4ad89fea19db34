/* SPDX-License-Identifier: BSD-2-Clause */
/* What crafted.py makes, in an app that has hundreds of regions already: each page that is written
 * and each place that is looked for is a search among them (I7, tests/irqoff_test.py). */
#include "many.h"

#include <dlfcn.h>
#include <pta_system.h>
#include <string.h>

#include "report.h"

#define HOW        (RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE)
#define PAGE       4096u
#define LOWEST     0x200000u
#define NOT_SO_LOW 0x2000000u
#define TOP        0x40000000u
#define REGIONS    240u
#define LONG_NAME  4030u

#define NR_OPEN   5u
#define NR_INVOKE 7u

struct params {
	uint64_t types;
	uint64_t vals[8];
};

static uint32_t service;
static uint32_t top; /* what was mapped last */

/* Bare, for the kit's functions copy what they are given. */
static uint32_t sys(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
		    uint64_t a4)
{
	register uint64_t x0 __asm__("x0") = a0;
	register uint64_t x1 __asm__("x1") = a1;
	register uint64_t x2 __asm__("x2") = a2;
	register uint64_t x3 __asm__("x3") = a3;
	register uint64_t x4 __asm__("x4") = a4;
	register uint64_t x8 __asm__("x8") = number;

	__asm__ volatile("svc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x8)
			 :
			 : "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
			   "x17", "x18", "cc", "memory");
	return (uint32_t)x0;
}

static uint32_t open_service(void)
{
	const TEE_UUID uuid = PTA_SYSTEM_UUID;

	return sys(NR_OPEN, (uintptr_t)&uuid, TEE_TIMEOUT_INFINITE, 0, (uintptr_t)&service, 0);
}

static uint32_t map_page(uint32_t address, uint32_t pad_after)
{
	struct params p = {.types = 0x131, .vals = {PAGE, 0, 0, address, 0, pad_after}};
	uint32_t res =
		sys(NR_INVOKE, service, TEE_TIMEOUT_INFINITE, PTA_SYSTEM_MAP_ZI, (uintptr_t)&p, 0);

	if (!res)
		top = (uint32_t)p.vals[3];
	return res;
}

/* Below all that the app has otherwise, unless that is very low by chance; and one above, behind
 * which nothing may come, so that the search for room begins twice. */
static void map_regions(void)
{
	uintptr_t here = (uintptr_t)map_regions;
	uint32_t next = here < 4 * LOWEST ? NOT_SO_LOW : LOWEST, results = open_service();

	for (uint32_t i = 0; i < REGIONS && !results; i++, next += 2 * PAGE)
		results = map_page(next, 0);
	expect("TA-142", "hundreds of pages at the lowest addresses", 0, results);
	expect("TA-142", "memory with a large pad behind", 0, map_page(0, TOP - LOWEST));
}

static void open_one(const char *what, const char *uuid)
{
	expect("TA-145", what, 1, dlopen(uuid, HOW) != NULL);
}

/* Found last of all; then one that nobody has. */
static void find_long_names(void)
{
	static char name[LONG_NAME + 2];
	void *all = dlopen(NULL, HOW);

	memset(name, 'a', LONG_NAME);
	name[LONG_NAME] = 'c';
	expect("TA-145", "the longest name is found", 2, (uintptr_t)dlsym(all, name));
	name[0] = 'b';
	expect("TA-145", "another one is not", 0, (uintptr_t)dlsym(all, name));
}

/* All that the call reads or writes lies behind all other regions. */
static void invoke_from_far(void)
{
	struct params *p = (struct params *)(uintptr_t)top;
	uint32_t *origin = (uint32_t *)(uintptr_t)(top + PAGE / 2);

	p->types = 0x7777;
	for (uint32_t i = 0; i < 8; i += 2) {
		p->vals[i] = top + 256 * (i + 1);
		p->vals[i + 1] = 256;
	}
	expect("TA-081", "four references behind everything", TEE_ERROR_BAD_PARAMETERS,
	       sys(NR_INVOKE, service, TEE_TIMEOUT_INFINITE, PTA_SYSTEM_MAP_ZI, (uintptr_t)p,
		   (uintptr_t)origin));
}

void check_many_libs(void)
{
	map_regions();
	open_one("a library of megabytes", LIBRARY("0052"));
	open_one("relocations to and fro between pages", LIBRARY("0053"));
	open_one("thousands of symbols and sections", LIBRARY("0051"));
	open_one("as many segments as there may be", LIBRARY("0055"));
	expect("TA-032", "more libraries than there may be", 0,
	       (uintptr_t)dlopen(LIBRARY("0050"), HOW));
	open_one("as many libraries as there may be", LIBRARY("0040"));
	open_one("pages that are filled, then long names", LIBRARY("0054"));
	find_long_names();
	invoke_from_far();
}

/* Few are of the app's own choice. */
void check_many_regions_of_libs(void)
{
	uint32_t behind, count = 0;

	expect("TA-084", "the service for apps opens", 0, open_service());
	open_one("libraries of hundreds of regions", LIBRARY("0070"));
	expect("TA-142", "memory with a large pad behind", 0, map_page(0, TOP - LOWEST));
	behind = top;
	while (count < REGIONS && !map_page(0, 0))
		count++;
	expect("TA-142", "few more, and not as many as without libraries", 1, count < REGIONS / 2);
	top = behind;
	invoke_from_far();
}
