# SPDX-License-Identifier: BSD-2-Clause
"""The command line of `tenon ta-test`."""
from __future__ import annotations

import argparse
import json
import struct
import tempfile
import time
import uuid as uuids
from pathlib import Path
from typing import Dict, List, Optional

from launcher.common import TenonError, say
from symbolize.main import Symbols, collect, symbolize

from . import coverage, script
from .machine import Machine, arguments
from .runner import Report, Runner
from .script import UUID, Operation, Parser, Step

SHDR = struct.Struct("<IIIIHH")
SHDR_MAGIC = 0x4F545348
SWEEP_MAX = 100000


def uuid_of(app: Path) -> str:
    """The UUID of a .ta: its file's name, or what its signed header says."""
    if UUID.match(app.stem):
        return app.stem.lower()
    try:
        data = app.read_bytes()
    except OSError as error:
        raise TenonError(f"{app}: {error.strerror}") from error
    if len(data) >= SHDR.size:
        magic, kind, _, _, hash_size, signature_size = SHDR.unpack_from(data)
        at = SHDR.size + hash_size + signature_size
        if magic == SHDR_MAGIC and kind in (1, 2) and len(data) >= at + 16:
            return str(uuids.UUID(bytes=data[at:at + 16]))
    raise TenonError(f"{app}: of which app? neither its name nor its header says", "call it UUID.ta")


def find_elves(app: Path, uuid: str, given: List[Path], folders: List[Path]) -> Dict[str, Path]:
    """ELF files by UUID: those given (one that is not named by a UUID is the app's), and those beside the .ta files."""
    own = [path for path in given if path.is_file() and not UUID.match(path.stem)]
    found = {uuid: own[0]} if own else {}
    near = [folder for folder in {app.resolve().parent, *folders} if any(folder.glob("*.elf")) or any(folder.glob("*.so"))]
    for folder in (app.resolve().parent / "ta", app.resolve().parent / "out"):
        near += [folder] if folder.is_dir() else []
    for name, path in collect([*(path for path in given if path not in own), *near]).items():
        found.setdefault(name, path)
    return found


class Session:
    """One call of the command: its options, and runs with them."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.app: Path = options.app
        if not self.app.is_file():
            raise TenonError(f"{self.app}: there is no such file")
        self.uuid = uuid_of(self.app)
        self.folders = [self.app.resolve().parent, *options.ta_dir]
        self.elves = find_elves(self.app, self.uuid, options.elf, options.ta_dir)
        self.symbols = Symbols(self.elves)
        self.steps = self._steps()

    def _steps(self) -> List[Step]:
        options = self.options
        if options.script:
            return Parser(self.uuid, options.script.resolve().parent).parse(script.read_script(options.script))
        return Parser(self.uuid, Path.cwd()).parse(script.split_commands(options.commands or "open; close"))

    def show(self, line: str) -> None:
        """A line of the run, places named."""
        if not self.options.quiet:
            for text in symbolize([line], self.symbols):
                print(text, flush=True)

    def run(self, blocks: Optional[Path] = None, fail_alloc: int = 0, kill_at: int = 0) -> Report:
        """The script once, on a machine of its own."""
        options = self.options
        machine = Machine(arguments(self.app, self.uuid, self.folders, options.seed, options.slice, options.trace, blocks,
                                    fail_alloc, kill_at), self.show)
        try:
            return Runner(machine, self.show, strict=not (fail_alloc or kill_at)).run(self.steps)
        finally:
            machine.stop()

    def sweep(self, what: str, which: str) -> int:
        """One chance after the other fails, or one alone; good if the kernel gets over each."""
        numbers = range(1, SWEEP_MAX) if which == "all" else [script.number(which)]
        runs = bad = 0
        for at in numbers:
            report = self.run(**{what: at})
            reached = (report.chances if what == "fail_alloc" else report.exits) >= at
            if not reached and which == "all":
                break
            runs += 1
            if not reached:
                print(f"ta-test: there is no number {at}")
            for problem in problems_of(report):
                bad += 1
                print(f"ta-test: {what.replace('_', '-')} {at}: {problem}")
        print(f"ta-test: {runs} runs, {bad} failed" if bad else f"ta-test: {runs} runs, the kernel got over each")
        return 1 if bad else 0

    def once(self) -> int:
        """The script, judged; with coverage if wanted."""
        options, began = self.options, time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            blocks = Path(folder) / "blocks" if options.coverage else None
            report = self.run(blocks)
            if blocks and blocks.is_file():
                self._write_coverage(blocks)
        found = report.failures + problems_of(report)
        if options.json:
            options.json.write_text(json.dumps({"app": self.uuid, "passed": not found, "failures": found, "instructions":
                                                report.instructions, "operations": report.operations}, indent=1) + "\n")
        for problem in found:
            for line in symbolize([f"ta-test: FAILED {problem}"], self.symbols):
                print(line)
        count = len([step for step in self.steps if isinstance(step, Operation)])
        print(f"ta-test: {len(report.operations)} of {count} operations, {report.expectations} expectations, {len(found)} failed; "
              f"{report.instructions} instructions, {time.monotonic() - began:.2f} s")
        return 1 if found else 0

    def _write_coverage(self, blocks: Path) -> None:
        lines: coverage.Lines = {}
        for uuid, counts in coverage.read_counts(blocks).items():
            if uuid in self.elves:
                for place, count in coverage.count_lines(self.elves[uuid], counts).items():
                    lines[place] = max(lines.get(place, 0), count)
            else:
                say(f"coverage: no ELF file of {uuid} was given: --elf")
        hit, total = coverage.write_lcov(self.options.coverage, self.uuid.replace("-", "_"), lines)
        print(f"ta-test: {hit} of {total} lines were executed: {self.options.coverage}")


def problems_of(report: Report) -> List[str]:
    """What is wrong with the kernel in any case."""
    found = []
    if report.crash:
        found.append(f"the kernel itself failed:\n{report.crash}")
    elif report.missing_pages:
        found.append(f"{report.missing_pages} pages did not come back")
    return found


def make_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="tenon ta-test", description="Runs an unmodified .ta inside the kernel's host build: its instructions are executed "
        "by the Unicorn engine, its system calls served by the kernel's own code. The exit status is 0 iff all expectations of "
        "the script hold. docs/ta-test.md has the script language.")
    parser.add_argument("app", type=Path, metavar="FILE.ta", help="the app; signed with the key the build has")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--script", type=Path, metavar="FILE", help="what the client does")
    what.add_argument("-c", dest="commands", metavar="COMMANDS", help="the same, separated by ';' (default 'open; close')")
    parser.add_argument("--ta-dir", type=Path, action="append", default=[], metavar="DIR",
                        help="other apps and libraries, as UUID.ta (the folder of FILE.ta is one)")
    parser.add_argument("--elf", type=Path, action="append", default=[], metavar="X.elf",
                        help="names for back traces and coverage; those beside FILE.ta are found")
    parser.add_argument("--coverage", type=Path, metavar="OUT.info", help="write an lcov tracefile of the lines executed")
    parser.add_argument("--fail-alloc", metavar="N", help="the N-th allocation of the kernel fails; 'all': each in turn")
    parser.add_argument("--kill-at", metavar="N", help="the guest dies the N-th time it gets control inside a call; 'all': each in "
                        "turn. With these two the kernel is judged, not the results")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="of the times of preemption (default 1)")
    parser.add_argument("--slice", type=int, default=1000000, metavar="N", help="instructions between preemptions, on average "
                        "(default 1000000; 0: none)")
    parser.add_argument("--trace", action="store_true", help="show system calls and preemptions")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there")
    parser.add_argument("--quiet", action="store_true", help="only what failed, and the sum")
    return parser


def main(arguments_: List[str]) -> int:
    """Run; 0 iff all is as expected."""
    options = make_parser().parse_args(arguments_)
    session = Session(options)
    if options.fail_alloc:
        return session.sweep("fail_alloc", options.fail_alloc)
    if options.kill_at:
        return session.sweep("kill_at", options.kill_at)
    return session.once()
