/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the test guest and the herd: an app that all guests share, in which many wait, and which
 * dies when it is told to. It goes with its last session.
 */
#ifndef HERD_H
#define HERD_H

enum herd_command {
	HERD_RETURN, /* returns at once, whatever its parameters are */
	/* Shuts the gate, which is the session's from then on: BAD_STATE if it is shut. */
	HERD_SHUT,
	HERD_OPEN, /* opens the gate: whoever waits goes on. So does a close of its session. */
	HERD_WAIT, /* waits while the gate is shut */
	HERD_PANIC,
	HERD_SPIN /* computes until it is stopped */
};

#endif
