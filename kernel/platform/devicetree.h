/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel takes from a device tree, and what it adds. The blob is a private copy in secure
 * memory; its contents are untrusted (NW-219): a damaged one gives less or nothing, never a fault.
 */
#ifndef PLATFORM_DEVICETREE_H
#define PLATFORM_DEVICETREE_H

#include "kernel/lib/types.h"

#define DEVICETREE_HEADER_SIZE 40
#define DEVICETREE_SIZE_MAX    0x200000u
#define MACHINE_RAM_MAX        8
#define MACHINE_SEED_MAX       64

struct memory_range {
	uint64_t base;
	uint64_t size;
};

struct machine {
	struct memory_range ram[MACHINE_RAM_MAX]; /* non-secure; none overlaps secure memory */
	unsigned ram_count;
	uint64_t cpu_mpidr[CPU_MAX];
	unsigned cpu_count;
	uint8_t seed[MACHINE_SEED_MAX];
	size_t seed_size;
};

/* Size of the blob that begins with this header; 0 if it is none or larger than we take. */
size_t devicetree_size(const uint8_t header[DEVICETREE_HEADER_SIZE]);

/*
 * Fills machine from the blob of size bytes (8-byte aligned); parts of RAM that overlap secure are
 * left out. The seed is taken out of the blob. False if the blob is not a device tree.
 */
bool must_check devicetree_read(void *blob, size_t size, const struct memory_range *secure,
				struct machine *machine);

/*
 * Adds /firmware/optee, with the SPI notify_intid as its interrupt (NW-145), and, if /memory offers
 * any of the secure range, a no-map reservation of it. The tree may grow up to room bytes. False if
 * that is not enough; it is then still a valid tree.
 */
bool must_check devicetree_announce(void *blob, size_t room, const struct memory_range *secure,
				    uint32_t notify_intid);

#endif
