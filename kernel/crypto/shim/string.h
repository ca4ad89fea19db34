/* SPDX-License-Identifier: BSD-2-Clause */
/* For Mbed TLS: there is no C library. */
#include "kernel/lib/string.h"
