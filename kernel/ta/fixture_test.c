/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/ta/fixture_test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/smc.h"
#include "kernel/lib/assert.h"

struct guest *guest_a, *guest_b;
struct fixture_failures failures;
struct ta_file ta_files[32];
size_t ta_file_count;
static uint32_t pages_at_start, objects_at_start;

/* --- machine --- */

int fixture_start(void **state)
{
	(void)state;
	fixture_no_failures();
	host_start(FIXTURE_PAGES);
	assert_int_equal(guest_create(1), SMC_OK);
	assert_int_equal(guest_create(2), SMC_OK);
	guest_a = guest_enter(1);
	guest_b = guest_enter(2);
	pages_at_start = guest_a->budget.used;
	objects_at_start = guest_a->heap.objects;
	guest_a->budget.limit = guest_b->budget.limit = FIXTURE_PAGES;
	guest_a->budget.shares = guest_b->budget.shares = false;
	return 0;
}

/* Nothing of the guests may be left, and what is free must be clean (I6). */
int fixture_stop(void **state)
{
	static struct budget probe;

	(void)state;
	fixture_no_failures();
	while (versions_forget(guest_a) || versions_forget(guest_b))
		;
	assert_int_equal(guest_a->budget.used, pages_at_start);
	assert_int_equal(guest_b->budget.used, pages_at_start);
	assert_int_equal(guest_a->heap.objects, objects_at_start);
	assert_int_equal(guest_b->heap.objects, objects_at_start);
	guest_leave(guest_a);
	guest_leave(guest_b);
	probe = (struct budget){.limit = UINT32_MAX};
	for (const char *page; (page = page_alloc(&probe));) {
		for (size_t i = 0; i < PAGE_SIZE; i++)
			assert_int_equal(page[i], 0);
	}
	return 0;
}

uint32_t fixture_pages_used(void)
{
	struct page_totals totals;

	pages_totals(&totals);
	return totals.total - totals.free;
}

/* --- failures --- */

void fixture_no_failures(void)
{
	failures = (struct fixture_failures){0};
}

static bool fails_now(void)
{
	return ++failures.allocs == failures.alloc_at;
}

void *__real_page_alloc(struct budget *budget);
void *__wrap_page_alloc(struct budget *budget);
void *__wrap_page_alloc(struct budget *budget)
{
	return fails_now() ? NULL : __real_page_alloc(budget);
}

void *__real_heap_alloc(struct heap *heap, size_t size);
void *__wrap_heap_alloc(struct heap *heap, size_t size);
void *__wrap_heap_alloc(struct heap *heap, size_t size)
{
	return fails_now() ? NULL : __real_heap_alloc(heap, size);
}

TEE_Result __real_arch_aspace_map(struct arch_aspace *as, uaddr_t va, paddr_t pa, unsigned prot);
TEE_Result __wrap_arch_aspace_map(struct arch_aspace *as, uaddr_t va, paddr_t pa, unsigned prot);
TEE_Result __wrap_arch_aspace_map(struct arch_aspace *as, uaddr_t va, paddr_t pa, unsigned prot)
{
	return fails_now() ? TEE_ERROR_OUT_OF_MEMORY : __real_arch_aspace_map(as, va, pa, prot);
}

bool __real_page_transfer(void *page, struct budget *from, struct budget *to);
bool __wrap_page_transfer(void *page, struct budget *from, struct budget *to);
bool __wrap_page_transfer(void *page, struct budget *from, struct budget *to)
{
	failures.transfers++;
	if (failures.transfer_at && failures.transfers >= failures.transfer_at)
		return false;
	return __real_page_transfer(page, from, to);
}

void (*fixture_on_poll)(void);

TEE_Result __wrap_call_poll(void);
TEE_Result __wrap_call_poll(void)
{
	void (*hook)(void) = fixture_on_poll;

	failures.polls++;
	fixture_on_poll = NULL;
	if (hook)
		hook();
	if (failures.poll_at && failures.polls >= failures.poll_at)
		return TEE_ERROR_TARGET_DEAD;
	return TEE_SUCCESS;
}

unsigned fixture_fail_each(TEE_Result (*body)(void), unsigned *at, unsigned *count,
			   TEE_Result error)
{
	uint32_t used = fixture_pages_used();

	for (unsigned n = 1;; n++) {
		fixture_no_failures();
		*at = n;
		TEE_Result res = body();
		bool reached = *count >= n;
		fixture_no_failures();
		if (!reached) {
			assert_int_equal(res, TEE_SUCCESS);
			return n - 1;
		}
		/* A failure that was got over would be a surprise, too. */
		assert_int_equal(res, error);
		assert_int_equal(fixture_pages_used(), used);
	}
}

/* --- files --- */

static unsigned hex(const char *text, unsigned digits)
{
	char copy[9] = {0};

	memcpy(copy, text, digits);
	return strtoul(copy, NULL, 16);
}

void uuid_from_text(struct uuid *uuid, const char *text)
{
	uuid->time_low = hex(text, 8);
	uuid->time_mid = hex(text + 9, 4);
	uuid->time_hi_and_version = hex(text + 14, 4);
	for (unsigned i = 0; i < 2; i++)
		uuid->clock_seq_and_node[i] = hex(text + 19 + 2 * i, 2);
	for (unsigned i = 0; i < 6; i++)
		uuid->clock_seq_and_node[2 + i] = hex(text + 24 + 2 * i, 2);
}

uint8_t *fixture_read_file(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	struct stat st;

	if (!f || fstat(fileno(f), &st))
		fail_msg("cannot read %s", path);
	uint8_t *data = malloc(st.st_size);
	*size = fread(data, 1, st.st_size, f);
	fclose(f);
	return data;
}

static void add_folder(const char *folder)
{
	DIR *dir = opendir(folder);

	if (!dir)
		fail_msg("no trusted apps in %s: packages are not unpacked", folder);
	for (struct dirent *entry; (entry = readdir(dir));) {
		struct ta_file *f = &ta_files[ta_file_count];

		if (strlen(entry->d_name) != 39 || strcmp(entry->d_name + 36, ".ta") != 0)
			continue;
		assert_true(ta_file_count < array_count(ta_files));
		snprintf(f->path, sizeof(f->path), "%s/%s", folder, entry->d_name);
		uuid_from_text(&f->uuid, entry->d_name);
		f->data = fixture_read_file(f->path, &f->size);
		ta_file_count++;
	}
	closedir(dir);
}

__attribute__((constructor)) static void find_files(void)
{
	add_folder(TEST_TA_DIR);
	add_folder(KIT_TA_DIR);
}

__attribute__((destructor)) static void free_files(void)
{
	while (ta_file_count > 0)
		free(ta_files[--ta_file_count].data);
}

const struct ta_file *ta_file(const char *prefix)
{
	for (size_t i = 0; i < ta_file_count; i++) {
		if (strncmp(strrchr(ta_files[i].path, '/') + 1, prefix, strlen(prefix)) == 0)
			return &ta_files[i];
	}
	fail_msg("no trusted app %s", prefix);
	return NULL;
}

size_t ta_elf_offset(const struct ta_file *f)
{
	const char *name = strrchr(f->path, '/') + 1;

	if (!strncmp(name, "5c206987", 8))
		return 0x6b0;
	return strncmp(name, "a720ccbb", 8) ? TA_ELF_OFFSET : 0x3bc;
}

uint8_t *sign_ta(const void *elf, size_t size, const char *options, size_t *signed_size)
{
	char in[] = "/tmp/tenon-sign-XXXXXX", out[64], command[1024];
	int fd = mkstemp(in);

	assert_true(fd >= 0 && write(fd, elf, size) == (ssize_t)size);
	close(fd);
	snprintf(out, sizeof(out), "%s.ta", in);
	snprintf(command, sizeof(command), "python3 %s %s/../keys/default_ta.pem %s %s %s", TA_SIGN,
		 KIT_TA_DIR, in, out, options);
	if (system(command) != 0)
		fail_msg("%s", command);
	uint8_t *data = fixture_read_file(out, signed_size);
	unlink(in);
	unlink(out);
	return data;
}

/* --- shorthands --- */

TEE_Result load_image(struct guest *guest, const void *file, size_t size, const struct uuid *uuid,
		      struct image **image)
{
	struct image_stage *stage;
	TEE_Result res = image_stage_begin(guest, size, &stage);

	if (res)
		return res;
	res = image_stage_write(stage, file, size);
	if (res) {
		image_stage_drop(stage);
		return res;
	}
	return image_stage_finish(stage, uuid, image);
}

void elf_copy_make(struct elf_copy *copy, const void *data, size_t size)
{
	page_list_init(&copy->pages, &guest_a->heap);
	copy->file = (struct elf_file){&copy->pages, size};
	for (size_t done = 0; done < size; done += PAGE_SIZE) {
		char *page = page_alloc(&guest_a->budget);

		assert_non_null(page);
		memcpy(page, (const char *)data + done, min(size - done, PAGE_SIZE));
		assert_int_equal(page_list_append(&copy->pages, page, size / PAGE_SIZE),
				 TEE_SUCCESS);
	}
}

void elf_copy_drop(struct elf_copy *copy)
{
	while (copy->pages.count > 0)
		page_free(&guest_a->budget, page_list_pop(&copy->pages));
}

TEE_Result load_alone(const struct elf_file *file, const struct elf *elf, struct uaspace *as,
		      struct elf_instance *instance)
{
	struct elf_module module = {.file = file, .elf = elf};
	struct elf_modules modules = {.count = 1};

	list_init(&modules.list);
	list_insert(&modules.list, &module.link);
	TEE_Result res = elf_load(as, &modules, &module);
	if (!res)
		res = elf_map_stack(as, elf, &instance->stack_top);
	instance->load_address = module.base;
	instance->entry = module.base + elf->entry;
	return res;
}
