/* SPDX-License-Identifier: BSD-2-Clause */
#include <arch/arch.h>
#include <console/console.h>
#include <console/internal.h>
#include <console/mux.h>
#include <lib/format.h>
#include <platform/platform.h>
#include <vm/vm.h>

#define LINES_SIZE   65536u /* of the control channel; a power of two */
#define LINE_MAX     640u
#define COMMAND_SIZE 1024u /* bytes of commands that wait; a power of two */
#define INPUT_STEP   256u
#define VM_STEP      256u
#define STAGE_SIZE   (VM_STEP * 2 + 8)
#define OUTPUT_STEP  2048u /* bytes to the wire before others run, if no interrupt waits */

static struct lock lock; /* of the lines and the flags of VMs */
static char lines[LINES_SIZE];
static uint32_t lines_head, lines_tail;
static uint32_t vm_flags[8]; /* VMs that have written */
static unsigned vm_turn;     /* whose turn it is */

/* The rest belongs to the task. */
static struct sched_item task;
static struct mux_in in;
static struct mux_out out;
static uint8_t stage[STAGE_SIZE]; /* encoded, on its way to the wire */
static unsigned stage_used, stage_sent;
static char commands[COMMAND_SIZE];
static uint32_t commands_head, commands_tail;
static char line_buffer[256];
static unsigned line_length;
static bool power_off;

void console_wake(void)
{
	sched_wake(&task);
}

void console_power_off(void)
{
	power_off = true;
	console_wake();
}

void console_line(const char *fmt, ...)
{
	char line[LINE_MAX];
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = str_vformat(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	line[n++] = '\n';
	lock_acquire(&lock);
	if (LINES_SIZE - (lines_head - lines_tail) >= n)
		for (size_t i = 0; i < n; i++)
			lines[lines_head++ % LINES_SIZE] = line[i];
	lock_release(&lock);
	console_wake();
}

void console_vm_output(unsigned number)
{
	uint32_t bit = 1u << number % 32;

	if (!(__atomic_fetch_or(&vm_flags[number / 32], bit, __ATOMIC_ACQ_REL) & bit))
		console_wake();
}

void console_interrupt(void)
{
	platform_uart_interrupts(false, false);
	console_wake();
}

/* ---- output ---- */

static void stage_bytes(uint8_t channel, const uint8_t *bytes, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		stage_used += mux_encode(&out, channel, bytes[i], &stage[stage_used]);
}

/* False: the wire is full. */
static bool stage_send(void)
{
	while (stage_sent < stage_used) {
		if (!platform_uart_try_put(stage[stage_sent]))
			return false;
		stage_sent++;
	}
	stage_used = stage_sent = 0;
	return true;
}

/* Part of the control channel. A line is never left half: another channel waits for its end. */
static bool stage_lines(void)
{
	uint8_t part[VM_STEP];
	unsigned n = 0;

	lock_acquire(&lock);
	while (n < sizeof(part) && lines_tail != lines_head)
		part[n++] = (uint8_t)lines[lines_tail++ % LINES_SIZE];
	lock_release(&lock);
	stage_bytes(0, part, n);
	return n != 0;
}

static void stage_vm(struct vm *vm)
{
	uint8_t part[VM_STEP];
	unsigned n = vuart_take(vm->uart, part, sizeof(part));

	vm_uart_line(vm);
	stage_bytes((uint8_t)vm->number, part, n);
	if (n == sizeof(part)) {
		console_vm_output(vm->number);
	} else if (vm->announce) {
		const char *what = __atomic_exchange_n(&vm->announce, NULL, __ATOMIC_ACQ_REL);

		if (what)
			console_line("event: %s %u", what, vm->number);
	}
}

static bool stage_next_vm(void)
{
	for (unsigned i = 0; i <= VM_MAX; i++) {
		unsigned number = (vm_turn + i) % (VM_MAX + 1);
		uint32_t bit = 1u << number % 32;
		struct vm *vm;

		if (!(__atomic_load_n(&vm_flags[number / 32], __ATOMIC_RELAXED) & bit))
			continue;
		__atomic_fetch_and(&vm_flags[number / 32], ~bit, __ATOMIC_ACQ_REL);
		vm_turn = number + 1;
		vm = vm_get(number);
		if (!vm)
			continue;
		stage_vm(vm);
		vm_put(vm);
		return true;
	}
	return false;
}

static bool output_step(bool *wire_full)
{
	unsigned sent = 0;

	*wire_full = false;
	while (sent < OUTPUT_STEP) {
		if (!stage_send()) {
			*wire_full = true;
			return false;
		}
		if (!stage_lines() && !stage_next_vm())
			return false;
		sent += stage_used;
		if (arch_irq_pending())
			break;
	}
	return true;
}

/* ---- input ---- */

static void input_byte(uint8_t wire)
{
	struct vm *vm;
	uint8_t byte;

	if (!mux_decode(&in, wire, &byte))
		return;
	if (in.channel == 0) {
		commands[commands_head++ % COMMAND_SIZE] = (char)byte;
		return;
	}
	vm = vm_get(in.channel);
	if (!vm)
		return;
	vuart_put(vm->uart, byte);
	vm_uart_line(vm);
	vm_put(vm);
}

static bool input_step(void)
{
	uint8_t wire;

	for (unsigned n = 0; n < INPUT_STEP; n++) {
		/* With no room for commands the wire waits. */
		if (commands_head - commands_tail == COMMAND_SIZE || !platform_uart_try_get(&wire))
			return false;
		input_byte(wire);
	}
	return true;
}

/* The next whole line of commands, if there is one. */
static bool next_line(void)
{
	while (commands_tail != commands_head) {
		char c = commands[commands_tail++ % COMMAND_SIZE];

		if (c == '\n' || c == '\r') {
			line_buffer[line_length] = 0;
			line_length = 0;
			return true;
		}
		if (line_length < sizeof(line_buffer) - 1)
			line_buffer[line_length++] = c;
	}
	return false;
}

static enum task_result step(struct sched_item *item)
{
	bool wire_full, more = input_step();

	(void)item;
	while (command_ready() && next_line())
		if (line_buffer[0])
			command_run(line_buffer);
	more |= output_step(&wire_full);
	if (power_off && !more && !wire_full)
		arch_machine_off();
	platform_uart_interrupts(commands_head - commands_tail < COMMAND_SIZE, wire_full);
	return more ? TASK_AGAIN : TASK_SLEEP;
}

void console_start(void)
{
	platform_uart_init();
	sched_item_init(&task, step);
	sched_wake(&task);
}
