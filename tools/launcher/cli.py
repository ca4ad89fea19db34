# SPDX-License-Identifier: BSD-2-Clause
"""./tenon: commands and their options."""
from __future__ import annotations

import argparse
import importlib
import signal
import sys
from typing import Callable, List, Optional

from . import apt, firmware, hostpkgs, images, initramfs
from .common import TenonError
from .options import add_machine_options, add_run_options, check_guest_numbers

# Tools with a parser of their own: tools/<name without hyphens>/main.py with main(arguments) → exit status.
TOOLS = {"check": "lint, unit tests on the host, tests on booted machines",
         "demo": "the main job on a live screen: guests use trusted apps while one of them is destroyed again and again",
         "stress": "kills in every state of a call, with survivors that check every result",
         "fuzz": "libFuzzer against kernel and mediator, as processes of this machine",
         "sim": "kernel and mediator in one process: seeds, kills at random points, invariants",
         "mutations": "do the tests notice what is broken on purpose?",
         "bench": "instructions for each operation, beside the peer's",
         "irqoff": "how long the kernel keeps foreign interrupts masked",
         "symbolize": "names for the places in the report of a dead trusted app",
         "ta-test": "a trusted app in the kernel's host build, with a scripted client; no machine needed",
         "conformance": "which test checks which point of the trusted-app interface, and with what result"}


def add_setup(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """setup, fetch, firmware, initramfs."""
    parser = commands.add_parser("setup", help="install missing host packages (root), or print the one apt line")
    parser.set_defaults(function=lambda options: hostpkgs.setup())
    parser = commands.add_parser("fetch", help="download guest packages and sources through apt, signatures checked",
                                 description="Cached in TENON_CACHE (default ~/.cache/tenon); the host's apt is not changed.")
    parser.add_argument("--refresh", action="store_true", help="look for newer packages even if the cache is complete")
    parser.set_defaults(function=lambda options: apt.fetch(options.refresh))
    parser = commands.add_parser("firmware", help="build TF-A and a flash image around a trusted OS")
    parser.add_argument("--tee", choices=("tenon", "optee"), default="tenon", help="the trusted OS (default tenon)")
    parser.add_argument("--virtualized", action="store_true", help="with --tee optee: its build for guests of a hypervisor")
    parser.set_defaults(function=make_firmware)
    parser = commands.add_parser("initramfs", help="make the Linux guest's base file system")
    parser.add_argument("--xtest", action="store_true", help="also the part with xtest")
    parser.set_defaults(function=make_initramfs)


def add_machines(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """run, shell."""
    parser = commands.add_parser(
        "run", help="boot guests, run a command in each, stream their consoles",
        description="Boots guests, runs CMD as root in each once /dev/tee0 and tee-supplicant are up, and streams every "
                    "console with its guest's name in front. The exit status is 0 iff each CMD's was.")
    add_machine_options(parser)
    add_run_options(parser)
    parser.set_defaults(function=run, parser=parser)
    parser = commands.add_parser("shell", help="boot guests and control them: list, create, destroy, console, stats")
    add_machine_options(parser, guests=2)
    parser.add_argument("--exec", dest="command", metavar="CMD", help="run CMD in each guest before its shell")
    parser.set_defaults(function=shell, guest_commands=[], kills=[], parser=parser)


def add_views(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """top, trace."""
    from . import picture, top
    parser = commands.add_parser(
        "top", help="boot guests and show live what each uses of the secure world",
        description="Boots guests as 'run' does and shows a line for each, again and again, until their commands have ended: "
                    "secure pages (now, reserved, limit, peak), calls, sessions, instances of apps, shared pages, the time its "
                    "calls took of one CPU, calls and RPCs a second, refused requests. Without a terminal it writes plain text.")
    top.add_options(parser)
    parser.set_defaults(function=top.run_top, parser=parser)
    parser = commands.add_parser(
        "trace", help="draw a part of a trace that 'run --trace FILE' wrote",
        description="Checks FILE, says what is in it, and draws a part of it as an SVG picture: a row for each guest's call and "
                    "each CPU. The whole of it opens in https://ui.perfetto.dev or chrome://tracing.")
    picture.add_options(parser)
    parser.set_defaults(function=picture.run_trace)


def make_firmware(options: argparse.Namespace) -> None:
    """tenon firmware."""
    if not apt.is_complete(apt.cache_dir()):
        apt.fetch()
    if options.tee == "tenon":
        images.collect()
    print(firmware.make_flash(options.tee, options.virtualized))


def make_initramfs(options: argparse.Namespace) -> None:
    """tenon initramfs."""
    if not apt.is_complete(apt.cache_dir()):
        apt.fetch()
    print(initramfs.make_base())
    if options.xtest:
        print(initramfs.make_xtest())


def run(options: argparse.Namespace) -> int:
    """tenon run."""
    from . import run as module
    check_guest_numbers(options.parser, options)
    return module.run(options)


def shell(options: argparse.Namespace) -> int:
    """tenon shell."""
    from . import shell as module
    check_guest_numbers(options.parser, options)
    return module.run_shell(options)


def tool_main(name: str) -> Callable[[List[str]], int]:
    """The main function of a tool in tools/<name>/."""
    try:
        return importlib.import_module(f"{name.replace('-', '')}.main").main
    except ModuleNotFoundError as error:
        raise TenonError(f"this checkout has no tools/{name}: {error}") from error


def make_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(prog="tenon", description="One TrustZone world shared by many virtual machines: "
                                     "fetch what guests are made of, boot them, act on them.",
                                     epilog="'./tenon COMMAND --help' tells more. Environment: TENON_CACHE (downloads), "
                                            "TENON_BUILD (build directory), TENON_MIRROR (Debian mirror).")
    commands = parser.add_subparsers(dest="name", metavar="COMMAND", required=True)
    add_setup(commands)
    add_machines(commands)
    add_views(commands)
    for name, text in TOOLS.items():
        commands.add_parser(name, help=text, add_help=False)
    return parser


def main(arguments: List[str]) -> int:
    """Run a command; returns the exit status: 0 well, 1 failed, 2 wrong usage, 130 interrupted."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if arguments and arguments[0] in TOOLS:
            return tool_main(arguments[0])(arguments[1:])
        options = make_parser().parse_args(arguments)
        status: Optional[int] = options.function(options)
        return status or 0
    except TenonError as error:
        print(f"tenon: error: {error}", file=sys.stderr)
        if error.next_step:
            print(f"tenon: next: {error.next_step}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ntenon: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 1
