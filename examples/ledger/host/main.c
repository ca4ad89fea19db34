/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ledger: makes calls into the ledger's trusted app and checks each result. Exit status 0 means
 * that every one was right.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "client.h"

struct options {
	uint64_t calls;   /* 0: no limit */
	uint64_t seconds; /* 0: no limit */
	uint64_t seed;
	uint64_t size_max;
	uint64_t sessions;
	uint64_t reopen;      /* a book is replaced about once in so many calls; 0: never */
	uint64_t pause_ms;    /* between two calls ... */
	uint64_t pause_after; /* ... once so many were made */
	bool shows_progress;
	bool prints_json;
};

static volatile sig_atomic_t is_told_to_end;

static const char usage[] =
	"usage: ledger [--calls N] [--seconds S] [--seed S] [--max BYTES] [--sessions 1..8]\n"
	"              [--reopen N] [--pause MS [--pause-after N]] [--progress] [--json]\n"
	"  --calls N     checked calls to make; 0: until --seconds or for ever (default 1000)\n"
	"  --max BYTES   largest memory reference, 0..1048576 (default: that)\n"
	"  --reopen N    replace a book by a new one about once in N calls (default 500; 0: "
	"never)\n"
	"  --pause MS    rest so long after each call, once N of them are made\n"
	"  --progress    a line 'ledger: DONE/CALLS' each 100 calls\n"
	"  --json        the summary as one line of JSON\n"
	"SIGTERM ends it after the current call, with the summary.\n";

static uint64_t parse_number(const char *text, uint64_t max)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || *end || end == text || value > max) {
		fprintf(stderr, "ledger: bad number %s\n%s", text, usage);
		exit(2);
	}
	return value;
}

static struct options parse_options(int argc, char **argv)
{
	static const struct option names[] = {
		{"calls", required_argument, NULL, 'c'},
		{"seconds", required_argument, NULL, 't'},
		{"seed", required_argument, NULL, 's'},
		{"max", required_argument, NULL, 'm'},
		{"sessions", required_argument, NULL, 'n'},
		{"reopen", required_argument, NULL, 'r'},
		{"pause", required_argument, NULL, 'w'},
		{"pause-after", required_argument, NULL, 'a'},
		{"progress", no_argument, NULL, 'p'},
		{"json", no_argument, NULL, 'j'},
		{NULL, 0, NULL, 0},
	};
	struct options o = {.calls = 1000,
			    .seed = 1,
			    .size_max = LEDGER_SIZE_MAX,
			    .sessions = 2,
			    .reopen = 500};
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 'c':
			o.calls = parse_number(optarg, UINT64_MAX);
			break;
		case 't':
			o.seconds = parse_number(optarg, UINT32_MAX);
			break;
		case 's':
			o.seed = parse_number(optarg, UINT64_MAX);
			break;
		case 'm':
			o.size_max = parse_number(optarg, LEDGER_SIZE_MAX);
			break;
		case 'n':
			o.sessions = parse_number(optarg, CLIENT_SESSIONS);
			break;
		case 'r':
			o.reopen = parse_number(optarg, UINT64_MAX);
			break;
		case 'w':
			o.pause_ms = parse_number(optarg, 60000);
			break;
		case 'a':
			o.pause_after = parse_number(optarg, UINT64_MAX);
			break;
		case 'p':
			o.shows_progress = true;
			break;
		case 'j':
			o.prints_json = true;
			break;
		default:
			fputs(usage, stderr);
			exit(2);
		}
	}
	if (optind != argc || o.sessions == 0) {
		fputs(usage, stderr);
		exit(2);
	}
	return o;
}

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void take_signal(int number)
{
	(void)number;
	is_told_to_end = 1;
}

static void rest(uint64_t milliseconds)
{
	struct timespec time = {.tv_sec = (time_t)(milliseconds / 1000),
				.tv_nsec = (long)(milliseconds % 1000) * 1000000};

	nanosleep(&time, NULL);
}

static bool run(struct client *client, const struct options *o, double start)
{
	while (!is_told_to_end && (o->calls == 0 || client->calls < o->calls)) {
		if (o->seconds && seconds_now() - start >= (double)o->seconds)
			break;
		if (o->reopen && random_below(&client->random, o->reopen) == 0 &&
		    !client_reopen(client))
			return false;
		if (!client_call(client))
			return false;
		if (o->shows_progress && client->calls % 100 == 0)
			printf("ledger: %" PRIu64 "/%" PRIu64 "\n", client->calls, o->calls);
		if (o->pause_ms && client->calls >= o->pause_after)
			rest(o->pause_ms);
	}
	return true;
}

static void print_summary(const struct client *client, const struct options *o, bool is_right,
			  double seconds)
{
	if (o->prints_json)
		printf("{\"calls\": %" PRIu64 ", \"right\": %s, \"bytes\": %" PRIu64
		       ", \"calls_small\": %" PRIu64 ", \"calls_full\": %" PRIu64
		       ", \"opens\": %" PRIu64 ", \"seed\": %" PRIu64 ", \"seconds\": %.3f}\n",
		       client->calls, is_right ? "true" : "false", client->bytes,
		       client->calls_small, client->calls_full, client->opens, o->seed, seconds);
	else
		printf("ledger: %s: %" PRIu64 " calls checked, %" PRIu64 " MiB, %" PRIu64
		       " of 1 MiB, seed %" PRIu64 ", %.1f s\n",
		       is_right ? "all right" : "WRONG", client->calls, client->bytes >> 20,
		       client->calls_full, o->seed, seconds);
}

int main(int argc, char **argv)
{
	static struct client client;
	struct options o = parse_options(argc, argv);
	double start = seconds_now();
	bool is_right;

	signal(SIGTERM, take_signal);
	setvbuf(stdout, NULL, _IOLBF, 0);
	is_right = client_open(&client, o.seed, (unsigned int)o.sessions, o.size_max) &&
		   run(&client, &o, start);
	print_summary(&client, &o, is_right, seconds_now() - start);
	if (is_right)
		client_close(&client);
	return is_right ? 0 : 1;
}
