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
};
void log_guest(uint32_t vm_id, struct log_limit *limit, const char *format, ...) printf_like(3, 4);

#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_INFO, __VA_ARGS__)

#endif
