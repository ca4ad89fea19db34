/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SMC boundary: function ids and return codes of the OP-TEE transport (owner 50), as used by
 * the stock Linux driver. All arguments are w0..w7; only the low 32 bits of each register count
 * (NW-001).
 */
#ifndef ABI_SMC_H
#define ABI_SMC_H

/* clang-format off */
#define SMC_FAST                    0x80000000u
#define SMC_OWNER_MASK              0x3F000000u
#define SMC_SVE_HINT                0x00010000u /* SMCCC 1.3; masked before the id is looked at */

/* Fast calls. */
#define SMC_CALLS_COUNT             0xBF00FF00u
#define SMC_CALLS_UID               0xBF00FF01u
#define SMC_CALLS_REVISION          0xBF00FF03u
#define SMC_GET_OS_UUID             0xB2000000u
#define SMC_GET_OS_REVISION         0xB2000001u
#define SMC_GET_SHM_CONFIG          0xB2000007u
#define SMC_L2CC_MUTEX              0xB2000008u
#define SMC_EXCHANGE_CAPABILITIES   0xB2000009u
#define SMC_DISABLE_SHM_CACHE       0xB200000Au
#define SMC_ENABLE_SHM_CACHE        0xB200000Bu
#define SMC_BOOT_SECONDARY          0xB200000Cu
#define SMC_VM_CREATED              0xB200000Du
#define SMC_VM_DESTROYED            0xB200000Eu
#define SMC_GET_THREAD_COUNT        0xB200000Fu
#define SMC_ENABLE_ASYNC_NOTIF      0xB2000010u
#define SMC_GET_ASYNC_NOTIF_VALUE   0xB2000011u
#define SMC_GET_PROTMEM_CONFIG      0xB2000014u

/* Yielding calls. */
#define SMC_RETURN_FROM_RPC         0x32000003u
#define SMC_CALL_WITH_ARG           0x32000004u
#define SMC_CALL_WITH_RPC_ARG       0x32000012u
#define SMC_CALL_WITH_REGD_ARG      0x32000013u

/* Values of a0 on return. */
#define SMC_OK                      0x00000000u
#define SMC_ETHREAD_LIMIT           0x00000001u
#define SMC_EBUSY                   0x00000002u
#define SMC_ERESUME                 0x00000003u
#define SMC_EBADADDR                0x00000004u
#define SMC_EBADCMD                 0x00000005u
#define SMC_ENOMEM                  0x00000006u
#define SMC_ENOTAVAIL               0x00000007u
#define SMC_UNKNOWN_FUNCTION        0xFFFFFFFFu

#define SMC_RPC_PREFIX              0xFFFF0000u
#define SMC_RPC_ALLOC               0xFFFF0000u
#define SMC_RPC_FREE                0xFFFF0002u
#define SMC_RPC_FOREIGN_INTR        0xFFFF0004u
#define SMC_RPC_CMD                 0xFFFF0005u

/* The identity of the API, returned by CALLS_UID (NW-010), and its revision (NW-011). */
#define SMC_UID_0                   0x384FB3E0u
#define SMC_UID_1                   0xE7F811E3u
#define SMC_UID_2                   0xAF630002u
#define SMC_UID_3                   0xA5D5C51Bu
#define SMC_REVISION_MAJOR          2u
#define SMC_REVISION_MINOR          0u

/* a1 of the answer to EXCHANGE_CAPABILITIES. */
#define SMC_CAP_RESERVED_SHM        (1u << 0)
#define SMC_CAP_UNREGISTERED_SHM    (1u << 1)
#define SMC_CAP_DYNAMIC_SHM         (1u << 2)
#define SMC_CAP_VIRTUALIZATION      (1u << 3)
#define SMC_CAP_MEMREF_NULL         (1u << 4)
#define SMC_CAP_ASYNC_NOTIF         (1u << 5)
#define SMC_CAP_RPC_ARG             (1u << 6)
#define SMC_CAP_RPMB_PROBE          (1u << 7)
#define SMC_CAP_PROTMEM             (1u << 8)
#define SMC_CAP_DYNAMIC_PROTMEM     (1u << 9)
/* a1 of the question. */
#define SMC_NWCAP_UNIPROCESSOR      (1u << 0)

#define SMC_THREAD_ID_MAX           0x7FFFFFFFu /* NW-035 */
/* clang-format on */

#endif
