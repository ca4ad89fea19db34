/* SPDX-License-Identifier: BSD-2-Clause */
/* For Mbed TLS, which only wants the compile-time half. */
#define static_assert _Static_assert
