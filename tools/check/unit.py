# SPDX-License-Identifier: BSD-2-Clause
"""Unit tests: run by Meson under the sanitizers; cases are counted from what cmocka (or TAP) prints."""
from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import List, Tuple

from launcher.common import build_dir

PASSED = re.compile(r"^\[  PASSED  \] (\d+) test", re.M)
FAILED = re.compile(r"^\[  FAILED  \] \S+: (\d+) test|^\[  FAILED  \] (\d+) test", re.M)
TAP_OK = re.compile(r"^ok \d+", re.M)
TAP_NOT_OK = re.compile(r"^not ok \d+", re.M)


def count_cases(output: str, good_status: bool) -> Tuple[int, int]:
    """(passed, failed) cases in what a test program printed; one that died without a sum has failed."""
    passed = sum(int(n) for n in PASSED.findall(output)) + len(TAP_OK.findall(output))
    failed = sum(int(a or b) for a, b in FAILED.findall(output)) + len(TAP_NOT_OK.findall(output))
    if not good_status and failed == 0:
        failed = 1
    if good_status and passed + failed == 0:
        passed = 1                              # a program without cases of its own
    return passed, failed


def read_log(log: Path) -> Tuple[int, List[str]]:
    """The sum over Meson's log, one JSON object a line: (passed, the program of each case that failed)."""
    passed, failed = 0, []
    for line in log.read_text().splitlines():
        entry = json.loads(line)
        output = entry.get("stdout", "") + "\n" + entry.get("stderr", "")
        good, bad = count_cases(output, entry["result"] in ("OK", "EXPECTEDFAIL"))
        if entry["result"] == "SKIP":
            print(f"unit: {entry['name']} was SKIPPED; counted as failed")
            good, bad = 0, 1
        passed += good
        failed += [f"unit: {entry['name']}"] * bad
    return passed, failed


def run() -> Tuple[int, List[str]]:
    """Run them, with Meson's progress on the terminal: (passed, the program of each case that failed)."""
    log = build_dir() / "meson-logs" / "testlog.json"
    if log.exists():
        log.unlink()
    status = subprocess.run(["meson", "test", "-C", str(build_dir()), "--no-rebuild", "--print-errorlogs"],
                            check=False).returncode
    if not log.is_file():
        print("unit: Meson has no unit tests" if status == 0 else "unit: Meson could not run the tests")
        return 0, [] if status == 0 else ["unit: Meson"]
    passed, failed = read_log(log)
    if status != 0 and not failed:
        failed.append("unit: Meson")
    print(f"unit: {passed} passed, {len(failed)} failed", flush=True)
    return passed, failed
