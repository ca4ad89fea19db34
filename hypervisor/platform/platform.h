/* SPDX-License-Identifier: BSD-2-Clause */
/* What a machine is: addresses, interrupts, its console UART. One directory each. */
#ifndef PLATFORM_PLATFORM_H
#define PLATFORM_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

struct platform_range {
	uint64_t base, size;
};

/* Device memory to map at EL2, and RAM that firmware keeps for itself. */
extern const struct platform_range platform_devices[];
extern const unsigned platform_device_count;
extern const struct platform_range platform_reserved[];
extern const unsigned platform_reserved_count;

extern const uint64_t platform_gicd;
extern const struct platform_range platform_gicr; /* 128 KiB for each CPU */
extern const unsigned platform_uart_intid;
extern const unsigned platform_tee_intid; /* an SPI: Tenon raises it for notifications */

/* The console UART. Any CPU; the caller serialises. */
void platform_uart_init(void);
bool platform_uart_try_put(uint8_t byte);
bool platform_uart_try_get(uint8_t *byte);
/** Interrupt when there is something to read, and when there is room to write. */
void platform_uart_interrupts(bool receive, bool transmit);

#endif
