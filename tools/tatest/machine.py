# SPDX-License-Identifier: BSD-2-Clause
"""The other side of kernel/arch/host/tatest/: one process is one machine with one guest.

Commands go in as lines ("open 0 UUID LOGIN CLIENT P P P P", "invoke 0 CMD P P P P", "close 0", "end"); for each, lines come out
up to "done CHANCES EXITS": "log TEXT", "missing UUID" (an app that is in no folder), "svc NUMBER ARGUMENTS", "svc-result CODE",
"preempted PC", and "result CODE ORIGIN P P P P" or "killed" (the guest stopped inside). After "end": "end PAGES INSTRUCTIONS",
PAGES being those that did not come back.
"""
from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, List, Optional, Sequence, Tuple

from launcher.common import TenonError, build_dir

from .codes import SYSCALLS, result_name

SLOTS = 64


@dataclass
class Output:
    """What an output parameter was afterwards."""
    values: Tuple[int, int] = (0, 0)
    size: int = 0
    content: bytes = b""
    beyond: int = 0
    is_memory: bool = False


@dataclass
class Answer:
    """What an operation gave."""
    result: int = 0
    origin: int = 0
    outputs: List[Optional[Output]] = field(default_factory=list)
    log: List[str] = field(default_factory=list)
    missing: List[str] = field(default_factory=list)
    killed: bool = False
    chances: int = 0
    exits: int = 0


class MachineDied(Exception):
    """The kernel itself failed: text is what it said."""


def read_output(word: str) -> Optional[Output]:
    """P of an answer."""
    parts = word.split(":")
    if parts[0] == "v":
        return Output(values=(int(parts[1]), int(parts[2])))
    if parts[0] == "m":
        return Output(size=int(parts[1]), content=bytes.fromhex(parts[2]), beyond=int(parts[3]), is_memory=True)
    return None


class Machine:
    """Starts with arguments for the program; show gets each line of log or trace as it comes."""

    def __init__(self, arguments: Sequence[str], show: Callable[[str], None]):
        program = build_dir() / "kernel" / "arch" / "host" / "tatest"
        if not program.is_file():
            raise TenonError(f"{program} does not exist", "run 'make'")
        self._show = show
        self._slots: List[str] = []
        self._errors = tempfile.TemporaryFile()
        # Unicorn allocates at many of the app's stores; the kernel itself allocates nothing from the C library.
        environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0:malloc_context_size=0:quarantine_size_mb=1"}
        self._process = subprocess.Popen([str(program), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=self._errors, text=True, env=environment)
        self._read_to("ready")

    def slot(self, session: str) -> int:
        """The number of a session's name."""
        if session not in self._slots:
            if len(self._slots) == SLOTS:
                raise TenonError(f"more than {SLOTS} sessions")
            self._slots.append(session)
        return self._slots.index(session)

    def send(self, line: str) -> Answer:
        """One command to its end."""
        self._write(line)
        answer = Answer()
        words = self._read_to("done", answer)
        answer.chances, answer.exits = int(words[1]), int(words[2])
        return answer

    def finish(self) -> Tuple[int, int, List[str]]:
        """(pages that are missing, instructions executed, last lines of the log)."""
        self._write("end")
        answer = Answer()
        words = self._read_to("end", answer)
        status = self._process.wait(timeout=60)
        if status:
            raise MachineDied(self._last_words())
        return int(words[1]), int(words[2]), answer.log

    def stop(self) -> None:
        """Ends it, whatever it does."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            try:
                stream.close()
            except OSError:
                pass

    def _write(self, line: str) -> None:
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise MachineDied(self._last_words()) from error

    def _last_words(self) -> str:
        self._process.wait(timeout=60)
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace").strip()

    def _read_to(self, last: str, answer: Optional[Answer] = None) -> List[str]:
        for line in self._process.stdout:
            word, _, rest = line.rstrip("\n").partition(" ")
            if word == last:
                return [word, *rest.split()]
            if answer:
                self._take(word, rest, answer)
        raise MachineDied(self._last_words())

    def _take(self, word: str, rest: str, answer: Answer) -> None:
        if word == "log":
            answer.log.append(rest)
            self._show(rest)
        elif word == "result":
            code, origin, *params = rest.split()
            answer.result, answer.origin = int(code, 0), int(origin)
            answer.outputs = [read_output(param) for param in params]
        elif word == "killed":
            answer.killed = True
        elif word == "missing":
            answer.missing.append(rest)
        elif word == "svc":
            number, *values = rest.split()
            self._show(f"  {SYSCALLS.get(int(number), 'system call ' + number)}({', '.join(values)})")
        elif word == "svc-result":
            self._show(f"    = {result_name(int(rest, 0))}")
        elif word == "preempted":
            self._show(f"  preempted at {rest}")
        else:
            raise TenonError(f"the machine did not understand us: {word} {rest}")


def arguments(app: Path, uuid: str, folders: Sequence[Path], seed: int, slice_length: int, trace: bool, blocks: Optional[Path],
              fail_alloc: int, kill_at: int) -> List[str]:
    """The program's options."""
    argv = ["-t", str(app), "-u", uuid, "-s", str(seed), "-i", str(slice_length), "-f", str(fail_alloc), "-k", str(kill_at)]
    for folder in folders:
        argv += ["-d", str(folder)]
    return [*argv, *(["-v"] if trace else []), *(["-b", str(blocks)] if blocks else [])]
