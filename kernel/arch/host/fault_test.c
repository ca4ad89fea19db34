/* SPDX-License-Identifier: BSD-2-Clause */
/* Apps of a few instructions: what EL0 must not do, and system calls with anything in the
 * registers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "abi/ta.h"
#include "kernel/arch/host/bare_ta.h"
#include "kernel/guest/guest.h"
#include "kernel/ta/ta.h"

#define PAGES     4096
#define GOOD_UUID "7e0b3c5a-00bb-4b8e-a2f6-626172655f74"

static struct model guest, other;
static struct user_fault last_fault;
static enum user_exit last_exit;
static uint64_t last_pc;

/* What the app's registers become at each entry; NULL: what they are. */
static void (*on_enter)(struct arch_aspace *as, struct user_context *ctx);

static void call_on_enter(struct arch_aspace *as, struct user_context *ctx)
{
	if (on_enter)
		on_enter(as, ctx);
}

static void note_exit(struct arch_aspace *as, struct user_context *ctx, enum user_exit why,
		      const struct user_fault *fault)
{
	(void)as;
	last_exit = why;
	last_pc = ctx->pc;
	if (why == USER_EXIT_FAULT)
		last_fault = *fault;
}

static void start_engine(const struct engine_config *config)
{
	model_boot(&guest, PAGES);
	engine_start(config);
	model_start(&other, 2);
}

static int start(void **state)
{
	(void)state;
	start_engine(&(struct engine_config){.on_exit = note_exit});
	return 0;
}

static int stop(void **state)
{
	(void)state;
	model_destroy(&other);
	model_end(&guest);
	engine_stop();
	return 0;
}

/* Runs count instructions as an app's open; its result. */
static uint32_t run(const uint32_t *code, size_t count)
{
	struct bare_ta *ta = bare_ta_make(BARE_UUID, 0, code, count);
	uint32_t session;

	bare_ta_load(&guest, ta);
	uint32_t result = model_open(&guest, ta->octets, &session);
	bare_ta_free(ta);
	return result;
}

/* TA-036, TA-040, TA-041, TA-049, TA-051: each of these is a fault that kills the app and names its
 * reason. */
static void what_el0_must_not_do_is_a_fault_with_the_machines_syndrome(void **state)
{
	static const struct {
		uint32_t code[3];
		uint32_t esr;
		uint64_t far; /* 0: any; its low bits are BARE addresses */
	} cases[] = {
		{{A64_MOVZ(1, 0x10), A64_LDR(0, 1)}, 0x92000006, 0x10},
		{{A64_MOVZ(1, 0x10), A64_STR(0, 1)}, 0x92000046, 0x10},
		{{A64_MOVZ(1, 0), A64_MOVK(1, 0x4000, 16), A64_LDR(0, 1)}, 0x92000004, 0x40000000},
		{{A64_MOVZ(1, 0), A64_MOVK(1, 0xFFFF, 48), A64_STR(0, 1)},
		 0x92000044,
		 0xFFFF000000000000},
		{{A64_ADR(1, 0), A64_STR(0, 1)}, 0x9200004F, 0},     /* its code is not writable */
		{{A64_ADR(1, BARE_DATA), A64_BR(1)}, 0x8200000F, 0}, /* its data not executable */
		{{A64_MOVZ(1, 0x40), A64_BR(1)}, 0x82000006, 0x40},
		{{A64_ADR(1, 2), A64_BR(1)}, 0x8A000000, 0},
		{{A64_UDF}, 0x02000000, 0},
		{{A64_BRK}, 0xF2000000, 0},
		{{0xD4000002}, 0x02000000, 0}, /* hvc */
		{{0xD503207F}, 0x06000000, 0}, /* wfi */
		{{0xD5382000}, 0x02000000, 0}, /* mrs x0, ttbr0_el1 */
		{{0xD53BE040}, 0x62000000, 0}, /* mrs x0, cntvct_el0 */
		{{0xD50342DF}, 0x02000000, 0}, /* msr daifset, #2 */
		{{0xD50B7B20}, 0x62000000, 0}, /* dc cvau, x0 */
	};

	(void)state;
	for (unsigned i = 0; i < array_count(cases); i++) {
		last_fault = (struct user_fault){0};
		assert_int_equal(run(cases[i].code, 3), TEE_ERROR_TARGET_DEAD);
		assert_int_equal(last_exit, USER_EXIT_FAULT);
		/* Of a trapped instruction only the class. */
		bool trapped = cases[i].esr >> 26 == 0x18 || cases[i].esr >> 26 == 0x01;
		assert_int_equal(last_fault.esr & (trapped ? 0xFE000000 : UINT32_MAX),
				 cases[i].esr);
		if (cases[i].far)
			assert_int_equal(last_fault.far, cases[i].far);
	}
}

/* TA-042: V registers and flags come back as they were, whatever ran in between. */
static void preemption_at_each_branch_changes_nothing(void **state)
{
	static const uint32_t code[] = {
		0x4F000420, /* movi v0.4s, #1 */
		A64_MOVZ(1, 1000),
		0x4EA08400,   /* add v0.4s, v0.4s, v0.4s */
		0xEB01003F,   /* cmp x1, x1 */
		0x54000041,   /* b.ne +8 */
		A64_BACK(-2), /* over the next */
		A64_UDF,
		0x0E043C00, /* mov w0, v0.s[0] */
		0x12001400, /* and w0, w0, #0x3f */
		A64_MOVZ(8, SYS_RETURN),
		A64_SVC,
	};

	stop(state);
	start_engine(&(struct engine_config){.slice = 1, .on_exit = note_exit});
	assert_int_equal(run(code, array_count(code)), 2);
	assert_true(guest.preemptions >= 2);
}

/* --- system calls with anything in the registers
 * ------------------------------------------------------------------------ */

static uint64_t random_state;

static uint64_t draw(uint64_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % below;
}

/* Addresses of every kind, lengths that wrap, handles, and noise. */
static uint64_t hostile_value(const struct user_context *ctx)
{
	const uint64_t values[] = {0,
				   1,
				   2,
				   8,
				   16,
				   64,
				   72,
				   PAGE_SIZE,
				   ctx->sp,
				   ctx->sp + 1,
				   ctx->sp - PAGE_SIZE,
				   ctx->sp | PAGE_MASK,
				   ctx->pc,
				   ctx->pc + BARE_DATA,
				   ARCH_USER_BASE,
				   ARCH_USER_END,
				   ARCH_USER_END - 1,
				   HOST_NS_BASE,
				   0x0E100000,
				   UINT32_MAX,
				   1ull << 32,
				   INT64_MAX,
				   UINT64_MAX,
				   UINT64_MAX - PAGE_MASK,
				   0xFFFF000000000000,
				   0xFFFFBAD0};

	if (draw(4) == 0)
		return draw(2) ? draw(1 << 16) : random_state;
	return values[draw(array_count(values))];
}

static void hostile_registers(struct arch_aspace *as, struct user_context *ctx)
{
	(void)as;
	ctx->x[8] = draw(16) ? draw(SYS_MAX + 2) : random_state;
	for (unsigned i = 0; i < 8; i++)
		ctx->x[i] = hostile_value(ctx);
	if (ctx->x[8] == SYS_WAIT)
		ctx->x[0] &= 0x3F;
}

static uint32_t invoke(struct model *model, uint32_t session)
{
	struct model_message m = {.header = {.cmd = MSG_CMD_INVOKE_COMMAND, .session = session}};

	assert_int_equal(model_call(model, &m), SMC_OK);
	return m.header.ret;
}

/*
 * TA-049 .. TA-051, TA-061, TA-062, TA-068, attack row 16: whatever an app asks the kernel, the
 * worst is its own end. A neighbour, of which nothing changes, answers after each death; every page
 * comes back.
 */
static void an_app_that_asks_anything_harms_only_itself(void **state)
{
	static const uint32_t asks[] = {A64_SVC, A64_BACK(1)};
	static const uint32_t answers[] = {A64_MOVZ(8, SYS_RETURN), A64_MOVZ(0, 0), A64_SVC};
	struct bare_ta *hostile = bare_ta_make(BARE_UUID, 0, asks, array_count(asks));
	struct bare_ta *good = bare_ta_make(GOOD_UUID, 0, answers, array_count(answers));
	unsigned deaths = 0;
	uint32_t neighbour, session;

	stop(state);
	start_engine(&(struct engine_config){.seed = 3, .slice = 500, .on_enter = call_on_enter});
	bare_ta_load(&other, good);
	assert_int_equal(model_open(&other, good->octets, &neighbour), TEE_SUCCESS);
	bare_ta_load(&guest, hostile);
	for (random_state = 88172645463325252ull; deaths < 300;) {
		on_enter = hostile_registers;
		uint32_t result = model_open(&guest, hostile->octets, &session);
		for (unsigned i = 0; i < 8 && result != TEE_ERROR_TARGET_DEAD && session; i++)
			result = invoke(&guest, session);
		deaths += result == TEE_ERROR_TARGET_DEAD;
		on_enter = NULL;
		assert_int_equal(invoke(&other, neighbour), TEE_SUCCESS);
		if (session)
			model_close(&guest, session);
		while (*host_console())
			;
	}
	bare_ta_free(hostile);
	bare_ta_free(good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_el0_must_not_do_is_a_fault_with_the_machines_syndrome, start, stop),
		cmocka_unit_test_setup_teardown(preemption_at_each_branch_changes_nothing, start,
						stop),
		cmocka_unit_test_setup_teardown(an_app_that_asks_anything_harms_only_itself, start,
						stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
