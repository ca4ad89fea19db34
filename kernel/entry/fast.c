/* SPDX-License-Identifier: BSD-2-Clause */
/* Fast calls: answered at once, with interrupts masked (spec "normal-world ABI" §1.4, §7.1). */
#include "abi/smc.h"
#include "abi/tenon.h"
#include "kernel/call/call.h"
#include "kernel/entry/entry.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace.h"
#include "kernel/notify/notify.h"
#include "kernel/platform/platform.h"
#include "kernel/ta/image.h"

#define CALLS_COUNT   20
#define VERSION_MAJOR 0
#define VERSION_MINOR 1

#define CAPABILITIES                                                                               \
	(SMC_CAP_DYNAMIC_SHM | SMC_CAP_VIRTUALIZATION | SMC_CAP_MEMREF_NULL | SMC_CAP_RPC_ARG |    \
	 SMC_CAP_ASYNC_NOTIF)

static void set(struct smc_args *args, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3)
{
	args->a[0] = a0;
	args->a[1] = a1;
	args->a[2] = a2;
	args->a[3] = a3;
}

static void set_status(struct smc_args *args, uint32_t status)
{
	set(args, status, 0, 0, 0);
}

/* Calls that answer whoever asks (NW-005). False: not one of them. */
static bool discovery(struct smc_args *args)
{
	struct guest *guest;

	switch (args->a[0]) {
	case SMC_CALLS_COUNT:
		set(args, CALLS_COUNT, 0, 0, 0);
		return true;
	case SMC_CALLS_UID:
		set(args, SMC_UID_0, SMC_UID_1, SMC_UID_2, SMC_UID_3);
		return true;
	case SMC_CALLS_REVISION:
		set(args, SMC_REVISION_MAJOR, SMC_REVISION_MINOR, 0, 0);
		return true;
	case SMC_GET_OS_UUID:
		set(args, TENON_OS_UUID_0, TENON_OS_UUID_1, TENON_OS_UUID_2, TENON_OS_UUID_3);
		return true;
	case SMC_GET_OS_REVISION:
		set(args, VERSION_MAJOR, VERSION_MINOR, 0, 0);
		return true;
	case SMC_GET_THREAD_COUNT: /* an upper limit: memory may end first (design §2) */
		guest = guest_enter(args->a[7]);
		set(args, SMC_OK, guest ? guest->limit.calls : TENON_CALLS_MAX, 0, 0);
		if (guest)
			guest_leave(guest);
		return true;
	default:
		return false;
	}
}

static uint32_t system_counter(uint32_t counter, uint64_t *value)
{
	struct page_totals pages;
	struct image_totals images;

	pages_totals(&pages);
	image_totals(&images);
	const uint64_t values[] = {
		[TENON_STAT_SYS_PAGES_TOTAL] = pages.total,
		[TENON_STAT_SYS_PAGES_FREE] = pages.free,
		[TENON_STAT_SYS_GUESTS] = guest_count(),
		[TENON_STAT_SYS_IMAGES] = images.images,
		[TENON_STAT_SYS_RESERVED] = pages.reserved,
		[TENON_STAT_SYS_IMAGE_PAGES] = images.unused_pages,
	};

	if (counter >= array_count(values))
		return SMC_EBADCMD;
	*value = values[counter];
	return SMC_OK;
}

static void stats(struct smc_args *args)
{
	uint64_t value = 0;
	uint32_t status = args->a[1] == TENON_STATS_SYSTEM
				  ? system_counter(args->a[2], &value)
				  : guest_stat(args->a[1], args->a[2], &value);

	set(args, status, value >> 32, (uint32_t)value, 0);
}

/* NW-134 */
static void next_to_notify(struct smc_args *args)
{
	uint32_t vm_id;

	if (notify_next(&vm_id))
		set(args, SMC_OK, vm_id, 0, 0);
	else
		set_status(args, SMC_ENOTAVAIL);
}

static void *trace_page(void)
{
	return page_alloc(&system_budget);
}

static uint32_t start_trace(uint32_t pages)
{
	switch (trace_start(pages, arch_cpu_count(), trace_page)) {
	case TEE_SUCCESS:
		return SMC_OK;
	case TEE_ERROR_BAD_PARAMETERS:
		return SMC_EBADADDR;
	default:
		return SMC_ENOMEM;
	}
}

/* A few records at a time, for want of room on the stack; one page in all (I7). */
static void read_trace(struct smc_args *args)
{
	struct trace_record some[8];
	paddr_t to = paddr((uint64_t)args->a[2] << 32 | args->a[3]);
	uint32_t lost = 0, count = 0, taken;

	if (to.pa % PAGE_SIZE || !platform_is_nonsecure_ram(to, PAGE_SIZE)) {
		set_status(args, SMC_EBADADDR);
		return;
	}
	do {
		taken = trace_read(some, array_count(some), &lost);
		if (taken && !arch_ns_write(paddr(to.pa + count * sizeof(some[0])), some,
					    taken * sizeof(some[0]))) {
			set_status(args, SMC_EBADADDR);
			return;
		}
		count += taken;
	} while (taken == array_count(some) && count < TRACE_PER_PAGE);
	set(args, SMC_OK, count, lost, (uint32_t)arch_counter_hz());
}

static void control_trace(struct smc_args *args)
{
	switch (args->a[1]) {
	case TENON_TRACE_STOP:
		trace_stop();
		set_status(args, SMC_OK);
		break;
	case TENON_TRACE_START:
		set_status(args, start_trace(args->a[2]));
		break;
	case TENON_TRACE_READ:
		read_trace(args);
		break;
	default:
		set_status(args, SMC_EBADCMD);
		break;
	}
}

/* Calls of the hypervisor alone (a7 = 0). False: not one of them. */
static bool administration(struct smc_args *args)
{
	uint32_t id = args->a[0];

	if (id != SMC_VM_CREATED && id != SMC_VM_DESTROYED && id != SMC_TENON_GUEST_CONFIGURE &&
	    id != SMC_TENON_GUEST_STATS && id != SMC_TENON_NOTIFY_NEXT && id != SMC_TENON_TRACE)
		return false;
	if (args->a[7] != GUEST_NATIVE)
		set_status(args, SMC_ENOTAVAIL);
	else if (id == SMC_VM_CREATED)
		set_status(args, guest_create(args->a[1]));
	else if (id == SMC_VM_DESTROYED)
		set_status(args, guest_destroy(args->a[1]));
	else if (id == SMC_TENON_GUEST_CONFIGURE)
		set_status(args, guest_configure(args->a[1], args->a[2], &args->a[3]));
	else if (id == SMC_TENON_GUEST_STATS)
		stats(args);
	else if (id == SMC_TENON_TRACE)
		control_trace(args);
	else
		next_to_notify(args);
	return true;
}

static void exchange_capabilities(struct smc_args *args)
{
	if (args->a[1] & ~SMC_NWCAP_UNIPROCESSOR)
		set_status(args, SMC_ENOTAVAIL);
	else
		set(args, SMC_OK, CAPABILITIES, GUEST_NOTIFY_VALUES,
		    MSG_RPC_MAX_PARAMS); /* NW-013, NW-014, NW-130 */
}

/* NW-015, NW-016, NW-045 */
static void disable_shm_cache(struct guest *guest, struct smc_args *args)
{
	uint64_t cookie;

	if (guest->count.calls > 0)
		set_status(args, SMC_EBUSY);
	else if (call_rpc_uncache(guest, &cookie))
		set(args, SMC_OK, cookie >> 32, (uint32_t)cookie, 0);
	else
		set_status(args, SMC_ENOTAVAIL);
}

static void enable_shm_cache(struct guest *guest, struct smc_args *args)
{
	if (guest->count.calls == 0)
		guest->shm_cache_on = true;
	set_status(args, guest->count.calls == 0 ? SMC_OK : SMC_EBUSY);
}

#define NOTIF_VALID 1u
#define NOTIF_MORE  2u

/* NW-131 */
static void get_notification(struct guest *guest, struct smc_args *args)
{
	uint32_t value = 0;
	bool more;
	bool found = notify_take(guest, &value, &more);

	set(args, SMC_OK, value, (found ? NOTIF_VALID : 0) | (more ? NOTIF_MORE : 0), 0);
}

static void of_guest(struct guest *guest, struct smc_args *args)
{
	switch (args->a[0]) {
	case SMC_EXCHANGE_CAPABILITIES:
		exchange_capabilities(args);
		break;
	case SMC_DISABLE_SHM_CACHE:
		disable_shm_cache(guest, args);
		break;
	case SMC_ENABLE_SHM_CACHE:
		enable_shm_cache(guest, args);
		break;
	case SMC_ENABLE_ASYNC_NOTIF:
		notify_enable(guest);
		set_status(args, SMC_OK);
		break;
	case SMC_GET_ASYNC_NOTIF_VALUE:
		get_notification(guest, args);
		break;
	default: /* no reserved memory (NW-012); secondary CPUs come through PSCI */
		set_status(args, SMC_ENOTAVAIL);
		break;
	}
}

static bool is_of_guest(uint32_t id)
{
	return id == SMC_EXCHANGE_CAPABILITIES || id == SMC_DISABLE_SHM_CACHE ||
	       id == SMC_ENABLE_SHM_CACHE || id == SMC_GET_SHM_CONFIG || id == SMC_BOOT_SECONDARY ||
	       id == SMC_ENABLE_ASYNC_NOTIF || id == SMC_GET_ASYNC_NOTIF_VALUE;
}

void entry_fast(struct smc_args *args)
{
	uint64_t since = arch_counter();
	struct guest *guest;

	args->a[0] &= ~SMC_SVE_HINT;
	if (discovery(args) || administration(args))
		return;
	if (!is_of_guest(args->a[0])) {
		args->a[0] = SMC_UNKNOWN_FUNCTION; /* NW-003: the other registers stay */
		return;
	}
	guest = guest_enter(args->a[7]);
	if (!guest) {
		set_status(args, SMC_ENOTAVAIL);
		return;
	}
	of_guest(guest, args);
	guest_charge_time(guest, since);
	guest_leave(guest);
	assert(spin_held() == 0);
}
