/* SPDX-License-Identifier: BSD-2-Clause */
#include <console/mux.h>
#include <lib/test.h>

static void bytes_come_out_on_the_channel_they_were_put_in(void **state)
{
	struct mux_out out = {0};
	struct mux_in in = {0};
	uint8_t wire[MUX_MAX_BYTE], byte;

	(void)state;
	srand(1);
	for (unsigned i = 0; i < 10000; i++) {
		uint8_t channel = (uint8_t)(rand() % 5 * 51),
			sent = (uint8_t)(rand() % 3 ? rand() : 1);
		unsigned n = mux_encode(&out, channel, sent, wire);

		assert_in_range(n, 1, MUX_MAX_BYTE);
		for (unsigned k = 0; k < n; k++) {
			bool data = mux_decode(&in, wire[k], &byte);

			assert_int_equal(data, k == n - 1);
		}
		assert_int_equal(byte, sent);
		assert_int_equal(in.channel, channel);
	}
}

static void the_first_channel_is_control_and_a_change_takes_three_bytes(void **state)
{
	struct mux_out out = {0};
	uint8_t wire[MUX_MAX_BYTE];

	(void)state;
	assert_int_equal(mux_encode(&out, 0, 'x', wire), 1);
	assert_int_equal(mux_encode(&out, 0xAF, 'y', wire), 4);
	assert_memory_equal(wire, "\001afy", 4);
	assert_int_equal(mux_encode(&out, 0xAF, 1, wire), 2);
	assert_memory_equal(wire, "\001\001", 2);
}

static void escapes_that_make_no_sense_are_dropped(void **state)
{
	struct mux_in in = {0};
	uint8_t byte;

	(void)state;
	/* 0x01 g, 0x01 A F, 0x01 0 0x01 0 2: only the last is a change. */
	for (const char *p = "\001g\001A"; *p; p++)
		assert_false(mux_decode(&in, (uint8_t)*p, &byte));
	assert_true(mux_decode(&in, 'F', &byte));
	assert_int_equal(in.channel, 0);
	for (const char *p = "\0010\00102"; *p; p++)
		assert_false(mux_decode(&in, (uint8_t)*p, &byte));
	assert_int_equal(in.channel, 2);
	assert_true(mux_decode(&in, 'q', &byte));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_come_out_on_the_channel_they_were_put_in),
		cmocka_unit_test(the_first_channel_is_control_and_a_change_takes_three_bytes),
		cmocka_unit_test(escapes_that_make_no_sense_are_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
