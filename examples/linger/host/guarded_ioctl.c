/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands in front of the C library's ioctl(), so that each call into the trusted world that libteec
 * makes is entered with all SIMD registers loaded and must come back with all of them unchanged
 * (NW-211). Linux keeps a process's registers in place across a system call.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "guarded_ioctl.h"

long simd_ioctl(int fd, unsigned long request, void *argument, const struct simd_state *in,
		struct simd_state *out);

static unsigned int changed;

unsigned int guarded_ioctl_changed(void)
{
	return __atomic_load_n(&changed, __ATOMIC_RELAXED);
}

int ioctl(int fd, unsigned long request, ...)
{
	static uint64_t seed = 1;
	struct simd_state in;
	struct simd_state out;
	void *argument;
	va_list list;
	long result;

	va_start(list, request);
	argument = va_arg(list, void *);
	va_end(list);
	simd_pattern(&in, __atomic_add_fetch(&seed, 1, __ATOMIC_RELAXED));
	result = simd_ioctl(fd, request, argument, &in, &out);
	if (simd_compare(&in, &out))
		__atomic_add_fetch(&changed, simd_compare(&in, &out), __ATOMIC_RELAXED);
	if (result >= 0)
		return (int)result;
	errno = (int)-result;
	return -1;
}
