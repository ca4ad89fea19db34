/* SPDX-License-Identifier: BSD-2-Clause */
#include "libs.h"

extern uint32_t nowhere __attribute__((weak));

__thread uint32_t first_tls = 0x1111;
uint32_t *const first_pointer = &init_trace;

static void __attribute__((constructor, used)) first_init(void)
{
	init_trace = init_trace * 10 + 2;
}

uint32_t __attribute__((weak)) shared_name(void)
{
	return 1;
}

uint32_t first_shared_name(void)
{
	return shared_name();
}

uint32_t first_number(void)
{
	return 10 + main_number();
}

uint32_t first_has_nowhere(void)
{
	return &nowhere != 0;
}

uint32_t *first_tls_address(void)
{
	return &first_tls;
}

uint32_t first_main_tls(void)
{
	return main_tls;
}
