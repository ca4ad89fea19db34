/* SPDX-License-Identifier: BSD-2-Clause */
/* What the driver and tee-supplicant do for the TEE: RPC commands, and the memory they need. */
#include "files.h"
#include "memory.h"
#include "tee.h"

#define SUSPEND_MAX_MS 50u
#define KEYS_MAX       256u

static uint8_t posted[KEYS_MAX];
static uint64_t next_cookie = 0x7E00000000001000u;

static uint32_t page_count_of(uint64_t size)
{
	return (uint32_t)((size + PAGE_SIZE - 1) / PAGE_SIZE);
}

struct buffer *buffer_find(uint64_t cookie)
{
	for (uint32_t i = 0; i < BUFFERS_MAX; i++)
		if (tee.buffers[i].kind != BUFFER_NONE && tee.buffers[i].cookie == cookie)
			return &tee.buffers[i];
	return NULL;
}

void list_fill(uint64_t *list, const uint8_t *data, uint32_t page_count)
{
	for (uint32_t i = 0; i < page_count; i++)
		list[i] = (uintptr_t)data + (uint64_t)i * PAGE_SIZE;
}

uint64_t *list_repeat(uint32_t page_count)
{
	uint32_t list_count = (page_count + MSG_LIST_ENTRIES - 1) / MSG_LIST_ENTRIES;
	uint64_t *lists = pages_take(list_count);
	uint64_t page = (uintptr_t)pages_take(1);
	uint32_t words = PAGE_SIZE / sizeof(uint64_t);

	if (!lists || !page)
		return NULL;
	for (uint32_t i = 0; i < list_count * words; i++)
		lists[i] = page;
	for (uint32_t i = 0; i + 1 < list_count; i++)
		lists[i * words + MSG_LIST_ENTRIES] = (uintptr_t)&lists[(i + 1) * words];
	return lists;
}

struct buffer *buffer_new(enum buffer_kind kind, uint64_t size)
{
	uint32_t page_count = page_count_of(size);

	if (size == 0 || page_count >= MSG_LIST_ENTRIES)
		return NULL;
	for (uint32_t i = 0; i < BUFFERS_MAX; i++) {
		struct buffer *buffer = &tee.buffers[i];

		if (buffer->kind != BUFFER_NONE)
			continue;
		buffer->data = pages_take(page_count);
		buffer->list = pages_take(1);
		if (!buffer->data || !buffer->list) {
			if (buffer->data)
				pages_give(buffer->data, page_count);
			if (buffer->list)
				pages_give(buffer->list, 1);
			return NULL;
		}
		list_fill(buffer->list, buffer->data, page_count);
		buffer->kind = kind;
		buffer->is_doubtful = false;
		buffer->size = size;
		buffer->page_count = page_count;
		buffer->cookie = next_cookie;
		next_cookie += 64;
		return buffer;
	}
	return NULL;
}

void buffer_delete(struct buffer *buffer)
{
	pages_give(buffer->data, buffer->page_count);
	pages_give(buffer->list, 1);
	buffer->kind = BUFFER_NONE;
}

static void hex_put(char *out, uint8_t byte)
{
	out[0] = "0123456789abcdef"[byte >> 4];
	out[1] = "0123456789abcdef"[byte & 15];
}

/* "7e0b3c5a-0001-4b8e-a2f6-6c6564676572.ta" */
static void file_name(const uint8_t octets[16], char name[40])
{
	char *p = name;

	for (uint32_t i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		hex_put(p, octets[i]);
		p += 2;
	}
	memcpy(p, ".ta", 4);
}

uint8_t *rpc_memory(const struct msg_param *param)
{
	struct buffer *buffer = buffer_find(param->u.rmem.shm_ref);
	bool is_inside = buffer && param->u.rmem.offs <= buffer->size &&
			 param->u.rmem.size <= buffer->size - param->u.rmem.offs;

	if (tee.is_tolerant && (!is_inside || buffer == tee.messages))
		return NULL;
	if (!buffer)
		fail("NW-102: RPC names unknown memory %lx", param->u.rmem.shm_ref);
	if (!is_inside)
		fail("NW-102: RPC names %lu bytes at %lu of %lu", param->u.rmem.size,
		     param->u.rmem.offs, buffer->size);
	return buffer->data + param->u.rmem.offs;
}

static TEE_Result answer_load_ta(struct msg_header *message, struct msg_param *params)
{
	char name[40];
	uint64_t size = 0;
	const uint8_t *file;
	uint8_t *to;

	if (message->num_params != 2 || params[0].attr != MSG_ATTR_VALUE_IN)
		return TEE_ERROR_BAD_PARAMETERS;
	file_name(params[0].u.octets, name);
	file = archive_find(name, &size);
	if (!file)
		return TEE_ERROR_ITEM_NOT_FOUND;
	if (params[1].attr == MSG_ATTR_TMEM_OUT && params[1].u.tmem.buf_ptr == 0) {
		params[1].u.tmem.size = size;
		return TEE_SUCCESS;
	}
	if (params[1].attr != MSG_ATTR_RMEM_OUT)
		return TEE_ERROR_BAD_PARAMETERS;
	if (params[1].u.rmem.size < size) {
		params[1].u.rmem.size = size;
		return TEE_ERROR_SHORT_BUFFER;
	}
	to = rpc_memory(&params[1]);
	if (!to)
		return TEE_ERROR_BAD_PARAMETERS;
	memcpy(to, file, size);
	params[1].u.rmem.size = size;
	return TEE_SUCCESS;
}

static TEE_Result answer_notification(const struct msg_param *params)
{
	uint64_t key = params[0].u.value.b;

	if (params[0].attr != MSG_ATTR_VALUE_IN || key >= KEYS_MAX)
		return TEE_ERROR_BAD_PARAMETERS;
	/* a wait returns early when nothing was posted: it must check again (NW-106) */
	posted[key] = params[0].u.value.a == RPC_NOTIFICATION_SEND;
	return TEE_SUCCESS;
}

static TEE_Result answer_shm_alloc(struct msg_header *message, struct msg_param *params)
{
	struct buffer *buffer;

	if (message->num_params != 1 || params[0].attr != MSG_ATTR_VALUE_IN ||
	    params[0].u.value.a > RPC_SHM_KERNEL)
		return TEE_ERROR_BAD_PARAMETERS;
	buffer = buffer_new(BUFFER_PAYLOAD, params[0].u.value.b);
	if (!buffer)
		return TEE_ERROR_OUT_OF_MEMORY;
	params[0].attr = MSG_ATTR_SHM_LIST;
	params[0].u.tmem.buf_ptr = (uintptr_t)buffer->list;
	params[0].u.tmem.size = buffer->size;
	params[0].u.tmem.shm_ref = buffer->cookie;
	return TEE_SUCCESS;
}

static TEE_Result answer_shm_free(const struct msg_param *params)
{
	struct buffer *buffer = buffer_find(params[0].u.value.b);

	if (tee.is_tolerant && (!buffer || buffer->kind != BUFFER_PAYLOAD))
		return TEE_SUCCESS;
	if (!buffer || buffer->kind != BUFFER_PAYLOAD)
		fail("NW-112: SHM_FREE of unknown memory %lx", params[0].u.value.b);
	buffer_delete(buffer);
	return TEE_SUCCESS;
}

static TEE_Result answer_time(struct msg_param *params)
{
	uint64_t now = microseconds();

	if (params[0].attr != MSG_ATTR_VALUE_OUT)
		return TEE_ERROR_BAD_PARAMETERS;
	params[0].u.value.a = 1700000000u + now / 1000000;
	params[0].u.value.b = now % 1000000 * 1000;
	return TEE_SUCCESS;
}

static TEE_Result answer_suspend(const struct msg_param *params)
{
	uint64_t milliseconds = params[0].u.value.a;

	delay((milliseconds < SUSPEND_MAX_MS ? milliseconds : SUSPEND_MAX_MS) * 1000);
	return TEE_SUCCESS;
}

void rpc_command_answer(struct msg_header *message)
{
	struct msg_param *params = (struct msg_param *)(message + 1);

	if (message->num_params > MSG_RPC_MAX_PARAMS)
		fail("NW-101: RPC with %u parameters", message->num_params);
	if (tee.is_tenon && !tee.is_tolerant && message->ret != TEE_ERROR_GENERIC)
		fail("NW-100: RPC %u comes with result %x", message->cmd, message->ret);
	if (message->cmd < 32)
		tee.rpc_counts[message->cmd]++;
	switch (message->cmd) {
	case RPC_CMD_LOAD_TA:
		message->ret = answer_load_ta(message, params);
		break;
	case RPC_CMD_FS:
		message->ret = files_answer(message, params);
		break;
	case RPC_CMD_GET_TIME:
		message->ret = answer_time(params);
		break;
	case RPC_CMD_NOTIFICATION:
		message->ret = answer_notification(params);
		break;
	case RPC_CMD_SUSPEND:
		message->ret = answer_suspend(params);
		break;
	case RPC_CMD_SHM_ALLOC:
		message->ret = answer_shm_alloc(message, params);
		break;
	case RPC_CMD_SHM_FREE:
		message->ret = answer_shm_free(params);
		break;
	default:
		message->ret = TEE_ERROR_NOT_SUPPORTED;
		break;
	}
}
