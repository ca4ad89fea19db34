/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_BITS_H
#define LIB_BITS_H

#include <stdint.h>

#define BIT(n)           (1ull << (n))
#define MASK(hi, lo)     (((~0ull) >> (63 - (hi))) & ((~0ull) << (lo)))
#define FIELD(v, hi, lo) (((v)&MASK(hi, lo)) >> (lo))
#define ALIGN_UP(v, a)   (((v) + (a)-1) & ~((uint64_t)(a)-1))
#define ALIGN_DOWN(v, a) ((v) & ~((uint64_t)(a)-1))
#define ARRAY_SIZE(a)    (sizeof(a) / sizeof((a)[0]))
#define MUST_CHECK       __attribute__((warn_unused_result))

#endif
