/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guests that send anything, on several vCPUs that cut into each other at every callback, and TEEs
 * that answer anything. All choices come from one source of numbers: a generator with a seed, or a
 * fuzzer's input.
 */
#ifndef MEDIATOR_TESTING_HOSTILE_H
#define MEDIATOR_TESTING_HOSTILE_H

#include "sim.h"

/* A TEE of which anything can be expected; it writes where it was given pages. */
bool hostile_tee(uint32_t regs[8]);

/*
 * One life of a hostile VM beside a good one, of up to 120 calls while more() says so. bad_tee:
 * NULL for a TEE that keeps to the rules. Fails as sim.h says, and if the good VM lost anything.
 */
void hostile_run(uint64_t (*random)(void), bool (*more)(void), bool (*bad_tee)(uint32_t regs[8]));

#endif
