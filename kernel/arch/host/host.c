/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine of the host body: memory, console, time; and the platform's functions on it. */
#include "kernel/arch/host/host.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kernel/arch/host/internal.h"
#include "kernel/lib/assert.h"
#include "kernel/platform/platform.h"

#define SECURE_BASE 0x0E100000ull

unsigned host_cpu;
bool host_foreign_pending;
void (*host_ns_hook)(uint64_t pa, size_t size, bool write);
bool host_ns_dead;
unsigned host_notify_raised;
void (*host_point_hook)(void);

static char *secure;
static size_t secure_size;
static char *nonsecure;
static char console[16384];
static size_t console_size;
static uint64_t ticks;

static void *map(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		abort();
	return memory;
}

void host_start(size_t secure_pages)
{
	if (secure)
		munmap(secure, secure_size);
	if (nonsecure)
		munmap(nonsecure, HOST_NS_SIZE);
	secure_size = secure_pages * PAGE_SIZE;
	secure = map(secure_size);
	nonsecure = map(HOST_NS_SIZE);
	host_cpu = 0;
	host_foreign_pending = false;
	host_ns_hook = NULL;
	host_ns_dead = false;
	host_notify_raised = 0;
	host_point_hook = NULL;
	console_size = 0;
	host_contexts_reset();
	host_aspaces_reset();
	kernel_main();
}

void *host_secure(uint64_t *pa, size_t *size)
{
	*pa = SECURE_BASE;
	*size = secure_size;
	return secure;
}

void *host_ns(uint64_t pa)
{
	return nonsecure + (pa - HOST_NS_BASE);
}

const char *host_console(void)
{
	console[console_size] = '\0';
	console_size = 0;
	return console;
}

/* --- platform
 * ------------------------------------------------------------------------------------------ */

void *platform_to_virtual(paddr_t pa)
{
	return secure + (pa.pa - SECURE_BASE);
}

paddr_t platform_to_physical(const void *va)
{
	return paddr((uint64_t)((const char *)va - secure) + SECURE_BASE);
}

void platform_free_memory(void **start, void **end)
{
	*start = secure;
	*end = secure + secure_size;
}

bool platform_is_nonsecure_ram(paddr_t pa, uint64_t size)
{
	return size > 0 && pa.pa >= HOST_NS_BASE && size <= HOST_NS_SIZE &&
	       pa.pa - HOST_NS_BASE <= HOST_NS_SIZE - size;
}

void platform_console_write(const char *text, size_t size)
{
	size = min(size, sizeof(console) - 1 - console_size);
	memcpy(console + console_size, text, size);
	console_size += size;
}

size_t platform_boot_seed(uint8_t *seed, size_t size)
{
	memset(seed, 0x5a, size);
	return size;
}

bool platform_hardware_key(uint8_t key[PLATFORM_KEY_SIZE])
{
	memset(key, 0, PLATFORM_KEY_SIZE);
	return false;
}

/* --- arch: CPU, time, guest memory
 * --------------------------------------------------------------------- */

void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	abort();
}

unsigned arch_cpu_index(void)
{
	return host_cpu;
}

unsigned arch_cpu_count(void)
{
	return HOST_CPUS;
}

uint64_t arch_counter(void)
{
	return ticks += 1000;
}

uint64_t arch_counter_hz(void)
{
	return 1000000;
}

void (*host_relax_hook)(void);

void arch_relax(void)
{
	if (host_relax_hook)
		host_relax_hook();
}

bool arch_foreign_pending(void)
{
	return host_foreign_pending;
}

void arch_interrupts_unmask(void)
{
	if (host_point_hook)
		host_point_hook();
}

void arch_interrupts_mask(void)
{
}

void arch_notify_raise(void)
{
	host_notify_raised++;
}

void arch_slice_arm(uint64_t slice)
{
	(void)slice;
}

bool arch_random(uint64_t *value)
{
	(void)value;
	return false;
}

static char *ns_copy(uint64_t pa, size_t size, bool write)
{
	assert(platform_is_nonsecure_ram(paddr(pa), size) && (pa & PAGE_MASK) + size <= PAGE_SIZE);
	if (host_ns_hook)
		host_ns_hook(pa, size, write);
	return host_ns(pa);
}

bool arch_ns_read(void *to, paddr_t from, size_t size)
{
	memcpy(to, ns_copy(from.pa, size, false), size);
	return !host_ns_dead;
}

bool arch_ns_write(paddr_t to, const void *from, size_t size)
{
	memcpy(ns_copy(to.pa, size, true), from, size);
	return !host_ns_dead;
}

/* Counted only: a process has coherent caches. */
size_t host_cleaned;

void arch_cache_clean(paddr_t pa, size_t size, bool nonsecure)
{
	assert((pa.pa & PAGE_MASK) + size <= PAGE_SIZE);
	assert(!nonsecure || platform_is_nonsecure_ram(pa, size));
	host_cleaned += size;
}
