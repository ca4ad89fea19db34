/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef USER_TA_HEADER_DEFINES_H
#define USER_TA_HEADER_DEFINES_H

#include "abi/shared.h"
#include "tatest.h"

#define TA_UUID       TATEST_UUID(APP_HERD)
#define TA_FLAGS      (TA_FLAG_SINGLE_INSTANCE | TA_FLAG_MULTI_SESSION | TENON_TA_SHARED)
#define TA_STACK_SIZE (4 * 1024)
#define TA_DATA_SIZE  (128 * 1024) /* the kit keeps a record of each session there */

#endif
