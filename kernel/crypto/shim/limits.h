/* SPDX-License-Identifier: BSD-2-Clause */
/* For Mbed TLS: the few limits that it names. */
#ifndef SHIM_LIMITS_H
#define SHIM_LIMITS_H
#define CHAR_BIT  __CHAR_BIT__
#define INT_MAX   __INT_MAX__
#define INT_MIN   (-INT_MAX - 1)
#define UINT_MAX  (__INT_MAX__ * 2U + 1U)
#define LONG_MAX  __LONG_MAX__
#define ULONG_MAX (__LONG_MAX__ * 2UL + 1UL)
#define USHRT_MAX (__SHRT_MAX__ * 2 + 1)
#endif
