/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ARCH_ARM64_SYSREG_H
#define ARCH_ARM64_SYSREG_H

#include <lib/bits.h>
#include <stdint.h>

#define sysreg_read(name)                                                                          \
	({                                                                                         \
		uint64_t v_;                                                                       \
		__asm__ volatile("mrs %0, " #name : "=r"(v_)::"memory");                           \
		v_;                                                                                \
	})
#define sysreg_write(name, value)                                                                  \
	__asm__ volatile("msr " #name ", %0" ::"r"((uint64_t)(value)) : "memory")
#define isb()      __asm__ volatile("isb" ::: "memory")
#define dsb(scope) __asm__ volatile("dsb " #scope ::: "memory")

/* clang-format off */
#define HCR_VM       BIT(0)
#define HCR_SWIO     BIT(1)
#define HCR_PTW      BIT(2)
#define HCR_FMO      BIT(3)
#define HCR_IMO      BIT(4)
#define HCR_AMO      BIT(5)
#define HCR_VSE      BIT(8)
#define HCR_FB       BIT(9)
#define HCR_BSU_IS   BIT(10)
#define HCR_TWI      BIT(13)
#define HCR_TWE      BIT(14)
#define HCR_TID3     BIT(18)
#define HCR_TSC      BIT(19)
#define HCR_TIDCP    BIT(20)
#define HCR_TACR     BIT(21)
#define HCR_TSW      BIT(22)
#define HCR_RW       BIT(31)
#define HCR_TLOR     BIT(35)
#define HCR_TERR     BIT(36)
#define HCR_GUEST    (HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB | HCR_BSU_IS | HCR_TWI | \
                      HCR_TWE | HCR_TID3 | HCR_TSC | HCR_TIDCP | HCR_TACR | HCR_TSW | HCR_RW | HCR_TLOR | HCR_TERR)
#define HCR_IDLE     (HCR_FMO | HCR_IMO | HCR_AMO | HCR_RW)

/* CPTR_EL2 with E2H = 0: RES1 bits, SVE and trace registers trapped; TFP per vCPU. */
#define CPTR_RES1    0x32FFull
#define CPTR_TZ      BIT(8)
#define CPTR_TFP     BIT(10)
#define CPTR_TSM     BIT(12)
#define CPTR_TTA     BIT(20)
#define CPTR_TAM     BIT(30)
#define CPTR_GUEST   (CPTR_RES1 | CPTR_TZ | CPTR_TSM | CPTR_TTA | CPTR_TAM)

/* MDCR_EL2: debug, trace, profiling and performance registers trapped. */
#define MDCR_GUEST   (BIT(5) | BIT(6) | BIT(9) | BIT(10) | BIT(11) | BIT(14) | BIT(19))

#define SCTLR_EL1_RESET 0x30D00800ull
#define SCTLR_EL2_RES1  0x30C50830ull
#define SCTLR_M      BIT(0)
#define SCTLR_C      BIT(2)
#define SCTLR_SA     BIT(3)
#define SCTLR_I      BIT(12)
#define SCTLR_WXN    BIT(19)

#define ESR_EC(esr)  ((unsigned)FIELD(esr, 31, 26))
#define EC_UNKNOWN   0x00u
#define EC_WFX       0x01u
#define EC_FP        0x07u
#define EC_HVC64     0x16u
#define EC_SMC64     0x17u
#define EC_SYSREG    0x18u
#define EC_IABT_LOW  0x20u
#define EC_DABT_LOW  0x24u

#define SPSR_EL1H_MASKED 0x3C5ull
/* clang-format on */

#endif
