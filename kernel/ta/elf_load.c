/* SPDX-License-Identifier: BSD-2-Clause */
/* Building an instance, or more of it, from decoded files. */
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/ta/elf_decode.h"

/* What a thread's variables begin with at TPIDR_EL0 (TA-038). */
#define TCB_SIZE 16

struct loader {
	struct uaspace *as;
	struct elf_modules *modules;
	struct uaspace_region *resolver; /* new ones, … */
	struct uaspace_region *table;    /* … to be removed should loading fail */
	/* The page that was written last: relocations come in order. */
	uint64_t page_va;
	char *page;
	uint32_t steps;
};

static struct elf_module *module_of(const struct list *node)
{
	return list_entry(node, struct elf_module, link);
}

/* From first to the end of the list. */
#define for_each_from(node, first, modules)                                                        \
	for (struct list *node = &(first)->link; node != &(modules)->list; node = node->next)

/* --- writing -------------------------------------------------------------------------------------
 */

/*
 * Polls after a search: relocations may go from page to page, and an app may have hundreds of
 * regions (I7).
 */
static TEE_Result page_to_write(struct loader *l, uint64_t page_va, char **page)
{
	if (!l->page || l->page_va != page_va) {
		const struct uaspace_region *r = uaspace_find(l->as, page_va);
		bool is_ours =
			r && ((r->kind == UASPACE_SEGMENT && (r->prot & PROT_W)) || r == l->table);
		if (!is_ours)
			return TEE_ERROR_BAD_FORMAT;
		l->page_va = page_va;
		l->page = uaspace_page(r, (page_va - r->va) >> PAGE_SHIFT);
		TEE_Result res = elf_step(&l->steps, ELF_BATCH);
		if (res)
			return res;
	}
	*page = l->page;
	return TEE_SUCCESS;
}

/*
 * Writes up to a page into a writable segment or the loader's own pages, at an address that may be
 * unaligned. All or nothing: both pages are found before anything is written, because in between
 * the guest may turn out to be dying.
 */
static TEE_Result put(struct loader *l, uint64_t va, const void *data, size_t size)
{
	size_t piece = min(size, PAGE_SIZE - (size_t)(va & PAGE_MASK));
	char *first, *second = NULL;
	TEE_Result res = page_to_write(l, va & ~PAGE_MASK, &first);

	if (!res && piece < size)
		res = page_to_write(l, (va & ~PAGE_MASK) + PAGE_SIZE, &second);
	if (res)
		return res;
	memcpy(first + (va & PAGE_MASK), data, piece);
	if (second)
		memcpy(second, (const char *)data + piece, size - piece);
	return TEE_SUCCESS;
}

/* --- symbols -------------------------------------------------------------------------------------
 */

/*
 * The definition that a symbol of m stands for: m itself for what others cannot see, and for
 * absolute references to what it has itself (own); else the first in load order. None: the symbol
 * is weak.
 */
static TEE_Result resolve(struct loader *l, const struct elf_module *m, const struct elf_sym *sym,
			  bool own, struct elf_found *found)
{
	bool is_defined = sym->shndx != SHN_UNDEF;
	struct elf_name name;

	if (is_defined && (own || sym->info >> 4 == STB_LOCAL)) {
		*found = (struct elf_found){m, *sym};
		return TEE_SUCCESS;
	}
	TEE_Result res = elf_name_of(m, sym, &l->steps, &name);
	if (!res)
		res = elf_lookup(l->modules, &name, (sym->info & 15) == STT_TLS, &l->steps, found);
	if (res || found->module)
		return res;
	if (is_defined)
		*found = (struct elf_found){m, *sym};
	return is_defined || sym->info >> 4 == STB_WEAK ? TEE_SUCCESS : TEE_ERROR_BAD_FORMAT;
}

static TEE_Result symbol_value(struct loader *l, const struct elf_module *m, uint32_t index,
			       bool own, uint64_t *value)
{
	struct elf_found found;
	struct elf_sym sym;

	if (!elf_read_symbol(m->file, m->elf, index, &sym))
		return TEE_ERROR_BAD_FORMAT;
	TEE_Result res = resolve(l, m, &sym, own, &found);
	if (!res)
		*value = found.module ? elf_value(found.module, &found.sym) : 0;
	return res;
}

/* How far from TPIDR_EL0 a thread's variable is; 0 for a weak one that nobody has. */
static TEE_Result tls_offset(struct loader *l, const struct elf_module *m, uint32_t index,
			     uint64_t *offset)
{
	struct elf_found found;
	struct elf_sym sym;

	if (index == 0) {
		*offset = m->tls_offset;
		return TEE_SUCCESS;
	}
	if (!elf_read_symbol(m->file, m->elf, index, &sym))
		return TEE_ERROR_BAD_FORMAT;
	TEE_Result res = resolve(l, m, &sym, false, &found);
	if (res)
		return res;
	if (found.module && !found.module->elf->has_tls)
		return TEE_ERROR_BAD_FORMAT;
	*offset = found.module ? found.module->tls_offset + found.sym.value : 0;
	return TEE_SUCCESS;
}

/* --- thread-local storage ------------------------------------------------------------------------
 */

/* Numbers and places in load order; those of modules that are there already come out the same. */
static void place_tls(struct elf_modules *modules)
{
	uint64_t offset = TCB_SIZE;
	uint32_t id = 0;

	list_for_each (node, &modules->list) {
		struct elf_module *m = module_of(node);
		if (!m->elf->has_tls)
			continue;
		m->tls_id = ++id;
		m->tls_offset = offset;
		offset += m->elf->tls_size;
	}
}

/* What a TLS descriptor calls, with its own address in x0: the offset is its second word. */
static const uint32_t resolver_code[] = {
	0xd503245f, /* bti c */
	0xf9400400, /* ldr x0, [x0, #8] */
	0xd65f03c0, /* ret */
};

static void fill_resolver(const void *object, size_t index, void *page)
{
	(void)object;
	(void)index;
	memcpy(page, resolver_code, sizeof(resolver_code));
}

/* A page of code, for instances that have TLS descriptors only. */
static TEE_Result need_resolver(struct loader *l)
{
	static const struct page_filler filler = {fill_resolver, NULL};
	uint64_t va;

	if (l->modules->resolver)
		return TEE_SUCCESS;
	TEE_Result res = uaspace_find_room(l->as, 1, &va);
	if (!res)
		res = uaspace_add_own(l->as, va, 1, PROT_R | PROT_X, UASPACE_LOADER, &filler,
				      &l->resolver);
	if (!res)
		l->modules->resolver = va;
	return res;
}

static TEE_Result put_descriptor(struct loader *l, uint64_t va, uint64_t offset)
{
	TEE_Result res = need_resolver(l);
	uint64_t words[2] = {l->modules->resolver, offset};

	return res ? res : put(l, va, words, sizeof(words));
}

/* --- relocation ----------------------------------------------------------------------------------
 */

static TEE_Result apply(struct loader *l, const struct elf_module *m,
			const struct elf_rela_entry *r)
{
	TEE_Result res = TEE_SUCCESS;
	uint64_t value = m->base;

	switch (r->type) {
	case R_AARCH64_NONE:
	case R_AARCH64_NONE_2:
		return TEE_SUCCESS;
	case R_AARCH64_RELATIVE:
		break;
	case R_AARCH64_ABS64:
	case R_AARCH64_GLOB_DAT:
	case R_AARCH64_JUMP_SLOT:
		res = symbol_value(l, m, r->symbol, r->type == R_AARCH64_ABS64, &value);
		break;
	case R_AARCH64_TLS_TPREL64:
	case R_AARCH64_TLSDESC:
		res = tls_offset(l, m, r->symbol, &value);
		break;
	default:
		return TEE_ERROR_BAD_FORMAT;
	}
	if (res)
		return res;
	value += (uint64_t)r->addend;
	if (r->type == R_AARCH64_TLSDESC)
		return put_descriptor(l, m->base + r->offset, value);
	return put(l, m->base + r->offset, &value, sizeof(value));
}

static TEE_Result relocate_section(struct loader *l, const struct elf_module *m,
				   const struct elf_rela *rela)
{
	struct elf_rela_entry r;

	for (uint32_t i = 0; i < rela->count; i++) {
		TEE_Result res = TEE_ERROR_BAD_FORMAT;

		if (elf_read(m->file, rela->offset + (uint64_t)i * sizeof(r), &r, sizeof(r)))
			res = apply(l, m, &r);
		if (!res)
			res = elf_step(&l->steps, 1);
		if (res)
			return res;
	}
	return TEE_SUCCESS;
}

static TEE_Result relocate(struct loader *l, const struct elf_module *m)
{
	TEE_Result res = TEE_SUCCESS;

	for (uint32_t i = 0; !res && i < m->elf->rela_count; i++)
		res = relocate_section(l, m, &m->elf->relas[i]);
	return res;
}

/* --- what the app's run-time library looks for ---------------------------------------------------
 */

/* Bytes of a module in the loader's pages besides its entry in the table. */
static uint64_t extras_size(const struct elf_module *m)
{
	return m->elf->phdr_count * sizeof(struct elf_phdr) + round_up(m->elf->soname_size, 8);
}

/*
 * Pages of the loader's own, read-only for the app: the table of all modules, then program headers
 * and names of the new ones. Earlier pages stay, so that what the app found there remains true.
 */
static TEE_Result map_table(struct loader *l, struct elf_module *first)
{
	uint64_t size = l->modules->count * sizeof(struct dl_phdr_info), va;

	for_each_from(node, first, l->modules) size += extras_size(module_of(node));
	size_t pages = round_up(size, PAGE_SIZE) >> PAGE_SHIFT;
	TEE_Result res = uaspace_find_room(l->as, pages, &va);
	if (!res)
		res = uaspace_add_own(l->as, va, pages, PROT_R, UASPACE_LOADER, NULL, &l->table);
	return res;
}

/* Copies a piece of the module's file into the loader's pages. Each part is a step. */
static TEE_Result put_from_file(struct loader *l, const struct elf_module *m, uint64_t va,
				uint64_t offset, size_t size)
{
	char bytes[ELF_SONAME_MAX];
	TEE_Result res = TEE_SUCCESS;

	for (size_t done = 0; !res && done < size; done += sizeof(bytes)) {
		size_t piece = min(size - done, sizeof(bytes));

		if (!elf_read(m->file, offset + done, bytes, piece))
			return TEE_ERROR_BAD_FORMAT;
		res = put(l, va + done, bytes, piece);
		if (!res)
			res = elf_step(&l->steps, 1);
	}
	return res;
}

static TEE_Result put_extras(struct loader *l, struct elf_module *m, uint64_t va)
{
	size_t phdrs_size = m->elf->phdr_count * sizeof(struct elf_phdr);
	TEE_Result res = put_from_file(l, m, va, m->elf->phdrs_offset, phdrs_size);

	m->phdrs = va;
	m->name = m->elf->soname_size ? va + phdrs_size : 0;
	if (!res && m->name)
		res = put_from_file(l, m, m->name, m->elf->soname_offset, m->elf->soname_size);
	return res;
}

static TEE_Result put_entry(struct loader *l, const struct elf_module *m, uint64_t va,
			    uint64_t empty_name)
{
	const struct dl_phdr_info info = {
		.dlpi_addr = m->base,
		.dlpi_name = m->name ? m->name : empty_name,
		.dlpi_phdr = m->phdrs,
		.dlpi_phnum = m->elf->phdr_count,
		.dlpi_adds = l->modules->count,
		.dlpi_tls_modid = m->tls_id,
	};

	return put(l, va, &info, sizeof(info));
}

static TEE_Result fill_table(struct loader *l, struct elf_module *first, uint64_t empty_name)
{
	uint64_t entry = l->table->va;
	uint64_t extras = entry + l->modules->count * sizeof(struct dl_phdr_info);
	TEE_Result res = TEE_SUCCESS;

	for_each_from(node, first, l->modules)
	{
		struct elf_module *m = module_of(node);
		if (!res)
			res = put_extras(l, m, extras);
		extras += extras_size(m);
	}
	list_for_each (node, &l->modules->list) {
		if (!res)
			res = put_entry(l, module_of(node), entry, empty_name);
		entry += sizeof(struct dl_phdr_info);
	}
	return res;
}

/* Address of the __elf_phdr_info that the app uses: the first in load order. 0: none, an old
 * run-time library. */
static uint64_t find_phdr_info(const struct elf_modules *modules)
{
	list_for_each (node, &modules->list) {
		const struct elf_module *m = module_of(node);
		if (m->elf->has_phdr_info)
			return m->base + m->elf->phdr_info;
	}
	return 0;
}

/* Last of all, and at once: the app sees the table when it is complete. */
static TEE_Result publish(struct loader *l, struct elf_module *first)
{
	uint64_t va = find_phdr_info(l->modules);
	TEE_Result res;

	if (!va)
		return TEE_SUCCESS;
	res = map_table(l, first);
	/* No name: the empty string inside __elf_phdr_info. */
	if (!res)
		res = fill_table(l, first, va + offsetof(struct elf_phdr_info, zero));
	if (res)
		return res;
	const struct elf_phdr_info info = {.count = l->modules->count, .dlpi = l->table->va};
	return put(l, va, &info, sizeof(info));
}

/* Steps of relocation that have not been polled after yet do not add to what comes then (I7). */
static TEE_Result load(struct loader *l, struct elf_module *first)
{
	TEE_Result res = TEE_SUCCESS;

	for_each_from(node, first, l->modules)
	{
		if (!res)
			res = elf_map(l->as, module_of(node));
	}
	place_tls(l->modules);
	for_each_from(node, first, l->modules)
	{
		if (!res)
			res = relocate(l, module_of(node));
	}
	if (!res)
		res = call_poll();
	return res ? res : publish(l, first);
}

TEE_Result elf_load(struct uaspace *as, struct elf_modules *modules, struct elf_module *first)
{
	struct loader l = {.as = as, .modules = modules};
	TEE_Result res = load(&l, first);

	if (!res)
		return TEE_SUCCESS;
	for_each_from(node, first, modules) elf_unmap(as, module_of(node));
	uaspace_remove(as, l.table);
	uaspace_remove(as, l.resolver);
	if (l.resolver)
		modules->resolver = 0;
	return res;
}
