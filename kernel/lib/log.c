/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole lines to the secure console, one writer at a time. */
#include "kernel/arch/arch.h"
#include "kernel/lib/log.h"
#include "kernel/lib/spinlock.h"
#include "kernel/lib/string.h"
#include "kernel/platform/platform.h"

#define LINE_MAX         240
#define LINES_PER_SECOND 20 /* of one guest */

static struct spinlock console_lock;

/* Appends to line, which has room for LINE_MAX and keeps one byte for the line's end. */
static size_t printf_like(3, 0) append(char *line, size_t used, const char *format, va_list args)
{
	size_t room = LINE_MAX - 1 - used;
	int length = vsnprintf(line + used, room, format, args);

	return used + min((size_t)length, room - 1);
}

static size_t printf_like(3, 4) append_format(char *line, size_t used, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	used = append(line, used, format, args);
	va_end(args);
	return used;
}

/* A name or text that somebody else chose must not forge lines or steer a terminal. */
static void make_printable(char *line, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (line[i] < ' ' || line[i] > '~')
			line[i] = '?';
}

static void write_line(char *line, size_t length)
{
	make_printable(line, length);
	line[length++] = '\n';
	spin_lock(&console_lock);
	platform_console_write(line, length);
	spin_unlock(&console_lock);
}

void log_write(enum log_level level, const char *format, ...)
{
	static const char *const mark[] = {"error: ", "warning: ", "", ""};
	char line[LINE_MAX];
	va_list args;

	if (level > LOG_LEVEL)
		return;
	size_t length = append_format(line, 0, "tenon: %s", mark[level]);
	va_start(args, format);
	length = append(line, length, format, args);
	va_end(args);
	write_line(line, length);
}

/* True if the guest may print another line in this second. */
static bool limit_allows(struct log_limit *limit)
{
	uint64_t now = arch_counter();

	if (now - limit->window_start >= arch_counter_hz()) {
		limit->window_start = now;
		limit->lines = 0;
	}
	if (limit->lines >= LINES_PER_SECOND) {
		if (limit->dropped != UINT16_MAX)
			limit->dropped++;
		return false;
	}
	limit->lines++;
	return true;
}

void log_guest(uint32_t vm_id, struct log_limit *limit, const char *format, ...)
{
	char line[LINE_MAX];
	va_list args;

	if (!limit_allows(limit))
		return;
	size_t length = append_format(line, 0, "g%u: ", vm_id);
	if (limit->dropped != 0)
		length = append_format(line, length, "(%u lines dropped) ", limit->dropped);
	limit->dropped = 0;
	va_start(args, format);
	length = append(line, length, format, args);
	va_end(args);
	write_line(line, length);
}

bool log_report_begin(struct log_limit *limit)
{
	uint64_t now = arch_counter();

	if (limit->reporting)
		return false;
	if (now - limit->reports_start >= LOG_REPORTS_SECONDS * arch_counter_hz()) {
		limit->reports_start = now;
		limit->reports = 0;
	}
	if (limit->reports >= LOG_REPORTS_MAX)
		return false;
	limit->reports++;
	limit->reporting = true;
	return true;
}

void log_report_line(uint32_t vm_id, const char *text)
{
	char line[LINE_MAX];

	write_line(line, append_format(line, 0, "g%u: %s", vm_id, text));
}

void log_report_end(struct log_limit *limit)
{
	limit->reporting = false;
}
