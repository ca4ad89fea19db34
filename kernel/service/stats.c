/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * d96a5b40-e2c7-b1af-8794-1002a5d5c61b: figures (abi/stats.h). A guest sees what it owns and
 * nothing of the machine or of others. A guest that the hypervisor made privileged sees all, and
 * so does guest 0, which is Linux without a hypervisor or the hypervisor itself.
 *
 * Records are made one at a time, so what is shown may change between two of them.
 */
#include "abi/stats.h"

#include "kernel/lib/string.h"
#include "kernel/service/internal.h"

static uint32_t bytes_of(uint64_t pages)
{
	return (uint32_t)min(pages << PAGE_SHIFT, (uint64_t)UINT32_MAX);
}

/* A list for the client, record by record; what does not fit is counted only. */
struct writer {
	struct ta_memref *out;
	uint64_t size;
	TEE_Result res;
};

static void put(struct writer *writer, const void *record, size_t size)
{
	if (!writer->res && writer->size + size <= writer->out->room)
		writer->res = ta_memref_write(writer->out, writer->size, record, size);
	writer->size += size;
	if (!writer->res)
		writer->res = call_poll();
}

static TEE_Result finish(struct writer *writer)
{
	writer->out->size = writer->size;
	if (writer->res)
		return writer->res;
	return writer->size > writer->out->room ? TEE_ERROR_SHORT_BUFFER : TEE_SUCCESS;
}

/* There is no pager: nothing has ever been paged. */
static TEE_Result pager(struct ta_params *params)
{
	if (!service_types_are(params, TEE_PARAM_VALUE_OUTPUT, TEE_PARAM_VALUE_OUTPUT,
			       TEE_PARAM_VALUE_OUTPUT, TEE_PARAM_NONE))
		return TEE_ERROR_BAD_PARAMETERS;
	for (unsigned i = 0; i < 3; i++)
		params->p[i].u.value.a = params->p[i].u.value.b = 0;
	return TEE_SUCCESS;
}

/* What memory there is for the guest: secure pages it is charged, and its own that it lent. */
static TEE_Result pools(struct ta_params *params)
{
	const struct guest *guest = call_guest();
	struct writer writer = {.out = &params->p[1].u.memref};
	const struct stats_pool list[] = {
		{
			.name = "Secure memory",
			.used = bytes_of(guest->budget.used),
			.peak = bytes_of(guest->budget.peak),
			.size = bytes_of(guest->budget.limit),
			.failures = guest->budget.refusals,
		},
		{
			.name = "Registered shared memory",
			.used = bytes_of(guest->count.shm_pages),
			.peak = bytes_of(guest->count.shm_pages_peak),
			.size = bytes_of(guest->limit.shm_pages),
		},
	};
	uint32_t pool = params->p[0].u.value.a; /* 0: all */

	if (!service_types_are(params, TEE_PARAM_VALUE_INPUT, TEE_PARAM_MEMREF_OUTPUT,
			       TEE_PARAM_NONE, TEE_PARAM_NONE))
		return TEE_ERROR_BAD_PARAMETERS;
	if (pool > array_count(list))
		return TEE_ERROR_ITEM_NOT_FOUND;
	for (unsigned i = 0; i < array_count(list); i++) {
		if (pool == 0 || pool == i + 1)
			put(&writer, &list[i], sizeof(list[i]));
	}
	return finish(&writer);
}

static TEE_Result apps(struct ta_params *params)
{
	struct writer writer = {.out = &params->p[0].u.memref};
	struct ta_figures figures;

	if (!service_types_are(params, TEE_PARAM_MEMREF_OUTPUT, TEE_PARAM_NONE, TEE_PARAM_NONE,
			       TEE_PARAM_NONE))
		return TEE_ERROR_BAD_PARAMETERS;
	for (unsigned i = 0; !writer.res && ta_get_figures(i, &figures); i++) {
		struct stats_ta record = {
			.uuid = figures.uuid,
			.panicked = figures.panicked,
			.sessions = figures.sessions,
			.memory = {.name = "Mapped",
				   .used = bytes_of(figures.pages),
				   .peak = bytes_of(figures.pages),
				   .size = bytes_of(figures.pages)},
		};
		put(&writer, &record, sizeof(record));
	}
	/* Who asks for the size gets one: xtest knows no empty list. */
	if (writer.size == 0 && writer.out->room == 0)
		writer.size = sizeof(struct stats_ta);
	return finish(&writer);
}

static TEE_Result times(struct ta_params *params)
{
	struct msg_param ree = {.attr = MSG_ATTR_VALUE_OUT};
	uint64_t hz = arch_counter_hz(), ticks = arch_counter();
	TEE_Result res;

	if (!service_types_are(params, TEE_PARAM_VALUE_OUTPUT, TEE_PARAM_VALUE_OUTPUT,
			       TEE_PARAM_NONE, TEE_PARAM_NONE))
		return TEE_ERROR_BAD_PARAMETERS;
	res = call_rpc(RPC_CMD_GET_TIME, &ree, 1);
	if (res)
		return res;
	params->p[0].u.value.a = (uint32_t)ree.u.value.a;
	params->p[0].u.value.b = (uint32_t)(ree.u.value.b / 1000000 % 1000);
	params->p[1].u.value.a = (uint32_t)(ticks / hz);
	params->p[1].u.value.b = (uint32_t)(ticks % hz * 1000 / hz);
	return TEE_SUCCESS;
}

/* Seconds apart from the rest: the product of a year and a million would not fit. */
static uint64_t micros_of(uint64_t ticks)
{
	uint64_t hz = arch_counter_hz();

	return ticks / hz * 1000000 + ticks % hz * 1000000 / hz;
}

static struct stats_guest record_of(const struct guest_figures *f)
{
	return (struct stats_guest){
		.handle = f->vm_id,
		.flags = (f->dying ? STATS_GUEST_DYING : 0) |
			 (f->has_identity ? STATS_GUEST_HAS_IDENTITY : 0),
		.identity = f->identity,
		.pages = f->budget.used,
		.pages_peak = f->budget.peak,
		.pages_reserve = f->budget.reserve,
		.pages_limit = f->budget.limit,
		.calls = f->count.calls,
		.calls_peak = f->count.calls_peak,
		.calls_limit = f->limit.calls,
		.sessions = f->count.sessions,
		.sessions_peak = f->count.sessions_peak,
		.sessions_limit = f->limit.sessions,
		.instances = f->count.instances,
		.instances_peak = f->count.instances_peak,
		.shm_objects = f->count.shm_objects,
		.shm_pages = f->count.shm_pages,
		.shm_pages_peak = f->count.shm_pages_peak,
		.shm_pages_limit = f->limit.shm_pages,
		.calls_total = f->count.calls_total,
		.rpcs_total = f->count.rpcs_total,
		.refusals = f->count.refusals + f->budget.refusals,
		.cpu_us = micros_of(f->count.ticks),
	};
}

/* One call gives a few records only, so that it is a short one however many guests there are. */
#define GUESTS_PER_CALL 32u

static bool sees_all(const struct guest *guest)
{
	return guest->vm_id == GUEST_NATIVE || guest->privileged;
}

static TEE_Result guests(struct ta_params *params)
{
	struct writer writer = {.out = &params->p[1].u.memref};
	const struct guest *caller = call_guest();
	bool all = sees_all(caller);
	uint32_t from = all ? params->p[0].u.value.a : caller->vm_id;
	uint32_t count = 0;
	struct guest_figures figures;

	if (!service_types_are(params, TEE_PARAM_VALUE_INPUT, TEE_PARAM_MEMREF_OUTPUT,
			       TEE_PARAM_VALUE_OUTPUT, TEE_PARAM_NONE))
		return TEE_ERROR_BAD_PARAMETERS;
	if (writer.out->room < sizeof(struct stats_guest)) {
		writer.out->size = sizeof(struct stats_guest);
		return TEE_ERROR_SHORT_BUFFER;
	}
	uint64_t most =
		all ? min(writer.out->room / sizeof(struct stats_guest), (uint64_t)GUESTS_PER_CALL)
		    : 1;
	bool more = guest_get_figures(from, &figures);
	while (more && count < most && !writer.res) {
		struct stats_guest record = record_of(&figures);
		put(&writer, &record, sizeof(record));
		count++;
		more = all && figures.vm_id < UINT32_MAX &&
		       guest_get_figures(figures.vm_id + 1, &figures);
	}
	params->p[2].u.value.a = count;
	params->p[2].u.value.b = more ? figures.vm_id : 0;
	return finish(&writer);
}

static TEE_Result machine(struct ta_params *params)
{
	struct writer writer = {.out = &params->p[0].u.memref};
	struct page_totals pages;
	struct image_totals images;

	if (!service_types_are(params, TEE_PARAM_MEMREF_OUTPUT, TEE_PARAM_NONE, TEE_PARAM_NONE,
			       TEE_PARAM_NONE))
		return TEE_ERROR_BAD_PARAMETERS;
	if (!sees_all(call_guest()))
		return TEE_ERROR_ACCESS_DENIED;
	pages_totals(&pages);
	image_totals(&images);
	struct stats_machine record = {
		.pages_total = pages.total,
		.pages_free = pages.free,
		.pages_reserved = pages.reserved,
		.guests = guest_count(),
		.images = images.images,
		.images_unused_pages = images.unused_pages,
	};
	put(&writer, &record, sizeof(record));
	return finish(&writer);
}

static TEE_Result invoke(struct ta_session *session, uint32_t cmd, struct ta_params *params)
{
	(void)session;
	switch (cmd) {
	case STATS_CMD_PAGER:
		return pager(params);
	case STATS_CMD_ALLOC:
		return pools(params);
	case STATS_CMD_MEMORY_LEAK:
	case STATS_CMD_DRIVERS:
		/* Both print on the secure console, which belongs to no guest. */
		return TEE_ERROR_NOT_SUPPORTED;
	case STATS_CMD_TA:
		return apps(params);
	case STATS_CMD_TIME:
		return times(params);
	case STATS_CMD_TENON_GUESTS:
		return guests(params);
	case STATS_CMD_TENON_MACHINE:
		return machine(params);
	default:
		return TEE_ERROR_NOT_IMPLEMENTED;
	}
}

const struct ta_service service_stats = {
	.uuid = STATS_UUID,
	.name = "statistics",
	.invoke = invoke,
};
