# SPDX-License-Identifier: BSD-2-Clause
"""The command line of `tenon irqoff`."""
from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import List

from launcher.common import TenonError, say
from launcher.images import find_image
from launcher.options import positive
from launcher.prepare import run_folder

from .windows import BOUND, Windows
from .workloads import WORKLOADS, Meter

KERNELS = {"armv8": "tenon-windows", "plain": "tenon-windows-plain"}

def parse(arguments: List[str]) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="tenon irqoff", description="Boots the measuring kernel under -icount, gives it every "
                                     "kind of work, and shows the longest stretches with foreign interrupts masked. Status 1 if "
                                     f"one exceeds {BOUND:,} instructions.")
    parser.add_argument("--only", action="append", choices=list(WORKLOADS), default=[], help="this workload; may be repeated")
    parser.add_argument("--sha256", choices=list(KERNELS), default="armv8", help="with the CPU's instructions for SHA-256, or as "
                        "on a CPU without them (default armv8)")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables there")
    parser.add_argument("--timeout", type=positive, default=900, metavar="S", help="for each wait (default 900)")
    parser.add_argument("--log", type=Path, metavar="DIR", help="keep every console's log there")
    return parser.parse_args(arguments)


def table_of_deaths(windows: Windows) -> List[str]:
    """What destructions took, beside what the guests had: the largest."""
    rows = sorted(windows.deaths, key=lambda death: -death.instructions)
    lines = ["| pages | sessions | instances | shared pages | calls | VM_DESTROYED | instructions | longest slice |",
             "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for death in rows[:12]:
        had = death.had
        lines.append(f"| {had['pages']:,} | {had['sessions']:,} | {had['instances']:,} | {had['shm']:,} | {had['calls']} | "
                     f"{death.entries} | {death.instructions:,} | {death.longest:,} |")
    return lines


def main(arguments: List[str]) -> int:
    """Measure and print; 1 if a window is longer than the bound."""
    options = parse(arguments)
    kernel = KERNELS[options.sha256]
    elf = find_image(f"{kernel}.elf")
    with run_folder(options.log) as folder:
        windows = Windows()
        for name, work in WORKLOADS.items():
            if options.only and name not in options.only:
                continue
            say(f"irqoff: {name}")
            began = time.monotonic()
            meter = Meter(folder / name, f"{kernel}.bin", options.timeout)
            work(meter)
            windows.add(meter.windows)
            longest = max((window.instructions for window in meter.windows.longest.values()), default=0)
            say(f"irqoff: {name}: longest window {longest:,} instructions; took {time.monotonic() - began:.0f} s")
        lines = [*windows.table(elf), "", *table_of_deaths(windows)]
        print("\n".join(lines))
        if options.markdown:
            options.markdown.write_text("\n".join(lines) + "\n")
        bad = windows.too_long()
        if bad:
            kinds = ", ".join(f"{start} to {end}" for start, end in bad)
            raise TenonError(f"windows of more than {BOUND:,} instructions: {kinds}")
    return 0
