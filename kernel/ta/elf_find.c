/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking symbols up by name, in modules that were decoded (trusted-app ABI §2.3). */
#include "kernel/lib/string.h"
#include "kernel/ta/elf_decode.h"

/* Bytes of a name that are looked at together; to hash them is more work than other steps. */
#define PIECE      64
#define HASH_STEPS 2

/* Adds the next bytes of a name to its hash, up to its end. True: the end was there. */
static bool hash_piece(struct elf_name *name, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] == 0)
			return true;
		name->hash = name->hash * 33 + (uint8_t)bytes[i];
		name->size++;
	}
	return false;
}

TEE_Result elf_name_of(const struct elf_module *m, const struct elf_sym *sym, uint32_t *steps,
		       struct elf_name *name)
{
	char bytes[PIECE];

	if (sym->name >= m->elf->strings_size)
		return TEE_ERROR_BAD_FORMAT;
	uint64_t room = min(m->elf->strings_size - sym->name, (uint64_t)ELF_NAME_MAX + 1);
	*name = (struct elf_name){
		.file = m->file, .offset = m->elf->strings_offset + sym->name, .hash = 5381};
	while (name->size < room) {
		size_t piece = min(room - name->size, (uint64_t)PIECE);

		if (!elf_read(m->file, name->offset + name->size, bytes, piece))
			return TEE_ERROR_BAD_FORMAT;
		if (hash_piece(name, bytes, piece))
			return TEE_SUCCESS;
		TEE_Result res = elf_step(steps, HASH_STEPS);
		if (res)
			return res;
	}
	return TEE_ERROR_BAD_FORMAT;
}

static bool read_name(const struct elf_name *name, size_t at, char *to, size_t size)
{
	if (name->file)
		return elf_read(name->file, name->offset + at, to, size);
	memcpy(to, name->text + at, size);
	return true;
}

/* A lookup in progress. */
struct lookup {
	const struct elf_module *module;
	const struct elf_name *name;
	bool tls;
	uint32_t *steps;
	struct elf_found *found;
};

/* Each piece is a step. */
static TEE_Result has_name(const struct lookup *l, const struct elf_sym *sym, bool *same)
{
	const struct elf *elf = l->module->elf;
	size_t size = l->name->size + 1; /* with the NUL */
	char ours[PIECE], theirs[PIECE];
	TEE_Result res = TEE_SUCCESS;

	*same = sym->name < elf->strings_size && size <= elf->strings_size - sym->name;
	for (size_t at = 0; *same && !res && at < size; at += PIECE) {
		size_t piece = min(size - at, (size_t)PIECE);

		*same = read_name(l->name, at, ours, piece) &&
			elf_read(l->module->file, elf->strings_offset + sym->name + at, theirs,
				 piece) &&
			memcmp(ours, theirs, piece) == 0;
		res = elf_step(l->steps, 1);
	}
	return res;
}

/* Is it symbol index? A GLOBAL definition goes before a WEAK one (TA-030). */
static TEE_Result try_symbol(const struct lookup *l, uint32_t index)
{
	struct elf_sym sym;

	if (!elf_read_symbol(l->module->file, l->module->elf, index, &sym))
		return TEE_ERROR_BAD_FORMAT;
	bool is_tls = (sym.info & 15) == STT_TLS;
	bool is_better = !l->found->module || sym.info >> 4 == STB_GLOBAL;
	bool same = elf_is_exported(&sym) && is_tls == l->tls && is_better;
	TEE_Result res = same ? has_name(l, &sym, &same) : TEE_SUCCESS;
	if (res)
		return res;
	if (same)
		*l->found = (struct elf_found){l->module, sym};
	return elf_step(l->steps, 1);
}

static bool is_final(const struct elf_found *found)
{
	return found->module && found->sym.info >> 4 == STB_GLOBAL;
}

static TEE_Result find_one_by_one(const struct lookup *l)
{
	TEE_Result res = TEE_SUCCESS;

	for (uint32_t i = 0; !res && !is_final(l->found) && i < l->module->elf->symbol_count; i++)
		res = try_symbol(l, i);
	return res;
}

/* May the module have it? Most lookups in modules that do not have the symbol end here. */
static bool passes_filter(const struct lookup *l)
{
	const struct elf_hash *hash = &l->module->elf->hash;
	uint32_t h = l->name->hash;
	uint64_t word;

	if (!elf_read(l->module->file,
		      hash->filter + (h / 64 & (hash->filter_words - 1)) * sizeof(word), &word,
		      sizeof(word)))
		return false;
	return word >> h % 64 & word >> (h >> hash->filter_shift) % 64 & 1;
}

static TEE_Result find_in_hash(const struct lookup *l)
{
	const struct elf *elf = l->module->elf;
	const struct elf_hash *hash = &elf->hash;
	uint32_t h = l->name->hash, index, entry;
	uint64_t bucket = hash->buckets + h % hash->bucket_count * sizeof(index);
	TEE_Result res = TEE_SUCCESS;

	if (!passes_filter(l) || !elf_read(l->module->file, bucket, &index, sizeof(index)))
		return TEE_SUCCESS;
	if (index < hash->first_symbol)
		return TEE_SUCCESS; /* an empty bucket */
	for (; !res && index < elf->symbol_count; index++) {
		uint64_t at = hash->chains + (uint64_t)(index - hash->first_symbol) * sizeof(entry);

		if (!elf_read(l->module->file, at, &entry, sizeof(entry)))
			return TEE_ERROR_BAD_FORMAT;
		if ((entry | 1) == (h | 1))
			res = try_symbol(l, index);
		else
			res = elf_step(l->steps, 1);
		if (is_final(l->found) || (entry & 1))
			break;
	}
	return res;
}

static TEE_Result find_in(const struct lookup *l)
{
	TEE_Result res = elf_step(l->steps, 1);

	if (res)
		return res;
	return l->module->elf->hash.bucket_count ? find_in_hash(l) : find_one_by_one(l);
}

TEE_Result elf_lookup(const struct elf_modules *modules, const struct elf_name *name, bool tls,
		      uint32_t *steps, struct elf_found *found)
{
	*found = (struct elf_found){0};
	list_for_each (node, &modules->list) {
		const struct elf_module *m = list_entry(node, struct elf_module, link);
		const struct lookup l = {m, name, tls, steps, found};
		TEE_Result res = find_in(&l);

		if (res || found->module)
			return res;
	}
	return TEE_SUCCESS;
}

uint64_t elf_value(const struct elf_module *m, const struct elf_sym *sym)
{
	return sym->shndx == SHN_ABS ? sym->value : m->base + sym->value;
}

/* The name in text, in pieces: a caller may choose a long one. ITEM_NOT_FOUND: it is too long. */
static TEE_Result name_of_text(const char *text, uint32_t *steps, struct elf_name *name)
{
	*name = (struct elf_name){.text = text, .hash = 5381};
	while (name->size <= ELF_NAME_MAX) {
		size_t piece = min((size_t)ELF_NAME_MAX + 1 - name->size, (size_t)PIECE);

		if (hash_piece(name, text + name->size, piece))
			return TEE_SUCCESS;
		TEE_Result res = elf_step(steps, HASH_STEPS);
		if (res)
			return res;
	}
	return TEE_ERROR_ITEM_NOT_FOUND;
}

TEE_Result elf_find(const struct elf_modules *modules, const struct elf_module *only,
		    const char *text, uint64_t *va)
{
	struct elf_found found = {0};
	struct elf_name name;
	uint32_t steps = 0;
	TEE_Result res = name_of_text(text, &steps, &name);

	if (res)
		return res;
	if (only) {
		const struct lookup l = {only, &name, false, &steps, &found};
		res = find_in(&l);
	} else {
		res = elf_lookup(modules, &name, false, &steps, &found);
	}
	if (res)
		return res;
	if (!found.module)
		return TEE_ERROR_ITEM_NOT_FOUND;
	*va = elf_value(found.module, &found.sym);
	return TEE_SUCCESS;
}
