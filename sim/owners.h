/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose each page of secure memory is, as the allocator was told (fail.c). */
#ifndef SIM_OWNERS_H
#define SIM_OWNERS_H

#include "kernel/memory/pages.h"

/* How many are of this budget; NULL: of anybody. */
uint32_t owners_count(const struct budget *budget);

/* Of shared apps, whose owners are in no table. */
uint32_t owners_of_shared(void);
/* One of them is charged for what it has. */
void owners_check_shared(void);

#endif
