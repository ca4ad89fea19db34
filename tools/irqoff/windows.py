# SPDX-License-Identifier: BSD-2-Clause
"""What the measuring kernel says on the secure console (kernel/arch/arm64/window/), as figures with names."""
from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Tuple

from launcher.common import need_tool

INSTRUCTIONS_PER_TICK = 16      # CNTPCT at 62.5 MHz, one nanosecond an instruction
BOUND = 20_000                  # instructions: what nothing that a guest or an app asks for exceeds

WINDOW = re.compile(r"window: (\d+) ticks, (\w+) to (\w+), 0x([0-9a-f]+), from (\S*) to (\S*)$")
DEATH = re.compile(r"destroyed: (\d+): (\w+=.*)$")

STARTS = {"fast": "fast call", "create": "VM_CREATED", "destroy": "VM_DESTROYED, a slice of it", "call": "new call",
          "resume": "resumed call", "event": "power event, interrupt handed over", "syscall": "system call",
          "fault": "app's fault or first use of V registers", "stopped": "interrupt of an app", "masked": "end of a bracket",
          "preempted": "interrupt in a bracket", "vectors": "V registers used", "poll": "poll", "unmap": "something with an unmap in it"}
ENDS = {"answer": "answer", "rpc": "RPC", "interrupt": "exit for an interrupt", "app": "app", "bracket": "bracket", "poll": "poll"}


@dataclass
class Window:
    """The longest of a kind so far."""
    ticks: int
    detail: int
    begin: List[int]            # return addresses, innermost first
    end: List[int]

    @property
    def instructions(self) -> int:
        """A tick may have begun just before and end just after."""
        return self.ticks * INSTRUCTIONS_PER_TICK


@dataclass
class Death:
    """A guest's destruction: what it had, and what that took."""
    had: Dict[str, int]
    entries: int
    windows: int
    instructions: int
    longest: int

    @property
    def per_thing(self) -> float:
        """Instructions for each secure page and each session; a shared page counts as a small part of one."""
        return self.instructions / (self.had["pages"] + self.had["sessions"] + self.had["shm"] / 100)


class Windows:
    """The records of one or more machines."""

    def __init__(self) -> None:
        self.longest: Dict[Tuple[str, str], Window] = {}
        self.deaths: List[Death] = []

    def take_line(self, line: str) -> None:
        """A line of the secure console."""
        found = WINDOW.search(line)
        if found:
            ticks, start, end, detail, begin, place = found.groups()
            window = Window(int(ticks), int(detail, 16), addresses(begin), addresses(place))
            known = self.longest.get((start, end))
            if not known or known.ticks < window.ticks:
                self.longest[start, end] = window
        found = DEATH.search(line)
        if found:
            values = {name: int(value) for name, value in (word.split("=") for word in found.group(2).split())}
            had = {name: values[name] for name in ("pages", "sessions", "instances", "shm", "calls")}
            self.deaths.append(Death(had, values["entries"], values["windows"], values["ticks"] * INSTRUCTIONS_PER_TICK,
                                     values["longest"] * INSTRUCTIONS_PER_TICK))

    def add(self, other: "Windows") -> None:
        """What another machine showed."""
        for kind, window in other.longest.items():
            if kind not in self.longest or self.longest[kind].ticks < window.ticks:
                self.longest[kind] = window
        self.deaths += other.deaths

    def too_long(self) -> List[Tuple[str, str]]:
        """The kinds that exceed the bound."""
        return [kind for kind, window in self.longest.items() if window.instructions > BOUND]

    def starts(self) -> Dict[str, int]:
        """Instructions of the longest for each way to begin."""
        found: Dict[str, int] = {}
        for (start, _), window in self.longest.items():
            found[start] = max(found.get(start, 0), window.instructions)
        return found

    def table(self, elf: Path) -> List[str]:
        """In Markdown, the longest first."""
        rows = sorted(self.longest.items(), key=lambda row: -row[1].ticks)
        names = name_places(elf, {place for _, window in rows for place in [*window.begin, *window.end]})
        lines = ["| from | to | instructions | began in | ended in |", "| --- | --- | ---: | --- | --- |"]
        for (start, end), window in rows:
            detail = f" {window.detail:#x}" if window.detail else ""
            lines.append(f"| {STARTS[start]}{detail} | {ENDS[end]} | {window.instructions:,} | "
                         f"{chain(window.begin, names)} | {chain(window.end, names)} |")
        return lines


def addresses(text: str) -> List[int]:
    """A chain of return addresses."""
    return [int(word, 16) for word in text.split("<") if word]


def name_places(elf: Path, places: "set[int]") -> Dict[int, str]:
    """The function that each return address is in."""
    ordered = sorted(places)
    if not ordered:
        return {}
    tool = need_tool("aarch64-linux-gnu-addr2line", "binutils-aarch64-linux-gnu")
    asked = "\n".join(f"{place - 4:#x}" for place in ordered)
    answer = subprocess.run([tool, "-f", "-e", str(elf)], input=asked, stdout=subprocess.PIPE, text=True, check=True).stdout
    lines = answer.splitlines()
    return {place: f"{lines[2 * at]}:{lines[2 * at + 1].rpartition(':')[2].split()[0]}" for at, place in enumerate(ordered)}


def chain(places: List[int], names: Dict[int, str]) -> str:
    """`inner < outer < …`, with line numbers."""
    return " < ".join(names[place] for place in places)
