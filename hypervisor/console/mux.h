/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Channels on one byte stream: 0x01 and two lower-case hexadecimal digits say whose the bytes after
 * it are (00: the hypervisor's control channel, else a VM's console); 0x01 0x01 is a byte 0x01.
 */
#ifndef CONSOLE_MUX_H
#define CONSOLE_MUX_H

#include <stdbool.h>
#include <stdint.h>

#define MUX_ESCAPE   0x01u
#define MUX_MAX_BYTE 5u /* what one byte can become: a change of channel, an escaped byte */

/* Both start as all 0: channel 00. */
struct mux_in {
	uint8_t channel;
	uint8_t pending; /* 0, 1: escape seen, 2: and one digit */
	uint8_t high;
};
struct mux_out {
	uint8_t channel;
};

/** Take one byte of the stream. True: *@byte is data for in->channel. Escapes that make no sense
 * are dropped. */
bool mux_decode(struct mux_in *in, uint8_t wire, uint8_t *byte);
/** Write @byte for @channel to @wire; returns how many bytes it became. */
unsigned mux_encode(struct mux_out *out, uint8_t channel, uint8_t byte, uint8_t wire[MUX_MAX_BYTE]);

#endif
