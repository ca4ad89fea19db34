/* SPDX-License-Identifier: BSD-2-Clause */
/* The start of the kernel: memory, then the rooms from left to right. */
#include "kernel/call/call.h"
#include "kernel/crypto/crypto.h"
#include "kernel/entry/entry.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/log.h"
#include "kernel/lib/trace.h"
#include "kernel/notify/notify.h"
#include "kernel/platform/platform.h"
#include "kernel/service/service.h"
#include "kernel/shm/shm.h"
#include "kernel/syscall/syscall.h"
#include "kernel/ta/ta.h"

#define SEED_SIZE 64

static void random_init(void)
{
	uint8_t seed[SEED_SIZE];
	size_t size = platform_boot_seed(seed, sizeof(seed));

	crypto_init(seed, size);
	crypto_wipe(seed, sizeof(seed));
}

void kernel_main(void)
{
	void *start, *end;
	struct page_totals totals;

	platform_free_memory(&start, &end);
	pages_init(start, end);
	random_init();
	trace_init();
	guest_init();
	/* Teardown runs in this order: calls first, then what they used. */
	call_init();
	notify_init();
	ta_init();
	shm_init();
	image_init();
	page_reclaim = ta_reclaim;
	syscall_init();
	service_init();
	pages_totals(&totals);
	/* Pages end before addresses of stacks do: nobody can take all of these. */
	assert(totals.total / KERNEL_STACK_PAGES <= arch_stacks_max());
	log_info("Tenon 0.1: %u KiB of secure memory free",
		 (unsigned)(totals.free * (PAGE_SIZE / 1024)));
}
