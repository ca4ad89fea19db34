/* SPDX-License-Identifier: BSD-2-Clause */
/* vsnprintf() without floating point; see string.h for what it knows. */
#include <stdbool.h>
#include <stdint.h>
#include "kernel/lib/string.h"

struct output {
	char *to;
	size_t size;   /* room, the terminator included */
	size_t length; /* of the full text so far */
};

struct conversion {
	bool left;
	bool zero;
	bool has_precision;
	unsigned width;
	unsigned precision;
	int size; /* -2 hh, -1 h, 0 int, 1 l or z, 2 ll */
};

static void put(struct output *out, char c)
{
	if (out->length + 1 < out->size)
		out->to[out->length] = c;
	out->length++;
}

static void pad(struct output *out, char c, size_t used, size_t width)
{
	for (; used < width; used++)
		put(out, c);
}

static void put_text(struct output *out, const struct conversion *conv, const char *text)
{
	if (text == NULL)
		text = "(null)";
	size_t length = conv->has_precision ? strnlen(text, conv->precision) : strlen(text);

	if (!conv->left)
		pad(out, ' ', length, conv->width);
	for (size_t i = 0; i < length; i++)
		put(out, text[i]);
	if (conv->left)
		pad(out, ' ', length, conv->width);
}

/* prefix: "-", "0x" or "". */
static void put_number(struct output *out, const struct conversion *conv, uint64_t value,
		       unsigned base, const char *digits, const char *prefix)
{
	char text[20]; /* 2^64 has 20 decimal digits */
	size_t count = 0, prefix_length = strlen(prefix);
	size_t least = conv->has_precision ? conv->precision : 1;

	for (; value != 0; value /= base)
		text[count++] = digits[value % base];
	size_t shown = count < least ? least : count;
	bool zeroes = conv->zero && !conv->left && !conv->has_precision;

	if (zeroes && shown + prefix_length < conv->width)
		shown = conv->width - prefix_length;
	if (!conv->left)
		pad(out, ' ', shown + prefix_length, conv->width);
	for (; *prefix != '\0'; prefix++)
		put(out, *prefix);
	pad(out, '0', count, shown);
	while (count != 0)
		put(out, text[--count]);
	if (conv->left)
		pad(out, ' ', shown + prefix_length, conv->width);
}

static unsigned parse_number(const char **format, va_list *args)
{
	unsigned value = 0;

	if (**format == '*') {
		int given = va_arg(*args, int);

		(*format)++;
		return given < 0 ? 0 : (unsigned)given;
	}
	for (; **format >= '0' && **format <= '9'; (*format)++)
		value = value * 10 + (unsigned)(**format - '0');
	return value;
}

static const char *parse(const char *format, struct conversion *conv, va_list *args)
{
	*conv = (struct conversion){0};
	for (;; format++) {
		if (*format == '-')
			conv->left = true;
		else if (*format == '0')
			conv->zero = true;
		else
			break;
	}
	conv->width = parse_number(&format, args);
	if (*format == '.') {
		format++;
		conv->has_precision = true;
		conv->precision = parse_number(&format, args);
	}
	for (; *format == 'h'; format++)
		conv->size--;
	for (; *format == 'l' || *format == 'z'; format++)
		conv->size++;
	return format;
}

static uint64_t fetch_unsigned(const struct conversion *conv, va_list *args)
{
	switch (conv->size) {
	case 2:
		return va_arg(*args, unsigned long long);
	case 1:
		return va_arg(*args, unsigned long);
	case -1:
		return (unsigned short)va_arg(*args, unsigned);
	case -2:
		return (unsigned char)va_arg(*args, unsigned);
	default:
		return va_arg(*args, unsigned);
	}
}

static int64_t fetch_signed(const struct conversion *conv, va_list *args)
{
	switch (conv->size) {
	case 2:
		return va_arg(*args, long long);
	case 1:
		return va_arg(*args, long);
	case -1:
		return (short)va_arg(*args, int);
	case -2:
		return (signed char)va_arg(*args, int);
	default:
		return va_arg(*args, int);
	}
}

static void convert(struct output *out, const struct conversion *conv, char type, va_list *args)
{
	static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
	char letter[2] = {0};
	int64_t number;

	switch (type) {
	case 'd':
	case 'i':
		number = fetch_signed(conv, args);
		put_number(out, conv, number < 0 ? -(uint64_t)number : (uint64_t)number, 10, lower,
			   number < 0 ? "-" : "");
		break;
	case 'u':
		put_number(out, conv, fetch_unsigned(conv, args), 10, lower, "");
		break;
	case 'x':
		put_number(out, conv, fetch_unsigned(conv, args), 16, lower, "");
		break;
	case 'X':
		put_number(out, conv, fetch_unsigned(conv, args), 16, upper, "");
		break;
	case 'p':
		put_number(out, conv, (uintptr_t)va_arg(*args, void *), 16, lower, "0x");
		break;
	case 'c':
		letter[0] = (char)va_arg(*args, int);
		put_text(out, conv, letter);
		break;
	case 's':
		put_text(out, conv, va_arg(*args, const char *));
		break;
	default:
		put(out, type);
		break;
	}
}

int vsnprintf(char *to, size_t size, const char *format, va_list args)
{
	struct output out = {to, size, 0};
	struct conversion conv;
	va_list rest;

	va_copy(rest, args);
	for (; *format != '\0'; format++) {
		if (*format != '%') {
			put(&out, *format);
			continue;
		}
		format = parse(format + 1, &conv, &rest);
		if (*format == '\0')
			break;
		convert(&out, &conv, *format, &rest);
	}
	va_end(rest);
	if (size != 0)
		to[out.length < size ? out.length : size - 1] = '\0';
	return (int)out.length;
}

int snprintf(char *to, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int length = vsnprintf(to, size, format, args);
	va_end(args);
	return length;
}
