/* SPDX-License-Identifier: BSD-2-Clause */
/* Services of the kernel that are opened like trusted apps (pseudo TAs). */
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

/* Registers every service. Those that are absent answer as apps that nobody has (TA-140). */
void service_init(void);

#endif
