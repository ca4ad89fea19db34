/* SPDX-License-Identifier: BSD-2-Clause */
/* The target's memory and string functions against the machine's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

void *own_memcpy(void *to, const void *from, size_t size);
void *own_memmove(void *to, const void *from, size_t size);
void *own_memset(void *to, int value, size_t size);
int own_memcmp(const void *a, const void *b, size_t size);
void *own_memchr(const void *s, int c, size_t size);
size_t own_strlen(const char *s);
size_t own_strnlen(const char *s, size_t max);
int own_strcmp(const char *a, const char *b);
int own_strncmp(const char *a, const char *b, size_t max);
char *own_strchr(const char *s, int c);
char *own_strrchr(const char *s, int c);

#define ROOM 700

static const size_t sizes[] = {0,  1,  2,  3,  7,  8,   9,   15,  16,  17,  31,
			       32, 33, 63, 64, 65, 127, 128, 255, 256, 257, 511};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

static void fill(uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * 7 + 3);
}

static void memcpy_copies_every_size_at_every_alignment_and_nothing_else(void **state)
{
	uint8_t from[ROOM], to[ROOM], expected[ROOM];

	(void)state;
	fill(from, ROOM);
	for (size_t s = 0; s < SIZES; s++)
		for (size_t a = 0; a < 16; a++)
			for (size_t b = 0; b < 16; b++) {
				memset(to, 0xee, ROOM);
				memset(expected, 0xee, ROOM);
				memcpy(expected + 16 + a, from + b, sizes[s]);
				assert_ptr_equal(own_memcpy(to + 16 + a, from + b, sizes[s]),
						 to + 16 + a);
				assert_memory_equal(to, expected, ROOM);
			}
}

static void memmove_is_right_for_every_overlap(void **state)
{
	uint8_t bytes[ROOM], expected[ROOM];

	(void)state;
	for (size_t s = 0; s < SIZES; s++)
		for (int shift = -70; shift <= 70; shift++) {
			fill(bytes, ROOM);
			fill(expected, ROOM);
			memmove(expected + 80 + shift, expected + 80, sizes[s]);
			own_memmove(bytes + 80 + shift, bytes + 80, sizes[s]);
			assert_memory_equal(bytes, expected, ROOM);
		}
}

static void memset_fills_exactly_its_range(void **state)
{
	uint8_t bytes[ROOM], expected[ROOM];

	(void)state;
	for (size_t s = 0; s < SIZES; s++)
		for (size_t a = 0; a < 16; a++)
			for (int value = 0; value < 512; value += 0xa5) {
				fill(bytes, ROOM);
				fill(expected, ROOM);
				memset(expected + a, value, sizes[s]);
				own_memset(bytes + a, value, sizes[s]);
				assert_memory_equal(bytes, expected, ROOM);
			}
}

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

static void memcmp_orders_by_the_first_different_byte(void **state)
{
	uint8_t a[64], b[64];

	(void)state;
	for (size_t size = 0; size <= 40; size++)
		for (size_t at = 0; at < 40; at++)
			for (int difference = -1; difference <= 1; difference += 2) {
				memset(a, 0x80, sizeof(a));
				memset(b, 0x80, sizeof(b));
				b[at] = (uint8_t)(0x80 + difference);
				assert_int_equal(sign(own_memcmp(a, b, size)),
						 sign(memcmp(a, b, size)));
			}
}

static void searches_agree_with_the_c_library(void **state)
{
	const char *text = "abcabc";

	(void)state;
	assert_ptr_equal(own_strchr(text, 'b'), strchr(text, 'b'));
	assert_ptr_equal(own_strrchr(text, 'b'), strrchr(text, 'b'));
	assert_ptr_equal(own_strchr(text, 0), strchr(text, 0));
	assert_ptr_equal(own_strrchr(text, 0), strrchr(text, 0));
	assert_null(own_strchr(text, 'x'));
	assert_null(own_strrchr(text, 'x'));
	assert_ptr_equal(own_memchr(text, 'c', 6), text + 2);
	assert_null(own_memchr(text, 'c', 2));
	assert_int_equal(own_strlen(text), 6);
	assert_int_equal(own_strnlen(text, 4), 4);
	assert_int_equal(own_strnlen(text, 9), 6);
}

static void string_comparison_is_unsigned_and_stops_at_the_end(void **state)
{
	(void)state;
	assert_int_equal(own_strcmp("same", "same"), 0);
	assert_int_equal(sign(own_strcmp("a", "ab")), -1);
	assert_int_equal(sign(own_strcmp("\xff", "a")), 1);
	assert_int_equal(own_strncmp("abc", "abd", 2), 0);
	assert_int_equal(own_strncmp("a\0x", "a\0y", 3), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memcpy_copies_every_size_at_every_alignment_and_nothing_else),
		cmocka_unit_test(memmove_is_right_for_every_overlap),
		cmocka_unit_test(memset_fills_exactly_its_range),
		cmocka_unit_test(memcmp_orders_by_the_first_different_byte),
		cmocka_unit_test(searches_agree_with_the_c_library),
		cmocka_unit_test(string_comparison_is_unsigned_and_stops_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
