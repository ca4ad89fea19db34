/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What sysreg.h issues, for code of the arm64 body that is compiled into a test: CPUs with a TLB
 * and a cache of table addresses each, walkers that see stores only after a barrier, and
 * instruction caches that hold what was there before.
 *
 * To be included before that code, in place of sysreg.h.
 */
#ifndef ARCH_ARM64_MMU_MODEL_TEST_H
#define ARCH_ARM64_MMU_MODEL_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARCH_ARM64_SYSREG_H

#define sysreg_read(name) model_sysreg(#name)
#define isb()             model_isb()
#define dsb(domain)       model_dsb(#domain)
#define tlbi(op, value)   model_tlbi(#op, value)
#define dc_cvau(va)       model_dc_cvau(va)
#define ic_ivau(va)       model_ic_ivau(va)
#define ic_ialluis()      model_ic_ialluis()

uint64_t model_sysreg(const char *name);
void model_isb(void);
void model_dsb(const char *domain);
void model_tlbi(const char *op, uint64_t value);
void model_dc_cvau(const void *va);
void model_ic_ivau(const void *va);
void model_ic_ialluis(void);

#define MODEL_CPUS  4u
#define MODEL_PAGES 1200u

/* The machine: 8 or 16 bits of ASID; CTR_EL0. */
extern bool model_long_asids;
extern uint64_t model_ctr;

/* The CPU that the kernel runs on. */
extern unsigned model_cpu;

/* Numbers that choose; the same from the same seed. */
void model_start(uint64_t seed);
uint32_t model_below(uint32_t bound);

/* Pages of memory, zeroed, at kernel addresses; NULL: no more. */
void *model_page_take(void);
void model_page_give(void *page);

/* New contents, which no instruction cache knows. */
void model_page_write(const void *page);
/* Every CPU fetches what is there. */
bool model_page_is_synced(const void *page);

/* TTBR0 of a CPU; 0: the identity map, of which nothing is walked. */
void model_set_ttbr(unsigned cpu, uint64_t ttbr);

/* Addresses that CPUs may walk to on their own, at any time. */
void model_speculates_at(const uint64_t *vas, unsigned count);

/* What a CPU gets for an address: the descriptor, or 0. */
uint64_t model_translate(unsigned cpu, uint64_t va);

/* Calls check for each translation that some TLB has. */
void model_for_each_entry(void (*check)(uint16_t asid, uint64_t va, uint64_t descriptor));

#endif
