/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LINGER_GUARDED_IOCTL_H
#define LINGER_GUARDED_IOCTL_H

#include "../simd.h"

/* How many register halves were found changed by the system calls of this process so far. */
unsigned int guarded_ioctl_changed(void);

#endif
