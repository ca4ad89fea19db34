/* SPDX-License-Identifier: BSD-2-Clause */
/* What a trusted app must not do, done on purpose: each of these ends it (TA-040, TA-049, TA-154).
 */
#include "probe.h"

#define GIGABYTE 0x40000000u

static const uint32_t return_instruction = 0xD65F03C0u;
static uint32_t data_word = 1;

static void __attribute__((noinline, noclone)) read_at(uint64_t address)
{
	(void)*(volatile uint8_t *)(uintptr_t)address;
}

static void __attribute__((noinline, noclone)) write_at(uint64_t address)
{
	*(volatile uint8_t *)(uintptr_t)address = 0;
}

static void __attribute__((noinline, noclone)) execute_at(uint64_t address)
{
	((void (*)(void))(uintptr_t)address)();
}

/* Ends in the page below the stack; the depth keeps the compiler from seeing that. */
static void __attribute__((noinline)) use_stack(volatile uint8_t *above, uint32_t depth)
{
	volatile uint8_t page[1024];

	page[0] = above[0];
	if (depth > 0)
		use_stack(page, depth - 1);
	above[0] = page[1];
}

/* Needs nothing but user mode to go wrong. */
static void commit_memory_fault(uint32_t kind, uint64_t stack)
{
	switch (kind) {
	case FAULT_READ_NULL:
		return read_at(0);
	case FAULT_READ_1:
		return read_at(1);
	case FAULT_READ_40000:
		return read_at(0x40000);
	case FAULT_EXECUTE_NULL:
		return execute_at(0);
	case FAULT_READ_FAR_STACK:
		return read_at(stack + GIGABYTE);
	case FAULT_WRITE_FAR_STACK:
		return write_at(stack + GIGABYTE);
	case FAULT_EXECUTE_FAR_STACK:
		return execute_at((stack + GIGABYTE) & ~(uint64_t)3);
	case FAULT_WRITE_CODE:
		return write_at((uint64_t)(uintptr_t)fault_commit);
	case FAULT_WRITE_CONSTANT:
		return write_at(address_of(&return_instruction));
	case FAULT_EXECUTE_DATA:
		data_word = return_instruction;
		return execute_at(address_of(&data_word));
	case FAULT_UNALIGNED_PC:
		return execute_at((uint64_t)(uintptr_t)no_landing_pad + 2);
	case FAULT_READ_KERNEL:
		return read_at(KERNEL_ADDRESS + 0x1000);
	case FAULT_READ_NONCANONICAL:
		return read_at(0x00FF000000000000u);
	case FAULT_WILD_JUMP:
		return execute_at(0x0001000000000000u);
	default:
		return;
	}
}

static void commit_system_fault(uint32_t kind)
{
	uint64_t value = 0;

	switch (kind) {
	case FAULT_BRK:
		__asm__ volatile("brk #0");
		break;
	case FAULT_BRK_1000:
		__asm__ volatile("brk #1000");
		break;
	case FAULT_UNDEFINED:
		__asm__ volatile("udf #7");
		break;
	case FAULT_READ_SYSTEM:
		__asm__ volatile("mrs %0, sctlr_el1" : "=r"(value));
		break;
	case FAULT_WRITE_SYSTEM:
		__asm__ volatile("msr vbar_el1, xzr");
		break;
	case FAULT_TLB:
		__asm__ volatile("tlbi vmalle1");
		break;
	case FAULT_HVC:
		__asm__ volatile(".inst 0xD4000002"); /* hvc #0 */
		break;
	case FAULT_SMC:
		__asm__ volatile(".inst 0xD4000003"); /* smc #0 */
		break;
	case FAULT_ERET:
		__asm__ volatile("eret");
		break;
	case FAULT_DAIF:
		__asm__ volatile("msr daifset, #2");
		break;
	case FAULT_CACHE:
		__asm__ volatile("dc isw, xzr");
		break;
	default:
		break;
	}
}

void fault_commit(uint32_t kind)
{
	uint32_t code[2] = {return_instruction, return_instruction};
	uint8_t here = 0;

	commit_memory_fault(kind, address_of(&here));
	commit_system_fault(kind);
	switch (kind) {
	case FAULT_EXECUTE_STACK:
		__asm__ volatile("" : : "r"(code) : "memory");
		execute_at(address_of(code));
		break;
	case FAULT_GUARD_PAGE:
		use_stack(&here, 1000);
		break;
	case FAULT_PANIC:
		TEE_Panic(FAULT_PANIC_CODE);
		break;
	case FAULT_PANIC_ZERO:
		TEE_Panic(0);
		break;
	default:
		break;
	}
}

/* Touches each word from here down to the bottom; with too_much, the one below it, too. */
void stack_use(bool too_much)
{
	volatile uint64_t *word = (uint64_t *)(uintptr_t)stack_of_app().low;

	for (; address_of(word) + 256 < address_of(&word); word++)
		*word = 0x5A5A5A5A5A5A5A5Au;
	if (too_much)
		*((volatile uint64_t *)(uintptr_t)stack_of_app().low - 1) = 0;
}
