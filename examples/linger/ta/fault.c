/* SPDX-License-Identifier: BSD-2-Clause */
/* What a trusted app must not do, done on purpose. */
#include <tee_internal_api.h>

#include "linger.h"
#include "linger_ta.h"

static void __attribute__((noinline)) use_stack(volatile uint8_t *before, uint32_t depth)
{
	volatile uint8_t page[4096];

	page[0] = before[0];
	if (depth > 0)
		use_stack(page, depth - 1);
	before[0] = page[1];
}

static void execute_data(void)
{
	static const uint32_t code = 0xD65F03C0u; /* ret */
	uint32_t *copy = TEE_Malloc(sizeof(code), TEE_MALLOC_FILL_ZERO);

	if (!copy)
		return;
	*copy = code;
	((void (*)(void))(uintptr_t)copy)();
}

void fault_commit(uint32_t kind)
{
	volatile uint32_t *where = NULL;
	uint8_t bottom = 0;

	__asm__ volatile("" : "+r"(where)); /* keep the compiler from knowing it is null */
	switch (kind) {
	case LINGER_FAULT_NULL_READ:
		(void)*where;
		break;
	case LINGER_FAULT_CODE_WRITE:
		*(volatile uint32_t *)(uintptr_t)fault_commit = 0;
		break;
	case LINGER_FAULT_DATA_EXECUTE:
		execute_data();
		break;
	case LINGER_FAULT_KERNEL_READ:
		(void)*(volatile uint32_t *)0xFFFFFFFFFFFF0000u;
		break;
	case LINGER_FAULT_WILD_JUMP:
		((void (*)(void))0x0001000000000000u)();
		break;
	case LINGER_FAULT_UNDEFINED:
		__asm__ volatile("udf #7");
		break;
	case LINGER_FAULT_STACK:
		use_stack(&bottom, 1024);
		break;
	case LINGER_FAULT_PRIVILEGED:
		__asm__ volatile("msr vbar_el1, xzr");
		break;
	default:
		break;
	}
}
