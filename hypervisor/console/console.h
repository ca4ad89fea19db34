/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's one UART, shared by the control channel and the consoles of all VMs. A task moves
 * the bytes, a little at a time; nobody waits for the wire but a guest whose own ring is full.
 */
#ifndef CONSOLE_CONSOLE_H
#define CONSOLE_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

/** Start the console's task; the interrupt of the UART goes to this CPU. */
void console_start(void);

/** One whole line for the control channel (without its end). Any context but under the console's
 * lock. Lost if the ring is full. */
void console_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** VM @number has written something. */
void console_vm_output(unsigned number);
/** The UART's interrupt. */
void console_interrupt(void);

/** Switch the machine off once everything has been written. */
void console_power_off(void);

/* ---- answers of VM jobs to the command that waits for them (command.c) ---- */
void command_vm_created(unsigned number);
void command_vm_failed(unsigned number, const char *why);
void command_vm_destroyed(unsigned number);

#endif
