# SPDX-License-Identifier: BSD-2-Clause
"""Counts of executed instructions to an lcov tracefile, through the line tables of the ELF files."""
from __future__ import annotations

import bisect
import re
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Dict, List, Tuple

from launcher.common import run_tool

TOOLS = "aarch64-linux-gnu-"
ROW = re.compile(r"\s(\d+|-)\s+0x([0-9a-f]+)(?:\[\d+\])?(?:\s|$)")
Lines = Dict[Tuple[str, int], int]              # (file, line) to count


def read_counts(path: Path) -> Dict[str, Dict[int, int]]:
    """By UUID: executions by offset of the instruction."""
    counts: Dict[str, Dict[int, int]] = defaultdict(dict)
    for line in path.read_text().splitlines():
        uuid, offset, count = line.split()
        counts[uuid][int(offset, 16)] = int(count)
    return counts


def line_rows(elf: Path) -> List[int]:
    """The addresses at which a row of the line table begins or a sequence ends, in order."""
    listing = run_tool([TOOLS + "objdump", "--dwarf=decodedline", str(elf)], f"reading the line table of {elf.name}")
    return sorted({int(found.group(2), 16) for found in map(ROW.search, listing.splitlines()) if found})


def places(elf: Path, addresses: List[int]) -> List[Tuple[str, int]]:
    """File and line of each; ("", 0) where there is none."""
    done = subprocess.run([TOOLS + "addr2line", "-e", str(elf)], input="\n".join(f"{at:#x}" for at in addresses) + "\n",
                          stdout=subprocess.PIPE, text=True, check=True)
    result = []
    for line in done.stdout.splitlines():
        name, _, number = line.partition(" (")[0].rpartition(":")
        result.append((name, int(number)) if number.isdigit() and int(number) else ("", 0))
    return result


def count_lines(elf: Path, counts: Dict[int, int]) -> Lines:
    """How often each line of a source that is here was executed."""
    rows = line_rows(elf)
    most = [0] * len(rows)
    for offset, count in counts.items():
        at = bisect.bisect_right(rows, offset) - 1
        if at >= 0:
            most[at] = max(most[at], count)
    lines: Lines = {}
    here: Dict[str, bool] = {}
    for place, count in zip(places(elf, rows), most):
        if here.setdefault(place[0], bool(place[0]) and Path(place[0]).is_file()):
            lines[place] = max(lines.get(place, 0), count)
    return lines


def write_lcov(target: Path, name: str, lines: Lines) -> Tuple[int, int]:
    """A tracefile; (lines executed, lines there are)."""
    files: Dict[str, Dict[int, int]] = defaultdict(dict)
    for (source, line), count in lines.items():
        files[str(Path(source).resolve())][line] = count
    text = []
    for source, found in sorted(files.items()):
        text += [f"TN:{name}", f"SF:{source}", *(f"DA:{line},{count}" for line, count in sorted(found.items())),
                 f"LF:{len(found)}", f"LH:{sum(count > 0 for count in found.values())}", "end_of_record"]
    target.write_text("\n".join(text) + "\n")
    return sum(count > 0 for count in lines.values()), len(lines)
