/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that claim to be trusted apps: headers of any kind in front of any bytes, and real apps and
 * libraries whose ELF file was changed as if somebody who holds the key had signed it (the decoder
 * and the loader get it directly). Never more than an error; at the end every page is back.
 */
#include <stdlib.h>
#include <string.h>

#include "abi/smc.h"
#include "kernel/arch/host/app.h"
#include "kernel/lib/assert.h"
#include "kernel/ta/image.h"
#include "tests/fuzz/input.h"

#define VM        1u
#define FILE_MAX  (1u << 20)
#define PATCHES   16u
#define SHDR_SIZE 328u /* headers of a plain app, in front of its ELF file */

static struct input in;
static struct model guest;
static struct page_totals at_start;
static bool started;
static uint8_t file[FILE_MAX];

static const char *const apps[] = {
	"d17f73a0-36ef-11e1-984a-0002a5d5c51b", "5b9e0e40-2636-11e1-ad9e-0002a5d5c51b",
	"ffd2bded-ab7d-4988-95ee-e4962fff7154", "5c206987-16a3-59cc-ab0f-64b9cfc9e758"};

/* A real file with a few bytes changed, near its beginning or its end, where the tables are. */
static size_t changed_file(void)
{
	const char *name = apps[input_below(&in, array_count(apps))];

	app_load_file(&guest, TEST_TA_DIR, name);
	size_t size = min(guest.ta_size, (size_t)FILE_MAX);
	memcpy(file, guest.ta_file, size);
	for (unsigned i = 0; i < PATCHES && in.size > 0; i++) {
		uint64_t where = input_take(&in, 2);
		size_t at = where & 0x8000 ? size - 1 - (where & 0x7FFF) : where;
		file[at % size] = (uint8_t)input_take(&in, 1);
	}
	return size;
}

/* Through the door: as a guest presents it. */
static void present(const void *data, size_t size)
{
	uint8_t uuid[16];
	uint32_t session;

	app_uuid(uuid, apps[0]);
	guest.ta_file = data;
	guest.ta_size = size;
	if (size > 0)
		(void)model_open(&guest, uuid, &session);
}

/* Behind the door. */
static void decode(size_t size)
{
	static struct elf elf;
	struct guest *owner = guest_enter(VM);
	struct page_list pages;
	struct elf_file elf_file = {.pages = &pages, .size = size - SHDR_SIZE};

	page_list_init(&pages, &owner->heap);
	for (size_t at = 0; at < elf_file.size; at += PAGE_SIZE) {
		void *page = page_alloc(&owner->budget);

		if (!page || page_list_append(&pages, page, 0))
			abort();
		memcpy(page, file + SHDR_SIZE + at, min(elf_file.size - at, PAGE_SIZE));
	}
	(void)!elf_decode(&elf_file, &elf);
	for (void *page; (page = page_list_pop(&pages));)
		page_free(&owner->budget, page);
	guest_leave(owner);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct page_totals t;

	if (!started) {
		host_start(1500);
		app_reset();
		started = true;
	}
	pages_totals(&at_start);
	in = (struct input){data, size};
	model_start(&guest, VM);
	switch (input_below(&in, 3)) {
	case 0:
		present(in.data, in.size);
		break;
	case 1:
		present(file, changed_file());
		break;
	default:
		decode(changed_file());
		break;
	}
	while (model_admin(SMC_VM_DESTROYED, VM, 0, 0).a[0] == SMC_EBUSY)
		;
	while (image_reclaim(&system_budget))
		;
	pages_totals(&t);
	if (t.free != at_start.free)
		abort();
	host_console();
	return 0;
}
