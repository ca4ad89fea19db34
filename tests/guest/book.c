/* SPDX-License-Identifier: BSD-2-Clause */
#include "book.h"

#include "memory.h"

TEE_Result book_open(struct book *book, uint64_t seed, uint32_t page_count)
{
	TEE_Result result;

	memset(book, 0, sizeof(*book));
	book->random.state = seed;
	result = tee_open(uuid_ledger, &book->session);
	if (result != TEE_SUCCESS)
		return result;
	book->memory = tee_register((uint64_t)page_count * PAGE_SIZE);
	if (book->memory)
		return TEE_SUCCESS;
	(void)tee_close(book->session);
	return TEE_ERROR_OUT_OF_MEMORY;
}

static uint64_t value64(const struct msg_param *param)
{
	return (param->u.value.b << 32) | (uint32_t)param->u.value.a;
}

static bool is_equal(uint64_t got, uint64_t expected, const char *what)
{
	if (got != expected)
		print("guest: ledger: %s is %lx, expected %lx\n", what, got, expected);
	return got == expected;
}

static bool invoke(struct book *book, uint32_t command, struct msg_param params[4])
{
	return is_equal(tee_invoke(book->session, command, params), TEE_SUCCESS, "result");
}

static bool call_append(struct book *book, struct msg_param params[4], const uint8_t *data,
			size_t size)
{
	int32_t amount = (int32_t)random_next(&book->random);

	params[0].attr = MSG_ATTR_VALUE_INOUT;
	params[0].u.value.a = (uint32_t)amount;
	params[1].attr = MSG_ATTR_RMEM_IN;
	ledger_append(&book->model, amount, data, size);
	return invoke(book, LEDGER_APPEND, params) &&
	       is_equal(value64(&params[0]), book->model.checksum, "checksum after append");
}

/* The trusted app's side is undone with the model's, so that what is left must be the old bytes. */
static bool call_seal(struct book *book, struct msg_param params[4], uint8_t *data, size_t size)
{
	uint32_t pages = (uint32_t)(size / PAGE_SIZE) + 1;
	uint8_t *copy = pages_take(pages);
	bool is_right;

	if (!copy)
		return call_append(book, params, data, size);
	memcpy(copy, data, size);
	ledger_seal(&book->model, copy, size);
	params[0].attr = MSG_ATTR_VALUE_OUT;
	params[1].attr = MSG_ATTR_RMEM_INOUT;
	is_right = invoke(book, LEDGER_SEAL, params) &&
		   is_equal(value64(&params[0]), book->model.checksum, "checksum after seal") &&
		   is_equal((uint64_t)memcmp(copy, data, size), 0, "sealed memory's difference");
	pages_give(copy, pages);
	return is_right;
}

static bool call_statement(struct book *book, struct msg_param params[4], uint8_t *data,
			   size_t size)
{
	uint32_t nonce = (uint32_t)random_next(&book->random);
	uint64_t key = ledger_mix(book->model.checksum, nonce);

	params[0].attr = MSG_ATTR_VALUE_IN;
	params[0].u.value.a = size;
	params[0].u.value.b = nonce;
	params[1].attr = MSG_ATTR_RMEM_OUT;
	if (!invoke(book, LEDGER_STATEMENT, params) ||
	    !is_equal(params[1].u.rmem.size, size, "statement's size"))
		return false;
	for (size_t i = 0; i + 8 <= size; i += 8)
		if (!is_equal(ledger_load(data + i, 8), ledger_stream(key, i), "statement's word"))
			return false;
	return true;
}

bool book_call(struct book *book)
{
	struct msg_param params[4] = {0};
	uint64_t size = random_below(&book->random, book->memory->size + 1);
	uint64_t offset = random_below(&book->random, book->memory->size - size + 1) & ~7ull;
	uint8_t *data = book->memory->data + offset;

	params[1].u.rmem.offs = offset;
	params[1].u.rmem.size = size;
	params[1].u.rmem.shm_ref = book->memory->cookie;
	random_fill(&book->random, data, size);
	switch (random_below(&book->random, 3)) {
	case 0:
		return call_append(book, params, data, size);
	case 1:
		return call_seal(book, params, data, size);
	default:
		return call_statement(book, params, data, size);
	}
}

bool book_check(struct book *book)
{
	struct msg_param params[4] = {0};

	for (uint32_t i = 0; i < 3; i++)
		params[i].attr = MSG_ATTR_VALUE_OUT;
	return invoke(book, LEDGER_TOTALS, params) &&
	       is_equal(value64(&params[0]), book->model.count, "count") &&
	       is_equal(value64(&params[1]), (uint64_t)book->model.balance, "balance") &&
	       is_equal(value64(&params[2]), book->model.checksum, "checksum");
}

TEE_Result book_close(struct book *book)
{
	TEE_Result first = tee_unregister(book->memory);
	TEE_Result second = tee_close(book->session);

	return first != TEE_SUCCESS ? first : second;
}
