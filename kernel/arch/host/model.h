/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest as the kernel sees it: it sends messages as Linux does and serves RPCs as the driver and
 * tee-supplicant do. Tests make it lie, stall and die through its hooks.
 */
#ifndef ARCH_HOST_MODEL_H
#define ARCH_HOST_MODEL_H

#include "abi/msg.h"
#include "abi/smc.h"
#include "kernel/arch/host/host.h"

#define MODEL_BUFFERS 512

struct model_buffer {
	uint64_t cookie; /* 0: free */
	uint64_t pa;     /* contiguous in this model */
	uint64_t size;
};

struct model {
	uint32_t vm_id;
	uint64_t ram; /* its share of non-secure RAM */
	uint64_t ram_size;
	uint64_t used; /* given out from ram */
	uint64_t next_cookie;
	struct model_buffer payload[MODEL_BUFFERS]; /* given to SHM_ALLOC and not freed */
	unsigned payload_count;
	/* What LOAD_TA finds, whatever the UUID; NULL: nothing. */
	const void *ta_file;
	size_t ta_size;
	/* What happened. */
	unsigned rpcs;
	unsigned preemptions;
	/*
	 * Called before an RPC is served (cmd: RPC_CMD_*, or 0x100 + the low half of a0 for those
	 * that are no commands). False: the guest stops here and leaves the call suspended. May
	 * change the answer by serving it itself: *served.
	 */
	bool (*on_rpc)(struct model *model, uint32_t cmd, struct msg_header *message, bool *served);
	void *context;
	/* The call that was left suspended last, and where the RPC messages of those that were left
	 * lie. */
	uint32_t thread_id;
	struct {
		uint32_t thread_id;
		uint64_t message;
	} left[64];
};

/* A page-list message and its answer. Parameters as on the wire. */
struct model_message {
	struct msg_header header;
	struct msg_param params[8];
};

/* Raw SMC with a7 = the model's VM; r gets x0..x3. */
struct smc_args model_smc(const struct model *model, uint32_t a0, uint32_t a1, uint32_t a2,
			  uint32_t a3);

/* A hypervisor's call (a7 = 0). */
struct smc_args model_admin(uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3);

/* Guest number n (1..7: created with VM_CREATED; 0: the native one), with memory of its own. */
void model_start(struct model *model, uint32_t vm_id);

/*
 * What most tests begin and end with: a machine with so many secure pages and guest 1 on it; and
 * that guest destroyed, with every page back. With more guests: model_destroy() each, then
 * model_all_back(). All is asserted.
 */
void model_boot(struct model *model, size_t secure_pages);
void model_end(struct model *model);
void model_destroy(struct model *model);
void model_all_back(void);

/* Fresh zeroed guest memory, page-aligned. */
uint64_t model_alloc(struct model *model, size_t size);

/* A page list for [pa, pa + size): what buf_ptr of a NONCONTIG tmem is. */
uint64_t model_page_list(struct model *model, uint64_t pa, uint64_t size);

#define MODEL_LEFT 0xDEAD0000u /* a0: on_rpc stopped the guest; thread_id names the call */

/* Sends the message in a page of its own by CALL_WITH_RPC_ARG, serves RPCs to the end; a0. */
uint32_t model_call(struct model *model, struct model_message *message);

/* Same through CALL_WITH_ARG: RPC messages then lie in a page of RPC ALLOC. */
uint32_t model_call_bare(struct model *model, struct model_message *message);

/* Goes on with a call that stopped. Its answer is in the guest's page only. */
uint32_t model_resume(struct model *model);

/* Memory given to SHM_ALLOC and not freed yet; NULL if the cookie names none. */
struct model_buffer *model_payload(struct model *model, uint64_t cookie);

/* A message that invokes a command; the caller fills the parameters in. */
struct model_message model_invocation(uint32_t session, uint32_t func, unsigned params);

/* Shorthands: TEE_Result of the message, or 0xAAAA0000 | a0 if a0 is not OK. */
uint32_t model_register(struct model *model, uint64_t pa, uint64_t size, uint64_t cookie);
uint32_t model_unregister(struct model *model, uint64_t cookie);
uint32_t model_open(struct model *model, const uint8_t uuid[16], uint32_t *session);
uint32_t model_close(struct model *model, uint32_t session);

#endif
