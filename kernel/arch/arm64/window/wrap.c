/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The functions that stand in for those that begin or end a window; each does what the one does
 * that it stands for (__real_…). The list for the linker is in ../meson.build.
 */
#include "abi/smc.h"
#include "abi/tenon.h"
#include "kernel/arch/arm64/cpu.h"
#include "kernel/arch/arm64/sysreg.h"
#include "kernel/arch/arm64/window/window.h"
#include "kernel/entry/entry.h"
#include "kernel/guest/guest.h"

#define ESR_CLASS(esr) ((esr) >> 26 & 0x3f)
#define CLASS_SVC      0x15
#define DAIF_MASKED    (1u << 6 | 1u << 7) /* F, I */

#define HERE __builtin_frame_address(0)

/* --- from EL3 ------------------------------------------------------------------------------------
 */

/* By handle: more guests than this at a time are not told apart while they die. */
static struct window_death deaths[64];

static uint64_t stat_of(uint32_t vm_id, uint32_t counter)
{
	uint64_t value = 0;

	return guest_stat(vm_id, counter, &value) == SMC_OK ? value : 0;
}

static struct window_death *death_of(uint32_t vm_id)
{
	struct window_death *death = &deaths[vm_id % array_count(deaths)];

	if (death->known && death->vm_id == vm_id)
		return death;
	*death = (struct window_death){
		.known = true,
		.vm_id = vm_id,
		.pages = stat_of(vm_id, TENON_STAT_PAGES),
		.sessions = stat_of(vm_id, TENON_STAT_SESSIONS),
		.instances = stat_of(vm_id, TENON_STAT_INSTANCES),
		.shm_pages = stat_of(vm_id, TENON_STAT_SHM_PAGES),
		.calls = stat_of(vm_id, TENON_STAT_CALLS),
	};
	return death;
}

void window_death_count(struct window_death *death, uint64_t ticks)
{
	death->windows++;
	death->ticks += ticks;
	death->longest = max(death->longest, ticks);
}

static void death_report(const struct window_death *d)
{
	window_print("destroyed: %u: pages=%llu sessions=%llu instances=%llu shm=%llu calls=%llu "
		     "entries=%llu windows=%llu ticks=%llu longest=%llu\n",
		     d->vm_id, (unsigned long long)d->pages, (unsigned long long)d->sessions,
		     (unsigned long long)d->instances, (unsigned long long)d->shm_pages,
		     (unsigned long long)d->calls, (unsigned long long)d->entries,
		     (unsigned long long)d->windows, (unsigned long long)d->ticks,
		     (unsigned long long)d->longest);
}

void __real_entry_fast(struct smc_args *args);

static void destroy(struct smc_args *args)
{
	struct window_death *death = death_of(args->a[1]);

	death->entries++;
	window_set_death(death);
	window_begin(WINDOW_DESTROY, args->a[0], HERE);
	__real_entry_fast(args);
	window_end(WINDOW_TO_ANSWER, HERE);
	window_set_death(NULL);
	if (args->a[0] == SMC_EBUSY)
		return;
	death_report(death);
	death->known = false;
}

void __wrap_entry_fast(struct smc_args *args);
void __wrap_entry_fast(struct smc_args *args)
{
	if (args->a[0] == SMC_VM_DESTROYED && args->a[7] == GUEST_NATIVE) {
		destroy(args);
		return;
	}
	bool is_creation = args->a[0] == SMC_VM_CREATED;
	window_begin(is_creation ? WINDOW_CREATE : WINDOW_FAST, args->a[0], HERE);
	__real_entry_fast(args);
	window_end(WINDOW_TO_ANSWER, HERE);
}

static enum window_end exit_kind(uint32_t a0)
{
	if (a0 == SMC_RPC_FOREIGN_INTR)
		return WINDOW_TO_INTERRUPT;
	bool is_rpc = a0 != SMC_UNKNOWN_FUNCTION && (a0 & SMC_RPC_PREFIX) == SMC_RPC_PREFIX;
	return is_rpc ? WINDOW_TO_RPC : WINDOW_TO_ANSWER;
}

void __real_entry_yielding(struct smc_args *args);
void __wrap_entry_yielding(struct smc_args *args);
void __wrap_entry_yielding(struct smc_args *args)
{
	bool is_return = (args->a[0] & ~SMC_SVE_HINT) == SMC_RETURN_FROM_RPC;

	window_begin(is_return ? WINDOW_RESUME : WINDOW_CALL, args->a[0], HERE);
	__real_entry_yielding(args);
	window_end(exit_kind(args->a[0]), HERE);
}

#define EVENT(name)                                                                                \
	void __real_##name(void);                                                                  \
	void __wrap_##name(void);                                                                  \
	void __wrap_##name(void)                                                                   \
	{                                                                                          \
		window_begin(WINDOW_EVENT, 0, HERE);                                               \
		__real_##name();                                                                   \
		window_end(WINDOW_TO_ANSWER, HERE);                                                \
	}

EVENT(power_cpu_off)
EVENT(power_suspend)
EVENT(power_resume)
EVENT(secure_interrupt)

/* --- from an app ---------------------------------------------------------------------------------
 */

unsigned __real_user_enter(struct user_context *ctx, uint64_t ttbr0);
unsigned __wrap_user_enter(struct user_context *ctx, uint64_t ttbr0);
unsigned __wrap_user_enter(struct user_context *ctx, uint64_t ttbr0)
{
	window_end(WINDOW_TO_APP, HERE);
	unsigned why = __real_user_enter(ctx, ttbr0);
	uint32_t esr = (uint32_t)sysreg_read(esr_el1);

	if (why == USER_STOP_IRQ || why == USER_STOP_FIQ)
		window_begin(WINDOW_STOPPED, why, HERE);
	else if (why == USER_STOP_SYNC && ESR_CLASS(esr) == CLASS_SVC)
		window_begin(WINDOW_SYSCALL, (uint32_t)ctx->x[8], HERE);
	else
		window_begin(WINDOW_FAULT, esr, HERE);
	return why;
}

void __real_arch_aspace_unmap(struct arch_aspace *as, uaddr_t va, size_t page_count);
void __wrap_arch_aspace_unmap(struct arch_aspace *as, uaddr_t va, size_t page_count);
void __wrap_arch_aspace_unmap(struct arch_aspace *as, uaddr_t va, size_t page_count)
{
	window_note_unmap();
	__real_arch_aspace_unmap(as, va, page_count);
}

/* --- inside --------------------------------------------------------------------------------------
 */

bool __real_arch_foreign_pending(void);
bool __wrap_arch_foreign_pending(void);
bool __wrap_arch_foreign_pending(void)
{
	bool pending = __real_arch_foreign_pending();

	if (!pending)
		window_pass_poll(HERE);
	return pending;
}

void __real_arch_interrupts_unmask(void);
void __wrap_arch_interrupts_unmask(void);
void __wrap_arch_interrupts_unmask(void)
{
	window_end(WINDOW_TO_BRACKET, HERE);
	__real_arch_interrupts_unmask();
}

void __real_arch_interrupts_mask(void);
void __wrap_arch_interrupts_mask(void);
void __wrap_arch_interrupts_mask(void)
{
	__real_arch_interrupts_mask();
	if (!window_is_open())
		window_begin(WINDOW_MASKED, 0, HERE);
}

uint64_t __real_arch_fp_begin(void);
uint64_t __wrap_arch_fp_begin(void);
uint64_t __wrap_arch_fp_begin(void)
{
	uint64_t mask = __real_arch_fp_begin(); /* which begins a window in an open bracket */

	if (!(mask & DAIF_MASKED))
		window_rename(WINDOW_VECTORS);
	return mask;
}

void __real_arch_fp_end(uint64_t mask);
void __wrap_arch_fp_end(uint64_t mask);
void __wrap_arch_fp_end(uint64_t mask)
{
	__real_arch_fp_end(mask | DAIF_MASKED);
	if (mask & DAIF_MASKED)
		return;
	window_end(WINDOW_TO_BRACKET, HERE);
	sysreg_write(daif, mask);
}

static void preempted(struct trap_frame *frame, void (*handle)(struct trap_frame *frame))
{
	window_begin(WINDOW_PREEMPTED, 0, HERE);
	handle(frame);
	/* Perhaps on another CPU, and perhaps to go on with interrupts masked. */
	if (!(frame->spsr & DAIF_MASKED))
		window_end(WINDOW_TO_BRACKET, HERE);
}

void __real_kernel_fiq_handle(struct trap_frame *frame);
void __wrap_kernel_fiq_handle(struct trap_frame *frame);
void __wrap_kernel_fiq_handle(struct trap_frame *frame)
{
	preempted(frame, __real_kernel_fiq_handle);
}

void __real_kernel_irq_handle(struct trap_frame *frame);
void __wrap_kernel_irq_handle(struct trap_frame *frame);
void __wrap_kernel_irq_handle(struct trap_frame *frame)
{
	preempted(frame, __real_kernel_irq_handle);
}
