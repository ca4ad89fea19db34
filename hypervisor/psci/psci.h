/* SPDX-License-Identifier: BSD-2-Clause */
/* PSCI 1.1 and SMCCC 1.1 as each VM sees them. */
#ifndef PSCI_PSCI_H
#define PSCI_PSCI_H

#include <stdbool.h>
#include <stdint.h>

struct vcpu;

/** Handle call @id of the loaded vCPU if it is one of PSCI's or of the calling convention's own. */
bool psci_call(struct vcpu *vcpu, uint32_t id);

#endif
