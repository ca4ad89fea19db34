/* SPDX-License-Identifier: BSD-2-Clause */
#include <lib/format.h>
#include <lib/random.h>
#include <lib/test.h>

static void every_conversion_prints_what_printf_would(void **state)
{
	char buf[128];

	(void)state;
	str_format(buf, sizeof(buf), "%s|%c|%d|%u|%x|%lx|%lu|%016lx|%5u|%%", "str", 'c', -12, 34u,
		   0xABu, 0x123456789ABCul, 18446744073709551615ul, 0xFul, 42u);
	assert_string_equal(buf, "str|c|-12|34|ab|123456789abc|18446744073709551615|"
				 "000000000000000f|   42|%");
}

static void what_does_not_fit_is_cut_and_ended(void **state)
{
	char buf[8];

	(void)state;
	assert_int_equal(str_format(buf, sizeof(buf), "%s", "0123456789"), 7);
	assert_string_equal(buf, "0123456");
	assert_int_equal(str_format(buf, 1, "%d", 5), 0);
	assert_string_equal(buf, "");
}

static void numbers_are_read_whole_or_not_at_all(void **state)
{
	static const char *const wrong[] = {
		"", "0x", "12a", "-1", " 1", "0xg", "18446744073709551616"};
	uint64_t v;

	(void)state;
	assert_true(str_to_number("18446744073709551615", &v));
	assert_int_equal(v, ~0ull);
	assert_true(str_to_number("0xfF", &v));
	assert_int_equal(v, 255);
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(str_to_number(wrong[i], &v));
}

static void words_are_split_at_blanks(void **state)
{
	char line[] = "  kill 2\trpc ", *at = line;

	(void)state;
	assert_string_equal(str_next_word(&at), "kill");
	assert_string_equal(str_next_word(&at), "2");
	assert_string_equal(str_next_word(&at), "rpc");
	assert_null(str_next_word(&at));
	assert_null(str_next_word(&at));
}

static void seeds_differ_and_depend_on_what_was_mixed_in(void **state)
{
	uint8_t a[64], b[64], c[100];

	(void)state;
	random_fill(a, sizeof(a));
	random_fill(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	random_mix("seed", 4);
	random_fill(c, sizeof(c));
	assert_memory_not_equal(c, a, sizeof(a));
	assert_memory_not_equal(c, c + 50, 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_conversion_prints_what_printf_would),
		cmocka_unit_test(what_does_not_fit_is_cut_and_ended),
		cmocka_unit_test(numbers_are_read_whole_or_not_at_all),
		cmocka_unit_test(words_are_split_at_blanks),
		cmocka_unit_test(seeds_differ_and_depend_on_what_was_mixed_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
