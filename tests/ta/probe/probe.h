/* SPDX-License-Identifier: BSD-2-Clause */
/* The probe: a trusted app that looks at the machine it runs on and says what it sees. */
#ifndef PROBE_H
#define PROBE_H

#include <tee_internal_api.h>

#include "report.h"
#include "tatest.h"

/* System calls by number: the tests issue them without the kit's functions. */
/* clang-format off */
enum {
	NR_RETURN = 0, NR_LOG = 1, NR_PANIC = 2, NR_GET_PROPERTY = 3, NR_PROPERTY_INDEX = 4, NR_OPEN = 5,
	NR_CLOSE = 6, NR_INVOKE = 7, NR_CHECK_ACCESS = 8, NR_GET_CANCEL = 9, NR_UNMASK = 10,
	NR_MASK = 11, NR_WAIT = 12, NR_GET_TIME = 13, NR_SET_TIME = 14, NR_STATE_ALLOC = 15,
	NR_STATE_COPY = 16, NR_STATE_FREE = 17, NR_HASH_INIT = 18, NR_HASH_UPDATE = 19,
	NR_HASH_FINAL = 20, NR_RANDOM = 33,
	NR_CACHE = 70
};
/* clang-format on */

#define KERNEL_ADDRESS 0xFFFF000000000000u

/* The parameter block of an entry and of calls to other apps. */
struct raw_params {
	uint64_t types;
	uint64_t vals[8];
};

/* entry.S */
void raw_svc(uint64_t number, const uint64_t args[8], uint64_t out[19]);
uint64_t kept_over_svc(uint64_t number, const uint64_t args[8]);
struct simd_state;
uint64_t simd_over_svc(const struct simd_state *in, struct simd_state *out, uint64_t number,
		       const uint64_t args[8]);
uint32_t no_landing_pad(void);
extern struct tatest_record entry_record;

/* The low 32 bits that system call number returns; arguments that are left out are 0. */
uint32_t sys(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
	     uint64_t a5, uint64_t a6);

static inline uint64_t address_of(const volatile void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* main.c */
struct ta_stack {
	uint64_t low, high; /* [low, high) */
};
struct ta_stack stack_of_app(void);
const struct tatest_record *record_of(uint32_t which);
uint32_t dirt_at_creation(void);

/* nested.c: sessions by bare system calls. Results are codes; *origin as the kernel wrote it. */
uint32_t raw_open(uint32_t app, struct raw_params *params, uint32_t *session, uint32_t *origin);
uint32_t raw_invoke(uint32_t session, uint32_t timeout, uint32_t cmd, struct raw_params *params,
		    uint32_t *origin);

/* The checks of CMD_CHECK. p is the command's parameters. */
void check_memory(TEE_Param p[TEE_NUM_PARAMS]);
void check_numbers(TEE_Param p[TEE_NUM_PARAMS]);
void check_pointers(TEE_Param p[TEE_NUM_PARAMS]);
void check_rights(TEE_Param p[TEE_NUM_PARAMS]);
void check_cancel(TEE_Param p[TEE_NUM_PARAMS]);
void check_time(TEE_Param p[TEE_NUM_PARAMS]);
void check_cache(TEE_Param p[TEE_NUM_PARAMS]);
void check_fp(TEE_Param p[TEE_NUM_PARAMS]);
void check_zero(TEE_Param p[TEE_NUM_PARAMS]);
void check_nested(TEE_Param p[TEE_NUM_PARAMS]);
void check_system(TEE_Param p[TEE_NUM_PARAMS]);
void check_secrets(TEE_Param p[TEE_NUM_PARAMS]);
void check_many_regions(TEE_Param p[TEE_NUM_PARAMS]);
void check_many_objects(TEE_Param p[TEE_NUM_PARAMS]);
void check_many_sessions(TEE_Param p[TEE_NUM_PARAMS]);
void check_many_bytes(TEE_Param p[TEE_NUM_PARAMS]);

/* calls.c: the number of V registers that differ after a system call. */
uint32_t changed_over(uint64_t number, const uint64_t args[8], uint64_t seed);

/* pointers.c: the number of kinds of bad address for which system call number, with such an
 * address as argument n, is not answered with code. */
uint32_t others(uint32_t code, uint64_t number, int n, const uint64_t args[8]);

/* fault.c, nested.c, many.c */
void fault_commit(uint32_t kind);
void stack_use(bool too_much);
void many_panic(void);
TEE_Result nest_depth(uint32_t levels, uint32_t *reached, uint32_t *error);
TEE_Result nest_try(uint32_t app, uint32_t next, TEE_Param *out);
TEE_Result nest_keep(uint32_t app);
TEE_Result nest_use_kept(uint32_t levels, TEE_Param *out);
TEE_Result nest_leave_open(uint32_t app);

#endif
