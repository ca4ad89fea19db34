/* SPDX-License-Identifier: BSD-2-Clause */
#include "files.h"

#include "memory.h"

#define FILES_MAX  4u
#define FILE_PAGES 5u
#define NAME_MAX   96u

enum files_command {
	FILES_OPEN,
	FILES_CREATE,
	FILES_CLOSE,
	FILES_READ,
	FILES_WRITE,
	FILES_TRUNCATE,
	FILES_REMOVE,
	FILES_RENAME,
};

struct file {
	char name[NAME_MAX]; /* empty: the slot is free */
	uint8_t *data;
	uint64_t size;
};

static struct file files[FILES_MAX];

static struct file *find(const char *name)
{
	for (uint32_t i = 0; i < FILES_MAX; i++)
		if (files[i].name[0] && !strcmp(files[i].name, name))
			return &files[i];
	return NULL;
}

/* The terminated string in a parameter's memory, without a leading slash; NULL if there is none. */
static const char *name_of(const struct msg_param *param)
{
	const char *name = (const char *)rpc_memory(param);
	uint64_t i = 0;

	if (param->attr != MSG_ATTR_RMEM_IN || !name)
		return NULL;
	while (i < param->u.rmem.size && name[i])
		i++;
	if (i == 0 || i == param->u.rmem.size || i >= NAME_MAX)
		return NULL;
	return name[0] == '/' ? name + 1 : name;
}

static struct file *by_handle(uint64_t handle)
{
	return handle >= 1 && handle <= FILES_MAX && files[handle - 1].name[0] ? &files[handle - 1]
									       : NULL;
}

static TEE_Result open_file(struct msg_param *params, bool creates)
{
	const char *name = name_of(&params[1]);
	struct file *file = name ? find(name) : NULL;

	if (!name)
		return TEE_ERROR_BAD_PARAMETERS;
	for (uint32_t i = 0; creates && !file && i < FILES_MAX; i++)
		if (!files[i].name[0])
			file = &files[i];
	if (!file)
		return creates ? TEE_ERROR_STORAGE_NO_SPACE : TEE_ERROR_ITEM_NOT_FOUND;
	if (creates) {
		file->data = file->data ? file->data : pages_take(FILE_PAGES);
		if (!file->data)
			return TEE_ERROR_STORAGE_NO_SPACE;
		memcpy(file->name, name, strlen(name) + 1);
		file->size = 0;
	}
	params[2].u.value.a = (uint64_t)(file - files) + 1;
	return TEE_SUCCESS;
}

static TEE_Result read_file(struct file *file, uint64_t offset, struct msg_param *param)
{
	uint8_t *to = rpc_memory(param);
	uint64_t left = offset < file->size ? file->size - offset : 0;

	if (!to)
		return TEE_ERROR_BAD_PARAMETERS;
	if (param->u.rmem.size > left)
		param->u.rmem.size = left;
	memcpy(to, file->data + offset, param->u.rmem.size);
	return TEE_SUCCESS;
}

static TEE_Result write_file(struct file *file, uint64_t offset, const struct msg_param *param)
{
	const uint8_t *from = rpc_memory(param);
	uint64_t room = (uint64_t)FILE_PAGES * PAGE_SIZE;

	if (!from)
		return TEE_ERROR_BAD_PARAMETERS;
	if (offset > room || param->u.rmem.size > room - offset)
		return TEE_ERROR_STORAGE_NO_SPACE;
	if (offset > file->size)
		memset(file->data + file->size, 0, offset - file->size);
	memcpy(file->data + offset, from, param->u.rmem.size);
	if (offset + param->u.rmem.size > file->size)
		file->size = offset + param->u.rmem.size;
	return TEE_SUCCESS;
}

static TEE_Result rename_file(struct msg_param *params)
{
	const char *from = name_of(&params[1]);
	const char *to = name_of(&params[2]);
	struct file *file = from ? find(from) : NULL;
	struct file *target = to ? find(to) : NULL;

	if (!from || !to || !file)
		return TEE_ERROR_ITEM_NOT_FOUND;
	if (target && target != file) {
		if (!params[0].u.value.b)
			return TEE_ERROR_ACCESS_CONFLICT;
		target->name[0] = 0;
	}
	memcpy(file->name, to, strlen(to) + 1);
	return TEE_SUCCESS;
}

TEE_Result files_answer(struct msg_header *message, struct msg_param *params)
{
	uint64_t command = params[0].u.value.a;
	uint64_t number = params[0].u.value.c;
	struct file *file = by_handle(params[0].u.value.b);

	if (params[0].attr != MSG_ATTR_VALUE_IN || message->num_params < 1)
		return TEE_ERROR_BAD_PARAMETERS;
	if (command == FILES_OPEN || command == FILES_CREATE)
		return open_file(params, command == FILES_CREATE);
	if (command == FILES_RENAME)
		return rename_file(params);
	if (command == FILES_REMOVE) {
		const char *name = name_of(&params[1]);

		file = name ? find(name) : NULL;
	}
	if (!file)
		return TEE_ERROR_ITEM_NOT_FOUND;
	switch (command) {
	case FILES_CLOSE:
		return TEE_SUCCESS;
	case FILES_READ:
		return read_file(file, number, &params[1]);
	case FILES_WRITE:
		return write_file(file, number, &params[1]);
	case FILES_TRUNCATE:
		file->size = number < file->size ? number : file->size;
		return TEE_SUCCESS;
	case FILES_REMOVE:
		file->name[0] = 0;
		return TEE_SUCCESS;
	default:
		return TEE_ERROR_NOT_SUPPORTED;
	}
}
