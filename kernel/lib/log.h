/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log on the secure console. Every line begins with whom it concerns: "g3:" a guest, "tenon:"
 * the kernel. Nothing that a guest or a TA can cause is logged above info.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include "kernel/lib/types.h"

enum log_level {
	LOG_ERROR,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG
};

/* What is printed by default; lines above it are dropped. */
#define LOG_LEVEL LOG_INFO

/* Concerns the kernel itself. Never sleeps; any context. */
void log_write(enum log_level level, const char *format, ...) printf_like(2, 3);

/*
 * Concerns the guest with this VM id. budget: lines this guest may still print in the running
 * second, kept in the guest (rate limit); a dropped line is counted and the count shown with the
 * next line.
 */
struct log_limit {
	uint64_t window_start; /* counter ticks */
	uint16_t lines;
	uint16_t dropped;
	uint16_t reports;
	bool reporting;
	uint64_t reports_start; /* counter ticks */
};
void log_guest(uint32_t vm_id, struct log_limit *limit, const char *format, ...) printf_like(3, 4);

/*
 * A report: lines that belong together, with an allowance of their own, so that none is cut by the
 * lines before it. At most REPORTS_MAX begin in REPORTS_SECONDS; one at a time for each guest.
 * log_report_begin() false: not now, and nothing to end. The number of lines is the caller's to
 * bound.
 */
#define LOG_REPORTS_MAX     4
#define LOG_REPORTS_SECONDS 4
bool must_check log_report_begin(struct log_limit *limit);
void log_report_line(uint32_t vm_id, const char *text);
void log_report_end(struct log_limit *limit);

#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_INFO, __VA_ARGS__)

#endif
