/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks with what crafted.py makes. */
#ifndef MANY_H
#define MANY_H

#define LIBRARY(number) "7e0b3c5a-" number "-4b8e-a2f6-74612d747374"

void check_many_libs(void);
void check_many_regions_of_libs(void);

#endif
