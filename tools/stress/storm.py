# SPDX-License-Identifier: BSD-2-Clause
"""The stress test's course: who lives, who dies, in which state, and what must be left."""
from __future__ import annotations

import argparse
import random
from collections import Counter
from typing import Callable, Dict, List, Optional

from demo.guests import Life
from demo.rest import complaints, count_pages, differences, power_off
from demo.screen import Screen, table
from launcher.common import TenonError
from launcher.control import Event
from launcher.machine import Guest, Machine

# in the order of the letters that make the bare-metal guest stay in them
STATES = ("none", "running", "preempted", "rpc:alloc", "rpc:free", "rpc:load_ta", "rpc:shm_alloc", "rpc:shm_free",
          "rpc:get_time", "rpc:suspend", "rpc:notification")
LINUX_STATES = ("running", "preempted", "rpc", "any")
SURVIVORS = ("g1", "g2")
LINUX_VICTIM = "g3"
READY = "guest: linger: ready"
PERIOD = 1.0                    # seconds between two kills of bare-metal guests
DELAY_MAX = 3000                # microseconds between a state and the kill
STEERED = 0.8                   # share of bare-metal guests that are told which state to stay in; others mix
PATIENCE = 8.0                  # seconds until a state must have come; then the kill comes anyway
FIRST_CALLS = 100


class Victim:
    """A guest that is made, watched until it works, and killed; again and again, without waiting."""

    def __init__(self, stress: "Stress", choose: Callable[[], Guest], states: Callable[[], str], period: float,
                 delay_max: int):
        self.stress, self.choose, self.states = stress, choose, states
        self.period, self.delay_max = period, delay_max
        self.guest: Optional[Guest] = None
        self.is_working = False
        self.next_birth = 0.0
        self.armed_at: Optional[float] = None
        self.is_forced = False
        self.lives = 0

    def step(self, now: float, may_begin: bool) -> None:
        """Do what is due."""
        if self.guest is None:
            if may_begin and now >= self.next_birth:
                self._begin(now)
        elif self.guest.number is None:
            self.guest = None
        elif self.is_working and self.armed_at is None:
            self.armed_at, self.is_forced = now, False
            state = self.states()
            if self.guest is not self.stress.machine.guests[LINUX_VICTIM] and self.stress.random.random() < STEERED:
                self.stress.machine.write(self.guest, b"%c" % (ord("a") + STATES.index(state)))
            self._arm(state, self.stress.random.randrange(self.delay_max))
        elif self.armed_at is not None and not self.is_forced and now - self.armed_at > PATIENCE:
            self.is_forced = True
            self._arm("any", 0)

    def _begin(self, now: float) -> None:
        self.guest = self.choose()
        self.is_working, self.armed_at = False, None
        self.next_birth = now + self.period * self.stress.random.uniform(0.5, 1.5)
        self.lives += 1
        self.stress.machine.create(self.guest, 60)

    def _arm(self, state: str, delay: int) -> None:
        assert self.guest
        self.stress.machine.control.request(f"kill {self.guest.number} {state} {delay}")


class Stress:
    """Runs on a machine that is starting."""

    def __init__(self, machine: Machine, screen: Screen, options: argparse.Namespace):
        self.machine, self.screen, self.options = machine, screen, options
        self.random = random.Random(options.seed)
        self.problems: List[str] = []
        self.hits: Counter = Counter()
        self.inside = 0                         # kills with at least one call in the TEE or suspended
        self.lives: Dict[str, Life] = {name: Life(machine, machine.guests[name])
                                       for name in (*SURVIVORS, LINUX_VICTIM)}
        self.bare_guests = [guest for name, guest in machine.guests.items() if name.startswith("b")]
        self.bare = Victim(self, lambda: self.random.choice(self.bare_guests), self._rarest, PERIOD, DELAY_MAX)
        self.linux = Victim(self, lambda: machine.guests[LINUX_VICTIM], lambda: self.random.choice(LINUX_STATES), 0.0,
                            DELAY_MAX)
        self.pages_before: Dict[str, int] = {}
        self.pages_after: Dict[str, int] = {}
        machine.control.on_event.append(self._take_event)
        machine.on_guest.append(self._guest_changed)
        for guest in self.bare_guests:
            guest.console.on_line.append(self._bare_line)

    def run(self) -> None:
        """All of it; TenonError when the machine does not go along."""
        machine = self.machine
        machine.wait_ready()
        survivors = [machine.guests[name] for name in SURVIVORS]
        machine.wait(lambda: all(life.is_idle for life in self.lives.values()), 240, "the Linux guests to boot")
        machine.destroy(machine.guests[LINUX_VICTIM])
        self.pages_before = count_pages(machine, survivors)
        for name in SURVIVORS:
            self.lives[name].type_line()
        self.lives[LINUX_VICTIM].on_idle = lambda life: life.type_line()
        self._kill_for(machine.seconds)
        self._end_victims()
        for name in SURVIVORS:
            self.lives[name].settle()
        machine.wait(lambda: all(self.lives[name].is_settled for name in SURVIVORS), 60, "the survivors to settle")
        self.pages_after = count_pages(machine, survivors)
        self.problems += differences(self.pages_before, self.pages_after) + complaints(machine)
        self._judge()
        power_off(machine)

    def _kill_for(self, start: float) -> None:
        """Until the time is over and each state was hit often enough, or the extra time is over too."""
        while True:
            now = self.machine.seconds
            passed = now - start
            if passed > self.options.seconds and (self._is_enough() or
                                                  passed > self.options.seconds + self.options.extra):
                return
            for victim in (self.bare, self.linux):
                victim.step(now, True)
            self.linux.is_working = self.lives[LINUX_VICTIM].calls >= FIRST_CALLS
            self._look()
            self.machine.pump(0.02)
            self.screen.show(self._lines(passed))

    def _end_victims(self) -> None:
        for victim in (self.bare, self.linux):
            if victim.guest and victim.guest.number is not None:
                number = victim.guest.number
                answer = self.machine.command(f"destroy {number}", check=False)
                if not answer.ok and victim.guest.number is not None:
                    raise TenonError(f"VM {number} cannot be destroyed: {answer.value}")
        self.machine.wait(lambda: all(guest.number is None for guest in self.bare_guests), 30, "the victims to be gone")

    def _is_enough(self) -> bool:
        return all(self.hits[state] >= self.options.kills for state in STATES)

    def _rarest(self) -> str:
        """A state that was hit least often, so that all get their share."""
        least = min(self.hits[state] for state in STATES)
        return self.random.choice([state for state in STATES if self.hits[state] <= least + 1])

    def _look(self) -> None:
        if not self.machine.alive:
            raise TenonError("the machine ended")
        if self.machine.panic:
            raise TenonError(f"the hypervisor stopped: {self.machine.panic}")
        for life in self.lives.values():
            if life.problems:
                raise TenonError(life.problems[0])
        if self.problems:
            raise TenonError(self.problems.pop())

    def _judge(self) -> None:
        for life in self.lives.values():
            self.problems += life.problems
        for state in STATES:
            if self.hits[state] < self.options.kills:
                self.problems.append(f"{self.hits[state]} kills in state {state}, fewer than {self.options.kills}")

    def _bare_line(self, line: str) -> None:
        if line == READY:
            self.bare.is_working = True
        elif line.startswith("guest: FAIL"):
            self.problems.append(f"the bare-metal guest says: {line}")

    def _guest_changed(self, guest: Guest, state: str) -> None:
        life = self.lives.get(guest.name)
        if state == "running" and life:
            life.restart()
        elif state in ("off", "reset") and not (life and life.is_settled):
            self.problems.append(f"{guest.name} went {state} by itself")

    def _take_event(self, event: Event) -> None:
        if event.kind == "killed":
            self.hits[event.value_of("hit") or "?"] += 1
            self.inside += int(event.value_of("calls") or 0) > 0

    def _lines(self, passed: float) -> List[str]:
        calls = ", ".join(f"{name} {self.lives[name].total} calls checked" for name in SURVIVORS)
        counts = "  ".join(f"{state} {self.hits[state]}" for state in STATES)
        return [f"[{passed:4.0f} of {self.options.seconds} s] {calls}; {self.linux.lives} lives of {LINUX_VICTIM}, "
                f"{self.bare.lives} of bare-metal guests", f"  kills: {counts}"]

    def summary(self, took: float) -> None:
        """The tables."""
        print()
        rows = [(state, self.hits[state]) for state in STATES]
        rows += [(state, count) for state, count in sorted(self.hits.items()) if state not in STATES]
        for line in table(("state of a call of the victim", "kills"), rows):
            print(line)
        print(f"{sum(self.hits.values())} kills, {self.inside} with a call inside; {self.linux.lives} lives of "
              f"{LINUX_VICTIM}, {self.bare.lives} of bare-metal guests\n")
        rows = [(name, life.total, round(life.longest_pause, 2), "wrong" if life.problems else "right")
                for name, life in self.lives.items()]
        for line in table(("guest", "checked calls", "longest pause s", "results"), rows):
            print(line)
        print()
        rows = [(key, before, self.pages_after.get(key, "?")) for key, before in self.pages_before.items()]
        for line in table(("at rest", "before", "after"), rows):
            print(line)
        print(f"\nseed {self.options.seed}, time {took:.1f} s")
