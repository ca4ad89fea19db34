/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting and waking across guests (kernel/call/wait.c, kernel/notify/notify.c, the hypervisor's
 * tee_interrupt(), Linux's driver), with a kill of a guest at every step.
 *
 * GUESTS guests each take a lock in the secure world once and give it back. Whoever finds it taken
 * queues up and parks in its own guest; whoever gives it back hands it to nobody, but wakes the
 * longest waiter, for whom it is kept (for ever here, for 5 ms in the kernel). A waiter that dies after it was woken passes the wake-up on. No wait here has a
 * time-out: what the model shows does not rest on them.
 *
 * Checked: no end but the one where all is over, so no waiter sleeps for ever; the lock has one
 * holder; every guest that lives gets through; nothing stays in the queue.
 * Each guest goes through once, so there is no endless run to look for.
 * The mutations LOSE_TELL and PASS_ON=false must be found (tests/model_test.py runs all).
 */
#ifndef GUESTS
#define GUESTS 3
#endif
#ifndef LOSE_TELL
#define LOSE_TELL false
#endif
#ifndef PASS_ON
#define PASS_ON true
#endif
/* Kills at most; with fewer guests the same searches take seconds. */
#ifndef KILLS
#define KILLS 2
#endif
#define NOBODY GUESTS

#if GUESTS == 2
#define ALL_ENDED (ended[0] && ended[1])
#else
#define ALL_ENDED (ended[0] && ended[1] && ended[2])
#endif

/* The resource and its queue, in the secure world, under one lock whose sections are atomic here. */
byte holder = NOBODY;
chan queue = [GUESTS] of { byte };
bool woken[GUESTS];
bool kept;               /* for who was woken: nobody else takes it */

/* Notifications. */
bool pending[GUESTS];    /* the bit of the guest's one key */
bool to_tell[GUESTS];    /* the hypervisor has to interrupt it */
bool interrupt;          /* the physical one: pending at the distributor */
bool virtual[GUESTS];    /* the guest's own */
bool sent[GUESTS];       /* Linux: the key was sent; kept until somebody waits on it */

bool dying[GUESTS];      /* VM_DESTROYED has begun: RPCs and waits end at once */
bool ended[GUESTS];      /* nothing of its call is left */
bool served[GUESTS];     /* it held the lock */

/* shared_wake_one(): a section of the queue's lock, the post inside. */
inline wake_one()
{
	kept = false;
	if
	:: queue?[_] ->
		queue?first;
		kept = true;
		woken[first] = true;
		pending[first] = true;
		to_tell[first] = !LOSE_TELL;
		interrupt = !LOSE_TELL;
		first = 0
	:: else
	fi
}

/* Leaves the queue wherever it stands in it. */
inline leave_queue(me)
{
	n = len(queue);
	do
	:: n > 0 ->
		queue?who;
		if
		:: who != me -> queue!who
		:: else
		fi;
		n--
	:: else -> break
	od;
	n = 0; who = 0
}

/* A call of a guest: takes the lock, holds it, gives it back. */
proctype call(byte me)
{
	byte first, n, who;
	bool was_woken;

again:
	/* Look and queue up in one section: a release between the two would be lost. */
	atomic {
		if
		:: dying[me] -> goto give_up
		:: !dying[me] && holder == NOBODY && (was_woken || !kept) ->
			holder = me;
			kept = false;
			goto have
		:: else ->
			was_woken = false;
			woken[me] = false;
			queue!me
		fi
	}
sleep:
	/* A last look, then the RPC: it ends when the key was sent, or the guest dies. */
	if
	:: woken[me] -> goto leave
	:: else
	fi;
	atomic {
		if
		:: sent[me] -> sent[me] = false
		:: dying[me]
		fi
	}
	/* It may be the echo of an earlier wait: look again. */
	if
	:: !woken[me] && !dying[me] -> goto sleep
	:: else
	fi;
leave:	skip;
	d_step {
		leave_queue(me);
		was_woken = woken[me];
		woken[me] = false
	}
	goto again;
give_up:	skip;
	/* A wake-up that it does not use is the next one's, whenever it gives up. */
	d_step {
		if
		:: was_woken && PASS_ON -> wake_one()
		:: else
		fi
	}
	goto out;
have:
	served[me] = true;
	assert(holder == me);
	/* It may die here: its unwinding gives the lock back all the same. */
	d_step {
		holder = NOBODY;
		wake_one()
	}
out:
	assert(served[me] || dying[me]);
	ended[me] = true
}

/* tee_interrupt(): any CPU of the hypervisor. */
active proctype hypervisor()
{
	byte i;

end:	do
	:: atomic { interrupt -> interrupt = false };
		do
		:: i < GUESTS ->
			/* notify_next() clears the mark before the guest is interrupted. */
			if
			:: atomic { to_tell[i] -> to_tell[i] = false }; virtual[i] = true
			:: !to_tell[i]
			fi;
			i++
		:: else -> i = 0; break
		od
	od
}

/* The interrupt handler of Linux's driver: takes all that is pending, sends each. */
proctype driver(byte me)
{
end:	do
	:: atomic { virtual[me] -> virtual[me] = false };
		do
		:: atomic { pending[me] -> pending[me] = false }; sent[me] = true
		:: !pending[me] -> break
		od
	od
}

/* Any guests, at any moment, or none. */
active proctype killer()
{
	byte kills = KILLS;

	do
	:: kills > 0 -> dying[0] = true; kills--
	:: kills > 0 -> dying[1] = true; kills--
	:: kills > 0 -> dying[GUESTS - 1] = true; kills--
	:: break
	od
}

init {
	byte g;
	atomic {
		for (g : 0 .. GUESTS - 1) {
			run call(g);
			run driver(g)
		}
	}
	/* All have ended: nothing is left behind, whoever died when. */
	ALL_ENDED ->
	assert(holder == NOBODY);
	assert(len(queue) == 0)
}
