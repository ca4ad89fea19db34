/* SPDX-License-Identifier: BSD-2-Clause */
/* The trusted apps that the benchmark calls: they return at once, so the way there is what costs.
 */
#ifndef BENCH_H
#define BENCH_H

/* Single-instance, kept alive: opening a session loads nothing.
 * 7e0b3c5a-0003-4b8e-a2f6-62656e636877 */
#define BENCH_WARM_UUID                                                                            \
	{                                                                                          \
		0x7e0b3c5a, 0x0003, 0x4b8e,                                                        \
		{                                                                                  \
			0xa2, 0xf6, 0x62, 0x65, 0x6e, 0x63, 0x68, 0x77                             \
		}                                                                                  \
	}

/* Multi-instance: every session is loaded anew. There are five, alike, for opens of images that
 * nobody has presented before. 7e0b3c5a-0004-4b8e-a2f6-62656e636300 to 04 */
#define BENCH_COLD_APPS 5
#define BENCH_COLD_UUID(number)                                                                    \
	{                                                                                          \
		0x7e0b3c5a, 0x0004, 0x4b8e,                                                        \
		{                                                                                  \
			0xa2, 0xf6, 0x62, 0x65, 0x6e, 0x63, 0x63, (number)                         \
		}                                                                                  \
	}

#endif
