# SPDX-License-Identifier: BSD-2-Clause
"""`tenon shell`: a prompt for the hypervisor's control channel and the guests' consoles.

The machine moves only while someone pumps it, so a thread does that while we wait for the user; a lock keeps
the two apart.
"""
from __future__ import annotations

import argparse
import os
import select
import sys
import termios
import threading
import time
import tty
from typing import Callable, Dict, List, Optional

from .common import TenonError, say
from .control import Event
from .machine import Machine
from .options import commands_of, numbers_of
from .prepare import prepare_machine, run_folder

DETACH = b"\x1d"                # Ctrl-]
TAIL_LINES = 20                 # of a console, shown when it is opened
PATIENCE = 5.0                  # seconds for the machine to power off by itself
HELP = """\
  list                 the VMs: number, node, state, size
  nodes                the described VMs; 'create' makes an instance of one
  create NODE          make a VM
  destroy N            destroy VM N, whatever it is doing
  kill N STATE [USEC]  destroy VM N the moment one of its calls is in STATE (none, running, preempted, rpc, any …)
  console N            talk to VM N; Ctrl-] comes back here
  log [tee|hv|N]       the last lines of a console
  stats [N]            counters of VM N; of the machine without N
  wait SECONDS         let time pass (for scripts)
  poweroff             end the machine (also: quit, Ctrl-D)"""
FORWARDED = ("list", "nodes", "create", "destroy", "kill", "stats")


class Pump(threading.Thread):
    """Keeps the machine moving while the user thinks."""

    def __init__(self, machine: Machine):
        super().__init__(daemon=True)
        self.lock = threading.Lock()
        self._machine = machine
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.is_set() and self._machine.alive:
            with self.lock:
                self._machine.pump(0.02)
            time.sleep(0.002)           # lets the other thread have the lock

    def stop(self) -> None:
        """Wait for the thread's end."""
        self._ended.set()
        self.join()


class Shell:
    """Reads commands and shows answers."""

    def __init__(self, machine: Machine):
        self.machine = machine
        self.pump = Pump(machine)
        self._commands: Dict[str, Callable[[List[str]], None]] = {
            "help": lambda words: print(HELP), "console": self._console, "log": self._log, "wait": self._wait}
        machine.control.on_event.append(self._show_event)

    def run(self) -> int:
        """Until the user leaves or the machine ends."""
        self.machine.wait_ready()
        print("'help' lists the commands; guests run already.")
        self.pump.start()
        try:
            while self.machine.alive:
                line = self._read()
                if line is None or line in ("poweroff", "quit", "exit"):
                    break
                self._execute(line.split())
        finally:
            self.pump.stop()
        if self.machine.alive:
            self.machine.control.request("poweroff")
            deadline = time.monotonic() + PATIENCE
            while self.machine.alive and time.monotonic() < deadline:
                self.machine.pump(0.1)
        else:
            say("the machine has ended")
        return 0

    def _read(self) -> Optional[str]:
        try:
            return input("tenon> " if sys.stdin.isatty() else "").strip()
        except EOFError:
            return None

    def _execute(self, words: List[str]) -> None:
        if not words:
            return
        try:
            if words[0] in self._commands:
                self._commands[words[0]](words[1:])
            elif words[0] in FORWARDED:
                self._forward(words)
            else:
                print(f"no such command: {words[0]} ('help' lists them)")
        except TenonError as error:
            print(f"error: {error}")

    def _forward(self, words: List[str]) -> None:
        with self.pump.lock:
            answer = self.machine.command(" ".join(words), timeout=60, check=False)
        for line in answer.lines:
            print(line)
        print(f"{'ok' if answer.ok else 'error:'} {answer.value}".rstrip())

    def _show_event(self, event: Event) -> None:
        print(f"[{event.text}]", flush=True)

    def _number(self, words: List[str]) -> int:
        if len(words) != 1 or not words[0].isdigit():
            raise TenonError("which VM? give its number ('list' shows them)")
        if self.machine.console_of(int(words[0])) is None:
            raise TenonError(f"there is no VM {words[0]}")
        return int(words[0])

    def _log(self, words: List[str]) -> None:
        if words and words[0] in ("tee", "hv"):
            console = self.machine.secure if words[0] == "tee" else self.machine.hypervisor_log
        else:
            console = self.machine.console_of(self._number(words))
        assert console is not None
        self._print_tail(self.machine.config.log_dir / console.log_name)

    def _print_tail(self, log: os.PathLike) -> None:
        with open(log, "rb") as stream:
            stream.seek(max(0, os.path.getsize(log) - 8192))
            lines = stream.read().decode("utf-8", "replace").splitlines()
        print("\n".join(lines[-TAIL_LINES:]))

    def _wait(self, words: List[str]) -> None:
        try:
            time.sleep(float(words[0]))
        except (IndexError, ValueError, OverflowError) as error:
            raise TenonError("how many seconds?") from error

    def _console(self, words: List[str]) -> None:
        number = self._number(words)
        if not sys.stdin.isatty():
            raise TenonError("console needs a terminal; 'log N' shows what VM N printed")
        console = self.machine.console_of(number)
        assert console is not None
        with self.pump.lock:
            print(f"-- console of VM {number}, Ctrl-] leaves --")
            self._print_tail(self.machine.config.log_dir / console.log_name)
            console.on_bytes.append(show_bytes)
        saved = termios.tcgetattr(sys.stdin)
        try:
            tty.setraw(sys.stdin)
            self._type(number)
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, saved)
            with self.pump.lock:
                console.on_bytes.remove(show_bytes)
        print("\n-- back --")

    def _type(self, number: int) -> None:
        while self.machine.alive and self.machine.console_of(number):
            if not select.select([sys.stdin], [], [], 0.2)[0]:
                continue
            data = os.read(sys.stdin.fileno(), 256)
            before, mark, _ = data.partition(DETACH)
            with self.pump.lock:
                self.machine.write_channel(number, before)
            if mark or not data:
                return


def show_bytes(data: bytes) -> None:
    """Raw output of a console that is open."""
    os.write(sys.stdout.fileno(), data)


def run_shell(options: argparse.Namespace) -> int:
    """The command; returns its exit status."""
    if options.hypervisor == "none":
        raise TenonError("the shell controls the hypervisor", "use './tenon run --hypervisor none --exec …' instead")
    try:
        import readline  # noqa: F401 - gives input() line editing and history
    except ImportError:
        say("no readline here: the prompt has no line editing")
    with run_folder(options.log) as folder:
        config = prepare_machine(folder, options.guests, commands_of(options), options.tee, True, options.cpus,
                                 options.guest_mem, options.vcpus, options.icount, options.overlay, numbers_of(options),
                                 stay=True)
        with Machine(config) as machine:
            return Shell(machine).run()
