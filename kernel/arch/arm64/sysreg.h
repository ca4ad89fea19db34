/* SPDX-License-Identifier: BSD-2-Clause */
/* System registers and barriers. */
#ifndef ARCH_ARM64_SYSREG_H
#define ARCH_ARM64_SYSREG_H

#include <stdint.h>

#define sysreg_read(name)                                                                          \
	({                                                                                         \
		uint64_t value_;                                                                   \
		__asm__ volatile("mrs %0, " #name : "=r"(value_)::"memory");                       \
		value_;                                                                            \
	})

#define sysreg_write(name, value)                                                                  \
	__asm__ volatile("msr " #name ", %x0" ::"rZ"((uint64_t)(value)) : "memory")

#define isb()           __asm__ volatile("isb" ::: "memory")
#define dsb(domain)     __asm__ volatile("dsb " #domain ::: "memory")
#define tlbi(op, value) __asm__ volatile("tlbi " #op ", %0" ::"r"((uint64_t)(value)) : "memory")

/* Cache maintenance by address, and of all instruction caches. */
#define dc_cvau(va)  __asm__ volatile("dc cvau, %0" ::"r"(va) : "memory")
#define ic_ivau(va)  __asm__ volatile("ic ivau, %0" ::"r"(va) : "memory")
#define ic_ialluis() __asm__ volatile("ic ialluis" ::: "memory")

/* The GIC's CPU interface, by encoding: older assemblers do not know the names. */
#define ICC_IAR1_EL1    S3_0_C12_C12_0
#define ICC_EOIR1_EL1   S3_0_C12_C12_1
#define ICC_SRE_EL1     S3_0_C12_C12_5
#define ICC_IGRPEN1_EL1 S3_0_C12_C12_7

/* Expands a name above before it becomes text. */
#define sysreg_read_named(name)         sysreg_read(name)
#define sysreg_write_named(name, value) sysreg_write(name, value)

#endif
