/* SPDX-License-Identifier: BSD-2-Clause */
/* The secure console: a PL011. EL3 leaves it unconfigured. */
#include "kernel/arch/arm64/mmu.h"
#include "kernel/platform/platform.h"
#include "kernel/platform/qemu_virt/console.h"

#define UARTDR          0x00
#define UARTFR          0x18
#define UARTFR_TX_FULL  (1u << 5)
#define UARTIBRD        0x24
#define UARTFBRD        0x28
#define UARTLCR_H       0x2c
#define UARTLCR_8N1FIFO 0x70
#define UARTCR          0x30
#define UARTCR_TX_ON    0x101

static volatile uint32_t *reg(unsigned offset)
{
	return (volatile uint32_t *)(FIXMAP_ADDRESS(FIXMAP_UART) + offset);
}

void console_init(void)
{
	*reg(UARTCR) = 0;
	*reg(UARTIBRD) = 13; /* 115200 at 24 MHz */
	*reg(UARTFBRD) = 1;
	*reg(UARTLCR_H) = UARTLCR_8N1FIFO;
	*reg(UARTCR) = UARTCR_TX_ON;
}

static void write_char(char c)
{
	while (*reg(UARTFR) & UARTFR_TX_FULL)
		;
	*reg(UARTDR) = (unsigned char)c;
}

void platform_console_write(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\n')
			write_char('\r');
		write_char(text[i]);
	}
}
