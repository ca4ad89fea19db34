# SPDX-License-Identifier: BSD-2-Clause
"""docs/conformance.md: xtest case by case on the peer, on Tenon, and on Tenon in four guests at the same time."""
from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Dict, List, Optional

from launcher.common import REPO, build_dir, say, write_atomic
from launcher.prepare import run_folder
from launcher.xtest import FAILED, OK, PART, SKIP

from .four import GUESTS, FourGuests

FILTERS = "regression_10 regression_20 regression_41 regression_5006 regression_810 regression_4004"
XTEST = f"xtest -t regression {FILTERS}"
CASES = 64                              # 38 + 4 + 17 + 1 + 3 + 1
COLUMNS = ("peer", "tenon", "four")
TARGET = REPO / "docs" / "conformance.md"
# Cases that pass without doing anything where a part is absent: services for tests of the reference itself, and what
# Debian's build of the apps leaves out.
MAY_SKIP = {f"regression_{number}" for number in (1001, 1002, 1003, 1015, 1020, 1029, 1031, 1036, 1037, 1038, 1041)}
MAY_SKIP_PART = {"regression_1008", "regression_1025"}      # installing into secure storage; a service for tests


def column_file(column: str) -> Path:
    """Where the results of a column's last run are kept."""
    return build_dir() / "xtest" / f"{column}.json"


def load(column: str) -> Dict[str, str]:
    """Results of a column's last run; empty if there was none."""
    path = column_file(column)
    return json.loads(path.read_text()) if path.is_file() else {}


def native_cases() -> Dict[str, str]:
    """Results by the number of the case, from the last run on Tenon."""
    return {case.replace("regression_", ""): result for case, result in load("tenon").items()}


def run_native(tee: str) -> Dict[str, str]:
    """The list on one machine without a hypervisor."""
    report = column_file(tee).with_suffix(".report")
    subprocess.run([sys.executable, str(REPO / "tenon"), "run", "--tee", tee, "--hypervisor", "none", "--guests", "1",
                    "--timeout", "900", "--json", str(report), "--exec", XTEST], check=False, stdout=subprocess.DEVNULL)
    if not report.is_file():
        return {}
    guest = json.loads(report.read_text())["guests"][0]
    report.unlink()
    return guest.get("xtest", {}).get("results", {})


def run_four() -> Dict[str, str]:
    """The list in four guests: a case has the worst of its results."""
    with run_folder(None) as folder:
        machine = FourGuests(folder, XTEST)
        machine.run()
    say(f"conformance: the fifth guest lived {machine.lives} times")
    return machine.worst()


RUNS: Dict[str, Callable[[], Dict[str, str]]] = {
    "peer": lambda: run_native("optee"), "tenon": lambda: run_native("tenon"), "four": run_four}


def save(column: str, results: Dict[str, str]) -> None:
    """Keep a column for the next table."""
    column_file(column).parent.mkdir(parents=True, exist_ok=True)
    write_atomic(column_file(column), json.dumps(results, indent=1).encode())


def render(columns: Dict[str, Dict[str, str]]) -> str:
    """The page."""
    cases = sorted({case for results in columns.values() for case in results})
    sums = [f"{sum(results.get(case) in (OK, PART) for case in cases)} OK, {sum(results.get(case) == SKIP for case in cases)} skipped, "
            f"{sum(results.get(case, FAILED) == FAILED for case in cases)} FAILED" if results else "did not run"
            for results in columns.values()]
    rows = [f"| {case} | " + " | ".join(results.get(case, "did not run") for results in columns.values()) + " |"
            for case in cases]
    return "\n".join([
        "<!-- SPDX-License-Identifier: BSD-2-Clause -->",
        "# Conformance", "",
        "Which test checks which point of the trusted-app interface, and with what result, is printed by `make conformance`.",
        "Points are listed in `tests/conformance/points.tsv`; a test names those that it checks in its name, in the comment",
        "above it, or in its docstring. Points of cryptographic operations and of persistent objects are listed as gaps.", "",
        "## xtest", "",
        f"Written on {time.strftime('%Y-%m-%d', time.gmtime())} by `./tenon conformance --table`, which runs Debian's xtest 4.5",
        f"three times with the filters `{FILTERS}`:", "",
        "- **peer**: Debian's OP-TEE, Linux directly above the firmware;",
        "- **Tenon**: the same with Tenon;",
        f"- **four guests**: Tenon under its hypervisor, two CPUs, {GUESTS} guests with 2.5 MiB of secure memory reserved for each,",
        "  all running the list at the same time, while a fifth guest is created and destroyed every second; the worst result of",
        "  the four counts.", "",
        "*skipped*: the case passes without doing its work because a part is absent that it may do without: services for the",
        "peer's own self tests (1001, 1002, 1003, 1015, 1020, 1025, 1037), installing apps into secure storage (1008), or what Debian's",
        "test apps are built without.", "",
        "| case | peer | Tenon | four guests |", "| --- | --- | --- | --- |", *rows,
        f"| **{len(cases)} cases** | " + " | ".join(sums) + " |", ""])


def problems_of(columns: Dict[str, Dict[str, str]]) -> List[str]:
    """What the issue does not allow: a number of cases other than the list's, failures, skips without a reason."""
    problems = []
    for name, results in columns.items():
        if len(results) != CASES:
            problems.append(f"{name}: {len(results)} cases, not {CASES}")
        problems += [f"{name}: {case} {result}" for case, result in results.items()
                     if result == FAILED or (result == SKIP and case not in MAY_SKIP)
                     or (result == PART and case not in MAY_SKIP_PART)]
    return problems


def write(keep: Optional[List[str]] = None) -> int:
    """Run what is not kept, write the page; 0 iff nothing failed."""
    columns: Dict[str, Dict[str, str]] = {}
    for column in COLUMNS:
        results = load(column) if column in (keep or []) else {}
        if not results:
            say(f"conformance: running xtest: {column}")
            results = RUNS[column]()
            save(column, results)
        columns[column] = results
    write_atomic(TARGET, render(columns).encode())
    say(f"conformance: wrote {TARGET}")
    problems = problems_of(columns)
    for problem in problems:
        print(f"conformance: {problem}")
    return 1 if problems else 0
