/* SPDX-License-Identifier: BSD-2-Clause */
#include <lib/test.h>
#include <vuart/vuart.h>

#define DR   0x00u
#define FR   0x18u
#define IMSC 0x38u
#define RIS  0x3Cu
#define MIS  0x40u
#define ICR  0x44u

static struct vuart uart;
#define irq vuart_line(&uart)

static int setup(void **state)
{
	(void)state;
	vuart_init(&uart);
	return 0;
}

static uint64_t rd(uint32_t offset)
{
	uint64_t v = ~0ull;

	vuart_access(&uart, offset, false, &v);
	return v;
}

static bool wr(uint32_t offset, uint64_t v)
{
	return vuart_access(&uart, offset, true, &v);
}

static void drivers_find_a_pl011(void **state)
{
	static const uint8_t ids[] = {0x11, 0x10, 0x14, 0x00, 0x0D, 0xF0, 0x05, 0xB1};

	(void)state;
	for (unsigned i = 0; i < sizeof(ids); i++)
		assert_int_equal(rd(0xFE0 + 4 * i), ids[i]);
}

static void what_the_guest_writes_is_taken_in_order(void **state)
{
	uint8_t out[8];

	(void)state;
	assert_true(wr(DR, 'a'));
	assert_true(wr(DR, 'b'));
	assert_true(wr(DR, 0x1FF));
	assert_int_equal(vuart_take(&uart, out, sizeof(out)), 3);
	assert_memory_equal(out, "ab\xFF", 3);
	assert_int_equal(vuart_take(&uart, out, sizeof(out)), 0);
}

static void a_full_ring_shows_as_a_full_fifo_and_loses_only_what_comes_then(void **state)
{
	uint8_t out[VUART_TX_SIZE + 1];

	(void)state;
	for (unsigned i = 0; i < VUART_TX_SIZE; i++) {
		assert_false(rd(FR) & 0x20);
		wr(DR, i);
	}
	assert_true(rd(FR) & 0x20);
	wr(DR, 'x');
	assert_int_equal(vuart_take(&uart, out, sizeof(out)), VUART_TX_SIZE);
	assert_int_equal(out[VUART_TX_SIZE - 1], (uint8_t)(VUART_TX_SIZE - 1));
	assert_false(rd(FR) & 0x20);
}

static void the_transmit_interrupt_comes_when_there_is_room_again(void **state)
{
	uint8_t out[VUART_TX_SIZE];

	(void)state;
	wr(IMSC, 0x20);
	wr(DR, 'a');
	assert_true(irq);
	wr(ICR, 0x20);
	assert_false(irq);
	for (unsigned i = 0; i < VUART_TX_SIZE; i++)
		wr(DR, 'b');
	assert_false(irq);
	vuart_take(&uart, out, 8);
	assert_false(irq);
	vuart_take(&uart, out, sizeof(out));
	assert_true(irq);
	assert_int_equal(rd(MIS), 0x20);
}

static void the_receive_interrupt_stays_while_there_are_bytes(void **state)
{
	(void)state;
	vuart_put(&uart, 'a');
	assert_false(irq); /* masked */
	wr(IMSC, 0x50);
	assert_true(irq);
	vuart_put(&uart, 'b');
	assert_true(irq);
	wr(ICR, 0x7FF);
	assert_true(irq);
	assert_int_equal(rd(DR), 'a');
	assert_true(irq);
	assert_int_equal(rd(DR), 'b');
	assert_false(irq);
	assert_true(rd(FR) & 0x10);
	assert_int_equal(rd(DR), 0);
}

static void input_beyond_the_ring_is_dropped(void **state)
{
	(void)state;
	for (unsigned i = 0; i < VUART_RX_SIZE + 10; i++)
		vuart_put(&uart, (uint8_t)i);
	assert_true(rd(FR) & 0x40);
	for (unsigned i = 0; i < VUART_RX_SIZE; i++)
		assert_int_equal(rd(DR), (uint8_t)i);
	assert_true(rd(FR) & 0x10);
}

static void any_access_is_harmless(void **state)
{
	(void)state;
	for (uint32_t offset = 0; offset < 0x1000; offset++) {
		wr(offset, ~0ull);
		rd(offset);
	}
	assert_int_equal(rd(RIS) & ~0x7FFull, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(drivers_find_a_pl011, setup),
		cmocka_unit_test_setup(what_the_guest_writes_is_taken_in_order, setup),
		cmocka_unit_test_setup(
			a_full_ring_shows_as_a_full_fifo_and_loses_only_what_comes_then, setup),
		cmocka_unit_test_setup(the_transmit_interrupt_comes_when_there_is_room_again,
				       setup),
		cmocka_unit_test_setup(the_receive_interrupt_stays_while_there_are_bytes, setup),
		cmocka_unit_test_setup(input_beyond_the_ring_is_dropped, setup),
		cmocka_unit_test_setup(any_access_is_harmless, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
