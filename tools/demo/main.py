# SPDX-License-Identifier: BSD-2-Clause
"""The command line of `tenon demo`."""
from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path
from typing import Dict, List

from launcher.common import TenonError
from launcher.machine import Machine
from launcher.options import positive
from launcher.prepare import prepare_machine, run_folder

from .guests import ledger_command
from .screen import Screen
from .show import VICTIM, Show

MEMORY = 256                    # MiB of a guest
MEMORY_OF_MANY = 128            # when there are more than MANY
MANY = 3
REST_MS = 20                    # between the later calls of a guest that is one of many
LIMIT = 480                     # seconds: what the demo promises


def parse(arguments: List[str]) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="tenon demo", description="Linux guests use trusted apps at the same time; "
                                     "guest 2 is destroyed in the middle of calls and comes back; nobody else notices.")
    parser.add_argument("--guests", type=positive, default=2, metavar="N", help="Linux guests, from 2 (default 2)")
    parser.add_argument("--cpus", type=positive, default=2, metavar="C", help="CPUs of the machine (default 2)")
    parser.add_argument("--calls", type=positive, default=5000, metavar="N", help="checked calls of each guest "
                        "(default 5000)")
    parser.add_argument("--kills", type=positive, default=15, metavar="N", help="deaths of guest 2 (default 15)")
    parser.add_argument("--seed", type=int, help="of everything that is random (default: a new one)")
    parser.add_argument("--log", type=Path, metavar="DIR", help="keep every console's log there")
    options = parser.parse_args(arguments)
    if options.guests < 2:
        parser.error("--guests must be 2 or more: one dies, the others must not notice")
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1, 1 << 31)
    return options


def commands_of(options: argparse.Namespace) -> Dict[str, str]:
    """What each guest runs: the promised calls, then calls without end. Guest 2 often opens its session anew."""
    rest = f"--pause {REST_MS} --pause-after {options.calls}" if options.guests > MANY else ""
    commands = {str(number): ledger_command(options.seed + number, rest) for number in range(1, options.guests + 1)}
    commands["1"] = ledger_command(options.seed + 1)
    commands[VICTIM[1:]] = ledger_command(options.seed + 2, "--sessions 1 --reopen 40")
    return commands


def main(arguments: List[str]) -> int:
    """Show it; 0 iff everything that was promised was seen."""
    options = parse(arguments)
    began = time.monotonic()
    screen = Screen(sys.stdout)
    memory = MEMORY if options.guests <= MANY else MEMORY_OF_MANY
    screen.say(f"Tenon: {options.guests} Linux guests of {memory} MiB on {options.cpus} CPUs share one trusted world "
               f"(seed {options.seed})")
    with run_folder(options.log) as folder:
        config = prepare_machine(folder, options.guests, commands_of(options), cpus=options.cpus, memory=memory)
        with Machine(config) as machine:
            show = Show(machine, screen, options)
            try:
                show.run()
            except TenonError as error:
                show.problems.append(str(error))
        took = time.monotonic() - began
        show.summary(took)
        if show.problems:
            raise TenonError("; ".join(show.problems[:5]), f"the logs are in {folder}")
    print(f"demo: all as promised, in {int(took) // 60} min {int(took) % 60:02d} s"
          + (f" (more than the {LIMIT // 60} minutes it should take)" if took > LIMIT else ""))
    return 0
