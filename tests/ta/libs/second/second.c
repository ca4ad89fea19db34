/* SPDX-License-Identifier: BSD-2-Clause */
#include "libs.h"

uint32_t second_number(void);
uint32_t *second_tls_address(void);

static __thread uint32_t second_tls = 0x2222;

static void __attribute__((constructor, used)) second_init(void)
{
	init_trace = init_trace * 10 + 3;
}

uint32_t second_number(void)
{
	return 1000 + first_number();
}

uint32_t *second_tls_address(void)
{
	return &second_tls;
}
