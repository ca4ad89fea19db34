/* SPDX-License-Identifier: BSD-2-Clause */
#include <lib/bits.h>
#include <string.h>
#include <vuart/vuart.h>

/* clang-format off */
#define UART_DR     0x000u
#define UART_RSR    0x004u
#define UART_FR     0x018u
#define UART_IBRD   0x024u
#define UART_FBRD   0x028u
#define UART_LCR_H  0x02Cu
#define UART_CR     0x030u
#define UART_IFLS   0x034u
#define UART_IMSC   0x038u
#define UART_RIS    0x03Cu
#define UART_MIS    0x040u
#define UART_ICR    0x044u
#define UART_DMACR  0x048u
#define UART_ID     0xFE0u

#define FR_RXFE     BIT(4)
#define FR_TXFF     BIT(5)
#define FR_RXFF     BIT(6)
#define FR_TXFE     BIT(7)
#define FR_BUSY     BIT(3)
#define INT_RX      BIT(4)
#define INT_TX      BIT(5)
#define INT_RT      BIT(6)
/* clang-format on */

static const uint8_t ids[] = {0x11, 0x10, 0x14, 0x00, 0x0D, 0xF0, 0x05, 0xB1};

static uint32_t tx_used(const struct vuart *u)
{
	return u->tx_head - u->tx_tail;
}

static uint32_t rx_used(const struct vuart *u)
{
	return u->rx_head - u->rx_tail;
}

void vuart_init(struct vuart *uart)
{
	memset(uart, 0, sizeof(*uart));
	uart->cr = 0x300;
	uart->ifls = 0x12;
}

static void rx_status(struct vuart *u)
{
	if (rx_used(u))
		u->ris |= INT_RX | INT_RT;
	else
		u->ris &= (uint16_t) ~(INT_RX | INT_RT);
}

static uint64_t read_register(struct vuart *u, uint32_t offset)
{
	uint64_t v = 0;

	switch (offset) {
	case UART_DR:
		if (rx_used(u))
			v = u->rx[u->rx_tail++ % VUART_RX_SIZE];
		rx_status(u);
		return v;
	case UART_FR:
		v |= rx_used(u) ? 0 : FR_RXFE;
		v |= rx_used(u) == VUART_RX_SIZE ? FR_RXFF : 0;
		/* What is in the ring has left the guest's UART, unless there is no room for more.
		 */
		return v | (tx_used(u) < VUART_TX_SIZE ? FR_TXFE : FR_TXFF | FR_BUSY);
	case UART_IBRD:
		return u->ibrd;
	case UART_FBRD:
		return u->fbrd;
	case UART_LCR_H:
		return u->lcr;
	case UART_CR:
		return u->cr;
	case UART_IFLS:
		return u->ifls;
	case UART_IMSC:
		return u->imsc;
	case UART_RIS:
		return u->ris;
	case UART_MIS:
		return u->ris & u->imsc;
	case UART_DMACR:
		return u->dmacr;
	default:
		if (offset >= UART_ID && offset % 4 == 0)
			return ids[(offset - UART_ID) / 4 % ARRAY_SIZE(ids)];
		return 0;
	}
}

static void write_data(struct vuart *u, uint8_t byte)
{
	if (tx_used(u) < VUART_TX_SIZE)
		u->tx[u->tx_head++ % VUART_TX_SIZE] = byte;
	if (tx_used(u) < VUART_TX_SIZE / 2)
		u->ris |= INT_TX;
	else
		u->ris &= (uint16_t)~INT_TX;
}

static void write_register(struct vuart *u, uint32_t offset, uint16_t v)
{
	switch (offset) {
	case UART_DR:
		write_data(u, (uint8_t)v);
		break;
	case UART_IBRD:
		u->ibrd = v;
		break;
	case UART_FBRD:
		u->fbrd = v & 0x3F;
		break;
	case UART_LCR_H:
		u->lcr = v & 0xFF;
		break;
	case UART_CR:
		u->cr = v;
		break;
	case UART_IFLS:
		u->ifls = v & 0x3F;
		break;
	case UART_IMSC:
		u->imsc = v & 0x7FF;
		break;
	case UART_ICR:
		u->ris &= (uint16_t)~v;
		rx_status(u); /* a level while there are bytes */
		break;
	case UART_DMACR:
		u->dmacr = v & 7;
		break;
	default:
		break;
	}
}

bool vuart_access(struct vuart *uart, uint32_t offset, bool write, uint64_t *value)
{
	bool output;

	lock_acquire(&uart->lock);
	if (write)
		write_register(uart, offset, (uint16_t)*value);
	else
		*value = read_register(uart, offset);
	output = tx_used(uart) != 0;
	lock_release(&uart->lock);
	return output && write;
}

uint32_t vuart_take(struct vuart *uart, uint8_t *out, uint32_t max)
{
	uint32_t n = 0, before;

	lock_acquire(&uart->lock);
	before = tx_used(uart);
	while (n < max && tx_used(uart))
		out[n++] = uart->tx[uart->tx_tail++ % VUART_TX_SIZE];
	if (before >= VUART_TX_SIZE / 2 && tx_used(uart) < VUART_TX_SIZE / 2)
		uart->ris |= INT_TX;
	lock_release(&uart->lock);
	return n;
}

bool vuart_line(struct vuart *uart)
{
	bool level;

	lock_acquire(&uart->lock);
	level = (uart->ris & uart->imsc) != 0;
	lock_release(&uart->lock);
	return level;
}

uint32_t vuart_written(struct vuart *uart)
{
	uint32_t n;

	lock_acquire(&uart->lock);
	n = tx_used(uart);
	lock_release(&uart->lock);
	return n;
}

void vuart_put(struct vuart *uart, uint8_t byte)
{
	lock_acquire(&uart->lock);
	if (rx_used(uart) < VUART_RX_SIZE)
		uart->rx[uart->rx_head++ % VUART_RX_SIZE] = byte;
	rx_status(uart);
	lock_release(&uart->lock);
}
