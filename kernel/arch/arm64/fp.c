/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * V registers, FPCR and FPSR are switched lazily; EL3 switches none of them (NW-211).
 *
 *     registers hold            fp_nw_saved  fp_user  FPEN
 *     the normal world's state       0        NULL    closed
 *     the state of a TA              1        its ctx open (closed while another TA runs)
 *     nothing of value               1        NULL    closed
 *     the kernel's cryptography      1        NULL    open, interrupts masked
 *
 * Nothing is touched unless a TA or the kernel's cryptography uses the registers: fast calls and
 * secure interrupts never do (NW-212). The kernel's use ends in "nothing of value" before anything
 * else can happen on this CPU, so it has no state that would ever have to be saved. On CPUs with
 * SVE the firmware must let the secure world use FP (TF-A: ENABLE_SVE_FOR_SWD=1 or no SVE for the
 * normal world); else the first use by a TA traps to EL3.
 */
#include "kernel/arch/arm64/cpu.h"
#include "kernel/arch/arm64/sysreg.h"

#define CPACR_FP_OPEN (3ull << 20)

static void registers_open(void)
{
	sysreg_write(cpacr_el1, CPACR_FP_OPEN);
	isb();
}

static void registers_close(void)
{
	sysreg_write(cpacr_el1, 0);
	isb();
}

void fp_user_prepare(const struct user_context *ctx)
{
	struct cpu *cpu = cpu_self();

	if (!cpu->fp_nw_saved)
		return; /* closed already */
	/* EL0 sees the change after the ERET. */
	sysreg_write(cpacr_el1, cpu->fp_user == ctx ? CPACR_FP_OPEN : 0);
}

void fp_user_load(struct user_context *ctx)
{
	struct cpu *cpu = cpu_self();

	registers_open();
	if (!cpu->fp_nw_saved)
		fp_save(&cpu->fp_nw);
	else if (cpu->fp_user != NULL)
		fp_save(&cpu->fp_user->fp);
	cpu->fp_nw_saved = 1;
	fp_load(&ctx->fp);
	cpu->fp_user = ctx;
}

void arch_user_context_drop(struct user_context *ctx)
{
	struct cpu *cpu = cpu_self();

	if (cpu->fp_user == ctx)
		cpu->fp_user = NULL;
}

void arch_fp_leave(void)
{
	struct cpu *cpu = cpu_self();

	if (!cpu->fp_nw_saved)
		return;
	registers_open();
	if (cpu->fp_user != NULL)
		fp_save(&cpu->fp_user->fp);
	fp_load(&cpu->fp_nw);
	registers_close();
	cpu->fp_user = NULL;
	cpu->fp_nw_saved = 0;
}

bool arch_has_sha256(void)
{
	return (sysreg_read(id_aa64isar0_el1) >> 12 & 0xf) != 0;
}

uint64_t arch_fp_begin(void)
{
	uint64_t mask = sysreg_read(daif);

	/* Masked first: an open bracket may move to another CPU between two instructions. */
	arch_interrupts_mask();
	struct cpu *cpu = cpu_self();
	registers_open();
	if (!cpu->fp_nw_saved)
		fp_save(&cpu->fp_nw);
	else if (cpu->fp_user != NULL)
		fp_save(&cpu->fp_user->fp);
	cpu->fp_nw_saved = 1;
	cpu->fp_user = NULL;
	return mask;
}

void arch_fp_end(uint64_t mask)
{
	fp_wipe();
	registers_close();
	sysreg_write(daif, mask);
}
