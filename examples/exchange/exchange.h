/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the clients of the exchange and its trusted app: a lock and a mailbox for one message,
 * which all guests of the machine share.
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

/* 7e0b3c5a-0005-4b8e-a2f6-65786368616e */
#define EXCHANGE_UUID                                                                              \
	{                                                                                          \
		0x7e0b3c5a, 0x0005, 0x4b8e,                                                        \
		{                                                                                  \
			0xa2, 0xf6, 0x65, 0x78, 0x63, 0x68, 0x61, 0x6e                             \
		}                                                                                  \
	}

#define EXCHANGE_MESSAGE_MAX 256u

/* The lock belongs to a session, and is free when that is closed or its guest is destroyed. */
enum exchange_command {
	/* Waits for the lock. p0 value out: a = 1 if the last holder went without unlocking;
	 * p1 value out: what the last holder said in p0 of its unlock. */
	EXCHANGE_LOCK,
	/* p0 value in: for the next holder. BAD_STATE: the session has not got the lock. */
	EXCHANGE_UNLOCK,
	/* Waits for an empty mailbox. p0 memory in: 1 .. EXCHANGE_MESSAGE_MAX bytes. */
	EXCHANGE_PUT,
	/* Waits for a message. p0 memory out: room for it, or SHORT_BUFFER; p1 memory out: 16
	 * bytes, the identity of the guest that put it there. */
	EXCHANGE_GET,
};

#endif
