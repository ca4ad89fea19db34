/* SPDX-License-Identifier: BSD-2-Clause */
/* What the groups of checks share. */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tee_client_api.h>

#include "../tatest.h"

#define ORIGIN_API         1u
#define ORIGIN_COMMS       2u
#define ORIGIN_TEE         3u
#define ORIGIN_TRUSTED_APP 4u
/* Codes that the client library's header does not name. */
#define ERROR_CIPHERTEXT 0xF0100006u

extern TEEC_Context context;
extern bool on_peer;

/* One line: "ok POINT WHAT", or "FAIL POINT WHAT: expected X, got Y". */
void expect(const char *point, const char *what, uint64_t expected, uint64_t got);
/* Tenon differs from the peer for the reason that stands beside the call. */
void expect_either(const char *point, const char *what, uint64_t tenon, uint64_t peer,
		   uint64_t got);
/* A result and its origin in one. */
uint64_t both(TEEC_Result result, uint32_t origin);

TEEC_UUID uuid_of(enum tatest_app app);
/* Opens or ends the program: for sessions that a check needs and does not examine. */
TEEC_Session open_app(enum tatest_app app);
/* Result and origin of opening; an opened session is closed again. */
uint64_t try_app(enum tatest_app app);
/* Result and origin of a command with value {a, b} and nothing else. */
uint64_t command(TEEC_Session *session, uint32_t command, uint32_t a, uint32_t b);
/* Runs CHECK_… in an app and prints its lines; p1 and p2 are buffers of the client. */
void report(TEEC_Session *session, enum tatest_check check);
/* The same with a buffer for p2. */
void report_on(TEEC_Session *session, enum tatest_check check, void *buffer, size_t size);
struct tatest_record record(TEEC_Session *session, enum tatest_record_of which);

/* The groups. */
void group_entry(void);
void group_params(void);
void group_memory(void);
void group_calls(void);
void group_fp(void);
void group_fault(void);
void group_flags(void);
void group_crash_kept(void);
void group_image(void);
void group_wrapped(void);
void group_version(void);
void group_nest(void);
void group_system(void);
void group_secrets(void);
void group_cycle(void);
void group_libs(void);
void group_many_regions(void);
void group_many_objects(void);
void group_many_sessions(void);
void group_many_bytes(void);
void group_many_libs(void);
void group_many_images(void);

#endif
