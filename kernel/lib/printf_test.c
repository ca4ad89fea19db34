/* SPDX-License-Identifier: BSD-2-Clause */
/* The target's vsnprintf() against the machine's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

int own_snprintf(char *to, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define same(...)                                                                                  \
	do {                                                                                       \
		char own[128], reference[128];                                                     \
		int length = own_snprintf(own, sizeof(own), __VA_ARGS__);                          \
		assert_int_equal(length, snprintf(reference, sizeof(reference), __VA_ARGS__));     \
		assert_string_equal(own, reference);                                               \
	} while (0)

static void integers_of_every_size_print_as_the_c_library_does(void **state)
{
	(void)state;
	same("%d %i %u", 0, -1, 4294967295u);
	same("%d %ld %lld", INT32_MIN, (long)INT64_MIN, (long long)INT64_MIN);
	same("%hhu %hu %hhd %hd", (unsigned char)255, (unsigned short)65535, (signed char)-128,
	     (short)-32768);
	same("%x %X %llx %zu", 0xdeadbeefu, 0xdeadbeefu, ~0ull, (size_t)-1);
	same("%llu", UINT64_MAX + 0ull);
}

static void width_padding_and_precision_print_as_the_c_library_does(void **state)
{
	(void)state;
	same("[%5d] [%-5d] [%05d] [%5d] [%05d]", 42, 42, 42, -42, -42);
	same("[%08x] [%-8x] [%2x]", 0xabcu, 0xabcu, 0xabcdu);
	same("[%6.3d] [%.0d] [%.5u]", 7, 0, 12u);
	same("[%s] [%6s] [%-6s] [%.2s] [%6.2s] [%.*s]", "abc", "abc", "abc", "abc", "abc", 1,
	     "abc");
	same("[%*d] [%c] [%%] [%3c]", 6, 1, 'x', 'y');
	same("%p", (void *)0x1234);
}

static void text_that_does_not_fit_is_cut_and_its_length_still_told(void **state)
{
	char text[5] = "####";

	(void)state;
	assert_int_equal(own_snprintf(text, sizeof(text), "%s-%d", "abc", 1234), 8);
	assert_string_equal(text, "abc-");
	assert_int_equal(own_snprintf(text, 1, "x%d", 1), 2);
	assert_string_equal(text, "");
	text[0] = 'q';
	assert_int_equal(own_snprintf(text, 0, "%d", 12345), 5);
	assert_int_equal(text[0], 'q');
}

static void a_precision_bounds_what_is_read_of_an_unterminated_text(void **state)
{
	char text[8];
	const char raw[3] = {'a', 'b', 'c'};

	(void)state;
	assert_int_equal(own_snprintf(text, sizeof(text), "%.3s", raw), 3);
	assert_string_equal(text, "abc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_of_every_size_print_as_the_c_library_does),
		cmocka_unit_test(width_padding_and_precision_print_as_the_c_library_does),
		cmocka_unit_test(text_that_does_not_fit_is_cut_and_its_length_still_told),
		cmocka_unit_test(a_precision_bounds_what_is_read_of_an_unterminated_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
