/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of this room share: a machine with guests, files of trusted apps, and failures on
 * demand. Linked with --wrap for each function that can be made to fail.
 */
#ifndef TA_FIXTURE_TEST_H
#define TA_FIXTURE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/arch/host/host.h"
#include "kernel/guest/guest.h"
#include "kernel/ta/image.h"

#define FIXTURE_PAGES 4096

/* Guests 1 and 2, monitors held; limits as large as the machine. */
extern struct guest *guest_a, *guest_b;

int fixture_start(void **state);
int fixture_stop(void **state);

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)

/* --- failures: the n-th chance (from 1) fails, 0: none; counts go on until reset --- */
struct fixture_failures {
	unsigned alloc_at; /* page_alloc(), heap_alloc() and arch_aspace_map() */
	unsigned allocs;
	unsigned transfer_at; /* page_transfer(), from here on */
	unsigned transfers;
	unsigned poll_at; /* call_poll() answers TARGET_DEAD from here on */
	unsigned polls;
};
extern struct fixture_failures failures;

/* What another call of the guest does at the next poll; once. May be NULL. */
extern void (*fixture_on_poll)(void);
void fixture_no_failures(void);

/* Calls body with each single chance failing until it succeeds; it must answer error otherwise. The
 * pages in use must be the same after each failure. Returns how often it failed. */
unsigned fixture_fail_each(TEE_Result (*body)(void), unsigned *at, unsigned *count,
			   TEE_Result error);

/* Pages of the machine that are in use. */
uint32_t fixture_pages_used(void);

/* --- files --- */
struct ta_file {
	char path[512];
	struct uuid uuid;
	uint8_t *data;
	size_t size;
};

/* All apps of Debian's test package and of the kit's main platform: 24. Fails the test if there are
 * fewer. */
extern struct ta_file ta_files[];
extern size_t ta_file_count;

/* The one whose UUID text begins so (fails the test if there is none), and its ELF part. */
const struct ta_file *ta_file(const char *prefix);
#define TA_ELF_OFFSET 328 /* of all that no subkey signed */
size_t ta_elf_offset(const struct ta_file *f);
#define SMALL_TA "c3f6e2c0"
#define CRYPT_TA "cb3e5ba0"

void uuid_from_text(struct uuid *uuid, const char *text);

/* A whole file. To be freed. */
uint8_t *fixture_read_file(const char *path, size_t *size);

/* Signs elf with the development key; options as in sign_test.py. To be freed. */
uint8_t *sign_ta(const void *elf, size_t size, const char *options, size_t *signed_size);

/* --- shorthands --- */

/* Stages, verifies and publishes. */
TEE_Result load_image(struct guest *guest, const void *file, size_t size, const struct uuid *uuid,
		      struct image **image);

/* A page list with a copy of data, as elf_decode() wants it; pages from guest_a. */
struct elf_copy {
	struct page_list pages;
	struct elf_file file;
};
void elf_copy_make(struct elf_copy *copy, const void *data, size_t size);
void elf_copy_drop(struct elf_copy *copy);

/* An app that is ready to be entered. */
struct elf_instance {
	uint64_t load_address;
	uint64_t entry;
	uint64_t stack_top;
};

/* Loads an app without libraries, with its stack, into an empty address space. */
TEE_Result load_alone(const struct elf_file *file, const struct elf *elf, struct uaspace *as,
		      struct elf_instance *instance);

#endif
