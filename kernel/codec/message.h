/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages of the normal world (abi/msg.h): fetching them into secure memory once, checking their
 * form, and writing back the fields that are outputs. Pure: no object is looked up here.
 */
#ifndef CODEC_MESSAGE_H
#define CODEC_MESSAGE_H

#include "abi/msg.h"
#include "abi/result.h"
#include "abi/ta.h"
#include "kernel/lib/types.h"

/* The most parameters that any command takes: the two meta ones of OPEN_SESSION and four for the
 * app. */
#define MESSAGE_PARAMS 6u

/* A message in secure memory. num_params may be larger than what was kept: no command takes so
 * many. */
struct message {
	struct msg_header header;
	struct msg_param params[MESSAGE_PARAMS];
};

/* attr is one that this ABI defines: a known type, META and NONCONTIG only where they may be
 * (NW-083). */
bool message_attr_is_valid(uint64_t attr);

/* Octets of RFC 4122 (16 bytes) to the native form. */
struct uuid message_uuid(const uint8_t *octets);

/*
 * What OPEN_SESSION says in its two meta parameters (NW-071, NW-072). BAD_PARAMETERS: not two, or
 * not META values, or a login class that the normal world may not claim.
 */
struct message_open {
	struct uuid ta;
	struct uuid client;
	uint32_t login;
};
TEE_Result must_check message_decode_open(const struct message *message, struct message_open *open);

#endif
