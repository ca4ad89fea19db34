/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The target's address spaces on a model of what QEMU hides: TLBs that remember, walkers that see
 * stores late, instruction caches that hold what was there before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* In place of sysreg.h. */
#include "kernel/arch/arm64/mmu_model_test.h"

#include "kernel/arch/arm64/aspace.c"

#define SPACES_MAX 300u
#define PLACES     64u /* addresses that are used */
#define STEPS      3000u

struct space {
	struct arch_aspace as;
	bool lives;
	struct {
		void *page; /* NULL: not mapped */
		unsigned prot;
	} at[PLACES];
};

static struct space spaces[SPACES_MAX];
static uint64_t places[PLACES];
static struct space *running[MODEL_CPUS];
static unsigned fail_pages; /* from so many on none is given */
static unsigned pages_out;

/* --- what aspace.c needs of the kernel --- */

void *page_alloc(struct budget *budget)
{
	(void)budget;
	if (fail_pages && pages_out >= fail_pages)
		return NULL;
	pages_out++;
	return model_page_take();
}

void page_free(struct budget *budget, void *page)
{
	(void)budget;
	pages_out--;
	model_page_give(page);
}

void *platform_to_virtual(paddr_t pa)
{
	return (void *)(pa.pa + KERNEL_LINEAR);
}

void spin_lock(struct spinlock *lock)
{
	assert_int_equal(lock->next++, lock->owner);
}

void spin_unlock(struct spinlock *lock)
{
	lock->owner++;
}

void panic(const char *format, ...)
{
	fail_msg("%s", format);
	abort();
}

/* --- the machine --- */

/* Pages beside each other, and in blocks of their own. */
static void choose_places(void)
{
	for (unsigned i = 0; i < PLACES; i++)
		places[i] = ARCH_USER_BASE + (i < 48 ? i * PAGE_SIZE : (i - 47) * 5 * BLOCK_SIZE);
	model_speculates_at(places, PLACES);
}

static void start(uint64_t seed)
{
	model_start(seed);
	memset(spaces, 0, sizeof(spaces));
	memset(running, 0, sizeof(running));
	memset(asids_used, 0, sizeof(asids_used));
	asids_used[0] = 1 << 0 | 1 << ASID_SHARED;
	fail_pages = pages_out = 0;
	choose_places();
}

static void init(struct space *s)
{
	*s = (struct space){.lives = true};
	assert_int_equal(arch_aspace_init(&s->as, NULL), TEE_SUCCESS);
}

static bool runs(const struct space *s)
{
	for (unsigned i = 0; i < MODEL_CPUS; i++) {
		if (running[i] == s)
			return true;
	}
	return false;
}

static void leave(unsigned cpu)
{
	running[cpu] = NULL;
	model_set_ttbr(cpu, 0);
}

static void run(unsigned cpu, struct space *s)
{
	leave(cpu);
	model_cpu = cpu;
	uint64_t ttbr = aspace_ttbr(&s->as);
	model_set_ttbr(cpu, ttbr);
	running[cpu] = s;
}

static void map(struct space *s, unsigned place, unsigned prot)
{
	void *page = model_page_take();

	model_page_write(page);
	if (arch_aspace_map(&s->as, uaddr(places[place]), paddr(linear_to_pa(page)), prot)) {
		model_page_give(page);
		return;
	}
	s->at[place].page = page;
	s->at[place].prot = prot;
}

static void unmap(struct space *s, unsigned first, unsigned count)
{
	arch_aspace_unmap(&s->as, uaddr(places[first]), count);
	for (unsigned i = first; i < PLACES; i++) {
		if (!s->at[i].page || places[i] >= places[first] + count * PAGE_SIZE)
			continue;
		/* Nobody may reach it from here on: it is the next owner's. */
		model_page_give(s->at[i].page);
		s->at[i].page = NULL;
	}
}

/* Everything is unmapped, and the tables go; the space is used again. */
static void empty(struct space *s)
{
	for (unsigned i = 0; i < PLACES; i++)
		unmap(s, i, 1);
	while (arch_aspace_shrink(&s->as))
		;
	map(s, 0, PROT_R);
}

static void destroy(struct space *s)
{
	arch_aspace_destroy(&s->as);
	for (unsigned i = 0; i < PLACES; i++) {
		if (s->at[i].page)
			model_page_give(s->at[i].page);
	}
	*s = (struct space){0};
}

/* --- what must hold --- */

static void check_descriptor(const struct space *s, unsigned place, uint64_t descriptor)
{
	const void *page = s->at[place].page;
	unsigned prot = s->at[place].prot;

	if (!page)
		fail_msg("0x%llx is reached, and nothing is mapped there",
			 (unsigned long long)places[place]);
	assert_int_equal(descriptor & PTE_ADDRESS, linear_to_pa(page));
	assert_int_equal(!(descriptor & PTE_READ_ONLY), (prot & PROT_W) != 0);
	assert_int_equal(!(descriptor & PTE_USER_XN), (prot & PROT_X) != 0);
	assert_int_equal((descriptor & PTE_NONSECURE) != 0, (prot & PROT_NS) != 0);
	assert_true(descriptor & PTE_KERNEL_XN && descriptor & PTE_NOT_GLOBAL);
	if ((prot & PROT_X) && !model_page_is_synced(page))
		fail_msg("instructions are fetched that were there before");
}

/* The contract says it of every TLB, whatever the CPU runs now. */
static void check_entry(uint16_t asid, uint64_t va, uint64_t descriptor)
{
	const struct space *owner = NULL;

	if (asid == ASID_SHARED)
		return;
	for (unsigned i = 0; i < SPACES_MAX; i++) {
		if (spaces[i].lives && spaces[i].as.asid == asid)
			owner = &spaces[i];
	}
	if (!owner)
		fail_msg("a TLB has a translation of a space that is gone");
	for (unsigned i = 0; i < PLACES; i++) {
		if (places[i] == va)
			check_descriptor(owner, i, descriptor);
	}
}

static void check(void)
{
	for (unsigned cpu = 0; cpu < MODEL_CPUS; cpu++) {
		for (unsigned i = 0; i < PLACES && running[cpu]; i++) {
			uint64_t descriptor = model_translate(cpu, places[i]);
			if (descriptor)
				check_descriptor(running[cpu], i, descriptor);
			else if (running[cpu]->at[i].page)
				fail_msg("what is mapped is not reached");
		}
	}
	model_for_each_entry(check_entry);
}

/* --- random lives --- */

static unsigned any_prot(void)
{
	static const unsigned prots[] = {PROT_R, PROT_R | PROT_W, PROT_R | PROT_X,
					 PROT_R | PROT_X | PROT_BTI, PROT_R | PROT_W | PROT_NS};

	return prots[model_below(array_count(prots))];
}

static void change(struct space *s)
{
	unsigned place = model_below(PLACES);

	switch (model_below(4)) {
	case 0:
		unmap(s, place, 1 + model_below(3));
		break;
	case 1:
		if (model_below(4) == 0)
			unmap(s, 0, UNMAP_ONE_BY_ONE + 1 + model_below(16));
		break;
	default:
		if (!s->at[place].page)
			map(s, place, any_prot());
		break;
	}
}

static void step(unsigned count)
{
	struct space *s = &spaces[model_below(count)];

	model_cpu = model_below(MODEL_CPUS);
	if (!s->lives) {
		init(s);
		map(s, 0, PROT_R); /* none is entered that has nothing */
	} else if (model_below(40) == 0 && !runs(s))
		empty(s);
	else if (model_below(40) == 0 && !runs(s))
		destroy(s);
	else if (model_below(3) == 0)
		run(model_cpu, s);
	else if (model_below(6) == 0)
		leave(model_cpu);
	else
		change(s);
}

static void live(unsigned count, unsigned steps)
{
	for (unsigned i = 0; i < steps; i++) {
		step(count);
		check();
	}
	for (unsigned i = 0; i < MODEL_CPUS; i++)
		leave(i);
	for (unsigned i = 0; i < count; i++) {
		if (spaces[i].lives)
			destroy(&spaces[i]);
	}
	check();
	assert_int_equal(pages_out, 0);
}

static void no_cpu_reaches_what_was_unmapped_or_destroyed(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 8; seed++) {
		start(seed);
		live(6, STEPS);
	}
}

/* Short of ASIDs: the last ones share one, and run on the same CPUs one after the other. */
static void spaces_beyond_the_asids_do_not_see_each_other(void **state)
{
	(void)state;
	start(99);
	model_long_asids = false;
	for (unsigned i = 0; i < 254; i++)
		init(&spaces[SPACES_MAX - 1 - i]);
	for (unsigned i = 0; i < 6; i++) {
		init(&spaces[i]);
		map(&spaces[i], 0, PROT_R);
		assert_int_equal(spaces[i].as.asid, ASID_SHARED);
	}
	for (unsigned i = 0; i < STEPS; i++) {
		step(6);
		check();
	}
	for (unsigned i = 0; i < MODEL_CPUS; i++)
		leave(i);
	for (unsigned i = 0; i < SPACES_MAX; i++) {
		if (spaces[i].lives)
			destroy(&spaces[i]);
	}
	assert_int_equal(pages_out, 0);
}

static void an_asid_is_given_again_only_when_no_tlb_knows_it(void **state)
{
	(void)state;
	start(5);
	for (unsigned i = 0; i < 200; i++) {
		init(&spaces[0]);
		map(&spaces[0], i % PLACES, PROT_R | PROT_W);
		for (unsigned cpu = 0; cpu < MODEL_CPUS; cpu++)
			run(cpu, &spaces[0]);
		check();
		for (unsigned cpu = 0; cpu < MODEL_CPUS; cpu++)
			leave(cpu);
		destroy(&spaces[0]);
		check();
	}
}

/* Lines of 16 bytes to 2 KiB; caches that can be invalidated by address, and those that can't. */
static void code_is_fetched_as_it_was_written_whatever_the_caches(void **state)
{
	(void)state;
	start(7);
	init(&spaces[0]);
	map(&spaces[0], 0, PROT_R);
	run(0, &spaces[0]);
	for (unsigned data = 2; data < 10; data++) {
		for (unsigned code = 2; code < 10; code++) {
			uint64_t policy = model_below(2) ? 3 : 2;
			model_ctr = (uint64_t)data << 16 | code | policy << 14;
			map(&spaces[0], code, PROT_R | PROT_X);
			check();
			unmap(&spaces[0], code, 1);
		}
	}
	leave(0);
	destroy(&spaces[0]);
}

static void no_page_for_a_table_changes_nothing(void **state)
{
	(void)state;
	start(3);
	init(&spaces[0]);
	map(&spaces[0], 0, PROT_R);
	run(1, &spaces[0]);
	fail_pages = 2;
	map(&spaces[0], PLACES - 1, PROT_R);
	assert_null(spaces[0].at[PLACES - 1].page);
	check();
	fail_pages = 0;
	map(&spaces[0], PLACES - 1, PROT_R);
	check();
	leave(1);
	destroy(&spaces[0]);
	fail_pages = 1;
	pages_out = 1;
	uint64_t before = asids_used[0];
	assert_int_equal(arch_aspace_init(&spaces[0].as, NULL), TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(asids_used[0], before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_cpu_reaches_what_was_unmapped_or_destroyed),
		cmocka_unit_test(spaces_beyond_the_asids_do_not_see_each_other),
		cmocka_unit_test(an_asid_is_given_again_only_when_no_tlb_knows_it),
		cmocka_unit_test(code_is_fetched_as_it_was_written_whatever_the_caches),
		cmocka_unit_test(no_page_for_a_table_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
