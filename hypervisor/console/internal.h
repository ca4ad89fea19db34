/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CONSOLE_INTERNAL_H
#define CONSOLE_INTERNAL_H

#include <stdbool.h>

/** Let the command that waits go on, if what it waits for has happened. True: commands may run. */
bool command_ready(void);
/** Run one line. @line is changed. */
void command_run(char *line);
/** Wake the console's task. */
void console_wake(void);

#endif
