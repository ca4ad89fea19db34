# SPDX-License-Identifier: BSD-2-Clause
"""A few lines that are drawn again and again on a terminal; plain lines where there is none."""
from __future__ import annotations

import shutil
import sys
import time
from typing import List, Sequence, TextIO

REDRAW_SECONDS = 0.2
PLAIN_SECONDS = 10.0


class Screen:
    """Lines at the bottom, messages scrolling above them."""

    def __init__(self, stream: TextIO = sys.stdout):
        self._stream = stream
        self._is_live = stream.isatty()
        self._drawn = 0
        self._last = 0.0

    def say(self, text: str) -> None:
        """A message that stays."""
        self._erase()
        print(text, file=self._stream, flush=True)
        self._last = 0.0 if self._is_live else self._last

    def show(self, lines: Sequence[str]) -> None:
        """The present state; drawn when it is time."""
        now = time.monotonic()
        if now - self._last < (REDRAW_SECONDS if self._is_live else PLAIN_SECONDS):
            return
        self._last = now
        self._erase()
        width = shutil.get_terminal_size().columns if self._is_live else 200
        for line in lines:
            print(line[:width - 1], file=self._stream)
        self._stream.flush()
        self._drawn = len(lines) if self._is_live else 0

    def _erase(self) -> None:
        if self._drawn:
            self._stream.write(f"\x1b[{self._drawn}A\x1b[J")
            self._drawn = 0


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> List[str]:
    """Columns that line up; numbers to the right."""
    text = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[at]) for row in text) for at in range(len(head))]

    def line(cells: Sequence[str], source: Sequence[object]) -> str:
        return "  ".join(cell.rjust(width) if isinstance(value, (int, float)) else cell.ljust(width)
                         for cell, width, value in zip(cells, widths, source)).rstrip()

    return [line(text[0], head), "  ".join("-" * width for width in widths),
            *(line(cells, row) for cells, row in zip(text[1:], rows))]
