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


def simulate() -> Tuple[int, int]:
    """Seeds that are the same every time, then some that nobody has seen."""
    fresh = random.SystemRandom().randrange(1, 1 << 31)
    bad = [seed for seed in (FIXED_SEED, fresh)
           if sim_main.main(["--seconds", str(SIM_SECONDS), "--first-seed", str(seed)]) != 0]
    return 2 - len(bad), len(bad)


def fuzz() -> Tuple[int, int]:
    """Every fuzzer, as many at a time as there are CPUs."""
    programs = fuzz_build.build(list(fuzz_build.TARGETS))
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        good: List[bool] = list(pool.map(lambda name: fuzz_main.run(name, programs[name], FUZZ_SECONDS, 1), programs))
    return sum(good), len(good) - sum(good)
