/* SPDX-License-Identifier: BSD-2-Clause */
#include <console/mux.h>

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool mux_decode(struct mux_in *in, uint8_t wire, uint8_t *byte)
{
	int digit = hex_digit(wire);

	*byte = wire;
	if (in->pending == 0) {
		in->pending = wire == MUX_ESCAPE;
		return wire != MUX_ESCAPE;
	}
	if (in->pending == 1 && wire == MUX_ESCAPE) {
		in->pending = 0;
		return true;
	}
	if (digit < 0) {
		in->pending = wire == MUX_ESCAPE;
		return false;
	}
	if (in->pending == 1) {
		in->high = (uint8_t)digit;
		in->pending = 2;
	} else {
		in->channel = (uint8_t)(in->high << 4 | digit);
		in->pending = 0;
	}
	return false;
}

unsigned mux_encode(struct mux_out *out, uint8_t channel, uint8_t byte, uint8_t wire[MUX_MAX_BYTE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned n = 0;

	if (channel != out->channel) {
		wire[n++] = MUX_ESCAPE;
		wire[n++] = (uint8_t)digits[channel >> 4];
		wire[n++] = (uint8_t)digits[channel & 15];
		out->channel = channel;
	}
	if (byte == MUX_ESCAPE)
		wire[n++] = MUX_ESCAPE;
	wire[n++] = byte;
	return n;
}
