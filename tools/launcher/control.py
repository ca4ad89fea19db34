# SPDX-License-Identifier: BSD-2-Clause
"""The hypervisor's control channel: commands with answers in order, and events between the lines."""
from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from typing import Callable, Deque, Dict, List, Optional

ANSWER = re.compile(r"(ok|error:)(?: (.*))?\Z")


@dataclass
class Answer:
    """A command on its way: done when the hypervisor has answered."""
    command: str
    done: bool = False
    ok: bool = False
    value: str = ""                                 # after "ok", or the reason after "error:"
    lines: List[str] = field(default_factory=list)


@dataclass
class Event:
    """What the hypervisor tells unasked: kind ('created'), the VM's number if it names one, all words."""
    kind: str
    words: List[str]
    text: str

    @property
    def vm(self) -> Optional[int]:
        """The VM it is about."""
        return int(self.words[0]) if self.words and self.words[0].isdigit() else None

    def value_of(self, name: str) -> Optional[str]:
        """The word after `name`, as in 'node linux1'."""
        for at, word in enumerate(self.words[:-1]):
            if word == name:
                return self.words[at + 1]
        return None


def parse_values(line: str) -> Dict[str, int]:
    """The numbers of a line 'NAME=VALUE …'; decimal or 0x hexadecimal, others are left out."""
    values: Dict[str, int] = {}
    for word in line.split():
        name, sign, value = word.partition("=")
        if sign:
            try:
                values[name] = int(value, 0)
            except ValueError:
                continue
    return values


class Control:
    """Pairs answers with commands. `send` puts bytes on the channel."""

    def __init__(self, send: Callable[[bytes], None]):
        self._send = send
        self._waiting: Deque[Answer] = deque()
        self.on_event: List[Callable[[Event], None]] = []
        self.on_chatter: List[Callable[[str], None]] = []      # firmware and log lines that answer nothing

    def request(self, command: str) -> Answer:
        """Send a command; the answer fills itself in as lines arrive."""
        if "\n" in command or not command.strip():
            raise ValueError(f"not one command: {command!r}")
        answer = Answer(command)
        self._waiting.append(answer)
        self._send(command.encode() + b"\n")
        return answer

    def take_line(self, line: str) -> None:
        """A line of the control channel."""
        if line.startswith("event: "):
            words = line[len("event: "):].split()
            event = Event(words[0] if words else "", words[1:], line[len("event: "):])
            for callback in list(self.on_event):
                callback(event)
            return
        if not self._waiting:
            for chatter in list(self.on_chatter):
                chatter(line)
            return
        answer = self._waiting[0]
        verdict = ANSWER.match(line)
        if not verdict:
            answer.lines.append(line)
            return
        self._waiting.popleft()
        answer.ok = verdict.group(1) == "ok"
        answer.value = verdict.group(2) or ""
        answer.done = True
