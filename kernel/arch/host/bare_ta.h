/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trusted apps of a few instructions, for tests that want to say exactly what happens at EL0. Each
 * is a real file: an ELF image with a ta_head, signed with the development key.
 *
 *	static const uint32_t code[] = {A64_SVC, A64_BACK(1)};
 *	struct bare_ta *ta = bare_ta_make(BARE_UUID, 0, code, array_count(code));
 *	bare_ta_load(&guest, ta);        what LOAD_TA finds from now on
 *	model_open(&guest, ta->octets, &session);
 *
 * The code is entered for each function as TA-044 says: x0 function, x1 session, x2 and sp the
 * parameter block, x3 the command. Behind the code lie no other instructions; BARE_DATA is a
 * writable page, given relative to the code's first instruction, so that ADRP finds it.
 *
 * Tests that issue system calls with many arguments need no code for each: an app that is
 * {A64_SVC, A64_BACK(1)} leaves for the kernel with whatever engine_config.on_enter put into its
 * registers.
 */
#ifndef ARCH_HOST_BARE_TA_H
#define ARCH_HOST_BARE_TA_H

#include "kernel/arch/host/engine.h"
#include "kernel/arch/host/model.h"

#define BARE_UUID "7e0b3c5a-00ba-4b8e-a2f6-626172655f74"

/* Instructions. d, n: registers. */
#define A64_SVC                 0xD4000001u
#define A64_BACK(count)         (0x14000000u | (0x03FFFFFFu & (uint32_t)(-(count)))) /* b .-4*count */
#define A64_NOP                 0xD503201Fu
#define A64_BRK                 0xD4200000u
#define A64_UDF                 0x00000000u
#define A64_RET                 0xD65F03C0u
#define A64_BR(n)               (0xD61F0000u | (n) << 5)
#define A64_MOVZ(d, imm)        (0xD2800000u | ((imm)&0xFFFFu) << 5 | (d))
#define A64_MOVK(d, imm, shift) (0xF2800000u | ((shift) / 16u) << 21 | ((imm)&0xFFFFu) << 5 | (d))
#define A64_LDR(d, n)           (0xF9400000u | (n) << 5 | (d)) /* 64 bits, at [n] */
#define A64_STR(d, n)           (0xF9000000u | (n) << 5 | (d))
#define A64_ADR(d, bytes)                                                                          \
	(0x10000000u | ((uint32_t)(bytes)&3u) << 29 | (((uint32_t)(bytes) >> 2) & 0x7FFFFu) << 5 | \
	 (d))

#define BARE_CODE_MAX 256u /* instructions */
/* From the first instruction to a page that the app can write. */
#define BARE_DATA 0x1000u

struct bare_ta {
	uint8_t octets[16]; /* its UUID */
	uint8_t *file;
	size_t size;
};

/* Makes and signs one; flags: TA_FLAG_*. Ends the test program if it cannot. About 0.1 s. */
struct bare_ta *bare_ta_make(const char *uuid, uint32_t flags, const uint32_t *code, size_t count);
void bare_ta_free(struct bare_ta *ta);

/* The guest's tee-supplicant has this file and no other. */
void bare_ta_load(struct model *guest, const struct bare_ta *ta);

#endif
