/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PLATFORM_QEMU_VIRT_CONSOLE_H
#define PLATFORM_QEMU_VIRT_CONSOLE_H

/* Makes the console ready; once, before the first line. */
void console_init(void);

#endif
