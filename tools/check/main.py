# SPDX-License-Identifier: BSD-2-Clause
"""The command line of `tenon check`. Its last line is exactly 'N passed, N failed'."""
from __future__ import annotations

import argparse
import subprocess
import time
import xml.etree.ElementTree as xml
from pathlib import Path
from typing import List, Tuple

from launcher.common import REPO, build_dir

from . import lint, search, unit

PARTS = ("lint", "unit", "sim", "fuzz", "booted")
DEBIAN_PYTHON = "/usr/bin/python3"              # has Debian's pytest, whatever else PATH offers


def read_results(results: Path) -> Tuple[int, int]:
    """(passed, failed) from pytest's JUnit file; a skipped test has not passed, so it counts as failed."""
    passed = failed = 0
    for case in xml.parse(results).getroot().iter("testcase"):
        bad = [kind for kind in ("failure", "error", "skipped") if case.find(kind) is not None]
        if "skipped" in bad:
            print(f"booted: {case.get('name')} was SKIPPED; counted as failed")
        passed, failed = (passed, failed + 1) if bad else (passed + 1, failed)
    return passed, failed


def run_booted(selection: str, patterns: List[str]) -> Tuple[int, int]:
    """Run the tests in tests/ with pytest; selection is an expression of markers."""
    results = build_dir() / ("pytest-long.xml" if selection == "long" else "pytest.xml")
    if results.exists():
        results.unlink()
    argv = [DEBIAN_PYTHON, "-m", "pytest", "-v", "-p", "no:cacheprovider", "--tb=short", f"--junitxml={results}",
            "-m", selection]
    if patterns:
        argv += ["-k", " or ".join(patterns)]
    status = subprocess.run([*argv, str(REPO / "tests")], cwd=REPO, check=False).returncode
    if not results.is_file():
        return 0, 1
    passed, failed = read_results(results)
    if status not in (0, 5) and failed == 0:    # 5: nothing selected
        failed = 1
    return passed, failed


def main(arguments: List[str]) -> int:
    """Run the parts; returns 0 iff nothing failed."""
    parser = argparse.ArgumentParser(prog="tenon check", description="Lint, unit tests, three minutes of the simulator, each "
                                     "fuzzer for 30 s, then tests on booted machines. Needs a finished build ('make check' does all).")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part only; may be repeated")
    parser.add_argument("--long", action="store_true", help="the booted tests that take long instead of the short ones")
    parser.add_argument("patterns", nargs="*", metavar="PATTERN", help="booted tests whose name contains it")
    options = parser.parse_args(arguments)
    parts = options.only or PARTS
    began, passed, failed = time.monotonic(), 0, 0
    if "lint" in parts:
        bad = len(lint.run())
        passed, failed = passed + lint.count() - bad, failed + bad
    if "unit" in parts:
        good, bad = unit.run()
        passed, failed = passed + good, failed + bad
    for part, run in (("sim", search.simulate), ("fuzz", search.fuzz)):
        if part in parts:
            good, bad = run()
            passed, failed = passed + good, failed + bad
    if "booted" in parts:
        good, bad = run_booted("long" if options.long else "not long", options.patterns)
        passed, failed = passed + good, failed + bad
    print(f"check: took {time.monotonic() - began:.0f} s")
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0
