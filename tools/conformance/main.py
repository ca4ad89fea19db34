# SPDX-License-Identifier: BSD-2-Clause
"""The command line of `tenon conformance`."""
from __future__ import annotations

import argparse
from collections import Counter
from typing import Dict, List

from . import table
from .results import ABSENT, FAILED, OK, Results, gather, result_of
from .scan import Point, Test, by_point, find_tests, read_points


def judge(point: Point, tests: List[Test], results: Results, cases: Dict[str, str]) -> str:
    """ok, FAILED, gap, 'not executed', 'no test'. One failed test fails the point; one executed test is enough."""
    found = [result_of(test, results) for test in tests]
    if FAILED in found:
        return FAILED
    if OK in found:
        return OK
    if point.gap:
        return "gap"
    if not set(point.kinds) & set("UL"):
        known = [cases[case] for case in point.cases if case in cases]
        return FAILED if FAILED in known else OK if known else ABSENT    # a skip is a result
    return ABSENT if tests else "no test"


def is_bad(point: Point, verdict: str) -> bool:
    """Fails the command: a failed test; a point that has to have one of ours without any that ran."""
    return verdict == FAILED or (verdict in (ABSENT, "no test") and bool(set(point.kinds) & set("UL")))


def show(points: List[Point], tests: Dict[str, List[Test]], results: Results, listing: bool) -> int:
    """Print point → test → result; how many points are bad."""
    cases = table.native_cases()
    verdicts: Counter = Counter()
    bad = 0
    for point in points:
        mine = tests.get(point.name, [])
        verdict = judge(point, mine, results, cases)
        verdicts[verdict] += 1
        bad += is_bad(point, verdict)
        what = f"gap: {point.gap}" if verdict == "gap" else verdict
        print(f"{point.name} [{point.kinds}] {point.statement}" + ("" if listing else f": {what}"))
        for test in mine:
            print(f"    {test.file}: {test.function}" + ("" if listing else f": {result_of(test, results)}"))
        for case in point.cases:
            known = cases.get(case)
            print(f"    xtest {case}" + (f": {known}" if known and not listing else ""))
    print("conformance: " + ", ".join(f"{count} {name}" for name, count in sorted(verdicts.items()))
          if not listing else f"conformance: {len(points)} points, {sum(name in tests for name in (p.name for p in points))} "
          "named by tests")
    return bad


def strangers(points: List[Point], tests: Dict[str, List[Test]]) -> List[str]:
    """Points that tests name and the table does not have."""
    return sorted(set(tests) - {point.name for point in points})


def main(arguments: List[str]) -> int:
    """Returns 0 iff every point that must have a test of ours has one that ran well."""
    parser = argparse.ArgumentParser(
        prog="tenon conformance", description="Which test checks which point of the trusted-app interface, and with what "
        "result. Tests name their points: in the function's name (ta_078_…), in the comment above it, in the docstring. Fresh "
        "results of 'make check' are used; what is missing is run. Gaps belong to a later issue.")
    parser.add_argument("--list", action="store_true", help="only what maps to what; runs nothing")
    parser.add_argument("--only", choices=("unit",), help="run no booted tests")
    parser.add_argument("--table", action="store_true", help="run xtest on the peer, on Tenon and in four guests, and write "
                        "docs/conformance.md")
    parser.add_argument("--keep", action="append", choices=table.COLUMNS, default=[], help="with --table: take this "
                        "column from its last run")
    options = parser.parse_args(arguments)
    if options.table:
        return table.write(options.keep)
    points, found = read_points(), find_tests()
    tests = by_point(found)
    unknown = strangers(points, tests)
    for name in unknown:
        print(f"{name}: no such point, named by {', '.join(test.function for test in tests[name])}")
    results = {} if options.list else gather(found, True, options.only != "unit")
    bad = show(points, tests, results, options.list)
    if options.list:
        return 1 if unknown else 0
    if bad:
        print(f"conformance: {bad} points without a test that ran well")
    return 1 if bad or unknown else 0
