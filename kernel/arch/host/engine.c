/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unicorn as S-EL0. One engine serves all address spaces: it walks the body's page tables itself,
 * as the CPU does, with TTBR0 set to those of the app that runs. It never leaves EL0: an exception
 * stops it, and the hook that sees it is all there is of EL1. Only where it starts does it run a
 * few instructions at EL1, to get to EL0.
 */
#include "kernel/arch/host/engine.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unicorn/unicorn.h>

#include "kernel/arch/host/internal.h"
#include "kernel/lib/assert.h"
#include "kernel/platform/platform.h"

/* clang-format off */
/* Exceptions as Unicorn's CPU numbers them. */
#define EXCP_UDEF           1u
#define EXCP_SWI            2u
#define EXCP_FIRST_INTERNAL 0x10000u /* WFE, YIELD and the like: no exception of the machine */
#define EXCP_NONE           UINT32_MAX

#define ESR_UNKNOWN         0x02000000u
#define ESR_CLASS_WFX       0x01u
#define ESR_CLASS_SYSTEM    0x18u
#define ESR_CLASS_INSTRUCTION_ABORT 0x20u
#define ESR_CLASS_DATA_ABORT 0x24u
#define ESR_PC_ALIGNMENT    0x8A000000u
#define ESR_DATA_ABORT      0x92000000u
#define ESR_TRANSLATION_L2  0x06u

/* The registers of translation, as the machine's kernel sets them. */
#define TCR_1GIB            (34ull | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 2ull << 32)
#define SCTLR_ON            (0x30500800ull | 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 12 | 1 << 14 | 1 << 19 | 1 << 23)
#define SCR_RW_SECURE       0x430ull
#define MAIR_NORMAL         0xFFull
#define CPACR_FP            (3ull << 20)

/* What the engine has of its own: three tables and a page of code, only used to get to EL0. */
#define BOOT_PA             0xC00000000ull
#define BOOT_EL1_VA         0x1000ull
#define BOOT_EL0_VA         0x201000ull
#define BOOT_PROBE_VA       0x3F1E2D38ull /* a load from here faults */
/* clang-format on */

/* Unicorn 2.1 loses 32 bytes with each engine that is closed. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libunicorn\n";
}

static struct {
	uc_engine *uc;
	struct engine_config config;
	uint64_t random;
	struct arch_aspace *as; /* that runs */
	uint64_t root_pa;       /* in TTBR0 */
	uint16_t next_asid;     /* changing it empties Unicorn's TLB */
	uint32_t exception;
	bool pc_unaligned;
	uint64_t budget; /* instructions left of the slice */
	bool slice_over;
	bool moved;
	uint64_t instructions;
	uint64_t outside;      /* page mapped for an access outside of what apps can have, or 1 */
	uint64_t *code_digest; /* of each secure page, when it was last mapped as code */
	size_t page_count;
	size_t esr_at; /* of the syndrome, in a saved context; the address is 8 behind */
	uc_context *context;
} engine;

static uint64_t boot[4][512] __attribute__((aligned(4096)));
static void *apps_range; /* never accessed: see HOST_TABLE_PA */

static void check(uc_err error, const char *what)
{
	if (error)
		panic("engine: %s: %s", what, uc_strerror(error));
}

static void set_system(unsigned op1, unsigned crn, unsigned crm, unsigned op2, uint64_t value)
{
	uc_arm64_cp_reg reg = {crn, crm, 3, op1, op2, value};

	check(uc_reg_write(engine.uc, UC_ARM64_REG_CP_REG, &reg), "system register");
}

/* An address space identifier that TTBR0 does not have yet makes Unicorn forget all translations.
 */
static void set_root(uint64_t pa)
{
	engine.root_pa = pa;
	engine.next_asid = engine.next_asid % 255 + 1;
	set_system(0, 2, 0, 0, pa | (uint64_t)engine.next_asid << 48);
}

static void tlb_flush(void)
{
	set_root(engine.root_pa);
}

/* --- code that the kernel changed behind the engine's back
 * --------------------------------------------------------------- */

static uint64_t digest(const uint64_t *words)
{
	uint64_t d = 0xCBF29CE484222325ull;

	for (unsigned i = 0; i < PAGE_SIZE / sizeof(*words); i++)
		d = (d ^ words[i]) * 0x9E3779B97F4A7C15ull ^ d >> 29;
	return d | 1;
}

static void code_mapped(uint64_t pa)
{
	uint64_t base;
	size_t size;
	const char *secure = host_secure(&base, &size);
	size_t page = (pa - base) / PAGE_SIZE;
	uint64_t d = digest((const uint64_t *)(secure + page * PAGE_SIZE));

	if (engine.code_digest[page] && engine.code_digest[page] != d)
		check(uc_ctl(engine.uc, UC_CTL_WRITE(UC_CTL_TB_FLUSH, 0)), "flush");
	engine.code_digest[page] = d;
}

/* --- hooks
 * ------------------------------------------------------------------------------------------ */

static void on_exception(uc_engine *uc, uint32_t number, void *context)
{
	(void)context;
	engine.exception = number;
	uc_emu_stop(uc);
}

static bool on_undefined(uc_engine *uc, void *context)
{
	(void)uc, (void)context;
	engine.exception = EXCP_UDEF;
	return false;
}

__attribute__((no_sanitize("address", "undefined"))) static void
on_block(uc_engine *uc, uint64_t pc, uint32_t size, void *context)
{
	uint32_t count = size / 4;

	(void)context;
	if (pc % 4) {
		engine.pc_unaligned = true;
		uc_emu_stop(uc);
		return;
	}
	/* One block at least, or a short slice would never end. */
	if (engine.config.slice && engine.budget < count && engine.moved) {
		engine.slice_over = true;
		uc_emu_stop(uc);
		return;
	}
	engine.moved = true;
	engine.budget -= min(engine.budget, (uint64_t)count);
	engine.instructions += count;
	if (engine.config.on_block && engine.as)
		engine.config.on_block(engine.as, pc, size);
}

/*
 * Unicorn 2.0 looks for a region under the app's address before it asks the page tables. It gets
 * one for an address that no app can have, so that the tables decide there, too: they refuse it.
 */
static bool on_outside(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
		       void *context)
{
	(void)type, (void)size, (void)value, (void)context;
	if (engine.outside != 1 || address < ARCH_USER_END)
		return false;
	engine.outside = address & ~PAGE_MASK;
	return uc_mem_map_ptr(uc, engine.outside, PAGE_SIZE, UC_PROT_ALL, apps_range) == UC_ERR_OK;
}

static void forget_outside(void)
{
	if (engine.outside != 1)
		check(uc_mem_unmap(engine.uc, engine.outside, PAGE_SIZE), "unmap");
	engine.outside = 1;
}

/* --- registers
 * ------------------------------------------------------------------------------------------ */

static const struct {
	int id;
	size_t at;
} special[] = {
	{UC_ARM64_REG_X29, offsetof(struct user_context, x[29])},
	{UC_ARM64_REG_X30, offsetof(struct user_context, x[30])},
	{UC_ARM64_REG_SP, offsetof(struct user_context, sp)},
	{UC_ARM64_REG_TPIDR_EL0, offsetof(struct user_context, tpidr_el0)},
	{UC_ARM64_REG_FPCR, offsetof(struct user_context, fp.fpcr)},
	{UC_ARM64_REG_FPSR, offsetof(struct user_context, fp.fpsr)},
};

#define REGISTERS (29 + 32 + array_count(special))

static void name_registers(struct user_context *ctx, int id[REGISTERS], void *value[REGISTERS])
{
	unsigned n = 0;

	for (unsigned i = 0; i < 29; i++, n++)
		id[n] = UC_ARM64_REG_X0 + i, value[n] = &ctx->x[i];
	for (unsigned i = 0; i < 32; i++, n++)
		id[n] = UC_ARM64_REG_Q0 + i, value[n] = ctx->fp.v[i];
	for (unsigned i = 0; i < array_count(special); i++, n++)
		id[n] = special[i].id, value[n] = (char *)ctx + special[i].at;
}

static void load_registers(struct user_context *ctx)
{
	int id[REGISTERS];
	void *value[REGISTERS];
	uint64_t nzcv = ctx->pstate & 0xF0000000;

	name_registers(ctx, id, value);
	check(uc_reg_write_batch(engine.uc, id, value, REGISTERS), "registers");
	check(uc_reg_write(engine.uc, UC_ARM64_REG_NZCV, &nzcv), "NZCV");
}

static void save_registers(struct user_context *ctx)
{
	int id[REGISTERS];
	void *value[REGISTERS];
	uint64_t nzcv = 0;

	/* Some are read as 32 bits. */
	ctx->fp.fpcr = ctx->fp.fpsr = 0;
	name_registers(ctx, id, value);
	check(uc_reg_read_batch(engine.uc, id, value, REGISTERS), "registers");
	check(uc_reg_read(engine.uc, UC_ARM64_REG_NZCV, &nzcv), "NZCV");
	check(uc_reg_read(engine.uc, UC_ARM64_REG_PC, &ctx->pc), "PC");
	ctx->pstate = nzcv & 0xF0000000;
}

/* --- running
 * ------------------------------------------------------------------------------------------ */

static uint64_t draw(void)
{
	engine.random ^= engine.random << 13;
	engine.random ^= engine.random >> 7;
	engine.random ^= engine.random << 17;
	return engine.random;
}

static uc_err go(uint64_t pc)
{
	uc_err error;

	do {
		engine.exception = EXCP_NONE;
		error = uc_emu_start(engine.uc, pc, 0, 0, 0);
		check(uc_reg_read(engine.uc, UC_ARM64_REG_PC, &pc), "PC");
		/* Unicorn's own reasons to stop, as for WFE. */
	} while (!error && !engine.slice_over && !engine.pc_unaligned &&
		 (engine.exception >= EXCP_FIRST_INTERNAL));
	forget_outside();
	return error;
}

/* Instructions that move to or from system registers, or do something of the system's. */
static bool is_system(struct arch_aspace *as, uint64_t pc)
{
	const uint32_t *instruction = host_user_memory(as, pc, PROT_X);

	return instruction && *instruction >> 22 == 0x354;
}

/* The syndrome that EL1 would find: Unicorn has it ready but delivers it nowhere. It has none for
 * what its translator does not know. */
static void read_syndrome(struct arch_aspace *as, uint64_t pc, struct user_fault *fault)
{
	uint32_t esr;

	check(uc_context_save(engine.uc, engine.context), "context");
	memcpy(&esr, (char *)engine.context + engine.esr_at, sizeof(esr));
	memcpy(&fault->far, (char *)engine.context + engine.esr_at + 8, sizeof(fault->far));
	bool trap = esr >> 26 == ESR_CLASS_SYSTEM || esr >> 26 == ESR_CLASS_WFX;
	if (engine.exception == EXCP_UDEF && !(trap && is_system(as, pc)))
		esr = ESR_UNKNOWN;
	fault->esr = esr;
	/* Only aborts have an address. */
	if (esr >> 26 != ESR_CLASS_INSTRUCTION_ABORT && esr >> 26 != ESR_CLASS_DATA_ABORT)
		fault->far = 0;
}

static void describe_fault(struct arch_aspace *as, const struct user_context *ctx, uc_err error,
			   struct user_fault *fault)
{
	if (engine.pc_unaligned)
		*fault = (struct user_fault){.esr = ESR_PC_ALIGNMENT, .far = ctx->pc};
	else if (error == UC_ERR_OK || error == UC_ERR_INSN_INVALID || error == UC_ERR_EXCEPTION)
		read_syndrome(as, ctx->pc, fault);
	else
		panic("engine: %s at 0x%llx", uc_strerror(error), (unsigned long long)ctx->pc);
}

static enum user_exit run(struct arch_aspace *as, struct user_context *ctx,
			  struct user_fault *fault)
{
	uint64_t root = platform_to_physical(as->root).pa + HOST_TABLE_PA;
	enum user_exit why;

	if (host_foreign_pending)
		return USER_EXIT_FOREIGN_INTR;
	if (root != engine.root_pa)
		set_root(root);
	engine.as = as;
	engine.slice_over = engine.pc_unaligned = engine.moved = false;
	if (engine.config.slice)
		engine.budget = engine.config.slice / 2 + draw() % engine.config.slice;
	if (engine.config.on_enter)
		engine.config.on_enter(as, ctx);
	load_registers(ctx);
	uc_err error = go(ctx->pc);
	save_registers(ctx);
	engine.as = NULL;
	if (engine.slice_over) {
		why = USER_EXIT_FOREIGN_INTR;
	} else if (engine.exception == EXCP_SWI) {
		why = USER_EXIT_SVC;
	} else {
		why = USER_EXIT_FAULT;
		describe_fault(as, ctx, error, fault);
	}
	if (engine.config.on_exit)
		engine.config.on_exit(as, ctx, why, fault);
	return why;
}

/* --- getting to EL0
 * ------------------------------------------------------------------------------------------ */

static void make_boot_tables(void)
{
	const uint64_t page = 3 | 1 << 10 | 3 << 8 | 1 << 11 | 1 << 7; /* read-only */

	memset(boot, 0, sizeof(boot));
	boot[0][0] = (BOOT_PA + 1 * PAGE_SIZE) | 3;
	boot[0][1] = (BOOT_PA + 2 * PAGE_SIZE) | 3;
	boot[1][BOOT_EL1_VA / PAGE_SIZE] = (BOOT_PA + 3 * PAGE_SIZE) | page;
	boot[2][BOOT_EL0_VA / PAGE_SIZE % 512] = (BOOT_PA + 3 * PAGE_SIZE) | page | 1 << 6;
	boot[3][0] = 0xD69F03E0; /* eret */
	boot[3][1] = 0xF9400041; /* ldr x1, [x2] */
}

/* Where a saved context has the syndrome and the address of the fault that just happened. */
static void find_syndrome(void)
{
	const uint32_t esr = ESR_DATA_ABORT | ESR_TRANSLATION_L2;
	const uint64_t far = BOOT_PROBE_VA;
	size_t size = uc_context_size(engine.uc);
	const char *at = (const char *)engine.context;

	check(uc_context_save(engine.uc, engine.context), "context");
	for (size_t i = 0; i + 16 <= size; i += 4) {
		if (!memcmp(at + i, &esr, 4) && !memcmp(at + i + 8, &far, 8)) {
			engine.esr_at = i;
			return;
		}
	}
	panic("engine: this version of Unicorn does not tell why it faulted");
}

static void boot_to_el0(void)
{
	const uint64_t probe = BOOT_PROBE_VA;

	engine.budget = UINT64_MAX;
	make_boot_tables();
	set_system(6, 1, 1, 0, SCR_RW_SECURE);
	set_system(0, 10, 2, 0, MAIR_NORMAL);
	set_system(0, 2, 0, 2, TCR_1GIB);
	set_root(BOOT_PA);
	set_system(0, 1, 0, 2, CPACR_FP);
	set_system(0, 1, 0, 0, SCTLR_ON);
	set_system(0, 4, 0, 0, 0); /* SPSR_EL1: EL0t */
	set_system(0, 4, 0, 1, BOOT_EL0_VA + 8);
	check(uc_reg_write(engine.uc, UC_ARM64_REG_X2, &probe), "x2");
	check(go(BOOT_EL1_VA), "boot");
	find_syndrome();
}

static void add_hook(int type, void *function)
{
	uc_hook hook;

	check(uc_hook_add(engine.uc, &hook, type, function, NULL, 1, 0), "hook");
}

static void map_memory(void)
{
	uint64_t pa;
	size_t size;
	char *secure = host_secure(&pa, &size);

	if (!apps_range)
		apps_range = mmap(NULL, ARCH_USER_END, PROT_NONE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert(apps_range != MAP_FAILED);
	engine.page_count = size / PAGE_SIZE;
	check(uc_mem_map_ptr(engine.uc, 0, ARCH_USER_END, UC_PROT_ALL, apps_range), "map");
	check(uc_mem_map_ptr(engine.uc, pa + HOST_TABLE_PA, size, UC_PROT_ALL, secure), "map");
	check(uc_mem_map_ptr(engine.uc, HOST_NS_BASE + HOST_TABLE_PA, HOST_NS_SIZE, UC_PROT_ALL,
			     host_ns(HOST_NS_BASE)),
	      "map");
	check(uc_mem_map_ptr(engine.uc, BOOT_PA, sizeof(boot), UC_PROT_ALL, boot), "map");
}

void engine_stop(void)
{
	if (!engine.uc)
		return;
	uc_context_free(engine.context);
	uc_close(engine.uc);
	free(engine.code_digest);
	memset(&engine, 0, sizeof(engine));
	host_user = NULL;
	host_tlb_flush = NULL;
	host_code_mapped = NULL;
}

void engine_start(const struct engine_config *config)
{
	engine_stop();
	engine.config = *config;
	engine.random = config->seed * 0x9E3779B97F4A7C15ull + 1;
	engine.outside = 1;
	check(uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &engine.uc), "open");
	check(uc_ctl_set_cpu_model(engine.uc, UC_CPU_ARM64_A72), "CPU model");
	check(uc_context_alloc(engine.uc, &engine.context), "context");
	map_memory();
	add_hook(UC_HOOK_INTR, on_exception);
	add_hook(UC_HOOK_INSN_INVALID, on_undefined);
	add_hook(UC_HOOK_BLOCK, on_block);
	add_hook(UC_HOOK_MEM_UNMAPPED, on_outside);
	check(uc_ctl_exits_enable(engine.uc), "exits");
	engine.code_digest = calloc(engine.page_count, sizeof(*engine.code_digest));
	assert(engine.code_digest);
	boot_to_el0();
	engine.instructions = 0;
	host_user = run;
	host_tlb_flush = tlb_flush;
	host_code_mapped = code_mapped;
}

uint64_t engine_instructions(void)
{
	return engine.instructions;
}
