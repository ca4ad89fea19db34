/* SPDX-License-Identifier: BSD-2-Clause */
/* Between S-EL1 and EL3: the ids with which the kernel hands the CPU back to TF-A's OPTEED
 * dispatcher. */
#ifndef ABI_OPTEED_H
#define ABI_OPTEED_H

/* clang-format off */
#define OPTEED_ENTRY_DONE           0xBE000000
#define OPTEED_ON_DONE              0xBE000001
#define OPTEED_OFF_DONE             0xBE000002
#define OPTEED_SUSPEND_DONE         0xBE000003
#define OPTEED_RESUME_DONE          0xBE000004
#define OPTEED_CALL_DONE            0xBE000005
#define OPTEED_FIQ_DONE             0xBE000006
#define OPTEED_SYSTEM_OFF_DONE      0xBE000007
#define OPTEED_SYSTEM_RESET_DONE    0xBE000008
/* clang-format on */

#endif
