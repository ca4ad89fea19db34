/* SPDX-License-Identifier: BSD-2-Clause */
/* A hostile guest against the mediator, with a TEE that keeps to the rules or one that does not. */
#include "hypervisor/mediator/testing/hostile.h"
#include "tests/fuzz/input.h"

static struct input in;
static uint64_t mixed;

/* Each byte of the input bends all choices after it, so that short inputs still do much. */
static uint64_t next(void)
{
	mixed = (mixed + input_take(&in, 1) + 1) * 6364136223846793005ull;
	return mixed >> 24;
}

static bool more(void)
{
	return in.size > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	in = (struct input){data, size};
	mixed = 0;
	bool (*bad_tee)(uint32_t regs[8]) = next() & 1 ? hostile_tee : NULL;
	hostile_run(next, more, bad_tee);
	sim_teardown(NULL);
	return 0;
}
