# SPDX-License-Identifier: BSD-2-Clause
"""Reads the secure world's trace out of a running machine, without ever waiting for an answer."""
from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Dict, List, Optional

from .common import write_atomic
from .control import Answer, Event, parse_values
from .machine import Machine

from .trace import Converter, Record, parse_line

PAGES = 16                      # of each CPU's ring
FULL = 128                      # records of one answer: there may be more
RECORDS_MAX = 1000000           # of a file: more no viewer likes
AT_ONCE = 6                     # answers on their way
PERIOD = 0.02                   # seconds between two looks when there was little


class Recorder:
    """poll() it whenever the machine was pumped; save() it at the end."""

    def __init__(self, machine: Machine):
        self.machine = machine
        self.records: List[Record] = []
        self.lost = 0
        self.hz = 0
        self.problem: Optional[str] = None
        self.names: Dict[int, str] = {}
        self._answers: List[Answer] = []        # on their way
        self._is_on = False
        self._next = 0.0
        machine.control.on_event.append(self._take_event)

    def poll(self) -> None:
        """Take what has come, ask for more."""
        if self.problem or not self.machine.ready or not self.machine.alive:
            return
        if not self._is_on:
            self._is_on = True
            self._answers = [self.machine.control.request(f"trace on {PAGES}")]
        count = self._take_all()
        if count == FULL or (count is None and not self._answers and time.monotonic() >= self._next):
            self._ask()

    def finish(self, timeout: float = 10.0) -> None:
        """Stop the trace and read what is left, within so many seconds."""
        deadline = time.monotonic() + timeout
        if self.problem or not self.machine.alive or not self._is_on:
            return
        self.machine.control.request("trace off")
        is_last = False
        while time.monotonic() < deadline and self.machine.alive and not self.problem:
            count = self._take_all()
            if is_last and count is not None and count < FULL:
                return
            if not self._answers:
                self._ask()
                is_last = True
            self.machine.pump(0.05)

    def _ask(self) -> None:
        self._answers = [self.machine.control.request("trace read") for _ in range(AT_ONCE)]

    def _take_all(self) -> Optional[int]:
        """The records of the last answer, when all have come."""
        if not self._answers or not all(answer.done for answer in self._answers):
            return None
        count = 0
        for answer in self._answers:
            count = self._take(answer)
        self._answers = []
        self._next = time.monotonic() + PERIOD
        return count

    def _take(self, answer: Answer) -> int:
        if not answer.ok:
            self.problem = answer.value or "no trace"
            return 0
        for line in answer.lines:
            self.records += parse_line(line)
        values = parse_values(answer.value)
        self.lost += values.get("lost", 0)
        self.hz = values.get("hz", self.hz)
        if len(self.records) > RECORDS_MAX:
            self.lost += len(self.records) - RECORDS_MAX
            del self.records[:-RECORDS_MAX]
        return values.get("records", 0)

    def _take_event(self, event: Event) -> None:
        guest = self.machine.guest_of(event.vm)
        if event.kind == "created" and event.vm is not None:
            self.names[event.vm] = f"guest {event.vm} ({guest.name if guest else event.value_of('node')})"

    def save(self, target: Path) -> str:
        """Write the file; what it has, in words."""
        trace = Converter(self.hz or 1000000, self.names).convert(self.records)
        trace["otherData"]["records_lost"] = self.lost
        write_atomic(target, (json.dumps(trace, separators=(",", ":")) + "\n").encode())
        return f"{len(self.records)} events of the secure world in {target}" + (f", {self.lost} lost" if self.lost else "")
