/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The normal world's side of the TEE's ABI, spoken directly: what the Linux driver does, and what
 * it would never do. Several calls can be in flight at once on the one CPU: a call that is
 * suspended in an RPC stays so until call_resume().
 */
#ifndef GUEST_TEE_H
#define GUEST_TEE_H

#include <abi/msg.h>
#include <abi/result.h>
#include <abi/smc.h>

#include "machine.h"

#define CALLS_MAX   64u /* as many as a guest can be given */
#define CALLS       20u /* more than the 16 that it has unless it is told otherwise */
#define BUFFERS_MAX 64u

/* How a message is handed over; see NW-030..034. */
enum call_way {
	WAY_ARG,        /* the page's address; RPC messages in buffers of their own (profile B) */
	WAY_RPC_ARG,    /* the page's address; the RPC message behind the message */
	WAY_REGISTERED, /* cookie and offset of registered memory; the same */
};

enum call_state {
	CALL_FREE,
	CALL_SUSPENDED, /* in an RPC: function, argument and thread say which */
	CALL_DONE,      /* status is the final a0 */
};

struct call {
	enum call_state state;
	enum call_way way;
	struct msg_header *message; /* a page that only this call uses */
	struct msg_param *params;
	uint32_t num_params; /* as it was when the call started */
	uint32_t function;
	uint64_t argument; /* a1:a2 of the RPC */
	uint32_t thread;
	uint32_t status;
	uint64_t rpcs;
};

enum buffer_kind {
	BUFFER_NONE,
	BUFFER_REGISTERED,
	BUFFER_RPC,     /* given for RPC ALLOC */
	BUFFER_PAYLOAD, /* given for RPC SHM_ALLOC */
};

/* Memory that the TEE knows under a cookie. */
struct buffer {
	enum buffer_kind kind;
	bool is_doubtful; /* we lied about it: the TEE need not give it back */
	uint64_t cookie;
	uint8_t *data;
	uint64_t size;
	uint32_t page_count;
	uint64_t *list; /* of a payload: its page list, until it is freed */
};

struct tee {
	uint32_t capabilities;
	uint32_t thread_count; /* 0: unknown */
	bool is_tenon;
	bool is_tolerant;    /* we lied about memory: what the TEE frees may be unknown to us */
	enum call_way way;   /* of ordinary calls */
	uint32_t call_count; /* of these: CALLS, or what the boot said */
	struct call calls[CALLS_MAX];
	struct buffer buffers[BUFFERS_MAX];
	struct buffer *messages; /* where the calls' messages lie; registered for WAY_REGISTERED */
	uint64_t rpc_counts[32]; /* commands served */
	uint64_t rpc_alloc, rpc_free, rpc_foreign;
};

extern struct tee tee;

/*
 * Makes an SMC with regs[0..7], and checks what any answer must keep to: a0..a3 are 32 bits wide
 * (NW-002), and x4..x17 are as they were (NW-196).
 */
void tee_smc(uint64_t regs[18]);

/* A fast call with a1..a3; the answer is in regs. Returns a0. */
uint32_t tee_fast(uint32_t id, uint32_t a1, uint32_t a2, uint32_t a3, uint64_t regs[18]);

/* The probe as Linux makes it. profile is 'a' or 'b'. Any surprise is a failure. */
void tee_probe(char profile);

/* A call that is free, with a cleared message of num_params parameters; NULL if all are in use. */
struct call *call_take(uint32_t command, uint32_t num_params);

/* Starts the call; it is suspended or done afterwards. */
void call_start(struct call *call, enum call_way way);

/* Answers the RPC that suspends the call as it should be: regs is what call_resume() takes. */
void call_answer(struct call *call, uint64_t regs[18]);

/* Goes on with a suspended call. */
void call_resume(struct call *call, uint64_t regs[18]);

/* True when the call waits for a notification. */
bool call_is_waiting(const struct call *call);

/* Serves one RPC of each other suspended call: what a call waits for may be one of them. */
void call_serve_others(const struct call *call);

/* Serves the call, and others while it waits for them, until it is done. Returns a0. */
uint32_t call_finish(struct call *call);

/* The command of the RPC that suspends the call, if it is RPC CMD. */
uint32_t call_rpc_command(const struct call *call);

/* The message of that RPC. */
struct msg_header *call_rpc_message(const struct call *call);

void call_free(struct call *call);

/* buffers: rpc.c */
struct buffer *buffer_find(uint64_t cookie);
struct buffer *buffer_new(enum buffer_kind kind,
			  uint64_t size); /* pages taken; NULL if none left */
void buffer_delete(struct buffer *buffer);
void list_fill(uint64_t *list, const uint8_t *data, uint32_t page_count);
/* A chain of page lists, for so many pages, that name one page again and again; NULL if no memory
 * is left. It costs the TEE what so many would cost, and us the list. */
uint64_t *list_repeat(uint32_t page_count);
void rpc_command_answer(struct msg_header *message);
uint8_t *rpc_memory(const struct msg_param *param); /* what an RPC names; NULL: nothing */

/* What user space would ask for. Each finishes its call; each fails on a status other than 0. */
TEE_Result buffer_register(struct buffer *buffer);
struct buffer *tee_register(uint64_t size); /* NULL if it was refused */
TEE_Result tee_unregister(struct buffer *buffer);
TEE_Result tee_open(const uint8_t uuid[16], uint32_t *session);
TEE_Result tee_close(uint32_t session);
TEE_Result tee_invoke(uint32_t session, uint32_t function, struct msg_param params[4]);

/* The start of an OPEN_SESSION for whoever wants to stop it half way. */
struct call *open_prepare(const uint8_t uuid[16]);
struct call *invoke_prepare(uint32_t session, uint32_t function, const struct msg_param params[4]);

/* UUIDs of the examples, in the order of a message's octets. */
extern const uint8_t uuid_ledger[16];
extern const uint8_t uuid_linger[16];
extern const uint8_t uuid_cold[16];
extern const uint8_t uuid_exchange[16];
extern const uint8_t uuid_warm[16];
extern const uint8_t uuid_herd[16]; /* not an example: tests/ta/herd */

#endif
