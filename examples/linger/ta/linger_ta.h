/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LINGER_TA_H
#define LINGER_TA_H

#include <stdint.h>

/* Does what enum linger_fault says and does not return, unless the machine lets it pass. */
void fault_commit(uint32_t kind);

#endif
