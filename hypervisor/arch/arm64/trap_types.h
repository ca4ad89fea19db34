/* SPDX-License-Identifier: BSD-2-Clause */
/* Why a guest came to EL2; also used by assembly. */
#ifndef ARCH_ARM64_TRAP_TYPES_H
#define ARCH_ARM64_TRAP_TYPES_H

#define TRAP_SYNC   0
#define TRAP_IRQ    1
#define TRAP_SERROR 2

#endif
