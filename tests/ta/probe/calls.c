/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls: numbers, registers, cancellation, time, cache maintenance. */
#include <user_ta_header.h>

#include "probe.h"
#include "simd.h"

extern const struct ta_head ta_head;

uint32_t sys(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
	     uint64_t a5, uint64_t a6)
{
	const uint64_t args[8] = {a0, a1, a2, a3, a4, a5, a6, 0};
	uint64_t out[19];

	raw_svc(number, args, out);
	return (uint32_t)out[0];
}

static void check_refused_numbers(void)
{
	static const uint64_t numbers[] = {55,  60,  69,   71,         72,         100,
					   255, 256, 1000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
	uint32_t other = 0;

	for (uint64_t number = 55; number <= 69; number++)
		other += sys(number, 0, 0, 0, 0, 0, 0, 0) != TEE_ERROR_NOT_SUPPORTED;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		other += sys(numbers[i], 1, 2, 3, 4, 5, 6, 7) != TEE_ERROR_NOT_SUPPORTED;
	expect("TA-061", "numbers 55-69 and above 70 that are supported", 0, other);
	expect("TA-061", "a number with upper bits is none of the table", TEE_ERROR_NOT_SUPPORTED,
	       sys(0x100000000000000Au, 0, 0, 0, 0, 0, 0, 0));
}

/* A register behind a call holds what it held before, 0, or a small number: nothing of the kernel.
 */
static void check_leaks(uint64_t number, const uint64_t args[8])
{
	uint64_t out[19];
	uint32_t odd = 0;

	raw_svc(number, args, out);
	for (int i = 1; i < 19; i++) {
		uint64_t before = i < 8 ? args[i] : i == 8 ? number : 0;

		odd += out[i] != before && out[i] != 0;
	}
	/* the peer leaves something in one of them; the contract asks for none */
	expect_either("TA-060", "x1..x18 leak nothing", 0, odd, odd);
	expect("TA-060", "x19..x30 and SP stay", 0, kept_over_svc(number, args));
}

void check_numbers(TEE_Param p[TEE_NUM_PARAMS])
{
	uint32_t word = 0;
	TEE_Time time;
	const uint64_t flag_args[8] = {address_of(&word), 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77};
	const uint64_t time_args[8] = {0, address_of(&time), 0x22, 0x33, 0x44, 0x55, 0x66, 0x77};
	const uint64_t ree_args[8] = {2, address_of(&time), 0x22, 0x33, 0x44, 0x55, 0x66, 0x77};
	const uint64_t bad_args[8] = {0, KERNEL_ADDRESS, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77};

	(void)p;
	check_refused_numbers();
	check_leaks(NR_GET_CANCEL, flag_args);
	check_leaks(NR_GET_TIME, time_args);
	check_leaks(NR_GET_TIME, ree_args);
	check_leaks(NR_GET_TIME, bad_args);
	check_leaks(1000, time_args);
}

void check_cancel(TEE_Param p[TEE_NUM_PARAMS])
{
	uint32_t old = 7;

	(void)p;
	sys(NR_UNMASK, address_of(&old), 0, 0, 0, 0, 0, 0);
	expect("TA-088", "cancellation is masked at entry", 1, old);
	sys(NR_UNMASK, address_of(&old), 0, 0, 0, 0, 0, 0);
	expect("TA-088", "unmasking returns the old mask", 0, old);
	sys(NR_MASK, address_of(&old), 0, 0, 0, 0, 0, 0);
	expect("TA-088", "masking returns the old mask", 0, old);
	sys(NR_MASK, address_of(&old), 0, 0, 0, 0, 0, 0);
	expect("TA-088", "masking twice", 1, old);
	old = 7;
	sys(NR_GET_CANCEL, address_of(&old), 0, 0, 0, 0, 0, 0);
	expect("TA-088", "nobody has asked to cancel", 0, old);
	sys(NR_UNMASK, address_of(&old), 0, 0, 0, 0, 0, 0); /* the next entry finds it masked */
}

void check_time(TEE_Param p[TEE_NUM_PARAMS])
{
	TEE_Time first, second;
	uint64_t ms = 0;

	(void)p;
	expect("TA-090", "system time", 0, sys(NR_GET_TIME, 0, address_of(&first), 0, 0, 0, 0, 0));
	expect("TA-089", "a wait of 30 ms", 0, sys(NR_WAIT, 30, 0, 0, 0, 0, 0, 0));
	sys(NR_GET_TIME, 0, address_of(&second), 0, 0, 0, 0, 0);
	ms = ((uint64_t)second.seconds - first.seconds) * 1000 + second.millis - first.millis;
	expect("TA-090", "milliseconds are below 1000", 1,
	       first.millis < 1000 && second.millis < 1000);
	expect("TA-090", "system time went on by the wait", 1, ms >= 29 && ms < 20000);
	expect("TA-090", "the normal world's time", 0,
	       sys(NR_GET_TIME, 2, address_of(&first), 0, 0, 0, 0, 0));
	expect("TA-090", "there are three kinds of time", TEE_ERROR_BAD_PARAMETERS,
	       sys(NR_GET_TIME, 3, address_of(&first), 0, 0, 0, 0, 0));
	first = (TEE_Time){5, 1000};
	expect("TA-091", "1000 milliseconds are refused", TEE_ERROR_BAD_PARAMETERS,
	       sys(NR_SET_TIME, address_of(&first), 0, 0, 0, 0, 0, 0));
	first = (TEE_Time){0xFFFFFFFF, 999};
	expect("TA-091", "persistent time is set", 0,
	       sys(NR_SET_TIME, address_of(&first), 0, 0, 0, 0, 0, 0));
	sys(NR_WAIT, 20, 0, 0, 0, 0, 0, 0);
	second = (TEE_Time){77, 77};
	expect("TA-091", "it runs over", TEE_ERROR_OVERFLOW,
	       sys(NR_GET_TIME, 1, address_of(&second), 0, 0, 0, 0, 0));
	expect("TA-091", "and is written nevertheless", 0, second.seconds);
}

void check_cache(TEE_Param p[TEE_NUM_PARAMS])
{
	uint64_t shared = address_of(p[2].memref.buffer);
	uint64_t own = 0;
	uint32_t good = sys(NR_CACHE, shared, 64, 0, 0, 0, 0, 0);
	uint32_t denied = TEE_ERROR_NOT_SUPPORTED;

	/* the peer is built without it, and so answers nobody; a flag is no promise */
	if (!(ta_head.flags & TA_FLAG_CACHE_MAINTENANCE) || good)
		expect("TA-150", "cache maintenance is not for us", TEE_ERROR_NOT_SUPPORTED, good);
	else
		denied = TEE_ERROR_ACCESS_DENIED;
	for (uint64_t op = 1; op < 3; op++)
		expect("TA-150", "cache maintenance of client memory, in all its kinds", good,
		       sys(NR_CACHE, shared, 64, op, 0, 0, 0, 0));
	expect("TA-150", "cache maintenance of private memory", denied,
	       sys(NR_CACHE, address_of(&own), sizeof(own), 0, 0, 0, 0, 0));
	expect("TA-150", "cache maintenance of the kernel", denied,
	       sys(NR_CACHE, KERNEL_ADDRESS, 64, 2, 0, 0, 0, 0));
	expect("TA-150", "cache maintenance around the end", denied,
	       sys(NR_CACHE, ~(uint64_t)7, 64, 2, 0, 0, 0, 0));
}

uint32_t changed_over(uint64_t number, const uint64_t args[8], uint64_t seed)
{
	static struct simd_state in, out;

	simd_pattern(&in, seed);
	simd_over_svc(&in, &out, number, args);
	return simd_compare(&in, &out);
}

static uint64_t thread_register(void)
{
	uint64_t value;

	__asm__ volatile("mrs %0, tpidr_el0" : "=r"(value));
	return value;
}

void check_fp(TEE_Param p[TEE_NUM_PARAMS])
{
	static uint8_t bytes[64];
	TEE_Time time;
	const uint64_t system_time[8] = {0, address_of(&time)},
		       ree_time[8] = {2, address_of(&time)};
	const uint64_t nowhere[8] = {0, KERNEL_ADDRESS}, wait[8] = {20};
	const uint64_t random[8] = {address_of(bytes), sizeof(bytes)};
	uint32_t changed = 0;

	(void)p;
	__asm__ volatile("msr tpidr_el0, %0" : : "r"((uint64_t)0x1122334455667788u));
	for (uint64_t i = 0; i < 20; i++) {
		changed += changed_over(NR_GET_TIME, system_time, i);
		changed += changed_over(NR_RANDOM, random, i);
		changed += changed_over(NR_GET_TIME, nowhere, i);
	}
	expect("TA-042", "V registers stay over system calls", 0, changed);
	changed = 0;
	for (uint64_t i = 0; i < 5; i++)
		changed += changed_over(NR_GET_TIME, ree_time, i);
	expect("TA-042", "V registers stay over an RPC", 0, changed);
	expect("TA-042", "V registers stay over a wait", 0, changed_over(NR_WAIT, wait, 7));
	expect("TA-039", "the thread register stays over system calls and RPCs",
	       0x1122334455667788u, thread_register());
	__asm__ volatile("msr tpidr_el0, %0" : : "r"((uint64_t)0xABCDu));
}
