/* SPDX-License-Identifier: BSD-2-Clause */
/* Chooses the body's layouts; the build puts the body's folder (arch/arm64 or arch/host) on the
 * include path. */
#ifndef ARCH_CONTEXT_H
#define ARCH_CONTEXT_H

#include <context_body.h>

#endif
