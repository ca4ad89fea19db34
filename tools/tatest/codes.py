# SPDX-License-Identifier: BSD-2-Clause
"""Names of result codes, origins, logins and system calls."""
from __future__ import annotations

from typing import Dict

RESULTS: Dict[str, int] = {
    "SUCCESS": 0, "CORRUPT_OBJECT": 0xF0100001, "CORRUPT_OBJECT_2": 0xF0100002, "STORAGE_NOT_AVAILABLE": 0xF0100003,
    "STORAGE_NOT_AVAILABLE_2": 0xF0100004, "CIPHERTEXT_INVALID": 0xF0100006, "GENERIC": 0xFFFF0000, "ACCESS_DENIED": 0xFFFF0001,
    "CANCEL": 0xFFFF0002, "ACCESS_CONFLICT": 0xFFFF0003, "EXCESS_DATA": 0xFFFF0004, "BAD_FORMAT": 0xFFFF0005,
    "BAD_PARAMETERS": 0xFFFF0006, "BAD_STATE": 0xFFFF0007, "ITEM_NOT_FOUND": 0xFFFF0008, "NOT_IMPLEMENTED": 0xFFFF0009,
    "NOT_SUPPORTED": 0xFFFF000A, "NO_DATA": 0xFFFF000B, "OUT_OF_MEMORY": 0xFFFF000C, "BUSY": 0xFFFF000D,
    "COMMUNICATION": 0xFFFF000E, "SECURITY": 0xFFFF000F, "SHORT_BUFFER": 0xFFFF0010, "EXTERNAL_CANCEL": 0xFFFF0011,
    "OVERFLOW": 0xFFFF300F, "TARGET_DEAD": 0xFFFF3024, "STORAGE_NO_SPACE": 0xFFFF3041, "MAC_INVALID": 0xFFFF3071,
    "SIGNATURE_INVALID": 0xFFFF3072, "TIME_NOT_SET": 0xFFFF5000, "TIME_NEEDS_RESET": 0xFFFF5001}
RESULT_NAMES = {value: name for name, value in RESULTS.items()}
ORIGINS = {"api": 1, "comms": 2, "tee": 3, "app": 4}
ORIGIN_NAMES = {value: name for name, value in ORIGINS.items()}
LOGINS = {"public": 0, "user": 1, "group": 2, "application": 4, "application-user": 5, "application-group": 6,
          "kernel": 0x80000000}
SYSCALLS = {number: name for number, name in enumerate(
    "return log panic get_property get_property_name_to_index open_ta_session close_ta_session invoke_ta_command "
    "check_access_rights get_cancellation_flag unmask_cancellation mask_cancellation wait get_time set_ta_time "
    "cryp_state_alloc cryp_state_copy cryp_state_free hash_init hash_update hash_final cipher_init cipher_update "
    "cipher_final cryp_obj_get_info cryp_obj_restrict_usage cryp_obj_get_attr cryp_obj_alloc cryp_obj_close "
    "cryp_obj_reset cryp_obj_populate cryp_obj_copy cryp_derive_key cryp_random_number_generate authenc_init "
    "authenc_update_aad authenc_update_payload authenc_enc_final authenc_dec_final asymm_operate asymm_verify "
    "storage_obj_open storage_obj_create storage_obj_del storage_obj_rename storage_alloc_enum storage_free_enum "
    "storage_reset_enum storage_start_enum storage_next_enum storage_obj_read storage_obj_write storage_obj_trunc "
    "storage_obj_seek obj_generate_key".split())}
SYSCALLS[70] = "cache_operation"


def result_name(code: int) -> str:
    """A result for people."""
    return f"{RESULT_NAMES[code]} (0x{code:08x})" if code in RESULT_NAMES else f"0x{code:08x}"
