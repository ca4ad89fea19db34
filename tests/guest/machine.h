/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine under the test guest: console, clock, conduit, power, and what the boot said. */
#ifndef GUEST_MACHINE_H
#define GUEST_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SIZE 4096u

struct machine {
	const char *bootargs;
	uint64_t initrd_start; /* addresses; both 0 without one */
	uint64_t initrd_end;
	uint64_t memory_start; /* of the first memory node */
	uint64_t memory_size;
	bool psci_by_hvc;
	bool has_tee; /* the device tree has a TEE's node */
	bool tee_by_hvc;
};

extern struct machine machine;

/* Fills machine from a flattened device tree. False if it is not one. */
bool machine_parse_tree(const void *tree);

/* The value of NAME in the boot arguments, as a number or a string; the default if it is missing.
 */
uint64_t machine_number(const char *name, uint64_t otherwise);
void machine_string(const char *name, const char *otherwise, char *out, size_t room);

/* Prints format: %s, %u (unsigned), %x (hexadecimal), both of 64 bits when written %lu, %lx. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A character from the console, or -1. */
int console_read(void);

/* The virtual counter in microseconds. */
uint64_t microseconds(void);
void delay(uint64_t microseconds_to_wait);

/* For who has nothing to do for now: others run; or, below a hypervisor, the CPU waits so long. */
void let_others_run(void);
void doze(uint64_t microseconds_to_wait);

/* Makes the call; regs are x0..x17 in and out. */
void call_firmware(bool by_hvc, uint64_t regs[18]);

/* Powers off. Does not return. */
void power_off(void) __attribute__((noreturn));

/* Prints FAIL with the reason, and powers off. */
#define fail(...)                                                                                  \
	do {                                                                                       \
		print("guest: FAIL " __VA_ARGS__);                                                 \
		print("\n");                                                                       \
		power_off();                                                                       \
	} while (0)

/* What the compiler and we need of the C library. */
void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);

#endif
