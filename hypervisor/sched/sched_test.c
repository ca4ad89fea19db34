/* SPDX-License-Identifier: BSD-2-Clause */
/* Who gets how much of a CPU, and timers that several CPUs start. */
#include <arch/arch.h>
#include <lib/test.h>
#include <sched/sched.h>

#define SLICE  (62ull * 4000) /* ticks */
#define ROUNDS 1000u

static char a_vcpu; /* the scheduler asks only whether one is loaded */

static int setup(void **state)
{
	(void)state;
	memset(cpus, 0, sizeof(cpus));
	for (unsigned i = 0; i < MAX_CPUS; i++)
		cpus[i].index = i;
	host_cpu = &cpus[0];
	host_time = 1;
	sched_init();
	return 0;
}

/* Runs whoever is next; ticks are what is left of its slice. */
static struct sched_item *run(uint64_t *left)
{
	struct sched_item *item = sched_pick(host_cpu);

	assert_non_null(item);
	host_cpu->vcpu = (struct vcpu *)(void *)&a_vcpu;
	sched_slice_begin(host_cpu);
	assert_true(host_deadline > host_time);
	*left = host_deadline - host_time;
	return item;
}

static void put(struct sched_item *item, enum item_state to)
{
	host_cpu->vcpu = NULL;
	sched_put(host_cpu, item, to);
}

struct share {
	uint64_t ticks;
	unsigned picks;
};

/*
 * One that uses its slices up, and @count that block so many ticks before the end of theirs and are
 * woken at once. shares[0] is of the first.
 */
static void compete(unsigned count, uint64_t early, struct share *shares)
{
	struct sched_item items[8];

	assert_true(count < ARRAY_SIZE(items));
	memset(shares, 0, (count + 1) * sizeof(*shares));
	for (unsigned i = 0; i <= count; i++) {
		sched_item_init(&items[i], NULL);
		sched_start(&items[i]);
	}
	for (unsigned n = 0; n < ROUNDS; n++) {
		uint64_t left;
		struct sched_item *item = run(&left);
		unsigned i = (unsigned)(item - items);

		if (i != 0 && left > early)
			left -= early;
		host_time += left;
		shares[i].ticks += left;
		shares[i].picks++;
		put(item, i == 0 ? ITEM_QUEUED : ITEM_BLOCKED);
		sched_wake(item); /* the first is queued already */
	}
}

static void who_blocks_as_its_slice_ends_is_picked_no_more_often(void **state)
{
	struct share shares[6];

	(void)state;
	compete(5, 0, shares);
	for (unsigned i = 1; i < 6; i++)
		assert_in_range(shares[i].picks, shares[0].picks - 2, shares[0].picks + 2);
}

static void who_blocks_just_before_its_slice_ends_gets_no_more_time(void **state)
{
	static const uint64_t early[] = {1, 100, 6200, SLICE / 2};

	for (unsigned e = 0; e < ARRAY_SIZE(early); e++) {
		struct share shares[5];

		for (unsigned count = 1; count <= 4; count++) {
			setup(state);
			compete(count, early[e], shares);
			for (unsigned i = 1; i <= count; i++)
				assert_in_range(shares[i].ticks, 0, shares[0].ticks + 2 * SLICE);
		}
	}
}

static void what_wakes_with_time_left_goes_first_and_has_only_that(void **state)
{
	struct sched_item waker, spinners[3];
	uint64_t left;

	(void)state;
	sched_item_init(&waker, NULL);
	sched_start(&waker);
	assert_ptr_equal(run(&left), &waker);
	assert_int_equal(left, SLICE);
	host_time += SLICE / 4;
	put(&waker, ITEM_BLOCKED);
	for (unsigned i = 0; i < ARRAY_SIZE(spinners); i++) {
		sched_item_init(&spinners[i], NULL);
		sched_start(&spinners[i]);
	}
	/* Their first picks are boosts, their second ones are not. */
	for (unsigned i = 0; i < 2 * ARRAY_SIZE(spinners); i++) {
		struct sched_item *item = run(&left);

		host_time += left;
		put(item, ITEM_QUEUED);
	}
	sched_wake(&waker);
	assert_ptr_equal(run(&left), &waker);
	assert_int_equal(left, SLICE - SLICE / 4);
	host_time += left;
	put(&waker, ITEM_BLOCKED);
	sched_wake(&waker); /* behind the others, and then with a whole slice */
	for (unsigned i = 0; i < ARRAY_SIZE(spinners); i++) {
		struct sched_item *item = run(&left);

		assert_ptr_equal(item, &spinners[i]);
		host_time += left;
		put(item, ITEM_QUEUED);
	}
	assert_ptr_equal(run(&left), &waker);
	assert_int_equal(left, SLICE);
}

static void what_is_woken_while_it_runs_does_not_block(void **state)
{
	struct sched_item item;
	uint64_t left;

	(void)state;
	sched_item_init(&item, NULL);
	sched_start(&item);
	assert_ptr_equal(run(&left), &item);
	sched_wake(&item);
	put(&item, ITEM_BLOCKED);
	assert_true(sched_waiting());
	assert_ptr_equal(run(&left), &item);
	put(&item, ITEM_BLOCKED);
	assert_false(sched_waiting());
}

static unsigned expired;

static void count_expiry(struct timer *timer)
{
	(void)timer;
	expired++;
}

static void a_timer_that_two_cpus_start_expires_once_where_it_was_started_last(void **state)
{
	struct timer timers[3];

	(void)state;
	expired = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(timers); i++) {
		timers[i].expire = count_expiry;
		list_init(&timers[i].link);
	}
	timer_start(&timers[0], 1000);
	timer_start(&timers[1], 500);
	host_cpu = &cpus[1];
	timer_start(&timers[2], 800);
	timer_start(&timers[1], 900);
	assert_int_equal(host_deadline, 800);
	host_time = 2000;
	sched_timer_interrupt(&cpus[0]);
	assert_int_equal(expired, 1);
	assert_true(list_empty(&cpus[0].timers));
	sched_timer_interrupt(&cpus[1]);
	assert_int_equal(expired, 3);
	assert_true(list_empty(&cpus[1].timers));
	timer_cancel(&timers[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(who_blocks_as_its_slice_ends_is_picked_no_more_often, setup),
		cmocka_unit_test_setup(who_blocks_just_before_its_slice_ends_gets_no_more_time,
				       setup),
		cmocka_unit_test_setup(what_wakes_with_time_left_goes_first_and_has_only_that,
				       setup),
		cmocka_unit_test_setup(what_is_woken_while_it_runs_does_not_block, setup),
		cmocka_unit_test_setup(
			a_timer_that_two_cpus_start_expires_once_where_it_was_started_last, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
