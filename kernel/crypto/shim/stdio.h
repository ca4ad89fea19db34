/* SPDX-License-Identifier: BSD-2-Clause */
/* For Mbed TLS: there is no C library. snprintf() is in kernel/lib/string.h. */
#include "kernel/lib/string.h"
