# SPDX-License-Identifier: BSD-2-Clause
"""Searches that end by time: the simulator over fixed and fresh seeds, each fuzzer."""
from __future__ import annotations

import os
import random
from concurrent.futures import ThreadPoolExecutor
from typing import List, Tuple

from fuzz import build as fuzz_build
from fuzz import main as fuzz_main
from sim import main as sim_main

SIM_SECONDS = 90                # from each of two first seeds, so three minutes
FIXED_SEED = 1
FUZZ_SECONDS = 30


def simulate() -> Tuple[int, List[str]]:
    """Seeds that are the same every time, then some that nobody has seen: (passed, names of what failed)."""
    fresh = random.SystemRandom().randrange(1, 1 << 31)
    runs = [sim_main.explore(sim_main.parse(["--seconds", str(SIM_SECONDS), "--first-seed", str(seed)])) for seed in (FIXED_SEED, fresh)]
    bad = [f"sim: again with: {command}" for command in runs if command]
    return len(runs) - len(bad), bad


def fuzz() -> Tuple[int, List[str]]:
    """Every fuzzer, as many at a time as there are CPUs: (passed, names of what failed)."""
    programs = fuzz_build.build(list(fuzz_build.TARGETS))
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        good = list(pool.map(lambda name: fuzz_main.run(name, programs[name], FUZZ_SECONDS, 1), programs))
    return sum(good), [f"fuzz: {name}" for name, is_good in zip(programs, good) if not is_good]
