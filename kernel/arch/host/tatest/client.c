/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client: opens sessions, invokes commands and lends memory, as one line of text each asks for.
 *
 *	open SLOT UUID LOGIN CLIENT P P P P	LOGIN: a number; CLIENT: a UUID
 *	invoke SLOT CMD P P P P
 *	close SLOT
 *
 * P is "-", "v:TYPE:A:B" (TYPE as TEE_PARAM_VALUE_*), "m:TYPE:SIZE:HEX" (TEE_PARAM_MEMREF_*; HEX
 * are the first bytes of it), or "n:TYPE:SIZE": a reference to no memory. Answers "result CODE
 * ORIGIN P P P P", where P of an output is "v:A:B" or "m:SIZE:HEX:BEYOND"; BEYOND: how many bytes
 * behind its end the app changed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/ta.h"
#include "kernel/arch/host/app.h"
#include "kernel/arch/host/tatest/tatest.h"
#include "kernel/lib/assert.h"

#define SLOTS      64
#define BUFFER_MAX (1u << 20)
#define BEYOND     0xA5

static struct model *model;
static uint32_t sessions[SLOTS];

/* Memory of one parameter: it ends at a page's end or less than 16 bytes before, so that an app
 * that goes on too far faults. */
static struct {
	uint64_t pa; /* of BUFFER_MAX bytes */
	uint64_t list;
	unsigned type;
	uint64_t at; /* in the buffer */
	uint64_t size;
	bool null;
} memory[TA_PARAMS];

void client_init(struct model *guest)
{
	model = guest;
	memset(sessions, 0, sizeof(sessions));
	for (unsigned i = 0; i < TA_PARAMS; i++) {
		memory[i].pa = model_alloc(model, BUFFER_MAX);
		memory[i].list = model_page_list(model, memory[i].pa, BUFFER_MAX);
	}
}

/* --- parameters in
 * ---------------------------------------------------------------------------------- */

static unsigned nibble(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

static bool lend(unsigned n, struct msg_param *p, const char *hex)
{
	uint64_t size = memory[n].size;

	if (size > BUFFER_MAX)
		return false;
	uint64_t at = size ? (BUFFER_MAX - size) & ~15ull : 0;
	uint64_t page = at & ~PAGE_MASK;
	uint8_t *bytes = host_ns(memory[n].pa + at);

	memset(host_ns(memory[n].pa + page), 0, at - page);
	memset(bytes, 0, size);
	memset(bytes + size, BEYOND, size ? BUFFER_MAX - at - size : 0);
	for (uint64_t i = 0; i < size && hex && hex[2 * i] && hex[2 * i + 1]; i++)
		bytes[i] = nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]);
	memory[n].at = at;
	p->attr = (MSG_ATTR_TMEM_IN + memory[n].type - TEE_PARAM_MEMREF_INPUT) | MSG_ATTR_NONCONTIG;
	p->u.tmem.buf_ptr = model_page_list(model, memory[n].pa + at, size ? size : 1);
	p->u.tmem.size = size;
	p->u.tmem.shm_ref = 0x7000 + n;
	return true;
}

static bool read_param(unsigned n, const char *text, struct msg_param *p)
{
	unsigned long long a, b = 0;
	unsigned type;

	memset(p, 0, sizeof(*p));
	memory[n].type = TEE_PARAM_NONE;
	if (!strcmp(text, "-"))
		return true;
	if (sscanf(text + 1, ":%u:%llu:%llu", &type, &a, &b) < 2)
		return false;
	memory[n].type = type;
	if (text[0] == 'v') {
		p->attr = MSG_ATTR_VALUE_IN + type - TEE_PARAM_VALUE_INPUT;
		p->u.value = (struct msg_value){a, b, 0};
		return true;
	}
	memory[n].size = a;
	memory[n].null = text[0] == 'n';
	if (memory[n].null) {
		p->attr = MSG_ATTR_TMEM_IN + type - TEE_PARAM_MEMREF_INPUT;
		p->u.tmem = (struct msg_tmem){0, a, 0};
		return true;
	}
	const char *hex = strchr(strchr(text + 2, ':') + 1, ':');
	return lend(n, p, hex ? hex + 1 : NULL);
}

/* --- and out
 * ---------------------------------------------------------------------------------------- */

static void print_memory(unsigned n, const struct msg_param *p)
{
	const uint8_t *bytes = host_ns(memory[n].pa + memory[n].at);
	uint64_t size = p->u.tmem.size, beyond = 0;
	uint64_t shown = memory[n].null ? 0 : min(size, memory[n].size);

	printf(" m:%llu:", (unsigned long long)size);
	for (uint64_t i = 0; i < shown; i++)
		printf("%02x", bytes[i]);
	for (uint64_t i = memory[n].at + memory[n].size; memory[n].size && i < BUFFER_MAX; i++)
		beyond += bytes[i - memory[n].at] != BEYOND;
	printf(":%llu", (unsigned long long)beyond);
}

static void print_param(unsigned n, const struct msg_param *p)
{
	switch (memory[n].type) {
	case TEE_PARAM_VALUE_OUTPUT:
	case TEE_PARAM_VALUE_INOUT:
		printf(" v:%u:%u", (uint32_t)p->u.value.a, (uint32_t)p->u.value.b);
		break;
	case TEE_PARAM_MEMREF_OUTPUT:
	case TEE_PARAM_MEMREF_INOUT:
		print_memory(n, p);
		break;
	default:
		printf(" -");
		break;
	}
}

/* --- commands
 * --------------------------------------------------------------------------------------- */

/* Fills the message's parameters from the words at rest; false: they are wrong. */
static bool read_params(char **rest, struct msg_param *params)
{
	for (unsigned n = 0; n < TA_PARAMS; n++) {
		const char *word = strtok_r(NULL, " \n", rest);
		if (!read_param(n, word ? word : "-", &params[n]))
			return false;
	}
	return true;
}

static bool call(struct model_message *m, unsigned first)
{
	m->header.num_params = first + TA_PARAMS;
	if (model_call(model, m) == MODEL_LEFT) {
		printf("killed\n");
		return false;
	}
	printf("result 0x%x %u", m->header.ret, m->header.ret_origin);
	for (unsigned n = 0; n < TA_PARAMS; n++)
		print_param(n, &m->params[first + n]);
	printf("\n");
	return true;
}

static bool open_session(unsigned slot, char **rest)
{
	struct model_message m = {
		.header = {.cmd = MSG_CMD_OPEN_SESSION},
		.params = {{.attr = MSG_ATTR_META_VALUE_IN}, {.attr = MSG_ATTR_META_VALUE_IN}},
	};
	const char *uuid = strtok_r(NULL, " \n", rest);
	const char *login = strtok_r(NULL, " \n", rest);
	const char *client = strtok_r(NULL, " \n", rest);

	if (!client || strlen(uuid) != 36 || strlen(client) != 36)
		return false;
	app_uuid(m.params[0].u.octets, uuid);
	app_uuid(m.params[1].u.octets, client);
	m.params[1].u.value.c = strtoul(login, NULL, 0);
	if (!read_params(rest, &m.params[2]))
		return false;
	if (call(&m, 2))
		sessions[slot] = m.header.session;
	return true;
}

static bool invoke(unsigned slot, char **rest)
{
	const char *cmd = strtok_r(NULL, " \n", rest);
	struct model_message m = {
		.header = {.cmd = MSG_CMD_INVOKE_COMMAND, .session = sessions[slot]}};

	if (!cmd)
		return false;
	m.header.func = strtoul(cmd, NULL, 0);
	if (!read_params(rest, m.params))
		return false;
	call(&m, 0);
	return true;
}

static void close_session(unsigned slot)
{
	struct model_message m = {
		.header = {.cmd = MSG_CMD_CLOSE_SESSION, .session = sessions[slot]}};

	if (model_call(model, &m) == MODEL_LEFT)
		printf("killed\n");
	else
		printf("result 0x%x %u - - - -\n", m.header.ret, m.header.ret_origin);
}

bool client_execute(char *line)
{
	char *rest;
	uint64_t mark = model->used;
	const char *verb = strtok_r(line, " \n", &rest);
	const char *slot_text = strtok_r(NULL, " \n", &rest);
	unsigned slot = slot_text ? strtoul(slot_text, NULL, 10) : SLOTS;
	bool good = true;

	if (slot >= SLOTS)
		return false;
	if (!strcmp(verb, "open"))
		good = open_session(slot, &rest);
	else if (!strcmp(verb, "invoke"))
		good = invoke(slot, &rest);
	else if (!strcmp(verb, "close"))
		close_session(slot);
	else
		good = false;
	if (model->payload_count == 0)
		model->used = mark;
	return good;
}
