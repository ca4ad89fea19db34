/* SPDX-License-Identifier: BSD-2-Clause */
/* Bad pointers in each system call (section 3.3 of the contract). */
#include "probe.h"

#define DENIED TEE_ERROR_ACCESS_DENIED
#define APP    0xFFFFFFFFu /* its own properties */

static const uint64_t constant[16] = {1};

/* Addresses that no call may read or write: the app would not die of a small difference, but of a
 * fault. */
static uint64_t bad_address(uint32_t kind)
{
	static uint64_t word;

	switch (kind) {
	case 0:
		return 1;
	case 1:
		return 0x40000;
	case 2:
		return KERNEL_ADDRESS;
	case 3:
		return ~(uint64_t)3; /* wraps around */
	case 4:
		return 0x0e100000; /* secure memory, if the kernel were mapped where it lies */
	case 5:
		return 0x0000800000000000u; /* behind the largest user space */
	case 6:
		return stack_of_app().low - 2; /* into the guard page and out of it */
	default:
		return address_of(&word) + 0x40000000u;
	}
}

#define KINDS 8u

uint32_t others(uint32_t code, uint64_t number, int n, const uint64_t args[8])
{
	uint32_t other = 0;

	for (uint32_t kind = 0; kind < KINDS; kind++) {
		uint64_t with[8], out[19];

		for (int i = 0; i < 8; i++)
			with[i] = i == n ? bad_address(kind) : args[i];
		raw_svc(number, with, out);
		other += (uint32_t)out[0] != code;
	}
	return other;
}

static void check_property_pointers(void)
{
	char name[64] = {0};
	uint8_t value[64];
	uint32_t name_size = sizeof(name), value_size = sizeof(value), type = 0, index = 77;
	const uint64_t get[8] = {APP,
				 0,
				 address_of(name),
				 address_of(&name_size),
				 address_of(value),
				 address_of(&value_size),
				 address_of(&type)};
	const uint64_t find[8] = {APP, address_of("gpd.ta.appID"), 13, address_of(&index)};

	for (int n = 2; n < 7; n++) {
		name_size = sizeof(name);
		value_size = sizeof(value);
		expect("TA-064", "get_property with a bad pointer", 0,
		       others(DENIED, NR_GET_PROPERTY, n, get));
	}
	name_size = sizeof(name);
	value_size = sizeof(value);
	expect("TA-069", "get_property writes name, value and type", 0,
	       sys(NR_GET_PROPERTY, APP, 0, get[2], get[3], get[4], get[5], get[6]));
	expect("TA-069", "the name's size counts its NUL", 13, name_size);
	expect("TA-069", "a UUID has 16 bytes", 16, value_size);
	expect("TA-069", "and type 2", 2, type);
	expect("TA-069", "a property may be asked for nothing", 0,
	       sys(NR_GET_PROPERTY, APP, 0, 0, 0, 0, 0, 0));
	expect("TA-069", "there is no property behind the last", TEE_ERROR_ITEM_NOT_FOUND,
	       sys(NR_GET_PROPERTY, APP, 1000, 0, 0, 0, 0, 0));
	expect("TA-069", "nor in a set that does not exist", TEE_ERROR_ITEM_NOT_FOUND,
	       sys(NR_GET_PROPERTY, 5, 0, 0, 0, 0, 0, 0));
	value_size = 15;
	expect("TA-069", "a short buffer", TEE_ERROR_SHORT_BUFFER,
	       sys(NR_GET_PROPERTY, APP, 0, 0, 0, get[4], get[5], 0));
	expect("TA-069", "is told what is needed", 16, value_size);
	/* the peer has something that can be read below the stack */
	expect_either("TA-064", "a property's name at a bad address", 0, 1,
		      others(DENIED, NR_PROPERTY_INDEX, 1, find));
	expect("TA-064", "its index to a bad address", 0,
	       others(DENIED, NR_PROPERTY_INDEX, 3, find));
	expect("TA-069", "a property's name leads to its index", 0,
	       sys(NR_PROPERTY_INDEX, APP, find[1], 13, find[3], 0, 0, 0));
	expect("TA-069", "which is the kernel's own", 0, index);
	expect("TA-071", "an optional property is absent", TEE_ERROR_ITEM_NOT_FOUND,
	       sys(NR_PROPERTY_INDEX, 0xFFFFFFFDu,
		   address_of("org.trustedfirmware.optee.cpu.feat_memtag_implemented"), 54, find[3],
		   0, 0, 0));
}

static void check_private(const TEE_Param *shared)
{
	uint64_t there = address_of(shared->memref.buffer);
	expect("TA-065", "time into client memory", DENIED,
	       sys(NR_GET_TIME, 0, there, 0, 0, 0, 0, 0));
	expect("TA-065", "time from client memory", DENIED,
	       sys(NR_SET_TIME, there, 0, 0, 0, 0, 0, 0));
	expect("TA-064", "random bytes into client memory", 0,
	       sys(NR_RANDOM, there, 16, 0, 0, 0, 0, 0));
	expect("TA-064", "random bytes into a constant", DENIED,
	       sys(NR_RANDOM, address_of(constant), 16, 0, 0, 0, 0, 0));
	/* the peer looks at the address even so */
	expect_either("TA-126", "no random bytes at all", 0, DENIED,
		      sys(NR_RANDOM, 1, 0, 0, 0, 0, 0, 0));
}

void check_pointers(TEE_Param p[TEE_NUM_PARAMS])
{
	const uint64_t time[8] = {0}, number[8] = {0}, bytes[8] = {0, 64};
	const uint64_t text[8] = {0, 64};

	check_property_pointers();
	check_private(&p[2]);
	expect("TA-064", "time to a bad address", 0, others(DENIED, NR_GET_TIME, 1, time));
	expect("TA-064", "time from a bad address", 0, others(DENIED, NR_SET_TIME, 0, time));
	expect("TA-064", "random bytes to a bad address", 0, others(DENIED, NR_RANDOM, 0, bytes));
	expect("TA-064", "the cancellation flag to a bad address", 0,
	       others(DENIED, NR_GET_CANCEL, 0, number));
	expect("TA-064", "an unmasking's old mask to a bad address", 0,
	       others(DENIED, NR_UNMASK, 0, number));
	expect("TA-064", "a masking's old mask to a bad address", 0,
	       others(DENIED, NR_MASK, 0, number));
	expect("TA-064", "time into a constant", DENIED,
	       sys(NR_GET_TIME, 0, address_of(constant), 0, 0, 0, 0, 0));
	/* a log's result counts for nothing; that the app is still there does */
	(void)others(0, NR_LOG, 0, text);
	sys(NR_LOG, address_of(constant), ~(uint64_t)0, 0, 0, 0, 0, 0);
	sys(NR_LOG, address_of(constant), 0x7FFFFFFF, 0, 0, 0, 0, 0);
	sys(NR_LOG, 0, 0, 0, 0, 0, 0, 0);
	expect("TA-064", "a log at a bad address is no harm", 0,
	       sys(NR_LOG, address_of("tatest\n"), 7, 0, 0, 0, 0, 0));
}
