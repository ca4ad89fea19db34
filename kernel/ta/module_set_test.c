/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/ta/module_set_test.h"

#include <string.h>

struct module_set set;
struct tiny_elf app, lib, other;

int set_start(void **state)
{
	fixture_start(state);
	memset(&set, 0, sizeof(set));
	list_init(&set.all.list);
	assert_int_equal(uaspace_init(&set.as, guest_b), TEE_SUCCESS);
	tiny_elf_make(&app);
	tiny_library_make(&lib);
	tiny_library_make(&other);
	return 0;
}

int set_stop(void **state)
{
	uaspace_destroy(&set.as);
	for (uint32_t i = 0; i < set.all.count; i++)
		elf_copy_drop(&set.copy[i]);
	return fixture_stop(state);
}

TEE_Result add(const void *data, size_t size)
{
	uint32_t i = set.all.count;

	elf_copy_make(&set.copy[i], data, size);
	TEE_Result res = elf_decode(&set.copy[i].file, &set.elf[i]);
	if (res) {
		elf_copy_drop(&set.copy[i]);
		return res;
	}
	set.module[i] = (struct elf_module){.file = &set.copy[i].file, .elf = &set.elf[i]};
	list_insert(&set.all.list, &set.module[i].link);
	set.all.count++;
	return TEE_SUCCESS;
}

void add_tiny(const struct tiny_elf *e)
{
	assert_int_equal(add(e, sizeof(*e)), TEE_SUCCESS);
}

void add_file(const char *prefix)
{
	const struct ta_file *f = ta_file(prefix);

	assert_int_equal(add(f->data + TA_ELF_OFFSET, f->size - TA_ELF_OFFSET), TEE_SUCCESS);
}

TEE_Result load_from(unsigned first)
{
	return elf_load(&set.as, &set.all, &set.module[first]);
}

void drop_last(void)
{
	set.all.count--;
	list_remove(&set.module[set.all.count].link);
	elf_copy_drop(&set.copy[set.all.count]);
}

void read_user(uint64_t va, void *to, size_t size)
{
	assert_int_equal(user_read(&set.as, to, uaddr(va), size, 0), TEE_SUCCESS);
}

uint64_t data_of(unsigned module, unsigned n)
{
	uint64_t word;

	read_user(set.module[module].base + TINY_DATA_VA + 8 * n, &word, sizeof(word));
	return word;
}

void relocate(struct tiny_elf *e, unsigned n, uint32_t type, uint32_t symbol, int64_t addend)
{
	unsigned i = TINY_FREE_RELA;

	while (e->relas[i].type != R_AARCH64_NONE)
		i++;
	e->relas[i] = (struct elf_rela_entry){TINY_DATA_VA + 8 * n, type, symbol, addend};
}

void define(struct tiny_elf *e, unsigned index, const char *name, unsigned binding, uint64_t offset)
{
	tiny_elf_symbol(e, index, name, binding, STT_FUNC, 1, TINY_CODE_VA + offset);
}

void import(struct tiny_elf *e, unsigned index, const char *name, unsigned binding)
{
	tiny_elf_symbol(e, index, name, binding, STT_NOTYPE, SHN_UNDEF, 0);
}

void give_tls(struct tiny_elf *e, uint64_t size)
{
	e->phdrs[3] = (struct elf_phdr){.type = PT_TLS, .flags = 4, .memsz = size, .align = 8};
}
