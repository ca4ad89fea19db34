/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands of the control channel. One runs at a time; create and destroy wait for their VM. */
#include <abi/tenon.h>
#include <console/console.h>
#include <console/internal.h>
#include <lib/format.h>
#include <string.h>
#include <tee/tee.h>
#include <vm/vm.h>

#define STATS_SIZE 512u

enum wait {
	WAIT_NOTHING,
	WAIT_BOOT, /* the VMs that are described are being created, one after the other */
	WAIT_CREATED,
	WAIT_DESTROYED
};

/* What the command waits for; @done is set by the VM's job, everything else by the console's task.
 */
static struct {
	enum wait wait;
	unsigned number;
	unsigned next_node;
	bool done;
	const char *error;
} op = {.wait = WAIT_BOOT, .done = true};

static void finish(unsigned number, enum wait first, enum wait second, const char *error)
{
	if ((op.wait != first && op.wait != second) || op.number != number)
		return;
	if (error)
		op.error = error;
	__atomic_store_n(&op.done, true, __ATOMIC_RELEASE);
	console_wake();
}

void command_vm_created(unsigned number)
{
	finish(number, WAIT_BOOT, WAIT_CREATED, NULL);
}

/* The answer comes when what had been made of it is gone again. */
void command_vm_failed(unsigned number, const char *why)
{
	if (op.number == number)
		op.error = why;
}

void command_vm_destroyed(unsigned number)
{
	if (op.wait == WAIT_DESTROYED)
		finish(number, WAIT_DESTROYED, WAIT_DESTROYED, NULL);
	else if (op.error)
		finish(number, WAIT_BOOT, WAIT_CREATED, op.error);
}

/* Create the next VM that is described; the same number may be waited for again. */
static void boot_next(void)
{
	const struct vm_node *node;
	const char *why;

	if (op.error && op.next_node)
		console_line("event: failed node %s: %s", vm_nodes[op.next_node - 1].name,
			     op.error);
	op.error = NULL;
	while (op.next_node < vm_node_count) {
		node = &vm_nodes[op.next_node++];
		if (node->manual)
			continue;
		op.done = false;
		why = vm_create(node, &op.number);
		if (!why)
			return;
		console_line("event: failed node %s: %s", node->name, why);
	}
	op.wait = WAIT_NOTHING;
	console_line("event: ready");
}

bool command_ready(void)
{
	if (op.wait == WAIT_NOTHING)
		return true;
	if (!__atomic_load_n(&op.done, __ATOMIC_ACQUIRE))
		return false;
	if (op.wait == WAIT_BOOT) {
		boot_next();
		return op.wait == WAIT_NOTHING;
	}
	if (op.error)
		console_line("error: %s", op.error);
	else if (op.wait == WAIT_CREATED)
		console_line("ok %u", op.number);
	else
		console_line("ok");
	op.wait = WAIT_NOTHING;
	return true;
}

static void command_help(void)
{
	static const char *const text[] = {
		"help                   this text",
		"list                   the VMs there are",
		"nodes                  the VMs that are described",
		"create NODE            make an instance",
		"destroy N              end VM N",
		"kill N STATE [USEC]    end VM N when a call of it is in STATE, and USEC later",
		"                       any none running preempted rpc rpc:alloc rpc:free "
		"rpc:load_ta",
		"                       rpc:fs rpc:get_time rpc:notification rpc:suspend "
		"rpc:shm_alloc",
		"                       rpc:shm_free",
		"stats [N]              counters of VM N, or of host and TEE",
		"trace on [PAGES]       note events in the TEE, in rings of so many pages (1 to "
		"16)",
		"trace off              no more",
		"trace read             the next events",
		"poweroff               machine off",
	};

	for (unsigned i = 0; i < ARRAY_SIZE(text); i++)
		console_line("%s", text[i]);
	console_line("ok");
}

static void command_list(void)
{
	for (unsigned n = 1; n <= VM_MAX; n++) {
		struct vm *vm = vm_get(n);

		if (!vm)
			continue;
		console_line("vm %u node %s state %s vcpus %u memory %lu", n, vm->node->name,
			     vm_state_name(vm), vm->node->cpus, vm->node->memory_kib);
		vm_put(vm);
	}
	console_line("ok");
}

static void command_nodes(void)
{
	for (unsigned i = 0; i < vm_node_count; i++)
		console_line("node %s cpus %u memory %lu", vm_nodes[i].name, vm_nodes[i].cpus,
			     vm_nodes[i].memory_kib);
	console_line("ok");
}

static void command_create(char *args)
{
	const char *name = str_next_word(&args), *why;
	const struct vm_node *node = name ? vm_node_find(name) : NULL;

	if (!node) {
		console_line("error: no such node");
		return;
	}
	op.done = false;
	op.error = NULL;
	op.wait = WAIT_CREATED;
	why = vm_create(node, &op.number);
	if (why) {
		op.wait = WAIT_NOTHING;
		console_line("error: %s", why);
	}
}

/* The VM a command names, held; NULL and an answer: there is none. */
static struct vm *vm_argument(char **args)
{
	const char *word = str_next_word(args);
	struct vm *vm = NULL;
	uint64_t number;

	if (word && str_to_number(word, &number) && number <= VM_MAX)
		vm = vm_get((unsigned)number);
	if (!vm)
		console_line("error: no such VM");
	return vm;
}

static void command_destroy(char *args)
{
	struct vm *vm = vm_argument(&args);

	if (!vm)
		return;
	op.done = false;
	op.error = NULL;
	op.number = vm->number;
	op.wait = WAIT_DESTROYED;
	vm_destroy(vm);
	vm_put(vm);
}

static void command_kill(char *args)
{
	struct vm *vm = vm_argument(&args);
	const char *state, *delay;
	uint64_t us = 0;
	enum kill_state wanted;

	if (!vm)
		return;
	state = str_next_word(&args);
	delay = str_next_word(&args);
	wanted = state ? kill_state_parse(state) : KILL_NEVER;
	if (wanted == KILL_NEVER || (delay && (!str_to_number(delay, &us) || us > 1000000000))) {
		console_line("error: kill N STATE [USEC]");
	} else {
		console_line("ok");
		vm_kill_arm(vm, wanted, us);
	}
	vm_put(vm);
}

static void command_stats(char *args)
{
	char line[STATS_SIZE];
	struct vm *vm = NULL;

	if (*args) {
		vm = vm_argument(&args);
		if (!vm)
			return;
	}
	tee_stats(vm, line, sizeof(line));
	console_line("%s", line);
	if (vm) {
		tee_vm_bounds(vm, line, sizeof(line));
		if (*line)
			console_line("%s", line);
		vm_put(vm);
	}
	console_line("ok");
}

#define RECORD_TEXT       73u /* hexadecimal digits and points, at most */
#define RECORDS_OF_A_LINE 8u
#define TRACE_PAGES       8u

static size_t format_record(char *line, size_t size, const struct trace_record *r)
{
	return str_format(line, size, " %lx.%x.%x.%x.%x.%x.%x.%x.%x", r->ticks, r->guest, r->event,
			  r->cpu, r->call, r->value[0], r->value[1], r->value[2], r->value[3]);
}

static void trace_read(void)
{
	uint32_t count, lost, hz;
	const struct trace_record *records = tee_trace_read(&count, &lost, &hz);

	if (!records) {
		console_line("error: no trace");
		return;
	}
	for (uint32_t i = 0; i < count;) {
		char line[RECORDS_OF_A_LINE * RECORD_TEXT + 8] = "trace";
		size_t used = 5;

		for (unsigned n = 0; n < RECORDS_OF_A_LINE && i < count; n++)
			used += format_record(line + used, sizeof(line) - used, &records[i++]);
		console_line("%s", line);
	}
	console_line("ok records=%u lost=%u hz=%u", count, lost, hz);
}

static void command_trace(char *args)
{
	const char *what = str_next_word(&args), *word = str_next_word(&args);
	uint64_t pages = TRACE_PAGES;

	if (what && !strcmp(what, "read")) {
		trace_read();
	} else if (what && !strcmp(what, "off")) {
		tee_trace_stop();
		console_line("ok");
	} else if (what && !strcmp(what, "on") && (!word || str_to_number(word, &pages))) {
		console_line(pages <= UINT32_MAX && tee_trace_start((uint32_t)pages)
				     ? "ok"
				     : "error: the TEE has no trace of that size");
	} else {
		console_line("error: trace on [PAGES], off or read");
	}
}

void command_run(char *line)
{
	char *args = line, *name = str_next_word(&args);

	if (!name)
		return;
	if (!strcmp(name, "help"))
		command_help();
	else if (!strcmp(name, "list"))
		command_list();
	else if (!strcmp(name, "nodes"))
		command_nodes();
	else if (!strcmp(name, "create"))
		command_create(args);
	else if (!strcmp(name, "destroy"))
		command_destroy(args);
	else if (!strcmp(name, "kill"))
		command_kill(args);
	else if (!strcmp(name, "stats"))
		command_stats(args);
	else if (!strcmp(name, "trace"))
		command_trace(args);
	else if (!strcmp(name, "poweroff")) {
		console_line("ok");
		console_power_off();
	} else {
		console_line("error: unknown command, try help");
	}
}
