/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/lib/trace.h"

#include "kernel/arch/arch.h"

#define WORDS (sizeof(struct trace_record) / sizeof(uint64_t))

/* A record as words: a reader may look while it is overwritten, and then throws it away. */
struct slot {
	uint64_t word[WORDS];
};
_Static_assert(sizeof(struct slot) == sizeof(struct trace_record), "a record is its words");

/* Each on cache lines of its own. head and tail count records, not slots, and never go back. */
static struct ring {
	_Alignas(64) struct slot *page[TRACE_PAGES_MAX];
	uint64_t head;              /* written by the CPU alone */
	_Alignas(64) uint64_t tail; /* the reader's */
} rings[CPU_MAX];

bool trace_is_on;
static uint32_t pages_of_cpu; /* 0: none yet */
static unsigned cpu_count;
static unsigned next_read; /* the CPU whose records are taken next */
static unsigned in_a_row;  /* records taken from it since it was its turn */
static bool is_read;       /* somebody is inside trace_read() or trace_start() */

static struct slot *slot_of(struct ring *ring, uint64_t number)
{
	uint64_t index = number % (pages_of_cpu * TRACE_PER_PAGE);

	return &ring->page[index / TRACE_PER_PAGE][index % TRACE_PER_PAGE];
}

void trace_write(uint32_t event, uint32_t guest, uint32_t call, const uint32_t value[4])
{
	unsigned cpu = arch_cpu_index();
	struct ring *ring = &rings[cpu];
	uint64_t head = ring->head;
	union {
		struct trace_record record;
		struct slot slot;
	} new = {.record = {.ticks = arch_counter(),
			    .guest = guest,
			    .event = (uint8_t)event,
			    .cpu = (uint8_t)cpu,
			    .call = (uint16_t)call,
			    .value = {value[0], value[1], value[2], value[3]}}};

	if (cpu >= cpu_count)
		return;
	struct slot *slot = slot_of(ring, head);
	for (unsigned i = 0; i < WORDS; i++)
		__atomic_store_n(&slot->word[i], new.slot.word[i], __ATOMIC_RELAXED);
	__atomic_store_n(&ring->head, head + 1, __ATOMIC_RELEASE);
}

static bool begin(void)
{
	return !__atomic_exchange_n(&is_read, true, __ATOMIC_ACQUIRE);
}

static void end(void)
{
	__atomic_store_n(&is_read, false, __ATOMIC_RELEASE);
}

/* Takes what pages are missing; those that were got stay for the next try. */
static TEE_Result take_pages(uint32_t pages, unsigned cpus, void *(*page)(void))
{
	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		for (uint32_t i = 0; i < pages; i++) {
			if (!rings[cpu].page[i])
				rings[cpu].page[i] = page();
			if (!rings[cpu].page[i])
				return TEE_ERROR_OUT_OF_MEMORY;
		}
	}
	cpu_count = cpus;
	pages_of_cpu = pages;
	return TEE_SUCCESS;
}

TEE_Result trace_start(uint32_t pages, unsigned cpus, void *(*page)(void))
{
	TEE_Result res = TEE_SUCCESS;

	if (pages == 0 || pages > TRACE_PAGES_MAX)
		return TEE_ERROR_BAD_PARAMETERS;
	if (!begin())
		return TEE_ERROR_OUT_OF_MEMORY;
	if (pages_of_cpu == 0)
		res = take_pages(pages, cpus, page);
	for (unsigned cpu = 0; cpu < CPU_MAX; cpu++)
		rings[cpu].tail = __atomic_load_n(&rings[cpu].head, __ATOMIC_ACQUIRE);
	if (!res)
		__atomic_store_n(&trace_is_on, true, __ATOMIC_RELEASE);
	end();
	return res;
}

void trace_stop(void)
{
	__atomic_store_n(&trace_is_on, false, __ATOMIC_RELEASE);
}

/* The record at the ring's tail; false: it has been, or is being, overwritten. */
static bool copy(struct ring *ring, struct trace_record *to)
{
	union {
		struct trace_record record;
		struct slot slot;
	} old;
	const struct slot *slot = slot_of(ring, ring->tail);

	for (unsigned i = 0; i < WORDS; i++)
		old.slot.word[i] = __atomic_load_n(&slot->word[i], __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	/* The one at head is perhaps being written now, over the one that many records before. */
	uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_RELAXED);
	*to = old.record;
	return head - ring->tail < pages_of_cpu * TRACE_PER_PAGE;
}

static unsigned read_ring(struct ring *ring, struct trace_record *to, unsigned count,
			  uint32_t *lost)
{
	uint64_t room = pages_of_cpu * TRACE_PER_PAGE;
	uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
	unsigned taken = 0;

	if (head - ring->tail >= room) {
		*lost += (uint32_t)(head - ring->tail - room + 1);
		ring->tail = head - room + 1;
	}
	for (; ring->tail != head && taken < count; ring->tail++) {
		if (copy(ring, &to[taken]))
			taken++;
		else
			++*lost;
	}
	return taken;
}

unsigned trace_read(struct trace_record *to, unsigned count, uint32_t *lost)
{
	unsigned taken = 0;

	if (!begin())
		return 0;
	/* Goes on where it stopped, so that a page takes one round of all CPUs and not one for each
	 * few records (I7); but no CPU has two pages in a row. */
	for (unsigned i = 0; i < cpu_count && taken < count; i++) {
		unsigned some = read_ring(&rings[next_read], to + taken, count - taken, lost);

		taken += some;
		in_a_row += some;
		if (taken < count || in_a_row >= TRACE_PER_PAGE) {
			next_read = (next_read + 1) % cpu_count;
			in_a_row = 0;
		}
	}
	end();
	return taken;
}

void trace_init(void)
{
	trace_is_on = false;
	pages_of_cpu = 0;
	cpu_count = 0;
	next_read = in_a_row = 0;
	is_read = false;
	for (unsigned cpu = 0; cpu < CPU_MAX; cpu++)
		rings[cpu] = (struct ring){0};
}
