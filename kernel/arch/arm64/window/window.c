/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The measuring kernel: for how long are foreign interrupts masked at a time (I7)? It is made of
 * the product's own objects; the linker leads the calls that begin or end a window through the
 * functions below (--wrap), so the product has nothing of this in it.
 *
 * A window begins where the kernel is entered from EL3 or from an app, and where a bracket or the
 * use of V registers masks interrupts; it ends where the kernel is left, and where they are
 * unmasked. A poll that finds no interrupt is the end of one window and the start of the next: one
 * that waited would have been taken there. Each CPU keeps the longest window for each pair of start
 * and end, in ticks of CNTPCT, and tells the secure console of each that is longer than those
 * before. What telling takes is in no window. The few instructions of entry.S and vectors.S outside
 * of the wrapped functions are not seen, those of the wrappers are.
 */
#include "kernel/arch/arm64/window/window.h"

#include "kernel/arch/arm64/cpu.h"
#include "kernel/arch/arm64/sysreg.h"
#include "kernel/lib/string.h"
#include "kernel/platform/platform.h"

/* Return addresses that say where a window began. */
#define PLACES 5

static const char *const start_names[WINDOW_STARTS] = {
	[WINDOW_FAST] = "fast",           [WINDOW_CREATE] = "create",
	[WINDOW_DESTROY] = "destroy",     [WINDOW_CALL] = "call",
	[WINDOW_RESUME] = "resume",       [WINDOW_EVENT] = "event",
	[WINDOW_SYSCALL] = "syscall",     [WINDOW_FAULT] = "fault",
	[WINDOW_STOPPED] = "stopped",     [WINDOW_MASKED] = "masked",
	[WINDOW_PREEMPTED] = "preempted", [WINDOW_VECTORS] = "vectors",
	[WINDOW_POLL] = "poll",           [WINDOW_UNMAP] = "unmap",
};

static const char *const end_names[WINDOW_ENDS] = {
	[WINDOW_TO_ANSWER] = "answer",       [WINDOW_TO_RPC] = "rpc",
	[WINDOW_TO_INTERRUPT] = "interrupt", [WINDOW_TO_APP] = "app",
	[WINDOW_TO_BRACKET] = "bracket",     [WINDOW_TO_POLL] = "poll",
};

static struct window {
	bool open;
	bool unmaps;                /* something was unmapped in it */
	enum window_start start;    /* how it began */
	uint32_t detail;            /* what was asked for: function, system call, syndrome */
	uint64_t since;             /* ticks */
	uint64_t from[PLACES];      /* where it began, and who called that */
	struct window_death *death; /* the guest that is being destroyed here */
	uint32_t longest[WINDOW_STARTS][WINDOW_ENDS];
} windows[CPU_MAX];

static struct window *window_self(void)
{
	return &windows[cpu_self()->index];
}

static uint64_t ticks_now(void)
{
	isb();
	return sysreg_read(cntpct_el0);
}

/* The callers of the function whose frame this is. Chains end in zero (entry.S, context_begin). */
static void places_get(uint64_t place[PLACES], const uint64_t *frame)
{
	for (unsigned i = 0; i < PLACES; i++) {
		place[i] = frame ? frame[1] : 0;
		frame = frame ? (const uint64_t *)(uintptr_t)frame[0] : NULL;
	}
}

void window_print(const char *format, ...)
{
	char line[320];
	va_list args;

	va_start(args, format);
	int length = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	platform_console_write(line, min((size_t)length, sizeof(line) - 1));
}

static void report(const struct window *w, enum window_start start, enum window_end end,
		   uint64_t ticks, const uint64_t to[PLACES])
{
	char places[2][17 * PLACES + 1] = {"", ""};
	const uint64_t *sides[] = {w->from, to};

	for (unsigned side = 0; side < 2; side++) {
		for (unsigned i = 0, at = 0; i < PLACES && sides[side][i]; i++)
			at += (unsigned)snprintf(&places[side][at], sizeof(places[side]) - at,
						 "%s%llx", i ? "<" : "",
						 (unsigned long long)sides[side][i]);
	}
	window_print("window: %llu ticks, %s to %s, 0x%x, from %s to %s\n",
		     (unsigned long long)ticks, start_names[start], end_names[end], w->detail,
		     places[0], places[1]);
}

static void record(struct window *w, enum window_start start, enum window_end end, uint64_t ticks,
		   const uint64_t *frame)
{
	uint64_t to[PLACES];

	if (ticks <= w->longest[start][end])
		return;
	w->longest[start][end] = (uint32_t)ticks;
	places_get(to, frame);
	report(w, start, end, ticks, to);
}

void window_begin(enum window_start start, uint32_t detail, const void *frame)
{
	struct window *w = window_self();

	w->open = true;
	w->unmaps = false;
	w->start = start;
	w->detail = detail;
	places_get(w->from, frame);
	w->since = ticks_now();
}

void window_end(enum window_end end, const void *frame)
{
	struct window *w = window_self();
	uint64_t ticks = ticks_now() - w->since;

	if (!w->open)
		return;
	w->open = false;
	if (w->death)
		window_death_count(w->death, ticks);
	record(w, w->death ? WINDOW_DESTROY : w->start, end, ticks, frame);
	if (w->unmaps)
		record(w, WINDOW_UNMAP, end, ticks, frame);
}

void window_pass_poll(const void *frame)
{
	struct window *w = window_self();

	if (!w->open)
		return;
	window_end(WINDOW_TO_POLL, frame);
	window_begin(WINDOW_POLL, w->detail, frame);
}

bool window_is_open(void)
{
	return window_self()->open;
}

void window_rename(enum window_start start)
{
	window_self()->start = start;
}

void window_note_unmap(void)
{
	window_self()->unmaps = true;
}

void window_set_death(struct window_death *death)
{
	window_self()->death = death;
}
