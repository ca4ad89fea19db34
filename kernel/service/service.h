/* SPDX-License-Identifier: BSD-2-Clause */
/* Services of the kernel that are opened like trusted apps (pseudo TAs). */
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

/* 7011a688-ddde-4053-a5a9-7b3c4ddf13b8: tells Linux which services to make devices of (NW-146,
 * NW-147, TA-148). */
void service_device_init(void);

/* ab7a617c-b8e7-4d8f-8301-d09b61036b64: random numbers for Linux's hwrng (NW-148). */
void service_rng_init(void);

#endif
