# SPDX-License-Identifier: BSD-2-Clause
"""The options of a machine, shared by every command that boots one."""
from __future__ import annotations

import argparse
from pathlib import Path
from typing import Dict, List, Tuple


def positive(text: str) -> int:
    """A whole number from 1."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 1")
    return value


def natural(text: str) -> int:
    """A whole number from 0."""
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 0")
    return int(text)


def guest_command(text: str) -> Tuple[int, str]:
    """K=CMD."""
    number, sign, command = text.partition("=")
    if not sign or not command.strip():
        raise argparse.ArgumentTypeError(f"'{text}' is not K=CMD (a guest's number and its command)")
    return positive(number), command


def guest_kill(text: str) -> Tuple[int, float]:
    """K@SECONDS."""
    number, sign, seconds = text.partition("@")
    try:
        at = float(seconds)
    except ValueError:
        at = -1.0
    if not sign or not 0 <= at < 1e6:
        raise argparse.ArgumentTypeError(f"'{text}' is not K@SECONDS (a guest's number and seconds after power-on)")
    return positive(number), at


def add_machine_options(parser: argparse.ArgumentParser, guests: int = 1) -> None:
    """What a machine is like."""
    group = parser.add_argument_group("machine")
    group.add_argument("--guests", type=positive, default=guests, metavar="N", help="Linux guests (default %(default)s)")
    group.add_argument("--cpus", type=positive, default=2, metavar="C", help="CPUs of the machine (default 2)")
    group.add_argument("--vcpus", type=positive, default=1, metavar="V", help="CPUs of each guest (default 1)")
    group.add_argument("--guest-mem", type=positive, default=256, metavar="MiB", help="memory of each guest (default 256)")
    group.add_argument("--hypervisor", choices=("tenon", "none"), default="tenon",
                       help="ours, or none: one guest directly above the firmware (default tenon)")
    group.add_argument("--tee", choices=("tenon", "optee"), default="tenon",
                       help="the trusted OS: ours, or Debian's OP-TEE, the peer (default tenon)")
    group.add_argument("--reserve-pages", type=natural, metavar="N", help="secure pages set aside for each guest")
    group.add_argument("--limit-pages", type=natural, metavar="N", help="secure pages that each guest may use at most")
    group.add_argument("--overlay", type=Path, metavar="DIR", help="a folder laid over each guest's root")
    group.add_argument("--icount", action="store_true", help="one CPU, one nanosecond an instruction: figures repeat")
    group.add_argument("--log", type=Path, metavar="DIR", help="keep every console's log there")


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """What happens on it."""
    group = parser.add_argument_group("what to do")
    group.add_argument("--exec", dest="command", metavar="CMD", help="run CMD as root in each guest")
    group.add_argument("--exec-guest", dest="guest_commands", action="append", default=[], type=guest_command,
                       metavar="K=CMD", help="run CMD in guest K instead; may be repeated")
    group.add_argument("--kill", dest="kills", action="append", default=[], type=guest_kill, metavar="K@SECONDS",
                       help="destroy and recreate guest K that many seconds after power-on; may be repeated")
    group.add_argument("--timeout", type=positive, default=300, metavar="S", help="give up after S seconds (default 300)")
    group.add_argument("--json", type=Path, metavar="FILE", help="write the results there")
    group.add_argument("--trace", type=Path, metavar="FILE", help="write what happens in the secure world there, guest by "
                       "guest, as a trace for https://ui.perfetto.dev (see also './tenon trace')")
    group.add_argument("--expect-cases", type=natural, metavar="N",
                       help="fail unless xtest's summary counts N cases in each guest whose command runs it")


def check_guest_numbers(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Refuse options that don't fit each other, with argparse's usage message."""
    for number, _ in [*options.guest_commands, *options.kills]:
        if number > options.guests:
            parser.error(f"there is no guest {number}: --guests is {options.guests}")
    if options.hypervisor == "none":
        if options.guests != 1:
            parser.error("--hypervisor none has exactly one guest")
        if options.kills:
            parser.error("--kill needs --hypervisor tenon")
        if getattr(options, "trace", None):
            parser.error("--trace needs --hypervisor tenon: the hypervisor reads the trace")
        if options.vcpus != 1:
            parser.error("--vcpus needs --hypervisor tenon; use --cpus")
        if options.reserve_pages is not None or options.limit_pages is not None:
            parser.error("--reserve-pages and --limit-pages need --hypervisor tenon")


def commands_of(options: argparse.Namespace) -> Dict[str, str]:
    """The guests' commands, by number or 'default'."""
    commands = {str(number): command for number, command in options.guest_commands}
    if options.command:
        commands["default"] = options.command
    return commands


def numbers_of(options: argparse.Namespace) -> Dict[str, int]:
    """The budgets for the device tree."""
    found = {"reserve-pages": options.reserve_pages, "limit-pages": options.limit_pages}
    return {name: value for name, value in found.items() if value is not None}


def split_words(line: str) -> List[str]:
    """The words of a line that the user typed."""
    return line.strip().split()
