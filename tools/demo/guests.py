# SPDX-License-Identifier: BSD-2-Clause
"""What a Linux guest of the demo and the stress test does, and what its console tells about it."""
from __future__ import annotations

import re
import time
from typing import Callable, List, Optional

from launcher.machine import Guest, Machine

IDLE = "tenon-demo: idle"               # the guest has booted and waits for a line on its console
SETTLED = "tenon-demo: settled"         # its client has ended well, and it waits for another line
PROGRESS = re.compile(r"^ledger: (\d+)/\d+$")
SUMMARY = re.compile(r"^ledger: (all right|WRONG)")
EXIT = re.compile(r"TENON-EXIT (\d+)$")


def ledger_command(seed: int, options: str = "", before: str = "") -> str:
    """A guest's command: idle until a line comes, then the ledger client until another line comes."""
    return f"""{before}
echo "{IDLE}"
read -r line </dev/ttyAMA0
ledger --calls 0 --progress --seed {seed} {options} &
client=$!
read -r line </dev/ttyAMA0
kill -TERM $client
wait $client || exit 1
echo "{SETTLED}"
read -r line </dev/ttyAMA0
"""


class Life:
    """Follows one guest's console over all its lives."""

    def __init__(self, machine: Machine, guest: Guest):
        self.machine = machine
        self.guest = guest
        self.total = 0                          # checked calls, of all lives
        self.problems: List[str] = []
        self.longest_pause = 0.0                # seconds between two signs of life while it works
        self.on_idle: Optional[Callable[["Life"], None]] = None
        self.restart()
        guest.console.on_line.append(self.take_line)

    def restart(self) -> None:
        """A new life begins."""
        self.calls = 0                          # of this life
        self.is_idle = False
        self.is_settled = False
        self.status: Optional[int] = None
        self.last_sign: Optional[float] = None
        self.born = time.monotonic()

    def take_line(self, line: str) -> None:
        """A line of the console."""
        progress = PROGRESS.match(line)
        if progress:
            self._take_progress(int(progress.group(1)))
        elif line == IDLE:
            self.is_idle = True
            if self.on_idle:
                self.on_idle(self)
        elif line == SETTLED:
            self.is_settled = True
        elif line.startswith("ledger: ") and not SUMMARY.match(line) or "WRONG" in line:
            self.problems.append(f"{self.guest.name}: {line}")
        else:
            found = EXIT.search(line)
            if found:
                self.status = int(found.group(1))
                self.problems.append(f"{self.guest.name}: its command ended with status {self.status}")

    def _take_progress(self, count: int) -> None:
        now = time.monotonic()
        if self.last_sign is not None:
            self.longest_pause = max(self.longest_pause, now - self.last_sign)
        self.last_sign = now
        self.total += max(count - self.calls, 0)
        self.calls = max(count, self.calls)

    def type_line(self) -> None:
        """Send the guest on to its next part."""
        self.is_idle = False
        self.machine.write(self.guest, b"\n")

    def settle(self) -> None:
        """Ask the client to end; `is_settled` tells when it has."""
        self.last_sign = None
        self.machine.write(self.guest, b"\n")
