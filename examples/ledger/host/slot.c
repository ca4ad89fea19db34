/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory references in all their forms. Each slot has room behind its bytes that no call may
 * change, and bytes start at any offset in a page.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

#define SLOT_OFFSET_MAX 4096u
#define SLOT_GUARD      64u
#define SLOT_ROOM       (SLOT_OFFSET_MAX + LEDGER_SIZE_MAX + SLOT_GUARD)

bool slot_open(struct slot *slot, TEEC_Context *context)
{
	memset(slot, 0, sizeof(*slot));
	slot->plain = malloc(SLOT_ROOM);
	slot->expected = malloc(LEDGER_SIZE_MAX + SLOT_GUARD);
	if (!slot->plain || !slot->expected)
		return false;
	memset(slot->plain, 0, SLOT_ROOM);
	slot->shared.size = SLOT_ROOM;
	slot->shared.flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT;
	return TEEC_AllocateSharedMemory(context, &slot->shared) == TEEC_SUCCESS;
}

void slot_close(struct slot *slot)
{
	if (slot->shared.buffer)
		TEEC_ReleaseSharedMemory(&slot->shared);
	free(slot->plain);
	free(slot->expected);
}

/* Offsets in a page: mostly as malloc() would give, at times the worst. Large ones stay aligned. */
static size_t choose_offset(struct random *random, size_t size)
{
	size_t offset = random_below(random, SLOT_OFFSET_MAX);

	return size > LEDGER_KEPT_MAX || random_chance(random, 75) ? offset & ~(size_t)7 : offset;
}

static uint32_t use_plain(struct slot *slot, struct random *random, uint32_t direction,
			  TEEC_Parameter *param)
{
	static const uint32_t types[] = {
		[TEEC_MEM_INPUT] = TEEC_MEMREF_TEMP_INPUT,
		[TEEC_MEM_OUTPUT] = TEEC_MEMREF_TEMP_OUTPUT,
		[TEEC_MEM_INPUT | TEEC_MEM_OUTPUT] = TEEC_MEMREF_TEMP_INOUT,
	};

	slot->form = "temporary";
	slot->data = slot->plain + choose_offset(random, slot->size);
	param->tmpref.buffer = slot->data;
	param->tmpref.size = slot->size;
	if (slot->size == 0 && random_chance(random, 50)) {
		slot->form = "null";
		param->tmpref.buffer = NULL;
	}
	return types[direction];
}

static uint32_t use_part(struct slot *slot, struct random *random, uint32_t direction,
			 TEEC_Parameter *param)
{
	static const uint32_t types[] = {
		[TEEC_MEM_INPUT] = TEEC_MEMREF_PARTIAL_INPUT,
		[TEEC_MEM_OUTPUT] = TEEC_MEMREF_PARTIAL_OUTPUT,
		[TEEC_MEM_INPUT | TEEC_MEM_OUTPUT] = TEEC_MEMREF_PARTIAL_INOUT,
	};
	size_t offset = choose_offset(random, slot->size);

	slot->form = "registered part";
	slot->data = (uint8_t *)slot->shared.buffer + offset;
	param->memref.parent = &slot->shared;
	param->memref.offset = offset;
	param->memref.size = slot->size;
	return types[direction];
}

static uint32_t use_whole(struct slot *slot, struct client *client, uint32_t direction,
			  TEEC_Parameter *param)
{
	slot->form = "registered whole";
	slot->data = slot->plain + choose_offset(&client->random, slot->size);
	slot->passing = (TEEC_SharedMemory){
		.buffer = slot->data,
		.size = slot->size,
		.flags = direction,
	};
	if (TEEC_RegisterSharedMemory(&client->context, &slot->passing) != TEEC_SUCCESS) {
		fprintf(stderr, "ledger: %zu bytes could not be registered\n", slot->size);
		return 0;
	}
	slot->is_passing = true;
	param->memref.parent = &slot->passing;
	param->memref.size = slot->size; /* ignored on the way in, and not written for input */
	return TEEC_MEMREF_WHOLE;
}

uint32_t slot_prepare(struct slot *slot, struct client *client, size_t size, uint32_t direction,
		      TEEC_Parameter *param)
{
	uint64_t form = random_below(&client->random, 10);
	uint32_t type;

	slot->size = size;
	slot->is_passing = false;
	if (form < 4)
		type = use_plain(slot, &client->random, direction, param);
	else if (form < 8 || size == 0)
		type = use_part(slot, &client->random, direction, param);
	else
		type = use_whole(slot, client, direction, param);
	random_fill(&client->random, slot->data, size + SLOT_GUARD);
	memcpy(slot->expected, slot->data, size + SLOT_GUARD);
	return type;
}

bool slot_check(struct slot *slot, const TEEC_Parameter *param, size_t wanted_size)
{
	/* tmpref.size and memref.size are different members of a union */
	bool is_temporary = slot->data >= slot->plain && slot->data < slot->plain + SLOT_ROOM &&
			    !slot->is_passing;
	size_t size = is_temporary ? param->tmpref.size : param->memref.size;

	if (slot->is_passing)
		TEEC_ReleaseSharedMemory(&slot->passing);
	slot->is_passing = false;
	if (size != wanted_size) {
		fprintf(stderr, "ledger: size %zu, expected %zu\n", size, wanted_size);
		return false;
	}
	for (size_t i = 0; i < slot->size + SLOT_GUARD; i++) {
		if (slot->data[i] != slot->expected[i]) {
			fprintf(stderr, "ledger: %s, byte %zu of %zu is %02x, expected %02x\n",
				slot->form, i, slot->size, slot->data[i], slot->expected[i]);
			return false;
		}
	}
	return true;
}
