/* SPDX-License-Identifier: BSD-2-Clause */
#include <lib/format.h>
#include <string.h>

struct out {
	char *buf;
	size_t size, len;
};

static void out_char(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len++] = c;
}

static void out_number(struct out *o, uint64_t v, unsigned base, unsigned width, char pad)
{
	char digits[20];
	unsigned n = 0;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	for (; width > n; width--)
		out_char(o, pad);
	while (n)
		out_char(o, digits[--n]);
}

static void out_signed(struct out *o, int64_t v, unsigned width)
{
	if (v < 0)
		out_char(o, '-');
	out_number(o, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10, width, ' ');
}

size_t str_vformat(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = {buf, size, 0};

	for (; *fmt; fmt++) {
		unsigned width = 0, longs = 0;
		char pad = ' ';

		if (*fmt != '%') {
			out_char(&o, *fmt);
			continue;
		}
		fmt++;
		if (*fmt == '0')
			pad = *fmt++;
		for (; *fmt >= '0' && *fmt <= '9'; fmt++)
			width = width * 10 + (unsigned)(*fmt - '0');
		for (; *fmt == 'l'; fmt++)
			longs++;
		if (*fmt == 's') {
			for (const char *s = va_arg(ap, const char *); *s; s++)
				out_char(&o, *s);
		} else if (*fmt == 'c') {
			out_char(&o, (char)va_arg(ap, int));
		} else if (*fmt == 'd') {
			out_signed(&o, longs ? va_arg(ap, int64_t) : va_arg(ap, int), width);
		} else if (*fmt == 'u' || *fmt == 'x') {
			out_number(&o, longs ? va_arg(ap, uint64_t) : va_arg(ap, unsigned),
				   *fmt == 'x' ? 16 : 10, width, pad);
		} else {
			out_char(&o, *fmt);
		}
	}
	buf[o.len] = 0;
	return o.len;
}

size_t str_format(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = str_vformat(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

bool str_to_number(const char *s, uint64_t *value)
{
	unsigned base = 10;
	uint64_t v = 0;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	}
	if (!*s)
		return false;
	for (; *s; s++) {
		unsigned d = (unsigned)digit_value(*s);

		if (d >= base || __builtin_mul_overflow(v, base, &v) ||
		    __builtin_add_overflow(v, d, &v))
			return false;
	}
	*value = v;
	return true;
}

char *str_next_word(char **s)
{
	char *p = *s, *word;

	while (*p == ' ' || *p == '\t')
		p++;
	if (!*p) {
		*s = p;
		return NULL;
	}
	for (word = p; *p && *p != ' ' && *p != '\t'; p++)
		;
	if (*p)
		*p++ = 0;
	*s = p;
	return word;
}
