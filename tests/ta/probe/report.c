/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of results. */
#include <stdio.h>

#include "report.h"

static struct {
	char *text;
	size_t size;
	size_t used;
	bool on_peer;
} report;

void report_begin(void *text, size_t size, bool on_peer)
{
	report.text = text;
	report.size = size;
	report.used = 0;
	report.on_peer = on_peer;
}

size_t report_end(void)
{
	return report.used;
}

bool report_on_peer(void)
{
	return report.on_peer;
}

void expect(const char *point, const char *what, uint64_t expected, uint64_t got)
{
	size_t room = report.size - report.used;
	int n;

	if (expected == got)
		n = snprintf(report.text + report.used, room, "ok %s %s\n", point, what);
	else
		n = snprintf(report.text + report.used, room,
			     "FAIL %s %s: expected 0x%llx, got 0x%llx\n", point, what,
			     (unsigned long long)expected, (unsigned long long)got);
	/* a report that does not fit is a failure of the test, not a silent success */
	if (n < 0 || (size_t)n >= room)
		TEE_Panic(TEE_ERROR_SHORT_BUFFER);
	report.used += (size_t)n;
}

void expect_either(const char *point, const char *what, uint64_t tenon, uint64_t peer, uint64_t got)
{
	expect(point, what, report.on_peer ? peer : tenon, got);
}
