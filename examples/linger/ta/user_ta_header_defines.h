/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef USER_TA_HEADER_DEFINES_H
#define USER_TA_HEADER_DEFINES_H

#include "linger.h"

/* an instance for each session: what dies in one is no other's business */
#define TA_UUID       LINGER_UUID
#define TA_FLAGS      0
#define TA_STACK_SIZE (8 * 1024)
#define TA_DATA_SIZE  (256 * 1024)

#endif
