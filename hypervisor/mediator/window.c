/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Access to a message in guest memory. The guest may change it at any moment: every word is read or
 * written exactly once per call of these functions, as a volatile access.
 */
#include "internal.h"

/* Moves a place further into its message; @distance is a multiple of 8 and stays within it. */
void place_advance(struct med_place *place, uint32_t distance)
{
	place->offset += distance;
	if (place->offset >= MSG_PAGE_SIZE) {
		place->offset -= MSG_PAGE_SIZE;
		place->pa[0] = place->pa[1];
	}
}

/* Maps the @len bytes from @place on; window_close() unmaps. Both pages must be pinned. */
void window_open(struct med_window *window, const struct med_host *host,
		 const struct med_place *place, uint32_t len)
{
	window->host = host;
	window->offset = place->offset;
	window->va[0] = host->page_map(place->pa[0]);
	window->va[1] = NULL;
	if (place->offset + len > MSG_PAGE_SIZE)
		window->va[1] = host->page_map(place->pa[1]);
}

void window_close(struct med_window *window)
{
	if (window->va[1] != NULL)
		window->host->page_unmap(window->va[1]);
	window->host->page_unmap(window->va[0]);
}

static void *window_at(const struct med_window *window, uint32_t offset)
{
	uint32_t at = window->offset + offset;

	if (at < MSG_PAGE_SIZE)
		return window->va[0] + at;
	return window->va[1] + (at - MSG_PAGE_SIZE);
}

/* Length of the part of @len bytes at @offset that lies in one page. */
static uint32_t window_run(const struct med_window *window, uint32_t offset, uint32_t len)
{
	uint32_t at = window->offset + offset;
	uint32_t room = at < MSG_PAGE_SIZE ? MSG_PAGE_SIZE - at : 2 * MSG_PAGE_SIZE - at;

	return len < room ? len : room;
}

/* Header and parameters are multiples of 32 bytes: most of what is read comes in such pieces. */
static void words_read(const volatile med_word *in, med_word *out, uint32_t count)
{
	for (; count >= 4; count -= 4) {
		med_word w0 = in[0], w1 = in[1], w2 = in[2], w3 = in[3];

		out[0] = w0;
		out[1] = w1;
		out[2] = w2;
		out[3] = w3;
		in += 4;
		out += 4;
	}
	while (count-- != 0)
		*out++ = *in++;
}

/* @offset and @len are multiples of 8, @to is 8-byte aligned. */
void window_read(const struct med_window *window, uint32_t offset, void *to, uint32_t len)
{
	med_word *out = to;

	while (len != 0) {
		uint32_t run = window_run(window, offset, len);

		words_read(window_at(window, offset), out, run / sizeof(*out));
		out += run / sizeof(*out);
		offset += run;
		len -= run;
	}
}

void window_write(const struct med_window *window, uint32_t offset, const void *from, uint32_t len)
{
	const med_word *in = from;

	while (len != 0) {
		uint32_t run = window_run(window, offset, len);
		volatile med_word *out = window_at(window, offset);

		for (uint32_t i = 0; i < run / sizeof(*out); i++)
			out[i] = *in++;
		offset += run;
		len -= run;
	}
}

void window_put32(const struct med_window *window, uint32_t offset, uint32_t value)
{
	*(volatile med_half *)window_at(window, offset) = value;
}

void window_put64(const struct med_window *window, uint32_t offset, uint64_t value)
{
	*(volatile med_word *)window_at(window, offset) = value;
}
