# SPDX-License-Identifier: BSD-2-Clause
"""The command line of `tenon sim`: seeds in parallel, progress, a file to go on from, and the shortest run that breaks."""
from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Dict, List, Optional, Set

from launcher.common import TenonError, build_dir, say, write_atomic
from launcher.options import natural, positive

# Kinds of worlds; each seed runs one of them, in turn.
WORLDS = [["--guests", "8"], ["--guests", "32", "--cpus", "8"], ["--guests", "16", "--lie", "60"],
          ["--guests", "8", "--pages", "420", "--fail", "600"], ["--guests", "16", "--kill", "600"],
          ["--guests", "64", "--cpus", "8", "--kill", "20"], ["--guests", "12", "--interrupt", "20000"],
          ["--guests", "8", "--real", "30"], ["--guests", "24", "--cpus", "8", "--shared", "90", "--nest", "10"],
          ["--guests", "5", "--shared", "100", "--kill", "400", "--lie", "0", "--nest", "0"],
          ["--guests", "12", "--nest", "70", "--shared", "30", "--lie", "40"],
          ["--guests", "10", "--nest", "60", "--pages", "460", "--fail", "200", "--shared", "40"],
          ["--guests", "10", "--stall", "3000", "--refuse", "3000", "--shared", "40", "--nest", "40"],
          ["--guests", "12", "--interrupt", "20000", "--shared", "70", "--lie", "50", "--kill", "300"]]
# What a shorter run may do without, if it still breaks.
WITHOUT = ("--lie", "--fail", "--interrupt", "--kill", "--stall", "--refuse", "--shared", "--nest", "--real")
SHRINK_SECONDS = 60
SUMMARY = re.compile(r"seed \d+: (\d+) points, (\d+) lifetimes of (\d+) lives, (\d+) calls, (\d+) RPCs")
PHASE = re.compile(r"(no call|preparing|running|suspended|answering|finishing|lost) (\d+)")


class Run:
    """One seed."""

    def __init__(self, program: Path, seed: int, steps: int):
        self.seed = seed
        self.argv = [str(program), "--seed", str(seed), "--steps", str(steps), *WORLDS[seed % len(WORLDS)]]
        self.output, self.good = "", False

    def execute(self) -> "Run":
        """To its end."""
        done = subprocess.run(self.argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                              timeout=1800, check=False)
        self.output, self.good = done.stdout, done.returncode == 0
        return self


class Shrinker:
    """Looks for a shorter run that still breaks, for a minute at most."""

    def __init__(self, run: Run):
        self.best = list(run.argv)
        self.until = time.monotonic() + SHRINK_SECONDS
        self.cut(run.output)

    def cut(self, output: str) -> None:
        """No points after the one where it broke."""
        match = re.search(r"broken after (\d+) points", output)
        if match:
            self.set("--steps", str(int(match[1]) + 1))

    def set(self, option: str, value: str, argv: Optional[List[str]] = None) -> List[str]:
        """Give an option a value, in best or in argv."""
        argv = self.best if argv is None else argv
        if option in argv:
            argv[argv.index(option) + 1] = value
        else:
            argv += [option, value]
        return argv

    def attempt(self, option: str, value: str) -> bool:
        """Whether it also breaks so, and no later; then that is the best."""
        left = self.until - time.monotonic()
        trial = self.set(option, value, list(self.best))
        if left <= 0:
            return False
        try:
            done = subprocess.run(trial, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                  timeout=left, check=False)
        except subprocess.TimeoutExpired:
            return False
        if done.returncode in (0, 2):
            return False
        self.best = trial
        self.cut(done.stdout)
        return True

    def go(self) -> List[str]:
        """Without what does not matter, then with fewer guests."""
        for option in WITHOUT:
            self.attempt(option, "0")
        guests = int(self.best[self.best.index("--guests") + 1])
        for fewer in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32):
            if fewer >= guests or self.attempt("--guests", str(fewer)):
                break
        return self.best


class Campaign:
    """Seeds one after the other on several CPUs, with totals that survive the process."""

    def __init__(self, options: argparse.Namespace, program: Path):
        self.options, self.program = options, program
        self.totals: Dict[str, int] = {"points": 0, "lifetimes": 0, "lives": 0, "calls": 0, "rpcs": 0, "seeds": 0}
        self.kills: Dict[str, int] = {}
        self.next_seed = options.first_seed
        self.broken: Optional[Run] = None
        if options.resume and options.resume.is_file():
            kept = json.loads(options.resume.read_text())
            self.totals, self.kills, self.next_seed = kept["totals"], kept["kills"], kept["next_seed"]

    def count(self, run: Run) -> None:
        """Add what one seed did."""
        match = SUMMARY.search(run.output)
        if not run.good or not match:
            self.broken = self.broken or run
            return
        for key, value in zip(("points", "lifetimes", "lives", "calls", "rpcs"), match.groups()):
            self.totals[key] += int(value)
        self.totals["seeds"] += 1
        for phase, number in PHASE.findall(run.output):
            self.kills[phase] = self.kills.get(phase, 0) + int(number)

    def is_over(self, began: float) -> bool:
        """Enough, or broken."""
        enough = self.options.lifetimes and self.totals["lifetimes"] >= self.options.lifetimes
        late = self.options.seconds and time.monotonic() - began >= self.options.seconds
        return bool(self.broken or enough or late)

    def keep(self) -> None:
        """What to go on from: seeds are given out in order, so those still running are run again."""
        if self.options.resume:
            state = {"totals": self.totals, "kills": self.kills, "next_seed": self.next_seed}
            write_atomic(self.options.resume, json.dumps(state).encode())

    def go(self) -> None:
        """Until it is over; a line of progress every ten seconds."""
        began = told = time.monotonic()
        with ThreadPoolExecutor(self.options.jobs) as pool:
            waiting: Set[Future] = set()
            while not self.is_over(began):
                while len(waiting) < self.options.jobs:
                    waiting.add(pool.submit(Run(self.program, self.next_seed, self.options.steps).execute))
                    self.next_seed += 1
                done, waiting = wait(waiting, timeout=5, return_when=FIRST_COMPLETED)
                for future in done:
                    self.count(future.result())
                if time.monotonic() - told > 10:
                    told = time.monotonic()
                    self.keep()
                    say(f"sim: {self.totals['lifetimes']} lifetimes, seed {self.next_seed}, {told - began:.0f} s")
            for future in waiting:
                self.count(future.result())
        self.keep()
        minutes = (time.monotonic() - began) / 60
        print("sim: " + ", ".join(f"{value} {key}" for key, value in self.totals.items()) +
              f", in {minutes:.1f} min; kills: " + ", ".join(f"{phase} {number}" for phase, number in self.kills.items()))


def parse(arguments: List[str]) -> argparse.Namespace:
    """The options of `tenon sim`."""
    parser = argparse.ArgumentParser(prog="tenon sim", description="Kernel and mediator in one process, with guests that work, lie "
                                     "and die at random points; invariants are checked at every point. Each seed is a run of its "
                                     "own and can be repeated bit for bit. Needs a finished build.")
    parser.add_argument("--seconds", type=natural, default=60, metavar="S", help="how long, 0: no limit (default 60)")
    parser.add_argument("--lifetimes", type=natural, default=0, metavar="N", help="stop after so many")
    parser.add_argument("--steps", type=positive, default=3000000, metavar="N", help="points of each seed (default 3000000)")
    parser.add_argument("--first-seed", type=positive, metavar="S", help="count from here (default: a random one)")
    parser.add_argument("--jobs", type=positive, default=os.cpu_count() or 1, metavar="N", help="processes (default: one for each CPU)")
    parser.add_argument("--resume", type=Path, metavar="FILE", help="keep totals there, and go on from them")
    parser.add_argument("--checked", action="store_true", help="the build with sanitizers: slower, sees more")
    options = parser.parse_args(arguments)
    if options.first_seed is None:
        options.first_seed = random.SystemRandom().randrange(1, 1 << 31)
    return options


def explore(options: argparse.Namespace) -> Optional[str]:
    """Run seeds; returns the command that repeats the first run that broke, if one did."""
    program = build_dir() / "sim" / ("tenon-sim-checked" if options.checked else "tenon-sim")
    if not program.is_file():
        raise TenonError(f"{program} does not exist", "run 'make' first")
    campaign = Campaign(options, program)
    say(f"sim: seeds from {campaign.next_seed} on, {options.jobs} at a time")
    campaign.go()
    if not campaign.broken:
        return None
    print(campaign.broken.output[-6000:])
    say(f"sim: BROKEN; looking for a shorter run, {SHRINK_SECONDS} s at most")
    again = " ".join(Shrinker(campaign.broken).go())
    print("sim: again with: " + again)
    return again


def main(arguments: List[str]) -> int:
    """Run seeds; returns 0 iff no invariant broke."""
    return 1 if explore(parse(arguments)) else 0
