/* SPDX-License-Identifier: BSD-2-Clause */
/* An app and its libraries, from bytes in memory, in one address space of guest_b: for tests. */
#ifndef TA_MODULE_SET_TEST_H
#define TA_MODULE_SET_TEST_H

#include "kernel/ta/elf_decode.h"
#include "kernel/ta/fixture_test.h"
#include "kernel/ta/tiny_elf_test.h"

#define SET_MODULES 4
#define LIB_UUID    "11111111-2222-3333-4444-555555555555"
#define OTHER_UUID  "aaaaaaaa-BBBB-cccc-dddd-eeeeeeeeeeee"

struct module_set {
	struct elf_copy copy[SET_MODULES];
	struct elf elf[SET_MODULES];
	struct elf_module module[SET_MODULES];
	struct elf_modules all;
	struct uaspace as;
};
extern struct module_set set;

/* Tiny files to bend; fresh at the start of each test. */
extern struct tiny_elf app, lib, other;

int set_start(void **state);

int set_stop(void **state);

/* Decodes a file and puts it at the end of the list. */
TEE_Result add(const void *data, size_t size);

void add_tiny(const struct tiny_elf *e);

void add_file(const char *prefix);

TEE_Result load_from(unsigned first);

/* Takes the last module off again. */
void drop_last(void);

void read_user(uint64_t va, void *to, size_t size);

/* Word n of a tiny file's data. */
uint64_t data_of(unsigned module, unsigned n);

/* Makes word n of the data the target of one more relocation. */
void relocate(struct tiny_elf *e, unsigned n, uint32_t type, uint32_t symbol, int64_t addend);

void define(struct tiny_elf *e, unsigned index, const char *name, unsigned binding,
	    uint64_t offset);

void import(struct tiny_elf *e, unsigned index, const char *name, unsigned binding);

void give_tls(struct tiny_elf *e, uint64_t size);

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_start, set_stop)

#endif
