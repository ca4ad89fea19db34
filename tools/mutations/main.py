# SPDX-License-Identifier: BSD-2-Clause
"""The command line of `tenon mutations`."""
from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import List, Optional

from launcher.common import REPO, cache_dir, need_tool, run_tool, say
from launcher.options import natural

PATCHES = REPO / "tests" / "mutations"
SEEDS = 6                       # of the simulator, before the unit tests have their turn
STEPS = "1000000"


def copy_tree(folder: Path) -> None:
    """The files that git knows, as they are now."""
    names = run_tool(["git", "-C", str(REPO), "ls-files", "-z"], "listing the files").split("\0")
    for name in filter(None, names):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPO / name, target, follow_symlinks=False)


def simulate(build: Path, first_seed: int) -> Optional[str]:
    """What the simulator says against this kernel; None: nothing."""
    for seed in range(first_seed, first_seed + SEEDS):
        done = subprocess.run([str(build / "sim" / "tenon-sim-checked"), "--seed", str(seed), "--steps", STEPS, "--guests", "12",
                               "--lie", "50"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                              timeout=600, check=False)
        if done.returncode:
            line = next((text for text in done.stdout.splitlines() if "broken" in text or "ERROR" in text or "panic" in text or
                         "assert" in text), "it ended")
            return f"simulator, seed {seed}: {line.strip()[:110]}"
    return None


def unit_tests(build: Path) -> Optional[str]:
    """The unit test that fails; None: none does."""
    run_tool(["ninja", "-C", str(build)], "building the mutated tree")
    done = subprocess.run(["meson", "test", "-C", str(build), "--suite", "unit", "--maxfail", "1"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    for line in done.stdout.splitlines():
        if " FAIL " in line or " ERROR " in line or " TIMEOUT " in line:
            return "unit test " + " ".join(line.split()[1:-4] or line.split())
    return None if done.returncode == 0 else "unit tests"


def catch(patch: Path, first_seed: int) -> Optional[str]:
    """Who notices this mutation; None: nobody."""
    with tempfile.TemporaryDirectory(prefix="tenon-mutation-") as temporary:
        folder = Path(temporary)
        copy_tree(folder)
        run_tool([need_tool("patch", "patch"), "-d", str(folder), "-p1", "-s", "-i", str(patch)], f"applying {patch.name}",
                 next_step="the code has moved on: make the patch again")
        build = folder / "build"
        run_tool(["meson", "setup", str(build), str(folder), "--cross-file", str(folder / "tools" / "aarch64-none.ini"),
                  f"-Dcache={cache_dir()}"], "configuring the mutated tree")
        run_tool(["ninja", "-C", str(build), "sim/tenon-sim-checked"], "building the mutated tree")
        return simulate(build, first_seed) or unit_tests(build)


def main(arguments: List[str]) -> int:
    """Each mutation in a tree of its own; returns 0 iff each is noticed."""
    parser = argparse.ArgumentParser(prog="tenon mutations", description="Apply each patch of tests/mutations to a copy of the "
                                     "tree, and run the simulator, then the unit tests, until one of them fails. A mutation that "
                                     "nobody notices fails.")
    parser.add_argument("--first-seed", type=natural, metavar="S", help="of the simulator (default: a random one)")
    parser.add_argument("names", nargs="*", metavar="NAME", help="of patches (default: all)")
    options = parser.parse_args(arguments)
    first_seed = options.first_seed or random.SystemRandom().randrange(1, 1 << 31)
    patches = [patch for patch in sorted(PATCHES.glob("*.patch")) if not options.names or patch.stem in options.names]
    survivors = 0
    for patch in patches:
        began = time.monotonic()
        say(f"mutations: {patch.stem}")
        who = catch(patch, first_seed)
        survivors += who is None
        print(f"{patch.stem}: {who or 'NOBODY NOTICED'} ({time.monotonic() - began:.0f} s)", flush=True)
    print(f"{len(patches) - survivors} noticed, {survivors} not")
    return 1 if survivors or not patches else 0
