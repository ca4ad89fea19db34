# SPDX-License-Identifier: BSD-2-Clause
"""The command line of `tenon symbolize`: reads a log, writes it again with names behind the places."""
from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Optional, TextIO, Tuple

from launcher.common import TenonError, build_dir, say

TOOLS = "aarch64-linux-gnu-"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
PLACE = re.compile(rf"\b({UUID})\+0x([0-9a-f]+)\b", re.I)
NAMED = re.compile(rf"^({UUID})\.(elf|so)$", re.I)
SONAME = re.compile(rf"\(SONAME\).*\[({UUID})\]", re.I)
ELF_MAGIC = b"\x7fELF"


def is_elf(path: Path) -> bool:
    """Whether a file begins as an ELF file does."""
    with path.open("rb") as stream:
        return stream.read(4) == ELF_MAGIC


def uuid_of(path: Path) -> Optional[str]:
    """The UUID that the kit built this file for: its name, or, for a library, the name it is linked by."""
    found = NAMED.match(path.name)
    if not found and path.suffix == ".so" and is_elf(path):
        done = subprocess.run([TOOLS + "readelf", "-d", str(path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True, check=False)
        found = SONAME.search(done.stdout)
    return found.group(1).lower() if found else None


def collect(places: Iterable[Path]) -> Dict[str, Path]:
    """ELF files by UUID, from files and from folders with all below them; the first of a UUID counts."""
    found: Dict[str, Path] = {}
    for place in places:
        if not place.exists():
            raise TenonError(f"{place}: there is no such file or folder")
        files = sorted(place.rglob("*")) if place.is_dir() else [place]
        for path in files:
            uuid = uuid_of(path) if path.suffix in (".elf", ".so") and path.is_file() else None
            if uuid:
                found.setdefault(uuid, path)
            elif path is place:
                raise TenonError(f"{path}: for which app? its name is not a UUID",
                                 "give the <uuid>.elf that the kit leaves beside the <uuid>.ta")
    return found


class Symbols:
    """Names of places, each looked up once."""

    def __init__(self, elves: Dict[str, Path]):
        self._elves = elves
        self._known: Dict[Tuple[str, int], str] = {}
        self.unknown: List[str] = []            # UUIDs that no file was given for

    def name(self, uuid: str, offset: int) -> str:
        """'function at file:line', innermost first where calls were inlined; empty if nobody knows."""
        key = (uuid.lower(), offset)
        if key not in self._known:
            self._known[key] = self._look_up(*key)
        return self._known[key]

    def _look_up(self, uuid: str, offset: int) -> str:
        if uuid not in self._elves:
            if uuid not in self.unknown:
                self.unknown.append(uuid)
            return ""
        argv = [TOOLS + "addr2line", "-f", "-i", "-C", "-e", str(self._elves[uuid]), f"{offset:#x}"]
        try:
            done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        except FileNotFoundError as error:
            raise TenonError(f"{argv[0]} is not installed", "run './tenon setup'") from error
        lines = done.stdout.splitlines()
        pairs = [name if where.startswith("?") else f"{name} at {Path(where).name}"
                 for name, where in zip(lines[::2], lines[1::2]) if name != "??"]
        return ", inlined in ".join(pairs)


def symbolize(lines: Iterable[str], symbols: Symbols) -> Iterator[str]:
    """The lines, with a name behind each place that has one."""
    for line in lines:
        yield PLACE.sub(lambda found: " ".join(filter(None, [
            found.group(0), symbols.name(found.group(1), int(found.group(2), 16))])), line)


def open_log(name: str) -> TextIO:
    """A log, or the standard input."""
    try:
        return sys.stdin if name == "-" else open(name, errors="replace")
    except OSError as error:
        raise TenonError(f"{name}: {error.strerror}") from error


def main(arguments: List[str]) -> int:
    """Read, look up, print."""
    parser = argparse.ArgumentParser(
        prog="tenon symbolize", description="Prints a log of the secure console again, with function, file and line behind "
        "each UUID+0xOFFSET of a dead app's report. The .elf is what the development kit leaves beside the .ta.")
    parser.add_argument("--elf", action="append", type=Path, default=[], metavar="X",
                        help="an ELF file named by its app's UUID, a library, or a folder with such files; may be repeated "
                        "(the examples are known)")
    parser.add_argument("log", nargs="?", default="-", metavar="LOGFILE", help="default: standard input")
    options = parser.parse_args(arguments)
    examples = build_dir() / "examples"
    symbols = Symbols(collect([*options.elf, *([examples] if examples.is_dir() else [])]))
    with open_log(options.log) as log:
        for line in symbolize(log, symbols):
            print(line, end="", flush=True)
    for uuid in symbols.unknown:
        say(f"no ELF file of {uuid} was given: --elf")
    return 0
