# SPDX-License-Identifier: BSD-2-Clause
"""The command line of `tenon bench`.

Boots each machine with instruction counting (one CPU, one nanosecond an instruction), runs the client `bench` in its
guest, and prints one table. The counter that the client reads then counts instructions at all exception levels: the
guest's kernel, libteec, firmware, hypervisor, TEE and trusted app together.
"""
from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Dict, List, Optional

from launcher.common import TenonError, say
from launcher.machine import Machine
from launcher.options import positive
from launcher.prepare import prepare_machine, run_folder

from .figures import LIMIT_INVOKE_GUEST, MACHINES, OPERATIONS, TUNED, Column

# Linux still has work of its own for a while when its first process runs; opens would share the CPU with it.
COMMAND = "sleep 3; bench"
EXIT = r"^(\{.*\})$|TENON-EXIT (\d+)$"


def parse(arguments: List[str]) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="tenon bench", description="Instructions for each operation at all exception "
                                     "levels, of Tenon and of its peer.")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table there")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--only", action="append", choices=[column.key for column in MACHINES], default=[],
                        help="measure only this machine; may be repeated")
    parser.add_argument("--timeout", type=positive, default=600, metavar="S", help="for each machine (default 600)")
    parser.add_argument("--log", type=Path, metavar="DIR", help="keep every console's log there")
    return parser.parse_args(arguments)


def measure(column: Column, folder: Path, timeout: float) -> Dict[str, int]:
    """The figures of one machine."""
    folder.mkdir(parents=True, exist_ok=True)
    config = prepare_machine(folder, 1, {"default": COMMAND}, column.tee, column.has_hypervisor, icount=True)
    with Machine(config) as machine:
        machine.wait_ready(timeout)
        console = machine.guests["g1"].console
        found = machine.expect(console, EXIT, timeout)
        if not found.group(1):
            raise TenonError(f"{column.title}: the client ended with status {found.group(2)}", machine.log_hint())
    figures: Dict[str, int] = json.loads(found.group(1))
    return figures


def make_table(results: Dict[str, Dict[str, int]]) -> List[str]:
    """The table in Markdown: operations by machines, measured ones first."""
    measured = [column for column in MACHINES if column.key in results]
    lines = ["| instructions, median | " + " | ".join([column.title for column in measured] + list(TUNED)) + " |",
             "| --- |" + " ---: |" * (len(measured) + len(TUNED))]
    for at, (key, title) in enumerate(OPERATIONS):
        cells = [f"{results[column.key][key]:,}" for column in measured]
        cells += [f"{values[at]:,}" if values[at] else "" for values in TUNED.values()]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return lines


def judge(results: Dict[str, Dict[str, int]]) -> Optional[str]:
    """What must hold: an empty invoke of a guest within its limit."""
    cost = results.get("tenon-guest", {}).get("invoke")
    if cost is not None and cost > LIMIT_INVOKE_GUEST:
        return f"an empty invoke of a guest takes {cost:,} instructions, more than {LIMIT_INVOKE_GUEST:,}"
    return None


def main(arguments: List[str]) -> int:
    """Measure and print; 1 if a figure that must hold does not."""
    options = parse(arguments)
    results: Dict[str, Dict[str, int]] = {}
    with run_folder(options.log) as folder:
        for column in MACHINES:
            if not options.only or column.key in options.only:
                say(f"measuring: {column.title}")
                results[column.key] = measure(column, folder / column.key, options.timeout)
    lines = make_table(results)
    print("\n".join(lines))
    if options.markdown:
        options.markdown.write_text("\n".join(lines) + "\n")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    complaint = judge(results)
    if complaint:
        print(f"tenon: error: {complaint}", file=sys.stderr)
    return 1 if complaint else 0
