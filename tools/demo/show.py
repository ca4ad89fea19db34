# SPDX-License-Identifier: BSD-2-Clause
"""The acts of the demo: all work; guest 2 dies and comes back; all rest, and nothing is missing."""
from __future__ import annotations

import argparse
import random
import time
from dataclasses import dataclass
from typing import Dict, List, Optional

from launcher.common import TenonError
from launcher.control import Event
from launcher.machine import Guest, Machine

from .guests import Life
from .rest import complaints, count_pages, differences, power_off
from .screen import Screen, table

VICTIM = "g2"
# states in which guest 2's client is often found
STATES = ("running", "preempted", "rpc", "rpc:load_ta", "rpc:shm_alloc", "rpc:shm_free")
DELAY_MAX = 300                 # microseconds between the state and the death
WARM_UP = 100                   # checked calls of a new life before it may be ended
HIT_TIMEOUT = 40                # seconds until a state must have come
WORK_TIMEOUT = 420
MISSES_MAX = 15                 # deaths that came after the call had ended


@dataclass
class Death:
    """One kill as it went."""
    life: int
    wanted: str
    delay: int
    hit: str
    calls: int
    took: int                   # microseconds
    back: float = 0.0           # seconds from the death until its successor's call number WARM_UP


class Show:
    """Runs on a machine that is starting."""

    def __init__(self, machine: Machine, screen: Screen, options: argparse.Namespace):
        self.machine, self.screen, self.options = machine, screen, options
        self.random = random.Random(options.seed)
        self.lives: Dict[str, Life] = {name: Life(machine, guest) for name, guest in machine.guests.items()}
        self.deaths: List[Death] = []
        self.misses = 0
        self.act = "booting"
        self.problems: List[str] = []
        self.pages_before: Dict[str, int] = {}
        self.pages_after: Dict[str, int] = {}
        self._killed: Optional[Event] = None
        machine.on_guest.append(self._guest_changed)
        machine.control.on_event.append(self._take_event)

    def run(self) -> None:
        """All acts; TenonError when the machine does not go along."""
        self.machine.wait_ready()
        self._wait(lambda: all(life.is_idle for life in self.lives.values()), 240, "all guests to boot")
        self.screen.say(f"all guests are up after {self.machine.seconds:.1f} s")
        self.pages_before = self._pages_without_victim()
        self._rebirth()
        self._work()
        self._deaths()
        self._rest()

    def _work(self) -> None:
        self.act = f"{self.options.calls} checked calls each"
        for name, life in self.lives.items():
            if name != VICTIM:
                life.type_line()
        self._wait(lambda: all(life.total >= self.options.calls for life in self.lives.values()), WORK_TIMEOUT,
                   f"{self.options.calls} calls of each guest")
        self.screen.say(f"each guest has made {self.options.calls} checked calls, {self.machine.seconds:.1f} s after "
                        "power-on")

    def _deaths(self) -> None:
        victim = self.lives[VICTIM]
        while len(self.deaths) < self.options.kills:
            self.act = f"death {len(self.deaths) + 1} of {self.options.kills}"
            self._wait(lambda: victim.calls >= WARM_UP, 120, f"{VICTIM} to work")
            death = self._kill()
            self._rebirth()
            at = time.monotonic()
            self._wait(lambda: victim.calls >= WARM_UP, 120, f"{VICTIM} to work again")
            death.back = time.monotonic() - at
            if death.calls == 0:
                self.misses += 1
                if self.misses > MISSES_MAX:
                    raise TenonError(f"{self.misses} deaths came too late to hit a call")
                continue
            self.deaths.append(death)
            self.screen.say(f"death {len(self.deaths):2}: wanted {death.wanted} + {death.delay} us, hit {death.hit} with "
                            f"{death.calls} call{'s' if death.calls > 1 else ''} inside; gone in {death.took} us; "
                            f"working again after {death.back:.1f} s")

    def _kill(self) -> Death:
        guest = self.machine.guests[VICTIM]
        wanted = self.random.choice(STATES)
        delay = self.random.randrange(DELAY_MAX)
        self._killed = None
        self.machine.command(f"kill {guest.number} {wanted} {delay}")
        self._wait(lambda: guest.number is None and self._killed, HIT_TIMEOUT, f"{VICTIM} to be {wanted}")
        assert self._killed
        return Death(guest.instances, wanted, delay, self._killed.value_of("hit") or "?",
                     int(self._killed.value_of("calls") or 0), int(self._killed.value_of("took") or 0))

    def _rebirth(self) -> None:
        """A new instance of guest 2, sent to work as soon as it is up."""
        victim = self.lives[VICTIM]
        victim.on_idle = lambda life: life.type_line()
        self.machine.create(self.machine.guests[VICTIM])

    def _rest(self) -> None:
        """Everybody ends; guest 2 goes; what is free must be what was free."""
        self.act = "coming to rest"
        for life in self.lives.values():
            life.settle()
        self._wait(lambda: all(life.is_settled for life in self.lives.values()), 60, "all guests to settle")
        self.pages_after = self._pages_without_victim()
        self.problems += differences(self.pages_before, self.pages_after) + complaints(self.machine)
        self.problems += [problem for life in self.lives.values() for problem in life.problems]
        power_off(self.machine)

    def _pages_without_victim(self) -> Dict[str, int]:
        """Destroy guest 2 and count pages while all others rest."""
        guest = self.machine.guests[VICTIM]
        self.machine.destroy(guest)
        return count_pages(self.machine, [other for other in self.machine.guests.values() if other is not guest])

    def _wait(self, condition, timeout: float, what: str) -> None:
        def look() -> object:
            self.screen.show(self._lines())
            broken = next((life.problems[0] for life in self.lives.values() if life.problems), None)
            if broken:
                raise TenonError(broken)
            return condition()

        self.machine.wait(look, timeout, what)

    def _lines(self) -> List[str]:
        lines = [f"[{self.machine.seconds:5.0f} s] {self.act}"]
        for name, life in self.lives.items():
            age = time.monotonic() - life.born
            rate = life.calls / age if age > 1 and life.calls else 0
            deaths = f", died {len(self.deaths) + self.misses} times" if name == VICTIM else ""
            state = self.machine.guests[name].state
            doing = state if state != "running" else "idle" if life.is_idle else "working" if life.calls else "booting"
            lines.append(f"  {name:4} {doing:8} {life.total:7} calls checked, {rate:5.0f}/s{deaths}")
        return lines

    def _guest_changed(self, guest: Guest, state: str) -> None:
        life = self.lives[guest.name]
        if state == "running":
            life.restart()
        elif state in ("off", "reset") and not life.is_settled:
            life.problems.append(f"{guest.name}: went {state} by itself")

    def _take_event(self, event: Event) -> None:
        if event.kind == "killed":
            self._killed = event

    def summary(self, took: float) -> None:
        """What was seen, as tables."""
        rows = [(number + 1, death.wanted, death.delay, death.hit, death.calls, death.took, round(death.back, 1))
                for number, death in enumerate(self.deaths)]
        print()
        for line in table(("death", "wanted", "+ us", "hit", "calls inside", "gone after us", "working again s"), rows):
            print(line)
        print()
        rows = [(name, self.machine.guests[name].instances, life.total, round(life.longest_pause, 2),
                 "wrong" if life.problems else "right") for name, life in self.lives.items()]
        for line in table(("guest", "lives", "checked calls", "longest pause s", "results"), rows):
            print(line)
        print()
        rows = [(key, before, self.pages_after.get(key, "?")) for key, before in self.pages_before.items()]
        for line in table(("at rest", "before", "after"), rows):
            print(line)
        print(f"\ntime: {took:.1f} s")
