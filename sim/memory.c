/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory of a guest: pages it gives itself, and buffers made of them. */
#include <string.h>

#include "sim/driver.h"

uint64_t page_take(struct vm *vm)
{
	for (unsigned i = 0; i < SIM_RAM_PAGES; i++) {
		if (vm->used[i / 64] >> i % 64 & 1)
			continue;
		vm->used[i / 64] |= 1ull << i % 64;
		memset(world_at(vm, SIM_RAM_BASE + i * PAGE_SIZE), 0, PAGE_SIZE);
		return SIM_RAM_BASE + i * PAGE_SIZE;
	}
	return 0;
}

static void page_give(struct vm *vm, uint64_t ipa)
{
	uint64_t i = (ipa - SIM_RAM_BASE) / PAGE_SIZE;

	if (ipa)
		vm->used[i / 64] &= ~(1ull << i % 64);
}

struct buffer *buffer_find(struct vm *vm, uint64_t cookie)
{
	for (unsigned i = 0; i < array_count(vm->buffers); i++) {
		if (vm->buffers[i].cookie == cookie)
			return &vm->buffers[i];
	}
	return NULL;
}

void buffer_drop(struct vm *vm, struct buffer *buffer)
{
	for (unsigned i = 0; i < buffer->count; i++)
		page_give(vm, buffer->page[i]);
	page_give(vm, buffer->list);
	*buffer = (struct buffer){0};
}

struct buffer *buffer_make(struct vm *vm, uint32_t count)
{
	struct buffer *buffer = buffer_find(vm, 0);

	if (!buffer || count > SIM_PAYLOAD_PAGES)
		return NULL;
	buffer->cookie = vm->next_cookie += 0x40;
	buffer->list = page_take(vm);
	uint64_t *list = buffer->list ? world_at(vm, buffer->list) : NULL;
	for (buffer->count = 0; list && buffer->count < count; buffer->count++) {
		buffer->page[buffer->count] = page_take(vm);
		if (!buffer->page[buffer->count])
			break;
		list[buffer->count] = buffer->page[buffer->count];
	}
	if (buffer->count == count && list)
		return buffer;
	buffer_drop(vm, buffer);
	return NULL;
}
