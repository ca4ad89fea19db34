# SPDX-License-Identifier: BSD-2-Clause
"""`tenon top`: what each guest has of the secure world and does with it, one line per guest, again and again."""
from __future__ import annotations

import argparse
import select
import shutil
import sys
import time
from typing import Dict, List, Optional

from .common import TenonError, say
from .machine import Guest, Machine
from .options import add_machine_options, check_guest_numbers, commands_of, guest_command, guest_kill, numbers_of, positive
from .prepare import prepare_machine, run_folder

# key, heading, width; the keys are those of --sort
COLUMNS = (("guest", "GUEST", 6), ("state", "STATE", 8), ("pages", "PAGES", 6), ("reserve", "RESV", 5), ("limit", "LIMIT", 6),
           ("peak", "PEAK", 5), ("calls", "CALLS", 5), ("sessions", "SESS", 4), ("instances", "APPS", 4), ("shm", "SHM", 6),
           ("cpu", "CPU%", 6), ("callrate", "CALLS/s", 8), ("rpcrate", "RPCS/s", 7), ("refusals", "REFUSED", 7))
TEXT = ("guest", "state")
DEFAULT_COMMAND = "ledger --calls 3000 --seed $tenon_guest"
LOG_LINES = 6                   # of the consoles, below the table
QUIT = ("q", "Q", "\x03", "\x1b")


class Sample:
    """The counters of a guest, or of the machine, at one time of the machine."""

    def __init__(self, values: Dict[str, int], ticks: int, hz: int):
        self.values, self.ticks, self.hz = values, ticks, hz

    def rate(self, before: Optional["Sample"], key: str) -> float:
        """Growth of a counter a second since an earlier sample; 0 when there is none or the guest was restarted."""
        if before is None or self.ticks <= before.ticks:
            return 0.0
        growth = self.values.get(key, 0) - before.values.get(key, 0)
        return max(growth, 0) * self.hz / (self.ticks - before.ticks)


class Table:
    """Asks the machine for its counters and makes lines of them."""

    def __init__(self, machine: Machine, sort: str):
        self.machine = machine
        self.sort = sort
        self._before: Dict[str, Sample] = {}

    def take(self) -> List[Dict[str, object]]:
        """A row of each guest, and what has changed since the last time; sorted."""
        rows = [self._row(guest) for guest in self.machine.guests.values()]
        rows.sort(key=lambda row: row[self.sort], reverse=self.sort not in TEXT)    # type: ignore[arg-type, return-value]
        return rows

    def _row(self, guest: Guest) -> Dict[str, object]:
        row: Dict[str, object] = {key: 0 for key, _, _ in COLUMNS}
        row.update(guest=guest.name, state=guest.state)
        if guest.number is None:
            self._before.pop(guest.name, None)
            return row
        machine = self.machine.stats()
        try:
            values = self.machine.stats(guest)
        except TenonError:
            return row                  # it went between two events
        now = Sample(values, machine.get("ticks", 0), machine.get("hz", 1))
        before = self._before.get(guest.name)
        if before and before.values.get("tee_calls_total", 0) > values.get("tee_calls_total", 0):
            before = None               # another life
        self._before[guest.name] = now
        for key, counter in (("pages", "tee_pages"), ("reserve", "tee_pages_reserve"), ("limit", "tee_pages_limit"),
                             ("peak", "tee_pages_peak"), ("calls", "tee_calls"), ("sessions", "tee_sessions"),
                             ("instances", "tee_instances"), ("shm", "tee_shm_pages"), ("refusals", "tee_refusals")):
            row[key] = values.get(counter, 0)
        row["cpu"] = 100 * now.rate(before, "tee_ticks") / now.hz
        row["callrate"] = now.rate(before, "tee_calls_total")
        row["rpcrate"] = now.rate(before, "tee_rpcs_total")
        return row

    def lines(self, rows: List[Dict[str, object]]) -> List[str]:
        """The head of the page, and one line per guest."""
        total = self.machine.stats()
        head = (f"tenon top: {self.machine.seconds:.0f} s; secure pages: {total.get('tee_pages_total', 0)}, "
                f"free {total.get('tee_pages_free', 0)}, promised {total.get('tee_pages_reserved', 0)}; "
                f"images: {total.get('tee_images', 0)}; sorted by {self.sort}")
        return [head, join([heading for _, heading, _ in COLUMNS]), *(join(cells_of(row)) for row in rows)]


def cells_of(row: Dict[str, object]) -> List[str]:
    """A row as text: rates with one decimal below 100."""
    return [f"{value:.1f}" if isinstance(value, float) and value < 100 else f"{value:.0f}" if isinstance(value, float)
            else str(value) for value in (row[key] for key, _, _ in COLUMNS)]


def join(cells: List[str]) -> str:
    """Cells in their columns: words to the left, numbers to the right."""
    return " ".join(cell.ljust(width) if key in TEXT else cell.rjust(width)
                    for cell, (key, _, width) in zip(cells, COLUMNS)).rstrip()


class Page:
    """A whole terminal that is drawn again and again; where there is none, blocks of lines."""

    def __init__(self) -> None:
        self.is_live = sys.stdout.isatty()
        self.log: List[str] = []
        self._keys = self.is_live and sys.stdin.isatty()
        self._saved: Optional[list] = None

    def __enter__(self) -> "Page":
        if self._keys:
            import termios
            import tty
            self._saved = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin)
        if self.is_live:
            sys.stdout.write("\x1b[?1049h\x1b[?25l")
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_live:
            sys.stdout.write("\x1b[?25h\x1b[?1049l")
            sys.stdout.flush()
        if self._saved is not None:
            import termios
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._saved)

    def key(self) -> str:
        """A key that was pressed, or nothing."""
        if not self._keys or not select.select([sys.stdin], [], [], 0)[0]:
            return ""
        return sys.stdin.read(1)

    def show(self, lines: List[str]) -> None:
        """Draw it."""
        if not self.is_live:
            print("\n".join(lines) + "\n", flush=True)
            return
        columns, rows = shutil.get_terminal_size()
        page = [lines[0], "", f"\x1b[7m{lines[1][:columns].ljust(columns)}\x1b[0m", *lines[2:], "", *self.log[-LOG_LINES:], "",
                "q: quit; s: sort by the next column"]
        sys.stdout.write("\x1b[H" + "".join(f"{line if line.startswith(chr(27)) else line[:columns]}\x1b[K\r\n"
                                            for line in page[:rows - 1]) + "\x1b[J")
        sys.stdout.flush()


def add_options(parser: argparse.ArgumentParser) -> None:
    """All of `tenon top`."""
    add_machine_options(parser, guests=2)
    group = parser.add_argument_group("what to do")
    group.add_argument("--exec", dest="command", metavar="CMD", help=f"run CMD in each guest (default '{DEFAULT_COMMAND}')")
    group.add_argument("--exec-guest", dest="guest_commands", action="append", default=[], type=guest_command,
                       metavar="K=CMD", help="run CMD in guest K instead; may be repeated")
    group.add_argument("--kill", dest="kills", action="append", default=[], type=guest_kill, metavar="K@SECONDS",
                       help="destroy and recreate guest K that many seconds after power-on; may be repeated")
    group.add_argument("--timeout", type=positive, default=3600, metavar="S", help="give up after S seconds (default 3600)")
    group = parser.add_argument_group("the table")
    group.add_argument("--interval", type=float, default=1.0, metavar="S", help="seconds between two looks (default 1)")
    group.add_argument("--once", action="store_true", help="one look, once some guest has made calls; then end")
    group.add_argument("--sort", choices=[key for key, _, _ in COLUMNS], default="cpu", help="by which column (default cpu)")


class Top:
    """Looks at a machine until its guests' commands have ended."""

    def __init__(self, machine: Machine, options: argparse.Namespace, page: Page):
        self.machine, self.options, self.page = machine, options, page
        self.table = Table(machine, options.sort)
        self.kills = sorted(options.kills, key=lambda kill: kill[1])
        for guest in machine.guests.values():
            guest.console.on_line.append(lambda line, name=guest.name: self._take_line(name, line))

    def _take_line(self, name: str, line: str) -> None:
        self.page.log.append(f"{name}: {line}")
        del self.page.log[:-LOG_LINES]

    def run(self) -> None:
        """Until all is done, the time is up, or the user has seen enough."""
        self.machine.wait_ready()
        while self.machine.alive and any(guest.state == "running" for guest in self.machine.guests.values()):
            if self.machine.seconds > self.options.timeout:
                raise TenonError(f"not done after {self.options.timeout} s", "raise --timeout")
            rows = self.table.take()
            is_busy = any(row["callrate"] for row in rows)
            if not self.options.once or is_busy:
                self.page.show(self.table.lines(rows))
            if (self.options.once and is_busy) or self._wait():
                return

    def _wait(self) -> bool:
        """Let the machine run until the next look; True: the user wants to leave."""
        until = time.monotonic() + self.options.interval
        while self.machine.alive and time.monotonic() < until:
            self.machine.pump(0.05)
            if self.kills and self.machine.seconds >= self.kills[0][1]:
                self._kill(self.kills.pop(0)[0])
            key = self.page.key()
            if key in QUIT and key:
                return True
            if key == "s":
                keys = [name for name, _, _ in COLUMNS]
                self.table.sort = keys[(keys.index(self.table.sort) + 1) % len(keys)]
                return False
        return False

    def _kill(self, number: int) -> None:
        guest = list(self.machine.guests.values())[number - 1]
        if guest.number is not None:
            self.machine.destroy(guest)
        self.machine.create(guest)


def run_top(options: argparse.Namespace) -> int:
    """The command; returns its exit status."""
    check_guest_numbers(options.parser, options)
    if options.hypervisor == "none" or options.tee != "tenon":
        raise TenonError("top asks our hypervisor for Tenon's counters", "leave --hypervisor and --tee out")
    if not 0.05 <= options.interval <= 3600:
        options.parser.error("--interval is from 0.05 to 3600 seconds")
    commands = commands_of(options) or {"default": DEFAULT_COMMAND}
    with run_folder(options.log) as folder:
        config = prepare_machine(folder, options.guests, commands, cpus=options.cpus, memory=options.guest_mem,
                                 vcpus=options.vcpus, icount=options.icount, overlay=options.overlay,
                                 numbers=numbers_of(options))
        with Machine(config) as machine, Page() as page:
            Top(machine, options, page).run()
    say("the machine is off again")
    return 0
