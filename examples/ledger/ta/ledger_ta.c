/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ledger's trusted app: one instance for each client world, one book per session. A book is
 * born with its session and dies with it.
 */
#include <tee_internal_api.h>

#include "ledger.h"

struct session {
	struct ledger_book book;
	struct ledger_entry history[LEDGER_HISTORY];
	uint8_t *kept; /* copy of the latest entry, or NULL */
	size_t kept_size;
};

TEE_Result TA_CreateEntryPoint(void)
{
	return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t types, TEE_Param params[TEE_NUM_PARAMS],
				    void **context)
{
	struct session *session;

	(void)params;
	if (types != 0)
		return TEE_ERROR_BAD_PARAMETERS;
	session = TEE_Malloc(sizeof(*session), TEE_MALLOC_FILL_ZERO);
	if (!session)
		return TEE_ERROR_OUT_OF_MEMORY;
	*context = session;
	return TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *context)
{
	struct session *session = context;

	TEE_Free(session->kept);
	TEE_Free(session);
}

static void put64(TEE_Param *param, uint64_t value)
{
	param->value.a = (uint32_t)value;
	param->value.b = (uint32_t)(value >> 32);
}

static void remember(struct session *session, int32_t amount, size_t size)
{
	struct ledger_entry *entry = &session->history[(session->book.count - 1) % LEDGER_HISTORY];

	entry->checksum = session->book.checksum;
	entry->amount = amount;
	entry->size = (uint32_t)size;
}

/*
 * The entry is copied first when it is small enough to be kept: what RECALL gives back later is
 * then what was entered, even if the client changes its memory meanwhile.
 */
static TEE_Result append(struct session *session, int32_t amount, const uint8_t *data, size_t size)
{
	uint8_t *copy = NULL;

	if (size > 0 && size <= LEDGER_KEPT_MAX) {
		copy = TEE_Malloc(size, TEE_MALLOC_FILL_ZERO);
		if (!copy)
			return TEE_ERROR_OUT_OF_MEMORY;
		TEE_MemMove(copy, data, size);
		data = copy;
	}
	ledger_append(&session->book, amount, data, size);
	remember(session, amount, size);
	TEE_Free(session->kept);
	session->kept = copy;
	session->kept_size = copy ? size : 0;
	return TEE_SUCCESS;
}

static TEE_Result command_append(struct session *session, TEE_Param params[TEE_NUM_PARAMS])
{
	TEE_Result res = append(session, (int32_t)params[0].value.a, params[1].memref.buffer,
				params[1].memref.size);

	if (res == TEE_SUCCESS)
		put64(&params[0], session->book.checksum);
	return res;
}

static TEE_Result command_totals(struct session *session, TEE_Param params[TEE_NUM_PARAMS])
{
	put64(&params[0], session->book.count);
	put64(&params[1], (uint64_t)session->book.balance);
	put64(&params[2], session->book.checksum);
	return TEE_SUCCESS;
}

static void seal(struct session *session, TEE_Param *memory)
{
	ledger_seal(&session->book, memory->memref.buffer, memory->memref.size);
	remember(session, 0, memory->memref.size);
	TEE_Free(session->kept);
	session->kept = NULL;
	session->kept_size = 0;
}

static TEE_Result command_seal(struct session *session, TEE_Param params[TEE_NUM_PARAMS])
{
	seal(session, &params[1]);
	put64(&params[0], session->book.checksum);
	return TEE_SUCCESS;
}

static TEE_Result command_statement(struct session *session, TEE_Param params[TEE_NUM_PARAMS])
{
	size_t wanted = params[0].value.a;
	size_t room = params[1].memref.size;

	params[1].memref.size = wanted;
	if (wanted > room)
		return TEE_ERROR_SHORT_BUFFER;
	ledger_fill(ledger_mix(session->book.checksum, params[0].value.b), params[1].memref.buffer,
		    wanted);
	return TEE_SUCCESS;
}

static TEE_Result command_transfer(struct session *session, TEE_Param params[TEE_NUM_PARAMS])
{
	TEE_Result res = append(session, (int32_t)params[0].value.a, params[1].memref.buffer,
				params[1].memref.size);

	if (res != TEE_SUCCESS)
		return res;
	ledger_fill(session->book.checksum, params[2].memref.buffer, params[2].memref.size);
	seal(session, &params[3]);
	put64(&params[0], session->book.checksum);
	return TEE_SUCCESS;
}

static TEE_Result command_recall(struct session *session, TEE_Param params[TEE_NUM_PARAMS])
{
	size_t room = params[0].memref.size;

	params[0].memref.size = session->kept_size;
	if (!session->kept)
		return TEE_ERROR_NO_DATA;
	if (session->kept_size > room)
		return TEE_ERROR_SHORT_BUFFER;
	TEE_MemMove(params[0].memref.buffer, session->kept, session->kept_size);
	return TEE_SUCCESS;
}

static TEE_Result command_lookup(struct session *session, TEE_Param params[TEE_NUM_PARAMS])
{
	uint64_t number = ((uint64_t)params[0].value.b << 32) | params[0].value.a;
	const struct ledger_entry *entry;

	if (number >= session->book.count || session->book.count - number > LEDGER_HISTORY)
		return TEE_ERROR_ITEM_NOT_FOUND;
	entry = &session->history[number % LEDGER_HISTORY];
	put64(&params[1], entry->checksum);
	params[2].value.a = (uint32_t)entry->amount;
	params[2].value.b = entry->size;
	return TEE_SUCCESS;
}

/* clang-format off */
static const struct {
	uint32_t types;
	TEE_Result (*act)(struct session *session, TEE_Param params[TEE_NUM_PARAMS]);
} commands[] = {
	[LEDGER_APPEND]    = { TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INOUT, TEE_PARAM_TYPE_MEMREF_INPUT,
					       TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE), command_append },
	[LEDGER_TOTALS]    = { TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_OUTPUT, TEE_PARAM_TYPE_VALUE_OUTPUT,
					       TEE_PARAM_TYPE_VALUE_OUTPUT, TEE_PARAM_TYPE_NONE), command_totals },
	[LEDGER_SEAL]      = { TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_OUTPUT, TEE_PARAM_TYPE_MEMREF_INOUT,
					       TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE), command_seal },
	[LEDGER_STATEMENT] = { TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INPUT, TEE_PARAM_TYPE_MEMREF_OUTPUT,
					       TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE), command_statement },
	[LEDGER_TRANSFER]  = { TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INOUT, TEE_PARAM_TYPE_MEMREF_INPUT,
					       TEE_PARAM_TYPE_MEMREF_OUTPUT, TEE_PARAM_TYPE_MEMREF_INOUT), command_transfer },
	[LEDGER_RECALL]    = { TEE_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_OUTPUT, TEE_PARAM_TYPE_NONE,
					       TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE), command_recall },
	[LEDGER_LOOKUP]    = { TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INPUT, TEE_PARAM_TYPE_VALUE_OUTPUT,
					       TEE_PARAM_TYPE_VALUE_OUTPUT, TEE_PARAM_TYPE_NONE), command_lookup },
};
/* clang-format on */

TEE_Result TA_InvokeCommandEntryPoint(void *context, uint32_t command, uint32_t types,
				      TEE_Param params[TEE_NUM_PARAMS])
{
	if (command >= sizeof(commands) / sizeof(commands[0]))
		return TEE_ERROR_NOT_SUPPORTED;
	if (types != commands[command].types)
		return TEE_ERROR_BAD_PARAMETERS;
	return commands[command].act(context, params);
}
