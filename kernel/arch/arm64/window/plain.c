/* SPDX-License-Identifier: BSD-2-Clause */
/* QEMU has no CPU of this kind without instructions for SHA-256: here it seems to have none. */
#include "kernel/arch/arch.h"

bool __wrap_arch_has_sha256(void);
bool __wrap_arch_has_sha256(void)
{
	return false;
}
