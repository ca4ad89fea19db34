# SPDX-License-Identifier: BSD-2-Clause
"""Results of single test functions: from the files that `tenon check` leaves, or from runs of what is missing."""
from __future__ import annotations

import json
import re
import subprocess
import xml.etree.ElementTree as xml
from pathlib import Path
from typing import Dict, Iterable, List, Tuple

from check.lint import tracked_files
from check.main import DEBIAN_PYTHON
from launcher.common import REPO, build_dir, say

from .scan import Test

OK, FAILED, ABSENT = "ok", "FAILED", "not executed"
CMOCKA = re.compile(r"^\[ +(OK|FAILED|ERROR|SKIPPED) +\] ([A-Za-z_]\w*)$", re.M)
TAP = re.compile(r"^(ok|not ok) \d+ - (\w+)(.*)$", re.M)
SOURCES = ("abi/", "kernel/", "hypervisor/", "examples/", "tests/", "tools/", "bench/")

Results = Dict[Tuple[str, str], str]            # (program, function) → OK or FAILED


def newest_source() -> float:
    """When the sources that tests depend on changed last."""
    return max((REPO / name).stat().st_mtime for name in tracked_files()
               if name.startswith(SOURCES) and not name.startswith(("tools/conformance/", "tools/symbolize/")))


def merge(results: Results, key: Tuple[str, str], good: bool) -> None:
    """One failure of a function, under whatever parameters, is its result."""
    results[key] = OK if good and results.get(key, OK) == OK else FAILED


def unit_results(log: Path) -> Results:
    """From Meson's log: each program's output names its functions."""
    results: Results = {}
    for line in log.read_text().splitlines():
        entry = json.loads(line)
        output = entry.get("stdout", "") + "\n" + entry.get("stderr", "")
        program = entry["name"].split(" / ")[-1].split(":")[-1]
        for word, function in CMOCKA.findall(output):
            merge(results, (program, function), word == "OK")
        for word, function, rest in TAP.findall(output):
            merge(results, (program, function), word == "ok" and "# SKIP" not in rest)
    return results


def booted_results(report: Path) -> Results:
    """From pytest's JUnit file; a skipped test has not been executed."""
    results: Results = {}
    for case in xml.parse(report).getroot().iter("testcase"):
        kinds = {child.tag for child in case}
        if "skipped" in kinds:
            continue
        program = (case.get("classname") or "").split(".")[-1]
        function = (case.get("name") or "").split("[")[0]
        merge(results, (program, function), not kinds & {"failure", "error"})
    return results


def result_of(test: Test, results: Results) -> str:
    """A test's own result. A program may be named otherwise than its source; then the function's name decides."""
    if (test.program, test.function) in results:
        return results[test.program, test.function]
    same = {result for (program, function), result in results.items() if function == test.function}
    return FAILED if FAILED in same else OK if same and not test.is_python else ABSENT


def run_unit() -> None:
    """All unit tests; a minute."""
    say("conformance: running the unit tests")
    subprocess.run(["meson", "test", "-C", str(build_dir()), "--no-rebuild", "--suite", "unit"], check=False,
                   stdout=subprocess.DEVNULL)


def run_booted(tests: Iterable[Test], selection: str, report: Path) -> None:
    """Those of these tests of pytest that an expression of markers selects."""
    names = sorted({f"{test.file}::{test.function}" for test in tests})
    say(f"conformance: running up to {len(names)} tests on booted machines")
    subprocess.run([DEBIAN_PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short", f"--junitxml={report}",
                    "-m", selection, *names], cwd=REPO, check=False)


def is_needed(test: Test, tests: List[Test], results: Results) -> bool:
    """Some point that it names has no other test with a result; so the long ones are run by make check-long alone."""
    return any(all(result_of(other, results) == ABSENT for other in tests if point in other.points) for point in test.points)


def gather(tests: List[Test], run: bool, booted: bool) -> Results:
    """Results of the tests; what has no fresh result is run if allowed."""
    changed = newest_source()
    log = build_dir() / "meson-logs" / "testlog.json"
    reports = [build_dir() / name for name in ("pytest.xml", "pytest-long.xml", "conformance.xml")]
    results: Results = {}

    def read_unit() -> None:
        if log.is_file() and log.stat().st_mtime > changed:
            try:
                results.update(unit_results(log))
            except json.JSONDecodeError:        # two runs at a time wrote into it: as good as none
                say(f"conformance: {log} is damaged")

    read_unit()
    unit = [test for test in tests if not test.is_python]
    if run and any(result_of(test, results) == ABSENT for test in unit):
        run_unit()
        read_unit()
    for report in reports:
        if report.is_file() and report.stat().st_mtime > changed:
            results.update(booted_results(report))
    # The long ones last, and only for what the others leave open.
    for selection, report in (("not long", reports[-1]), ("long", reports[1])):
        missing = [test for test in tests if test.is_python and is_needed(test, tests, results)]
        if run and booted and missing:
            run_booted(missing, selection, report)
            if report.is_file():
                results.update(booted_results(report))
    return results


__all__ = ["ABSENT", "FAILED", "OK", "Results", "booted_results", "gather", "result_of", "unit_results"]
