/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls: each chooses its parameters, moves the model, invokes, and compares. */
#include <stdio.h>
#include <string.h>

#include "client.h"

#define TA_ORIGIN TEEC_ORIGIN_TRUSTED_APP

/* One call in the making. */
struct call {
	struct client *client;
	struct account *account;
	TEEC_Operation op;
	size_t size; /* of its largest memory reference */
	TEEC_Result expected;
	size_t expected_size[CLIENT_SLOTS];
	unsigned int slot_count;
	bool is_prepared;
};

static void set64(TEEC_Parameter *param, uint64_t value)
{
	param->value.a = (uint32_t)value;
	param->value.b = (uint32_t)(value >> 32);
}

static bool is64(const TEEC_Parameter *param, uint64_t value, const char *what)
{
	uint64_t got = ((uint64_t)param->value.b << 32) | param->value.a;

	if (got == value)
		return true;
	fprintf(stderr, "ledger: %s is %#llx, expected %#llx\n", what, (unsigned long long)got,
		(unsigned long long)value);
	return false;
}

/* Gives the call a memory reference as parameter number index. */
static struct slot *add_memory(struct call *call, unsigned int index, size_t size,
			       uint32_t direction, uint32_t *types)
{
	struct slot *slot = &call->client->slots[call->slot_count];
	uint32_t type = slot_prepare(slot, call->client, size, direction, &call->op.params[index]);

	if (type == 0)
		call->is_prepared = false;
	call->expected_size[call->slot_count++] = size;
	*types |= type << (4 * index);
	return slot;
}

/* Invokes, and checks result, origin and memory; the values are the caller's to check. */
static bool finish(struct call *call, uint32_t command, uint32_t types)
{
	uint32_t origin = 0;
	TEEC_Result res;

	call->op.paramTypes = types;
	if (!call->is_prepared)
		return false;
	res = TEEC_InvokeCommand(&call->account->session, command, &call->op, &origin);
	if (res != call->expected || origin != TA_ORIGIN) {
		fprintf(stderr, "ledger: result %#x origin %u, expected %#x origin %u\n", res,
			origin, call->expected, TA_ORIGIN);
		return false;
	}
	for (unsigned int i = 0; i < call->slot_count; i++) {
		/* memory 0 is parameter 1, but for RECALL, whose only parameter is memory */
		unsigned int index = command == LEDGER_RECALL ? 0 : i + 1;

		if (!slot_check(&call->client->slots[i], &call->op.params[index],
				call->expected_size[i]))
			return false;
	}
	return true;
}

static void remember(struct account *account, int32_t amount, size_t size)
{
	account->history[(account->book.count - 1) % LEDGER_HISTORY] = (struct ledger_entry){
		.checksum = account->book.checksum,
		.amount = amount,
		.size = (uint32_t)size,
	};
	account->kept_size = 0;
}

static void model_append(struct account *account, int32_t amount, const struct slot *slot)
{
	ledger_append(&account->book, amount, slot->expected, slot->size);
	remember(account, amount, slot->size);
	if (slot->size <= LEDGER_KEPT_MAX) {
		memcpy(account->kept, slot->expected, slot->size);
		account->kept_size = slot->size;
	}
}

static void model_seal(struct account *account, struct slot *slot)
{
	ledger_seal(&account->book, slot->expected, slot->size);
	remember(account, 0, slot->size);
}

static bool call_append(struct call *call)
{
	uint32_t types = TEEC_VALUE_INOUT;
	int32_t amount = (int32_t)random_next(&call->client->random);
	struct slot *entry = add_memory(call, 1, call->size, TEEC_MEM_INPUT, &types);

	call->op.params[0].value.a = (uint32_t)amount;
	model_append(call->account, amount, entry);
	return finish(call, LEDGER_APPEND, types) &&
	       is64(&call->op.params[0], call->account->book.checksum, "checksum");
}

static bool call_seal(struct call *call)
{
	uint32_t types = TEEC_VALUE_OUTPUT;
	struct slot *slot =
		add_memory(call, 1, call->size, TEEC_MEM_INPUT | TEEC_MEM_OUTPUT, &types);

	model_seal(call->account, slot);
	return finish(call, LEDGER_SEAL, types) &&
	       is64(&call->op.params[0], call->account->book.checksum, "checksum");
}

/* Asks for as much as there is room for, for less, or (a short buffer) for more. */
static bool call_statement(struct call *call)
{
	struct random *random = &call->client->random;
	uint32_t types = TEEC_VALUE_INPUT;
	uint32_t nonce = (uint32_t)random_next(random);
	size_t wanted = call->size;
	struct slot *slot = add_memory(call, 1, call->size, TEEC_MEM_OUTPUT, &types);

	if (random_chance(random, 20))
		wanted = random_below(random, call->size + 1);
	else if (random_chance(random, 5))
		wanted = call->size + 1 + random_below(random, 4096);
	call->op.params[0].value.a = (uint32_t)wanted;
	call->op.params[0].value.b = nonce;
	call->expected_size[0] = wanted;
	if (wanted > call->size)
		call->expected = TEEC_ERROR_SHORT_BUFFER;
	else
		ledger_fill(ledger_mix(call->account->book.checksum, nonce), slot->expected,
			    wanted);
	return finish(call, LEDGER_STATEMENT, types);
}

static bool call_transfer(struct call *call)
{
	struct random *random = &call->client->random;
	uint32_t types = TEEC_VALUE_INOUT;
	int32_t amount = (int32_t)random_next(random);
	size_t second =
		random_chance(random, 50) ? call->size : random_below(random, call->size + 1);
	size_t third =
		random_chance(random, 50) ? call->size : random_below(random, call->size + 1);
	struct slot *in = add_memory(call, 1, call->size, TEEC_MEM_INPUT, &types);
	struct slot *out = add_memory(call, 2, second, TEEC_MEM_OUTPUT, &types);
	struct slot *both = add_memory(call, 3, third, TEEC_MEM_INPUT | TEEC_MEM_OUTPUT, &types);

	call->op.params[0].value.a = (uint32_t)amount;
	model_append(call->account, amount, in);
	ledger_fill(call->account->book.checksum, out->expected, out->size);
	model_seal(call->account, both);
	return finish(call, LEDGER_TRANSFER, types) &&
	       is64(&call->op.params[0], call->account->book.checksum, "checksum");
}

static bool call_totals(struct call *call)
{
	const struct ledger_book *book = &call->account->book;

	return finish(call, LEDGER_TOTALS,
		      TEEC_PARAM_TYPES(TEEC_VALUE_OUTPUT, TEEC_VALUE_OUTPUT, TEEC_VALUE_OUTPUT,
				       TEEC_NONE)) &&
	       is64(&call->op.params[0], book->count, "count") &&
	       is64(&call->op.params[1], (uint64_t)book->balance, "balance") &&
	       is64(&call->op.params[2], book->checksum, "checksum");
}

static bool call_recall(struct call *call)
{
	struct account *account = call->account;
	uint32_t types = 0;
	struct slot *slot = add_memory(call, 0, call->size, TEEC_MEM_OUTPUT, &types);

	call->expected_size[0] = account->kept_size;
	if (account->kept_size == 0)
		call->expected = TEEC_ERROR_NO_DATA;
	else if (account->kept_size > call->size)
		call->expected = TEEC_ERROR_SHORT_BUFFER;
	else
		memcpy(slot->expected, account->kept, account->kept_size);
	return finish(call, LEDGER_RECALL, types);
}

/* Numbers from well inside the history to just outside of both of its ends. */
static bool call_lookup(struct call *call)
{
	const struct account *account = call->account;
	uint64_t back = random_below(&call->client->random, LEDGER_HISTORY + 2);
	uint64_t number = account->book.count - back;
	const struct ledger_entry *entry = &account->history[number % LEDGER_HISTORY];
	bool is_known = number < account->book.count && back <= LEDGER_HISTORY;
	TEEC_Parameter *params = call->op.params;

	set64(&params[0], number);
	call->expected = is_known ? TEEC_SUCCESS : TEEC_ERROR_ITEM_NOT_FOUND;
	if (!finish(call, LEDGER_LOOKUP,
		    TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_VALUE_OUTPUT, TEEC_VALUE_OUTPUT,
				     TEEC_NONE)))
		return false;
	return !is_known ||
	       (is64(&params[1], entry->checksum, "entry's checksum") &&
		is64(&params[2], ((uint64_t)entry->size << 32) | (uint32_t)entry->amount, "entry"));
}

/* What the trusted app must refuse, without any change to the book. */
static bool call_wrongly(struct call *call)
{
	if (random_chance(&call->client->random, 50)) {
		call->expected = TEEC_ERROR_NOT_SUPPORTED;
		return finish(call, 1000, TEEC_NONE);
	}
	call->expected = TEEC_ERROR_BAD_PARAMETERS;
	return finish(call, LEDGER_TOTALS, TEEC_VALUE_INPUT);
}

/* 1 % of the calls have LEDGER_SIZE_MAX bytes, 90 % at most 4 KiB; the rest is spread between. */
static size_t choose_size(struct client *client)
{
	uint64_t kind = random_below(&client->random, 100);
	size_t size;

	if (kind == 0)
		size = LEDGER_SIZE_MAX;
	else if (kind < 10)
		size = (4097ul << random_below(&client->random, 8)) +
		       random_below(&client->random, 4096);
	else if (kind < 15)
		size = 0;
	else
		size = random_below(&client->random, 4097);
	return size < client->size_max ? size : client->size_max;
}

static bool make_call(struct call *call)
{
	uint64_t kind = random_below(&call->client->random, call->size > 4096 ? 80 : 100);

	if (kind < 30)
		return call_append(call);
	if (kind < 50)
		return call_seal(call);
	if (kind < 65)
		return call_statement(call);
	if (kind < 80)
		return call_transfer(call);
	if (kind < 86)
		return call_recall(call);
	if (kind < 92)
		return call_lookup(call);
	if (kind < 98)
		return call_totals(call);
	return call_wrongly(call);
}

bool client_call(struct client *client)
{
	struct call call = {.client = client, .is_prepared = true};

	call.account = &client->accounts[random_below(&client->random, client->account_count)];
	call.size = choose_size(client);
	if (!make_call(&call)) {
		fprintf(stderr, "ledger: call %llu went wrong\n",
			(unsigned long long)client->calls);
		return false;
	}
	client->calls++;
	for (unsigned int i = 0; i < call.slot_count; i++)
		client->bytes += client->slots[i].size;
	client->calls_small += call.size <= 4096;
	client->calls_full += call.size == LEDGER_SIZE_MAX;
	return true;
}

static bool open_account(struct client *client, struct account *account)
{
	static const TEEC_UUID uuid = LEDGER_UUID;
	uint32_t origin = 0;
	TEEC_Result res;

	memset(account, 0, sizeof(*account));
	res = TEEC_OpenSession(&client->context, &account->session, &uuid, TEEC_LOGIN_PUBLIC, NULL,
			       NULL, &origin);
	if (res != TEEC_SUCCESS) {
		fprintf(stderr, "ledger: open session: result %#x origin %u\n", res, origin);
		return false;
	}
	client->opens++;
	return true;
}

bool client_reopen(struct client *client)
{
	struct account *account =
		&client->accounts[random_below(&client->random, client->account_count)];

	TEEC_CloseSession(&account->session);
	return open_account(client, account);
}

bool client_open(struct client *client, uint64_t seed, unsigned int sessions, size_t size_max)
{
	TEEC_Result res;

	memset(client, 0, sizeof(*client));
	client->random.state = seed;
	client->size_max = size_max;
	res = TEEC_InitializeContext(NULL, &client->context);
	if (res != TEEC_SUCCESS) {
		fprintf(stderr, "ledger: no context: %#x\n", res);
		return false;
	}
	for (unsigned int i = 0; i < CLIENT_SLOTS; i++) {
		if (!slot_open(&client->slots[i], &client->context)) {
			fprintf(stderr, "ledger: no memory\n");
			return false;
		}
	}
	for (unsigned int i = 0; i < sessions; i++) {
		if (!open_account(client, &client->accounts[i]))
			return false;
		client->account_count++;
	}
	return true;
}

void client_close(struct client *client)
{
	for (unsigned int i = 0; i < client->account_count; i++)
		TEEC_CloseSession(&client->accounts[i].session);
	for (unsigned int i = 0; i < CLIENT_SLOTS; i++)
		slot_close(&client->slots[i]);
	TEEC_FinalizeContext(&client->context);
}
