/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM's PL011. Behind it are two rings: what the guest wrote and the console has not taken yet,
 * and what the console brought and the guest has not read yet. A full transmit ring shows as a full
 * FIFO, so a guest that writes faster than the wire waits for itself only.
 */
#ifndef VUART_VUART_H
#define VUART_VUART_H

#include <lib/lock.h>
#include <stdbool.h>
#include <stdint.h>

#define VUART_TX_SIZE 2048u /* powers of two */
#define VUART_RX_SIZE 1024u

struct vuart {
	struct lock lock;
	uint32_t tx_head, tx_tail, rx_head, rx_tail; /* running counts */
	uint16_t ibrd, fbrd, lcr, cr, ifls, imsc, ris, dmacr;
	uint8_t tx[VUART_TX_SIZE];
	uint8_t rx[VUART_RX_SIZE];
};

void vuart_init(struct vuart *uart);

/** A guest's access at @offset in the 4 KiB. Returns true when there is something to take. */
bool vuart_access(struct vuart *uart, uint32_t offset, bool write, uint64_t *value);

/** Move up to @max bytes that the guest wrote to @out; returns how many. */
uint32_t vuart_take(struct vuart *uart, uint8_t *out, uint32_t max);

/** The level of the interrupt line now. */
bool vuart_line(struct vuart *uart);

/** How many bytes are there to take. */
uint32_t vuart_written(struct vuart *uart);

/** A byte for the guest; dropped if its ring is full. */
void vuart_put(struct vuart *uart, uint8_t byte);

#endif
