/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of the host body. */
#ifndef ARCH_HOST_INTERNAL_H
#define ARCH_HOST_INTERNAL_H

void host_contexts_reset(void);
void host_aspaces_reset(void);

#endif
