/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lingerer: a trusted app that stays inside a call in the way that its client asks for. It is
 * what one kills, preempts or lets crash to see whether anybody else notices.
 */
#ifndef LINGER_H
#define LINGER_H

/* 7e0b3c5a-0002-4b8e-a2f6-6c696e676572 */
#define LINGER_UUID                                                                                \
	{                                                                                          \
		0x7e0b3c5a, 0x0002, 0x4b8e,                                                        \
		{                                                                                  \
			0xa2, 0xf6, 0x6c, 0x69, 0x6e, 0x67, 0x65, 0x72                             \
		}                                                                                  \
	}

/*
 * Commands. Each takes a value in: a milliseconds to stay (LINGER_FOREVER: without end), b an
 * argument; and a value out: a rounds made, b registers found changed (BUSY only).
 */
enum linger_command {
	LINGER_BUSY,  /* computes in user mode, and checks that its SIMD registers are left alone */
	LINGER_TIME,  /* asks for the normal world's time: RPC GET_TIME */
	LINGER_WAIT,  /* sleeps: RPC SUSPEND or a preempted wait */
	LINGER_NEST,  /* opens and closes another trusted app: RPCs LOAD_TA, SHM_ALLOC, SHM_FREE */
	LINGER_ALLOC, /* allocates, checks and frees memory */
	LINGER_PANIC, /* panics with code b */
	LINGER_FAULT, /* b: which enum linger_fault */
	LINGER_RETURN, /* returns at once */
	LINGER_COMMAND_COUNT
};

enum linger_fault {
	LINGER_FAULT_NULL_READ,
	LINGER_FAULT_CODE_WRITE,
	LINGER_FAULT_DATA_EXECUTE,
	LINGER_FAULT_KERNEL_READ,
	LINGER_FAULT_WILD_JUMP,
	LINGER_FAULT_UNDEFINED,
	LINGER_FAULT_STACK,
	LINGER_FAULT_PRIVILEGED,
	LINGER_FAULT_COUNT
};

#define LINGER_FOREVER 0xFFFFFFFFu

#endif
