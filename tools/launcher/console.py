# SPDX-License-Identifier: BSD-2-Clause
"""What comes from one serial console: raw bytes, lines, a log file, and waiting for a line."""
from __future__ import annotations

import re
from collections import deque
from pathlib import Path
from typing import BinaryIO, Callable, Deque, List, Match, Optional

MAX_LINE = 4096                 # a guest that never ends its line is cut here
BACKLOG = 20000                 # lines kept for expect()
ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


class Console:
    """One stream with a name ('g1', 'tee', 'hv'). Callbacks run inside Machine.pump()."""

    def __init__(self, name: str, log: Optional[Path] = None):
        self.name = name
        self.log_name = log.name if log else ""
        self.on_line: List[Callable[[str], None]] = []
        self.on_bytes: List[Callable[[bytes], None]] = []
        self._partial = bytearray()
        self._unread: Deque[str] = deque(maxlen=BACKLOG)
        self._log: Optional[BinaryIO] = open(log, "wb") if log else None    # noqa: SIM115 - closed in close()

    @property
    def partial(self) -> str:
        """The line that has not ended yet, such as a prompt."""
        return self._partial.decode("utf-8", "replace")

    def feed(self, data: bytes) -> None:
        """Take bytes from the machine."""
        if self._log:
            self._log.write(data)
            self._log.flush()
        for callback in list(self.on_bytes):
            callback(data)
        for byte in data.splitlines(keepends=True):
            self._partial += byte
            if byte.endswith(b"\n") or len(self._partial) > MAX_LINE:
                self.end_line()

    def end_line(self) -> None:
        """Hand out what there is of a line; also when the stream ends in the middle of one."""
        if not self._partial:
            return
        text = ANSI.sub("", self._partial.decode("utf-8", "replace")).rstrip("\r\n").lstrip("\r")
        self._partial.clear()
        self._unread.append(text)
        for callback in list(self.on_line):
            callback(text)

    def find(self, pattern: str) -> Optional[Match[str]]:
        """The first unread line that matches, with it and all before it taken as read."""
        while self._unread:
            found = re.search(pattern, self._unread.popleft())
            if found:
                return found
        return None

    def forget(self) -> None:
        """Take all lines so far as read."""
        self._unread.clear()

    def close(self) -> None:
        """End the last line and the log."""
        self.end_line()
        if self._log:
            self._log.close()
            self._log = None
