/* SPDX-License-Identifier: BSD-2-Clause */
/* What a command found, as text in the client's memory. */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <tee_internal_api.h>

void report_begin(void *text, size_t size, bool on_peer);
size_t report_end(void);
bool report_on_peer(void);
void expect(const char *point, const char *what, uint64_t expected, uint64_t got);
/* Where both answers are right, or Tenon differs with a reason that stands beside the call. */
void expect_either(const char *point, const char *what, uint64_t tenon, uint64_t peer,
		   uint64_t got);

#endif
