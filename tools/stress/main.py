# SPDX-License-Identifier: BSD-2-Clause
"""The command line of `tenon stress`."""
from __future__ import annotations

import argparse
import json
import random
import sys
import time
from pathlib import Path
from typing import List

from demo.guests import ledger_command
from demo.screen import Screen
from launcher.boot import GuestSpec
from launcher.common import TenonError, build_dir
from launcher.cpio import Archive
from launcher.machine import Machine
from launcher.options import natural, positive
from launcher.prepare import prepare_machine, run_folder

from .storm import STATES, Stress

BARE_NODES = 6                  # descriptions of the bare-metal guest, each with a seed of its own
BARE_MEMORY = 4                 # MiB
LINUX_MEMORY = 192


def parse(arguments: List[str]) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="tenon stress", description="Two Linux guests check every result; a third one "
                                     "is killed each time after its first calls; a bare-metal guest is killed about "
                                     "every second, in every state of a call.")
    parser.add_argument("--seconds", type=positive, default=180, metavar="S", help="how long (default 180)")
    parser.add_argument("--extra", type=natural, default=120, metavar="S", help="seconds to go on, at most, until each "
                        "state was hit often enough (default 120)")
    parser.add_argument("--kills", type=natural, default=10, metavar="N", help="kills in each state (default 10)")
    parser.add_argument("--cpus", type=positive, default=2, metavar="C", help="CPUs of the machine (default 2)")
    parser.add_argument("--seed", type=int, help="of everything that is random (default: a new one)")
    parser.add_argument("--log", type=Path, metavar="DIR", help="keep every console's log there")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts there")
    options = parser.parse_args(arguments)
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1, 1 << 31)
    return options


def bare_guests(folder: Path, seed: int) -> List[GuestSpec]:
    """Descriptions of the test guest, made when they are needed, with the examples' trusted apps as its files."""
    kernel = build_dir() / "tests" / "guest" / "guest.bin"
    apps = sorted((build_dir() / "examples").glob("*/*.ta"))
    if not kernel.is_file() or not apps:
        raise TenonError(f"{kernel} or the examples do not exist", "run 'make' first")
    archive = Archive()
    for app in apps:
        archive.add_file(f"/{app.name}", app.read_bytes())
    files = folder / "apps.cpio"
    files.write_bytes(archive.to_bytes())
    return [GuestSpec(f"b{number}", f"bare{number}", kernel, files,
                      f"mode=linger kind=mix hold=20000 seed={seed + number}", 1, BARE_MEMORY, manual=True)
            for number in range(1, BARE_NODES + 1)]


def main(arguments: List[str]) -> int:
    """Run it; 0 iff nobody but the victims noticed and each state was hit often enough."""
    options = parse(arguments)
    screen = Screen(sys.stdout)
    screen.say(f"stress: seed {options.seed}, {options.seconds} s")
    commands = {str(number): ledger_command(options.seed + number) for number in (1, 2)}
    commands["3"] = ledger_command(options.seed + 3, "--sessions 1 --reopen 20")
    with run_folder(options.log) as folder:
        config = prepare_machine(folder, 3, commands, cpus=options.cpus, memory=LINUX_MEMORY,
                                 extra_guests=bare_guests(folder, options.seed))
        began = time.monotonic()
        with Machine(config) as machine:
            stress = Stress(machine, screen, options)
            try:
                stress.run()
            except TenonError as error:
                stress.problems.append(str(error))
        stress.summary(time.monotonic() - began)
        if options.json:
            report = {"seed": options.seed, "ok": not stress.problems, "problems": stress.problems,
                      "kills": {state: stress.hits.get(state, 0) for state in STATES},
                      "checked_calls": {name: life.total for name, life in stress.lives.items()}}
            options.json.write_text(json.dumps(report, indent=1) + "\n")
        if stress.problems:
            raise TenonError("; ".join(stress.problems[:5]), f"the logs are in {folder}")
    print("stress: nobody but the victims noticed")
    return 0
