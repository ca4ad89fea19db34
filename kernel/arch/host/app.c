/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/arch/host/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/lib/assert.h"

const struct app_step *app_steps;
unsigned app_step_count;
uint32_t app_result;
const struct app_program *(*app_choose)(struct arch_aspace *as, struct user_context *ctx);
void (*app_prepare)(const struct app_step *step, struct arch_aspace *as, struct user_context *ctx);
void (*app_done)(const struct app_step *step, struct arch_aspace *as, struct user_context *ctx);
void (*app_on_entry)(struct arch_aspace *as, struct user_context *ctx, struct utee_params *params);
unsigned app_entries[3];
uint32_t app_results[16];

static const struct app_program *program_of(const struct user_context *ctx)
{
	static struct app_program common;

	common = (struct app_program){app_steps, app_step_count, app_result};
	return app_choose && ctx->x[21] ? (const struct app_program *)ctx->x[21] : &common;
}

/* What the last step's system call answered. */
static void take_result(const struct app_program *program, struct arch_aspace *as,
			struct user_context *ctx)
{
	uint64_t at = ctx->x[19] - 1;

	if (!ctx->x[20] || at == 0)
		return;
	if (at - 1 < 16)
		app_results[at - 1] = (uint32_t)ctx->x[0];
	if (app_done && at <= program->count)
		app_done(&program->steps[at - 1], as, ctx);
	ctx->x[20] = 0;
}

/* Registers that the kernel keeps for the app hold its progress: x19 the next step + 1, x20 a step
 * is out, x21 the program. */
static enum user_exit run(struct arch_aspace *as, struct user_context *ctx,
			  struct user_fault *fault)
{
	if (ctx->x[19] == 0) {
		struct utee_params *params = host_user_memory(as, ctx->x[2], PROT_R | PROT_W);
		assert(params && ctx->x[0] < 3 && ctx->sp == ctx->x[2] && ctx->sp % 16 == 0);
		app_entries[ctx->x[0]]++;
		ctx->x[19] = 1;
		ctx->x[20] = 0;
		ctx->x[21] = app_choose ? (uint64_t)app_choose(as, ctx) : 0;
		if (app_on_entry)
			app_on_entry(as, ctx, params);
	}
	const struct app_program *program = program_of(ctx);
	take_result(program, as, ctx);
	uint64_t at = ctx->x[19] - 1;
	if (at >= program->count) {
		ctx->x[8] = SYS_RETURN;
		ctx->x[0] = program->result;
		return USER_EXIT_SVC;
	}
	const struct app_step *step = &program->steps[at];
	ctx->x[19]++;
	switch (step->what) {
	case APP_FAULT:
		*fault = (struct user_fault){.esr = 0x92000006, .far = 0};
		return USER_EXIT_FAULT;
	case APP_INTERRUPTED:
		return USER_EXIT_FOREIGN_INTR;
	default:
		ctx->x[8] = step->number;
		memcpy(ctx->x, step->arg, sizeof(step->arg));
		ctx->x[20] = 1;
		if (app_prepare)
			app_prepare(step, as, ctx);
		return USER_EXIT_SVC;
	}
}

void app_reset(void)
{
	app_steps = NULL;
	app_step_count = 0;
	app_result = TEE_SUCCESS;
	app_on_entry = NULL;
	app_choose = NULL;
	app_prepare = NULL;
	app_done = NULL;
	memset(app_entries, 0, sizeof(app_entries));
	memset(app_results, 0, sizeof(app_results));
	host_user = run;
}

void app_load_file(struct model *guest, const char *directory, const char *name)
{
	static struct {
		char path[512];
		void *bytes;
		size_t size;
	} cache[8];
	char path[512];
	unsigned i = 0;

	snprintf(path, sizeof(path), "%s/%s.ta", directory, name);
	while (i < array_count(cache) && cache[i].bytes && strcmp(cache[i].path, path))
		i++;
	assert(i < array_count(cache));
	if (!cache[i].bytes) {
		FILE *file = fopen(path, "rb");
		if (!file)
			panic("%s: not there; ./tenon fetch gets it", path);
		fseek(file, 0, SEEK_END);
		cache[i].size = ftell(file);
		rewind(file);
		cache[i].bytes = malloc(cache[i].size);
		if (fread(cache[i].bytes, 1, cache[i].size, file) != cache[i].size)
			panic("%s: cannot be read", path);
		fclose(file);
		strcpy(cache[i].path, path);
	}
	guest->ta_file = cache[i].bytes;
	guest->ta_size = cache[i].size;
}

void app_uuid(uint8_t octets[16], const char *text)
{
	for (unsigned n = 0; n < 16; text++) {
		unsigned byte;
		if (*text == '-')
			continue;
		assert(sscanf(text, "%2x", &byte) == 1);
		octets[n++] = byte;
		text++;
	}
}
