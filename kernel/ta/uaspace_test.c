/* SPDX-License-Identifier: BSD-2-Clause */
/* Regions of an app's address space, and the kernel's hands in them. */
#include <string.h>

#include "kernel/platform/platform.h"
#include "kernel/syscall/object.h"
#include "kernel/ta/fixture_test.h"

#define BASE    0x10000000ull
#define RW      (PROT_R | PROT_W)
#define RX      (PROT_R | PROT_X)
#define NS_PAGE (HOST_NS_BASE + 0x10000)

static struct uaspace as;

static int start(void **state)
{
	fixture_start(state);
	assert_int_equal(uaspace_init(&as, guest_a), TEE_SUCCESS);
	return 0;
}

static int stop(void **state)
{
	uaspace_destroy(&as);
	assert_int_equal(host_ns_mappings(), 0);
	return fixture_stop(state);
}

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

static struct uaspace_region *add(uint64_t va, size_t pages, unsigned prot, enum uaspace_kind kind)
{
	struct uaspace_region *r;

	assert_int_equal(uaspace_add_own(&as, va, pages, prot, kind, NULL, &r), TEE_SUCCESS);
	return r;
}

/* A client's pages, every second page of its RAM. */
static paddr_t ns_page_at(const void *object, size_t index)
{
	(void)object;
	return paddr(NS_PAGE + 2 * index * PAGE_SIZE);
}

static const struct page_source ns_source = {.page_at = ns_page_at};

static struct uaspace_region *add_param(uint64_t va, size_t pages, unsigned prot)
{
	struct uaspace_region *r;

	assert_int_equal(
		uaspace_add_source(&as, va, pages, prot | PROT_NS, UASPACE_PARAM, &ns_source, &r),
		TEE_SUCCESS);
	return r;
}

/* --- regions ---
 */

static void own_pages_are_zero_and_mapped_with_their_rights_only(void **state)
{
	struct uaspace_region *r = add(BASE, 3, RW, UASPACE_PRIVATE);

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char *page = host_user_memory(&as.arch, BASE + i * PAGE_SIZE, RW);
		assert_ptr_equal(page, uaspace_page(r, i));
		for (size_t k = 0; k < PAGE_SIZE; k++)
			assert_int_equal(page[k], 0);
		assert_null(host_user_memory(&as.arch, BASE + i * PAGE_SIZE, PROT_X));
		assert_null(host_user_memory(&as.arch, BASE + i * PAGE_SIZE, PROT_NS));
	}
	assert_null(host_user_memory(&as.arch, BASE - 1, PROT_R));
	assert_null(host_user_memory(&as.arch, BASE + 3 * PAGE_SIZE, PROT_R));
	assert_int_equal(as.page_count, 3);
}

static void bad_regions_are_refused(void **state)
{
	const struct {
		uint64_t va;
		size_t pages;
		unsigned prot;
	} bad[] = {
		{BASE, 0, RW},
		{BASE + 1, 1, RW},
		{BASE, 1, PROT_R | PROT_W | PROT_X},
		{BASE, 1, PROT_W},
		{BASE, 1, 0},
		{BASE, 1, RW | PROT_NS}, /* own pages are secure */
		{0, 1, RW},
		{0x40000, 1, RW},
		{ARCH_USER_BASE - PAGE_SIZE, 1, RW},
		{ARCH_USER_END, 1, RW},
		{ARCH_USER_END - PAGE_SIZE, 2, RW},
		{BASE, (ARCH_USER_END - BASE) / PAGE_SIZE + 1, RW},
		{UINT64_MAX - PAGE_MASK, 1, RW},
		{BASE, SIZE_MAX / PAGE_SIZE, RW},
		{BASE, SIZE_MAX, RW},
		{BASE + 0x10000, 1, RW}, /* where the region below is */
		{BASE + 0xf000, 2, RW},
		{BASE + 0x11000, 1, RW},
		{BASE, 0x100, RW},
	};

	(void)state;
	add(BASE + 0x10000, 2, RW, UASPACE_PRIVATE);
	for (size_t i = 0; i < array_count(bad); i++)
		assert_int_equal(uaspace_add_own(&as, bad[i].va, bad[i].pages, bad[i].prot,
						 UASPACE_PRIVATE, NULL, NULL),
				 TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(
		uaspace_add_source(&as, BASE, 1, RX | PROT_NS, UASPACE_PARAM, &ns_source, NULL),
		TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(as.page_count, 2);
}

static void fill(const void *object, size_t index, void *page)
{
	assert_null(host_user_memory(&as.arch, BASE + index * PAGE_SIZE, PROT_R));
	memset(page, *(const char *)object + (int)index, PAGE_SIZE);
}

static void a_filler_sees_each_page_before_it_is_mapped(void **state)
{
	const struct page_filler filler = {fill, "A"};
	struct uaspace_region *r;

	(void)state;
	assert_int_equal(uaspace_add_own(&as, BASE, 4, RX, UASPACE_SEGMENT, &filler, &r),
			 TEE_SUCCESS);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(*(char *)uaspace_page(r, i), 'A' + (int)i);
}

static void room_has_an_unmapped_page_on_both_sides(void **state)
{
	uint64_t va;

	(void)state;
	as.home = BASE;
	for (unsigned i = 0; i < 40; i++) {
		assert_int_equal(uaspace_find_room(&as, 1 + i % 3, &va), TEE_SUCCESS);
		assert_null(uaspace_find(&as, va - PAGE_SIZE));
		assert_null(uaspace_find(&as, va + (1 + i % 3) * PAGE_SIZE));
		struct uaspace_region *r = add(va, 1 + i % 3, RW, UASPACE_PRIVATE);
		if (i % 4 == 3)
			uaspace_remove(&as, r);
	}
	/* By address, without overlap. */
	uint64_t end = 0;
	list_for_each (node, &as.regions) {
		struct uaspace_region *r = list_entry(node, struct uaspace_region, link);
		assert_true(r->va >= end + PAGE_SIZE);
		end = r->va + (uint64_t)r->page_count * PAGE_SIZE;
	}
}

static void room_is_found_below_home_when_there_is_none_above(void **state)
{
	size_t all = (ARCH_USER_END - ARCH_USER_BASE) / PAGE_SIZE;
	uint64_t va;

	(void)state;
	as.home = ARCH_USER_END - 2 * PAGE_SIZE;
	add(as.home, 2, RW, UASPACE_PRIVATE);
	assert_int_equal(uaspace_find_room(&as, 1, &va), TEE_SUCCESS);
	assert_int_equal(va, ARCH_USER_BASE);
	assert_int_equal(uaspace_find_room(&as, all - 3, &va), TEE_SUCCESS);
	assert_int_equal(uaspace_find_room(&as, all - 2, &va), TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(uaspace_find_room(&as, all + 1, &va), TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(uaspace_find_room(&as, SIZE_MAX, &va), TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(uaspace_find_room(&as, 0, &va), TEE_ERROR_OUT_OF_MEMORY);
}

static void removed_regions_give_back_everything(void **state)
{
	(void)state;
	uint32_t used = guest_a->budget.used, objects = guest_a->heap.objects;
	struct uaspace_region *own = add(BASE, 600, RW, UASPACE_PRIVATE);
	struct uaspace_region *param = add_param(BASE + 0x1000000, 100, PROT_R);

	assert_int_equal(host_ns_mappings(), 100);
	memset(uaspace_page(own, 599), 0xaa, PAGE_SIZE);
	uaspace_remove(&as, own);
	uaspace_remove(&as, param);
	uaspace_remove(&as, NULL);
	assert_null(host_user_memory(&as.arch, BASE, PROT_R));
	assert_null(host_user_memory(&as.arch, BASE + 0x1000000, PROT_R));
	assert_int_equal(host_ns_mappings(), 0);
	assert_int_equal(as.page_count, 0);
	assert_int_equal(guest_a->heap.objects, objects);
	/* Page tables stay with the address space: three blocks were touched. */
	assert_int_equal(guest_a->budget.used, used + 3);
}

static void param_regions_show_the_clients_pages_in_order(void **state)
{
	(void)state;
	add_param(BASE, 3, RW);
	for (size_t i = 0; i < 3; i++)
		assert_ptr_equal(host_user_memory(&as.arch, BASE + i * PAGE_SIZE, RW | PROT_NS),
				 host_ns(NS_PAGE + 2 * i * PAGE_SIZE));
}

/* --- user pointers: TA-064, TA-065, TA-092 ---
 */

enum {
	CODE = BASE,               /* 2 pages */
	DATA = BASE + 0x2000,      /* 2 pages, directly behind */
	STACK = BASE + 0x10000,    /* 1 page */
	SHARE = BASE + 0x20000,    /* 1 page */
	PARAM_IN = BASE + 0x30000, /* 2 pages, read-only */
	PARAM_IO = BASE + 0x40000  /* 2 pages */
};

static void map_app(void)
{
	add(CODE, 2, RX, UASPACE_SEGMENT);
	add(DATA, 2, RW, UASPACE_SEGMENT);
	add(STACK, 1, RW, UASPACE_STACK);
	add(SHARE, 1, RW, UASPACE_SHAREABLE);
	add_param(PARAM_IN, 2, PROT_R);
	add_param(PARAM_IO, 2, RW);
}

static bool may(uint64_t va, uint64_t size, unsigned flags)
{
	TEE_Result res = user_check(&as, uaddr(va), size, flags);

	assert_true(res == TEE_SUCCESS || res == TEE_ERROR_ACCESS_DENIED);
	return res == TEE_SUCCESS;
}

static void ta_092_access_rights_by_region_and_owner(void **state)
{
	const unsigned R = USER_READ, W = USER_WRITE, ANY = USER_ANY_OWNER;

	(void)state;
	map_app();
	/* Own memory: constants can be read, data and stack written. */
	assert_true(may(CODE, 0x2000, R) && !may(CODE, 1, W) && !may(CODE, 1, R | W));
	assert_true(may(DATA, 0x2000, R | W) && may(STACK, 0x1000, R | W));
	/* Memory of others needs ANY_OWNER. */
	assert_true(!may(PARAM_IN, 1, R) && may(PARAM_IN, 0x2000, R | ANY));
	assert_true(!may(PARAM_IN, 1, W | ANY) && may(PARAM_IO, 0x2000, R | W | ANY));
	assert_true(!may(SHARE, 1, R) && may(SHARE, 0x1000, R | W | ANY));
	/* Secure and not. */
	assert_true(may(DATA, 1, R | USER_SECURE) && !may(DATA, 1, R | USER_NONSECURE));
	assert_true(may(PARAM_IO, 1, R | ANY | USER_NONSECURE));
	assert_true(!may(PARAM_IO, 1, R | ANY | USER_SECURE));
	assert_false(may(DATA, 1, R | USER_SECURE | USER_NONSECURE));
	assert_false(may(PARAM_IO, 1, R | ANY | USER_SECURE | USER_NONSECURE));
	assert_true(may(DATA, 1, 0));
	assert_false(may(ARCH_USER_END - 1, 1, 0));
}

static void ta_064_ranges_at_each_edge(void **state)
{
	const unsigned RA = USER_READ | USER_ANY_OWNER;
	static const uint64_t nowhere[] = {0,
					   1,
					   2,
					   0x40000,
					   BASE - 1,
					   STACK - 1,
					   STACK + 0x1000,
					   STACK + 0x40000000,
					   0xffff800000000000,
					   UINT64_MAX};

	(void)state;
	map_app();
	for (size_t i = 0; i < array_count(nowhere); i++) {
		assert_true(may(nowhere[i], 0, RA));
		assert_false(may(nowhere[i], 1, RA));
		assert_false(may(nowhere[i], UINT64_MAX, RA));
	}
	assert_true(may(STACK + 0xfff, 1, RA) && !may(STACK + 0xfff, 2, RA));
	assert_true(may(CODE, 0x4000, RA) && !may(CODE, 0x4001, RA));
	assert_false(may(STACK, UINT64_MAX - STACK, RA));
	assert_false(may(STACK, UINT64_MAX - STACK + 1, RA));
	assert_false(may(STACK, 0 - (uint64_t)0x1000, RA));
	/* Across two regions: the weaker rights count. */
	assert_true(may(DATA - 1, 2, RA) && !may(DATA - 1, 2, RA | USER_WRITE));
}

static void copies_reach_every_page_of_every_kind(void **state)
{
	static uint8_t data[0x2000], back[0x2000];
	static const uint64_t places[] = {DATA, DATA + 1, PARAM_IO, PARAM_IO + 0xffe};

	(void)state;
	map_app();
	for (size_t i = 0; i < array_count(places); i++) {
		size_t size = sizeof(data) - (places[i] & PAGE_MASK);

		for (size_t k = 0; k < size; k++)
			data[k] = k * 7 + i;
		memset(back, 0, sizeof(back));
		assert_int_equal(user_write(&as, uaddr(places[i]), data, size, USER_ANY_OWNER),
				 TEE_SUCCESS);
		assert_int_equal(user_read(&as, back, uaddr(places[i]), size, USER_ANY_OWNER),
				 TEE_SUCCESS);
		assert_memory_equal(back, data, size);
		for (size_t k = 0; k < size; k += 511) {
			const uint8_t *byte = host_user_memory(&as.arch, places[i] + k, PROT_R);
			assert_int_equal(*byte, data[k]);
		}
	}
}

static void ta_065_arguments_that_must_be_private_refuse_parameters(void **state)
{
	char byte = 1;

	(void)state;
	map_app();
	assert_int_equal(user_read(&as, &byte, uaddr(PARAM_IO), 1, 0), TEE_ERROR_ACCESS_DENIED);
	assert_int_equal(user_read(&as, &byte, uaddr(SHARE), 1, 0), TEE_ERROR_ACCESS_DENIED);
	assert_int_equal(user_write(&as, uaddr(SHARE), &byte, 1, 0), TEE_ERROR_ACCESS_DENIED);
	assert_int_equal(user_read(&as, &byte, uaddr(STACK), 1, 0), TEE_SUCCESS);
	/* Flags of syscall 8 have no other meaning here. */
	assert_int_equal(user_write(&as, uaddr(CODE), &byte, 1, ~0u), TEE_ERROR_ACCESS_DENIED);
}

static void nothing_moves_if_any_byte_is_out_of_reach(void **state)
{
	static uint8_t data[0x3000], before[0x2000];

	(void)state;
	map_app();
	memset(data, 0x55, sizeof(data));
	assert_int_equal(user_write(&as, uaddr(DATA), data, 0x2001, 0), TEE_ERROR_ACCESS_DENIED);
	assert_int_equal(user_write(&as, uaddr(CODE + 0x1fff), data, 2, 0),
			 TEE_ERROR_ACCESS_DENIED);
	assert_int_equal(user_read(&as, before, uaddr(DATA), 0x2000, 0), TEE_SUCCESS);
	for (size_t i = 0; i < sizeof(before); i++)
		assert_int_equal(before[i], 0);
	assert_int_equal(user_read(&as, data, uaddr(DATA + 1), 0x2000, 0), TEE_ERROR_ACCESS_DENIED);
	assert_int_equal(data[0], 0x55);
	assert_int_equal(user_read(&as, NULL, uaddr(0), 0, 0), TEE_SUCCESS);
	assert_int_equal(user_write(&as, uaddr(1), NULL, 0, 0), TEE_SUCCESS);
}

static void random_ranges_agree_with_the_page_tables(void **state)
{
	uint64_t seed = 1;

	(void)state;
	map_app();
	for (unsigned i = 0; i < 20000; i++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		uint64_t va = BASE - 0x2000 + (seed >> 33) % 0x48000;
		uint64_t size = (seed >> 20) % 0x2800 + 1;
		bool write = seed >> 63, mapped = true;

		for (uint64_t at = va & ~PAGE_MASK; at < va + size; at += PAGE_SIZE)
			mapped &= host_user_memory(&as.arch, at, write ? RW : PROT_R) != NULL;
		assert_int_equal(may(va, size, USER_ANY_OWNER | (write ? USER_WRITE : USER_READ)),
				 mapped);
	}
}

static void lent_memory_is_what_others_own_already(void **state)
{
	struct page_source source;
	struct uaspace other;
	char byte = 0x77;
	unsigned prot;

	(void)state;
	map_app();
	assert_int_equal(uaspace_lend(&as, uaddr(DATA), 1, &source, &prot),
			 TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(uaspace_lend(&as, uaddr(STACK), 1, &source, &prot),
			 TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(uaspace_lend(&as, uaddr(0), 1, &source, &prot), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(uaspace_lend(&as, uaddr(PARAM_IO), 0, &source, &prot),
			 TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(uaspace_lend(&as, uaddr(PARAM_IO + 1), 0x2000, &source, &prot),
			 TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(uaspace_lend(&as, uaddr(PARAM_IO), SIZE_MAX, &source, &prot),
			 TEE_ERROR_BAD_PARAMETERS);

	assert_int_equal(uaspace_lend(&as, uaddr(PARAM_IO + 0x1004), 8, &source, &prot),
			 TEE_SUCCESS);
	assert_int_equal(prot, RW | PROT_NS);
	assert_int_equal(source.page_at(source.object, source.first).pa, NS_PAGE + 2 * PAGE_SIZE);
	assert_int_equal(uaspace_lend(&as, uaddr(SHARE), PAGE_SIZE, &source, &prot), TEE_SUCCESS);
	assert_int_equal(prot, RW);
	assert_int_equal(uaspace_init(&other, guest_a), TEE_SUCCESS);
	assert_int_equal(uaspace_add_source(&other, BASE, 1, prot, UASPACE_PARAM, &source, NULL),
			 TEE_SUCCESS);
	assert_int_equal(user_write(&other, uaddr(BASE), &byte, 1, USER_ANY_OWNER), TEE_SUCCESS);
	assert_int_equal(*(char *)host_user_memory(&as.arch, SHARE, PROT_R), 0x77);
	uaspace_destroy(&other);
	assert_non_null(host_user_memory(&as.arch, SHARE, PROT_R));
}

/* --- failures ---
 */

static TEE_Result build_and_destroy(void)
{
	struct uaspace app;
	TEE_Result res = uaspace_init(&app, guest_b);

	if (res)
		return res;
	res = uaspace_add_own(&app, BASE, 70, RW, UASPACE_PRIVATE, NULL, NULL);
	if (!res)
		res = uaspace_add_source(&app, BASE + 0x1000000, 40, RW | PROT_NS, UASPACE_PARAM,
					 &ns_source, NULL);
	if (!res)
		res = uaspace_add_own(&app, BASE + 0x2000000, 1, RX, UASPACE_SEGMENT, NULL, NULL);
	uaspace_destroy(&app);
	return res;
}

static void each_failing_allocation_leaves_nothing_behind(void **state)
{
	(void)state;
	unsigned n = fixture_fail_each(build_and_destroy, &failures.alloc_at, &failures.allocs,
				       TEE_ERROR_OUT_OF_MEMORY);
	assert_true(n > 111 + 71);
	assert_int_equal(host_ns_mappings(), 0);
}

/* I7: however many regions an app has made, interrupts are let in between them at its end. */
static void the_end_of_many_small_regions_polls_between_them(void **state)
{
	const unsigned count = 50;

	(void)state;
	for (unsigned i = 0; i < count; i++)
		add(BASE + i * 0x10000, 1, RW, UASPACE_PRIVATE);
	failures.polls = 0;
	uaspace_destroy(&as);
	assert_true(failures.polls >= count);
	assert_int_equal(uaspace_init(&as, guest_a), TEE_SUCCESS);
}

/* A page comes back with the first step, whatever else is mapped, and then with each but those that
 * free records. */
static void what_comes_back_goes_first(void **state)
{
	uint32_t before = guest_a->budget.used;
	unsigned steps = 1;

	(void)state;
	assert_int_equal(
		uaspace_add_source(&as, BASE, 200, RW | PROT_NS, UASPACE_PARAM, &ns_source, NULL),
		TEE_SUCCESS);
	add(BASE + 0x1000000, 1, RW, UASPACE_PRIVATE);
	uint32_t used = guest_a->budget.used;
	assert_true(uaspace_shrink(&as));
	assert_true(guest_a->budget.used < used);
	assert_true(uaspace_shrink(&as)); /* tables */
	assert_int_equal(host_ns_mappings(), 0);
	while (uaspace_shrink(&as))
		steps++;
	assert_int_equal(steps, 2); /* the record of the other region */
	assert_int_equal(as.page_count, 0);
	assert_int_equal(guest_a->budget.used, before);
}

/* The same for what its system calls have made. */
static void the_end_of_many_objects_is_in_steps(void **state)
{
	struct ta_instance instance = {.guest = guest_a};
	uint32_t before = guest_a->heap.objects;

	(void)state;
	list_init(&instance.objects);
	for (unsigned i = 0; i < OBJECTS_MAX; i++)
		assert_non_null(object_new(&instance, OBJECT_DIGEST, 256));
	unsigned steps = 1;
	while (object_free_some(&instance))
		steps++;
	assert_int_equal(steps, OBJECTS_MAX / 16);
	assert_true(list_empty(&instance.objects));
	assert_int_equal(guest_a->heap.objects, before);
}

static void a_guest_that_dies_at_any_poll_leaves_nothing_behind(void **state)
{
	(void)state;
	uint32_t used = fixture_pages_used();
	/* Before each fourth page, the first one included. */
	const unsigned polls = (70 + 3) / 4 + (40 + 3) / 4 + 1;
	for (unsigned at = 1; at < polls + 12; at++) {
		fixture_no_failures();
		failures.poll_at = at;
		TEE_Result res = build_and_destroy();
		assert_true(res == TEE_SUCCESS || res == TEE_ERROR_TARGET_DEAD);
		assert_int_equal(res, at <= polls ? TEE_ERROR_TARGET_DEAD : TEE_SUCCESS);
		assert_int_equal(fixture_pages_used(), used);
		assert_int_equal(host_ns_mappings(), 0);
	}
}

static void long_copies_give_way(void **state)
{
	static char data[64 * 4096];

	(void)state;
	add(BASE, 64, RW, UASPACE_PRIVATE);
	fixture_no_failures();
	assert_int_equal(user_write(&as, uaddr(BASE), data, sizeof(data), 0), TEE_SUCCESS);
	assert_in_range(failures.polls, 3, 5);
	failures.poll_at = failures.polls + 2;
	assert_int_equal(user_read(&as, data, uaddr(BASE), sizeof(data), 0), TEE_ERROR_TARGET_DEAD);
	fixture_no_failures();
}

/* --- page lists ---
 */

static void page_lists_of_any_length_keep_their_order(void **state)
{
	static const size_t counts[] = {0, 1, 5, 6, 7, 100, 501, 502, 503, 1600};
	struct page_list list;

	(void)state;
	for (size_t i = 0; i < array_count(counts); i++) {
		page_list_init(&list, &guest_a->heap);
		for (uintptr_t n = 0; n < counts[i]; n++)
			assert_int_equal(page_list_append(&list, (void *)(n + 1),
							  i % 2 ? counts[i] - n - 1 : 0),
					 TEE_SUCCESS);
		for (uintptr_t n = 0; n < counts[i]; n++)
			assert_ptr_equal(page_list_get(&list, n), (void *)(n + 1));
		for (uintptr_t n = counts[i]; n > 0; n--)
			assert_ptr_equal(page_list_pop(&list), (void *)n);
		assert_null(page_list_pop(&list));
		assert_null(list.first);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(own_pages_are_zero_and_mapped_with_their_rights_only),
		TEST(bad_regions_are_refused),
		TEST(a_filler_sees_each_page_before_it_is_mapped),
		TEST(room_has_an_unmapped_page_on_both_sides),
		TEST(room_is_found_below_home_when_there_is_none_above),
		TEST(removed_regions_give_back_everything),
		TEST(param_regions_show_the_clients_pages_in_order),
		TEST(ta_092_access_rights_by_region_and_owner),
		TEST(ta_064_ranges_at_each_edge),
		TEST(copies_reach_every_page_of_every_kind),
		TEST(ta_065_arguments_that_must_be_private_refuse_parameters),
		TEST(nothing_moves_if_any_byte_is_out_of_reach),
		TEST(random_ranges_agree_with_the_page_tables),
		TEST(lent_memory_is_what_others_own_already),
		TEST(each_failing_allocation_leaves_nothing_behind),
		TEST(the_end_of_many_small_regions_polls_between_them),
		TEST(what_comes_back_goes_first),
		TEST(the_end_of_many_objects_is_in_steps),
		TEST(a_guest_that_dies_at_any_poll_leaves_nothing_behind),
		TEST(long_copies_give_way),
		TEST(page_lists_of_any_length_keep_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
