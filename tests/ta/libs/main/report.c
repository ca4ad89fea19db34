/* SPDX-License-Identifier: BSD-2-Clause */
/* The probe's: the kit builds a file for one app only. */
#include "../../probe/report.c"
