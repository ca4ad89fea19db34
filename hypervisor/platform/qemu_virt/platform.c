/* SPDX-License-Identifier: BSD-2-Clause */
/* qemu-system-aarch64 -M virt,secure=on,virtualization=on,gic-version=3 */
#include <lib/bits.h>
#include <platform/platform.h>

const struct platform_range platform_devices[] = {{0x08000000, 0x02000000}};
const unsigned platform_device_count = 1;
/* What OP-TEE may have set aside for its static shared memory. */
const struct platform_range platform_reserved[] = {{0x42000000, 0x00200000}};
const unsigned platform_reserved_count = 1;
const uint64_t platform_gicd = 0x08000000;
const struct platform_range platform_gicr = {0x080A0000, 0x00F60000};
const unsigned platform_uart_intid = 33;
const unsigned platform_tee_intid = 219;

#define UART      0x09000000u
#define UART_DR   0x000u
#define UART_FR   0x018u
#define UART_LCR  0x02Cu
#define UART_CR   0x030u
#define UART_IMSC 0x038u
#define UART_ICR  0x044u
#define FR_RXFE   BIT(4)
#define FR_TXFF   BIT(5)
#define INT_RX    BIT(4)
#define INT_TX    BIT(5)
#define INT_RT    BIT(6)

static volatile uint32_t *reg(uint32_t offset)
{
	return (volatile uint32_t *)(uintptr_t)(UART + offset);
}

void platform_uart_init(void)
{
	*reg(UART_IMSC) = 0;
	*reg(UART_ICR) = 0x7FF;
	*reg(UART_LCR) = 0x70; /* 8N1, FIFOs on */
	*reg(UART_CR) = 0x301; /* transmit, receive, enable */
}

bool platform_uart_try_put(uint8_t byte)
{
	if (*reg(UART_FR) & FR_TXFF)
		return false;
	*reg(UART_DR) = byte;
	return true;
}

bool platform_uart_try_get(uint8_t *byte)
{
	if (*reg(UART_FR) & FR_RXFE)
		return false;
	*byte = (uint8_t)*reg(UART_DR);
	return true;
}

void platform_uart_interrupts(bool receive, bool transmit)
{
	*reg(UART_ICR) = INT_TX;
	*reg(UART_IMSC) = (receive ? INT_RX | INT_RT : 0) | (transmit ? INT_TX : 0);
}
