/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine.h"

#include <stdarg.h>

#define UART_BASE       0x09000000u
#define UART_DATA       0x00u
#define UART_FLAGS      0x18u
#define UART_TX_FULL    (1u << 5)
#define UART_RX_EMPTY   (1u << 4)
#define PSCI_SYSTEM_OFF 0x84000008u

struct machine machine;

void conduit_smc(uint64_t regs[18]);
void conduit_hvc(uint64_t regs[18]);
void exception_report(uint64_t syndrome, uint64_t link, uint64_t address);

static volatile uint32_t *uart(uint32_t offset)
{
	return (volatile uint32_t *)(uintptr_t)(UART_BASE + offset);
}

static void put(char c)
{
	while (*uart(UART_FLAGS) & UART_TX_FULL)
		;
	*uart(UART_DATA) = (uint8_t)c;
}

int console_read(void)
{
	return *uart(UART_FLAGS) & UART_RX_EMPTY ? -1 : (int)(*uart(UART_DATA) & 0xFF);
}

static void put_number(uint64_t value, unsigned int base)
{
	char digits[20];
	unsigned int count = 0;

	do {
		digits[count++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	while (count)
		put(digits[--count]);
}

void print(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	for (; *format; format++) {
		bool is_long = false;

		if (*format != '%') {
			put(*format);
			continue;
		}
		if (*++format == 'l') {
			is_long = true;
			format++;
		}
		if (*format == 's')
			for (const char *s = va_arg(list, const char *); *s; s++)
				put(*s);
		else
			put_number(is_long ? va_arg(list, uint64_t) : va_arg(list, uint32_t),
				   *format == 'x' ? 16 : 10);
	}
	va_end(list);
}

uint64_t microseconds(void)
{
	uint64_t count;
	uint64_t frequency;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(count)::"memory");
	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
	return count / (frequency / 1000000);
}

void delay(uint64_t microseconds_to_wait)
{
	uint64_t end = microseconds() + microseconds_to_wait;

	while (microseconds() < end)
		;
}

void let_others_run(void)
{
	__asm__ volatile("wfe");
}

/* No interrupt is enabled: it is the hypervisor that looks at the timer of a vCPU that waits. */
void doze(uint64_t microseconds_to_wait)
{
	uint64_t now, hz;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(now));
	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(hz));
	__asm__ volatile("msr cntv_cval_el0, %0\n"
			 "msr cntv_ctl_el0, %1\n"
			 "isb\n"
			 "wfi\n"
			 "msr cntv_ctl_el0, xzr\n"
			 "isb" ::"r"(now + hz / 1000 * microseconds_to_wait / 1000),
			 "r"(1ull));
}

void call_firmware(bool by_hvc, uint64_t regs[18])
{
	if (by_hvc)
		conduit_hvc(regs);
	else
		conduit_smc(regs);
}

void power_off(void)
{
	uint64_t regs[18] = {PSCI_SYSTEM_OFF};

	call_firmware(machine.psci_by_hvc, regs);
	for (;;)
		__asm__ volatile("wfi");
}

void exception_report(uint64_t syndrome, uint64_t link, uint64_t address)
{
	fail("exception: syndrome %lx at %lx address %lx", syndrome, link, address);
}

void *memcpy(void *to, const void *from, size_t size)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	while (size--)
		*t++ = *f++;
	return to;
}

void *memset(void *to, int value, size_t size)
{
	uint8_t *t = to;

	while (size--)
		*t++ = (uint8_t)value;
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *x = a;
	const uint8_t *y = b;

	for (; size--; x++, y++)
		if (*x != *y)
			return *x < *y ? -1 : 1;
	return 0;
}

size_t strlen(const char *s)
{
	size_t length = 0;

	while (s[length])
		length++;
	return length;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (uint8_t)*a - (uint8_t)*b;
}
