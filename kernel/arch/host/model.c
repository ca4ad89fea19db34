/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/arch/host/model.h"

#include <string.h>

#include "kernel/lib/assert.h"
#include "kernel/ta/image.h"

#define RAM_PER_GUEST (8ull << 20)

struct smc_args model_smc(const struct model *model, uint32_t a0, uint32_t a1, uint32_t a2,
			  uint32_t a3)
{
	struct smc_args args = {{a0, a1, a2, a3, 0, 0, 0, model->vm_id}};

	if (a0 & SMC_FAST)
		entry_fast(&args);
	else
		entry_yielding(&args);
	return args;
}

struct smc_args model_admin(uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3)
{
	struct smc_args args = {{a0, a1, a2, a3, 0, 0, 0, 0}};

	entry_fast(&args);
	return args;
}

void model_start(struct model *model, uint32_t vm_id)
{
	memset(model, 0, sizeof(*model));
	model->vm_id = vm_id;
	model->ram = HOST_NS_BASE + (vm_id % 8) * RAM_PER_GUEST;
	model->ram_size = RAM_PER_GUEST;
	model->next_cookie = 0xFFFF000000001000ull + ((uint64_t)vm_id << 32);
	if (vm_id)
		assert(model_admin(SMC_VM_CREATED, vm_id, 0, 0).a[0] == SMC_OK);
}

static struct page_totals at_start;

void model_boot(struct model *model, size_t secure_pages)
{
	host_start(secure_pages);
	pages_totals(&at_start);
	model_start(model, 1);
}

void model_destroy(struct model *model)
{
	assert(model_admin(SMC_VM_DESTROYED, model->vm_id, 0, 0).a[0] == SMC_OK);
}

void model_all_back(void)
{
	struct page_totals t;

	while (image_reclaim(&system_budget))
		;
	pages_totals(&t);
	assert(t.free == at_start.free && t.reserved == at_start.reserved);
	assert(host_ns_mappings() == 0);
	assert(guest_count() == 1);
}

void model_end(struct model *model)
{
	model_destroy(model);
	model_all_back();
}

uint64_t model_alloc(struct model *model, size_t size)
{
	uint64_t pa = model->ram + model->used;

	size = round_up(size, PAGE_SIZE);
	assert(model->used + size <= model->ram_size);
	model->used += size;
	memset(host_ns(pa), 0, size);
	return pa;
}

uint64_t model_page_list(struct model *model, uint64_t pa, uint64_t size)
{
	uint64_t pages = pages_spanned(pa, size);
	uint64_t first = model_alloc(model, PAGE_SIZE);
	uint64_t *list = host_ns(first);

	for (uint64_t i = 0; i < pages; i++) {
		uint64_t at = i % MSG_LIST_ENTRIES;
		if (at == 0 && i > 0) {
			list[MSG_LIST_ENTRIES] = model_alloc(model, PAGE_SIZE);
			list = host_ns(list[MSG_LIST_ENTRIES]);
		}
		list[at] = (pa & ~PAGE_MASK) + i * PAGE_SIZE;
	}
	return first | (pa & PAGE_MASK);
}

/* --- the driver and tee-supplicant
 * ---------------------------------------------------------------------- */

static struct model_buffer *find_payload(struct model *model, uint64_t cookie)
{
	for (unsigned i = 0; i < MODEL_BUFFERS; i++) {
		if (model->payload[i].cookie == cookie)
			return &model->payload[i];
	}
	return NULL;
}

struct model_buffer *model_payload(struct model *model, uint64_t cookie)
{
	return cookie ? find_payload(model, cookie) : NULL;
}

static uint32_t serve_shm_alloc(struct model *model, struct msg_param *p)
{
	uint64_t size = round_up(p->u.value.b, PAGE_SIZE);
	struct model_buffer *buffer = find_payload(model, 0);
	uint64_t pa = model_alloc(model, size);

	*buffer = (struct model_buffer){model->next_cookie, pa, size};
	model->next_cookie += 0x40;
	model->payload_count++;
	p->attr = MSG_ATTR_SHM_LIST;
	p->u.tmem = (struct msg_tmem){model_page_list(model, pa, size), size, buffer->cookie};
	return TEE_SUCCESS;
}

static uint32_t serve_shm_free(struct model *model, const struct msg_param *p)
{
	struct model_buffer *buffer = find_payload(model, p->u.value.b);

	assert(p->u.value.b && buffer); /* NW-041, NW-112: only what is outstanding comes back */
	buffer->cookie = 0;
	model->payload_count--;
	return TEE_SUCCESS;
}

static uint32_t serve_load_ta(struct model *model, struct msg_param *p)
{
	struct msg_param *out = &p[1];

	if (!model->ta_file)
		return TEE_ERROR_ITEM_NOT_FOUND;
	if (out->attr == MSG_ATTR_TMEM_OUT) {
		out->u.tmem.size = model->ta_size;
		return TEE_SUCCESS;
	}
	struct model_buffer *buffer = find_payload(model, out->u.rmem.shm_ref);
	assert(buffer && out->u.rmem.offs + out->u.rmem.size <= buffer->size);
	memcpy(host_ns(buffer->pa + out->u.rmem.offs), model->ta_file, model->ta_size);
	out->u.rmem.size = model->ta_size;
	return TEE_SUCCESS;
}

static uint32_t serve_cmd(struct model *model, struct msg_header *header)
{
	struct msg_param *p = (struct msg_param *)(header + 1);

	switch (header->cmd) {
	case RPC_CMD_LOAD_TA:
		return serve_load_ta(model, p);
	case RPC_CMD_SHM_ALLOC:
		return serve_shm_alloc(model, p);
	case RPC_CMD_SHM_FREE:
		return serve_shm_free(model, p);
	case RPC_CMD_GET_TIME:
		p[0].u.value = (struct msg_value){1700000000, 123456789, 0};
		return TEE_SUCCESS;
	case RPC_CMD_NOTIFICATION:
	case RPC_CMD_SUSPEND:
		return TEE_SUCCESS;
	default:
		return TEE_ERROR_NOT_SUPPORTED;
	}
}

/* One RPC: fills args for RETURN_FROM_RPC. False: the guest stops. */
static bool serve(struct model *model, struct smc_args *args, uint64_t appended)
{
	uint32_t function = args->a[0];
	uint64_t cookie = (uint64_t)args->a[1] << 32 | args->a[2];
	struct model_buffer *buffer = cookie ? find_payload(model, cookie) : NULL;
	uint64_t message_pa = function == SMC_RPC_CMD ? (buffer ? buffer->pa : appended) : 0;
	struct msg_header *header = message_pa ? host_ns(message_pa) : NULL;
	bool served = false;
	uint32_t name = header ? header->cmd : 0x100 + (function & 0xFFFF);

	model->rpcs++;
	model->thread_id = args->a[3];
	if (model->on_rpc && !model->on_rpc(model, name, header, &served))
		return false;
	*args = (struct smc_args){
		{SMC_RETURN_FROM_RPC, args->a[1], args->a[2], args->a[3], 0, 0, 0, model->vm_id}};
	if (function == SMC_RPC_FOREIGN_INTR) {
		model->preemptions++;
		host_foreign_pending = false;
	} else if (function == SMC_RPC_CMD) {
		assert(header);
		if (!served)
			header->ret = serve_cmd(model, header);
	} else if (function == SMC_RPC_ALLOC) {
		struct msg_param p = {.u.value.b = PAGE_SIZE};
		serve_shm_alloc(model, &p);
		uint64_t pa = find_payload(model, p.u.tmem.shm_ref)->pa;
		args->a[1] = pa >> 32, args->a[2] = (uint32_t)pa;
		args->a[4] = p.u.tmem.shm_ref >> 32, args->a[5] = (uint32_t)p.u.tmem.shm_ref;
	} else if (function == SMC_RPC_FREE) {
		struct msg_param p = {.u.value.b = cookie};
		serve_shm_free(model, &p);
	}
	return true;
}

static uint32_t run(struct model *model, struct smc_args args, uint64_t appended)
{
	for (;;) {
		entry_yielding(&args);
		if ((args.a[0] & 0xFFFF0000u) != SMC_RPC_PREFIX ||
		    args.a[0] == SMC_UNKNOWN_FUNCTION)
			return args.a[0];
		if (!serve(model, &args, appended)) {
			model->left[model->thread_id % 64].thread_id = model->thread_id;
			model->left[model->thread_id % 64].message = appended;
			return MODEL_LEFT;
		}
	}
}

static uint32_t call(struct model *model, uint32_t id, struct model_message *message)
{
	uint64_t mark = model->used;
	uint64_t pa = model_alloc(model, PAGE_SIZE);
	uint64_t appended = pa + MSG_SIZE(message->header.num_params);
	struct smc_args args = {{id, pa >> 32, (uint32_t)pa, 0, 0, 0, 0, model->vm_id}};
	uint32_t a0;

	memcpy(host_ns(pa), message, sizeof(*message));
	a0 = run(model, args, appended);
	memcpy(message, host_ns(pa), sizeof(*message));
	if (a0 != MODEL_LEFT && model->payload_count == 0)
		model->used = mark;
	return a0;
}

uint32_t model_call(struct model *model, struct model_message *message)
{
	return call(model, SMC_CALL_WITH_RPC_ARG, message);
}

uint32_t model_call_bare(struct model *model, struct model_message *message)
{
	return call(model, SMC_CALL_WITH_ARG, message);
}

uint32_t model_resume(struct model *model)
{
	struct smc_args args = {
		{SMC_RETURN_FROM_RPC, 0, 0, model->thread_id, 0, 0, 0, model->vm_id}};

	return run(model, args, model->left[model->thread_id % 64].message);
}

static uint32_t result(uint32_t a0, const struct model_message *message)
{
	return a0 ? 0xAAAA0000u | (a0 & 0xFFFF) : message->header.ret;
}

uint32_t model_register(struct model *model, uint64_t pa, uint64_t size, uint64_t cookie)
{
	uint64_t mark = model->used;
	struct model_message m = {
		.header = {.cmd = MSG_CMD_REGISTER_SHM, .num_params = 1},
		.params[0] = {.attr = MSG_ATTR_SHM_LIST,
			      .u.tmem = {model_page_list(model, pa, size), size, cookie}},
	};
	uint32_t a0 = model_call(model, &m);

	model->used = mark;
	return result(a0, &m);
}

uint32_t model_unregister(struct model *model, uint64_t cookie)
{
	struct model_message m = {
		.header = {.cmd = MSG_CMD_UNREGISTER_SHM, .num_params = 1},
		.params[0] = {.attr = MSG_ATTR_RMEM_IN, .u.rmem = {0, 0, cookie}},
	};
	uint32_t a0 = model_call(model, &m);

	return result(a0, &m);
}

struct model_message model_invocation(uint32_t session, uint32_t func, unsigned params)
{
	return (struct model_message){.header = {.cmd = MSG_CMD_INVOKE_COMMAND,
						 .session = session,
						 .func = func,
						 .num_params = params}};
}

uint32_t model_open(struct model *model, const uint8_t uuid[16], uint32_t *session)
{
	struct model_message m = {
		.header = {.cmd = MSG_CMD_OPEN_SESSION, .num_params = 2},
		.params = {{.attr = MSG_ATTR_META_VALUE_IN}, {.attr = MSG_ATTR_META_VALUE_IN}},
	};
	uint32_t a0;

	memcpy(m.params[0].u.octets, uuid, 16);
	a0 = model_call(model, &m);
	*session = m.header.session;
	return result(a0, &m);
}

uint32_t model_close(struct model *model, uint32_t session)
{
	struct model_message m = {.header = {.cmd = MSG_CMD_CLOSE_SESSION, .session = session}};
	uint32_t a0 = model_call(model, &m);

	return result(a0, &m);
}
