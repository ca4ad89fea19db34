/* SPDX-License-Identifier: BSD-2-Clause */
/* The mediator in this hypervisor: its callbacks, its VMs, and when to kill one. */
#ifndef TEE_TEE_H
#define TEE_TEE_H

#include <mediator/mediator.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vcpu/vcpu.h>

struct vm;
struct vm_node;

/** Probe the TEE. Boot CPU, once. */
void tee_init(void);
bool tee_present(void);

/**
 * Make a VM known to the TEE and configure it as its node says; before its first vCPU runs.
 * Returns NULL, or why it was refused (a constant string).
 */
const char *tee_vm_create(struct vm *vm);

/**
 * A call of the loaded vCPU for the TEE. x0..x3 of the guest hold the answer afterwards, or
 * vcpu->tee_again is set and the same call must be handed in again before the guest runs.
 */
void tee_guest_call(struct vcpu *vcpu);

/** The TEE's interrupt came: pass it on to the VMs that have notifications. */
void tee_interrupt(void);

/** One line of counters `NAME=VALUE ...` of a VM, or (NULL) of host and TEE. */
void tee_stats(struct vm *vm, char *line, size_t size);

/** The same, of what a VM had at most and may have; empty without a TEE that says. */
void tee_vm_bounds(struct vm *vm, char *line, size_t size);

/** Turn the TEE's trace on, with @pages pages for each CPU's ring, or off. False: it would not. */
bool tee_trace_start(uint32_t pages);
void tee_trace_stop(void);
/**
 * The next records, which lie there until the next call; NULL: the TEE has no trace. @count: how
 * many; @lost: how many more were overwritten unread; @hz: ticks per second of their times. One
 * caller at a time.
 */
struct trace_record;
const struct trace_record *tee_trace_read(uint32_t *count, uint32_t *lost, uint32_t *hz);

#endif
