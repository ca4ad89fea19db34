# SPDX-License-Identifier: BSD-2-Clause
"""`tenon trace`: a part of a trace as a picture, for documents."""
from __future__ import annotations

import argparse
import json
from html import escape
from pathlib import Path
from typing import Dict, List, Optional, Tuple

from .common import TenonError, write_atomic
from .trace import CPUS, problems_of

LEFT, RIGHT, TOP = 130, 34, 44          # room around the drawing
BAR, ROW, GAP = 18, 20, 12              # heights
WIDTH = 1100
LETTER = 6.2                            # width of a letter of the text, about
COLOURS = ("#4e79a7", "#f28e2b", "#59a14f", "#b07aa1", "#76b7b2", "#edc948", "#9c755f", "#af7aa1")
OUTSIDE = "#d8d8d8"
PART_MAX = 400                          # slices of a part that are looked at
SHADES = (1.0, 0.75, 0.5, 0.35)         # of a guest's colour, the outermost first


def add_options(parser: argparse.ArgumentParser) -> None:
    """All of `tenon trace`."""
    parser.add_argument("file", type=Path, metavar="FILE", help="what 'tenon run --trace FILE' wrote")
    parser.add_argument("--svg", type=Path, metavar="OUT", help="draw a part there")
    parser.add_argument("--start", type=float, metavar="US", help="where the part begins, in microseconds "
                        "(default: where two guests are inside)")
    parser.add_argument("--length", type=float, default=4000, metavar="US", help="how long it is (default 4000)")


def slices_of(trace: dict) -> List[dict]:
    """The slices in the order of time."""
    return [event for event in trace["traceEvents"] if event["ph"] == "X"]


def find_start(slices: List[dict], length: float) -> float:
    """Where so long a time has the most kinds of slices, of two guests if it can be."""
    own = [event for event in slices if event["pid"] != CPUS]
    best, best_at, first = (0, 0), 0.0, 0
    for last, event in enumerate(own):
        while own[first]["ts"] < event["ts"] - length * 0.95:
            first += 1
        kinds: Dict[int, set] = {}
        for other in own[first:last + 1][:PART_MAX]:
            kinds.setdefault(other["pid"], set()).add(other["name"])
        most = sorted((len(names) for names in kinds.values()), reverse=True) + [0]
        if (most[1], most[0]) > best:
            best, best_at = (most[1], most[0]), own[first]["ts"] - length * 0.02
    return best_at


class Picture:
    """Rows of slices, cut to [start, start + length)."""

    def __init__(self, trace: dict, start: float, length: float):
        self.start, self.length = start, length
        self.names: Dict[Tuple[int, int], str] = {}
        self.processes: Dict[int, str] = {}
        for event in trace["traceEvents"]:
            if event["ph"] == "M" and event["name"] == "process_name":
                self.processes[event["pid"]] = event["args"]["name"]
            elif event["ph"] == "M":
                self.names[(event["pid"], event["tid"])] = event["args"]["name"]
        self.slices = [event for event in slices_of(trace)
                       if event["ts"] + event["dur"] > start and event["ts"] < start + length]
        guests = sorted({pid for pid in self.processes if pid != CPUS})
        self.colour = {pid: COLOURS[n % len(COLOURS)] for n, pid in enumerate(guests)}
        self.out: List[str] = []

    def x(self, time: float) -> float:
        """Where a time lies."""
        inside = min(max((time - self.start) / self.length, 0.0), 1.0)
        return LEFT + inside * (WIDTH - LEFT - RIGHT)

    def text(self, x: float, y: float, words: str, style: str = "") -> None:
        """Words."""
        self.out.append(f'<text x="{x:.1f}" y="{y:.1f}"{style}>{escape(words)}</text>')

    def draw(self) -> str:
        """The whole file."""
        y = TOP
        for pid in sorted({event["pid"] for event in self.slices}):
            self.text(8, y + 14, self.processes.get(pid, str(pid)), ' class="head"')
            y += ROW
            for tid in sorted({event["tid"] for event in self.slices if event["pid"] == pid}):
                y += self.row(pid, tid, y)
            y += GAP
        self.axis(y)
        height = y + 8
        style = ("text{font:11px sans-serif;fill:#222}.head{font-weight:bold}.in{font-size:10px}"
                 "line{stroke:#ccc;stroke-width:1}rect{stroke:#fff;stroke-width:.5}")
        return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">\n'
                f'<!-- SPDX-License-Identifier: BSD-2-Clause -->\n<style>{style}</style>\n'
                f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>\n' + "\n".join(self.out) + "\n</svg>\n")

    def row(self, pid: int, tid: int, y: float) -> int:
        """One thread: what is inside of something lies below it. Returns the height."""
        self.text(20, y + 13, self.names.get((pid, tid), str(tid)))
        ends: List[float] = []
        deepest = 1
        for event in (event for event in self.slices if (event["pid"], event["tid"]) == (pid, tid)):
            while ends and ends[-1] <= event["ts"] + 1e-6:
                ends.pop()
            self.bar(event, len(ends), y + len(ends) * ROW)
            ends.append(event["ts"] + event["dur"])
            deepest = max(deepest, len(ends))
        return deepest * ROW + 4

    def bar(self, event: dict, depth: int, y: float) -> None:
        """One slice."""
        left, right = self.x(event["ts"]), self.x(event["ts"] + event["dur"])
        guest = event.get("args", {}).get("guest", event["pid"])
        is_outside = event["name"].startswith(("RPC", "preempted", "outside"))
        colour = OUTSIDE if is_outside else self.colour.get(guest, "#888")
        shade = SHADES[min(depth, len(SHADES) - 1)]
        self.out.append(f'<rect x="{left:.2f}" y="{y}" width="{max(right - left, 0.6):.2f}" height="{BAR}" fill="{colour}" '
                        f'fill-opacity="{shade}"><title>{escape(event["name"])}: {event["dur"]:.1f} us</title></rect>')
        letters = int((right - left - 6) / LETTER)
        if letters >= 4:
            self.text(left + 3, y + 13, event["name"][:letters], ' class="in"')

    def axis(self, bottom: float) -> None:
        """Times above the rows."""
        for tenth in range(11):
            at = self.start + self.length * tenth / 10
            x = self.x(at)
            self.out.insert(0, f'<line x1="{x:.1f}" y1="{TOP - 12}" x2="{x:.1f}" y2="{bottom}"/>')
            self.text(x, TOP - 18, f"{self.length * tenth / 10:.0f} µs", ' text-anchor="middle"')


def summary(trace: dict) -> str:
    """What is in it."""
    slices = slices_of(trace)
    guests = {event["pid"] for event in slices if event["pid"] != CPUS}
    end = max((event["ts"] + event["dur"] for event in slices), default=0.0)
    return (f"{len(slices)} slices of {len(guests)} guest{'s' if len(guests) != 1 else ''} in {end / 1e6:.3f} s; "
            f"{trace.get('otherData', {}).get('records_lost', 0)} records lost")


def run_trace(options: argparse.Namespace) -> Optional[int]:
    """The command."""
    try:
        trace = json.loads(options.file.read_text())
        problems = problems_of(trace)
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise TenonError(f"{options.file} is no trace: {error}") from error
    if problems:
        raise TenonError(f"{options.file} is no trace of ours: {problems[0]}")
    print(summary(trace))
    if options.svg:
        start = options.start if options.start is not None else find_start(slices_of(trace), options.length)
        write_atomic(options.svg, Picture(trace, start, options.length).draw().encode())
        print(f"{options.svg}: {options.length:.0f} us from {start:.0f} us on")
    return 0
