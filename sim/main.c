/* SPDX-License-Identifier: BSD-2-Clause */
/* tenon-sim: a run from a seed, and what came of it. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sim/sim.h"

struct options options = {
	.seed = 1,
	.guests = 8,
	.cpus = 4,
	.secure_pages = 3750,
	.kill_chance = 60,
	.fail_chance = 60,
	.interrupt_chance = 4000,
	.lie_chance = 25,
	.stall_chance = 200,
	.refuse_chance = 200,
	.shared_percent = 15,
	.nest_percent = 20,
};

static const char usage[] =
	"usage: tenon-sim [--seed S] [--steps N] [--lifetimes N] [--guests G] "
	"[--cpus C] [--pages P]\n"
	"                 [--kill N] [--fail N] [--interrupt N] [--lie "
	"PERCENT] [--real PERCENT]\n"
	"                 [--stall N] [--refuse N] [--shared PERCENT] [--nest PERCENT] [--trace]\n"
	"\n"
	"The kernel and the mediator in one process, with G guests that are "
	"created, work, lie and die.\n"
	"The same options give the same run. N chances are of 65536 at each "
	"point. A lifetime is a guest\n"
	"that registered a buffer, opened a session, made three invocations "
	"with RPCs, and was destroyed.\n"
	"Ends with status 0, or aborts with the seed and the last events when "
	"an invariant breaks.\n";

enum {
	OPT_FIRST = 256
};

static uint64_t number(const char *text)
{
	char *end;

	errno = 0;
	uint64_t value = strtoull(text, &end, 0);
	if (errno || *end || end == text) {
		fprintf(stderr, "tenon-sim: '%s' is no number\n", text);
		exit(2);
	}
	return value;
}

static void set(int option, const char *text)
{
	uint32_t *const small[] = {
		&options.guests,        &options.cpus,           &options.secure_pages,
		&options.kill_chance,   &options.fail_chance,    &options.interrupt_chance,
		&options.lie_chance,    &options.real_chance,    &options.stall_chance,
		&options.refuse_chance, &options.shared_percent, &options.nest_percent};

	switch (option - OPT_FIRST) {
	case 0:
		options.seed = number(text);
		break;
	case 1:
		options.steps = number(text);
		break;
	case 2:
		options.lifetimes = number(text);
		break;
	default:
		*small[option - OPT_FIRST - 3] = (uint32_t)number(text);
		break;
	}
}

static void parse(int argc, char **argv)
{
	static const char *const names[] = {"seed",  "steps", "lifetimes", "guests",    "cpus",
					    "pages", "kill",  "fail",      "interrupt", "lie",
					    "real",  "stall", "refuse",    "shared",    "nest"};
	struct option list[24] = {0};
	unsigned count = sizeof(names) / sizeof(names[0]);
	int option;

	for (unsigned i = 0; i < count; i++)
		list[i] = (struct option){names[i], required_argument, NULL, (int)(OPT_FIRST + i)};
	list[count] = (struct option){"trace", no_argument, NULL, 't'};
	list[count + 1] = (struct option){"help", no_argument, NULL, 'h'};
	while ((option = getopt_long(argc, argv, "", list, NULL)) != -1) {
		if (option == 't') {
			options.trace = true;
		} else if (option >= OPT_FIRST) {
			set(option, optarg);
		} else {
			fputs(usage, option == 'h' ? stdout : stderr);
			exit(option == 'h' ? 0 : 2);
		}
	}
	if (!options.guests || options.guests > SIM_VMS_MAX || !options.cpus ||
	    options.cpus > HOST_CPUS) {
		fprintf(stderr, "tenon-sim: 1..%u guests, 1..%u CPUs\n", SIM_VMS_MAX, HOST_CPUS);
		exit(2);
	}
	if (!options.steps && !options.lifetimes)
		options.steps = 1000000;
}

static void report(double seconds)
{
	static const char *const phases[] = {"no call",   "preparing", "running", "suspended",
					     "answering", "finishing", "lost"};

	printf("seed %llu: %llu points, %llu lifetimes of %llu lives, %llu calls, %llu RPCs, %.1f "
	       "s\n",
	       (unsigned long long)options.seed, (unsigned long long)summary.points,
	       (unsigned long long)summary.lifetimes, (unsigned long long)summary.lives,
	       (unsigned long long)summary.calls, (unsigned long long)summary.rpcs, seconds);
	printf("lock taken %llu times, %llu notifications, %llu stalls, %llu refusals, %llu "
	       "answers "
	       "given twice, %llu guests looked at\n",
	       (unsigned long long)summary.locks, (unsigned long long)summary.notifications,
	       (unsigned long long)summary.stalls, (unsigned long long)summary.refusals,
	       (unsigned long long)summary.stale_answers, (unsigned long long)summary.checks);
	printf("kills:");
	for (unsigned i = 0; i < sizeof(phases) / sizeof(phases[0]); i++)
		printf(" %s %llu", phases[i], (unsigned long long)summary.kills_in[i]);
	printf("; %llu allocations failed, %llu interrupts, %llu right answers\n",
	       (unsigned long long)summary.failed_allocations,
	       (unsigned long long)summary.interrupts, (unsigned long long)summary.right_answers);
}

int main(int argc, char **argv)
{
	clock_t began = clock();

	for (int i = 1; i < argc; i++)
		options.line[i - 1] = argv[i];
	parse(argc, argv);
	world_start();
	app_start();
	sched_start();
	check_start();
	sched_run();
	check_empty();
	report((double)(clock() - began) / CLOCKS_PER_SEC);
	return 0;
}
