/* SPDX-License-Identifier: BSD-2-Clause */
/* GlobalPlatform result codes and origins: what kernel functions, messages and system calls return.
 */
#ifndef ABI_RESULT_H
#define ABI_RESULT_H

#include <stdint.h>

typedef uint32_t TEE_Result;

/* clang-format off */
#define TEE_SUCCESS                       0x00000000u
#define TEE_ERROR_CORRUPT_OBJECT          0xF0100001u
#define TEE_ERROR_STORAGE_NOT_AVAILABLE   0xF0100003u
#define TEE_ERROR_CIPHERTEXT_INVALID      0xF0100006u
#define TEE_ERROR_GENERIC                 0xFFFF0000u
#define TEE_ERROR_ACCESS_DENIED           0xFFFF0001u
#define TEE_ERROR_CANCEL                  0xFFFF0002u
#define TEE_ERROR_ACCESS_CONFLICT         0xFFFF0003u
#define TEE_ERROR_EXCESS_DATA             0xFFFF0004u
#define TEE_ERROR_BAD_FORMAT              0xFFFF0005u
#define TEE_ERROR_BAD_PARAMETERS          0xFFFF0006u
#define TEE_ERROR_BAD_STATE               0xFFFF0007u
#define TEE_ERROR_ITEM_NOT_FOUND          0xFFFF0008u
#define TEE_ERROR_NOT_IMPLEMENTED         0xFFFF0009u
#define TEE_ERROR_NOT_SUPPORTED           0xFFFF000Au
#define TEE_ERROR_NO_DATA                 0xFFFF000Bu
#define TEE_ERROR_OUT_OF_MEMORY           0xFFFF000Cu
#define TEE_ERROR_BUSY                    0xFFFF000Du
#define TEE_ERROR_COMMUNICATION           0xFFFF000Eu
#define TEE_ERROR_SECURITY                0xFFFF000Fu
#define TEE_ERROR_SHORT_BUFFER            0xFFFF0010u
#define TEE_ERROR_EXTERNAL_CANCEL         0xFFFF0011u
#define TEE_ERROR_TIMEOUT                 0xFFFF3001u
#define TEE_ERROR_OVERFLOW                0xFFFF300Fu
#define TEE_ERROR_TARGET_DEAD             0xFFFF3024u
#define TEE_ERROR_STORAGE_NO_SPACE        0xFFFF3041u
#define TEE_ERROR_MAC_INVALID             0xFFFF3071u
#define TEE_ERROR_SIGNATURE_INVALID       0xFFFF3072u
#define TEE_ERROR_TIME_NOT_SET            0xFFFF5000u
#define TEE_ERROR_TIME_NEEDS_RESET        0xFFFF5001u

#define TEE_ORIGIN_API                    1u
#define TEE_ORIGIN_COMMS                  2u
#define TEE_ORIGIN_TEE                    3u
#define TEE_ORIGIN_TRUSTED_APP            4u
/* clang-format on */

#endif
