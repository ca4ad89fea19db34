/* SPDX-License-Identifier: BSD-2-Clause */
/* Decoding: the libraries a file needs, its name, its thread-local storage and its properties. */
#include "kernel/lib/string.h"
#include "kernel/ta/elf_decode.h"

#define UUID_TEXT 36 /* characters of its text form */

/* --- names ---------------------------------------------------------------------------------------
 */

/* The value of a hexadecimal digit, or -1. */
static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool uuid_from_text(struct uuid *uuid, const char text[UUID_TEXT])
{
	uint8_t octets[16] = {0};
	unsigned digits = 0;

	for (unsigned i = 0; i < UUID_TEXT; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (text[i] != '-')
				return false;
			continue;
		}
		int value = digit(text[i]);
		if (value < 0)
			return false;
		octets[digits / 2] = octets[digits / 2] << 4 | value;
		digits++;
	}
	*uuid = (struct uuid){
		.time_low =
			(uint32_t)octets[0] << 24 | octets[1] << 16 | octets[2] << 8 | octets[3],
		.time_mid = octets[4] << 8 | octets[5],
		.time_hi_and_version = octets[6] << 8 | octets[7],
	};
	memcpy(uuid->clock_seq_and_node, octets + 8, 8);
	return true;
}

/* A library is named by its UUID (TA-032). */
static TEE_Result add_needed(struct elf_decoder *d, uint64_t name)
{
	struct elf *elf = d->elf;
	char text[UUID_TEXT + 1];

	if (elf->needed_count == ELF_NEEDED_MAX || name >= elf->strings_size ||
	    sizeof(text) > elf->strings_size - name)
		return TEE_ERROR_BAD_FORMAT;
	if (!elf_read(d->file, elf->strings_offset + name, text, sizeof(text)) ||
	    text[UUID_TEXT] != 0 || !uuid_from_text(&elf->needed[elf->needed_count], text))
		return TEE_ERROR_BAD_FORMAT;
	elf->needed_count++;
	return TEE_SUCCESS;
}

static TEE_Result set_soname(struct elf_decoder *d, uint64_t name)
{
	struct elf *elf = d->elf;
	char text[ELF_SONAME_MAX];

	if (elf->soname_size > 0 || name >= elf->strings_size)
		return TEE_ERROR_BAD_FORMAT;
	size_t room = min(elf->strings_size - name, (uint64_t)sizeof(text));
	if (!elf_read(d->file, elf->strings_offset + name, text, room))
		return TEE_ERROR_BAD_FORMAT;
	for (size_t i = 0; i < room; i++) {
		if (text[i] == 0) {
			elf->soname_offset = elf->strings_offset + name;
			elf->soname_size = i + 1;
			return TEE_SUCCESS;
		}
	}
	return TEE_ERROR_BAD_FORMAT;
}

/* Relocations are not looked for here: DT_RELASZ does not tell the truth about them (TA-025). */
TEE_Result elf_decode_dynamic(struct elf_decoder *d)
{
	struct elf_dyn dyn;

	for (uint64_t at = 0; d->dynamic.filesz - at >= sizeof(dyn); at += sizeof(dyn)) {
		TEE_Result res = TEE_SUCCESS;

		if (!elf_read(d->file, d->dynamic.offset + at, &dyn, sizeof(dyn)))
			return TEE_ERROR_BAD_FORMAT;
		if (dyn.tag == DT_NULL)
			return TEE_SUCCESS;
		if (dyn.tag == DT_NEEDED)
			res = add_needed(d, dyn.value);
		else if (dyn.tag == DT_SONAME)
			res = set_soname(d, dyn.value);
		if (!res)
			res = elf_step(&d->steps, 1);
		if (res)
			return res;
	}
	return TEE_SUCCESS;
}

/* --- program headers of less common files --------------------------------------------------------
 */

/* The app's own run-time library makes the block and copies what it begins with; only the sizes
 * matter here. */
TEE_Result elf_decode_tls(struct elf_decoder *d, const struct elf_phdr *p)
{
	if (d->elf->has_tls || p->memsz > ELF_WINDOW || p->filesz > p->memsz)
		return TEE_ERROR_BAD_FORMAT;
	d->elf->has_tls = true;
	d->elf->tls_size = p->memsz;
	return TEE_SUCCESS;
}

/* One property: its type, the size of its value, and a value that is padded to 8 bytes. */
struct property {
	uint32_t type;
	uint32_t size;
	uint32_t value;
	uint32_t padding;
};

/* Whatever is no note that is understood promises nothing (TA-153). */
TEE_Result elf_decode_property(struct elf_decoder *d, const struct elf_phdr *p)
{
	struct elf_note note;
	struct property property;

	if (p->filesz < sizeof(note) || !elf_is_in_file(d->file, p->offset, p->filesz) ||
	    !elf_read(d->file, p->offset, &note, sizeof(note)))
		return TEE_SUCCESS;
	bool is_known = note.type == NT_GNU_PROPERTY_TYPE_0 && note.name_size == 4 &&
			memcmp(note.name, "GNU", 4) == 0;
	if (!is_known || note.desc_size > p->filesz - sizeof(note))
		return TEE_SUCCESS;
	for (uint64_t at = 0; note.desc_size - at >= sizeof(property);) {
		if (!elf_read(d->file, p->offset + sizeof(note) + at, &property, sizeof(property)))
			return TEE_SUCCESS;
		if (property.type == GNU_PROPERTY_AARCH64_FEATURE_1_AND && property.size == 4)
			d->elf->has_bti = property.value & GNU_PROPERTY_AARCH64_FEATURE_1_BTI;
		at += 8 + round_up((uint64_t)property.size, 8);
		if (at > note.desc_size)
			return TEE_SUCCESS;
		TEE_Result res = elf_step(&d->steps, 1);
		if (res)
			return res;
	}
	return TEE_SUCCESS;
}
