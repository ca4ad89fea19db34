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


def read_results(results: Path) -> Tuple[int, List[str]]:
    """(passed, names of those that failed) from pytest's JUnit file; a skipped test has not passed."""
    passed, failed = 0, []
    for case in xml.parse(results).getroot().iter("testcase"):
        bad = [kind for kind in ("failure", "error", "skipped") if case.find(kind) is not None]
        if "skipped" in bad:
            print(f"booted: {case.get('name')} was SKIPPED; counted as failed")
        if bad:
            failed.append(f"booted: {case.get('classname', '')}::{case.get('name')}")
        else:
            passed += 1
    return passed, failed


def run_booted(selection: str, patterns: List[str]) -> Tuple[int, List[str]]:
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
        return 0, ["booted: pytest"]
    passed, failed = read_results(results)
    if status not in (0, 5) and not failed:     # 5: nothing selected
        failed.append("booted: pytest")
    return passed, failed


def run_lint() -> Tuple[int, List[str]]:
    """All of lint's checks."""
    bad = lint.run()
    return lint.count() - len(bad), [f"lint: {name}" for name in bad]


def main(arguments: List[str]) -> int:
    """Run the parts; returns 0 iff nothing failed."""
    parser = argparse.ArgumentParser(prog="tenon check", description="Lint, unit tests, three minutes of the simulator, each "
                                     "fuzzer for 30 s, then tests on booted machines. Needs a finished build ('make check' does all).")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part only; may be repeated")
    parser.add_argument("--long", action="store_true", help="the booted tests that take long instead of the short ones")
    parser.add_argument("patterns", nargs="*", metavar="PATTERN", help="booted tests whose name contains it")
    options = parser.parse_args(arguments)
    parts = options.only or PARTS
    runs = {"lint": run_lint, "unit": unit.run, "sim": search.simulate, "fuzz": search.fuzz,
            "booted": lambda: run_booted("long" if options.long else "not long", options.patterns)}
    began, passed, failed = time.monotonic(), 0, []
    for part in (part for part in PARTS if part in parts):
        good, bad = runs[part]()
        passed, failed = passed + good, failed + bad
    print(f"check: took {time.monotonic() - began:.0f} s")
    for name in dict.fromkeys(failed):
        print(f"FAILED {name}")
    print(f"{passed} passed, {len(failed)} failed", flush=True)
    return 1 if failed else 0
