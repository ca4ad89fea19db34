/* SPDX-License-Identifier: BSD-2-Clause */
/* For Mbed TLS, which names this header but is configured not to ask for the time. */
#include <stdint.h>
