/* SPDX-License-Identifier: BSD-2-Clause */
/* The address space as the app finds it (section 2.8 of the contract). */
#include <link.h>

#include "probe.h"

#define READ      TEE_MEMORY_ACCESS_READ
#define WRITE     TEE_MEMORY_ACCESS_WRITE
#define ANY_OWNER TEE_MEMORY_ACCESS_ANY_OWNER
#define PAGE      4096u
#define GIGABYTE  0x40000000u

static const uint32_t constant[16] = {1};
static uint8_t bss[64];

static uint32_t rights(uint64_t flags, uint64_t address, uint64_t size)
{
	return sys(NR_CHECK_ACCESS, flags, address, size, 0, 0, 0, 0);
}

/* Bytes other than 0 from the end of a segment to the end of its last page. */
static uint32_t dirt_behind(uint64_t address)
{
	uint32_t dirt = 0;

	for (; address % PAGE; address++)
		dirt += *(const volatile uint8_t *)(uintptr_t)address != 0;
	return dirt;
}

struct segments {
	uint32_t modules;
	uint32_t loads;
	uint32_t dirt;
	uint32_t writable_code;
	uint32_t unreadable_headers;
};

static int look_at_module(struct dl_phdr_info *info, size_t size, void *data)
{
	struct segments *found = data;

	(void)size;
	found->modules++;
	found->unreadable_headers += rights(READ, address_of(info->dlpi_phdr),
					    info->dlpi_phnum * sizeof(info->dlpi_phdr[0])) != 0;
	for (uint32_t i = 0; i < info->dlpi_phnum; i++) {
		const Elf64_Phdr *p = &info->dlpi_phdr[i];

		if (p->p_type != PT_LOAD)
			continue;
		found->loads++;
		found->dirt += dirt_behind(info->dlpi_addr + p->p_vaddr + p->p_memsz);
		if (p->p_flags & PF_X)
			found->writable_code +=
				rights(WRITE, info->dlpi_addr + p->p_vaddr, p->p_memsz) == 0;
	}
	return 0;
}

static void check_unmapped(void)
{
	uint8_t here = 0;
	uint64_t low = stack_of_app().low;

	for (uint64_t address = 0; address <= 0x40000; address += PAGE) {
		if (rights(READ | ANY_OWNER, address, 1) != TEE_ERROR_ACCESS_DENIED)
			expect("TA-040", "nothing is mapped from 0 to 0x40000", 0, address);
	}
	expect("TA-040", "address 0 can't be read", TEE_ERROR_ACCESS_DENIED,
	       rights(READ | ANY_OWNER, 0, 1));
	expect("TA-040", "address 0x40000 can't be read", TEE_ERROR_ACCESS_DENIED,
	       rights(READ | ANY_OWNER, 0x40000, 1));
	expect("TA-040", "stack + 1 GiB can't be read", TEE_ERROR_ACCESS_DENIED,
	       rights(READ | ANY_OWNER, address_of(&here) + GIGABYTE, 1));
	expect("TA-035", "the lowest byte of the stack is ours", 0, rights(READ | WRITE, low, 1));
	/* the peer has something below that can be read but not written */
	expect_either("TA-035", "a guard page lies below the stack", TEE_ERROR_ACCESS_DENIED, 0,
		      rights(READ | ANY_OWNER, low - 1, 1));
}

void check_memory(TEE_Param p[TEE_NUM_PARAMS])
{
	struct segments found = {0};

	(void)p;
	check_unmapped();
	dl_iterate_phdr(look_at_module, &found);
	expect("TA-036", "the app's own module is in __elf_phdr_info", 1, found.modules);
	expect("TA-036", "its program headers can be read", 0, found.unreadable_headers);
	expect("TA-041", "it has two loaded segments", 2, found.loads);
	expect("TA-041", "pages behind the ends of segments are zero", 0, found.dirt);
	expect("TA-023", "code can't be written", 0, found.writable_code);
	expect("TA-153", "a branch to code without a landing pad", 42,
	       ((uint32_t(*volatile)(void))no_landing_pad)());
}

void check_zero(TEE_Param p[TEE_NUM_PARAMS])
{
	(void)p;
	expect("TA-041", "bss and unused stack were zero at creation", 0, dirt_at_creation());
}

void check_rights(TEE_Param p[TEE_NUM_PARAMS])
{
	const uint64_t in = address_of(p[1].memref.buffer);
	const uint64_t inout = address_of(p[2].memref.buffer);
	const uint32_t denied = TEE_ERROR_ACCESS_DENIED;
	const uint64_t secure = 0x20000000u, nonsecure = 0x10000000u;
	uint64_t on_stack = 0;
	uint8_t *heap = TEE_Malloc(64, TEE_MALLOC_FILL_ZERO);

	expect("TA-092", "a constant can be read", 0, rights(READ, address_of(constant), 64));
	expect("TA-092", "a constant can't be written", denied,
	       rights(WRITE, address_of(constant), 64));
	expect("TA-092", "a constant can't be read and written", denied,
	       rights(READ | WRITE | ANY_OWNER, address_of(constant), 64));
	expect("TA-092", "the stack can be written", 0,
	       rights(READ | WRITE, address_of(&on_stack), 8));
	expect("TA-092", "the heap can be written", 0, rights(READ | WRITE, address_of(heap), 64));
	expect("TA-092", "bss can be written", 0, rights(READ | WRITE, address_of(bss), 64));
	expect("TA-092", "code can be read", 0, rights(READ, (uint64_t)(uintptr_t)check_rights, 4));
	expect("TA-092", "client memory is not private", denied, rights(READ, in, 16));
	expect("TA-092", "client memory can be read", 0, rights(READ | ANY_OWNER, in, 16));
	expect("TA-092", "client memory that is inout can be written", 0,
	       rights(READ | WRITE | ANY_OWNER, inout, 16));
	expect("TA-092", "client memory is non-secure", 0,
	       rights(READ | ANY_OWNER | nonsecure, inout, 16));
	expect("TA-092", "client memory is not secure", denied,
	       rights(READ | ANY_OWNER | secure, inout, 16));
	expect("TA-092", "the stack is secure", 0, rights(READ | secure, address_of(&on_stack), 8));
	expect("TA-092", "the stack is not non-secure", denied,
	       rights(READ | nonsecure, address_of(&on_stack), 8));
	expect("TA-092", "secure and non-secure at once is nothing", denied,
	       rights(READ | secure | nonsecure, address_of(&on_stack), 8));
	expect("TA-092", "no right at all is asked for: mapped is enough", 0,
	       rights(ANY_OWNER, address_of(bss), 1));
	/* the peer checks the address of an empty range; its runtime never asks about one */
	expect_either("TA-064", "an empty range may be anywhere", 0, denied, rights(READ, 1, 0));
	expect_either("TA-064", "an empty range may be in the kernel", 0, denied,
		      rights(READ | WRITE, KERNEL_ADDRESS, 0));
	expect("TA-064", "a range may not wrap around", denied,
	       rights(READ | ANY_OWNER, ~(uint64_t)7, 64));
	expect("TA-064", "a size may not wrap around", denied,
	       rights(READ, address_of(bss), ~(uint64_t)0));
	expect("TA-064", "kernel addresses are not ours", denied,
	       rights(READ | ANY_OWNER, KERNEL_ADDRESS, 8));
	expect("TA-064", "nor are the kernel's low addresses", denied,
	       rights(READ | ANY_OWNER, 0x0e100000, 8));
	expect("TA-060", "garbage above 32-bit flags is not looked at", 0,
	       rights(0xABCD000000000000u | READ, address_of(constant), 64));
	expect("TA-060", "nor does it grant anything", denied,
	       rights(0xFFFFFFFF00000000u | WRITE, address_of(constant), 64));
	TEE_Free(heap);
}
