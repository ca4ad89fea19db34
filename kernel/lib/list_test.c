/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists as a whole: order, and that they are closed in both directions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel/lib/list.h"

#define NODES 6

static struct list node[NODES];
static struct list a, b;

static int start(void **state)
{
	(void)state;
	list_init(&a);
	list_init(&b);
	return 0;
}

/* l is count nodes in a row, from node[first] on, going round at wrap. */
static void assert_is(const struct list *l, unsigned first, unsigned count, unsigned wrap)
{
	const struct list *pos = l;

	for (unsigned i = 0; i < count; i++) {
		assert_ptr_equal(pos->next, &node[(first + i) % wrap]);
		assert_ptr_equal(pos->next->prev, pos);
		pos = pos->next;
	}
	assert_ptr_equal(pos->next, l);
	assert_ptr_equal(l->prev, pos);
}

static void append(struct list *l, unsigned first, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		list_insert(l, &node[first + i]);
}

static void a_spliced_list_follows_the_other_and_is_empty(void **state)
{
	(void)state;
	for (unsigned from = 0; from <= 3; from++) {
		for (unsigned to = 0; to <= 3; to++) {
			start(NULL);
			append(&a, 0, to);
			append(&b, to, from);
			list_splice(&b, &a);
			assert_is(&a, 0, to + from, NODES);
			assert_true(list_empty(&b));
			list_insert(&b, &node[NODES - 1]); /* it can be used again */
			assert_false(list_empty(&b));
		}
	}
}

static void a_rotated_list_begins_with_the_node_and_keeps_its_order(void **state)
{
	(void)state;
	for (unsigned count = 1; count <= 3; count++) {
		for (unsigned first = 0; first < count; first++) {
			start(NULL);
			append(&a, 0, count);
			list_rotate(&a, &node[first]);
			assert_is(&a, first, count, count);
			list_rotate(&a, &a);
			assert_is(&a, first, count, count);
		}
	}
	list_rotate(&b, &b);
	assert_true(list_empty(&b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_spliced_list_follows_the_other_and_is_empty, start),
		cmocka_unit_test_setup(a_rotated_list_begins_with_the_node_and_keeps_its_order,
				       start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
