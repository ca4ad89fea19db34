/* SPDX-License-Identifier: BSD-2-Clause */
/* SMCs of the mediator's own, and what it learns from them. Every argument is set, every time. */
#include "internal.h"

#include <abi/tenon.h>
#include <string.h>

/* The registers as the ABI has them: 32 bits each way. */
void tee_call(const struct med_host *host, uint32_t regs[8])
{
	uint64_t wide[8];

	for (uint32_t i = 0; i < 8; i++)
		wide[i] = regs[i];
	host->smc(wide);
	for (uint32_t i = 0; i < 4; i++)
		regs[i] = (uint32_t)wide[i];
}

static uint32_t call_with_a1(const struct med_host *host, uint32_t function, uint32_t a1)
{
	uint32_t regs[8] = {function, a1};

	tee_call(host, regs);
	return regs[0];
}

uint32_t tee_vm_created(const struct med_host *host, uint32_t vm_id)
{
	return call_with_a1(host, SMC_VM_CREATED, vm_id);
}

uint32_t tee_vm_destroyed(const struct med_host *host, uint32_t vm_id)
{
	return call_with_a1(host, SMC_VM_DESTROYED, vm_id);
}

/* How many yielding calls the TEE lets a VM have in flight; 0 when it does not say. */
uint32_t tee_thread_count(const struct med_host *host, uint32_t vm_id)
{
	uint32_t regs[8] = {SMC_GET_THREAD_COUNT, 0, 0, 0, 0, 0, 0, vm_id};

	tee_call(host, regs);
	return regs[0] == SMC_OK ? regs[1] : 0;
}

static bool probe_identity(struct med *med)
{
	struct med_tee *tee = &med->tee;
	uint32_t uid[8] = {SMC_CALLS_UID};
	uint32_t revision[8] = {SMC_CALLS_REVISION};

	tee_call(med->host, uid);
	memcpy(tee->uid, uid, sizeof(tee->uid));
	if (uid[0] != SMC_UID_0 || uid[1] != SMC_UID_1 || uid[2] != SMC_UID_2 ||
	    uid[3] != SMC_UID_3)
		return false;
	tee_call(med->host, revision);
	memcpy(tee->revision, revision, sizeof(tee->revision));
	return revision[0] == SMC_REVISION_MAJOR && (int32_t)revision[1] >= 0;
}

static void probe_os(struct med *med)
{
	struct med_tee *tee = &med->tee;
	uint32_t uuid[8] = {SMC_GET_OS_UUID};
	uint32_t revision[8] = {SMC_GET_OS_REVISION};

	tee_call(med->host, uuid);
	if (uuid[0] != SMC_UNKNOWN_FUNCTION)
		memcpy(tee->os_uuid, uuid, sizeof(tee->os_uuid));
	tee_call(med->host, revision);
	if (revision[0] != SMC_UNKNOWN_FUNCTION)
		memcpy(tee->os_revision, revision, sizeof(tee->os_revision));
}

/* The capability bit says so; a TEE that keeps quiet about it still knows the call. */
static bool probe_virtualization(const struct med_host *host)
{
	uint32_t caps[8] = {SMC_EXCHANGE_CAPABILITIES};

	tee_call(host, caps);
	if (caps[0] == SMC_OK && (caps[1] & SMC_CAP_VIRTUALIZATION) != 0)
		return true;
	return tee_vm_destroyed(host, 0) != SMC_UNKNOWN_FUNCTION;
}

enum med_status med_init(struct med *med, const struct med_host *host)
{
	memset(med, 0, sizeof(*med));
	med->host = host;
	if (!probe_identity(med))
		return MED_NO_TEE;
	probe_os(med);
	med->tee.thread_count = tee_thread_count(host, 0);
	med->tee.virtualization = probe_virtualization(host);
	med->usable = med->tee.virtualization;
	return med->usable ? MED_OK : MED_NO_TEE;
}

bool med_tee_is_tenon(const struct med *med)
{
	const uint32_t *uuid = med->tee.os_uuid;

	return uuid[0] == TENON_OS_UUID_0 && uuid[1] == TENON_OS_UUID_1 &&
	       uuid[2] == TENON_OS_UUID_2 && uuid[3] == TENON_OS_UUID_3;
}

uint32_t med_vm_configure(struct med_vm *vm, uint32_t key, const uint32_t value[4])
{
	uint32_t regs[8] = {
		SMC_TENON_GUEST_CONFIGURE, vm->id, key, value[0], value[1], value[2], value[3], 0};

	if (!med_tee_is_tenon(vm->med))
		return SMC_UNKNOWN_FUNCTION;
	tee_call(vm->host, regs);
	if (regs[0] == SMC_OK && key == TENON_KEY_LIMIT_CALLS)
		vm_refresh_call_limit(vm);
	return regs[0];
}

bool med_notify_next(const struct med *med, uint32_t *vm_id)
{
	uint32_t regs[8] = {SMC_TENON_NOTIFY_NEXT};

	if (!med_tee_is_tenon(med))
		return false;
	tee_call(med->host, regs);
	*vm_id = regs[1];
	return regs[0] == SMC_OK;
}

uint32_t med_trace(const struct med *med, uint32_t operation, uint64_t value, uint32_t out[3])
{
	uint32_t low = (uint32_t)value, high = (uint32_t)(value >> 32);
	bool reads = operation == TENON_TRACE_READ;
	uint32_t regs[8] = {SMC_TENON_TRACE, operation, reads ? high : low, reads ? low : 0};

	if (!med_tee_is_tenon(med))
		return SMC_UNKNOWN_FUNCTION;
	tee_call(med->host, regs);
	memcpy(out, &regs[1], 3 * sizeof(out[0]));
	return regs[0];
}

uint32_t med_tee_stat(const struct med *med, uint32_t vm_id, uint32_t counter, uint64_t *value)
{
	uint32_t regs[8] = {SMC_TENON_GUEST_STATS, vm_id, counter};

	if (!med_tee_is_tenon(med))
		return SMC_UNKNOWN_FUNCTION;
	tee_call(med->host, regs);
	if (regs[0] == SMC_OK)
		*value = pair(regs[1], regs[2]);
	return regs[0];
}

uint32_t med_vm_stat(const struct med_vm *vm, uint32_t counter, uint64_t *value)
{
	return med_tee_stat(vm->med, vm->id, counter, value);
}
