/* SPDX-License-Identifier: BSD-2-Clause */
/* For Mbed TLS, which names this header; allocation is in kernel/crypto/arena.h. */
#include <stddef.h>
