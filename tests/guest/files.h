/* SPDX-License-Identifier: BSD-2-Clause */
/* RPC FS, as tee-supplicant serves it, with files in memory that end with the guest. */
#ifndef GUEST_FILES_H
#define GUEST_FILES_H

#include "tee.h"

/* Answers one FS command (NW-114); returns its result. */
TEE_Result files_answer(struct msg_header *message, struct msg_param *params);

#endif
