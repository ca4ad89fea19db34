/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * linger: stays inside calls of a trusted app, in a chosen way or in a seeded mixture of all.
 * Exit status 0 means that each call ended as it had to.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tee_client_api.h>

#include "../../common/random.h"
#include "../linger.h"
#include "guarded_ioctl.h"

enum mode {
	MODE_BUSY,
	MODE_TIME,
	MODE_WAIT,
	MODE_NEST,
	MODE_ALLOC,
	MODE_PANIC,
	MODE_FAULT,
	MODE_NONE, /* returns at once */
	MODE_LOCK, /* two threads in one session: the second one waits for the first */
	MODE_OPEN, /* opens and closes a session */
	MODE_COUNT
};

static const char *const mode_names[MODE_COUNT] = {
	"busy", "time", "wait", "nest", "alloc", "panic", "fault", "none", "lock", "open",
};

struct options {
	int mode; /* or -1: mixed */
	uint32_t milliseconds;
	uint64_t calls; /* 0: no end */
	uint64_t seed;
	bool shows_progress;
};

struct lingerer {
	bool has_nesting; /* the TEE lets a trusted app call another */
	TEEC_Context context;
	TEEC_Session session;
	struct random random;
	struct options options;
	uint64_t calls;
};

static const char usage[] =
	"usage: linger [--mode busy|time|wait|nest|alloc|panic|fault|none|lock|open] [--mix SEED]\n"
	"              [--ms N] [--calls N | --forever] [--progress]\n"
	"  --mix SEED   another mode for each call (the default, with seed 1)\n"
	"  --ms N       how long a call stays inside, in milliseconds (default 50)\n"
	"  --forever    no end of calls; the default is 100\n"
	"  --progress   a line 'linger: CALL MODE' before each call\n";

static uint64_t parse_number(const char *text, uint64_t max)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || *end || end == text || value > max) {
		fprintf(stderr, "linger: bad number %s\n%s", text, usage);
		exit(2);
	}
	return value;
}

static int parse_mode(const char *text)
{
	for (int i = 0; i < MODE_COUNT; i++)
		if (!strcmp(text, mode_names[i]))
			return i;
	fprintf(stderr, "linger: no mode %s\n%s", text, usage);
	exit(2);
}

static struct options parse_options(int argc, char **argv)
{
	static const struct option names[] = {
		{"mode", required_argument, NULL, 'm'},
		{"mix", required_argument, NULL, 'x'},
		{"ms", required_argument, NULL, 't'},
		{"calls", required_argument, NULL, 'c'},
		{"forever", no_argument, NULL, 'f'},
		{"progress", no_argument, NULL, 'p'},
		{NULL, 0, NULL, 0},
	};
	struct options o = {.mode = -1, .milliseconds = 50, .calls = 100, .seed = 1};
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 'm':
			o.mode = parse_mode(optarg);
			break;
		case 'x':
			o.seed = parse_number(optarg, UINT64_MAX);
			break;
		case 't':
			o.milliseconds = (uint32_t)parse_number(optarg, LINGER_FOREVER);
			break;
		case 'c':
			o.calls = parse_number(optarg, UINT64_MAX);
			break;
		case 'f':
			o.calls = 0;
			break;
		case 'p':
			o.shows_progress = true;
			break;
		default:
			fputs(usage, stderr);
			exit(2);
		}
	}
	if (optind != argc) {
		fputs(usage, stderr);
		exit(2);
	}
	return o;
}

static TEEC_Result open_session(struct lingerer *l)
{
	static const TEEC_UUID uuid = LINGER_UUID;
	uint32_t origin = 0;
	TEEC_Result res = TEEC_OpenSession(&l->context, &l->session, &uuid, TEEC_LOGIN_PUBLIC, NULL,
					   NULL, &origin);

	if (res != TEEC_SUCCESS)
		fprintf(stderr, "linger: open session: result %#x origin %u\n", res, origin);
	return res;
}

/* Invokes command; true when the result is expected and no register of the trusted app changed. */
static bool invoke(struct lingerer *l, uint32_t command, uint32_t argument, TEEC_Result expected)
{
	TEEC_Operation op = {.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_VALUE_OUTPUT,
							    TEEC_NONE, TEEC_NONE)};
	uint32_t origin = 0;
	TEEC_Result res;

	op.params[0].value.a = l->options.milliseconds;
	op.params[0].value.b = argument;
	res = TEEC_InvokeCommand(&l->session, command, &op, &origin);
	if (res != expected) {
		fprintf(stderr,
			"linger: command %u argument %u: result %#x origin %u, expected %#x\n",
			command, argument, res, origin, expected);
		return false;
	}
	if (expected == TEEC_SUCCESS && op.params[1].value.b != 0) {
		fprintf(stderr, "linger: %u registers of the trusted app changed\n",
			op.params[1].value.b);
		return false;
	}
	return true;
}

/* The trusted app dies of it; a new session must find a new one. */
static bool invoke_deadly(struct lingerer *l, uint32_t command, uint32_t argument)
{
	if (!invoke(l, command, argument, TEEC_ERROR_TARGET_DEAD))
		return false;
	if (!invoke(l, LINGER_RETURN, 0, TEEC_ERROR_TARGET_DEAD))
		return false;
	TEEC_CloseSession(&l->session);
	return open_session(l) == TEEC_SUCCESS;
}

static void *invoke_in_thread(void *argument)
{
	struct lingerer *l = argument;

	return invoke(l, LINGER_BUSY, 0, TEEC_SUCCESS) ? l : NULL;
}

static bool invoke_locked(struct lingerer *l)
{
	pthread_t thread;
	void *result = NULL;
	bool is_right;

	if (pthread_create(&thread, NULL, invoke_in_thread, l)) {
		fprintf(stderr, "linger: no thread\n");
		return false;
	}
	is_right = invoke(l, LINGER_BUSY, 0, TEEC_SUCCESS);
	pthread_join(thread, &result);
	return is_right && result;
}

static bool linger_once(struct lingerer *l, int mode)
{
	static const uint32_t commands[] = {
		[MODE_BUSY] = LINGER_BUSY, [MODE_TIME] = LINGER_TIME,   [MODE_WAIT] = LINGER_WAIT,
		[MODE_NEST] = LINGER_NEST, [MODE_ALLOC] = LINGER_ALLOC, [MODE_NONE] = LINGER_RETURN,
	};

	if (l->options.shows_progress)
		printf("linger: %llu %s\n", (unsigned long long)l->calls, mode_names[mode]);
	switch (mode) {
	case MODE_PANIC:
		return invoke_deadly(l, LINGER_PANIC, (uint32_t)random_next(&l->random));
	case MODE_FAULT:
		return invoke_deadly(l, LINGER_FAULT,
				     (uint32_t)random_below(&l->random, LINGER_FAULT_COUNT));
	case MODE_LOCK:
		return invoke_locked(l);
	case MODE_OPEN:
		TEEC_CloseSession(&l->session);
		return open_session(l) == TEEC_SUCCESS;
	default:
		return invoke(l, commands[mode], 0, TEEC_SUCCESS);
	}
}

/* A TEE may not offer sessions between trusted apps: a mixture does without then, and says so. */
static void look_for_nesting(struct lingerer *l)
{
	TEEC_Operation op = {.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_VALUE_OUTPUT,
							    TEEC_NONE, TEEC_NONE)};
	uint32_t origin;

	l->has_nesting = TEEC_InvokeCommand(&l->session, LINGER_NEST, &op, &origin) !=
			 TEEC_ERROR_NOT_SUPPORTED;
	if (!l->has_nesting)
		printf("linger: no sessions between trusted apps here, mixing without them\n");
}

static int choose_mode(struct lingerer *l)
{
	int mode;

	do
		mode = (int)random_below(&l->random, MODE_COUNT);
	while (mode == MODE_NEST && !l->has_nesting);
	return mode;
}

static bool run(struct lingerer *l)
{
	const struct options *o = &l->options;

	if (o->mode < 0)
		look_for_nesting(l);
	for (; o->calls == 0 || l->calls < o->calls; l->calls++) {
		int mode = o->mode < 0 ? choose_mode(l) : o->mode;

		if (!linger_once(l, mode)) {
			fprintf(stderr, "linger: call %llu (%s) went wrong\n",
				(unsigned long long)l->calls, mode_names[mode]);
			return false;
		}
		if (guarded_ioctl_changed()) {
			fprintf(stderr, "linger: %u registers of the client changed\n",
				guarded_ioctl_changed());
			return false;
		}
	}
	return true;
}

int main(int argc, char **argv)
{
	static struct lingerer l;
	bool is_right;

	l.options = parse_options(argc, argv);
	l.random.state = l.options.seed;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (TEEC_InitializeContext(NULL, &l.context) != TEEC_SUCCESS) {
		fprintf(stderr, "linger: no context\n");
		return 1;
	}
	if (open_session(&l) != TEEC_SUCCESS)
		return 1;
	is_right = run(&l);
	printf("linger: %s: %llu calls, seed %llu\n", is_right ? "all right" : "WRONG",
	       (unsigned long long)l.calls, (unsigned long long)l.options.seed);
	if (is_right)
		TEEC_CloseSession(&l.session);
	TEEC_FinalizeContext(&l.context);
	return is_right ? 0 : 1;
}
