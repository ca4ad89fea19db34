/* SPDX-License-Identifier: BSD-2-Clause */
/* Guests of a shared app that die, wherever they are; and memory that runs out. */
#include "kernel/ta/shared_test.h"

static void a_holder_that_is_destroyed_gives_back_what_it_held(void **state)
{
	uint32_t a, b, abandoned;

	(void)state;
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_int_equal(open_app(&two, &b), TEE_SUCCESS);
	assert_int_equal(invoke(&one, a, LOCK, NULL), TEE_SUCCESS);
	assert_true(leave(&two, b, LOCK, 0));
	model_destroy(&one);
	/* The app was told by nobody yet: the waiter is woken to do it. */
	assert_int_equal(app.closed, 0);
	assert_int_equal(take_notifications(&two), 1);
	assert_int_equal(finish(&two, &abandoned), TEE_SUCCESS);
	assert_int_equal(abandoned, 1);
	assert_int_equal(app.closed, 1);
	assert_int_equal(app.closed_sessions[0], app.session_numbers[0]);
}

/* Nobody waits: the next caller does it, before its own command. */
static void the_next_caller_is_first_to_run_what_is_due(void **state)
{
	uint32_t a, b, abandoned;

	(void)state;
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_int_equal(open_app(&two, &b), TEE_SUCCESS);
	assert_int_equal(invoke(&one, a, LOCK, NULL), TEE_SUCCESS);
	model_destroy(&one);
	assert_int_equal(app.closed, 0);
	assert_int_equal(invoke(&two, b, LOCK, &abandoned), TEE_SUCCESS);
	assert_int_equal(app.closed, 2);
	assert_int_equal(abandoned, 1);
}

static void a_woken_waiter_that_dies_passes_the_wake_up_on(void **state)
{
	uint32_t a, b, c, abandoned;

	(void)state;
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_int_equal(open_app(&two, &b), TEE_SUCCESS);
	assert_int_equal(open_app(&three, &c), TEE_SUCCESS);
	assert_int_equal(invoke(&one, a, LOCK, NULL), TEE_SUCCESS);
	assert_true(leave(&two, b, LOCK, 0));
	assert_true(leave(&three, c, LOCK, 0));
	assert_int_equal(invoke(&one, a, UNLOCK, NULL), TEE_SUCCESS);
	assert_int_equal(take_notifications(&three), 0);
	model_destroy(&two);
	assert_true(take_notifications(&three) > 0);
	assert_int_equal(finish(&three, &abandoned), TEE_SUCCESS);
	assert_int_equal(abandoned, 0);
}

/* I3: who was woken for what a dead guest left never comes. Another one that looks up from its
 * sleep does it, and is not left to wait for ever. */
static void what_is_left_to_one_that_never_comes_is_done_by_another(void **state)
{
	uint32_t a, b, c, abandoned = 0;

	(void)state;
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_int_equal(open_app(&two, &b), TEE_SUCCESS);
	assert_int_equal(open_app(&three, &c), TEE_SUCCESS);
	assert_int_equal(invoke(&one, a, LOCK, NULL), TEE_SUCCESS);
	assert_true(leave(&two, b, LOCK, 0));
	assert_true(leave(&one, a, HALVES, 0));
	assert_true(leave(&three, c, ECHO, 0));
	assert_true(leave(&three, c, ECHO, 0));
	model_destroy(&one);
	/* For the command that was cut, and for the session that is due. */
	assert_int_equal(take_notifications(&three), 2);
	assert_int_equal(take_notifications(&two), 0);
	stop_again(&two, 8);
	assert_int_equal(finish(&two, &abandoned), TEE_SUCCESS);
	assert_int_equal(abandoned, 1);
	assert_int_equal(app.closed, 1);
}

/* One that waits for its turn, woken, dies: the next one in the queue is woken. */
static void a_turn_that_is_not_taken_is_passed_on(void **state)
{
	uint32_t a, b, c;

	(void)state;
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_int_equal(open_app(&two, &b), TEE_SUCCESS);
	assert_int_equal(open_app(&three, &c), TEE_SUCCESS);
	assert_true(leave(&one, a, HALVES, 0));
	assert_true(leave(&two, b, HALVES, 0));
	assert_true(leave(&three, c, LOCK, 0));
	assert_int_equal(finish(&one, NULL), TEE_SUCCESS);
	assert_int_equal(take_notifications(&three), 0);
	model_destroy(&two);
	assert_true(take_notifications(&three) > 0);
	assert_int_equal(finish(&three, NULL), TEE_SUCCESS);
	assert_int_equal(app.closed, 1);
}

static void a_command_whose_guest_dies_comes_to_its_end_in_anothers_call(void **state)
{
	uint32_t a, b;

	(void)state;
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_int_equal(open_app(&two, &b), TEE_SUCCESS);
	assert_true(leave(&one, a, HALVES, 0));
	assert_int_equal(app.halves, 1);
	model_destroy(&one);
	assert_int_equal(app.halves, 1); /* its app is not entered for a dying guest */
	assert_int_equal(invoke(&two, b, LOCK, NULL), TEE_SUCCESS);
	assert_int_equal(app.halves, 2);
	assert_int_equal(app.closed, 1);
	/* It was not begun anew. */
	assert_int_equal(invoke(&two, b, HALVES, NULL), TEE_SUCCESS);
	assert_int_equal(app.halves, 4);
}

/* The one that ends it for the first is destroyed, too: the third goes on. */
static void a_command_may_lose_several_guests(void **state)
{
	uint32_t a, b, c;

	(void)state;
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_int_equal(open_app(&two, &b), TEE_SUCCESS);
	assert_int_equal(open_app(&three, &c), TEE_SUCCESS);
	assert_true(leave(&one, a, THIRDS, 0));
	model_destroy(&one);
	assert_true(leave(&two, b, LOCK, 0)); /* inside the command of the first */
	assert_int_equal(app.halves, 2);
	assert_int_equal(app.holder, 0);
	model_destroy(&two);
	assert_int_equal(invoke(&three, c, LOCK, NULL), TEE_SUCCESS);
	assert_int_equal(app.halves, 3);
	assert_int_equal(app.closed, 2);
	assert_int_equal(app.holder, app.session_numbers[2]);
}

static void time_in_a_cut_command_counts_on(void **state)
{
	uint32_t a, b;

	(void)state;
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_int_equal(open_app(&two, &b), TEE_SUCCESS);
	assert_true(leave(&one, a, SPIN, 20));
	model_destroy(&one);
	/* Its next caller runs it until its time is over, and then finds the app dead. */
	assert_int_equal(invoke(&two, b, LOCK, NULL), TEE_ERROR_TARGET_DEAD);
	memset(&app, 0, sizeof(app));
	assert_int_equal(open_app(&two, &b), TEE_SUCCESS);
	assert_int_equal(invoke(&two, b, LOCK, NULL), TEE_SUCCESS);
}

/* A session becomes due while another guest is inside, and the one who waits does not wait for the
 * turn. */
static void what_becomes_due_meanwhile_wakes_a_waiter(void **state)
{
	uint32_t a, b, c, abandoned;

	(void)state;
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_int_equal(open_app(&two, &b), TEE_SUCCESS);
	assert_int_equal(open_app(&three, &c), TEE_SUCCESS);
	assert_int_equal(invoke(&one, a, LOCK, NULL), TEE_SUCCESS);
	assert_true(leave(&three, c, LOCK, 0));
	assert_true(leave(&two, b, HALVES, 0));
	model_destroy(&one);
	assert_int_equal(take_notifications(&three), 0);
	assert_int_equal(finish(&two, NULL), TEE_SUCCESS);
	assert_true(take_notifications(&three) > 0);
	assert_int_equal(finish(&three, &abandoned), TEE_SUCCESS);
	assert_int_equal(abandoned, 1);
}

/* Nobody is left: everything goes, what is due is not run. */
static void the_last_guest_takes_the_app_with_it(void **state)
{
	uint32_t a;

	(void)state;
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_true(leave(&one, a, HALVES, 0));
	model_destroy(&one);
	assert_int_equal(app.halves, 1);
	memset(&app, 0, sizeof(app));
	assert_int_equal(open_app(&two, &a), TEE_SUCCESS);
	assert_int_equal(app.entries, 1);
	assert_int_equal(invoke(&two, a, LOCK, NULL), TEE_SUCCESS);
}

/* Attack row 21: also if its id is a number that the kernel uses for itself. */
static void the_last_guest_takes_the_app_with_it_whatever_its_id_is(void **state)
{
	struct model strange;
	struct page_totals before, after;
	uint32_t a;

	(void)state;
	/* One has fetched the file, and gone. */
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_int_equal(model_close(&one, a), TEE_SUCCESS);
	while (image_reclaim(&system_budget))
		;
	pages_totals(&before);
	model_start(&strange, GUEST_SHARED_OWNER);
	strange.ta_file = one.ta_file;
	strange.ta_size = one.ta_size;
	assert_int_equal(open_app(&strange, &a), TEE_SUCCESS);
	model_destroy(&strange);
	while (image_reclaim(&system_budget))
		;
	pages_totals(&after);
	assert_int_equal(after.free, before.free);
}

/* A destroyer that is to come back gets EBUSY while interrupts wait, and loses nothing. */
static void an_end_in_pieces_is_an_end(void **state)
{
	static const unsigned most = 10000;
	uint32_t a, b;
	unsigned rounds = 0;

	(void)state;
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 2, 0, 0).a[0], SMC_OK);
	assert_int_equal(model_admin(SMC_VM_CREATED, 2, 0, 0).a[0], SMC_OK);
	struct smc_args r = {{SMC_TENON_GUEST_CONFIGURE, 2, TENON_KEY_RESTARTABLE, 1}};
	entry_fast(&r);
	assert_int_equal(r.a[0], SMC_OK);
	two.used = 0;
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_int_equal(open_app(&two, &b), TEE_SUCCESS);
	assert_int_equal(invoke(&two, b, LOCK, NULL), TEE_SUCCESS);
	assert_int_equal(model_close(&one, a), TEE_SUCCESS);
	host_foreign_pending = true;
	while (model_admin(SMC_VM_DESTROYED, 2, 0, 0).a[0] == SMC_EBUSY && rounds < most)
		rounds++;
	host_foreign_pending = false;
	assert_in_range(rounds, 3, most - 1);
}

/* --- at each exit --------------------------------------------------------------------------------
 */

/* What guest 2 is doing when it is destroyed. */
enum doing {
	OPENING,
	WAITING,
	RUNNING,
	CLOSING,
	DOINGS
};

static bool begin(enum doing doing, uint32_t session, unsigned exits)
{
	switch (doing) {
	case OPENING:
		return leave_open(&two, exits);
	case WAITING:
		return leave(&two, session, LOCK, exits);
	case RUNNING:
		return leave(&two, session, THIRDS, exits);
	default:
		return leave_close(&two, session, exits);
	}
}

/* Guest 1 uses the app before and after. With interrupts that wait each poll is an exit. */
static bool dies_at(enum doing doing, unsigned exits, bool interrupts)
{
	uint32_t a, b = 0, c, abandoned;

	shared_stop(NULL);
	shared_start(NULL);
	assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
	assert_int_equal(open_app(&three, &c), TEE_SUCCESS);
	assert_int_equal(invoke(&one, a, LOCK, NULL), TEE_SUCCESS);
	if (doing != OPENING)
		assert_int_equal(open_app(&two, &b), TEE_SUCCESS);
	host_foreign_pending = interrupts;
	bool left = begin(doing, b, exits);
	host_foreign_pending = false;
	if (left) {
		assert_true(leave(&three, c, LOCK, 0));
		model_destroy(&two);
		assert_int_equal(invoke(&one, a, UNLOCK, NULL), TEE_SUCCESS);
		assert_int_equal(finish(&three, &abandoned), TEE_SUCCESS);
		assert_int_equal(abandoned, 0);
		assert_int_equal(invoke(&three, c, UNLOCK, NULL), TEE_SUCCESS);
		/* Each session that the app was shown has been closed but these two. */
		assert_int_equal(app.closed, app.opened - 2);
		assert_int_equal(app.holder, 0);
	}
	return left;
}

static void a_guest_may_die_at_each_exit(void **state)
{
	(void)state;
	for (unsigned interrupts = 0; interrupts < 2; interrupts++) {
		for (enum doing doing = OPENING; doing < DOINGS; doing++) {
			unsigned exits = 0;
			/* One that waits leaves as often as one lets it. */
			while (exits < 30 && dies_at(doing, exits, interrupts))
				exits++;
			assert_true(exits > 0 || doing == CLOSING);
		}
	}
}

/* --- memory --------------------------------------------------------------------------------------
 */

/* The whole way of guest 2: SUCCESS, or the first error; nothing remains of it. */
static TEE_Result lives(uint64_t pa)
{
	uint32_t b;
	TEE_Result res = open_app(&two, &b);

	if (res)
		return res;
	res = model_register(&two, pa, 4 * PAGE_SIZE, 0x77);
	if (!res) {
		struct model_message m = model_invocation(b, ECHO, 1);
		m.params[0].attr = MSG_ATTR_RMEM_INOUT;
		m.params[0].u.rmem = (struct msg_rmem){0, 4 * PAGE_SIZE, 0x77};
		uint32_t a0 = model_call(&two, &m);
		res = a0 ? TEE_ERROR_OUT_OF_MEMORY : m.header.ret;
		if (!a0)
			assert_int_equal(model_unregister(&two, 0x77), TEE_SUCCESS);
	}
	assert_int_equal(model_close(&two, b), TEE_SUCCESS);
	return res == TEE_SUCCESS || res == TEE_ERROR_OUT_OF_MEMORY ? res : TEE_ERROR_GENERIC;
}

static void memory_may_run_out_anywhere(void **state)
{
	for (unsigned others = 0; others < 2; others++) {
		for (unsigned n = 1;; n++) {
			uint32_t a;

			shared_stop(state);
			shared_start(state);
			uint64_t pa = model_alloc(&two, 4 * PAGE_SIZE);
			if (others)
				assert_int_equal(open_app(&one, &a), TEE_SUCCESS);
			chance.allocations = 0;
			chance.fail_at = n;
			TEE_Result res = lives(pa);
			bool reached = chance.allocations >= n;
			chance.fail_at = 0;
			if (res)
				assert_true(res == TEE_ERROR_OUT_OF_MEMORY ||
					    res == (0xAAAA0000u | SMC_ENOMEM));
			if (!reached) {
				assert_int_equal(res, TEE_SUCCESS);
				assert_true(n > 10);
				break;
			}
			/* Nobody else noticed, and it goes the next time. */
			if (others)
				assert_int_equal(invoke(&one, a, HALVES, NULL), TEE_SUCCESS);
			else
				memset(&app, 0, sizeof(app));
			assert_int_equal(lives(pa), TEE_SUCCESS);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_left_to_one_that_never_comes_is_done_by_another),
		TEST(a_holder_that_is_destroyed_gives_back_what_it_held),
		TEST(the_next_caller_is_first_to_run_what_is_due),
		TEST(a_woken_waiter_that_dies_passes_the_wake_up_on),
		TEST(a_turn_that_is_not_taken_is_passed_on),
		TEST(a_command_whose_guest_dies_comes_to_its_end_in_anothers_call),
		TEST(a_command_may_lose_several_guests),
		TEST(time_in_a_cut_command_counts_on),
		TEST(what_becomes_due_meanwhile_wakes_a_waiter),
		TEST(the_last_guest_takes_the_app_with_it),
		TEST(the_last_guest_takes_the_app_with_it_whatever_its_id_is),
		TEST(an_end_in_pieces_is_an_end),
		TEST(a_guest_may_die_at_each_exit),
		TEST(memory_may_run_out_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
