#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs ta-test on shipped apps, and on scripts that must fail; prints TAP. For `make check` (suite unit).

usage: selftest.py CACHE   (TENON_BUILD in the environment)
"""
from __future__ import annotations

import contextlib
import io
import json
import sys
import tempfile
from pathlib import Path
from typing import Callable, List, Tuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.dont_write_bytecode = True

from launcher.common import TenonError, build_dir  # noqa: E402
from tatest.main import main  # noqa: E402

APPS = {"crypt": "cb3e5ba0-adf1-11e0-998b-0002a5d5c51b", "os_test": "5b9e0e40-2636-11e1-ad9e-0002a5d5c51b",
        "sims": "e6a33ed4-562b-463a-bb7e-ff5e15a493c8", "concurrent": "e13010e0-2ae1-11e5-896a-0002a5d5c51b",
        "create_fail": "c3f6e2c0-3548-11e1-b86c-0800200c9a66"}
LEDGER = "ledger/7e0b3c5a-0001-4b8e-a2f6-6c6564676572.ta"
CACHE = Path(sys.argv[1])


def app(name: str) -> str:
    """A .ta to test with."""
    if name == "ledger":
        return str(build_dir() / "examples" / LEDGER)
    return str(CACHE / "pkg/optee-test-qemu/usr/lib/optee_armtz" / f"{APPS[name]}.ta")


def run(*words: str) -> Tuple[int, str]:
    """Exit status and output of ta-test."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            status = main(list(words))
        except TenonError as error:
            print(error)
            status = 1
    return status, out.getvalue()


def script(name: str, *more: str) -> None:
    """A script that must hold."""
    status, text = run(app(name), "--script", str(HERE / "tests" / f"{name}.txt"), *more)
    assert status == 0, text


def fails(commands: str, *wanted: str) -> None:
    """Commands for the crypt app that must fail, and what has to be said."""
    status, text = run(app("crypt"), "-c", commands)
    assert status == 1 and all(word in text for word in wanted), text


def wrong_expectations_are_told() -> None:
    """What was expected, what came."""
    fails("open; invoke 99", "FAILED", "was to succeed, but came BAD_PARAMETERS")
    fails("open; expect result BUSY", "expected BUSY", "came SUCCESS")
    fails("open; expect origin tee", "expected tee, came app")
    fails("open; invoke 2 mem-in:text:abc mem-out:32; expect memory 1 text:x", "expected text:x, came hex:ba7816bf")
    fails("open; expect log nothing-like-this", "expected a log line", "no log line")


def mistakes_in_scripts_name_their_place() -> None:
    """Before anything runs."""
    fails("open; expct result 1", "command 2", "'expct' is no command")
    fails("open; invoke 1 mem-in:no", "command 2", "is no content")
    fails("open; invoke 1 value-in:x", "'x' is not a number")
    fails("open; invoke 1; expect value 0 1", "is no output of that kind")
    fails("repeat 2; open", "before the 'end'")
    fails("expect result 0", "nothing has been done")


def an_app_that_is_missing_is_named() -> None:
    """Its folder is to be given."""
    fails("open uuid 00000000-1111-2222-3333-444444444444", "ITEM_NOT_FOUND", "--ta-dir")


def the_same_seed_gives_the_same_run() -> None:
    """Down to the trace."""
    words = (app("crypt"), "-c", "open; invoke 2 mem-in:text:abc mem-out:32", "--trace", "--slice", "500", "--seed")
    strip = lambda text: text[:text.rindex(",")]    # noqa: E731 (all but the time it took)
    assert strip(run(*words, "5")[1]) == strip(run(*words, "5")[1])
    assert "preempted at" in run(*words, "5")[1]


def coverage_and_json_are_written() -> None:
    """Lines of the example that ran, and of those that did not."""
    with tempfile.TemporaryDirectory() as folder:
        info, result = Path(folder) / "l.info", Path(folder) / "l.json"
        script("ledger", "--coverage", str(info), "--json", str(result))
        lines = info.read_text().splitlines()
        assert any(line.startswith("SF:") and line.endswith("ledger_ta.c") for line in lines)
        counts = [int(line.rpartition(",")[2]) for line in lines if line.startswith("DA:")]
        assert 0 in counts and max(counts) > 0 and lines[-1] == "end_of_record"
        assert json.loads(result.read_text())["passed"] is True


def a_death_is_told_with_names() -> None:
    """Places of the app in the report of the kernel get the names of its functions."""
    _, text = run(app("ledger"), "-c", "open; invoke 0 value:1:0 null-in:1048577; close", "--trace")
    assert "open_ta_session" not in text and "return(" in text
    _, text = run(app("os_test"), "-c", "open; invoke 10 value-in:1")
    assert "+0x" in text and "data abort" in text, text


def failing_allocations_leave_nothing() -> None:
    """TA-049: a few of them here; `--fail-alloc all` tries each."""
    for number in ("3", "40", "90", "200"):
        status, text = run(app("concurrent"), "--fail-alloc", number, "--quiet")
        assert status == 0, text


def guests_that_die_leave_nothing() -> None:
    """At each time the guest gets control."""
    status, text = run(app("concurrent"), "--kill-at", "all", "--slice", "4000", "--quiet")
    assert status == 0 and "got over each" in text, text


def cases() -> List[Tuple[str, Callable[[], None]]]:
    """Names and functions."""
    scripts = [(f"script {name}", lambda name=name: script(name)) for name in (*APPS, "ledger")]
    short = [(f"script {name}, preempted often", lambda name=name: script(name, "--slice", "300", "--seed", "9"))
             for name in ("crypt", "sims")]
    rest = (wrong_expectations_are_told, mistakes_in_scripts_name_their_place, an_app_that_is_missing_is_named,
            the_same_seed_gives_the_same_run, coverage_and_json_are_written, a_death_is_told_with_names,
            failing_allocations_leave_nothing, guests_that_die_leave_nothing)
    return scripts + short + [(function.__name__.replace("_", " "), function) for function in rest]


def run_all() -> int:
    """TAP."""
    found, bad = cases(), 0
    print(f"1..{len(found)}")
    for at, (name, function) in enumerate(found, 1):
        try:
            function()
            print(f"ok {at} {name}", flush=True)
        except Exception as error:              # pylint: disable=broad-except
            bad += 1
            print(f"not ok {at} {name}")
            print("\n".join(f"# {line}" for line in (str(error) or repr(error)).splitlines()), flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(run_all())
