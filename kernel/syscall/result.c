/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which codes each system call may answer (trusted-app ABI §3.2 .. §3.5). A wrong code is not
 * cosmetic: libutee panics the app, so a normal world that could choose it could kill any app.
 */
#include "kernel/syscall/syscall.h"

#define CODES(X)                                                                                   \
	X(CORRUPT_OBJECT)                                                                          \
	X(STORAGE_NOT_AVAILABLE)                                                                   \
	X(CIPHERTEXT_INVALID)                                                                      \
	X(ACCESS_DENIED)                                                                           \
	X(CANCEL)                                                                                  \
	X(ACCESS_CONFLICT)                                                                         \
	X(BAD_PARAMETERS)                                                                          \
	X(BAD_STATE)                                                                               \
	X(ITEM_NOT_FOUND)                                                                          \
	X(NOT_SUPPORTED)                                                                           \
	X(OUT_OF_MEMORY)                                                                           \
	X(SHORT_BUFFER)                                                                            \
	X(OVERFLOW)                                                                                \
	X(STORAGE_NO_SPACE)                                                                        \
	X(MAC_INVALID)                                                                             \
	X(SIGNATURE_INVALID)                                                                       \
	X(TIME_NOT_SET)                                                                            \
	X(TIME_NEEDS_RESET)

#define AS_INDEX(code) INDEX_##code,
enum {
	CODES(AS_INDEX) CODE_COUNT
};

#define AS_VALUE(code) [INDEX_##code] = TEE_ERROR_##code,
static const TEE_Result values[CODE_COUNT] = {CODES(AS_VALUE)};

#define AS_BIT(code) code = 1u << INDEX_##code,
enum {
	CODES(AS_BIT) ANY = 1u << CODE_COUNT
};

struct row {
	uint32_t allowed; /* codes that its function of libutee lets through */
	uint32_t faults;  /* codes for an app that is wrong itself: it panics */
	TEE_Result fallback;
	TEE_Result refusal; /* of a call that is absent */
};

/* Pointers, and handles and states. */
#define POINTER (ACCESS_DENIED | BAD_PARAMETERS)
#define HANDLE  (POINTER | BAD_STATE)
#define STORED  (CORRUPT_OBJECT | STORAGE_NOT_AVAILABLE)
#define OPENS   (ITEM_NOT_FOUND | ACCESS_CONFLICT | OUT_OF_MEMORY | STORED)

#define NO_OBJECT  TEE_ERROR_BAD_STATE
#define NO_STATE   TEE_ERROR_BAD_PARAMETERS
#define NO_STORAGE TEE_ERROR_STORAGE_NOT_AVAILABLE
#define ABSENT     TEE_ERROR_NOT_SUPPORTED
#define MEMORY     TEE_ERROR_OUT_OF_MEMORY
#define WRONG      TEE_ERROR_BAD_STATE /* nothing that the app could be told */

/* clang-format off */
static const struct row rows[SYS_MAX + 1] = {
	[SYS_RETURN]                = {0,                             0,       0,                        0},
	[SYS_LOG]                   = {ANY,                           0,       0,                        0},
	[SYS_PANIC]                 = {0,                             0,       0,                        0},
	[SYS_GET_PROPERTY]          = {ITEM_NOT_FOUND | SHORT_BUFFER, POINTER, TEE_ERROR_ITEM_NOT_FOUND, TEE_ERROR_ITEM_NOT_FOUND},
	[SYS_GET_PROPERTY_INDEX]    = {ITEM_NOT_FOUND | SHORT_BUFFER, POINTER, TEE_ERROR_ITEM_NOT_FOUND, TEE_ERROR_ITEM_NOT_FOUND},
	[SYS_OPEN_TA_SESSION]       = {ANY,                           0,       0,                        0},
	[SYS_CLOSE_TA_SESSION]      = {0,                             POINTER, TEE_ERROR_BAD_PARAMETERS, 0},
	[SYS_INVOKE_TA_COMMAND]     = {ANY,                           0,       0,                        0},
	[SYS_CHECK_ACCESS_RIGHTS]   = {ACCESS_DENIED,                 0,       TEE_ERROR_ACCESS_DENIED,  0},
	[SYS_GET_CANCELLATION_FLAG] = {0,                             POINTER, TEE_ERROR_ACCESS_DENIED,  0},
	[SYS_UNMASK_CANCELLATION]   = {0,                             POINTER, TEE_ERROR_ACCESS_DENIED,  0},
	[SYS_MASK_CANCELLATION]     = {0,                             POINTER, TEE_ERROR_ACCESS_DENIED,  0},
	[SYS_WAIT]                  = {CANCEL,                        0,       TEE_ERROR_CANCEL,         0},
	[SYS_GET_TIME]              = {TIME_NOT_SET | TIME_NEEDS_RESET | OVERFLOW | OUT_OF_MEMORY, POINTER, MEMORY, 0},
	[SYS_SET_TA_TIME]           = {OUT_OF_MEMORY | STORAGE_NO_SPACE, POINTER, MEMORY,                0},
	[15] = {OUT_OF_MEMORY | NOT_SUPPORTED,       HANDLE, MEMORY,     ABSENT},   /* cryp_state_alloc */
	[16] = {0,                                   HANDLE, WRONG,      NO_STATE}, /* cryp_state_copy */
	[17] = {0,                                   HANDLE, WRONG,      NO_STATE}, /* cryp_state_free */
	[18] = {0,                                   HANDLE, WRONG,      NO_STATE}, /* hash_init */
	[19] = {0,                                   HANDLE, WRONG,      NO_STATE}, /* hash_update */
	[20] = {SHORT_BUFFER,                        HANDLE, WRONG,      NO_STATE}, /* hash_final */
	[21] = {0,                                   HANDLE, WRONG,      NO_STATE}, /* cipher_init */
	[22] = {SHORT_BUFFER,                        HANDLE, WRONG,      NO_STATE}, /* cipher_update */
	[23] = {SHORT_BUFFER,                        HANDLE, WRONG,      NO_STATE}, /* cipher_final */
	[24] = {STORED,                              HANDLE, NO_STORAGE, NO_OBJECT}, /* cryp_obj_get_info */
	[25] = {STORED,                              HANDLE, NO_STORAGE, NO_OBJECT}, /* cryp_obj_restrict_usage */
	[26] = {ITEM_NOT_FOUND | SHORT_BUFFER | STORED, HANDLE, NO_STORAGE, TEE_ERROR_ITEM_NOT_FOUND}, /* cryp_obj_get_attr */
	[27] = {OUT_OF_MEMORY | NOT_SUPPORTED,       HANDLE, MEMORY,     ABSENT},    /* cryp_obj_alloc */
	[28] = {0,                  HANDLE | ITEM_NOT_FOUND, WRONG,      NO_OBJECT}, /* cryp_obj_close */
	[29] = {0,                                   HANDLE, WRONG,      NO_OBJECT}, /* cryp_obj_reset */
	[30] = {BAD_PARAMETERS,                      HANDLE, TEE_ERROR_BAD_PARAMETERS, NO_OBJECT}, /* cryp_obj_populate */
	[31] = {STORED,                              HANDLE, NO_STORAGE, NO_OBJECT}, /* cryp_obj_copy */
	[32] = {0,                                   HANDLE, WRONG,      NO_STATE},  /* cryp_derive_key */
	[SYS_RANDOM] = {0,                          POINTER, TEE_ERROR_ACCESS_DENIED, 0},
	[34] = {NOT_SUPPORTED,                       HANDLE, ABSENT,     NO_STATE}, /* authenc_init */
	[35] = {0,                                   HANDLE, WRONG,      NO_STATE}, /* authenc_update_aad */
	[36] = {SHORT_BUFFER,                        HANDLE, WRONG,      NO_STATE}, /* authenc_update_payload */
	[37] = {SHORT_BUFFER,                        HANDLE, WRONG,      NO_STATE}, /* authenc_enc_final */
	[38] = {SHORT_BUFFER | MAC_INVALID,          HANDLE, TEE_ERROR_MAC_INVALID, NO_STATE}, /* authenc_dec_final */
	[39] = {SHORT_BUFFER | BAD_PARAMETERS | NOT_SUPPORTED | CIPHERTEXT_INVALID, HANDLE, TEE_ERROR_BAD_PARAMETERS, NO_STATE}, /* asymm_operate */
	[40] = {SIGNATURE_INVALID,                   HANDLE, TEE_ERROR_SIGNATURE_INVALID, NO_STATE}, /* asymm_verify */
	[41] = {OPENS,                               HANDLE, NO_STORAGE, TEE_ERROR_ITEM_NOT_FOUND}, /* storage_obj_open */
	[42] = {OPENS | STORAGE_NO_SPACE,            HANDLE, NO_STORAGE, NO_STORAGE}, /* storage_obj_create */
	[43] = {STORAGE_NOT_AVAILABLE,               HANDLE, NO_STORAGE, NO_OBJECT}, /* storage_obj_del */
	[44] = {ACCESS_CONFLICT | STORED,            HANDLE, NO_STORAGE, NO_OBJECT}, /* storage_obj_rename */
	[45] = {ACCESS_CONFLICT,                    POINTER, TEE_ERROR_ACCESS_CONFLICT, TEE_ERROR_ACCESS_CONFLICT}, /* storage_alloc_enum */
	[46] = {0,                                   HANDLE, WRONG,      NO_STATE}, /* storage_free_enum */
	[47] = {0,                                   HANDLE, WRONG,      NO_STATE}, /* storage_reset_enum */
	[48] = {ITEM_NOT_FOUND | STORED,             HANDLE, NO_STORAGE, NO_STATE}, /* storage_start_enum */
	[49] = {ITEM_NOT_FOUND | STORED,             HANDLE, NO_STORAGE, NO_STATE}, /* storage_next_enum */
	[50] = {STORED,                              HANDLE, NO_STORAGE, NO_OBJECT}, /* storage_obj_read */
	[51] = {STORAGE_NO_SPACE | OVERFLOW | STORED, HANDLE, NO_STORAGE, NO_OBJECT}, /* storage_obj_write */
	[52] = {STORAGE_NO_SPACE | STORED,           HANDLE, NO_STORAGE, NO_OBJECT}, /* storage_obj_trunc */
	[53] = {OVERFLOW | STORED,                   HANDLE, NO_STORAGE, NO_OBJECT}, /* storage_obj_seek */
	[54] = {BAD_PARAMETERS,                      HANDLE, TEE_ERROR_BAD_PARAMETERS, NO_OBJECT}, /* obj_generate_key */
	[SYS_CACHE_OPERATION] = {NOT_SUPPORTED,     POINTER, ABSENT,     ABSENT},
};
/* clang-format on */

/* Numbers that never were, or are no more (TA-061). */
static const struct row unknown = {NOT_SUPPORTED, 0, ABSENT, ABSENT};

static const struct row *row_of(uint64_t number)
{
	const struct row *row = &rows[index_clamp(number, array_count(rows))];

	return number <= SYS_MAX && (row->allowed | row->faults) ? row : &unknown;
}

static TEE_Result keep(TEE_Result result, uint32_t codes, TEE_Result fallback)
{
	if (result == TEE_SUCCESS || (codes & ANY))
		return result;
	for (unsigned i = 0; i < CODE_COUNT; i++) {
		if ((codes & 1u << i) && values[i] == result)
			return result;
	}
	return fallback;
}

TEE_Result syscall_result(uint64_t number, TEE_Result result)
{
	const struct row *row = row_of(number);

	return keep(result, row->allowed | row->faults, row->fallback);
}

TEE_Result syscall_foreign_result(uint64_t number, TEE_Result result)
{
	const struct row *row = row_of(number);

	return keep(result, row->allowed, row->fallback);
}

TEE_Result syscall_refusal(uint64_t number)
{
	return row_of(number)->refusal;
}
