/* SPDX-License-Identifier: BSD-2-Clause */
/* The service for apps (section 5.2 of the contract). */
#include "probe.h"

void check_system(TEE_Param p[TEE_NUM_PARAMS])
{
	(void)p;
}
