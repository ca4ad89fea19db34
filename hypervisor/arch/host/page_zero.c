/* SPDX-License-Identifier: BSD-2-Clause */
/* For the unit tests. */
#include <mm/mm.h>
#include <string.h>

void page_zero(void *page)
{
	memset(page, 0, PAGE_SIZE);
}
