# SPDX-License-Identifier: BSD-2-Clause
"""xtest in four guests at the same time, while a bare-metal guest is created and destroyed every second."""
from __future__ import annotations

import re
from pathlib import Path
from typing import Callable, Dict, List

from launcher.machine import Guest, Machine
from launcher.prepare import bare_guest, prepare_machine
from launcher.xtest import FAILED, RESULTS, Summary

GUESTS = 4
RESERVE_PAGES = 640                     # 2.5 MiB of secure memory for each
SECONDS = 1200


class FourGuests:
    """One such run."""

    def __init__(self, folder: Path, command: str, guests: int = GUESTS):
        self.commands = {"default": command}
        bare = bare_guest(folder, "bare1", "mode=once seed=1 calls=200", manual=True)
        self.config = prepare_machine(folder, guests=guests, commands=self.commands, cpus=2, memory=192,
                                      numbers={"reserve-pages": RESERVE_PAGES}, extra_guests=[bare])
        self.summaries: Dict[str, Summary] = {}
        self.status: Dict[str, int] = {}
        self.lives = 0

    def run(self, seconds: float = SECONDS, on_line: Callable[[str, str], None] = lambda name, line: None) -> None:
        """To the end of each guest's command; TenonError when time is up."""
        with Machine(self.config) as machine:
            for guest in machine.guests.values():
                if guest.name != "bare1":
                    self._watch(guest, on_line)
            machine.secure.on_line.append(lambda line: on_line("tee", line))
            machine.wait_ready()
            victim = machine.guests["bare1"]
            workers: List[Guest] = [guest for guest in machine.guests.values() if guest is not victim]
            while machine.seconds < seconds and not all(guest.state == "off" for guest in workers):
                machine.create(victim)
                machine.run_for(1)
                machine.destroy(victim)
                self.lives += 1

    def _watch(self, guest: Guest, on_line: Callable[[str, str], None]) -> None:
        summary = self.summaries[guest.name] = Summary()

        def take(line: str) -> None:
            summary.take_line(line)
            found = re.search(r"TENON-EXIT (\d+)$", line)
            if found:
                self.status[guest.name] = int(found.group(1))
            on_line(guest.name, line)

        guest.console.on_line.append(take)

    def worst(self) -> Dict[str, str]:
        """Each case that any guest ran, with the worst of its results."""
        summaries = list(self.summaries.values())
        cases = sorted({case for summary in summaries for case in summary.results})
        return {case: max((summary.results.get(case, FAILED) for summary in summaries), key=RESULTS.index) for case in cases}
